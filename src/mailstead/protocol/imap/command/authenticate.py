"""AUTHENTICATE, with an initial response (RFC 9051 §6.2.2, RFC 4959 §3)."""

import binascii
from dataclasses import dataclass, field

from mailstead.model.errors import Violation
from mailstead.protocol.imap.tokens import Reader


@dataclass(frozen=True, slots=True)
class Authenticate:
    """``mechanism`` in upper case; ``initial`` decoded, None where there was none."""

    mechanism: str
    initial: bytes | None = field(default=None, repr=False)


def parse(reader: Reader, _name: str) -> Authenticate:
    """``AUTHENTICATE mechanism [initial]``; ``=`` is an empty response."""
    reader.space()
    mechanism = reader.text().upper()
    initial = None
    if reader.more():
        word = reader.astring() if reader.peek() in b'{"' else reader.octets[reader.at :].rstrip(b" ")
        initial = b"" if word == b"=" else decode(word)
    return Authenticate(mechanism, initial)


def decode(line: bytes) -> bytes:
    """A base64 response line."""
    try:
        return binascii.a2b_base64(line, strict_mode=True) if line else b""
    except binascii.Error:
        raise Violation("The response is not base64") from None
