"""Reading emails and threads: entries merged as DECISIONS 1 says, from one snapshot.

What of an email never changes (its envelope, parts, preview) is opened once and kept for the next question, so many emails of
all accounts together; what changes is read each time.
"""

import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from mailstead.model import flags as model
from mailstead.model.email import EmailRow, States
from mailstead.model.ids import EmailId, MailboxId, ThreadId
from mailstead.store.blob import record
from mailstead.store.engine.sqlite import Database
from mailstead.store.keys import Keys
from mailstead.store.mail import clock, keywords
from mailstead.store.seal import Damaged

_KEPT: Final = 20_000
_OF_EMAILS: Final = (
    " FROM json_each(?2) j CROSS JOIN email m ON m.account_id=?1 AND m.email_id=j.value"
    " CROSS JOIN entry n INDEXED BY entry_thread ON n.account_id=?1 AND n.thread_id=m.thread_id AND n.email_id=m.email_id WHERE n.flags&8=0"
)
_ROWS: Final = "SELECT n.email_id, n.thread_id, n.mailbox_id, n.flags, n.more, n.received_ms, n.size" + _OF_EMAILS
_PLACES: Final = "SELECT n.email_id, n.mailbox_id, n.uid" + _OF_EMAILS


def states(db: Database, account: int) -> States:
    """Where each type stands."""
    row = db.one(
        "SELECT epoch, modseq, email_modseq, mailbox_modseq, thread_modseq, delivery_modseq, share_modseq FROM account WHERE account_id=?",
        (account,),
    )
    if row is None:
        raise clock.missing(account)
    return States(*row)


_Content: TypeAlias = tuple[bool, int, bytes, bytes, str, tuple[str, ...]]


class Opened:
    """What never changes of the emails last seen: (has attachment, header octets, envelope, parts, preview, empty address fields)."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, int], _Content] = OrderedDict()

    def of(self, db: Database, account: int, keys: Keys, email: int) -> _Content:
        """Empty where it is gone or damaged."""
        found = self._kept.get((account, email))
        if found is None:
            row = db.one(
                "SELECT attachment, header, key_no, meta_enc FROM email WHERE account_id=? AND email_id=?", (account, email))
            if row is None:
                return False, 0, b"", b"", "", ()
            try:
                meta = record.open_meta(keys.numbered(account, row[2]), email, row[3])
            except Damaged:
                return bool(row[0]), row[1], b"", b"", "", ()
            found = (bool(row[0]), row[1], meta.envelope, meta.parts, meta.preview, meta.empty)
            self._kept[(account, email)] = found
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found


class Merge:
    """Visible entries of one email, put together."""

    __slots__ = ("all_of", "any_of", "boxes", "more", "received_ms", "size", "thread")

    def __init__(self, thread: int, received_ms: int, size: int) -> None:
        self.thread = thread
        self.received_ms = received_ms
        self.size = size
        self.boxes: set[int] = set()
        self.all_of = ~0
        self.any_of = 0
        self.more: set[str] | None = None

    def add(self, mailbox: int, flags: int, more: bytes | None) -> None:
        self.boxes.add(mailbox)
        self.all_of &= flags
        self.any_of |= flags
        if more is not None:
            self.more = (self.more or set()) | set(keywords.unpack_more(more))

    @property
    def flags(self) -> int:
        """``\\Seen`` of all, anything else of any."""
        return (self.any_of & ~model.SEEN) | (self.all_of & model.SEEN)


def merged(db: Database, account: int, wanted: Iterable[int], within: frozenset[int] | None = None) -> dict[int, Merge]:
    """The visible ones of these emails. ``within``: made of the entries in these mailboxes alone."""
    found: dict[int, Merge] = {}
    for email, thread, mailbox, flags, more, received, size in db.each(_ROWS, (account, json.dumps(list(wanted)))):
        if within is not None and mailbox not in within:
            continue
        merge = found.get(email)
        if merge is None:
            merge = found[email] = Merge(thread, received, size)
        merge.add(mailbox, flags, more)
    return found


def places(db: Database, account: int, wanted: Iterable[int]) -> Iterator[tuple[int, int, int]]:
    """(email, mailbox, uid) of the visible entries of these emails."""
    yield from db.each(_PLACES, (account, json.dumps(list(wanted))))


def emails(
    db: Database, account: int, keys: Keys, opened: Opened, wanted: Iterable[int], *, content: bool, within: frozenset[int] | None = None,
) -> dict[int, EmailRow]:  # fmt: skip
    """The visible ones of these emails by id. ``content``: with the columns that come from the message; ``within``: see ``merged``."""
    found = {}
    for email, merge in merged(db, account, wanted, within).items():
        row = (
            EmailId(email), ThreadId(merge.thread), tuple(MailboxId(box) for box in sorted(merge.boxes)), merge.flags,
            tuple(sorted(merge.more)) if merge.more else (), merge.received_ms, merge.size,
        )
        found[email] = EmailRow(*row, *opened.of(db, account, keys, email)) if content else EmailRow(*row)
    return found


def threads(db: Database, account: int, wanted: Iterable[int], within: frozenset[int] | None = None) -> dict[int, tuple[int, ...]]:
    """The visible emails of these threads, oldest first by time received (RFC 8621 §3). ``within``: those that lie in one of these mailboxes."""
    found: dict[int, dict[int, int]] = {}
    for thread, email, received, mailbox in _of_threads(db, account, wanted):
        if within is not None and mailbox not in within:
            continue
        found.setdefault(thread, {})[email] = received
    return {
        thread: tuple(sorted(received, key=lambda email, received=received: (received[email], email)))  # type: ignore[misc]
        for thread, received in found.items()
    }


def _of_threads(db: Database, account: int, wanted: Iterable[int]) -> Iterator[tuple[int, int, int, int]]:
    yield from db.each(
        "SELECT n.thread_id, n.email_id, n.received_ms, n.mailbox_id FROM json_each(?2) j CROSS JOIN entry n INDEXED BY entry_thread"
        " ON n.account_id=?1 AND n.thread_id=j.value WHERE n.flags&8=0",
        (account, json.dumps(list(wanted))),
    )


