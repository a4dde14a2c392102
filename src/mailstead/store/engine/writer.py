"""One writer a database, many waiters: the group commit (DECISIONS 7, DEPENDENCIES C and D).

Whoever wants to write hands over a function; all that have gathered by the time the loop comes round share one
transaction and one pair of syncs. The statements run on the loop (some 50 µs a delivery: a hop to a thread and back for
each, and two threads taking turns at the interpreter, cost more); what waits for the disk, the sync of the segment
and then the commit, runs in the writer's thread, while the loop gathers the next batch. Order matters: octets are durable
before the row that refers to them (STORAGE R3).

A function that refuses must refuse before its first change; one that fails later costs the batch its shared transaction:
everything is rolled back, and each function runs again in a transaction of its own, so that only the one at fault fails.
After a failed sync neither connection nor segment is trusted: both are opened anew.
"""

import asyncio
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from mailstead import telemetry
from mailstead.model.errors import Refusal, Unavailable
from mailstead.store.blob.segments import SegmentWriter
from mailstead.store.engine import sqlite
from mailstead.store.engine.files import unavailable
from mailstead.store.engine.sqlite import Database
from mailstead.store.engine.version import Version

R = TypeVar("R")
BATCH_JOBS: Final = 256
BATCH_OCTETS: Final = 8 << 20
BATCH_S: Final = 0.005
WAITING_JOBS: Final = 20_000
CROWD: Final = 4
CROWD_WAIT_S: Final = 0.003
"""Where so many writes of this process are under way, a batch waits a moment for company: fewer commits, less CPU. A lone
writer never waits."""
_in_flight = 0


@dataclass(slots=True)
class Tx:
    """One transaction as a job sees it."""

    db: Database
    now_ms: int
    segments: SegmentWriter | None
    news: dict[int, int] = field(default_factory=dict)
    """Account to the modseq it reached."""
    live: dict[int, int] = field(default_factory=dict)
    """Segment to octets that rows began (or, negative, ceased) to refer to."""
    is_upheaval: bool = False
    """What was logged before is not what it was: nobody keeps any of it."""
    leave_no_trace: bool = False
    """Bring the log into the file after the commit, so that what was overwritten is gone from it."""

    def append(self, pieces: list[bytes]) -> tuple[int, int, int]:
        """A record into the segment: (segment, offset, octets). Counts as live."""
        if self.segments is None:
            raise RuntimeError("this database has no segments")
        number, offset = self.segments.append(pieces)
        octets = sum(map(len, pieces))
        self.live[number] = self.live.get(number, 0) + octets
        return number, offset, octets


class Log(Protocol):
    """What keeps the newest of a database in memory. All is called on the loop."""

    def begun(self, tx: Tx) -> None:
        """``tx`` has made its changes and is about to be committed; until ``ended`` nobody knows whether it has been."""

    def ended(self, tx: Tx, *, is_done: bool) -> None:
        """``tx`` is durable, or never was."""


@dataclass(slots=True, eq=False)
class _Job:
    run: Callable[[Tx], Any]
    future: "asyncio.Future[Any]"
    octets: int
    result: Any = None
    error: Exception | None = None


class Writer:
    """The one writer of ``path``. All methods are called on the loop's thread.

    ``opened`` prepares a fresh connection (schema). ``committed`` hears the news of each commit. ``version`` is counted up by each. ``log`` keeps in memory what
    has just been written.
    """

    def __init__(
        self, path: Path, *, vfs: str, opened: Callable[[Database], None], segments: SegmentWriter | None,
        now_ms: Callable[[], int], committed: Callable[[dict[int, int]], None], version: Version | None = None, log: Log | None = None,
    ) -> None:
        self._version = version
        self._log = log
        self._path = path
        self._vfs = vfs
        self._opened = opened
        self.segments = segments
        self._now_ms = now_ms
        self._committed = committed
        self._waiting: deque[_Job] = deque()
        self._busy = False
        self._closing: asyncio.Future[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: queue.SimpleQueue[tuple[Database, list[_Job], Tx] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._db: Database | None = None

    def start(self) -> None:
        """Open the database (raises ``Unavailable``) and begin to serve."""
        self._loop = asyncio.get_running_loop()
        self._connection()
        if self._version is not None:
            self._version.taken()
        self._thread = threading.Thread(target=self._work, name=f"writer {self._path.name}", daemon=True)
        self._thread.start()

    @property
    def is_open(self) -> bool:
        """Whether ``start`` has succeeded."""
        return self._thread is not None

    async def do(self, run: Callable[[Tx], R], octets: int = 0) -> R:
        """Run ``run`` in a transaction; returns its result once that is durable. Raises what it raised, or ``Unavailable``."""
        if self._loop is None or self._closing is not None or len(self._waiting) >= WAITING_JOBS:
            raise Unavailable("The message store is busy", f"{self._path.name}: the writer takes no more work")
        future: asyncio.Future[R] = self._loop.create_future()
        self._waiting.append(_Job(run, future, octets))
        global _in_flight
        _in_flight += 1
        try:
            if not self._busy:
                self._busy = True
                self._gather_soon(self._loop)
            return await future
        finally:
            _in_flight -= 1

    async def close(self) -> None:
        """Finish what waits, then close."""
        if self._loop is None or self._closing is not None:
            return
        self._closing = self._loop.create_future()
        if self._busy:
            await self._closing
        self._tasks.put(None)
        if self._thread is not None:
            self._thread.join()
        if self._db is not None:
            self._db.close()
            self._db = None
        if self.segments is not None:
            self.segments.close()

    # ------------------------------------------------------------------------------------------------ on the loop
    def _connection(self) -> Database:
        if self._db is None:
            db = Database(self._path, write=True, vfs=self._vfs, create=False)
            try:
                self._opened(db)
            except sqlite.Failure as exc:
                raise sqlite.unavailable(exc, self._path) from exc
            self._db = db
        return self._db

    def _gather_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        if _in_flight >= CROWD and len(self._waiting) < _in_flight // 2:
            loop.call_later(CROWD_WAIT_S, self._gather)
        else:
            loop.call_soon(self._gather)

    def _gather(self) -> None:
        batch: list[_Job] = []
        octets = 0
        while self._waiting and len(batch) < BATCH_JOBS and octets < BATCH_OCTETS:
            job = self._waiting.popleft()
            if not job.future.cancelled():
                batch.append(job)
                octets += job.octets
        if not batch:
            self._rest()
            return
        self._run(batch)

    def _run(self, batch: list[_Job]) -> None:
        """Run a batch's statements, then have it made durable."""
        try:
            db = self._connection()
            tx = Tx(db, self._now_ms(), self.segments)
            db.run("BEGIN IMMEDIATE")
        except Unavailable as exc:
            self._fail(batch, exc)
            return
        except sqlite.Failure as exc:
            self._fail(batch, sqlite.unavailable(exc, self._path))
            return
        until = time.monotonic() + BATCH_S
        for number, job in enumerate(batch):
            before = db.touched()
            try:
                job.result = job.run(tx)
            except Exception as exc:
                job.error = self._meant(exc)
                if db.touched() != before or not db.in_transaction or not isinstance(exc, Refusal | Unavailable):
                    self._apart(batch)
                    return
            if number + 1 < len(batch) and time.monotonic() > until:
                self._waiting.extendleft(reversed(batch[number + 1 :]))
                del batch[number + 1 :]
                break
        try:
            self._count(tx)
            if self._log is not None:
                self._log.begun(tx)
        except sqlite.Failure as exc:
            self._fail(batch, sqlite.unavailable(exc, self._path))
            return
        self._tasks.put((db, batch, tx))

    def _count(self, tx: Tx) -> None:
        for number, octets in tx.live.items():
            tx.db.run(
                "INSERT INTO segment VALUES (?1, ?2, ?3) ON CONFLICT (number) DO UPDATE SET live = live + ?2, written = written + ?3",
                (number, octets, max(octets, 0)),
            )

    def _meant(self, exc: Exception) -> Exception:
        if isinstance(exc, sqlite.Failure):
            return sqlite.unavailable(exc, self._path)
        if isinstance(exc, OSError):
            return unavailable(exc)
        if isinstance(exc, Refusal | Unavailable):
            return exc
        # Rows of which our code makes no sense: damage, or a defect of ours; nothing was changed.
        telemetry.defect("store.writer", exc, file=self._path.name)
        return Unavailable("The message store failed", f"{self._path.name}: {type(exc).__name__}: {exc}")

    def _apart(self, batch: list[_Job]) -> None:
        """Something failed in the middle: take all back; the one that failed fails alone, or all in turn."""
        if self._db is not None:
            self._forget_changes()
        if len(batch) == 1:
            self._fail(batch, batch[0].error or Unavailable("The message store failed"))
            return
        for job in batch:
            job.result = job.error = None
        self._run_each(batch)

    def _run_each(self, batch: list[_Job]) -> None:
        first, rest = batch[0], batch[1:]
        self._waiting.extendleft(reversed(rest))
        self._run([first])

    def _forget_changes(self) -> None:
        if self._db is None:
            return
        try:
            self._db.rollback()
        except sqlite.Failure:
            self._reopen()

    def _reopen(self) -> None:
        if self._db is not None:
            self._db.abandon()
            self._db = None
        if self.segments is not None:
            self.segments.roll()

    def _fail(self, batch: list[_Job], exc: Exception) -> None:
        self._forget_changes()
        for job in batch:
            if not job.future.done():
                job.future.set_exception(job.error or exc)
        self._rest()

    def _durable(self, batch: list[_Job], tx: Tx, error: Exception | None) -> None:
        if self._log is not None:
            self._log.ended(tx, is_done=error is None)
        if error is not None:
            try:
                self._forget_changes()
            finally:
                self._reopen()
            self._fail(batch, error)
            return
        telemetry.count("store.commits")
        telemetry.count("store.writes", len(batch))
        for job in batch:
            if job.future.done():
                continue
            if job.error is not None:
                job.future.set_exception(job.error)
            else:
                job.future.set_result(job.result)
        if tx.news:
            self._committed(tx.news)
        self._rest()

    def _rest(self) -> None:
        if self._waiting and self._loop is not None:
            self._gather_soon(self._loop)
            return
        self._busy = False
        if self._closing is not None and not self._closing.done():
            self._closing.set_result(None)

    # ------------------------------------------------------------------------------------------- in the writer's thread
    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            db, batch, tx = task
            error: Exception | None = None
            try:
                if self.segments is not None:
                    self.segments.sync()
                if self._version is not None:
                    self._version.begin()
                try:
                    db.run("COMMIT")
                finally:
                    if self._version is not None:
                        self._version.end()
                if tx.leave_no_trace:
                    _checkpoint(db)
            except Exception as exc:
                error = self._meant(exc)
            del task, db
            if self._loop is not None:
                try:
                    self._loop.call_soon_threadsafe(self._durable, batch, tx, error)
                except RuntimeError:
                    return


def _checkpoint(db: Database) -> None:
    """A reader in the middle of something may keep the log for now; the commit stands either way."""
    try:
        db.checkpoint()
    except sqlite.Failure:
        return
