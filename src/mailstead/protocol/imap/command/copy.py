"""COPY and MOVE, by number or UID (RFC 9051 §6.4.7, §6.4.8)."""

from dataclasses import dataclass

from mailstead.protocol.imap.tokens import Reader, Sequence


@dataclass(frozen=True, slots=True)
class Copy:
    """``move``: MOVE. ``uid``: the set holds UIDs."""

    messages: Sequence
    mailbox: str
    uid: bool
    move: bool


def parse(reader: Reader, name: str) -> Copy:
    """``COPY set mailbox``."""
    reader.space()
    messages = reader.sequence()
    reader.space()
    mailbox = reader.mailbox()
    reader.end()
    return Copy(messages, mailbox, name.startswith("UID "), name.endswith("MOVE"))
