"""mbox and its dialects."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailstead.service.transfer import mbox
from mailstead.service.transfer.found import Bad, Found, canonical

FROM = b"From ann@example.org Mon Jan  1 10:00:00 2024\n"


def read(octets: bytes) -> list[Found | Bad]:
    return list(mbox.read(io.BytesIO(octets), "box", ()))


def messages(octets: bytes) -> list[bytes]:
    found = read(octets)
    assert all(isinstance(one, Found) for one in found), found
    return [one.octets for one in found if isinstance(one, Found)]


def test_messages_one_after_another() -> None:
    octets = FROM + b"Subject: a\n\nbody\n\n" + FROM + b"Subject: b\n\n\n" + FROM + b"Subject: c\n\nend\n"
    assert [b"Subject: a\r\n\r\nbody\r\n", b"Subject: b\r\n\r\n", b"Subject: c\r\n\r\nend\r\n"] == messages(octets)


def test_crlf_mboxes() -> None:
    octets = (FROM + b"Subject: a\n\nbody\n\n" + FROM + b"Subject: b\n\nend\n").replace(b"\n", b"\r\n")
    assert [b"Subject: a\r\n\r\nbody\r\n", b"Subject: b\r\n\r\nend\r\n"] == messages(octets)


def test_quoted_from_lines_lose_one_mark() -> None:
    octets = FROM + b"Subject: a\n\n>From me\n>>From you\n> From afar\nx >From\n\n"
    assert [b"Subject: a\r\n\r\nFrom me\r\n>From you\r\n> From afar\r\nx >From\r\n"] == messages(octets)


@pytest.mark.parametrize(
    "line",
    [b"From here it goes on.\n", b"From 10 o'clock on\n", b"From the start, see:\nnothing here\n", b"From ann@example.org Mon Jan  1 10:00:00 2024 I wrote\nlines\n"],
)  # fmt: skip
def test_prose_is_no_separator(line: bytes) -> None:
    octets = FROM + b"Subject: a\n\nfirst\n\n" + line + b"and on\n"
    assert 1 == len(messages(octets))


@pytest.mark.parametrize(
    "line",
    [b"From - Mon Jan 01 10:00:00 2024\n", b"From ???@??? Mon Jan 01 10:00:00 2024\n", b"From \n", b"From -\n",
     b"From MAILER-DAEMON Mon Jan 1 10:00 2024 +0200\n", b"From a b@c Mon Jan  1 10:00:00 UTC 2024 remote from x\n"],
)  # fmt: skip
def test_odd_separators(line: bytes) -> None:
    octets = line + b"Subject: a\n\nfirst\n\n" + line + b"Subject: b\n\nsecond\n"
    assert [b"Subject: a\r\n\r\nfirst\r\n", b"Subject: b\r\n\r\nsecond\r\n"] == messages(octets)


def test_a_forgotten_blank_line() -> None:
    octets = FROM + b"Subject: a\n\nno end\n" + FROM + b"Subject: b\n\n"
    assert 2 == len(messages(octets))


def test_flags_come_from_the_notes_and_the_notes_go() -> None:
    octets = FROM + b"Subject: a\nStatus: RO\nX-Status: AF\nX-Keywords: work $Forwarded\nX-UID: 7\nTo: b\n\nStatus: not this\n"
    (found,) = read(octets)
    assert isinstance(found, Found)
    assert frozenset({"\\Seen", "\\Answered", "\\Flagged", "work", "$Forwarded"}) == found.flags
    assert b"Subject: a\r\nTo: b\r\n\r\nStatus: not this\r\n" == found.octets


def test_the_last_status_counts() -> None:
    (found,) = read(FROM + b"Status: RO\nSubject: a\nStatus: O\n\nx\n")
    assert isinstance(found, Found)
    assert frozenset() == found.flags


def test_what_programs_keep_for_themselves_is_no_message() -> None:
    octets = (
        FROM + b"From: MAILER-DAEMON\nSubject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\nX-IMAP: 1 2\nStatus: RO\n\ntext\n\n"
        + FROM + b"X-Mozilla-Status: 0009\nSubject: deleted\n\nx\n\n"
        + FROM + b"X-Mozilla-Status: 1007\nX-Mozilla-Keys: $label1\nSubject: kept\n\nx\n"
    )  # fmt: skip
    (found,) = read(octets)
    assert isinstance(found, Found)
    assert frozenset({"\\Seen", "\\Answered", "\\Flagged", "$Forwarded", "$label1"}) == found.flags
    assert b"Subject: kept\r\n\r\nx\r\n" == found.octets


def test_dates() -> None:
    (first, second, third) = read(
        FROM + b"Date: Tue, 2 Jan 2024 00:00:00 +0000\n\nx\n\n"
        + b"From x\nDate: Tue, 2 Jan 2024 02:00:00 +0200\n\nx\n\n"
        + b"From x\nSubject: none\n\n"
    )  # fmt: skip
    assert isinstance(first, Found)
    assert isinstance(second, Found)
    assert isinstance(third, Found)
    assert (1_704_103_200_000, 1_704_153_600_000, None) == (first.received_at_ms, second.received_at_ms, third.received_at_ms)
    assert 1_704_096_000_000 == mbox.received_ms(b"From a Mon Jan 1 10:00:00 2024 +0200")
    assert mbox.received_ms(b"From a Mon Foo 1 10:00:00 2024") is None
    assert mbox.received_ms(b"From a Mon Feb 31 10:00:00 2024") is None
    assert mbox.received_ms(b"From a Mon Feb 1 10:00:00 1924") is None


def test_bad_messages_are_named_and_passed_over() -> None:
    found = read(FROM + b"Subject: a\n\nx\n\n" + FROM + b"\n\n" + FROM + b"no header here\n\n" + FROM + b"Subject: b\n\n")
    assert [True, False, False, True] == [isinstance(one, Found) for one in found]
    assert "box, message 2: it is empty" == str(found[1])
    assert "header" in str(found[2])


def test_nul_and_bare_line_ends() -> None:
    assert [b"Subject: a\r\n\r\nab\r\nc\r\nd\r\n"] == messages(FROM + b"Subject: a\r\n\na\0b\rc\nd")


def test_an_empty_mbox() -> None:
    assert [] == read(b"")
    assert [] == read(b"\n\n")


def test_large_messages_over_many_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mbox, "_BLOCK", 10_000)
    big = b"Subject: big\n\n" + b"line of text\n" * 20_000
    octets = FROM + b"Subject: a\n\n\n" + FROM + big + b"\n" + FROM + b"Subject: b\n\n"
    found = messages(octets)
    assert [14, len(canonical(big)), 14] == [len(one) for one in found]


def test_what_is_too_large_is_named_and_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mbox, "_BLOCK", 10_000)
    octets = FROM + b"Subject: a\n\n\n" + FROM + b"Subject: big\n\n" + b"line of text\n" * 20_000 + b"\n" + FROM + b"Subject: b\n\n"
    found = list(mbox.split(io.BytesIO(octets), 50_000))
    assert [b"Subject: a\n\n", None, b"Subject: b\n"] == [octets for _, octets in found]


LINES = st.sampled_from([b"From ", b">From x", b">>From x", FROM.rstrip(), b"text", b"", b"Subject: x", b"From a@b Mon Jan  1 10:00:00 2024", b".", b"a: b"])


@settings(deadline=None, max_examples=300)
@given(st.lists(LINES, max_size=12), st.integers(7, 80))
def test_what_we_write_we_read(lines: list[bytes], block: int) -> None:
    body = b"".join(line + b"\r\n" for line in lines)
    message = b"Subject: x\r\n\r\n" + body
    text = mbox.written(message, sender=b"ann@example.org", received_at_ms=1_704_103_200_000, notes=b"Status: RO\nX-Keywords: work\n")
    before = mbox._BLOCK
    mbox._BLOCK = block  # type: ignore[misc]
    try:
        first, second = read(text + text)
    finally:
        mbox._BLOCK = before  # type: ignore[misc]
    for one in (first, second):
        assert Found(message, (), one.where, frozenset({"\\Seen", "work"}), 1_704_103_200_000) == one


@settings(deadline=None, max_examples=300)
@given(st.lists(LINES | st.binary(max_size=30), max_size=30).map(b"\n".join), st.integers(7, 80))
def test_any_octets_are_read_the_same_however_they_are_cut(octets: bytes, block: int) -> None:
    before = mbox._BLOCK
    mbox._BLOCK = block  # type: ignore[misc]
    try:
        cut = read(octets)
    finally:
        mbox._BLOCK = before  # type: ignore[misc]
    assert read(octets) == cut
    for one in cut:
        if isinstance(one, Found):
            assert b"\0" not in one.octets
            assert one.octets == canonical(one.octets)
