"""Dates of header fields (RFC 5322 §3.3, obsolete forms §4.3)."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_DATE: Final = re.compile(
    rb"^\s*(?:[A-Za-z]{3,9}\.?,?\s*)?(\d{1,2})[\s-]+([A-Za-z]{3})[a-z]*\.?[\s-]+(\d{2,4})"
    rb"(?:,?\s+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?\s*(?:([+-])(\d{2}):?(\d{2})|([A-Za-z]{1,5}))?)?"
)
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        (b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"), 1
    )
}
_ZONES: Final = {b"EST": -5, b"EDT": -4, b"CST": -6, b"CDT": -5, b"MST": -7, b"MDT": -6, b"PST": -8, b"PDT": -7}
_EPOCH_DAY: Final = datetime(1970, 1, 1, tzinfo=UTC).toordinal()


def wall_clock_ms(value: bytes) -> int | None:
    """The date's own clock read as if it were UTC, in milliseconds since 1970 (what SEARCH SENT* compares)."""
    read = _read(value)
    return None if read is None else _ms(read[0])


def instant_ms(value: bytes) -> int | None:
    """The moment meant, in milliseconds since 1970; a missing or unknown zone is UTC."""
    read = _read(value)
    return None if read is None else _ms(read[0]) - read[1] * 60_000


def _ms(wall: datetime) -> int:
    return ((wall.toordinal() - _EPOCH_DAY) * 86_400 + wall.hour * 3600 + wall.minute * 60 + wall.second) * 1000


def _read(value: bytes) -> tuple[datetime, int] | None:
    """(wall clock as UTC, offset of its zone in minutes)."""
    match = _DATE.match(value[:200])
    if match is None:
        return None
    day, month_name, year_text, hour, minute, second, sign, zone_hours, zone_minutes, zone_name = match.groups()
    month = _MONTHS.get(month_name.lower())
    if month is None:
        return None
    year = int(year_text)
    if len(year_text) == 2:  # noqa: PLR2004 - RFC 5322 §4.3: 00-49 is 2000s, 50-99 and three digits add 1900
        year += 2000 if year < 50 else 1900  # noqa: PLR2004
    elif len(year_text) == 3:  # noqa: PLR2004
        year += 1900
    try:
        wall = datetime(year, month, int(day), int(hour or 0), int(minute or 0), min(int(second or 0), 59), tzinfo=UTC)
    except ValueError:
        return None
    offset = 0
    if sign:
        offset = int(zone_hours) * 60 + int(zone_minutes)
        offset = -offset if sign == b"-" else offset
        if abs(offset) > 24 * 60:
            offset = 0
    elif zone_name:
        offset = _ZONES.get(zone_name.upper(), 0) * 60
    return wall, offset


def rfc3339(value: bytes) -> str | None:
    """The date with its own offset, as RFC 3339 §5.6 writes it; a missing or unknown zone is UTC."""
    read = _read(value)
    if read is None:
        return None
    wall, offset = read
    text = wall.strftime("%Y-%m-%dT%H:%M:%S")
    if not offset:
        return ("0000" + text)[-19:] + "Z"
    sign = "-" if offset < 0 else "+"
    return f"{('0000' + text)[-19:]}{sign}{abs(offset) // 60:02}:{abs(offset) % 60:02}"


def rfc5322(at: datetime) -> bytes:
    """A moment with its offset as the Date field has it (RFC 5322 §3.3)."""
    offset = round((at.utcoffset() or timedelta()).total_seconds()) // 60
    sign = "-" if offset < 0 else "+"
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[at.weekday()]
    month = next(name for name, number in _MONTHS.items() if number == at.month).decode().capitalize()
    zone = f"{sign}{abs(offset) // 60:02}{abs(offset) % 60:02}"
    return f"{day}, {at.day} {month} {at.year:04} {at.hour:02}:{at.minute:02}:{at.second:02} {zone}".encode()
