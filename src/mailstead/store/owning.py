"""Which files this process writes: worker i of n the shards s with s mod n = i, worker 0 also the directory, the keys and the queue.

To own is to hold the lock and to have the writer. A shard that cannot be opened is unavailable and does not hold up the others.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

from mailstead import telemetry
from mailstead.model.errors import Unavailable
from mailstead.store import handover
from mailstead.store.engine import sqlite
from mailstead.store.engine.files import Files, make_folder
from mailstead.store.engine.lock import Lock
from mailstead.store.engine.sqlite import Database
from mailstead.store.engine.version import Version
from mailstead.store.engine.writer import Writer
from mailstead.store.queue import operations as queue
from mailstead.store.schema import directory, upgrade
from mailstead.store.shard import Shard
from mailstead.telemetry.record import ERROR

R = TypeVar("R")
Committed = Callable[[dict[int, int]], None]
LOCK_WAIT_S: Final = 30.0
_TRY_AGAIN_S: Final = 1.0
_TRY_AGAIN_MOST_S: Final = 30.0


class Owning:
    """``committed`` hears of each commit, from the loop. ``version``: of the directory."""

    def __init__(
        self, data: Path, shards: Sequence[Shard], files: Files, *, worker: int, workers: int, now_ms: Callable[[], int], committed: Committed,
        lock_wait_s: float, version: Version,
    ) -> None:
        self._version = version
        self._data = data
        self._shards = shards
        self._files = files
        self._worker = worker
        self._workers = workers
        self._now_ms = now_ms
        self._committed = committed
        self._lock_wait_s = lock_wait_s
        self._locks: list[Lock] = []
        self.writers: dict[int, Writer] = {}
        """Of the files that are open here."""
        self._failed: dict[int, str] = {}
        """Shards of ours that could not be opened, and why."""
        self._has_failed = asyncio.Event()
        self._opening = asyncio.Lock()
        """One shard at a time is closed, mended and opened anew."""

    def owner(self, where: int) -> int:
        """The worker that writes this file."""
        return where % self._workers if where >= 0 else 0

    def is_here(self, where: int) -> bool:
        """Whether that is this process."""
        return self.owner(where) == self._worker

    def shards(self) -> list[Shard]:
        """The shards this process writes."""
        return [one for one in self._shards if one.number in self.writers]

    async def take(self) -> None:
        """Take what is ours. Raises ``Unavailable`` when an earlier owner does not go."""
        make_folder(self._data / "run", self._files)
        make_folder(self._data / "tmp", self._files)
        if self._worker == 0:
            self._locks.append(await Lock.taken(self._data / "run" / "directory.lock", wait_s=self._lock_wait_s))
            self._open(handover.DIRECTORY, "dir.db", lambda db: upgrade(db, directory.STEPS))
            self._open(handover.KEYS, "keys.db", lambda db: upgrade(db, directory.KEY_STEPS))
            self._open(handover.QUEUE, "queue-00.db", self._queue_opened)
        await asyncio.gather(*(self._own(one) for one in self._shards if self.is_here(one.number)))

    def _open(self, where: int, name: str, opened: Callable[[Database], None]) -> None:
        writer = Writer(
            self._data / name, vfs=self._files.vfs, opened=opened, segments=None, now_ms=self._now_ms, committed=self._committed,
            version=self._version if where == handover.DIRECTORY else None)
        writer.start()
        self.writers[where] = writer

    def _queue_opened(self, db: Database) -> None:
        upgrade(db, directory.QUEUE_STEPS)
        queue.bring_forward(db, self._domain_names)

    def _domain_names(self) -> frozenset[str]:
        """Our domains, read in a writer's thread: the reader is the loop's."""
        db = Database(self._data / "dir.db", write=False, vfs=self._files.vfs)
        try:
            return frozenset(row[0] for row in db.all("SELECT name FROM domain"))
        finally:
            db.close()

    async def _own(self, one: Shard, *, wait_s: float | None = None) -> None:
        """A shard that cannot be opened is unavailable; the others go on, and it is tried again unless its file is damaged."""
        try:
            await one.own(self._now_ms, self._committed, wait_s=self._lock_wait_s if wait_s is None else wait_s)
        except Unavailable as exc:
            if self._failed.get(one.number) != exc.cause:
                telemetry.event("shard.failed", shard=one.number, reason=exc.cause, level=ERROR)
            if exc.__cause__ is None or not sqlite.is_damage(exc.__cause__):
                self._failed[one.number] = exc.cause
                self._has_failed.set()
        else:
            if self._failed.pop(one.number, None) is not None:
                telemetry.event("shard.regained", shard=one.number, reason="what kept it from being opened is gone")
        if one.writer is not None and one.writer.is_open:
            self.writers[one.number] = one.writer

    async def regain(self) -> None:
        """Try shards again that could not be opened, for ever: until an earlier owner is gone, a disk is there again, a file has come back."""
        while True:
            await self._has_failed.wait()
            self._has_failed.clear()
            pause_s = _TRY_AGAIN_S
            while self._failed:
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _TRY_AGAIN_MOST_S)
                async with self._opening:
                    for number in tuple(self._failed):
                        await self._shards[number].close()
                        await self._own(self._shards[number], wait_s=0.0)

    async def anew(self, number: int, work: Callable[[Shard], Awaitable[R]]) -> R:
        """Have something done to a shard of ours while it is closed, and open it again. Its accounts are unavailable meanwhile."""
        async with self._opening:
            one = self._shards[number]
            self._failed.pop(number, None)
            self.writers.pop(number, None)
            await one.close()
            try:
                return await work(one)
            finally:
                await self._own(one)

    async def close(self) -> None:
        """Close the writers; who waits for the locks gets them."""
        for writer in self.writers.values():
            await writer.close()

    def release(self) -> None:
        for lock in self._locks:
            lock.release()
        self._locks.clear()
