"""DELETE (RFC 9051 §6.3.5)."""

from typing import Any

import pytest
from tests.harness.imap_command import parse, refused

from mailstead.protocol.imap.command.delete import Delete


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"DELETE x", Delete("x")),
        (b'DELETE "a b"', Delete("a b")),
    ],
)  # fmt: skip
def test_reads(text: bytes, expected: Any) -> None:
    assert expected == parse(text)


def test_refuses() -> None:
    refused(b"DELETE", b"DELETE a b")
