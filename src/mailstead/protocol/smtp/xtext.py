"""xtext: printable ASCII in which ``+HH`` stands for any octet (RFC 3461 §4)."""

import re
from typing import Final

from mailstead.model.errors import Violation

_XTEXT: Final = re.compile(rb"(?:[\x21-\x2a\x2c-\x3c\x3e-\x7e]|\+[0-9A-F]{2})*")
_HEX: Final = re.compile(rb"\+([0-9A-F]{2})")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_UNSAFE: Final = re.compile(rb"[^\x21-\x2a\x2c-\x3c\x3e-\x7e]")


def decode(octets: bytes) -> str:
    """The text; UTF-8 inside is taken (RFC 6533 §3 allows it in addresses), control characters are not (RFC 3461 §4.2, §4.4:
    printable): it is written into notices. Raises ``Violation``."""
    if not _XTEXT.fullmatch(octets):
        raise Violation("That parameter is not xtext")
    text = _HEX.sub(lambda found: bytes.fromhex(found[1].decode()), octets).decode("utf-8", "replace")
    if _CONTROL.search(text):
        raise Violation("That parameter holds control characters")
    return text


def encode(text: str) -> str:
    """``text`` as xtext."""
    return _UNSAFE.sub(lambda found: b"+%02X" % found[0][0], text.encode()).decode("ascii")
