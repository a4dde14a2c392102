"""RENAME (RFC 9051 §6.3.6)."""

from typing import Any

import pytest
from tests.harness.imap_command import parse, refused

from mailstead.protocol.imap.command.rename import Rename


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"RENAME a b", Rename("a", "b")),
        (b'RENAME INBOX "a b"', Rename("INBOX", "a b")),
    ],
)  # fmt: skip
def test_reads(text: bytes, expected: Any) -> None:
    assert expected == parse(text)


def test_refuses() -> None:
    refused(b"RENAME a", b"RENAME a b c")
