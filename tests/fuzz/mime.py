"""Fuzz target: any octets as a message: scan, parts, texts, header fields, dates, addresses.

``python -m tests.fuzz.mime [seconds] [seed]`` mutates the messages of tests/corpus; ``one(octets)`` is the entry for a
coverage-guided fuzzer. What must hold: nothing is raised, every part lies inside the message and its parent, wire forms hold no
line ends, and no message takes longer than a second.
"""

import random
import time
from functools import cache
from pathlib import Path

from tests.harness import fuzz

from mailstead.mime import addresses, date, header, parts, structure, text
from mailstead.mime.parts import Part
from mailstead.mime.scan import scan

_FOLDER = Path(__file__).parents[1] / "corpus"
_MOST_S = 1.0
_PIECES = (
    b"\r\n", b"\n", b"\r", b"\0", b"\xff\xfe", b"--", b"--b\r\n", b"=?utf-8?q?", b"=?x?b?", b"?=", b"=\r\n", b"=C3", b"(", b"\"", b"\\", b"<", b",", b";",
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", b"Content-Type: message/rfc822\r\n\r\n", b"; x*0*=utf-8''%41; x*1=b", b"a" * 3000,
    b"((((((((", b"<style>", b"&#x", b"Date: Mon, 31 Feb 0099 25:61:61 +9999\r\n", b"\x1b$B", b"charset=\"utf-7\"", b": ", b"\r\n ",
)  # fmt: skip


def one(octets: bytes) -> None:
    """One run."""
    started = time.process_time()
    found = scan(octets)
    root = parts.unpack(found.parts)
    assert (0, len(octets)) == (root.header[0], root.body[1])
    inside(root, len(octets))
    structure.body(found.structure)
    for wire in (found.envelope, found.structure):
        assert b"\r" not in wire
        assert b"\n" not in wire
        structure.to_ascii(wire).decode("ascii")
    for _ in text.texts(lambda start, end: octets[start:end], root, limit=100_000):
        pass
    for _, value in header.fields(octets[: found.header_octets]):
        header.decode(value)
        date.instant_ms(value)
        addresses.parse(header.unfold(value))
    assert time.process_time() - started < _MOST_S


def inside(part: Part, end: int) -> None:
    """A part and all below it."""
    assert 0 <= part.header[0] <= part.header[1] <= part.body[0] <= part.body[1] <= end
    for child in part.children:
        inside(child, part.body[1])


@cache
def corpus() -> tuple[bytes, ...]:
    """The messages to begin with."""
    return tuple(path.read_bytes() for path in sorted(_FOLDER.glob("*/*.msg")))


def mutated(chance: random.Random) -> bytes:
    """A message with a few changes, often with a stretch of another."""
    octets, other = chance.choice(corpus()), chance.choice(corpus())
    if chance.randrange(2):
        at, start = chance.randrange(len(octets) + 1), chance.randrange(len(other) + 1)
        octets = octets[:at] + other[start : start + chance.randrange(2000)] + octets[at:]
    return fuzz.bent(chance, octets, _PIECES, cut=200)


if __name__ == "__main__":
    fuzz.run(one, mutated)
