"""MYRIGHTS (RFC 4314 §3)."""

from tests.harness.imap_command import parse, refused

from mailstead.protocol.imap.command.myrights import MyRights


def test_reads() -> None:
    assert MyRights("a b") == parse(b'MYRIGHTS "a b"')


def test_refuses() -> None:
    refused(b"MYRIGHTS", b"MYRIGHTS a b")
