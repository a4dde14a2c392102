"""Commands without arguments: CAPABILITY, NOOP, LOGOUT, STARTTLS, NAMESPACE, GETJMAPACCESS, IDLE, CHECK, CLOSE, UNSELECT, EXPUNGE."""

from dataclasses import dataclass

from mailstead.protocol.imap.tokens import Reader


@dataclass(frozen=True, slots=True)
class Bare:
    """The command's name says it all."""

    name: str


def parse(reader: Reader, name: str) -> Bare:
    """Nothing may follow."""
    reader.end()
    return Bare(name)
