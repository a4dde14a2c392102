"""``interface.Queue`` on one machine."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.model.message import Octets
from mailstead.store.engine.reading import Reading
from mailstead.store.interface import (
    NewQueued,
    QueueDeferral,
    QueueEntry,
    QueueFilter,
    QueueHold,
    QueueJob,
    QueueMessage,
    QueueRecipient,
    QueueWaiting,
)
from mailstead.store.keys import Keys
from mailstead.store.mail.operation import Operation
from mailstead.store.queue import operations, read
from mailstead.store.queue.operations import SHARDS, Deferred, Enqueue, Finish, HoldRoute, NewJob, Own, Rcpt, Steer
from mailstead.store.seal import QUEUE, Damaged

_FRESH_OCTETS: Final = 4 << 20
"""Of messages that came a moment ago so much is remembered, so that what leaves at once need not be read back."""
_FRESH_ONE: Final = 256 << 10


class EmbeddedQueue:
    """``owner`` names this process's life; it schedules the shards s with s mod ``workers`` = ``worker``."""

    def __init__(
        self, path: Path, vfs: str, keys: Keys, *, owner: str, worker: int, workers: int, write: Callable[[Operation], Awaitable[Any]],
        reserve: Callable[[], None],
    ) -> None:
        self._reading = Reading(path, vfs)
        self._read = self._reading.look
        self._keys = keys
        self._owner = owner
        self._write = write
        self._reserve = reserve
        self._epochs: dict[int, int] = {}
        self._fresh: OrderedDict[int, bytes] = OrderedDict()
        self._fresh_octets = 0
        self.shards = tuple(shard for shard in range(SHARDS) if shard % workers == worker)
        self.workers = workers

    # ------------------------------------------------------------------------------------------------------- coming
    async def enqueue(self, new: NewQueued, octets: Octets) -> None:
        """See ``interface.Queue``."""
        self._reserve()
        key = self._keys.of(new.account_id)
        step = operations.PIECE_OCTETS
        whole = octets if isinstance(octets, bytes) else b""
        pieces = [
            key.seal(QUEUE, new.submission_id, whole if whole and len(whole) <= step else octets[start : start + step], number)
            for number, start in enumerate(range(0, max(len(octets), 1), step))
        ]
        jobs = [
            NewJob(
                job.shard, job.route, job.domain, job.priority, job.due_at_ms, job.check_at_ms,
                [Rcpt(one.number, one.address, dict(one.options)) for one in job.recipients],
            )
            for job in new.jobs
        ]
        if len(whole) <= _FRESH_ONE and any(job.shard in self._epochs for job in jobs):
            self._remember(new.submission_id, whole)
        await self._write(Enqueue(
            new.accept_id, new.submission_id, new.account_id, new.tenant_id, new.reverse_path, dict(new.options), new.created_at_ms,
            new.expires_at_ms, len(octets), key.number, new.is_reported, pieces, jobs,
        ))

    def _remember(self, submission: int, octets: bytes) -> None:
        if octets and submission not in self._fresh:
            self._fresh[submission] = octets
            self._fresh_octets += len(octets)
            while self._fresh_octets > _FRESH_OCTETS:
                self._fresh_octets -= len(self._fresh.popitem(last=False)[1])

    # ------------------------------------------------------------------------------------------------------- scheduling
    async def own(self) -> None:
        """Become the owner of this process's shards."""
        self._epochs = dict(await self._write(Own(self._owner, list(self.shards))))

    def newest(self) -> int:
        return self._read(read.newest)

    def newer(self, after: int, limit: int = 1_000) -> tuple[list[QueueWaiting], int]:
        return self._read(lambda db: read.newer(db, after, self._epochs, limit))

    def jobs(self, numbers: Sequence[int]) -> list[QueueJob]:
        return self._read(lambda db: read.jobs(db, numbers))

    def aged(self, now_ms: int, limit: int) -> list[QueueJob]:
        return self._read(lambda db: read.aged(db, now_ms, self.shards, limit))

    def holds(self) -> list[QueueHold]:
        return self._read(read.holds)

    async def octets(self, message: QueueMessage) -> bytes:
        """See ``interface.Queue``."""
        found = self._fresh.pop(message.submission_id, None)
        if found is not None:
            self._fresh_octets -= len(found)
            return found
        try:
            return self._read(lambda db: read.octets(db, self._keys, message))
        except Damaged as exc:
            raise Unavailable("This message is damaged", f"{self._reading.path.name}: {exc}") from exc

    async def finish(self, done: Iterable[QueueJob], deferred: Iterable[QueueDeferral]) -> None:
        """See ``interface.Queue``."""
        gone, again = list(done), list(deferred)
        shards = {job.shard for job in gone} | {one.job.shard for one in again}
        await self._write(Finish(
            [(shard, self._epochs.get(shard, 0)) for shard in sorted(shards)], [job.job_id for job in gone],
            [
                Deferred(one.job.job_id, one.due_at_ms, one.check_at_ms, one.attempts, [_rcpt(each) for each in one.recipients])
                for one in again
            ],
        ))

    async def hold(self, hold: QueueHold) -> None:
        await self._write(HoldRoute(hold.site, hold.until_ms, hold.failures, hold.reason, hold.shaping))

    # ------------------------------------------------------------------------------------------------------- steering
    async def find(self, wanted: QueueFilter, *, after: tuple[int, int] = (0, -1), limit: int = 1000) -> list[QueueEntry]:
        return self._read(lambda db: read.find(db, wanted, after, limit))

    async def steer(self, what: str, entries: Sequence[QueueEntry], *, route: str = "") -> int:
        """See ``interface.Queue``."""
        if what not in {"hold", "release", "retry", "delete", "reroute"}:
            raise Refusal(Reason.INVALID, f"“{what}” cannot be done to the queue")
        jobs: dict[int, list[int]] = {}
        for entry in entries:
            jobs.setdefault(entry.job_id, []).append(entry.number)
        found: int = await self._write(Steer(what, list(jobs.items()), route))
        return found

    def counts(self) -> tuple[int, int, int]:
        return self._read(read.counts)

    def close(self) -> None:
        self._reading.close()


def _rcpt(one: QueueRecipient) -> Rcpt:
    return Rcpt(one.number, one.address, dict(one.options), one.last_error[:500])
