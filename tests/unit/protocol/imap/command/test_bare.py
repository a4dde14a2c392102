"""Commands without arguments."""

from typing import Any

import pytest
from tests.harness.imap_command import parse, refused

from mailstead.protocol.imap.command.bare import Bare


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"noop", Bare("NOOP")),
        (b"IDLE ", Bare("IDLE")),
        (b"capability", Bare("CAPABILITY")),
        (b"UNSELECT", Bare("UNSELECT")),
    ],
)  # fmt: skip
def test_reads(text: bytes, expected: Any) -> None:
    assert expected == parse(text)


def test_refuses() -> None:
    refused(b"UID NOOP", b"NOOP x", b"CHECK (", b"BOGUS")
