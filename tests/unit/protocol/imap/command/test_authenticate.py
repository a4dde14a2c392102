"""AUTHENTICATE (RFC 9051 §6.2.2, RFC 4959)."""

from typing import Any

import pytest
from tests.harness.imap_command import parse, refused

from mailstead.protocol.imap.command.authenticate import Authenticate


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"AUTHENTICATE plain", Authenticate("PLAIN")),
        (b"AUTHENTICATE PLAIN =", Authenticate("PLAIN", b"")),
        (b"AUTHENTICATE PLAIN AGEAYg==", Authenticate("PLAIN", b"\0a\0b")),
    ],
)  # fmt: skip
def test_reads(text: bytes, expected: Any) -> None:
    assert expected == parse(text)


def test_refuses() -> None:
    refused(b"AUTHENTICATE", b"AUTHENTICATE PLAIN !!!")
