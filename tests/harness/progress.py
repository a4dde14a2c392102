"""How far a long run is: a line each ten seconds, past what pytest keeps to itself. Short runs say nothing."""

import sys
import time
from contextlib import AbstractContextManager, nullcontext
from typing import Final, Protocol

EVERY_S: Final = 10.0
_LONG: Final = 50
_told: dict[str, float] = {}


class Capture(Protocol):
    """Pytest's capturing, which has the descriptors too."""

    def global_and_fixture_disabled(self) -> AbstractContextManager[None]: ...


_capture: list[Capture] = []


def past(capture: Capture | None) -> None:
    """What stands between us and who looks on."""
    _capture[:] = [] if capture is None else [capture]


def progress(what: str, done: int, total: int) -> None:
    """``done`` of ``total`` kills."""
    now = time.monotonic()
    if total >= _LONG and (done == total or now - _told.get(what, 0.0) >= EVERY_S):
        _told[what] = now
        with _capture[0].global_and_fixture_disabled() if _capture else nullcontext():
            sys.stderr.write(f"{what}: {done:,} of {total:,} kills\n")
            sys.stderr.flush()
