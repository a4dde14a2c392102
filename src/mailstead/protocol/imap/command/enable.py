"""ENABLE (RFC 9051 §6.3.1, RFC 5161)."""

from dataclasses import dataclass

from mailstead.protocol.imap.tokens import Reader


@dataclass(frozen=True, slots=True)
class Enable:
    """Capability names in upper case, as asked for."""

    names: tuple[str, ...]


def parse(reader: Reader, _name: str) -> Enable:
    """``ENABLE capability …``."""
    reader.space()
    names = [reader.word()]
    while reader.more():
        names.append(reader.word())
    return Enable(tuple(names))
