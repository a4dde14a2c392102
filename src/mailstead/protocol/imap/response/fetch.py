"""Pieces of FETCH responses (RFC 9051 §7.5.2)."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def date_time(ms: int) -> bytes:
    """``"17-Jul-1996 02:44:25 +0000"``: INTERNALDATE and SAVEDATE, always in UTC."""
    at = _EPOCH + timedelta(milliseconds=ms)
    return (
        f'"{at.day:2d}-{_MONTHS[at.month - 1]}-{at.year:04d} {at.hour:02d}:{at.minute:02d}:{at.second:02d} +0000"'
    ).encode("ascii")


@lru_cache(maxsize=4096)
def flags(names: tuple[str, ...]) -> bytes:
    """``FLAGS (\\Seen work)``."""
    return ("FLAGS (" + " ".join(names) + ")").encode("ascii")
