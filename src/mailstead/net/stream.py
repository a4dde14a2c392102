"""One connection: octets in, octets out, deadlines, TLS.

A ``BufferedProtocol`` over one receive buffer of 64 KiB per loop: the transport reads into it, ``buffer_updated`` copies
out what came, and nothing is kept for an idle connection. A reader that is behind stops the transport (``HIGH_INPUT``), a
peer that is behind stops the writer (``drain``), so memory per connection is bounded.

Deadlines cost nothing while traffic flows: each read only notes when it must have been answered, and one timer per
direction, armed at most once per timeout, looks whether that moment has passed and sleeps again if not.

One task per connection reads and writes; a second task may not read or drain at the same time.
"""

import asyncio
import ssl
import weakref
from collections.abc import Callable
from typing import Final, cast

from mailstead.net.endpoint import UNIX, Endpoint, endpoint_of
from mailstead.net.errors import Draining, Gone, Silent
from mailstead.net.tls import ClientTls, ServerTls, TlsInfo, peer_chain, tls_info

RECEIVE_BUFFER: Final = 64 << 10
HIGH_INPUT: Final = 256 << 10
"""Octets nobody has read yet at which the transport stops reading."""
HIGH_OUTPUT: Final = 256 << 10
HANDSHAKE_S: Final = 30.0
FLUSH_S: Final = 30.0
LINGER_S: Final = 1.0
_HANDED_OVER_S: Final = 3_600.0
"""How idle a connection that was handed over says it is: it hears at once that the server is about to stop."""
"""After our last octet: how long we wait for the peer's end, so that a reset does not eat what we said."""

_buffers: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, memoryview]" = weakref.WeakKeyDictionary()


def _buffer_of(loop: asyncio.AbstractEventLoop) -> memoryview:
    buffer = _buffers.get(loop)
    if buffer is None:
        buffer = _buffers[loop] = memoryview(bytearray(RECEIVE_BUFFER))
    return buffer


class _Timer:
    """A deadline that moves for free: the handle is re-armed only when it fires too early."""

    __slots__ = ("_deadline", "_expired", "_handle", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop, expired: Callable[[], None]) -> None:
        self._loop = loop
        self._expired = expired
        self._deadline = 0.0
        self._handle: asyncio.TimerHandle | None = None

    def set(self, timeout_s: float) -> None:
        self._deadline = deadline = self._loop.time() + timeout_s
        handle = self._handle
        if handle is not None:
            if handle.when() <= deadline + 0.01:
                return
            handle.cancel()
        self._handle = self._loop.call_at(deadline, self._fired)

    def _fired(self) -> None:
        self._handle = None
        if self._deadline == 0.0:
            return
        if self._loop.time() < self._deadline - 0.005:
            self._handle = self._loop.call_at(self._deadline, self._fired)
        else:
            self._deadline = 0.0
            self._expired()

    def clear(self) -> None:
        """Nobody waits; the handle stays and finds that out."""
        self._deadline = 0.0

    def stop(self) -> None:
        self._deadline = 0.0
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None


class Stream(asyncio.BufferedProtocol):
    """A connection. Made by ``Listener`` or ``connect``."""

    peer: Endpoint
    """The other end; a PROXY header has replaced it where one was due."""
    local: Endpoint
    tls: TlsInfo | None

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        connected: "Callable[[Stream], None] | None" = None,
        lost: "Callable[[Stream], None] | None" = None,
        peer: Endpoint | None = None,
    ) -> None:
        self.peer = peer or UNIX
        self.local = UNIX
        self.tls = None
        self.is_draining = False
        """The server is about to stop: say goodbye at the next good moment."""
        self._told_peer = peer is not None
        self._loop = loop
        self._buffer = _buffer_of(loop)
        self._connected = connected
        self._lost_call = lost
        self._transport: asyncio.Transport | None = None
        self._pending: list[bytes] = []
        self._pending_octets = 0
        self._reader: asyncio.Future[bytes] | None = None
        self._read_since = 0.0
        self._read_timer = _Timer(loop, self._read_expired)
        self._writer: asyncio.Future[None] | None = None
        self._write_timer: _Timer | None = None
        self._is_full = False
        self._is_paused = False
        self._is_eof = False
        self._is_discarding = False
        self._is_lost = False
        self._error: BaseException | None = None
        self._closed: asyncio.Future[None] | None = None
        self._shut_down: Callable[[], None] | None = None

    # ------------------------------------------------------------------------------------------ called by the loop
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._take(cast("asyncio.Transport", transport))
        if self._connected is not None:
            self._connected(self)

    def _take(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        transport.set_write_buffer_limits(high=HIGH_OUTPUT)
        if not self._told_peer:
            self.peer = endpoint_of(transport.get_extra_info("peername"))
        self.local = endpoint_of(transport.get_extra_info("sockname"))
        secured = transport.get_extra_info("ssl_object")
        self.tls = tls_info(cast("ssl.SSLObject", secured)) if secured is not None else None

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the loop's signature
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._is_discarding:
            return
        reader = self._reader
        if reader is not None and not reader.done():
            self._reader = None
            self._read_timer.clear()
            reader.set_result(bytes(self._buffer[:nbytes]))
            return
        self._pending.append(bytes(self._buffer[:nbytes]))
        self._pending_octets += nbytes
        if self._pending_octets >= HIGH_INPUT and not self._is_paused and self._transport is not None:
            self._is_paused = True
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        self._is_eof = True
        reader = self._reader
        if reader is not None and not reader.done():
            self._reader = None
            self._read_timer.clear()
            reader.set_result(b"")
        if self._is_discarding:
            return False
        return self.tls is None

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._is_lost:
            return
        self._is_lost = True
        self._error = exc
        self._read_timer.stop()
        if self._write_timer is not None:
            self._write_timer.stop()
        reader, self._reader = self._reader, None
        if reader is not None and not reader.done():
            if exc is None:
                reader.set_result(b"")
            else:
                reader.set_exception(Gone(str(exc)))
        writer, self._writer = self._writer, None
        if writer is not None and not writer.done():
            writer.set_exception(Gone(str(exc or "the connection is closed")))
        if self._closed is not None and not self._closed.done():
            self._closed.set_result(None)
        if self._lost_call is not None:
            self._lost_call(self)

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        writer, self._writer = self._writer, None
        if writer is not None and not writer.done():
            if self._write_timer is not None:
                self._write_timer.clear()
            writer.set_result(None)

    # ------------------------------------------------------------------------------------------ called by drivers
    async def read(self, timeout_s: float) -> bytes:
        """What has come, at least one octet; ``b""`` at the end of the stream. Raises ``Silent``, ``Draining``, ``Gone``."""
        pending = self._pending
        if pending:
            octets = pending[0] if len(pending) == 1 else b"".join(pending)
            pending.clear()
            self._pending_octets = 0
            if self._is_paused:
                self._is_paused = False
                if self._transport is not None and not self._is_lost:
                    self._transport.resume_reading()
            return octets
        if self._is_eof:
            return b""
        if self._is_lost:
            if self._error is None:
                return b""
            raise Gone(str(self._error))
        if self._reader is not None:
            message = "two tasks read one stream"
            raise RuntimeError(message)
        reader: asyncio.Future[bytes] = self._loop.create_future()
        self._reader = reader
        self._read_timer.set(timeout_s)
        self._read_since = self._loop.time()
        try:
            return await reader
        finally:
            if self._reader is reader:
                self._reader = None
                self._read_timer.clear()

    def _read_expired(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None and not reader.done():
            reader.set_exception(Silent("the peer said nothing"))

    def peer_certificate(self) -> bytes:
        """The peer's certificate in DER; b"" where there is none."""
        secured = self._transport.get_extra_info("ssl_object") if self._transport is not None else None
        return (secured.getpeercert(binary_form=True) or b"") if secured is not None else b""

    def unread(self, octets: bytes) -> None:
        """Put back what belongs to the next reader."""
        if octets:
            self._pending.insert(0, octets)
            self._pending_octets += len(octets)

    def write(self, octets: "bytes | bytearray | memoryview") -> None:
        """Send; never blocks. Large writes are followed by ``drain``. What is written to a lost stream is dropped."""
        if not self._is_lost and self._transport is not None:
            self._transport.write(octets)

    @property
    def is_full(self) -> bool:
        """More than ``HIGH_OUTPUT`` octets are unsent: ``drain`` would wait."""
        return self._is_full

    async def drain(self, timeout_s: float = 300.0) -> None:
        """Wait while more than ``HIGH_OUTPUT`` octets are unsent. Raises ``Silent`` when the peer does not take them, ``Gone``."""
        if self._is_lost:
            raise Gone(str(self._error or "the connection is closed"))
        if not self._is_full:
            return
        if self._write_timer is None:
            self._write_timer = _Timer(self._loop, self._write_expired)
        self._writer = writer = self._loop.create_future()
        self._write_timer.set(timeout_s)
        try:
            await writer
        finally:
            if self._writer is writer:
                self._writer = None
                self._write_timer.clear()

    def _write_expired(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None and not writer.done():
            writer.set_exception(Silent("the peer takes nothing"))

    async def start_tls(self, context: ServerTls | ClientTls, server_name: str | None = None) -> None:
        """Shake hands. Everything received before is thrown away: nothing sent in clear may be taken as sent in TLS
        (RFC 3207 §6, RFC 8314). Raises ``Gone`` when the handshake fails."""
        transport = self._transport
        if transport is None or self._is_lost or self._is_eof:
            raise Gone("the connection is closed")
        self._pending.clear()
        self._pending_octets = 0
        if self._is_paused:
            self._is_paused = False
            transport.resume_reading()
        is_server = isinstance(context, ServerTls)
        try:
            secured = await self._loop.start_tls(
                transport,
                self,
                context.context,
                server_side=is_server,
                server_hostname=None if is_server else server_name,
                ssl_handshake_timeout=HANDSHAKE_S,
            )
        except (OSError, ssl.SSLError) as exc:
            transport.abort()
            self.connection_lost(exc)
            raise Gone(f"no TLS: {exc}") from exc
        if secured is None:
            self.connection_lost(None)
            raise Gone("the peer left during the handshake")
        self._take(secured)

    def peer_chain(self) -> list[bytes]:
        """The certificates that the peer showed, its own first, as DER; none without TLS."""
        secured = self._transport.get_extra_info("ssl_object") if self._transport is not None else None
        return peer_chain(secured) if secured is not None else []

    def hand_over(self, protocol: asyncio.BaseProtocol, shut_down: Callable[[], None]) -> None:
        """Give the connection to a protocol of somebody else's; what was received already comes first. ``shut_down`` is called when
        the server is about to stop. From now on only ``abort`` and what the listener asks still work here."""
        transport = self._transport
        if transport is None or self._is_lost:
            raise Gone("the connection is closed")
        self._shut_down = shut_down
        pending, self._pending = b"".join(self._pending), []
        self._pending_octets = 0
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        if self._is_paused:
            self._is_paused = False
            transport.resume_reading()
        if pending:
            cast("asyncio.Protocol", protocol).data_received(pending)
        if self._is_eof:
            cast("asyncio.Protocol", protocol).eof_received()

    def protocol(self) -> asyncio.BaseProtocol | None:
        """Whose the connection is now."""
        return self._transport.get_protocol() if self._transport is not None else None

    async def close(self) -> None:
        """Flush what was written, end TLS in order, close. Never raises for the peer's sake."""
        transport = self._transport
        if transport is None or self._is_lost:
            return
        if self._shut_down is not None:
            transport.close()  # its protocol hears the end, not we
            return
        self._is_discarding = True
        self._pending.clear()
        self._closed = closed = self._loop.create_future()
        if self._is_paused:
            self._is_paused = False
            transport.resume_reading()
        try:
            if self.tls is None and not self._is_eof and transport.can_write_eof():
                transport.write_eof()
                self._loop.call_later(LINGER_S, transport.close)
            else:
                transport.close()
        except (OSError, RuntimeError):
            transport.abort()
        limit = self._loop.call_later(FLUSH_S, transport.abort)
        try:
            await closed
        except asyncio.CancelledError:
            transport.abort()
            raise
        finally:
            limit.cancel()

    def abort(self) -> None:
        """Drop the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    # ------------------------------------------------------------------------------------------ called by the listener
    def idle_s(self) -> float:
        """For how long a reader has waited with nothing to read; 0: somebody is at work."""
        if self._shut_down is not None:
            return _HANDED_OVER_S
        reader = self._reader
        return self._loop.time() - self._read_since if reader is not None and not reader.done() else 0.0

    def end_wait(self) -> None:
        """Tell an idle reader that the server is about to stop."""
        if self._shut_down is not None:
            self._shut_down()
            return
        reader, self._reader = self._reader, None
        if reader is not None and not reader.done():
            self._read_timer.clear()
            reader.set_exception(Draining("the server is about to stop"))
