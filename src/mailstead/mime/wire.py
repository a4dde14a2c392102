"""Strings as IMAP writes them, for what is stored in wire form.

Stored wire forms use quoted strings only, with UTF-8 inside where the message had it (RFC 9051 §4.3); a session that has
not agreed to UTF-8 gets ``to_ascii`` of it.
"""

import base64
import re
from typing import Any, Final

from mailstead.mime import decode

_QUOTED: Final = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_CHUNK_OCTETS: Final = 42
_PLAIN: Final = bytes(octet for octet in range(1, 128) if octet not in b'"\\\r\n')
"""What stands in a quoted string as it is."""


def nstring(octets: bytes | None) -> bytes:
    """A quoted string, or NIL. Octets that are not UTF-8 are repaired; CR, LF and NUL become blanks."""
    return b"NIL" if octets is None else string(octets)


def string(octets: bytes) -> bytes:
    """A quoted string."""
    if not octets.translate(None, _PLAIN):
        return b'"' + octets + b'"'
    if not octets.isascii():
        octets = decode.charset(octets, "").encode("utf-8", "replace")
    if b'"' in octets or b"\\" in octets:
        octets = octets.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    if b"\r" in octets or b"\n" in octets or b"\0" in octets:
        octets = octets.translate(_TO_BLANK)
    return b'"' + octets + b'"'


def strings(wire: bytes) -> list[Any]:
    """A stored wire form read back: lists as lists, strings as octets without quotes, NIL as None. Bounded by what we wrote."""
    stack: list[list[Any]] = [[]]
    for match in _TOKEN.finditer(wire):
        quoted, token = match[1], match[2]
        if quoted is not None:
            stack[-1].append(_ESCAPED.sub(rb"\1", quoted) if b"\\" in quoted else quoted)
        elif token == b"(":
            stack.append([])
        elif token == b")":
            if len(stack) > 1:
                done = stack.pop()
                stack[-1].append(done)
        else:
            stack[-1].append(None if token == b"NIL" else token)
    return stack[0][0] if stack[0] and isinstance(stack[0][0], list) else []


_TOKEN: Final = re.compile(rb'"((?:[^"\\]|\\.)*)"|([()]|[^ ()"]+)', re.DOTALL)
_ESCAPED: Final = re.compile(rb"\\(.)", re.DOTALL)
_TO_BLANK: Final = bytes(0x20 if octet in {0, 10, 13} else octet for octet in range(256))


def to_ascii(wire: bytes) -> bytes:
    """The same wire form with every string that holds UTF-8 turned into encoded words (RFC 2047 §2)."""
    return wire if wire.isascii() else _QUOTED.sub(_encode, wire)


def _encode(match: re.Match[bytes]) -> bytes:
    quoted = match[0]
    if quoted.isascii():
        return quoted
    return b'"' + encoded_words(re.sub(rb"\\(.)", rb"\1", quoted[1:-1], flags=re.DOTALL).decode("utf-8", "replace")) + b'"'


def encoded_words(text: str) -> bytes:
    """``text`` as one or more encoded words in UTF-8, none longer than 75 octets (RFC 2047 §2, §5)."""
    words: list[bytes] = []
    chunk = b""
    for character in text:
        octets = character.encode("utf-8", "replace")
        if len(chunk) + len(octets) > _CHUNK_OCTETS:
            words.append(chunk)
            chunk = b""
        chunk += octets
    words.append(chunk)
    return b" ".join(b"=?utf-8?B?" + base64.b64encode(word) + b"?=" for word in words)
