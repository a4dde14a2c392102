"""What every fuzz target does: mutate, run, and say what it fell over."""

import random
import sys
import time
from collections.abc import Callable, Sequence


def run(one: Callable[[bytes], None], mutated: Callable[[random.Random], bytes]) -> None:
    """``python -m tests.fuzz.NAME [seconds] [seed]``: for so long (10), from that seed (the time). What fails is printed, and raised."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns()  # noqa: PLR2004 - the second argument
    print(f"seed {seed}")
    chance, runs, end = random.Random(seed), 0, time.monotonic() + seconds
    while time.monotonic() < end:
        octets = mutated(chance)
        try:
            one(octets)
        except BaseException:
            print(octets)
            raise
        runs += 1
    print(f"{runs} runs")


def bent(chance: random.Random, octets: bytes, pieces: Sequence[bytes], *, start: int = 0, cut: int = 60) -> bytes:
    """``octets`` with a few changes from ``start`` on: a piece put in, up to ``cut`` octets taken out, an octet changed."""
    found = bytearray(octets)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(start, len(found) + 1)
        match chance.randrange(3):
            case 0:
                found[at:at] = chance.choice(pieces)
            case 1:
                del found[at : at + chance.randrange(cut)]
            case 2:
                found[at : at + 1] = bytes([chance.randrange(256)])
    return bytes(found)
