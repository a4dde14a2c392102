"""CREATE, with a role (RFC 9051 §6.3.4, RFC 6154)."""

from typing import Any

import pytest
from tests.harness.imap_command import parse, refused

from mailstead.protocol.imap.command.create import Create


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"CREATE x", Create("x")),
        (b"CREATE x (USE (\\Sent))", Create("x", ("\\sent",))),
    ],
)  # fmt: skip
def test_reads(text: bytes, expected: Any) -> None:
    assert expected == parse(text)


def test_refuses() -> None:
    refused(b"CREATE a (BOGUS)")
