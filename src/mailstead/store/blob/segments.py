"""Segments: append-only files of records, ``seg/<shard>/<number>.seg``.

One process writes a shard's segments; everybody reads. A writer begins a new file when it starts and when the open one
has reached 256 MiB, so a torn tail is never written behind. Octets come first, rows second: a record nobody refers to
is swept by compaction, a row without its record cannot come to be (STORAGE R3).
"""

import os
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mailstead.store.blob import record
from mailstead.store.engine.files import AppendFile, Files, make_folder
from mailstead.store.seal import Damaged

FULL_OCTETS: Final = 256 << 20
_OPEN_FILES: Final = 64
_STEP: Final = 8 << 20


def name(number: int) -> str:
    return f"{number:06d}.seg"


def numbers(folder: Path) -> list[int]:
    """The segments that exist, in order."""
    if not folder.is_dir():
        return []
    return sorted(int(path.stem) for path in folder.glob("*.seg") if path.stem.isdigit())


class SegmentWriter:
    """Appends records; the shard's one writer holds it."""

    def __init__(self, folder: Path, files: Files) -> None:
        make_folder(folder, files)
        self._folder = folder
        self._files = files
        self._open: AppendFile | None = None
        self._unsynced: list[AppendFile] = []
        self._new_name = False
        self.number = max(numbers(folder), default=0)

    def append(self, pieces: list[bytes]) -> tuple[int, int]:
        """Write a record; gives (segment, offset). Not durable before ``sync``. Raises ``OSError``."""
        file = self._open
        if file is None or file.size >= FULL_OCTETS:
            file = self._next()
        offset = file.size
        file.write(pieces)
        if not self._unsynced or self._unsynced[-1] is not file:
            self._unsynced.append(file)
        return self.number, offset

    def _next(self) -> AppendFile:
        file = self._files.append(self._folder / name(self.number + 1))
        if self._open is not None and self._open not in self._unsynced:
            self._open.close()
        self.number += 1
        self._open = file
        self._new_name = True
        return file

    def sync(self) -> None:
        """Everything appended is durable. Safe to call from another thread while nobody appends."""
        for file in self._unsynced:
            file.sync()
            if file is not self._open:
                file.close()
        self._unsynced.clear()
        if self._new_name:
            self._files.sync_folder(self._folder)
            self._new_name = False

    @property
    def size(self) -> int:
        """Octets in the open segment."""
        return self._open.size if self._open else 0

    def roll(self) -> None:
        """Write to a new segment from now on: after a failure the old one's tail is not trusted."""
        for file in {self._open, *self._unsynced} - {None}:
            file.close()  # type: ignore[union-attr]
        self._open = None
        self._unsynced.clear()

    def close(self) -> None:
        self.roll()


class SegmentReader:
    """Reads ranges of segments of one shard, keeping some files open."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._fds: OrderedDict[int, int] = OrderedDict()

    def read(self, number: int, offset: int, length: int) -> bytes:
        """Raises ``Damaged`` when the file is gone or too short, ``OSError`` when the disk fails."""
        octets = os.pread(self._fd(number), length, offset)
        if len(octets) != length:
            raise Damaged(f"segment {number} ends before {offset + length}")
        return octets

    def _fd(self, number: int) -> int:
        fd = self._fds.get(number)
        if fd is not None:
            self._fds.move_to_end(number)
            return fd
        try:
            fd = os.open(self._folder / name(number), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise Damaged(f"segment {number} is missing") from None
        self.sweep()
        self._fds[number] = fd
        if len(self._fds) > _OPEN_FILES:
            os.close(self._fds.popitem(last=False)[1])
        return fd

    def sweep(self) -> None:
        """Let go of files that compaction has unlinked: their space is not free before the last one does."""
        for number in [number for number, fd in self._fds.items() if not os.fstat(fd).st_nlink]:
            os.close(self._fds.pop(number))

    def close(self) -> None:
        for fd in self._fds.values():
            os.close(fd)
        self._fds.clear()


def records(path: Path) -> Iterator[tuple[int, bytes | None]]:
    """(offset, record) of a segment from its beginning; for a damaged stretch (offset, None) once, then what is whole
    behind it: the next magic is looked for, so one bad octet costs one record."""
    size = path.stat().st_size
    with path.open("rb", buffering=0) as file:
        offset = 0
        while offset < size:
            head = os.pread(file.fileno(), record.HEAD.size, offset)
            length = record.length_at(head)
            if length and offset + length <= size:
                octets = os.pread(file.fileno(), length, offset)
                try:
                    record.read(octets)
                except Damaged:
                    pass
                else:
                    yield offset, octets
                    offset += length
                    continue
            yield offset, None
            offset = _next_magic(file.fileno(), offset + 1, size)


def _next_magic(fd: int, start: int, size: int) -> int:
    while start < size:
        octets = os.pread(fd, _STEP, start)
        found = octets.find(record.MAGIC)
        if found >= 0:
            return start + found
        if len(octets) < _STEP:
            return size
        start += _STEP - len(record.MAGIC)
    return size
