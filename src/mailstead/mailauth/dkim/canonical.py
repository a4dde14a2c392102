"""The two canonical forms of a message, ``simple`` and ``relaxed`` (RFC 6376 §3.4).

Bodies are read in pieces that end with a line, so that a message of 50 MiB is hashed without a copy of it.
"""

import re
from collections.abc import Iterator
from typing import Final

from mailstead.model.message import Octets

_BLANKS: Final = re.compile(rb"[ \t]+")
_FOLD: Final = re.compile(rb"\r?\n(?=[ \t])")
PIECE_OCTETS: Final = 1 << 20


def field(whole: bytes, *, relaxed: bool) -> bytes:
    """One header field, its final CRLF included, in canonical form (RFC 6376 §3.4.1, §3.4.2)."""
    if not relaxed:
        return whole
    name, _, value = whole.partition(b":")
    return name.rstrip(b" \t").lower() + b":" + _BLANKS.sub(b" ", _FOLD.sub(b"", value).rstrip(b"\r\n")).strip(b" ") + b"\r\n"


def body(octets: Octets, start: int, *, relaxed: bool) -> Iterator[bytes]:
    """The body from ``start`` on in canonical form, piece by piece (RFC 6376 §3.4.3, §3.4.4).

    Empty lines at its end are one line end, and none at all in ``relaxed`` where there is nothing else.
    """
    ends = 0  # line ends held back: whether they are inside the body is not known yet
    is_empty = True
    for block in _blocks(octets, start):
        if relaxed and (b"\t" in block or b"  " in block or b" \r\n" in block):
            block = _BLANKS.sub(b" ", block).replace(b" \r\n", b"\r\n")
        kept, count = _without_ends(block)
        if not kept:
            ends += count
            continue
        if ends:
            yield b"\r\n" * ends
        yield kept
        is_empty = False
        ends = count
    if not is_empty or not relaxed:
        yield b"\r\n"


def _blocks(octets: Octets, start: int) -> Iterator[bytes]:
    """Runs of whole lines; a last line without its end gets one."""
    size = len(octets)
    if size - start <= PIECE_OCTETS:
        block = octets[start:size]
        if block:
            yield block if block.endswith(b"\r\n") else block + b"\r\n"
        return
    rest = b""
    while start < size:
        block = rest + octets[start : start + PIECE_OCTETS]
        start += PIECE_OCTETS
        cut = block.rfind(b"\r\n") + 2
        if cut < 2:  # noqa: PLR2004 - no line end in it
            rest = block
            continue
        rest = block[cut:]
        yield block[:cut]
    if rest:
        yield rest + b"\r\n"


def _without_ends(block: bytes) -> tuple[bytes, int]:
    """A run of lines without the line ends at its end, and how many these were."""
    kept = block.rstrip(b"\r\n")
    tail = len(block) - len(kept)
    count = block.count(b"\r\n", len(kept))
    if count * 2 == tail:
        return kept, count
    # Bare CR or LF among them belong to the body.
    count = 0
    end = len(block)
    while block[end - 2 : end] == b"\r\n":
        count += 1
        end -= 2
    return block[:end], count
