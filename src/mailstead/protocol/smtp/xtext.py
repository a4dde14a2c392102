"""xtext: printable ASCII in which ``+HH`` stands for any octet (RFC 3461 §4)."""

import re
from typing import Final

from mailstead.model.errors import Violation

_XTEXT: Final = re.compile(rb"(?:[\x21-\x2a\x2c-\x3c\x3e-\x7e]|\+[0-9A-F]{2})*")
_HEX: Final = re.compile(rb"\+([0-9A-F]{2})")
_UNSAFE: Final = re.compile(rb"[^\x21-\x2a\x2c-\x3c\x3e-\x7e]")


def decode(octets: bytes) -> str:
    """The text; UTF-8 inside is taken (RFC 6533 §3 allows it in addresses). Raises ``Violation``."""
    if not _XTEXT.fullmatch(octets):
        raise Violation("That parameter is not xtext")
    return _HEX.sub(lambda found: bytes.fromhex(found[1].decode()), octets).decode("utf-8", "replace")


def encode(text: str) -> str:
    """``text`` as xtext."""
    return _UNSAFE.sub(lambda found: b"+%02X" % found[0][0], text.encode()).decode("ascii")
