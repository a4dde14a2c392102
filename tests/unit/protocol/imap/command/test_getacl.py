"""GETACL (RFC 4314 §3)."""

from tests.harness.imap_command import parse, refused

from mailstead.protocol.imap.command.getacl import GetAcl


def test_reads() -> None:
    assert GetAcl("a b") == parse(b'GETACL "a b"')


def test_refuses() -> None:
    refused(b"GETACL", b"GETACL a b")
