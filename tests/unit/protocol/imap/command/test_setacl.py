"""SETACL (RFC 4314 §3.1)."""

from typing import Any

import pytest
from tests.harness.imap_command import parse, refused

from mailstead.model.sharing import ALL, NONE, Right
from mailstead.protocol.imap.command.setacl import SetAcl


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"SETACL x bob lr", SetAcl("x", "bob", "", Right.READ)),
        (b"SETACL x bob +s", SetAcl("x", "bob", "+", Right.SEEN)),
        (b"SETACL x bob -te", SetAcl("x", "bob", "-", Right.REMOVE)),
        (b'SETACL "x y" bob ""', SetAcl("x y", "bob", "", NONE)),
        (b"SETACL x bob lrswipkxtea", SetAcl("x", "bob", "", ALL)),
    ],
)  # fmt: skip
def test_reads(text: bytes, expected: Any) -> None:
    assert expected == parse(text)


def test_refuses() -> None:
    refused(b"SETACL x bob", b"SETACL x bob lrQ", b"SETACL x bob lrq", b"SETACL x bob lr more", b'SETACL x "" lr')
