"""LOGIN (RFC 9051 §6.2.3)."""

from typing import Any

import pytest
from tests.harness.imap_command import parse, refused

from mailstead.model import limits
from mailstead.protocol.imap.command.login import Login


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'login "a b" c', Login("a b", "c")),
        (b"LOGIN a \"\"", Login("a", "")),
    ],
)  # fmt: skip
def test_reads(text: bytes, expected: Any) -> None:
    assert expected == parse(text)


def test_refuses() -> None:
    refused(b"LOGIN a", b"LOGIN a b c")


def test_bounds() -> None:
    assert parse(b"LOGIN " + b"u" * limits.LOGIN + b" " + b"p" * limits.PASSWORD)
    refused(b"LOGIN " + b"u" * (limits.LOGIN + 1) + b" p", b"LOGIN u " + b"p" * (limits.PASSWORD + 1))
