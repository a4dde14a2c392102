"""Ownership of a file: a lock held for as long as the process lives (DECISIONS 7).

The kernel drops it when the owner dies, however it dies, so there is nothing to clean up and nobody to ask.
"""

import asyncio
import fcntl
import os
from pathlib import Path

from mailstead import telemetry
from mailstead.model.errors import Unavailable

_POLL_S = 0.02
_TOLD_AFTER_S = 5.0


class Lock:
    """Held from ``taken`` to ``release``."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    @staticmethod
    async def taken(path: Path, *, wait_s: float) -> "Lock":
        """Wait up to ``wait_s`` for the earlier owner to go. Raises ``Unavailable``."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        is_told = False
        fd = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            while True:
                try:
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    waited_s = loop.time() - begun
                    if waited_s >= wait_s:
                        raise Unavailable(
                            "Another process is using this data directory",
                            f"{path} is locked: stop the other mailstead, or use the command while the server runs",
                        ) from None
                    if waited_s >= _TOLD_AFTER_S and not is_told:
                        is_told = True
                        telemetry.event("lock.waiting", file=path.name, reason="the process that had it before has not let go of it yet")
                    await asyncio.sleep(_POLL_S)
                else:
                    return Lock(fd)
        except BaseException:
            os.close(fd)
            raise

    def release(self) -> None:
        os.close(self._fd)
