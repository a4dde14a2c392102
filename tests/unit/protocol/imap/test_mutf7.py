"""Modified UTF-7 (RFC 3501 §5.1.3)."""

import pytest

from mailstead.protocol.imap import mutf7

PAIRS = [
    ("INBOX", b"INBOX"),
    ("R&D", b"R&-D"),
    ("Entwürfe", b"Entw&APw-rfe"),
    ("~peter/mail/台北/日本語", b"~peter/mail/&U,BTFw-/&ZeVnLIqe-"),  # the RFC's own example
    ("☺!", b"&Jjo-!"),
    ("😀", b"&2D3eAA-"),
]


@pytest.mark.parametrize(("name", "wire"), PAIRS)
def test_names_and_their_wire_form(name: str, wire: bytes) -> None:
    assert wire == mutf7.encode(name)
    assert name == mutf7.decode(wire)


@pytest.mark.parametrize("wire", [b"a&b", b"&AP-", b"&!!-", b"&2D0-", b"a\xff"])
def test_what_is_not_in_the_encoding(wire: bytes) -> None:
    with pytest.raises(ValueError):
        mutf7.decode(wire)


def test_raw_utf8_is_taken_as_such() -> None:
    assert "Entwürfe" == mutf7.decode("Entwürfe".encode())
