"""Modified UTF-7: mailbox names of sessions without UTF-8 (RFC 3501 §5.1.3).

Printable ASCII stands for itself, ``&`` is ``&-``, the rest is UTF-16 in base64 with ``,`` for ``/``, between ``&`` and ``-``.
"""

import binascii
import re
from typing import Final

_SHIFTED: Final = re.compile(rb"&([^-]*)(-?)")
_FOREIGN: Final = re.compile(r"[^ -~]+")


def encode(name: str) -> bytes:
    """The wire form of a name."""
    if name.isascii() and name.isprintable():
        return name.replace("&", "&-").encode("ascii")
    return _FOREIGN.sub(_shift, name.replace("&", "&-")).encode("ascii")


def _shift(match: re.Match[str]) -> str:
    octets = match[0].encode("utf-16-be", "replace")
    return "&" + binascii.b2a_base64(octets, newline=False).rstrip(b"=").replace(b"/", b",").decode("ascii") + "-"


def decode(wire: bytes) -> str:
    """The name behind a wire form. Raises ``ValueError`` when it is not in this encoding.

    Octets above 127 are taken as UTF-8: clients send them, and nothing else could be meant (RFC 6855 §3).
    """
    if b"&" not in wire:
        return wire.decode("utf-8")
    out: list[str] = []
    at = 0
    for match in _SHIFTED.finditer(wire):
        if not match[2]:
            raise ValueError("an unfinished shift")
        out.append(wire[at : match.start()].decode("utf-8"))
        out.append(_unshift(match[1]) if match[1] else "&")
        at = match.end()
    out.append(wire[at:].decode("utf-8"))
    return "".join(out)


def _unshift(text: bytes) -> str:
    padded = text.replace(b",", b"/") + b"=" * (-len(text) % 4)
    octets = binascii.a2b_base64(padded, strict_mode=True)
    if len(octets) % 2:
        raise ValueError("half a character")
    return octets.decode("utf-16-be")
