"""What has changed in a mailbox since a modseq, read once for all sessions that ask.

Ten sessions in one account hear of one delivery at the same moment and all stand at the same modseq: the first asks the
store, the others wait for its answer (``_Shared``). Answers are kept for the next who comes with the same question, a few
hundred at most; an answer older than the modseq that the asker has heard of is never used.
"""

from array import array
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from mailstead.model.change import Change, ChangeKind, ChangeOp, StateTooOld
from mailstead.model.ids import AccountId, MailboxId
from mailstead.model.mailbox import Entry
from mailstead.model.uids import UidSet
from mailstead.store.interface import Mail

_KEPT: Final = 256
_PAGES: Final = 20
_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Delta:
    """Changes of one mailbox after a modseq, complete up to ``upto``.

    ``created`` and ``destroyed`` are UIDs in ascending order. ``whole``: the log did not reach back, these are all UIDs
    and what is missing from them is gone. ``is_gone``: the mailbox itself was deleted.
    """

    upto: int
    created: tuple[int, ...] = ()
    destroyed: tuple[int, ...] = ()
    updated: tuple[Entry, ...] = ()
    whole: "array[int] | None" = None
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class _Log:
    upto: int
    changes: tuple[Change, ...] | None
    """None: the log does not reach back."""


K = TypeVar("K", bound=Hashable)
V = TypeVar("V", _Log, Delta)


class _Shared(Generic[K, V]):
    """One reader at a time for each question; the rest wait for its answer."""

    def __init__(self) -> None:
        self._kept: dict[K, V] = {}
        self._under_way: dict[K, list[Callable[[], None]]] = {}

    async def get(self, key: K, at_least: int, read: Callable[[], Awaitable[V]], wait: "Waiter") -> V:
        """The answer to ``key``, not older than ``at_least``."""
        while True:
            found = self._kept.get(key)
            if found is not None and found.upto >= at_least:
                return found
            waiting = self._under_way.get(key)
            if waiting is None:
                break
            await wait(waiting)
        self._under_way[key] = waiting = []
        try:
            found = await read()
            self._kept.pop(key, None)
            self._kept[key] = found
            if len(self._kept) > _KEPT:
                del self._kept[next(iter(self._kept))]
            return found
        finally:
            del self._under_way[key]
            for wake in waiting:
                wake()


Waiter = Callable[[list[Callable[[], None]]], Awaitable[None]]
"""Waits until it is woken by a function that it puts on the list."""


class Newsroom:
    """Shared by all sessions of a process. ``wait`` comes from whoever owns the loop."""

    def __init__(self, mail: Mail, wait: Waiter) -> None:
        self._mail = mail
        self._wait = wait
        self._logs: _Shared[tuple[int, int], _Log] = _Shared()
        self._deltas: _Shared[tuple[int, int, int], Delta] = _Shared()

    async def delta(self, account: AccountId, mailbox_id: MailboxId, since: int, at_least: int) -> Delta:
        """What happened in the mailbox after ``since``; at least up to ``at_least`` where the store knows of it."""
        key = (account, mailbox_id, since)
        return await self._deltas.get(key, at_least, lambda: self._read(account, mailbox_id, since, at_least), self._wait)

    async def _log(self, account: AccountId, since: int) -> _Log:
        found: list[Change] = []
        at = since
        for _ in range(_PAGES):
            try:
                page = await self._mail.changes(account, at, _PAGE)
            except StateTooOld:
                break
            found += page.changes
            at = page.upto
            if not page.more:
                return _Log(at, tuple(found))
        return _Log(since, None)

    async def _read(self, account: AccountId, mailbox_id: MailboxId, since: int, at_least: int) -> Delta:
        log = await self._logs.get((account, since), at_least, lambda: self._log(account, since), self._wait)
        if log.changes is None:
            return await self._whole(account, mailbox_id, since)
        created: dict[int, None] = {}
        updated: dict[int, None] = {}
        destroyed: dict[int, None] = {}
        for change in log.changes:
            if change.object_id != mailbox_id:
                continue
            if change.kind is ChangeKind.ENTRY:
                if change.op is ChangeOp.CREATED:
                    created[change.uid] = None
                elif change.op is ChangeOp.DESTROYED:
                    updated.pop(change.uid, None)
                    destroyed[change.uid] = None
                elif change.uid not in created:
                    updated[change.uid] = None
            elif change.kind is ChangeKind.MAILBOX and change.op is ChangeOp.DESTROYED:
                return Delta(log.upto, is_gone=True)
        entries: tuple[Entry, ...] = ()
        if updated:
            entries = tuple(await self._mail.entries(account, mailbox_id, UidSet.of(updated), changed_since=since))
        left = tuple(sorted(uid for uid in created if uid not in destroyed))
        return Delta(log.upto, left, tuple(sorted(destroyed)), entries)

    async def _whole(self, account: AccountId, mailbox_id: MailboxId, since: int) -> Delta:
        if await self._mail.mailbox_by_id(account, mailbox_id) is None:
            return Delta(await self._mail.modseq(account), is_gone=True)
        selected = await self._mail.select(account, mailbox_id, take_recent=False)
        entries = await self._mail.entries(account, mailbox_id, UidSet.all(), changed_since=since)
        return Delta(selected.account_modseq, updated=tuple(entries), whole=array("I", selected.uids))
