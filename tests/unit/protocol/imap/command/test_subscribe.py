"""SUBSCRIBE and UNSUBSCRIBE (RFC 9051 §6.3.7-8)."""

from typing import Any

import pytest
from tests.harness.imap_command import parse, refused

from mailstead.protocol.imap.command.subscribe import Subscribe


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"SUBSCRIBE a", Subscribe("a", subscribed=True)),
        (b"UNSUBSCRIBE a", Subscribe("a", subscribed=False)),
    ],
)  # fmt: skip
def test_reads(text: bytes, expected: Any) -> None:
    assert expected == parse(text)


def test_refuses() -> None:
    refused(b"SUBSCRIBE", b"UNSUBSCRIBE a b")
