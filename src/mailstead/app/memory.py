"""How a process gives memory back. A hash of a password takes 19 MiB for a moment; the C library, once it has given back one such piece, would keep
the next ones for good, in each thread that ever made one: twice 40 MB in two workers.
"""

import ctypes
from typing import Final

_MMAP_THRESHOLD: Final = -3
_TRIM_THRESHOLD: Final = -1
"""Numbers of ``malloc.h`` of glibc."""
_LARGE_OCTETS: Final = 4 << 20
_KEPT_OCTETS: Final = 1 << 20


def give_back() -> bool:
    """From now on large pieces go back to the system when they are freed. False: another C library, which has its own way."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _LARGE_OCTETS)) and bool(mallopt(_TRIM_THRESHOLD, _KEPT_OCTETS))
