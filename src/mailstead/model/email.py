"""An email as JMAP sees it: one message with a set of mailboxes and one set of keywords (RFC 8621 §4).

Below it lie entries, which are IMAP's: DECISIONS 1 says how they are merged. Ids are numbers here; ``model.ids`` gives their
wire form.
"""

import enum
import re
from dataclasses import dataclass
from typing import Final

from mailstead.model.ids import EmailId, MailboxId, ThreadId
from mailstead.model.mailbox import Role
from mailstead.model.message import Octets

_NOWHERE: Final = MailboxId(0)
_POSITION: Final = re.compile(r"([0-9]{1,19})-([0-9]{1,19})(?:-([0-9]{1,19}))?").fullmatch


class Kind(enum.Enum):
    """The types that have a state of their own (RFC 8620 §1.6.3, RFC 8621 §1.5)."""

    EMAIL = "Email"
    MAILBOX = "Mailbox"
    THREAD = "Thread"
    DELIVERY = "EmailDelivery"


@dataclass(frozen=True, slots=True)
class States:
    """Where each type of an account stands: all of one moment, ``modseq``. ``epoch`` grows when history is not continued
    (DECISIONS 9)."""

    epoch: int
    modseq: int
    email: int
    mailbox: int
    thread: int
    delivery: int
    share: int = 0
    """When what is shared last changed; 0: nothing ever was."""

    def of(self, kind: Kind) -> int:
        """The last modseq at which something of this type changed."""
        match kind:
            case Kind.EMAIL:
                return self.email
            case Kind.MAILBOX:
                return self.mailbox
            case Kind.THREAD:
                return self.thread
            case Kind.DELIVERY:
                return self.delivery


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in the log of one type: everything up to ``modseq``, and ``skip`` events of what comes next, so that a change
    of a thousand objects can be told in pages."""

    epoch: int
    modseq: int
    skip: int = 0

    def __str__(self) -> str:
        return f"{self.epoch}-{self.modseq}" + (f"-{self.skip}" if self.skip else "")

    @staticmethod
    def parse(text: str) -> "Position | None":
        """The position behind a state string; None for anything that is none."""
        found = _POSITION(text)
        return Position(int(found[1]), int(found[2]), int(found[3] or 0)) if found is not None else None


@dataclass(frozen=True, slots=True)
class ObjectChanges:
    """What happened to the objects of a type between two positions (RFC 8620 §5.2). An id is in one of the three at most."""

    old: Position
    new: Position
    more: bool
    created: tuple[int, ...]
    updated: tuple[int, ...]
    destroyed: tuple[int, ...]
    counted: frozenset[int] = frozenset()
    """Those of ``updated`` in which nothing but counters moved; mailboxes only."""

    @property
    def only_counts(self) -> bool:
        """Nothing but counters moved in any (RFC 8621 §2.2)."""
        return bool(self.updated) and not self.created and self.counted.issuperset(self.updated)


@dataclass(frozen=True, slots=True)
class EmailRow:
    """One email. ``mailbox_ids`` ascending, of visible entries; ``flags`` bits and names ``more``, merged. Of the columns after
    ``size_octets`` only those asked for are filled."""

    email_id: EmailId
    thread_id: ThreadId
    mailbox_ids: tuple[MailboxId, ...]
    flags: int
    more: tuple[str, ...]
    received_at_ms: int
    size_octets: int
    has_attachment: bool = False
    header_octets: int = 0
    envelope: bytes = b""
    """As in ``model.mailbox.EntryRow``."""
    parts: bytes = b""
    preview: str = ""
    empty: tuple[str, ...] = ()
    """Address fields that are there and hold no address, by the names JMAP has for them."""


@dataclass(frozen=True, slots=True)
class NewEmail:
    """An email to be made. ``octets`` is canonical: CRLF lines, no NUL. ``received_at_ms`` None: now."""

    octets: Octets
    mailbox_ids: tuple[MailboxId, ...]
    keywords: frozenset[str] = frozenset()
    received_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Snooze:
    """Until when an email is out of the way, and what happens then: where it goes, which keywords it gets and loses. ``until_ms`` 0: it is
    not, or no longer."""

    until_ms: int
    move_to: MailboxId = _NOWHERE
    add_keywords: frozenset[str] = frozenset()
    remove_keywords: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class EmailPatch:
    """Changes of one email. ``keywords`` and ``mailbox_ids`` replace the whole set where they are not None; else the others
    add and remove. Keywords are flags by name: ``\\Seen``, ``work``."""

    email_id: EmailId
    keywords: frozenset[str] | None = None
    add_keywords: frozenset[str] = frozenset()
    remove_keywords: frozenset[str] = frozenset()
    mailbox_ids: frozenset[MailboxId] | None = None
    add_mailboxes: frozenset[MailboxId] = frozenset()
    remove_mailboxes: frozenset[MailboxId] = frozenset()
    snooze: Snooze | None = None
    """None: as it was."""
    unless: frozenset[str] = frozenset()
    """Keywords that say that this was done already: an email that has one of them in any mailbox is left alone (``MARKED``)."""

    def of(self, email: EmailId) -> "EmailPatch":
        """The same change of another email."""
        return EmailPatch(
            email, self.keywords, self.add_keywords, self.remove_keywords, self.mailbox_ids, self.add_mailboxes, self.remove_mailboxes, self.snooze,
            self.unless)


@dataclass(frozen=True, slots=True)
class EmailDelta:
    """What one change did to an email: enough to take it back. Keywords are flags by name."""

    email_id: EmailId
    keywords_added: tuple[str, ...] = ()
    keywords_removed: tuple[str, ...] = ()
    mailboxes_added: tuple[MailboxId, ...] = ()
    mailboxes_removed: tuple[MailboxId, ...] = ()

    def undone(self) -> EmailPatch:
        """The change that takes it back."""
        return EmailPatch(
            self.email_id, add_keywords=frozenset(self.keywords_removed), remove_keywords=frozenset(self.keywords_added),
            add_mailboxes=frozenset(self.mailboxes_removed), remove_mailboxes=frozenset(self.mailboxes_added),
        )


class StateMismatch(Exception):  # noqa: N818 - it is news, not an error of ours
    """The objects do not stand at the state the asker named (RFC 8620 §5.3)."""


class Fault(enum.Enum):
    """Why one object of a set was left alone."""

    NONE = ""
    NOT_FOUND = "not_found"
    NO_MAILBOX = "no_mailbox"
    """A mailbox named is not there, or cannot hold messages."""
    IN_NO_MAILBOX = "in_no_mailbox"
    """An email must be in one (RFC 8621 §4.1.1)."""
    TOO_MANY_KEYWORDS = "too_many_keywords"
    OVER_QUOTA = "over_quota"
    ALREADY_EXISTS = "already_exists"
    """Of a mailbox: the name, or the role, is another's."""
    NO_PARENT = "no_parent"
    LOOP = "loop"
    """A mailbox cannot be below itself."""
    BAD_NAME = "bad_name"
    HAS_CHILD = "has_child"
    HAS_EMAIL = "has_email"
    FIXED = "fixed"
    """INBOX keeps its name, place and role."""
    LIMIT = "limit"
    FORBIDDEN = "forbidden"
    """Somebody else's mailboxes do not allow it."""
    MARKED = "marked"
    """It has a keyword of ``EmailPatch.unless``."""


@dataclass(frozen=True, slots=True)
class Made:
    """What became of a ``NewEmail``; ids 0 with a fault."""

    fault: Fault
    email_id: EmailId
    thread_id: ThreadId
    size_octets: int


@dataclass(frozen=True, slots=True)
class EmailsSet:
    """Outcome of a set: one fault for each object asked for, in order, and the type's positions before and after."""

    old: Position
    new: Position
    made: tuple[Made, ...] = ()
    updated: tuple[Fault, ...] = ()
    destroyed: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class MailboxPatch:
    """Values of a mailbox to be set; None: as it is. ``parent_id`` 0: at the top."""

    name: str | None = None
    parent_id: MailboxId | None = None
    role: Role | None = None
    sort_order: int | None = None
    is_subscribed: bool | None = None


@dataclass(frozen=True, slots=True)
class MailboxSet:
    """Outcome of one change of one mailbox."""

    fault: Fault
    mailbox_id: MailboxId
    new: Position
