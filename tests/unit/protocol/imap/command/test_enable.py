"""ENABLE (RFC 9051 §6.3.1)."""

from typing import Any

import pytest
from tests.harness.imap_command import parse, refused

from mailstead.protocol.imap.command.enable import Enable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"ENABLE condstore X", Enable(("CONDSTORE", "X"))),
        (b"ENABLE UTF8=ACCEPT", Enable(("UTF8=ACCEPT",))),
    ],
)  # fmt: skip
def test_reads(text: bytes, expected: Any) -> None:
    assert expected == parse(text)


def test_refuses() -> None:
    refused(b"ENABLE")
