"""Objects: messages above 1 MiB, one file each, ``obj/<hh>/<account>-<email>.obj``.

The file is the sealed frames, then the record that describes them (``record``, without frames), then eight octets with
the record's offset. It is durable before any row refers to it, and written by whichever worker took the message in.
"""

import os
from pathlib import Path

from mailstead.model.message import Octets
from mailstead.store.blob import record
from mailstead.store.engine.files import Files, make_folder
from mailstead.store.seal import AccountKey, Damaged


class Objects:
    """The folder ``obj`` of a data directory."""

    def __init__(self, folder: Path, files: Files) -> None:
        self._folder = folder
        self._files = files

    def path(self, account: int, email: int) -> Path:
        return self._folder / f"{email & 0xFF:02x}" / f"{account:x}-{email:x}.obj"

    def put(self, key: AccountKey, info: record.Info, meta: bytes, octets: Octets) -> tuple[int, ...]:
        """Write a message durably; gives the lengths of its frames (also set in ``info``). Raises ``OSError``."""
        path = self.path(info.account, info.email)
        make_folder(path.parent, self._files)
        file = self._files.append(path)
        try:
            lengths = []
            for frame in record.frames(key, info.email, octets):
                file.write([frame])
                lengths.append(len(frame))
            info.frames = tuple(lengths)
            offset = file.size
            file.write([*record.assemble(info, meta, []), offset.to_bytes(8, "big")])
            file.sync()
        except OSError:
            self._files.unlink(path)
            raise
        finally:
            file.close()
        self._files.sync_folder(path.parent)
        return info.frames

    def read(self, account: int, email: int, offset: int, length: int) -> bytes:
        """A range of the file. Raises ``Damaged``, ``OSError``."""
        try:
            fd = os.open(self.path(account, email), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise Damaged(f"object {email:x} of account {account:x} is missing") from None
        try:
            octets = os.pread(fd, length, offset)
        finally:
            os.close(fd)
        if len(octets) != length:
            raise Damaged(f"object {email:x} of account {account:x} ends early")
        return octets

    def all(self) -> list[Path]:
        """Every object's file."""
        return sorted(self._folder.glob("*/*.obj"))

    def drop(self, account: int, email: int) -> None:
        self._files.unlink(self.path(account, email))


def describe(path: Path) -> tuple[record.Info, bytes]:
    """The record at the end of an object file, and its sealed metadata. Raises ``Damaged``."""
    size = path.stat().st_size
    with path.open("rb", buffering=0) as file:
        offset = int.from_bytes(os.pread(file.fileno(), 8, max(0, size - 8)), "big")
        if not 0 <= offset < size - 8 or size - 8 - offset > record.LONGEST:
            raise Damaged(f"{path.name}: no record at its end")
        octets = os.pread(file.fileno(), size - 8 - offset, offset)
    _, info, meta_at, body_at = record.read(octets)
    if not isinstance(info, record.Info):
        raise Damaged(f"{path.name}: no message")
    return info, octets[meta_at:body_at]
