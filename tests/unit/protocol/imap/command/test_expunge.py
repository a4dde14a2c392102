"""EXPUNGE and UID EXPUNGE (RFC 9051 §6.4.3, §6.4.9)."""

from typing import Any

import pytest
from tests.harness.imap_command import ONE, parse, refused

from mailstead.protocol.imap.command.expunge import Expunge


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"EXPUNGE", Expunge(None)),
        (b"UID EXPUNGE 1", Expunge(ONE)),
    ],
)  # fmt: skip
def test_reads(text: bytes, expected: Any) -> None:
    assert expected == parse(text)


def test_refuses() -> None:
    refused(b"UID EXPUNGE", b"EXPUNGE 1")
