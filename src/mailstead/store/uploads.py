"""Uploads: octets that a client has sent and not yet put into a message (RFC 8620 §6.1).

One file each, ``up/<account>/<ident>``: sealed frames of 64 KiB by the account's key, each behind its length. Durable before the id is given
out, gone after ``limits.UPLOAD_LASTS_S``. Every worker reads and writes them; an id is 16 random octets, so two never meet.
"""

import asyncio
import base64
import contextlib
import os
import re
import struct
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from mailstead.model import limits
from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.model.ids import AccountId
from mailstead.model.message import Octets
from mailstead.store.engine.files import Files, make_folder, unavailable
from mailstead.store.keys import Keys
from mailstead.store.seal import FRAME_OCTETS, AccountKey, Damaged

_KIND: Final = b"upld"
_IDENT: Final = re.compile(r"u[a-z2-7]{26}")
_LENGTH: Final = struct.Struct(">I")


class Uploads:
    """The folder ``up`` of a data directory. ``reserve`` raises ``DiskReserve``."""

    def __init__(self, folder: Path, files: Files, keys: Keys, pool: ThreadPoolExecutor, reserve: Callable[[], None]) -> None:
        self._folder = folder
        self._files = files
        self._keys = keys
        self._pool = pool
        self._reserve = reserve

    async def put(self, account: AccountId, octets: Octets) -> str:
        """Keep it; gives its id. LIMIT when the account has too many, ``Unavailable``."""
        self._reserve()
        key = self._keys.of(account)
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._put, account, key, octets)

    async def get(self, account: AccountId, ident: str) -> bytes | None:
        """The octets; None: there is no such upload of this account. ``Unavailable`` for one that is damaged."""
        if _IDENT.fullmatch(ident) is None:
            return None
        key = self._keys.of(account)
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._get, account, key, ident)

    def _of(self, account: int) -> Path:
        return self._folder / f"{account:x}"

    def _put(self, account: int, key: AccountKey, octets: Octets) -> str:
        folder = self._of(account)
        try:
            make_folder(self._folder, self._files)
            make_folder(folder, self._files)
            self._make_room(folder, len(octets))
            ident = "u" + base64.b32encode(os.urandom(16)).decode("ascii").rstrip("=").lower()
            file = self._files.append(folder / ident)
            try:
                for number, start in enumerate(range(0, len(octets) or 1, FRAME_OCTETS)):
                    frame = key.seal(_KIND, number, octets[start : start + FRAME_OCTETS])
                    file.write([_LENGTH.pack(len(frame)), frame])
                file.sync()
            except OSError:
                self._files.unlink(folder / ident)
                raise
            finally:
                file.close()
            self._files.sync_folder(folder)
        except OSError as exc:
            raise unavailable(exc) from exc
        return ident

    def _make_room(self, folder: Path, size: int) -> None:
        """The oldest go, for nothing holds them (RFC 8620 §6)."""
        if size > limits.UPLOADS_OCTETS:
            raise Refusal(Reason.LIMIT, f"Uploads that no message holds have room for {limits.UPLOADS_OCTETS} octets")
        there: list[tuple[int, int, Path]] = []
        for entry in os.scandir(folder):
            with contextlib.suppress(FileNotFoundError):
                there.append((entry.stat().st_mtime_ns, entry.stat().st_size, folder / entry.name))
        there.sort()
        count, octets = len(there), sum(one[1] for one in there) + size
        for _, freed, path in there:
            if count < limits.UPLOADS_PER_ACCOUNT and octets <= limits.UPLOADS_OCTETS:
                return
            self._files.unlink(path)
            count, octets = count - 1, octets - freed

    def _get(self, account: int, key: AccountKey, ident: str) -> bytes | None:
        try:
            sealed = (self._of(account) / ident).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise unavailable(exc) from exc
        out: list[bytes] = []
        at = 0
        try:
            while at < len(sealed):
                (length,) = _LENGTH.unpack_from(sealed, at)
                at += _LENGTH.size
                out.append(key.open(_KIND, len(out), sealed[at : at + length]))
                at += length
        except (Damaged, struct.error) as exc:
            raise Unavailable("This upload is damaged; send it again", f"upload {ident} of account {account:x}: {exc}") from exc
        return b"".join(out)

    def sweep(self) -> int:
        """Remove what has expired; gives how many."""
        until = time.time() - limits.UPLOAD_LASTS_S
        gone = 0
        for path in self._folder.glob("*/*"):
            try:
                if path.stat().st_mtime < until:
                    self._files.unlink(path)
                    gone += 1
            except FileNotFoundError:
                continue
        return gone

    def forget(self, account: int) -> None:
        """The account is gone."""
        for path in self._of(account).glob("*"):
            self._files.unlink(path)
