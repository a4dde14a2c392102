"""xtext: printable ASCII in which ``+HH`` stands for any octet (RFC 3461 §4)."""

import re
from typing import Final

from mailstead.mime import unitext
from mailstead.model.errors import Violation

_XTEXT: Final = re.compile(rb"(?:[\x21-\x2a\x2c-\x3c\x3e-\x7e]|\+[0-9A-F]{2})*")
_HEX: Final = re.compile(rb"\+([0-9A-F]{2})")
CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""What may not be written into a notice."""
_UNICODE: Final = re.compile(r"(?:[\x21-\x2a\x2c-\x3c\x3e-\x5b\x5d-\x7e\x80-\U0010ffff]|\\x\{[0-9A-Fa-f]{1,6}\}|\+[0-9A-F]{2})*")
_PLUS: Final = re.compile(r"(?:\+[0-9A-F]{2})+")
_UNSAFE: Final = re.compile(rb"[^\x21-\x2a\x2c-\x3c\x3e-\x7e]")


def decode(octets: bytes) -> str:
    """The text; UTF-8 inside is taken (RFC 6533 §3 allows it in addresses), control characters are not (RFC 3461 §4.2, §4.4:
    printable): it is written into notices. Raises ``Violation``."""
    if not _XTEXT.fullmatch(octets):
        raise Violation("That parameter is not xtext")
    text = _HEX.sub(lambda found: bytes.fromhex(found[1].decode()), octets).decode("utf-8", "replace")
    if CONTROL.search(text):
        raise Violation("That parameter holds control characters")
    return text


def encode(text: str) -> str:
    """``text`` as xtext."""
    return _UNSAFE.sub(lambda found: b"+%02X" % found[0][0], text.encode()).decode("ascii")


def decode_address(kind: str, octets: bytes) -> str:
    """An original recipient's address by its type (RFC 3461 §4.2); of the type ``utf-8`` in any of its forms (RFC 6533 §3). Raises ``Violation``."""
    if kind.lower() != unitext.TYPE:
        return decode(octets)
    try:
        text = octets.decode("utf-8")
        if not _UNICODE.fullmatch(text):
            raise Violation("That address is not written as RFC 6533 has it")
        text = unitext.unescaped(_PLUS.sub(lambda found: bytes.fromhex(found[0].replace("+", "")).decode("utf-8"), text))
    except ValueError:
        raise Violation("That address is not UTF-8") from None
    if CONTROL.search(text):
        raise Violation("That parameter holds control characters")
    return text


def encode_address(kind: str, text: str, *, is_ascii: bool) -> str:
    """``text`` as an address of this type. ``is_ascii``: where nobody speaks SMTPUTF8."""
    return unitext.escaped(text, is_ascii=is_ascii) if kind.lower() == unitext.TYPE else encode(text)
