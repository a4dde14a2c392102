"""Ownership of a file: a lock held for as long as the process lives (DECISIONS 7).

The kernel drops it when the owner dies, however it dies, so there is nothing to clean up and nobody to ask.
"""

import fcntl
import os
import time
from pathlib import Path

from mailstead.model.errors import Unavailable

_POLL_S = 0.02


class Lock:
    """Held from construction to ``release``. Waits up to ``wait_s`` for the earlier owner to go."""

    def __init__(self, path: Path, *, wait_s: float) -> None:
        self._fd = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        until = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= until:
                    os.close(self._fd)
                    raise Unavailable(
                        "Another process is using this data directory",
                        f"{path} is locked: stop the other mailstead, or use the command while the server runs",
                    ) from None
                time.sleep(_POLL_S)
            else:
                return

    def release(self) -> None:
        os.close(self._fd)
