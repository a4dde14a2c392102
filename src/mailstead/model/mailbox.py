"""Mailboxes and entries as the store reports them.

Names are NFC text. A mailbox's ``path`` is the tuple of its ancestors' names and its own: the separator is the wire's
business (DECISIONS 23). INBOX is the path ``("INBOX",)`` and only that name ignores case.
"""

import enum
from dataclasses import dataclass
from typing import Final

from mailstead.model.ids import EmailId, MailboxId, ThreadId

INBOX: Final = ("INBOX",)


class Role(enum.IntEnum):
    """What a mailbox is for (RFC 6154 §2, RFC 8621 §2, RFC 9979 §8). Values are stored: never renumber."""

    NONE = 0
    INBOX = 1
    DRAFTS = 2
    SENT = 3
    ARCHIVE = 4
    JUNK = 5
    TRASH = 6
    ALL = 7
    FLAGGED = 8
    IMPORTANT = 9
    SNOOZED = 10
    SCHEDULED = 11
    MEMOS = 12


@dataclass(frozen=True, slots=True)
class MailboxInfo:
    """One mailbox with its counters, all of one moment (``modseq`` of the account snapshot it was read in)."""

    mailbox_id: MailboxId
    parent_id: MailboxId | None
    path: tuple[str, ...]
    role: Role
    uid_validity: int
    uid_next: int
    highest_modseq: int
    total: int
    unseen: int
    deleted: int
    size_octets: int
    recent_uid: int
    """Entries with a greater UID have not been announced as ``\\Recent`` to anybody."""
    subscribed: bool
    noselect: bool
    has_children: bool
    sort_order: int = 0
    emails: int = 0
    """This and the following count as JMAP does: without entries flagged ``\\Deleted`` (RFC 8621 §2)."""
    unread_emails: int = 0
    threads: int = 0
    unread_threads: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """A message in a mailbox: what IMAP scans. ``flags`` is a bit set, see ``model.flags``."""

    uid: int
    email_id: EmailId
    modseq: int
    flags: int
    more: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry with the stored record of its message. Columns not asked for are left at their defaults."""

    entry: Entry
    thread_id: ThreadId
    received_at_ms: int
    saved_at_ms: int
    size_octets: int
    envelope: bytes = b""
    """Wire form without the item's name: ``("date" "subject" ((…)) …)`` (RFC 9051 §7.5.2)."""
    structure: bytes = b""
    """Wire form of BODYSTRUCTURE without the item's name; ``mime.structure.body`` derives BODY from it."""
    parts: bytes = b""
    """Packed offsets of the part tree; ``mime.parts.unpack`` reads it."""
    preview: str = ""


DEFAULT_MAILBOXES: Final[tuple[tuple[str, Role], ...]] = (
    ("INBOX", Role.INBOX),
    ("Drafts", Role.DRAFTS),
    ("Sent", Role.SENT),
    ("Archive", Role.ARCHIVE),
    ("Junk", Role.JUNK),
    ("Trash", Role.TRASH),
)
"""What a new account has, subscribed (DECISIONS 24)."""
