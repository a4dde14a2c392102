"""Mailboxes and the messages in them, as IMAP, POP3 and delivery need them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from mailstead.model.change import Changes
from mailstead.model.condition import Condition
from mailstead.model.ids import AccountId, EmailId, MailboxId, OpId
from mailstead.model.mailbox import Entry, EntryRow, MailboxInfo, Role
from mailstead.model.message import Appended, Copied, Filed, Filing, FlagsStored, NewMessage
from mailstead.model.object import ObjectKind
from mailstead.model.uids import UidSet


@dataclass(frozen=True, slots=True)
class Quota:
    """``max_*`` 0: no limit."""

    used_octets: int
    used_messages: int
    max_octets: int
    max_messages: int

    @property
    def state(self) -> str:
        """What JMAP's quotas say; what has no limit is no object there and says nothing."""
        octets = f"{self.used_octets}-{self.max_octets}" if self.max_octets else "0-0"
        return octets + (f"-{self.used_messages}-{self.max_messages}" if self.max_messages else "-0-0")


@dataclass(frozen=True, slots=True)
class Selected:
    """One consistent moment of a mailbox: ``info`` and the UIDs in ascending order."""

    info: MailboxInfo
    account_modseq: int
    uids: "Sequence[int]"
    """``array('Q')`` in practice; owned by the caller."""
    keywords: tuple[str, ...]
    """Names of the account's keywords, for FLAGS."""
    first_unseen_uid: int
    """0: none."""


@dataclass(frozen=True, slots=True)
class Want:
    """Which columns ``fetch`` shall fill; the entry and sizes always come."""

    envelope: bool = False
    structure: bool = False
    parts: bool = False
    preview: bool = False


class Mail(Protocol):
    """Account data."""

    # ---- mailboxes
    async def mailboxes(self, account: AccountId) -> list[MailboxInfo]:
        """All of them, parents before children, else in order of path."""

    async def mailbox(self, account: AccountId, path: tuple[str, ...]) -> MailboxInfo | None:
        """By path; the first name matches INBOX without case, otherwise exactly after NFC."""

    async def mailbox_by_id(self, account: AccountId, mailbox_id: MailboxId) -> MailboxInfo | None: ...
    async def mailbox_create(self, account: AccountId, op: OpId, path: tuple[str, ...], *, role: Role = Role.NONE) -> MailboxInfo:
        """Makes missing parents. ALREADY_EXISTS (a ``noselect`` remnant becomes selectable again), INVALID, LIMIT."""

    async def mailbox_rename(self, account: AccountId, op: OpId, old: tuple[str, ...], new: tuple[str, ...]) -> None:
        """Children move along; UIDs and UIDVALIDITY stay with the mailbox. INBOX: its messages move to the new
        mailbox and INBOX stays (RFC 9051 §6.3.6). NOT_FOUND, ALREADY_EXISTS."""

    async def mailbox_delete(self, account: AccountId, op: OpId, path: tuple[str, ...]) -> None:
        """A mailbox with children loses its messages and stays as ``noselect``; INBOX cannot be deleted. NOT_FOUND,
        NOT_PERMITTED, HAS_CHILDREN (a ``noselect`` one with children)."""

    async def mailbox_role(self, account: AccountId, op: OpId, mailbox_id: MailboxId, role: Role) -> None: ...
    async def subscriptions(self, account: AccountId) -> list[tuple[str, ...]]:
        """Subscribed paths, existing or not."""

    async def subscribe(self, account: AccountId, path: tuple[str, ...], subscribed: bool) -> None: ...

    # ---- reading
    async def select(self, account: AccountId, mailbox_id: MailboxId, *, take_recent: bool) -> Selected:
        """``take_recent``: mark everything as announced (SELECT does, EXAMINE does not); ``info.recent_uid`` is the
        value before. NOT_FOUND."""

    async def entries(self, account: AccountId, mailbox_id: MailboxId, uids: UidSet, *, changed_since: int = 0,
                      limit: int = 0) -> list[Entry]:
        """In order of UID; only those with modseq > ``changed_since``."""

    async def fetch(self, account: AccountId, mailbox_id: MailboxId, uids: UidSet, want: Want) -> list[EntryRow]:
        """In order of UID; callers ask for at most a few hundred at a time."""

    async def octets(self, account: AccountId, email_id: EmailId, start: int = 0, length: int | None = None) -> bytes:
        """A range of the stored message. EXPUNGED when it is gone, ``Unavailable`` when its octets are damaged."""

    async def vanished(self, account: AccountId, mailbox_id: MailboxId, since: int, uids: UidSet | None = None) -> UidSet:
        """UIDs expunged after modseq ``since``. Past the log: every UID below UIDNEXT that is not there (RFC 7162)."""

    async def changes(self, account: AccountId, since: int, limit: int = 1000) -> Changes:
        """The feed after ``since``. Raises ``model.change.StateTooOld``."""

    async def modseq(self, account: AccountId) -> int: ...
    async def keywords(self, account: AccountId) -> dict[int, str]:
        """Bit value (``1 << n``) to name, system names included."""

    async def search(self, account: AccountId, condition: Condition, *, mailbox_id: MailboxId) -> list[int]:
        """UIDs in this mailbox that match, ascending. Complete: index up to its watermark, then a scan (DECISIONS 14)."""

    async def quota(self, account: AccountId) -> Quota: ...

    # ---- writing
    async def deliver(self, account: AccountId, filing: Filing) -> Filed:
        """Exactly once per delivery id. OVER_QUOTA, ACCOUNT_SUSPENDED, ``Unavailable`` (also ``DiskReserve``)."""

    async def deliver_unless(self, account: AccountId, filing: Filing, kinds: Sequence[ObjectKind]) -> Filed | None:
        """As ``deliver``; None, and nothing is filed, where the account keeps an object of one of ``kinds``: its owner has something to say about it."""

    async def append(self, account: AccountId, op: OpId, mailbox_id: MailboxId, messages: Sequence[NewMessage]) -> Appended:
        """One transaction. NOT_FOUND, OVER_QUOTA, LIMIT (keywords)."""

    async def copy(self, account: AccountId, op: OpId, source: MailboxId, uids: UidSet, target: MailboxId) -> Copied:
        """One transaction; flags and INTERNALDATE kept, EMAILID equal. NOT_FOUND, OVER_QUOTA."""

    async def move(self, account: AccountId, op: OpId, source: MailboxId, uids: UidSet, target: MailboxId) -> Copied: ...
    async def expunge(self, account: AccountId, op: OpId, mailbox_id: MailboxId, uids: UidSet | None,
                      *, only_deleted: bool = True) -> tuple[UidSet, int]:
        """Removes entries flagged ``\\Deleted`` (all, or those in ``uids``); gives the UIDs removed and the modseq.
        ``only_deleted=False`` (POP3, JMAP) removes ``uids`` whatever their flags."""

    async def set_flags(self, account: AccountId, op: OpId, mailbox_id: MailboxId, uids: UidSet, *,
                        add: frozenset[str] = frozenset(), remove: frozenset[str] = frozenset(),
                        replace: frozenset[str] | None = None, unchanged_since: int | None = None) -> FlagsStored:
        """Entries whose flags do not change keep their modseq and are reported with it. LIMIT (keywords)."""

    # ---- bulk
    async def import_(self, account: AccountId, mailbox_id: MailboxId, messages: Sequence[tuple[bytes, NewMessage]]) -> Appended:
        """Like append for large batches; each message has a 16-octet id under which a repeat is skipped (UID 0)."""
