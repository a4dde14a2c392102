"""COPY and MOVE (RFC 9051 §6.4.7-8)."""

from typing import Any

import pytest
from tests.harness.imap_command import ONE, parse, refused

from mailstead.protocol.imap.command.copy import Copy
from mailstead.protocol.imap.tokens import SAVED


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"COPY 1 a", Copy(ONE, "a", uid=False, move=False)),
        (b"UID MOVE $ a", Copy(SAVED, "a", uid=True, move=True)),
    ],
)  # fmt: skip
def test_reads(text: bytes, expected: Any) -> None:
    assert expected == parse(text)


def test_refuses() -> None:
    refused(b"COPY 1", b"COPY a b")
