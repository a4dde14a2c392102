"""Fuzz target: any octets as a Sieve script.

``python -m tests.fuzz.sieve [seconds] [seed]`` mutates scripts; ``one(octets)`` is the entry for a coverage-guided fuzzer. What must hold: nothing but
``ScriptError`` is raised, its place lies in the script, what is read is bounded, and nothing takes longer than a second.
"""

import random
import sys
import time
from pathlib import Path

from tests.unit.protocol.sieve.test_script import LONG

from mailstead.model import limits
from mailstead.protocol import sieve
from mailstead.protocol.sieve.syntax import Command

_MOST_S = 1.0
_SHORT = b'require ["fileinto", "variables"];\r\nif not header :is "subject" "x" { fileinto "a"; } else { redirect "a@example.test"; }\r\n'
_PIECES = (
    b"{", b"}", b"(", b")", b"[", b"]", b",", b";", b'"', b"\\", b"/*", b"*/", b"#", b"\r\n", b"\r", b"\0", b"\xff", b"text:\r\n", b"\r\n.\r\n", b":is ", b":comparator ",
    b"not ", b"allof(", b"if true {", b'"${unicode:110000}"', b"${hex: ", b"99999999999999999999", b"9" * 5_000, b"not " * 5_000, b"if true {" * 3_000, b'"a",' * 5_000, b"/*" * 5_000,
    b"${a." * 3_000, b"a@" * 3_000, b"\\" * 5_001,
)  # fmt: skip


def _depth(commands: tuple[Command, ...]) -> int:
    return 1 + max((_depth(one.block) for one in commands if one.block is not None), default=0)


def _read(octets: bytes) -> tuple[tuple[Command, ...], sieve.ScriptError | None]:
    try:
        return sieve.script(octets), None
    except sieve.ScriptError as exc:
        return (), exc


def one(octets: bytes) -> None:
    """One run."""
    started = time.process_time()
    found, wrong = _read(octets)
    if wrong is not None:
        lines = octets.decode("utf-8", "replace").split("\n")
        assert 1 <= wrong.line <= len(lines)
        assert 1 <= wrong.column <= len(lines[wrong.line - 1]) + 1
        assert len(wrong.why) < 500
    else:
        assert _depth(found) <= limits.SIEVE_NESTING + 1
        assert len(octets) <= limits.SIEVE_SCRIPT
    assert time.process_time() - started < _MOST_S


def corpus() -> tuple[bytes, ...]:
    """What to begin with."""
    return (LONG, LONG.replace(b"\n", b"\r\n"), _SHORT)


def mutated(chance: random.Random) -> bytes:
    """One of them with a few changes."""
    octets = bytearray(chance.choice(corpus()))
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(octets) + 1)
        match chance.randrange(3):
            case 0:
                octets[at:at] = chance.choice(_PIECES)
            case 1:
                del octets[at : at + chance.randrange(40)]
            case 2:
                octets[at : at + 1] = bytes([chance.randrange(256)])
    return bytes(octets)


def main(seconds: float, seed: int) -> None:
    """Mutate until the time is up."""
    chance = random.Random(seed)
    until, runs = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        octets = mutated(chance)
        try:
            one(octets)
        except BaseException:
            Path("fuzz-failure.sieve").write_bytes(octets)
            raise
        runs += 1
    print(f"{runs} runs")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 60.0, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
