"""STORE (RFC 9051 §6.4.6, RFC 7162)."""

from typing import Any

import pytest
from tests.harness.imap_command import ONE, parse, refused

from mailstead.model import limits
from mailstead.protocol.imap.command.store import Store


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"STORE 1 +FLAGS (\\Seen)", Store(ONE, uid=False, action="+", silent=False, flags=frozenset({"\\Seen"}))),
        (b"STORE 1 -flags.silent a b", Store(ONE, uid=False, action="-", silent=True, flags=frozenset({"a", "b"}))),
        (b"UID STORE 1 (UNCHANGEDSINCE 0) FLAGS ()",
         Store(ONE, uid=True, action="", silent=False, flags=frozenset(), unchanged_since=0)),
    ],
)  # fmt: skip
def test_reads(text: bytes, expected: Any) -> None:
    assert expected == parse(text)


def test_refuses() -> None:
    refused(b"STORE 1 FLAGS", b"STORE 1 BOGUS (a)", b"STORE 1 (BOGUS 1) FLAGS (a)")


def test_bounds() -> None:
    assert parse(b"STORE 1 FLAGS " + b" ".join(b"k%d" % n for n in range(limits.KEYWORDS)))
    refused(b"STORE 1 FLAGS " + b" ".join(b"k%d" % n for n in range(limits.KEYWORDS + 1)))
