"""The parameters of a structured field (RFC 2045 §5.1), as they stand and as people read them (RFC 2231)."""

import re
import unicodedata
from typing import Final

from mailstead.mime import decode, header, structure
from mailstead.model import limits

COMMENT: Final = re.compile(rb"\([^()]*\)")
"""Where a structured field allows one; those within one another stay."""
_PARAMETER: Final = re.compile(rb"""[\s;]*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"?|([^\s;]*))""", re.DOTALL)
_ESCAPED: Final = re.compile(rb"%([0-9A-Fa-f]{2})")


def pairs(value: bytes, at: int) -> structure.Parameters:
    """``;name=value`` pairs, names in lower case, values unquoted, RFC 2231 forms as they stand."""
    found: structure.Parameters = []
    at = value.find(b";", max(at, 0))
    if at < 0:
        return found
    if b"(" in value and b'"' not in value:
        value = COMMENT.sub(b"", value)
        at = max(value.find(b";"), 0)
    while len(found) < limits.MIME_PARAMETERS:
        match = _PARAMETER.match(value, at)
        if match is None:
            at = value.find(b";", at + 1)
            if at < 0:
                break
            continue
        quoted = match[2]
        if quoted is not None and b"\\" in quoted:
            quoted = re.sub(rb"\\(.)", rb"\1", quoted, flags=re.DOTALL)
        found.append((match[1].lower(), match[3] if quoted is None else quoted))
        at = value.find(b";", match.end())
        if at < 0:
            break
    return found


def decoded(value: bytes | None, name: bytes) -> str | None:
    """The parameter ``name`` (lower-case) of a field's raw value, such as a file's name; None: there is none, or it is empty. Continuations and charsets
    of RFC 2231 §3 and §4, RFC 2047's encoded words where people put them."""
    if value is None:
        return None
    pieces: dict[int, tuple[bytes, bool]] = {}
    for key, octets in pairs(header.unfold(value), 0):
        base, star, rest = key.partition(b"*")
        if base != name:
            continue
        if not star:
            pieces.setdefault(-1, (octets, False))
            continue
        number, _, _ = rest.partition(b"*")
        is_encoded = key.endswith(b"*")
        if number == b"" or (number.isdigit() and len(number) < 4):  # noqa: PLR2004
            pieces.setdefault(int(number or b"0"), (octets, is_encoded))
    if not pieces:
        return None
    if 0 not in pieces:
        return unicodedata.normalize("NFC", header.decode(pieces[-1][0], anywhere=True)) or None if -1 in pieces else None
    return _continued(pieces) or None


def _continued(pieces: dict[int, tuple[bytes, bool]]) -> str:
    label = ""
    octets = b""
    for number in range(len(pieces)):
        if number not in pieces:
            break
        piece, is_encoded = pieces[number]
        if is_encoded:
            if number == 0 and piece.count(b"'") >= 2:  # noqa: PLR2004 - charset'language'text
                charset, _, piece = piece.split(b"'", 2)
                label = charset.decode("ascii", "replace")
            piece = _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), piece)
        octets += piece
    return decode.charset(octets, label).replace("\0", "").replace("\r", " ").replace("\n", " ")
