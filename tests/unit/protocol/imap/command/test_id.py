"""ID (RFC 2971)."""

from typing import Any

import pytest
from tests.harness.imap_command import parse, refused

from mailstead.protocol.imap.command.id import Id


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"ID NIL", Id({})),
        (b'ID ("name" "x" "OS" NIL)', Id({"name": "x", "os": ""})),
    ],
)  # fmt: skip
def test_reads(text: bytes, expected: Any) -> None:
    assert expected == parse(text)


def test_refuses() -> None:
    refused(b"ID x", b'ID ("a")')


def test_bounds() -> None:
    refused(b"ID (" + b" ".join(b'"k%d" "v"' % n for n in range(31)) + b")", b'ID ("' + b"k" * 31 + b'" "v")')
