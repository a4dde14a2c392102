"""The only door to files of our own (segments, objects, keys); databases go to disk through SQLite's.

What is promised is promised by ``sync``: a write that was not followed by one may be gone after a power cut, and a new
file's name is safe only when its folder was synced (DECISIONS 12). Tests put a layer in place of ``Files`` that forgets
everything unsynced; for that reason nothing in ``store`` calls ``os.write`` beside it.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from mailstead.model.errors import Unavailable


class AppendFile:
    """A file that only grows. ``size`` counts what was written, synced or not."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = os.open(path, os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self.size = os.fstat(self._fd).st_size

    def write(self, pieces: Sequence[bytes | memoryview]) -> None:
        """Append the pieces in order. Raises ``OSError``; what was written of them by then is cut off again."""
        before = self.size
        left = [piece for piece in pieces if len(piece)]
        try:
            while left:
                done = os.writev(self._fd, left[:512])
                self.size += done
                while left and done >= len(left[0]):
                    done -= len(left[0])
                    del left[0]
                if done:
                    left[0] = memoryview(left[0])[done:]
        except OSError:
            os.ftruncate(self._fd, before)
            self.size = before
            raise

    def overwrite(self, offset: int, octets: bytes) -> None:
        """Replace octets at ``offset``; only for files nobody refers to yet."""
        fd = os.open(self.path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.pwrite(fd, octets, offset)
        finally:
            os.close(fd)

    def sync(self) -> None:
        """Everything written so far survives a power cut."""
        os.fdatasync(self._fd)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class Files:
    """The real disk. ``vfs`` is the name of SQLite's file layer that belongs to it ("" the default one)."""

    vfs = ""

    def append(self, path: Path) -> AppendFile:
        """Open or make ``path`` for appending; a new name is not yet durable (``sync_folder``)."""
        return AppendFile(path)

    def sync_folder(self, folder: Path) -> None:
        """The names in ``folder`` survive a power cut."""
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def write_whole(self, path: Path, octets: bytes) -> None:
        """Replace ``path`` by these octets, durably, all or nothing; mode 0600."""
        new = path.with_name(path.name + ".new")
        new.unlink(missing_ok=True)
        file = self.append(new)
        try:
            file.write([octets])
            file.sync()
        finally:
            file.close()
        self.replace(new, path)
        self.sync_folder(path.parent)

    def replace(self, old: Path, new: Path) -> None:
        old.replace(new)

    def unlink(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    def free_octets(self, folder: Path) -> int:
        """What the disk under ``folder`` can still take."""
        state = os.statvfs(folder)
        return state.f_bavail * state.f_frsize


def make_folder(path: Path, files: Files) -> None:
    """``path`` as a folder only we can enter, durably."""
    missing = []
    at = path
    while not at.exists():
        missing.append(at)
        at = at.parent
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
        files.sync_folder(folder.parent)


def unavailable(exc: OSError) -> Unavailable:
    """A disk's failure as the world hears it."""
    return Unavailable("The message store cannot use its disk right now", f"{exc.strerror or exc} ({exc.filename or 'store'})")
