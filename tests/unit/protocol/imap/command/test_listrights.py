"""LISTRIGHTS (RFC 4314 §3.4)."""

from tests.harness.imap_command import parse, refused

from mailstead.protocol.imap.command.listrights import ListRights


def test_reads() -> None:
    assert ListRights("x", "Bob@example.test") == parse(b'LISTRIGHTS x "Bob@example.test"')


def test_refuses() -> None:
    refused(b"LISTRIGHTS x", b'LISTRIGHTS x " "', b"LISTRIGHTS x bob y", b"LISTRIGHTS x " + b"b" * 400)
