"""Where sections lie (RFC 9051 §6.4.5.1)."""

import pytest

from mailstead.mime import parts
from mailstead.mime.scan import scan
from mailstead.service.mailbox import fetch

MESSAGE = (
    b"Subject: outer\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
    b"--x\r\nContent-Type: text/plain\r\n\r\nfirst\r\n"
    b"--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\nContent-Type: multipart/alternative; boundary=y\r\n\r\n"
    b"--y\r\n\r\nplain\r\n--y\r\nContent-Type: text/html\r\n\r\n<p>\r\n--y--\r\n"
    b"--x--\r\n"
)
SINGLE = b"Subject: a\r\n\r\nbody\r\n"


@pytest.mark.parametrize(
    ("octets", "section", "text", "expected"),
    [
        (SINGLE, (), "", SINGLE),
        (SINGLE, (), "HEADER", b"Subject: a\r\n\r\n"),
        (SINGLE, (), "TEXT", b"body\r\n"),
        (SINGLE, (1,), "", b"body\r\n"),
        (SINGLE, (1,), "MIME", b"Subject: a\r\n\r\n"),
        (SINGLE, (2,), "", None),
        (SINGLE, (1, 1), "", None),
        (SINGLE, (1,), "TEXT", None),
        (MESSAGE, (1,), "", b"first"),
        (MESSAGE, (1,), "MIME", b"Content-Type: text/plain\r\n\r\n"),
        (MESSAGE, (2,), "HEADER", b"Subject: inner\r\nContent-Type: multipart/alternative; boundary=y\r\n\r\n"),
        (MESSAGE, (2,), "MIME", b"Content-Type: message/rfc822\r\n\r\n"),
        (MESSAGE, (2, 1), "", b"plain"),
        (MESSAGE, (2, 2), "MIME", b"Content-Type: text/html\r\n\r\n"),
        (MESSAGE, (2, 3), "", None),
    ],
)
def test_places(octets: bytes, section: tuple[int, ...], text: str, expected: bytes | None) -> None:
    span = fetch.place(parts.unpack(scan(octets).parts), section, text)
    assert expected == (None if span is None else octets[span[0] : span[1]])


def test_cutting_what_is_made_and_what_is_stored() -> None:
    whole = b"made" + b"0123456789"[2:7]
    source = fetch.Source(b"made", (2, 7))
    assert len(whole) == len(source)
    for start in range(12):
        for length in range(1, 12):
            cut = source.cut(start, length)
            octets = cut.made + b"0123456789"[cut.span[0] : cut.span[1]]
            assert whole[start : start + length] == octets
            assert len(octets) == len(cut)
