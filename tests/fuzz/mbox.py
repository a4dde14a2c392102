"""Fuzz target: any octets as an mbox file.

``python -m tests.fuzz.mbox [seconds] [seed]`` mutates files that ``written`` makes; ``one(octets)`` is the entry for a
coverage-guided fuzzer. What must hold: nothing is raised, and what is found is canonical (CRLF lines, no NUL).
"""

import io
import random

from tests.harness import fuzz

from mailstead.service.transfer import mbox
from mailstead.service.transfer.found import Found

_PIECES = (
    b"From ", b"\nFrom ", b">From ", b"\n\nFrom a@b Mon Jan  1 10:00:00 2024\n", b"From x 24:99\n", b"\0", b"\r", b"\n", b"\r\n", b"\n\n",
    b"X-Status: RO\n", b"Status: \xff\n", b"X-Keywords: a b\n", b"a" * 5000, b"\xff", b"Date: nonsense\n", b"Content-Length: 99999\n",
)  # fmt: skip


def one(octets: bytes) -> None:
    """One run."""
    for found in mbox.read(io.BytesIO(octets), "fuzz", ()):
        if isinstance(found, Found):
            message = found.octets
            assert b"\0" not in message
            assert message.count(b"\r\n") == message.count(b"\n") == message.count(b"\r")
            assert message.endswith(b"\r\n")


def mutated(chance: random.Random) -> bytes:
    """A file of a few messages with a few changes."""
    octets = bytearray()
    for number in range(chance.randint(1, 4)):
        body = b"".join(chance.choices(_PIECES, k=chance.randint(0, 4)))
        message = b"Subject: %d\r\n\r\n%b\r\n" % (number, body.replace(b"\r", b"").replace(b"\n", b"\r\n"))
        octets += mbox.written(message, sender=b"a@b", received_at_ms=chance.randrange(2**41), notes=b"Status: RO\n")
    for _ in range(chance.randint(0, 5)):
        at = chance.randrange(len(octets) + 1)
        octets[at : at + chance.randrange(10)] = chance.choice(_PIECES)
    return bytes(octets)


if __name__ == "__main__":
    fuzz.run(one, mutated)
