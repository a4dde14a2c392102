"""Fuzz target: any octets through the IMAP machine, in any pieces, in any state.

``python -m tests.fuzz.imap [seconds] [seed]`` mutates known commands by itself; ``one(octets)`` is the entry for a
coverage-guided fuzzer. What must hold: no exception leaves the machine, and it never holds more than it may.
"""

import random
from functools import cache
from pathlib import Path

from tests.harness import fuzz

from mailstead.model import limits
from mailstead.protocol.imap.server import Bad, Message, ServerConnection
from mailstead.protocol.imap.state import State

_STATES = (State.NOT_AUTHENTICATED, State.AUTHENTICATED, State.SELECTED)
_HELD = limits.IMAP_LINE + limits.IMAP_LITERALS_TOTAL + limits.IMAP_LITERALS_COUNT * 64 + (64 << 10)
_SPICE = (
    b"(", b")", b"{3}", b"{3+}\r\n", b"~{3}", b'"', b"\\", b"\r\n", b"\n", b"\0", b"*", b"$", b"4294967296", b"<0.1>", b"[", b"]", b" ",
    b"UID ", b"\xff", b"&", b"RETURN (", b"BODY[1.2.MIME]", b"(QRESYNC (1 1))",
)  # fmt: skip


def one(octets: bytes) -> None:
    """One run. The first octet chooses state and encoding, the second how the rest is cut."""
    if len(octets) < 2:  # noqa: PLR2004 - the two choices
        return
    connection = ServerConnection()
    connection.state = _STATES[octets[0] % 3]
    connection.utf8 = bool(octets[0] & 4)
    step = octets[1] or len(octets)
    for at in range(2, len(octets), step):
        connection.receive(octets[at : at + step])
        while (event := connection.next_event()) is not None:
            if isinstance(event, Message):
                if octets[0] & 8:
                    connection.refuse(waits=event.waits)
                else:
                    connection.accept()
            if isinstance(event, Bad) and event.fatal:
                return
        held = len(connection._buffer) + sum(map(len, connection._raw or ()))
        assert held <= _HELD + step, held


@cache
def _corpus() -> list[bytes]:
    folder = Path(__file__).parent.parent / "transcript" / "imap" / "golden"
    lines = [line[3:] for path in folder.glob("*.txt") for line in path.read_text().splitlines() if line.startswith("C: ")]
    return [line.encode()[:2000] + b"\r\n" for line in lines]


def mutated(chance: random.Random) -> bytes:
    """Some commands with a few changes."""
    octets = b"".join(chance.choices(_corpus(), k=chance.randint(1, 6)))
    return chance.randbytes(2) + fuzz.bent(chance, octets, _SPICE, cut=11)


if __name__ == "__main__":
    fuzz.run(one, mutated)
