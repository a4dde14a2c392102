"""One shard in one process: its reading connection, and, where this process owns it, its writer."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from mailstead import telemetry
from mailstead.model.change import StateTooOld
from mailstead.model.errors import Refusal, Unavailable
from mailstead.store.blob.segments import SegmentReader, SegmentWriter
from mailstead.store.engine import sqlite
from mailstead.store.engine.files import Files
from mailstead.store.engine.lock import Lock
from mailstead.store.engine.sqlite import Database, file_of
from mailstead.store.engine.writer import Writer
from mailstead.store.interface import shard_file
from mailstead.store.mail.recent import Recent
from mailstead.store.schema import shard, upgrade
from mailstead.store.seal import Damaged

R = TypeVar("R")


class Shard:
    """``mail-NNN.db`` with ``seg/NNN``."""

    def __init__(self, data: Path, number: int, files: Files) -> None:
        self.number = number
        self.path = data / shard_file(number)
        self.folder = data / "seg" / f"{number:03d}"
        self.segments = SegmentReader(self.folder)
        self.writer: Writer | None = None
        self.recent: Recent | None = None
        """Where this process writes the shard."""
        self._lock_path = data / "run" / f"shard-{number:03d}.lock"
        self._files = files
        self._reader: Database | None = None
        self._file: tuple[int, int] | None = None
        self._lock: Lock | None = None

    async def own(self, now_ms: Callable[[], int], committed: Callable[[dict[int, int]], None], *, wait_s: float) -> None:
        """Become the shard's writer; waits for the one before to be gone. Raises ``Unavailable``."""
        self._lock = await Lock.taken(self._lock_path, wait_s=wait_s)
        self.recent = Recent()
        self.writer = Writer(
            self.path, vfs=self._files.vfs, opened=lambda db: upgrade(db, shard.STEPS),
            segments=SegmentWriter(self.folder, self._files), now_ms=now_ms, committed=committed,
            log=self.recent,
        )
        self.writer.start()

    def read(self, look: Callable[[Database], R]) -> R:
        """``look`` at the shard. Raises ``Unavailable`` when the file cannot be read; other shards do not notice."""
        try:
            if self._reader is None or self._is_replaced():
                self._forget_reader()
                self._file = file_of(self.path)
                self._reader = self.open_reader()
            return look(self._reader)
        except (Refusal, Unavailable, StateTooOld):
            raise
        except Exception as exc:
            self._forget_reader()
            raise nonsense(exc, self.path) from exc

    def open_reader(self) -> Database:
        """A connection of the caller's own, for a thread."""
        return Database(self.path, write=False, vfs=self._files.vfs)

    def _is_replaced(self) -> bool:
        """Whether the file under the shard's name is no longer the one that is open: its owner has rebuilt it."""
        return file_of(self.path) != self._file

    def _forget_reader(self) -> None:
        if self._reader is not None:
            self._reader.abandon()
            self._reader = None

    async def close(self) -> None:
        """The writer goes last, so that it brings the log into the file."""
        self._forget_reader()
        if self.writer is not None:
            await self.writer.close()
            self.writer = None
        self.recent = None
        self._forget_reader()  # a job that waited may have read
        self.segments.close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def nonsense(exc: Exception, path: Path) -> Unavailable:
    """A failure while rows are read. Rows of which our code makes no sense are damage, as far as a client is concerned; as
    they might be a defect of ours they are told as one."""
    if isinstance(exc, sqlite.Failure):
        return sqlite.unavailable(exc, path)
    if not isinstance(exc, Damaged):
        telemetry.defect("store.rows", exc, file=path.name)
    return Unavailable(
        "This part of the message store is damaged", f"{path.name}: {type(exc).__name__}: {exc}; run mailstead verify --repair"
    )
