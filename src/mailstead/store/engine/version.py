"""How often a database was committed to, where every process that has it open can see: what was read is kept in memory until this number moves, and nobody
asks the database whether it has.

Eight octets of a file that all processes map. The writer makes the number odd before each commit and even behind it, before it tells anybody; who finds it odd
reads the database and keeps nothing. So what is kept is never older than what somebody was told, in any process. The number says nothing about the past:
only whether it is still the same counts, so that a file that is lost, or left odd by a writer that was killed, costs a reading and no more; the next owner
makes it even.
"""

import mmap
import os
from pathlib import Path
from struct import Struct
from typing import Final

_NUMBER: Final = Struct("=Q")
_OCTETS: Final = mmap.PAGESIZE
_MOST: Final = (1 << 64) - 1


class Version:
    """Of the database that ``path`` stands for. ``path``'s folder is there. Where the file cannot be mapped, ``now`` says odd always: nothing is kept."""

    def __init__(self, path: Path) -> None:
        self._memory: mmap.mmap | bytearray = bytearray(_NUMBER.pack(1))
        self._is_shared = False
        try:
            fd = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            try:
                if os.fstat(fd).st_size < _OCTETS:
                    os.ftruncate(fd, _OCTETS)
                self._memory = mmap.mmap(fd, _OCTETS)
                self._is_shared = True
            finally:
                os.close(fd)
        except OSError:
            pass

    def now(self) -> int:
        """Another number after each commit; odd: one is under way."""
        found: int = _NUMBER.unpack_from(self._memory)[0]
        return found

    def taken(self) -> None:
        """This process is the writer from now on, whatever the one before was doing when it ended."""
        if self._is_shared:
            _NUMBER.pack_into(self._memory, 0, ((self.now() | 1) + 1) & _MOST)

    def begin(self) -> None:
        """A commit is about to be."""
        if self._is_shared:
            _NUMBER.pack_into(self._memory, 0, self.now() | 1)

    end = taken
    """It is over, whether it succeeded or not."""

    def close(self) -> None:
        """It reads odd from now on."""
        if isinstance(self._memory, mmap.mmap):
            self._memory.close()
        self._memory, self._is_shared = bytearray(_NUMBER.pack(1)), False
