"""LIST and LSUB (RFC 9051 §6.3.9, RFC 5258)."""

from typing import Any

import pytest
from tests.harness.imap_command import parse, refused

from mailstead.protocol.imap.command.list import List


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'LIST "" %', List("", ("%",))),
        (b'LSUB "" a*', List("", ("a*",), lsub=True)),
        (b'LIST (SUBSCRIBED) "" (a b) RETURN (CHILDREN STATUS (MESSAGES))',
         List("", ("a", "b"), frozenset({"SUBSCRIBED"}), frozenset({"CHILDREN"}), ("MESSAGES",), extended=True)),
    ],
)  # fmt: skip
def test_reads(text: bytes, expected: Any) -> None:
    assert expected == parse(text)


def test_refuses() -> None:
    refused(b"LIST a", b'LIST "" a RETURN', b'LIST "" a BOGUS (X)')


def test_bounds() -> None:
    refused(
        b'LIST "" (' + b" ".join(b"x%d" % n for n in range(21)) + b")", b'LIST "" ' + b"x" * 1001, b'LIST "" ' + b"a*" * 21,
    )  # fmt: skip
