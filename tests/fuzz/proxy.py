"""Fuzz target: any octets as a PROXY header, in any pieces.

``python -m tests.fuzz.proxy [seconds] [seed]`` mutates known headers by itself; ``one(octets)`` is the entry for a
coverage-guided fuzzer. What must hold: a source, a wish for more or a ``Violation``, never more held than a header.
"""

import random

from tests.harness import fuzz

from mailstead.model import limits
from mailstead.model.errors import Violation
from mailstead.protocol.proxy import Reader

_V2 = b"\r\n\r\n\0\r\nQUIT\n"
_CORPUS = (
    b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", b"PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n", b"PROXY UNKNOWN\r\n",
    _V2 + b"\x21\x11\x00\x0c" + bytes(12), _V2 + b"\x21\x21\x00\x24" + bytes(36), _V2 + b"\x20\x00\x00\x00",
    _V2 + b"\x21\x11\x00\x13" + bytes(12) + b"\x01\x00\x04http",
)  # fmt: skip
_SPICE = (b" ", b"\r\n", b"\0", bytes(600))



def one(octets: bytes) -> None:
    """One run. The first octet says how the rest is cut; 0: as the reader wants it."""
    if not octets:
        return
    reader, at = Reader(), 1
    while at < len(octets):
        step = octets[0] or reader.wanted
        assert step > 0
        try:
            found = reader.feed(octets[at : at + step])
        except Violation:
            return
        at += step
        if found is not None:
            assert octets[0] or not reader.rest
            return
        assert len(reader._buffer) <= limits.PROXY_HEADER


def mutated(chance: random.Random) -> bytes:
    """A header with a few changes."""
    return bytes([chance.choice((0, 1, 2, 7, 255))]) + fuzz.bent(chance, chance.choice(_CORPUS), _SPICE, cut=3)


if __name__ == "__main__":
    fuzz.run(one, mutated)
