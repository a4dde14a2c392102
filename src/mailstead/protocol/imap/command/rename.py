"""RENAME (RFC 9051 §6.3.6)."""

from dataclasses import dataclass

from mailstead.protocol.imap.tokens import Reader


@dataclass(frozen=True, slots=True)
class Rename:
    """Names as sent."""

    old: str
    new: str


def parse(reader: Reader, _name: str) -> Rename:
    """``RENAME old new``."""
    reader.space()
    old = reader.mailbox()
    reader.space()
    new = reader.mailbox()
    reader.end()
    return Rename(old, new)
