"""``interface.Outbox`` on one machine."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from mailstead.model.ids import AccountId, Ids, SubmissionId
from mailstead.model.message import Octets
from mailstead.store import outbox
from mailstead.store.engine import sqlite
from mailstead.store.engine.sqlite import Database
from mailstead.store.handover import QUEUE as QUEUE_FILE
from mailstead.store.interface import QueueEntry, QueueFilter
from mailstead.store.keys import Keys
from mailstead.store.mail.operation import Operation
from mailstead.store.seal import QUEUE


class EmbeddedOutbox:
    """``is_owner``: this process schedules."""

    def __init__(self, path: Path, vfs: str, keys: Keys, ids: Ids, write: Callable[[int, Operation], Awaitable[Any]],
                 reserve: Callable[[], None], *, is_owner: bool) -> None:
        self._path = path
        self._vfs = vfs
        self._keys = keys
        self._ids = ids
        self._write = write
        self._reserve = reserve
        self._is_owner = is_owner
        self._db: Database | None = None

    def _read(self, look: Callable[[Database], Any]) -> Any:
        try:
            if self._db is None:
                self._db = Database(self._path, write=False, vfs=self._vfs, cache_kib=4_000)
            return look(self._db)
        except sqlite.Failure as exc:
            self.close()
            raise sqlite.unavailable(exc, self._path) from exc

    async def enqueue(self, account: AccountId, submission: SubmissionId, reverse_path: str,
                      recipients: Sequence[tuple[str, dict[str, str]]], octets: Octets, expires_at_ms: int) -> None:
        self._reserve()
        key = self._keys.of(account)
        step = outbox.PIECE_OCTETS
        pieces = [
            key.seal(QUEUE, submission, octets[start : start + step], number)
            for number, start in enumerate(range(0, len(octets), step))
        ]
        entries = [(self._ids.next(), path, options) for path, options in recipients]
        await self._write(QUEUE_FILE, outbox.Enqueue(
            submission, account, reverse_path, expires_at_ms, len(octets), key.number, pieces, entries))

    async def due(self, now_ms: int, limit: int) -> list[QueueEntry]:
        if not self._is_owner:
            return []
        found: list[QueueEntry] = self._read(lambda db: outbox.due(db, now_ms, limit))
        return found

    async def entries(self, *, account: AccountId | None = None, limit: int = 1000) -> list[QueueEntry]:
        found: list[QueueEntry] = self._read(lambda db: outbox.entries(db, account, limit))
        return found

    async def find(self, wanted: QueueFilter, *, after: int = 0, limit: int = 1000) -> list[QueueEntry]:
        found: list[QueueEntry] = self._read(lambda db: outbox.find(db, wanted, after, limit))
        return found

    async def steer(self, entries: Sequence[int], *, held: bool) -> int:
        found: int = await self._write(QUEUE_FILE, outbox.Steer(list(entries), held))
        return found

    async def octets(self, entry: QueueEntry) -> bytes:
        found: bytes = self._read(lambda db: outbox.octets(db, self._keys, entry))
        return found

    async def finish(self, done: Iterable[int], deferred: Iterable[tuple[int, int, str]]) -> None:
        await self._write(QUEUE_FILE, outbox.Finish(list(done), list(deferred)))

    def close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None
