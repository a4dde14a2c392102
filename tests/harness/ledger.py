"""The ledger: a process of its own that records every 250, so that the promise behind it can be checked afterwards.

``python -m tests.harness.ledger PORT FILE SENDERS SECONDS ADDRESS…`` sends distinct messages over SENDERS connections until time is
up or SIGTERM comes, reconnecting whenever the server goes away, and appends one line to FILE *after* each answer has been read and before
anything else is sent: message key, SHA-256 of the octets, recipients. A message whose answer was lost is sent again, octet
for octet and to the same recipients, as a real MTA does, until there is an answer: it must be there once all the same.
What never got an answer is written down as unknown: it may be there, at most once per recipient.
"""

import asyncio
import hashlib
import json
import os
import random
import signal
import sys
import time

GRACE_S = 30.0


def body_of(key: str, size: int) -> bytes:
    """The message ``key``: same octets every time."""
    rng = random.Random(key)
    lines = [f"{key} {rng.getrandbits(200):050x}\r\n" for _ in range(max(1, size // 60))]
    return (
        f"From: sender@outside.test\r\nTo: someone@example.test\r\nSubject: ledger {key}\r\n"
        f"Message-ID: <{key}@outside.test>\r\n\r\n{''.join(lines)}"
    ).encode("ascii")


async def reply(reader: asyncio.StreamReader) -> int:
    """The code of one reply, continuation lines read."""
    while True:
        line = await asyncio.wait_for(reader.readline(), 30)
        if not line.endswith(b"\r\n"):
            raise EOFError
        if line[3:4] != b"-":
            return int(line[:3])


class Until:
    """The moment at which to end, which may be drawn nearer."""

    def __init__(self, seconds: float) -> None:
        self.at = time.monotonic() + seconds

    def now(self, *_: object) -> None:
        """End now."""
        self.at = min(self.at, time.monotonic())


class Sender:
    """One connection's worth of messages, one after the other."""

    def __init__(self, number: int, port: int, ledger: int, addresses: list[str], until: Until) -> None:
        self._number = number
        self._port = port
        self._ledger = ledger
        self._addresses = addresses
        self._until = until
        self._rng = random.Random(f"{number} {os.getpid()}")
        self._count = 0
        self._pending: tuple[str, bytes, list[str]] | None = None

    def _note(self, outcome: str, key: str, octets: bytes, recipients: list[str]) -> None:
        line = json.dumps({"outcome": outcome, "key": key, "sha256": hashlib.sha256(octets).hexdigest(), "to": recipients})
        os.write(self._ledger, line.encode() + b"\n")

    async def run(self) -> None:
        """Send until time is up; a message under way then is tried a little longer."""
        while time.monotonic() < self._until.at or (self._pending and time.monotonic() < self._until.at + GRACE_S):
            try:
                await self._session()
            except (OSError, EOFError, TimeoutError, ValueError):
                await asyncio.sleep(0.05)
        if self._pending:
            self._note("unknown", *self._pending)

    async def _session(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            await reply(reader)
            writer.write(b"EHLO ledger.test\r\n")
            await reply(reader)
            while self._pending or time.monotonic() < self._until.at:
                await self._message(reader, writer)
        finally:
            writer.close()

    def _next(self) -> tuple[str, bytes, list[str]]:
        self._count += 1
        key = f"{os.getpid()}-{self._number}-{self._count}"
        recipients = self._rng.sample(self._addresses, self._rng.choice([1, 1, 1, 2, 3]))
        return key, body_of(key, self._rng.choice([300, 4000, 4000, 40_000])), recipients

    async def _message(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        key, octets, recipients = self._pending or self._next()
        self._pending = key, octets, recipients
        paths = b"".join(b"RCPT TO:<%b>\r\n" % to.encode() for to in recipients)
        writer.write(b"MAIL FROM:<sender@outside.test>\r\n" + paths + b"DATA\r\n")
        codes = [await reply(reader) for _ in range(len(recipients) + 2)]
        if codes != [250] * (len(recipients) + 1) + [354]:
            writer.write(b"RSET\r\n" if codes[-1] != 354 else b".\r\n")
            raise ConnectionError(codes)
        writer.write(octets.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        code = await reply(reader)
        if 400 <= code < 500:
            await asyncio.sleep(0.05)
            return
        self._pending = None
        self._note("accepted" if code == 250 else "refused", key, octets, recipients)


async def main() -> None:
    """See the module's docstring."""
    port, path, senders, seconds, *addresses = sys.argv[1:]
    ledger = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    until = Until(float(seconds))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, until.now)
    await asyncio.gather(*(Sender(number, int(port), ledger, addresses, until).run() for number in range(int(senders))))


if __name__ == "__main__":
    asyncio.run(main())
