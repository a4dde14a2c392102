"""Stuffing, counting, and what marks a message as unclean or too long."""

import pytest

from mailstead.model import limits
from mailstead.protocol.smtp.data import Counted, Dotted, is_clean, stuffed


def feed(octets: bytes, step: int = 0) -> tuple[bytes, bytes | None, Dotted]:
    data, came, rest = Dotted(), b"", None
    for at in range(0, len(octets), step or len(octets)):
        content, rest = data.feed(octets[at : at + (step or len(octets))])
        came += content
    return came, rest, data


@pytest.mark.parametrize(
    ("sent", "content"),
    [(b".\r\n", b""), (b"\r\n.\r\n", b"\r\n"), (b"..\r\n.\r\n", b".\r\n"), (b".a\r\n.\r\n", b"a\r\n"), (b"a\r\n...\r\n.\r\n", b"a\r\n..\r\n")],
)
def test_dots(sent: bytes, content: bytes) -> None:
    assert feed(sent)[:2] == (content, b"")
    assert feed(sent, 1)[0] == content


@pytest.mark.parametrize("end", [b"\n.\n", b"\r\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\r", b"\r\n.\r\r\n"])
def test_nothing_but_crlf_dot_crlf_ends_it(end: bytes) -> None:
    assert feed(b"text" + end + b"text")[1] is None
    *_, data = feed(b"text" + end + b"text\r\n.\r\n")
    assert not data.is_clean


def test_what_is_unclean() -> None:
    assert is_clean(b"a\r\nb\r\n")
    assert not any(map(is_clean, (b"a\nb", b"a\rb", b"a\0b", b"\r\r\n", b"\n\r", b"\r")))
    for unclean in (b"a\nb", b"a\rb", b"a\0b", b"a\r\r\nb"):
        for step in (0, 1, 2, 3):
            assert not feed(unclean + b"\r\n.\r\n", step)[2].is_clean


@pytest.mark.parametrize("step", [64 << 10, 1_000_003, 3 << 20])
def test_a_line_past_the_bound_is_marked(step: int) -> None:
    most = limits.SMTP_TEXT_LINE
    fits = b"a\r\n" + b"x" * most + b"\r\n"
    assert not feed(fits + fits + b".\r\n", step)[2].lines.is_long
    assert feed(b"a\r\n" + b"x" * (most + 2) + b"\r\n.\r\n", step)[2].lines.is_long
    chunks = Counted()
    chunks.left = 1 << 30
    for at in range(0, len(fits) * 2, step):
        chunks.feed((fits + b"x" + fits)[at : at + step])
    assert not chunks.lines.is_long
    for _ in range(most // step + 2):
        chunks.feed(b"x" * step)
    assert chunks.lines.is_long


def test_stuffing_ends_the_last_line() -> None:
    assert stuffed(b"") == b".\r\n"
    assert stuffed(b".a\r\n.") == b"..a\r\n..\r\n.\r\n"


def test_a_long_line_is_not_held_back() -> None:
    data = Dotted()
    given = sum(len(data.feed(b"x" * 10_000)[0]) for _ in range(20))
    assert given >= 20 * 10_000 - (64 << 10) - 10_000
