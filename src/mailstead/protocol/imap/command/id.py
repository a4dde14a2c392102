"""ID (RFC 2971 §3)."""

from dataclasses import dataclass
from typing import Final

from mailstead.model.errors import Violation
from mailstead.protocol.imap.tokens import Reader

_FIELDS: Final = 30
_NAME: Final = 30
_VALUE: Final = 1024


@dataclass(frozen=True, slots=True)
class Id:
    """What the client says of itself."""

    fields: dict[str, str]


def parse(reader: Reader, _name: str) -> Id:
    """``ID NIL`` or ``ID ("name" "value" …)``; RFC 2971 §3.3 bounds them."""
    reader.space()
    fields: dict[str, str] = {}
    if not reader.take(b"("):
        if reader.nstring() is not None:
            raise Violation("Expected a list")
        reader.end()
        return Id(fields)
    while not reader.take(b")"):
        if fields:
            reader.space()
        name = reader.string()
        reader.space()
        value = reader.nstring()
        if len(name) > _NAME or len(value or b"") > _VALUE or len(fields) >= _FIELDS:
            raise Violation("That is more than ID may hold")
        fields[name.decode("utf-8", "replace").lower()] = (value or b"").decode("utf-8", "replace")
    reader.end()
    return Id(fields)
