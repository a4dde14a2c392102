"""A reading connection that several parts of a process share."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from mailstead.store.engine import sqlite
from mailstead.store.engine.sqlite import Database

R = TypeVar("R")
CACHE_KIB: Final = 8_000


class Reading:
    """Opened when somebody looks for the first time, and anew after a failure. One looks at a time, whatever thread it is in.

    Two threads on one connection give right answers, but where one lets go of a statement while the other is in the middle of its own, the driver
    leaves that statement open: the connection then shows the state of that moment for ever.
    """

    def __init__(self, path: Path, vfs: str = "", *, cache_kib: int = CACHE_KIB) -> None:
        self.path = path
        self._vfs = vfs
        self._cache_kib = cache_kib
        self._db: Database | None = None
        self._turn = threading.RLock()

    def look(self, read: Callable[[Database], R]) -> R:
        """What ``read`` gives; it has read to the end all that it asked for. Raises ``Unavailable`` when the file is."""
        with self._turn:
            try:
                if self._db is None:
                    self._db = Database(self.path, write=False, vfs=self._vfs, cache_kib=self._cache_kib)
                return read(self._db)
            except sqlite.Failure as exc:
                self.close()
                raise sqlite.unavailable(exc, self.path) from exc

    def close(self) -> None:
        """The next look opens it again."""
        with self._turn:
            if self._db is not None:
                self._db.abandon()
                self._db = None
