"""GETACL (RFC 4314 §3.3)."""

from dataclasses import dataclass

from mailstead.protocol.imap.tokens import Reader


@dataclass(frozen=True, slots=True)
class GetAcl:
    mailbox: str


def parse(reader: Reader, _name: str) -> GetAcl:
    """``GETACL mailbox``."""
    reader.space()
    mailbox = reader.mailbox()
    reader.end()
    return GetAcl(mailbox)
