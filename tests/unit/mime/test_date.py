"""Dates of header fields."""

import pytest

from mailstead.mime import date

NOV = 880127706000  # 1997-11-21T09:55:06-0600 of RFC 5322 A.1.1 is 15:55:06 UTC


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        (b"Fri, 21 Nov 1997 09:55:06 -0600", NOV),
        (b"21 Nov 97 09:55:06 -0600", NOV),
        (b"Fri, 21 Nov 1997 15:55:06 GMT", NOV),
        (b"Fri,  21 Nov 1997 10:55:06 EST", NOV),
        (b"Fri, 31 Feb 1997 10:55:06 EST", None),
        (b"nonsense", None),
        (b"", None),
    ],
)
def test_instant(value: bytes, instant: int | None) -> None:
    assert instant == date.instant_ms(value)


def test_wall_clock_disregards_the_zone() -> None:
    assert date.wall_clock_ms(b"1 Jan 2024 10:00:00 +0900") == date.wall_clock_ms(b"1 Jan 2024 10:00:00 -0500")
