"""Tag lists: ``name=value; name=value`` (RFC 6376 §3.2), as signatures, keys and policies are written.

A list with a tag twice means nothing (§3.2), so it is malformed; so is one with more than ``limits.MAILAUTH_TAGS`` tags.
"""

import re
from typing import Final

from mailstead.model import limits

_NAME: Final = re.compile(rb"[A-Za-z][A-Za-z0-9_]*")
_BLANKS: Final = b" \t\r\n"
_FWS: Final = re.compile(rb"[ \t\r\n]+")


class Malformed(ValueError):  # noqa: N818 - a fact about octets, not an error of ours
    """The octets do not follow their grammar; the text says where."""


def parse(value: bytes) -> dict[str, bytes]:
    """Names (case as written, RFC 6376 §3.2) to values, blanks around them removed. Raises ``Malformed``."""
    found: dict[str, bytes] = {}
    pieces = value.split(b";", limits.MAILAUTH_TAGS + 1)
    if len(pieces) > limits.MAILAUTH_TAGS:
        raise Malformed("too many tags")
    for number, piece in enumerate(pieces):
        if not piece.strip(_BLANKS):
            if number == len(pieces) - 1:
                continue  # the last semicolon ends the list
            raise Malformed("an empty tag")
        name, equals, text = piece.partition(b"=")
        name = name.strip(_BLANKS)
        if not equals or _NAME.fullmatch(name) is None:
            raise Malformed("a tag without name or value")
        word = name.decode("ascii")
        if word in found:
            raise Malformed(f"tag {word} twice")
        found[word] = text.strip(_BLANKS)
    return found


def compact(value: bytes) -> bytes:
    """The value without any blanks or line ends: where they mean nothing (base64, lists of names)."""
    return _FWS.sub(b"", value)


def number(value: bytes, what: str) -> int:
    """A decimal number of at most 12 digits, as times are. Raises ``Malformed``."""
    if not value.isdigit() or len(value) > 12:  # noqa: PLR2004 - RFC 6376 §3.5: at least 12 digits must be read
        raise Malformed(f"{what} is not a number")
    return int(value)
