"""LISTRIGHTS (RFC 4314 §3.4)."""

import unicodedata
from dataclasses import dataclass

from mailstead.model import limits
from mailstead.model.errors import Violation
from mailstead.protocol.imap.tokens import Reader


@dataclass(frozen=True, slots=True)
class ListRights:
    """``identifier`` as it was written: the answer repeats it so."""

    mailbox: str
    identifier: str


def identifier(reader: Reader) -> str:
    """Somebody's name. Raises ``Violation`` for one that cannot be (RFC 4314 §3)."""
    found = reader.text()
    if not unicodedata.normalize("NFKC", found).strip() or len(found) > limits.LOGIN or any(ord(character) < 0x20 for character in found):  # noqa: PLR2004
        raise Violation("That is not an identifier")
    return found


def parse(reader: Reader, _name: str) -> ListRights:
    """``LISTRIGHTS mailbox identifier``."""
    reader.space()
    mailbox = reader.mailbox()
    reader.space()
    who = identifier(reader)
    reader.end()
    return ListRights(mailbox, who)
