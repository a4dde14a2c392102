"""SUBSCRIBE and UNSUBSCRIBE (RFC 9051 §6.3.7, §6.3.8)."""

from dataclasses import dataclass

from mailstead.protocol.imap.tokens import Reader


@dataclass(frozen=True, slots=True)
class Subscribe:
    """``subscribed`` False: UNSUBSCRIBE."""

    mailbox: str
    subscribed: bool


def parse(reader: Reader, name: str) -> Subscribe:
    """``SUBSCRIBE mailbox``."""
    reader.space()
    mailbox = reader.mailbox()
    reader.end()
    return Subscribe(mailbox, name == "SUBSCRIBE")
