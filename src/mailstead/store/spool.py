"""Where a message is gathered as it arrives: memory up to 1 MiB, then a file without a name (DECISIONS 12)."""

import mmap
import tempfile
from pathlib import Path
from typing import IO

from mailstead.model.message import SPOOL_ABOVE_OCTETS, Octets
from mailstead.store.engine.files import unavailable


class FileSpool:
    """See ``interface.Spool``."""

    def __init__(self, folder: Path) -> None:
        self.size = 0
        self._folder = folder
        self._pieces: list[bytes] = []
        self._file: IO[bytes] | None = None

    def write(self, octets: bytes | memoryview) -> None:
        self.size += len(octets)
        if self._file is None:
            self._pieces.append(bytes(octets))
            if self.size <= SPOOL_ABOVE_OCTETS:
                return
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - lives as long as the spool
                self._file.writelines(self._pieces)
                self._pieces.clear()
            else:
                self._file.write(octets)
        except OSError as exc:
            raise unavailable(exc) from exc

    def finish(self) -> Octets:
        """What was written. The spool stays usable for ``close`` only."""
        if self._file is None:
            return self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        try:
            self._file.flush()
            return mmap.mmap(self._file.fileno(), self.size, prot=mmap.PROT_READ)
        except OSError as exc:
            raise unavailable(exc) from exc

    def close(self) -> None:
        self._pieces.clear()
        if self._file is not None:
            self._file.close()
            self._file = None
