"""STATUS (RFC 9051 §6.3.11, RFC 7162 §3.1.7, RFC 8438, RFC 7889 §4, RFC 8474 §4.3)."""

from dataclasses import dataclass
from typing import Final

from mailstead.model.errors import Violation
from mailstead.protocol.imap.tokens import Reader

ITEMS: Final = frozenset({
    "MESSAGES", "RECENT", "UIDNEXT", "UIDVALIDITY", "UNSEEN", "DELETED", "SIZE", "HIGHESTMODSEQ", "APPENDLIMIT",
    "MAILBOXID",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Status:
    """``items`` in the order asked for, each once."""

    mailbox: str
    items: tuple[str, ...]


def parse(reader: Reader, _name: str) -> Status:
    """``STATUS mailbox (item …)``."""
    reader.space()
    mailbox = reader.mailbox()
    reader.space()
    found = items(reader)
    reader.end()
    return Status(mailbox, found)


def items(reader: Reader) -> tuple[str, ...]:
    """``(item …)``."""
    found: dict[str, None] = {}
    for _ in reader.listed():
        item = reader.word()
        if item not in ITEMS:
            raise Violation("That status item is not known here")
        found[item] = None
    return tuple(found)
