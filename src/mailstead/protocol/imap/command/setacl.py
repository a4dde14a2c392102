"""SETACL (RFC 4314 §3.1)."""

from dataclasses import dataclass

from mailstead.model.sharing import Right
from mailstead.protocol.imap import rights
from mailstead.protocol.imap.command.listrights import identifier
from mailstead.protocol.imap.tokens import Reader


@dataclass(frozen=True, slots=True)
class SetAcl:
    """``action``: ``+`` gives ``rights``, ``-`` takes them, "" gives them in place of what was there."""

    mailbox: str
    identifier: str
    action: str
    rights: Right


def parse(reader: Reader, _name: str) -> SetAcl:
    """``SETACL mailbox identifier [+|-]rights``."""
    reader.space()
    mailbox = reader.mailbox()
    reader.space()
    who = identifier(reader)
    reader.space()
    action, found = rights.read(reader.text())
    reader.end()
    return SetAcl(mailbox, who, action, found)
