"""How far a long run is: a line each ten seconds, past what pytest keeps to itself. Short runs say nothing."""

import sys
import time
from typing import Final

EVERY_S: Final = 10.0
_LONG: Final = 50
_told: dict[str, float] = {}


def progress(what: str, done: int, total: int) -> None:
    """``done`` of ``total`` kills."""
    now = time.monotonic()
    if total >= _LONG and sys.__stderr__ is not None and (done == total or now - _told.get(what, 0.0) >= EVERY_S):
        _told[what] = now
        sys.__stderr__.write(f"{what}: {done:,} of {total:,} kills\n")
        sys.__stderr__.flush()
