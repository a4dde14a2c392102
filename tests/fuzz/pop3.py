"""Fuzz target: any octets through the POP3 machine, in any pieces, in any state.

``python -m tests.fuzz.pop3 [seconds] [seed]`` mutates known commands by itself; ``one(octets)`` is the entry for a
coverage-guided fuzzer. What must hold: commands and violations come out and nothing else, and no more is held than a line.
"""

import random
from functools import cache
from pathlib import Path

from tests.harness import fuzz

from mailstead.model import limits
from mailstead.model.errors import Violation
from mailstead.protocol.pop3.command import GRAMMAR
from mailstead.protocol.pop3.server import ServerConnection, Stuffing

_SPICE = (b" ", b"\r\n", b"\n", b".", b"\0", b"\xff", b"9" * 20, b"x" * 13_000)



def one(octets: bytes) -> None:
    """One run. The first octet chooses the state, the second how the rest is cut."""
    if len(octets) < 2:
        return
    connection = ServerConnection()
    if octets[0] & 1:
        connection.logged_in()
    if octets[0] & 2:
        connection.auth_begins()
    step = octets[1] or len(octets)
    for at in range(2, len(octets), step):
        connection.receive(octets[at : at + step])
        while (command := connection.next_line() if octets[0] & 2 else connection.next_command()) is not None:
            if isinstance(command, Violation):
                if command.fatal:
                    return
            elif not isinstance(command, bytes):
                assert connection.state in GRAMMAR[command.keyword].states
        assert len(connection._buffer) <= limits.POP3_AUTH_LINE + step
    _stuffed(octets[2:], step)


def _stuffed(octets: bytes, step: int) -> None:
    stuffing = Stuffing()
    out = b"".join(stuffing.feed(octets[at : at + step]) for at in range(0, len(octets), step)) + stuffing.end()
    assert out.endswith(b".\r\n")
    assert (b"\r\n" + out).find(b"\r\n.\r\n") == len(out) - 3


@cache
def _corpus() -> list[bytes]:
    folder = Path(__file__).parent.parent / "transcript" / "pop3" / "golden"
    return [line[3:].encode() + b"\r\n" for path in sorted(folder.glob("*.txt")) for line in path.read_text().splitlines() if line.startswith("C: ")]


def mutated(chance: random.Random) -> bytes:
    """Some commands with a few changes."""
    octets = fuzz.bent(chance, b"".join(chance.choices(_corpus(), k=chance.randint(1, 6))), _SPICE, cut=4)
    return bytes([chance.randrange(256), chance.choice((0, 1, 3, 50, 255))]) + octets


if __name__ == "__main__":
    fuzz.run(one, mutated)
