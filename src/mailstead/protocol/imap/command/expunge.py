"""UID EXPUNGE (RFC 9051 §6.4.9, RFC 4315 §2.1); plain EXPUNGE has no arguments."""

from dataclasses import dataclass

from mailstead.protocol.imap.tokens import Reader, Sequence


@dataclass(frozen=True, slots=True)
class Expunge:
    """``messages`` None: all that are marked."""

    messages: Sequence | None


def parse(reader: Reader, name: str) -> Expunge:
    """``EXPUNGE`` or ``UID EXPUNGE set``."""
    if name == "EXPUNGE":
        reader.end()
        return Expunge(None)
    reader.space()
    messages = reader.sequence()
    reader.end()
    return Expunge(messages)
