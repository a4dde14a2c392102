"""A disk that forgets: whatever was not synced is taken back by a power cut.

Two doors lead from the store to its disk, and both are lined: ``LossyFiles`` stands in place of ``Files``, and an SQLite
VFS of the same disk stands under every database. For each file the disk keeps what was written since the file's last sync,
and for each folder the names made, changed and removed since the folder's; nothing reaches the real disk's sync.
``power_cut`` puts the files into a state in which a real disk may be found afterwards:

* ``all``: nothing unsynced has survived;
* ``some``: of each file any of the unsynced 4 KiB blocks, and of each folder the first of its changes;
* ``torn``: everything but the last write of each file, of which a beginning has survived.

This is the one module outside ``store.engine`` that knows the database's driver.
"""

import errno
import os
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw

from mailstead.store.engine.files import AppendFile, Files

HOWS = ("all", "some", "torn")
_BLOCK = 4096


@dataclass
class _Write:
    """``octets`` None: the file was cut to ``offset``. ``old``: what stood behind ``offset`` before; ``size``: the size before."""

    offset: int
    octets: bytes | None
    old: bytes
    size: int


@dataclass
class _Name:
    """A folder's change: ``kind`` is made, moved or removed. ``grave``: where the content of the name that went is kept."""

    kind: str
    path: Path
    old: Path | None = None
    grave: Path | None = None


@dataclass
class Disk:
    """One disk, known to SQLite as ``vfs``. ``on_step`` is called with the number of the operation before each one."""

    graves: Path
    vfs: str = "lossy"
    on_step: Callable[[int], None] = lambda number: None
    refuses: int = 0
    """An errno (ENOSPC, EROFS, EIO) with which every write is refused from now on; 0: none."""
    steps: int = 0
    unsynced: dict[Path, list[_Write]] = field(default_factory=dict)
    names: dict[Path, list[_Name]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    _removed: int = 0

    def step(self) -> None:
        """Another operation begins; the lock is held."""
        self.steps += 1
        self.on_step(self.steps)

    def check(self) -> None:
        """A write is about to be made through the store's own door."""
        if self.refuses:
            raise OSError(self.refuses, os.strerror(self.refuses))

    def check_database(self) -> None:
        """The same through SQLite's."""
        if self.refuses:
            raise {errno.ENOSPC: apsw.FullError, errno.EROFS: apsw.ReadOnlyError}.get(self.refuses, apsw.IOError)

    # ------------------------------------------------------------------------------------------------------ remembering
    def wrote(self, path: Path, offset: int, octets: bytes) -> None:
        """These octets are about to be written."""
        size = _size(path)
        self.unsynced.setdefault(path, []).append(_Write(offset, octets, _read(path, offset, len(octets)), size))

    def cut(self, path: Path, size: int) -> None:
        """The file is about to be cut."""
        before = _size(path)
        self.unsynced.setdefault(path, []).append(_Write(size, None, _read(path, size, max(0, before - size)), before))

    def synced(self, path: Path) -> None:
        self.unsynced.pop(path, None)

    def made(self, path: Path) -> None:
        self.names.setdefault(path.parent, []).append(_Name("made", path))

    def moved(self, old: Path, new: Path) -> None:
        """``old`` is about to take the name ``new``."""
        self.names.setdefault(new.parent, []).append(_Name("moved", new, old, self._bury(new)))
        if old in self.unsynced:
            self.unsynced[new] = self.unsynced.pop(old)

    def removed(self, path: Path) -> None:
        """The name is about to go."""
        self.names.setdefault(path.parent, []).append(_Name("removed", path, None, self._bury(path)))

    def _bury(self, path: Path) -> Path | None:
        if not path.exists():
            return None
        self._removed += 1
        grave = self.graves / f"{self._removed}"
        os.link(path, grave)
        if path in self.unsynced:
            self.unsynced[grave] = self.unsynced.pop(path)
        return grave

    def folder_synced(self, folder: Path) -> None:
        for name in self.names.pop(folder, ()):
            if name.grave is not None:
                self.unsynced.pop(name.grave, None)
                name.grave.unlink()

    # --------------------------------------------------------------------------------------------------------- the cut
    def power_cut(self, how: str, rng: random.Random) -> None:
        """Take back what was not synced. The lock is kept: nobody writes any more."""
        self.lock.acquire()
        for path, writes in self.unsynced.items():
            if path.exists():
                _take_back(path, writes, how, rng)
        for changes in self.names.values():
            kept = 0 if how == "all" else rng.randint(0, len(changes))
            for name in reversed(changes[kept:]):
                _take_back_name(name)
        self.unsynced.clear()
        self.names.clear()


def _take_back(path: Path, writes: list[_Write], how: str, rng: random.Random) -> None:
    with path.open("r+b", buffering=0) as file:
        fd = file.fileno()
        for write in reversed(writes):
            os.pwrite(fd, write.old, write.offset)
            os.ftruncate(fd, write.size)
        if how == "all":
            return
        last = len(writes) - 1
        for number, write in enumerate(writes):
            if write.octets is None:
                if how == "torn" or rng.random() < 0.5:
                    os.ftruncate(fd, write.offset)
            elif how == "torn":
                end = len(write.octets) if number < last else rng.randint(0, len(write.octets))
                os.pwrite(fd, write.octets[:end], write.offset)
            else:
                for start in range(0, len(write.octets), _BLOCK):
                    if rng.random() < 0.5:
                        os.pwrite(fd, write.octets[start : start + _BLOCK], write.offset + start)


def _take_back_name(name: _Name) -> None:
    if name.kind == "made":
        name.path.unlink(missing_ok=True)
    elif name.kind == "moved" and name.old is not None and name.path.exists():
        name.path.replace(name.old)
    if name.grave is not None:
        os.replace(name.grave, name.path)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _read(path: Path, offset: int, length: int) -> bytes:
    if not length or not path.exists():
        return b""
    with path.open("rb", buffering=0) as file:
        return os.pread(file.fileno(), length, offset)


# ---------------------------------------------------------------------------------------------------- the store's files
class _LossyAppend(AppendFile):
    def __init__(self, disk: Disk, path: Path) -> None:
        with disk.lock:
            disk.step()
            is_new = not path.exists()
            if is_new:
                disk.check()
            super().__init__(path)
            if is_new:
                disk.made(path)
        self._disk = disk

    def write(self, pieces: Sequence[bytes | memoryview]) -> None:
        with self._disk.lock:
            self._disk.step()
            self._disk.check()
            self._disk.wrote(self.path, self.size, b"".join(pieces))
            super().write(pieces)

    def overwrite(self, offset: int, octets: bytes) -> None:
        with self._disk.lock:
            self._disk.step()
            self._disk.check()
            self._disk.wrote(self.path, offset, octets)
            super().overwrite(offset, octets)

    def sync(self) -> None:
        with self._disk.lock:
            self._disk.step()
            self._disk.synced(self.path)


class LossyFiles(Files):
    """``Files`` on a disk that forgets."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self.vfs = disk.vfs
        self._layer = _Layer(disk)

    def append(self, path: Path) -> AppendFile:
        return _LossyAppend(self._disk, path)

    def sync_folder(self, folder: Path) -> None:
        with self._disk.lock:
            self._disk.step()
            self._disk.folder_synced(folder)

    def replace(self, old: Path, new: Path) -> None:
        with self._disk.lock:
            self._disk.step()
            self._disk.check()
            self._disk.moved(old, new)
            super().replace(old, new)

    def unlink(self, path: Path) -> None:
        with self._disk.lock:
            self._disk.step()
            if path.exists():
                self._disk.removed(path)
            super().unlink(path)


# --------------------------------------------------------------------------------------------------------- SQLite's files
class _Layer(apsw.VFS):
    """Over SQLite's own file layer; unnamed files (its scratch) are its own business."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        super().__init__(disk.vfs, "")

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - the driver's name
        text = name.filename() if isinstance(name, apsw.URIFilename) else name
        if not text:
            return apsw.VFSFile("", name, flags)
        path = Path(text)
        with self._disk.lock:
            is_new = not path.exists()
            file = _LossyFile(self._disk, path, name, flags, is_new=is_new)
            if is_new and path.exists():
                self._disk.made(path)
        return file

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802 - the driver's name
        path = Path(filename)
        with self._disk.lock:
            self._disk.step()
            if path.exists():
                self._disk.removed(path)
            super().xDelete(filename, syncdir)
            if syncdir:
                self._disk.folder_synced(path.parent)


class _LossyFile(apsw.VFSFile):
    def __init__(self, disk: Disk, path: Path, name: Any, flags: list[int], *, is_new: bool) -> None:
        super().__init__("", name, flags)
        self._disk = disk
        self._path = path
        journal = apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_SUPER_JOURNAL
        self._syncs_folder = is_new and bool(flags[0] & journal)
        """As SQLite's own layer: the first sync of a new journal syncs its folder."""

    def xLock(self, level: int) -> None:  # noqa: N802 - the driver's name
        """A reader that closes last asks for a lock its file cannot have, and is refused; as busy, for the driver takes
        any other refusal for a failure."""
        try:
            super().xLock(level)
        except apsw.IOError as exc:
            raise apsw.BusyError from exc

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - the driver's name
        with self._disk.lock:
            self._disk.step()
            self._disk.check_database()
            self._disk.wrote(self._path, offset, bytes(data))
            super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - the driver's name
        with self._disk.lock:
            self._disk.step()
            self._disk.check_database()
            self._disk.cut(self._path, newsize)
            super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802 - the driver's name
        with self._disk.lock:
            self._disk.step()
            self._disk.synced(self._path)
            if self._syncs_folder:
                self._disk.folder_synced(self._path.parent)
                self._syncs_folder = False
