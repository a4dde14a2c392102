"""Header blocks: fields, folding, encoded words.

A header block is the octets from the first field to the blank line that ends it. Fields are found by ``find`` on line
ends, never by splitting, and a field's value is handed out raw: with its folding and its CRLF (RFC 5322 §2.2).
"""

import re
import unicodedata
from collections.abc import Collection, Iterator
from typing import Final

from mailstead.mime import decode as decoding
from mailstead.model import limits

_ENCODED_WORD: Final = re.compile(rb"=\?([A-Za-z0-9!#$%&'+\-^_`{}~]{1,60})(?:\*[A-Za-z0-9-]{0,40})?\?([bBqQ])\?([^?\s]*)\?=")
_FOLD: Final = re.compile(rb"\r?\n(?=[ \t])")


def fields(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Every field as (name, raw value).

    The name is as it was sent, without trailing blanks; the value runs from after the colon to the end of its last
    line, folding and final CRLF included. Lines that are no field (no colon, not a continuation) are passed over.
    At most ``limits.MIME_HEADER_FIELDS``. RFC 5322 §2.2.
    """
    for start, colon, end in _spans(block):
        yield block[start:colon].rstrip(b" \t"), block[colon + 1 : end]


def whole_fields(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Every field as (lower-case name, the field as it stands with its name, folding and final CRLF): what is signed."""
    for start, colon, end in _spans(block):
        yield block[start:colon].rstrip(b" \t").lower(), block[start:end]


def _spans(block: bytes) -> Iterator[tuple[int, int, int]]:
    """(start, colon, end) of each field, ``end`` behind its last CRLF."""
    find = block.find
    size = len(block)
    at = 0
    count = 0
    while at < size and count < limits.MIME_HEADER_FIELDS:
        end = find(b"\n", at) + 1 or size
        if end - at <= 2 and block[at:end] in {b"\r\n", b"\n"}:  # noqa: PLR2004 - the blank line
            return
        while end < size and block[end] in b" \t":
            following = find(b"\n", end) + 1 or size
            if not block[end:following].strip():
                # A folded line of blanks only: obsolete folding (RFC 5322 §4.2), still part of the field.
                end = following
                continue
            end = following
        colon = find(b":", at, end)
        if colon > at and block[at] not in b" \t":
            count += 1
            yield at, colon, end
        at = end


def select(block: bytes, names: Collection[bytes], *, invert: bool) -> bytes:
    """The fields of these names (or all others), unchanged and in order, and the blank line.

    ``names`` may be in any case. HEADER.FIELDS and HEADER.FIELDS.NOT, RFC 9051 §6.4.5.1.
    """
    wanted = {name.lower() for name in names}
    kept = [
        block[start:end]
        for start, colon, end in _spans(block)
        if (block[start:colon].rstrip(b" \t").lower() in wanted) != invert
    ]
    if kept and not kept[-1].endswith(b"\n"):
        kept.append(b"\r\n")
    return b"".join(kept) + b"\r\n"


def first(block: bytes, name: bytes) -> bytes | None:
    """The raw value of the first field of this name (any case), or None."""
    wanted = name.lower()
    for start, colon, end in _spans(block):
        if block[start:colon].rstrip(b" \t").lower() == wanted:
            return block[colon + 1 : end]
    return None


def last(block: bytes, name: bytes) -> bytes | None:
    """The raw value of the last field of this name (any case), or None: the one that counts where it stands twice (RFC 8621 §4.1.2)."""
    wanted, found = name.lower(), None
    for start, colon, end in _spans(block):
        if block[start:colon].rstrip(b" \t").lower() == wanted:
            found = block[colon + 1 : end]
    return found


def unfold(value: bytes) -> bytes:
    """The value on one line: line ends before blanks removed, other CR, LF and NUL made blanks, trimmed.

    RFC 5322 §2.2.3.
    """
    value = value.strip(b" \t\r\n")
    if b"\n" in value or b"\r" in value or b"\0" in value:
        value = _FOLD.sub(b"", value).translate(_CONTROLS_TO_BLANK)
    return value


_CONTROLS_TO_BLANK: Final = bytes(0x20 if octet in {0, 10, 13} else octet for octet in range(256))


def decode(value: bytes, *, anywhere: bool = False) -> str:
    """Unfolded text with encoded words decoded and raw 8-bit octets repaired.

    White space between neighbouring encoded words goes (RFC 2047 §6.2); adjacent words of one charset are joined as
    octets first, because senders split characters across words. A word that is glued to other text or to another one is none and stays as it is
    (RFC 8621 §4.1.2.2), but for ``anywhere``: names of files, where RFC 2047 §5 allows none at all and people put them. Control
    characters within words are dropped. Never fails: what cannot be decoded stays readable.
    """
    value = unfold(value)
    if b"=?" not in value:
        return value.decode("ascii") if value.isascii() else decoding.charset(value, "")
    out: list[str] = []
    pending = b""
    pending_charset = ""
    at = 0
    count = 0
    for match in _ENCODED_WORD.finditer(value):
        if not anywhere and _is_glued(value, match.start(), match.end()):
            continue
        count += 1
        if count > limits.MIME_ENCODED_WORDS:
            break
        between = value[at : match.start()]
        label = match[1].decode("ascii").lower()
        octets = _word(match[2], match[3])
        if pending_charset and not between.strip(b" \t"):
            if label != pending_charset:
                out.append(_shown(pending, pending_charset))
                pending = b""
        else:
            if pending_charset:
                out.append(_shown(pending, pending_charset))
                pending = b""
            out.append(_plain(between))
        pending += octets
        pending_charset = label
        at = match.end()
    if pending_charset:
        out.append(_shown(pending, pending_charset))
    out.append(_plain(value[at:]))
    text = "".join(out)
    return text if text.isprintable() else "".join(c if c >= " " and c != "\x7f" else " " for c in text)


def _is_glued(value: bytes, start: int, end: int) -> bool:
    """Whether an encoded word stands against other text, or against another one (RFC 2047 §5: white space is between them)."""
    return (start > 0 and value[start - 1] not in b" \t(") or value[end : end + 1] not in b" \t)"


def _shown(octets: bytes, label: str) -> str:
    text = decoding.charset(octets, label)
    return text if text.isprintable() else "".join(c for c in text if unicodedata.category(c) != "Cc")


def _plain(octets: bytes) -> str:
    return octets.decode("ascii") if octets.isascii() else decoding.charset(octets, "")


def _word(encoding: bytes, text: bytes) -> bytes:
    if encoding in b"bB":
        return decoding.transfer(text, "base64")
    return decoding.transfer(text.replace(b"_", b" "), "quoted-printable", header=True)
