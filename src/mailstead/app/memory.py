"""How a process gives memory back. A hash of a password takes 19 MiB for a moment; the C library, once it has given back one such piece, would keep
the next ones for good, in each thread that ever made one: twice 40 MB in two workers.

And how a worker looks for rings of objects that hold each other: what is made and forgotten within a transaction goes by its count of references, and
a look through everything stops the loop, a tenth of a second where a million messages wait. So each ``EVERY_S`` it looks through what has been made
since, and puts aside what is still there; all of it is looked at once in ``_ALL`` times. Python's own measure, each time a quarter has been added, stopped
the loop every few seconds under load.
"""

import asyncio
import ctypes
import gc
from typing import Final

_MMAP_THRESHOLD: Final = -3
_TRIM_THRESHOLD: Final = -1
"""Numbers of ``malloc.h`` of glibc."""
_LARGE_OCTETS: Final = 4 << 20
_KEPT_OCTETS: Final = 1 << 20
EVERY_S: Final = 5.0
_ALL: Final = 60
"""Each five minutes."""
_THRESHOLDS: Final = (3_000, 8, 40)
"""New objects before the youngest are looked at; looks before the next older ones are, too: all after a million."""


def give_back() -> bool:
    """From now on large pieces go back to the system when they are freed. False: another C library, which has its own way."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _LARGE_OCTETS)) and bool(mallopt(_TRIM_THRESHOLD, _KEPT_OCTETS))


async def tidy(every_s: float = EVERY_S, all_after: int = _ALL) -> None:
    """Until cancelled."""
    gc.set_threshold(*_THRESHOLDS)
    seen = turn = 0
    while True:
        await asyncio.sleep(every_s)
        turn += 1
        made = gc.get_stats()[0]["collections"]
        if made == seen:  # nothing has been made since
            continue
        if turn >= all_after:
            turn = 0
            gc.unfreeze()
        gc.collect()
        gc.freeze()
        seen = gc.get_stats()[0]["collections"]
