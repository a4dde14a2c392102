"""MYRIGHTS (RFC 4314 §3.5)."""

from dataclasses import dataclass

from mailstead.protocol.imap.tokens import Reader


@dataclass(frozen=True, slots=True)
class MyRights:
    mailbox: str


def parse(reader: Reader, _name: str) -> MyRights:
    """``MYRIGHTS mailbox``."""
    reader.space()
    mailbox = reader.mailbox()
    reader.end()
    return MyRights(mailbox)
