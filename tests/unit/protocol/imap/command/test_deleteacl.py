"""DELETEACL (RFC 4314 §3.2)."""

from tests.harness.imap_command import parse, refused

from mailstead.protocol.imap.command.deleteacl import DeleteAcl


def test_reads() -> None:
    assert DeleteAcl("x", "bob@example.test") == parse(b"DELETEACL x bob@example.test")


def test_refuses() -> None:
    refused(b"DELETEACL x", b'DELETEACL x ""', b"DELETEACL x bob y")
