"""Names and passwords as they travel in SASL: UTF-8, bounded, normalised (RFC 4013 says NFKC; RFC 8265 keeps it)."""

import unicodedata

from mailstead.model import limits
from mailstead.model.errors import Violation


def name(octets: bytes) -> str:
    """A login or authorization identity."""
    return _text(octets, limits.LOGIN)


def password(octets: bytes) -> str:
    """A password; never empty."""
    text = _text(octets, limits.PASSWORD)
    if not text:
        raise Violation("The password is empty")
    return text


def prepared(text: str) -> str:
    """The form in which passwords are hashed, wherever they come from."""
    return unicodedata.normalize("NFKC", text)


def _text(octets: bytes, most: int) -> str:
    if len(octets) > most:
        raise Violation("The name or password is too long")
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        raise Violation("The name or password is not UTF-8") from None
    if "\0" in text:
        raise Violation("The name or password holds a NUL")
    return prepared(text)
