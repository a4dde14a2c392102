"""The one grammar for "which messages".

A tree of conditions is the search, the smart folder, the rule, the retention rule. IMAP SEARCH (RFC 9051 §6.4.4) and
JMAP FilterCondition (RFC 8621 §4.4.1) compile to it; the store answers it. Flags are conditions on an entry, the rest
on the message. Times are milliseconds since 1970.
"""

import enum
from dataclasses import dataclass

from mailstead.model.ids import EmailId, MailboxId, ThreadId
from mailstead.model.uids import UidSet


class Field(enum.Enum):
    """Where a text is looked for."""

    FROM = "from"
    TO = "to"
    CC = "cc"
    BCC = "bcc"
    SUBJECT = "subject"
    BODY = "body"
    """Text parts, decoded."""
    TEXT = "text"
    """Any header field or the body."""
    FILE = "attachmentName"
    """Names of files, decoded."""


@dataclass(frozen=True, slots=True)
class And:
    """All of ``parts``; true when there are none."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of ``parts``; false when there are none."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Not ``part``."""

    part: "Condition"


@dataclass(frozen=True, slots=True)
class InMailbox:
    """Has an entry in this mailbox."""

    mailbox_id: MailboxId


@dataclass(frozen=True, slots=True)
class InUids:
    """The entry's UID is in the set; only where one mailbox is searched."""

    uids: UidSet


@dataclass(frozen=True, slots=True)
class HasFlag:
    """The entry bears the flag or keyword, ASCII case ignored."""

    name: str


@dataclass(frozen=True, slots=True)
class Received:
    """``since_ms`` <= INTERNALDATE < ``before_ms``; None: open."""

    since_ms: int | None = None
    before_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """``since_ms`` <= the Date header, its own wall clock read as UTC (RFC 9051 §6.4.4: zone disregarded) < ``before_ms``."""

    since_ms: int | None = None
    before_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    """``since_ms`` <= time the entry came into its mailbox < ``before_ms`` (RFC 8514)."""

    since_ms: int | None = None
    before_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Size:
    """``at_least`` <= RFC822.SIZE < ``below``; None: open."""

    at_least: int | None = None
    below: int | None = None


@dataclass(frozen=True, slots=True)
class Contains:
    """``text`` occurs in ``field``, case and Unicode form ignored.

    ``words`` False: as a substring (IMAP). True: every word of it begins a word of the field (JMAP, as-you-type); where a
    script writes no blanks between words, it is anywhere in one.
    """

    field: Field
    text: str
    words: bool = False


@dataclass(frozen=True, slots=True)
class Header:
    """A header field of this name exists and, where ``text`` is not "", contains it as a substring."""

    name: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class ModSeqAtLeast:
    """The entry's modseq is at least this (RFC 7162 §3.1.5)."""

    modseq: int


@dataclass(frozen=True, slots=True)
class EmailIs:
    """EMAILID (RFC 8474 §4)."""

    email_id: EmailId


@dataclass(frozen=True, slots=True)
class EmailIn:
    """The message is one of these."""

    email_ids: frozenset[EmailId]


@dataclass(frozen=True, slots=True)
class ThreadIs:
    """THREADID (RFC 8474 §5)."""

    thread_id: ThreadId


@dataclass(frozen=True, slots=True)
class HasAttachment:
    """A part that is neither text shown inline nor its multipart wrapping (RFC 8621 §4.1.4)."""


@dataclass(frozen=True, slots=True)
class InOtherThan:
    """Has an entry in a mailbox that is none of these."""

    mailbox_ids: frozenset[MailboxId]


@dataclass(frozen=True, slots=True)
class ThreadHas:
    """Some email of the thread bears the keyword; ``every``: each of them does (RFC 8621 §4.4.1)."""

    name: str
    every: bool = False


@dataclass(frozen=True, slots=True)
class ThreadMeets:
    """Some email of the thread meets ``part``."""

    part: "Condition"


Condition = (
    And | Or | Not | InMailbox | InUids | HasFlag | Received | Sent | Saved | Size | Contains | Header
    | ModSeqAtLeast | EmailIs | EmailIn | ThreadIs | HasAttachment | InOtherThan | ThreadHas | ThreadMeets
)

EVERYTHING = And(())
NOTHING = Or(())
