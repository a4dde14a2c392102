"""APPEND's head: what stands before a message's octets (RFC 9051 §6.3.12, RFC 3502, RFC 6855 §4)."""

import pytest

from mailstead.model.errors import Violation
from mailstead.protocol.imap.command.append import Head, head, names_mailbox


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"APPEND a {5}", Head("a", frozenset(), None, False, False)),
        (b"append INBOX (\\Seen x) {5+}", Head("INBOX", frozenset({"\\Seen", "x"}), None, False, False)),
        (b'APPEND a " 2-Jan-1970 00:00:00 +0000" {5}', Head("a", frozenset(), 86_400_000, False, False)),
        (b'APPEND a (x) "02-Jan-1970 01:00:00 +0100" ~{5}', Head("a", frozenset({"x"}), 86_400_000, True, False)),
        (b"APPEND a UTF8 (~{5+}", Head("a", frozenset(), None, True, True)),
    ],
)  # fmt: skip
def test_reads(text: bytes, expected: Head) -> None:
    assert expected == head(text, is_first=True, utf8=False)


def test_a_second_message_has_no_mailbox() -> None:
    assert Head("", frozenset({"x"}), None, False, False) == head(b" (x) {5}", is_first=False, utf8=False)


@pytest.mark.parametrize("text", [
    b"APPEND {5}", b"APPEND a(x) {5}", b"APPEND a (x {5}", b"APPEND a x {5}", b'APPEND a "yesterday" {5}', b"APPEND a UTF8 {5}", b"APPEND a (x) (y) {5}"])
def test_refuses(text: bytes) -> None:
    with pytest.raises(Violation):
        head(text, is_first=True, utf8=False)


def test_a_literal_may_be_the_mailbox() -> None:
    assert names_mailbox(b"APPEND {5}")
    assert not names_mailbox(b"APPEND a {5}")
    assert not names_mailbox(b"APPEND a (x) ~{5}")
