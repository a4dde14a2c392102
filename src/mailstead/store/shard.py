"""One shard in one process: its reading connection, and, where this process owns it, its writer."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from mailstead.store.blob.segments import SegmentReader, SegmentWriter
from mailstead.store.engine import sqlite
from mailstead.store.engine.files import Files
from mailstead.store.engine.lock import Lock
from mailstead.store.engine.sqlite import Database
from mailstead.store.engine.writer import Writer
from mailstead.store.schema import shard, upgrade

R = TypeVar("R")
_LOCK_WAIT_S = 30.0


class Shard:
    """``mail-NNN.db`` with ``seg/NNN``."""

    def __init__(self, data: Path, number: int, files: Files) -> None:
        self.number = number
        self.path = data / f"mail-{number:03d}.db"
        self.folder = data / "seg" / f"{number:03d}"
        self.segments = SegmentReader(self.folder)
        self.writer: Writer | None = None
        self._lock_path = data / "run" / f"shard-{number:03d}.lock"
        self._files = files
        self._reader: Database | None = None
        self._lock: Lock | None = None

    def own(self, now_ms: Callable[[], int], committed: Callable[[dict[int, int]], None]) -> None:
        """Become the shard's writer; waits for the one before to be gone. Raises ``Unavailable``."""
        self._lock = Lock(self._lock_path, wait_s=_LOCK_WAIT_S)
        self.writer = Writer(
            self.path, vfs=self._files.vfs, opened=lambda db: upgrade(db, shard.STEPS),
            segments=SegmentWriter(self.folder, self._files), now_ms=now_ms, committed=committed,
        )
        self.writer.start()

    def read(self, look: Callable[[Database], R]) -> R:
        """``look`` at the shard. Raises ``Unavailable`` when the file cannot be read; other shards do not notice."""
        try:
            if self._reader is None:
                self._reader = self.open_reader()
            return look(self._reader)
        except sqlite.Failure as exc:
            self._forget_reader()
            raise sqlite.unavailable(exc, self.path) from exc

    def open_reader(self) -> Database:
        """A connection of the caller's own, for a thread."""
        return Database(self.path, write=False, vfs=self._files.vfs)

    def _forget_reader(self) -> None:
        if self._reader is not None:
            try:
                self._reader.close()
            except sqlite.Failure:
                pass
            self._reader = None

    async def close(self) -> None:
        if self.writer is not None:
            await self.writer.close()
            self.writer = None
        self._forget_reader()
        self.segments.close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None
