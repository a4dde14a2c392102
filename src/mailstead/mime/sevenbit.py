"""An 8-bit message as a 7-bit one, for servers without 8BITMIME (RFC 6152 §3).

Leaves with 8-bit octets are encoded anew (text in quoted-printable, where that is the shorter one, all else in base64), and what is around them says ``7bit``
(RFC 2045 §6.4). What may not be touched is not: the inside of multipart/signed (RFC 1847 §2.1) and of multipart/encrypted, header fields with 8-bit octets (they need SMTPUTF8), and what a part
calls base64 or quoted-printable already. Then there is no 7-bit form.
"""

import binascii
import re
from collections.abc import Iterator
from typing import Final

from mailstead.mime import scan
from mailstead.mime.parts import Part, unpack

_ENCODING: Final = re.compile(rb"^content-transfer-encoding[ \t]*:[^\r\n]*(?:\r\n[ \t][^\r\n]*)*\r\n", re.IGNORECASE | re.MULTILINE)
_VERSION: Final = re.compile(rb"^mime-version[ \t]*:", re.IGNORECASE | re.MULTILINE)
_UNTOUCHABLE: Final = frozenset({"signed", "encrypted"})
_EIGHT: Final = re.compile(rb"[\x80-\xff]")
_QUOTED_SHARE: Final = 6
"""Quoted-printable is shorter while at most one octet in six needs three."""
Edit = tuple[int, int, bytes]


class _Never(Exception):  # noqa: N818 - says what it is
    """There is no 7-bit form."""


def to_7bit(octets: bytes) -> bytes | None:
    """The message with the same content in 7 bits; None where there is no such form."""
    if octets.isascii():
        return octets
    if octets.count(b"\n") != octets.count(b"\r\n") or octets.count(b"\r") != octets.count(b"\r\n"):
        return None  # such a message leaves for no server
    try:
        edits = list(_edits(octets, unpack(scan.scan(octets).parts), is_message=True))
    except _Never:
        return None
    out: list[bytes] = []
    at = 0
    for start, end, new in edits:
        out += [octets[at:start], new]
        at = end
    out.append(octets[at:])
    whole = b"".join(out)
    # What is left of them stands between the parts, where nobody reads it and nothing can be encoded.
    return whole if whole.isascii() else None


def _edits(octets: bytes, part: Part, *, is_message: bool) -> Iterator[Edit]:
    """Changes in order of place."""
    start, body = part.header
    end = part.body[1]
    if octets[start:end].isascii():
        return
    block = octets[start:body]
    if not block.isascii() or (part.is_multipart and part.subtype in _UNTOUCHABLE):
        raise _Never
    if part.children:
        if part.encoding in {"base64", "quoted-printable"}:
            raise _Never
        yield from _header(octets, part, b"7bit", is_message=is_message)
        for child in part.children:
            yield from _edits(octets, child, is_message=part.is_message)
        return
    if part.encoding in {"base64", "quoted-printable"} or part.type in {"multipart", "message"}:
        raise _Never
    content = octets[body:end]
    quoted = _quoted(content) if part.type == "text" and len(_EIGHT.findall(content)) * _QUOTED_SHARE <= len(content) else None
    if quoted is not None and b"=\r\n--" in quoted:
        quoted = None  # a line that was broken there could be taken for a boundary
    yield from _header(octets, part, b"base64" if quoted is None else b"quoted-printable", is_message=is_message)
    yield body, end, _base64(content) if quoted is None else quoted


def _header(octets: bytes, part: Part, encoding: bytes, *, is_message: bool) -> Iterator[Edit]:
    start, body = part.header
    block = octets[start:body]
    line = b"Content-Transfer-Encoding: " + encoding + b"\r\n"
    found = _ENCODING.search(block)
    if found is not None:
        yield start + found.start(), start + found.end(), line
        return
    if is_message and _VERSION.search(block) is None:
        line = b"MIME-Version: 1.0\r\n" + line
    behind = body - 2 if block.endswith(b"\r\n\r\n") or block == b"\r\n" else body
    if behind == body and block:
        raise _Never  # a header without its blank line: nothing can be put behind it
    yield behind, behind, line if block else line + b"\r\n"


def _quoted(content: bytes) -> bytes:
    """RFC 2045 §6.7; lines end in CRLF."""
    lines = [binascii.b2a_qp(line, quotetabs=False, istext=True).replace(b"=\n", b"=\r\n") for line in content.split(b"\r\n")]
    return b"\r\n".join(lines)


def _base64(content: bytes) -> bytes:
    lines = [binascii.b2a_base64(content[at : at + 57], newline=False) for at in range(0, len(content), 57)]
    return b"\r\n".join(lines) + b"\r\n"
