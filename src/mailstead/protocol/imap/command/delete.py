"""DELETE (RFC 9051 §6.3.5)."""

from dataclasses import dataclass

from mailstead.protocol.imap.tokens import Reader


@dataclass(frozen=True, slots=True)
class Delete:
    """The name as sent."""

    mailbox: str


def parse(reader: Reader, _name: str) -> Delete:
    """``DELETE mailbox``."""
    reader.space()
    mailbox = reader.mailbox()
    reader.end()
    return Delete(mailbox)
