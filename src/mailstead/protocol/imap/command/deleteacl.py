"""DELETEACL (RFC 4314 §3.2)."""

from dataclasses import dataclass

from mailstead.protocol.imap.command.listrights import identifier
from mailstead.protocol.imap.tokens import Reader


@dataclass(frozen=True, slots=True)
class DeleteAcl:
    mailbox: str
    identifier: str


def parse(reader: Reader, _name: str) -> DeleteAcl:
    """``DELETEACL mailbox identifier``."""
    reader.space()
    mailbox = reader.mailbox()
    reader.space()
    who = identifier(reader)
    reader.end()
    return DeleteAcl(mailbox, who)
