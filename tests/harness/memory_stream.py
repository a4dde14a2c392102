"""A connection in memory: what drivers see of ``net.Stream``, and the other end for a test."""

import asyncio

from mailstead.net.endpoint import Endpoint
from mailstead.net.errors import Draining, Gone
from mailstead.net.tls import TlsInfo


class MemoryStream:
    """The server's end. ``say`` and ``hear`` are the client's."""

    def __init__(self, *, host: str = "192.0.2.1", is_loopback: bool = False) -> None:
        self.peer = Endpoint(host, 40000, is_loopback)
        self.local = Endpoint("192.0.2.2", 143, is_loopback)
        self.tls: TlsInfo | None = None
        self.is_draining = False
        self.is_closed = False
        self.is_full = False
        self.written = bytearray()
        self._pending = b""
        self._is_eof = False
        self.patience_s = 0.0
        """How long the server would wait for what it is reading now."""
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None

    # ------------------------------------------------------------------------------------------- the server's end
    async def read(self, timeout_s: float) -> bytes:
        self.patience_s = timeout_s
        while not self._pending and not self._is_eof:
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader
        octets, self._pending = self._pending, b""
        return octets

    def unread(self, octets: bytes) -> None:
        self._pending = octets + self._pending

    def write(self, octets: bytes | bytearray | memoryview) -> None:
        self.written += octets
        if self._writer is not None and not self._writer.done():
            self._writer.set_result(None)

    async def drain(self, timeout_s: float = 300.0) -> None:
        if self.is_closed:
            raise Gone("closed")

    async def start_tls(self, context: object) -> None:
        self._pending = b""
        self.tls = TlsInfo("TLSv1.3", "TLS_AES_128_GCM_SHA256", 128, "", b"", None)

    async def close(self) -> None:
        self.is_closed = True
        self.write(b"")

    def abort(self) -> None:
        self.is_closed = True
        self.write(b"")

    def end_wait(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None and not reader.done():
            reader.set_exception(Draining("wake"))

    # ------------------------------------------------------------------------------------------- the client's end
    def say(self, octets: bytes) -> None:
        self._pending += octets
        self._wake()

    def leave(self) -> None:
        self._is_eof = True
        self._wake()

    def _wake(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None and not reader.done():
            reader.set_result(None)

    async def hear_line(self, timeout_s: float = 5.0) -> bytes | None:
        """One line without its end; None when the server has closed."""
        async with asyncio.timeout(timeout_s):
            while True:
                end = self.written.find(b"\r\n")
                if end >= 0:
                    line = bytes(self.written[:end])
                    del self.written[: end + 2]
                    return line
                if self.is_closed:
                    return None
                self._writer = asyncio.get_running_loop().create_future()
                await self._writer

    async def hear_until(self, tag: str) -> list[bytes]:
        """Lines up to the one that answers ``tag``, which is the last."""
        lines: list[bytes] = []
        while (line := await self.hear_line()) is not None:
            lines.append(line)
            if line.startswith(tag.encode() + b" "):
                return lines
        return lines
