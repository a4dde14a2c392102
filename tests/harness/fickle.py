"""Mail servers that fail as they are told, and take note of all that happens: connections, messages over each, what arrived when.

A *fault* strikes at a step (``greeting``, ``ehlo``, ``starttls``, ``mail``, ``rcpt``, ``data``, ``end``) its first ``times`` times: a reply in place of the good
one; ``hang``: silence for ``HANG_S``, then the connection is gone; ``reset``: the connection is cut off at once, at ``end`` before the message is
taken; ``swallow``: the message is taken, and nobody hears of it; ``garbage``: octets that are no TLS.
"""

import asyncio
import contextlib
import re
import socket
import ssl
import struct
import time
from dataclasses import dataclass, field
from typing import Final

HANG_S: Final = 2.0
_PATH: Final = re.compile(rb"<([^>]*)>")
_GOOD: Final = {
    "greeting": b"220 fickle.test ESMTP", "ehlo": b"250-fickle.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE 1000000%s\r\n250 ENHANCEDSTATUSCODES",
    "starttls": b"220 2.0.0 go on", "mail": b"250 2.1.0 ok", "rcpt": b"250 2.1.5 ok", "data": b"354 go on", "end": b"250 2.0.0 taken",
}  # fmt: skip


class _Cut(Exception):
    """The connection ends here."""


@dataclass
class Fickle:
    """``refusals``: replies for recipients by their local part, for ever; ``greylist_s``: so long a recipient is refused from its first try on;
    ``slow_s``: the pause before each octet of a reply."""

    step: str = ""
    fault: bytes | str = b""
    times: int = 0
    tls: ssl.SSLContext | None = None
    refusals: dict[bytes, bytes] = field(default_factory=dict)
    greylist_s: float = 0.0
    slow_s: float = 0.0
    connections: list[int] = field(default_factory=list)
    """Messages taken over each."""
    arrivals: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    """(Message-ID, recipient): when it came, each time."""
    swallowed: set[tuple[str, str]] = field(default_factory=set)
    texts: list[bytes] = field(default_factory=list)
    """Octets of each message as they came."""
    encrypted: int = 0
    _seen: dict[bytes, float] = field(default_factory=dict)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection."""
        number = len(self.connections)
        self.connections.append(0)
        try:
            await _Session(self, number, reader, writer).run()
        except (_Cut, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ssl.SSLError, asyncio.CancelledError):
            pass  # also at the end of a test
        finally:
            writer.close()
            with contextlib.suppress(OSError, ssl.SSLError):
                await writer.wait_closed()

    def strikes(self, step: str) -> bytes | str:
        """The fault that strikes now; b"": none."""
        if step != self.step or not self.times:
            return b""
        self.times -= 1
        return self.fault


class _Session:
    def __init__(self, site: Fickle, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.site, self.number, self.reader, self.writer = site, number, reader, writer
        self.recipients: list[bytes] = []
        self.is_begun = False

    async def run(self) -> None:
        if not await self.answer("greeting"):
            return
        while line := await self.reader.readline():
            verb = line[:8].upper().strip().split(b" ")[0].split(b":")[0]
            match verb:
                case b"EHLO" | b"HELO":
                    self.recipients.clear()
                    await self.answer("ehlo")
                case b"STARTTLS":
                    if await self.answer("starttls"):
                        await self._encrypt()
                case b"MAIL":
                    self.recipients.clear()
                    self.is_begun = await self.answer("mail")
                case b"RCPT":
                    await self._recipient(line)
                case b"DATA":
                    if not self.recipients:
                        await self.say(b"554 5.5.1 no recipients")
                    elif await self.answer("data"):
                        await self._message()
                case b"QUIT":
                    await self.say(b"221 2.0.0 bye")
                    return
                case _:
                    await self.say(b"250 2.0.0 ok")

    async def say(self, reply: bytes) -> None:
        for octet in (bytes([each]) for each in reply + b"\r\n") if self.site.slow_s else (reply + b"\r\n",):
            self.writer.write(octet)
            await self.writer.drain()
            if self.site.slow_s:
                await asyncio.sleep(self.site.slow_s)

    async def answer(self, step: str, text: bytes = b"") -> bool:
        """The good reply of a step, or its fault."""
        fault = self.site.strikes(step)
        if fault == "hang":
            await asyncio.sleep(HANG_S)
            raise _Cut
        if fault == "reset":
            self.reset()
        if fault == "garbage":
            self.writer.write(_GOOD[step] + b"\r\n")
            await self.writer.drain()
            await self.reader.read(1)
            self.writer.write(b"this is no TLS at all\r\n" * 10)
            await self.writer.drain()
            raise _Cut
        if isinstance(fault, bytes) and fault:
            await self.say(fault)
            return False
        good = text or _GOOD[step]
        await self.say(good % (b"\r\n250-STARTTLS" if self.site.tls and not self._is_encrypted() else b"") if step == "ehlo" else good)
        return True

    def reset(self) -> None:
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()
        raise _Cut

    def _is_encrypted(self) -> bool:
        return self.writer.get_extra_info("ssl_object") is not None

    async def _encrypt(self) -> None:
        assert self.site.tls is not None
        await self.writer.start_tls(self.site.tls)
        self.site.encrypted += 1

    async def _recipient(self, line: bytes) -> None:
        found = _PATH.search(line)
        path = found.group(1) if found else b""
        first = self.site._seen.setdefault(path, time.monotonic())
        refusal = self.site.refusals.get(path.partition(b"@")[0], b"")
        if time.monotonic() < first + self.site.greylist_s:
            refusal = b"451 4.7.1 Greylisted, come back later"
        if not self.is_begun:
            await self.say(b"503 5.5.1 MAIL first")
        elif refusal:
            await self.say(refusal)
        elif await self.answer("rcpt"):
            self.recipients.append(path)

    async def _message(self) -> None:
        text = b""
        while not text.endswith(b"\r\n.\r\n") and text != b".\r\n":
            octets = await self.reader.read(65536)
            if not octets:
                raise _Cut
            text += octets
        site, now = self.site, time.monotonic()
        is_struck = site.step == "end" and site.times > 0
        found = re.search(rb"(?im)^Message-ID: *(<[^>]*>)", text)
        keys = [((found.group(1) if found else b"").decode(), path.decode()) for path in self.recipients]
        if not is_struck or site.fault == "swallow":
            for key in keys:
                site.arrivals.setdefault(key, []).append(now)
            site.texts.append(text)
            site.connections[self.number] += 1
        if is_struck and site.fault == "swallow":
            site.times -= 1
            site.swallowed.update(keys)
            self.reset()
        self.recipients = []
        await self.answer("end")
