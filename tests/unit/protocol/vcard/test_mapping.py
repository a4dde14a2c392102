"""Dates of vCards (RFC 6350 §4.3)."""

import pytest

from mailstead.protocol.vcard import mapping


@pytest.mark.parametrize(("text", "date"), [
    ("19850412", {"year": 1985, "month": 4, "day": 12}), ("1985-04", {"year": 1985, "month": 4}), ("1985", {"year": 1985}),
    ("--0412", {"month": 4, "day": 12}), ("--04", {"month": 4}), ("---12", {"day": 12}),
])  # fmt: skip
def test_parts_of_dates_go_both_ways(text: str, date: dict[str, int]) -> None:
    assert {"@type": "PartialDate", **date} == mapping.date_of(text)
    assert text == mapping.date_text(dict(date))


def test_dashes_times_and_what_is_none() -> None:
    assert mapping.date_of("19850412") == mapping.date_of("1985-04-12")
    assert {"@type": "Timestamp", "utc": "1985-04-12T23:20:50Z"} == mapping.date_of("19850412T232050Z")
    assert "19850412T232050Z" == mapping.date_text({"utc": "1985-04-12T23:20:50Z"})
    assert [None, None] == [mapping.date_of(one) for one in ("circa 1800", "")]
    assert ["", ""] == [mapping.date_text({}), mapping.date_text({"year": 1985, "day": 1})]
