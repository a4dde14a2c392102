"""Fuzz target: any octets through the SMTP machine, in any pieces, in any mode; and through the client's reader.

``python -m tests.fuzz.smtp [seconds] [seed]`` mutates known commands by itself; ``one(octets)`` is the entry for a
coverage-guided fuzzer. What must hold: no exception leaves the machine, it never holds more than it may, and whatever
way the octets are cut, the events are the same.
"""

import random
from functools import cache
from pathlib import Path

from tests.harness import fuzz

from mailstead.model import limits
from mailstead.protocol.smtp.client import Reader, Rejected
from mailstead.protocol.smtp.command import Data, Hello, Mail, Plain, Rcpt
from mailstead.protocol.smtp.server import Chunk, End, Mode, Say, ServerConnection

_MODES = tuple(Mode)
_HELD = max(limits.SMTP_AUTH_LINE, 64 << 10) + (64 << 10)
_SPICE = (
    b"\r\n", b"\n", b"\r", b"\0", b".", b"\r\n.\r\n", b"\n.\n", b"\r\n.\n", b"<", b">", b"@", b'"', b"\\", b" ", b"=", b"+", b"+2B", b"\xc3\xa4", b"\xff",
    b"BDAT 3 LAST\r\n", b"BDAT 0\r\n", b"DATA\r\n", b"RSET\r\n", b"SIZE=99999999999999999999", b"x" * 600, b"[IPv6:::1]", b"NOTIFY=NEVER", b"421", b"250-",
)  # fmt: skip
_OPENING = b"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n"



def one(octets: bytes) -> None:
    """One run. The first octet chooses the mode, the second how the rest is cut."""
    if len(octets) < 2:  # noqa: PLR2004 - the two choices
        return
    mode, step, rest = _MODES[octets[0] % 3], octets[1] or len(octets), octets[2:]
    whole = _events(mode, rest, len(rest) or 1)
    assert whole == _events(mode, rest, step)
    reader = Reader()
    reader.feed(rest)
    try:
        while reader.next() is not None:
            pass
    except Rejected:
        pass


def _events(mode: Mode, octets: bytes, step: int) -> list[object]:
    machine, found, message = ServerConnection(mode), list[object](), b""
    for at in range(0, len(octets), step):
        machine.receive(octets[at : at + step])
        while (event := machine.next_event()) is not None:
            match event:
                case Hello():
                    machine.hello_done(extended=event.verb != "HELO")
                case Mail():
                    machine.mail_taken()
                case Rcpt():
                    machine.rcpt_taken()
                case Data():
                    machine.data_begins()
                case Plain("RSET"):
                    machine.transaction_ends()
                    message = b""
                case Plain("STARTTLS"):
                    # What follows is thrown away: how much of it has come is the network's choice.
                    return [*found, event]
                case Chunk():
                    message += event.octets
                    continue
                case End():
                    machine.transaction_ends()
                    found.append(message)
                    message = b""
            found.append(event)
            if isinstance(event, Say) and event.is_fatal:
                return found
        held = len(machine._buffer) + (len(machine._data._held) if machine._data is not None else 0)
        assert held <= _HELD + step, held
    return found


@cache
def _corpus() -> list[bytes]:
    folder = Path(__file__).parent.parent / "transcript" / "smtp" / "golden"
    lines = [line[3:] for path in folder.glob("*.txt") for line in path.read_text().splitlines() if line.startswith(("C: ", "S: "))]
    return [line.encode()[:2000] + b"\r\n" for line in lines]


def mutated(chance: random.Random) -> bytes:
    """Some commands with a few changes, half of the time within a transaction."""
    octets = _OPENING * chance.randint(0, 1) + b"".join(chance.choices(_corpus(), k=chance.randint(1, 8)))
    return chance.randbytes(2) + fuzz.bent(chance, octets, _SPICE, cut=11)


if __name__ == "__main__":
    fuzz.run(one, mutated)
