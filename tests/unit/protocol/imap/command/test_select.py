"""SELECT and EXAMINE, with CONDSTORE and QRESYNC (RFC 9051 §6.3.2, RFC 7162)."""

from typing import Any

import pytest
from tests.harness.imap_command import parse, refused

from mailstead.model.uids import UidSet
from mailstead.protocol.imap.command.select import Resync, Select


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"SELECT INBOX", Select("INBOX", read_only=False)),
        (b"EXAMINE a (CONDSTORE)", Select("a", read_only=True, condstore=True)),
        (b"SELECT a (QRESYNC (1 20))", Select("a", read_only=False, resync=Resync(1, 20))),
        (b"SELECT a (QRESYNC (1 20 1:9))", Select("a", read_only=False, resync=Resync(1, 20, UidSet(((1, 9),))))),
        (
            b"SELECT a (QRESYNC (1 20 1:9 (1,3 4,6)) CONDSTORE)",
            Select("a", read_only=False, condstore=True,
                   resync=Resync(1, 20, UidSet(((1, 9),)), UidSet(((1, 1), (3, 3))), UidSet(((4, 4), (6, 6))))),
        ),
    ],
)  # fmt: skip
def test_reads(text: bytes, expected: Any) -> None:
    assert expected == parse(text)


def test_refuses() -> None:
    refused(b"SELECT", b"SELECT a (BOGUS)", b"SELECT a (QRESYNC (0 1))", b"SELECT a (QRESYNC (1 1 1:*))", b"SELECT a (QRESYNC (1 1 1:3 (1:2 1)))")
