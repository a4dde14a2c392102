"""A session's picture of its selected mailbox: message numbers to UIDs (RFC 9051 §2.3.1.2).

The picture is an array of UIDs and the modseq up to which it is complete, nothing else: flags and the rest are asked of
the store when a client asks. Numbers change only when the session tells its client (``apply``), and EXPUNGE only where
the protocol allows it (RFC 9051 §7.5.1): until then a message that is gone keeps its number.

Between two neighbours of the array there is no other message of the mailbox: new ones get greater UIDs. So a range of
numbers is a range of UIDs, and sets stay small whatever their size.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from mailstead.model.ids import AccountId, MailboxId
from mailstead.model.mailbox import Entry
from mailstead.model.sharing import ALL
from mailstead.model.uids import UidSet
from mailstead.service.mailbox.news import Delta
from mailstead.store.interface import Mail, Selected

_ENTRIES: Final = 5000


@dataclass(frozen=True, slots=True)
class Told:
    """What a session has to tell, in this order. ``numbers`` are EXPUNGE numbers, each valid after the one before."""

    numbers: tuple[int, ...] = ()
    vanished: UidSet = UidSet()
    exists: int | None = None
    recent: int = 0
    updated: tuple[tuple[int, Entry], ...] = ()
    is_gone: bool = False


NOTHING_TOLD = Told()


class View:
    """One selected mailbox of one session."""

    __slots__ = ("_gone", "_told", "account", "mailbox_id", "modseq", "read_only", "recent_above", "rights", "saved", "uid_validity", "uids")

    def __init__(self, account: AccountId, selected: Selected, *, read_only: bool) -> None:
        self.account = account
        self.mailbox_id: MailboxId = selected.info.mailbox_id
        self.uid_validity = selected.info.uid_validity
        self.read_only = read_only
        self.rights = ALL
        """What may be done here; less in a mailbox of somebody else."""
        self.uids = array("I", selected.uids)
        self.modseq = selected.account_modseq
        self.recent_above = selected.info.recent_uid
        """Messages with greater UIDs are ``\\Recent`` here (RFC 3501 §2.3.2)."""
        self.saved = UidSet()
        """The result that ``$`` stands for (RFC 9051 §6.4.4.1)."""
        self._gone: set[int] | None = None
        self._told: dict[int, int] | None = None

    # ------------------------------------------------------------------------------------------------ numbers
    def __len__(self) -> int:
        return len(self.uids)

    @property
    def last_uid(self) -> int:
        """The greatest UID; 0 in an empty mailbox."""
        return self.uids[-1] if self.uids else 0

    @property
    def recent(self) -> int:
        """How many messages are ``\\Recent`` here."""
        return len(self.uids) - bisect_right(self.uids, self.recent_above)

    def number(self, uid: int) -> int:
        """The message number of a UID; 0: not in the picture."""
        at = bisect_left(self.uids, uid)
        return at + 1 if at < len(self.uids) and self.uids[at] == uid else 0

    def numbers(self, uids: Iterable[int]) -> list[int]:
        """The numbers of those UIDs that are in the picture."""
        return [number for number in map(self.number, uids) if number]

    def of_numbers(self, numbers: UidSet) -> UidSet:
        """The UIDs behind message numbers; the greatest must not be past the end."""
        uids = self.uids
        return UidSet.of_ranges((uids[low - 1], uids[high - 1]) for low, high in numbers.ranges)

    def of_uids(self, uids: UidSet) -> UidSet:
        """These UIDs without those past the picture's end, which the client has not been told of."""
        last = self.last_uid
        return uids if not uids or uids.ranges[-1][1] <= last else uids.intersection(UidSet(((1, last),)) if last else UidSet())

    def within(self, uids: UidSet) -> Iterator[int]:
        """The UIDs of the picture that are in the set, ascending."""
        for low, high in uids.ranges:
            yield from self.uids[bisect_left(self.uids, low) : bisect_right(self.uids, high)]

    def chunks(self, uids: UidSet, size: int) -> Iterator[UidSet]:
        """The set in portions of at most ``size`` messages of the picture."""
        ranges: list[tuple[int, int]] = []
        left = size
        for low, high in uids.ranges:
            at, end = bisect_left(self.uids, low), bisect_right(self.uids, high)
            while at < end:
                take = min(left, end - at)
                ranges.append((self.uids[at], self.uids[at + take - 1]))
                at += take
                left -= take
                if not left:
                    yield UidSet(tuple(ranges))
                    ranges, left = [], size
        if ranges:
            yield UidSet(tuple(ranges))

    # ------------------------------------------------------------------------------------------------ news
    def note_told(self, uid: int, modseq: int) -> None:
        """The client knows the flags that the message has had since ``modseq``: do not tell them again as news."""
        if modseq > self.modseq:
            if self._told is None:
                self._told = {}
            self._told[uid] = modseq

    def apply(self, delta: Delta, *, may_expunge: bool) -> Told:
        """Take in what happened; the result is to be told in full. Without ``may_expunge`` numbers stay as they are."""
        if delta.is_gone:
            return Told(is_gone=True)
        if delta.upto < self.modseq:
            return self._flush(may_expunge=may_expunge)
        created: Sequence[int] = delta.created
        destroyed: Iterable[int] = delta.destroyed
        if delta.whole is not None:
            there = set(delta.whole)
            destroyed = [uid for uid in self.uids if uid not in there]
            created = delta.whole
        gone = [uid for uid in destroyed if self.number(uid)]
        if gone:
            self._gone = (self._gone or set()).union(gone)
        numbers, vanished = self._take_gone(may_expunge=may_expunge)
        last = self.last_uid
        fresh = [uid for uid in created if uid > last]
        if fresh:
            self.uids.extend(fresh)
        known, held = self._told or {}, self._gone or ()
        updated = tuple(
            (self.number(entry.uid), entry)
            for entry in delta.updated
            if known.get(entry.uid) != entry.modseq and entry.uid not in held and entry.uid <= last and self.number(entry.uid)
        )
        self.modseq = delta.upto
        if self._told is not None:
            self._told = {uid: modseq for uid, modseq in self._told.items() if modseq > delta.upto} or None
        exists = len(self.uids) if fresh else None
        return Told(numbers, vanished, exists, self.recent if fresh else 0, updated)

    def _flush(self, *, may_expunge: bool) -> Told:
        numbers, vanished = self._take_gone(may_expunge=may_expunge)
        return Told(numbers, vanished) if numbers else NOTHING_TOLD

    def _take_gone(self, *, may_expunge: bool) -> tuple[tuple[int, ...], UidSet]:
        gone = self._gone
        if not may_expunge or not gone:
            return (), UidSet()
        self._gone = None
        numbers: list[int] = []
        for uid in sorted(gone):
            number = self.number(uid)
            if number:
                numbers.append(number - len(numbers))
        self.uids = array("I", [uid for uid in self.uids if uid not in gone])
        vanished = UidSet.of(gone)
        if self.saved:
            # RFC 9051 §6.4.4.1: what is expunged leaves the saved result.
            self.saved = UidSet.of(uid for uid in self.within(self.saved))
        return tuple(numbers), vanished

    @property
    def has_gone(self) -> bool:
        """Messages are gone that the client has not been told of."""
        return bool(self._gone)


async def open_view(mail: Mail, account: AccountId, mailbox_id: MailboxId, *, read_only: bool, is_guest: bool = False) -> tuple[View, Selected]:
    """Select a mailbox. Refusal NOT_FOUND. ``is_guest``: it is somebody else's; what is recent stays so to its owner."""
    selected = await mail.select(account, mailbox_id, take_recent=not read_only and not is_guest)
    return View(account, selected, read_only=read_only), selected


def first_unseen(view: View, selected: Selected) -> int:
    """The number of the first message without ``\\Seen``; 0: none."""
    return view.number(selected.first_unseen_uid) if selected.first_unseen_uid else 0


async def resync(mail: Mail, view: View, modseq: int, known: UidSet | None) -> AsyncIterator[list[Entry]]:
    """Entries that changed since ``modseq``, in portions (RFC 7162 §3.2.5). ``known`` limits them to these UIDs."""
    for chunk in view.chunks(view.of_uids(known or UidSet.all()), _ENTRIES):
        entries = await mail.entries(view.account, view.mailbox_id, chunk, changed_since=modseq)
        if entries:
            yield entries


async def resync_vanished(mail: Mail, view: View, modseq: int, known: UidSet | None) -> UidSet:
    """UIDs that vanished since ``modseq``; those that still have a number in the picture are told later as news."""
    vanished = await mail.vanished(view.account, view.mailbox_id, modseq, known)
    there = list(view.within(vanished))
    if not there:
        return vanished
    gaps = zip([0, *there], [*there, 1 << 32], strict=True)
    return vanished.intersection(UidSet(tuple((low + 1, high - 1) for low, high in gaps if low + 1 < high)))
