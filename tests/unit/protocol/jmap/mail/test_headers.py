"""Header fields in their forms."""

import pytest

from mailstead.protocol.jmap.mail import headers
from mailstead.protocol.jmap.mail.headers import Fields, Wanted


@pytest.mark.parametrize(("name", "expected"), [
    ("header:Subject", Wanted("Subject")), ("header:Subject:asText", Wanted("Subject", "asText")), ("header:X-A:all", Wanted("X-A", "asRaw", True)),
    ("header:To:asAddresses:all", Wanted("To", "asAddresses", True)), ("header:all", Wanted("all")), ("header:X-A:asDate", Wanted("X-A", "asDate")),
    ("header:To:asText", None), ("header:Subject:asAddresses", None), ("header:X-A:asWhatever", None), ("header:", None), ("header", None),
    ("header:X A", None), ("header:X:all:asText", None), ("header:X:asText:asText", None), ("Header:X", None), ("header:Received:asDate", None),
    ("header:List-Id:asText", Wanted("List-Id", "asText")), ("header:List-Post:asText", None),
])
def test_what_a_property_asks_for(name: str, expected: Wanted | None) -> None:
    assert expected == headers.wanted(name)


def test_the_last_field_counts_or_all() -> None:
    fields = Fields(b"X: one\r\nx:two\r\n three\r\nY: z")
    assert ("two\r\n three", [" one", "two\r\n three"]) == (fields.get(Wanted("X")), fields.get(Wanted("X", "asRaw", True)))
    assert (None, []) == (fields.get(Wanted("Z")), fields.get(Wanted("Z", "asDate", True)))
    assert [("X", " one"), ("x", "two\r\n three"), ("Y", " z")] == [(one["name"], one["value"]) for one in fields.listed()]


def test_forms_that_cannot_be_read_are_null() -> None:
    assert (None, None, None) == tuple(headers.form(b" nothing", kind) for kind in ("asDate", "asMessageIds", "asURLs"))
    assert [] == headers.form(b"  ", "asAddresses")


def test_addresses() -> None:
    value = b' "Q \\" uoted" <a@x>, (note) b@x, Group: c@x, =?utf-8?q?D=C3=A4?= <d@x>; e@x, Empty:;, <"f g"@x>'
    groups = headers.grouped(value)
    assert [None, "Group", None, "Empty", None] == [group["name"] for group in groups]
    assert [('Q " uoted', "a@x"), ("note", "b@x"), (None, "c@x"), ("Dä", "d@x"), (None, "e@x"), (None, '"f g"@x')] == [
        (one["name"], one["email"]) for one in headers.form(value, "asAddresses")]


def test_text_is_nfc_and_unfolded() -> None:
    assert "é b" == headers.text("e\u0301".encode() + b"\r\n b")
    assert ["http://x/ab", "mailto:y"] == headers.form(b" <http://x/a\r\n b> (c), <mailto:y>", "asURLs")
