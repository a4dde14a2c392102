"""CREATE, with a special use (RFC 9051 §6.3.4, RFC 6154 §3)."""

from dataclasses import dataclass

from mailstead.model.errors import Violation
from mailstead.protocol.imap.tokens import Reader


@dataclass(frozen=True, slots=True)
class Create:
    """``uses``: attributes such as ``\\sent``, in lower case."""

    mailbox: str
    uses: tuple[str, ...] = ()


def parse(reader: Reader, _name: str) -> Create:
    """``CREATE mailbox [(USE (attribute …))]``."""
    reader.space()
    mailbox = reader.mailbox()
    uses: list[str] = []
    if reader.more():
        reader.expect(b"(")
        if reader.word() != "USE":
            raise Violation("That parameter is not known here")
        reader.space()
        uses = sorted(use.lower() for use in reader.flags())
        reader.expect(b")")
        reader.end()
    return Create(mailbox, tuple(uses))
