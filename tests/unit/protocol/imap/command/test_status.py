"""STATUS (RFC 9051 §6.3.11)."""

from typing import Any

import pytest
from tests.harness.imap_command import parse, refused

from mailstead.protocol.imap.command.status import Status


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"STATUS a ( messages  UNSEEN )", Status("a", ("MESSAGES", "UNSEEN"))),
        (b'STATUS "a b" (uidnext)', Status("a b", ("UIDNEXT",))),
    ],
)  # fmt: skip
def test_reads(text: bytes, expected: Any) -> None:
    assert expected == parse(text)


def test_refuses() -> None:
    refused(b"STATUS a", b"STATUS a (BOGUS)", b"STATUS a (MESSAGES")
