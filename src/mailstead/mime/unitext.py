"""Addresses of the type ``utf-8`` in notices and in ORCPT (RFC 6533 §3).

They have an escape of their own, ``\\x{HEX}`` for a character, and stand as they are where nothing on the way is bound to ASCII.
"""

import re
from typing import Final

TYPE: Final = "utf-8"
_POINT: Final = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")
_PLAIN: Final = re.compile(r"[\x21-\x2a\x2c-\x3c\x3e-\x5b\x5d-\x7e]")


def escaped(text: str, *, is_ascii: bool) -> str:
    """``text`` as such an address; ``is_ascii``: in characters that pass everywhere."""
    return "".join(c if _PLAIN.fullmatch(c) or (not is_ascii and c > "\x7f") else f"\\x{{{ord(c):02X}}}" for c in text)


def unescaped(text: str) -> str:
    """The address itself. Raises ``ValueError`` where an escape is no character."""

    def character(found: re.Match[str]) -> str:
        point = int(found[1], 16)
        if 0xD800 <= point < 0xE000:  # noqa: PLR2004 - surrogates
            raise ValueError("an escape that is no character")
        return chr(point)

    return _POINT.sub(character, text) if "\\x{" in text else text
