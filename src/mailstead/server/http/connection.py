"""Connections that speak HTTP: accepted, secured and counted by our listener, then handed to Uvicorn's protocol.

So PROXY headers, certificates by name, limits per address and draining are those of every other service, and HTTP/1.1 itself is
a library's (docs/decisions/0030). What Uvicorn leaves open is bounded here: the size of a header and the time it takes to come.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final, Protocol

import msgspec
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.frames import CloseCode, Frame, Opcode

from mailstead.model import limits
from mailstead.net import Stream
from mailstead.protocol.jmap.request import too_large
from mailstead.server.http.again import Brief, Exchange, Heads

_JOINED_OCTETS: Final = 64 << 10
MESSAGE: Final = 2 * limits.JMAP_REQUEST
"""Octets of a message on a WebSocket: one that is larger than a request may be, but not by far, is told so (RFC 8887 §4.3.1)."""

_EARLY_S: Final = 0.01
WHOLE: Final = "mailstead.whole"
"""In a request's scope once all of it is here: nobody waits for its body any more."""


class Stopping:
    """Whether the server is about to stop, and who wants to hear of it."""

    def __init__(self) -> None:
        self.is_now = False
        self._told: set[Callable[[], None]] = set()

    def tell(self, what: Callable[[], None]) -> None:
        """Call ``what`` when it stops."""
        self._told.add(what)

    def forget(self, what: Callable[[], None]) -> None:
        self._told.discard(what)

    def now(self) -> None:
        """It stops."""
        self.is_now = True
        for what in tuple(self._told):
            what()


class App(Protocol):
    """An ASGI application."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...
    def brief(self, scope: dict[str, Any]) -> Brief | None:
        """What answers a request like this one, where that can be known from its header; None: the application as a whole."""


class HttpServer:
    """Serves an ASGI application on streams. ``stopping`` is set when the server is about to stop: long answers end then."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.stopping = Stopping()
        self.lost: dict[Any, asyncio.Future[None]] = {}
        self.peers: dict[Any, Stream] = {}
        self._state = ServerState()
        self._config = uvicorn.Config(
            app, loop="none", http=Connection, ws=Socket, lifespan="off", log_config=None, access_log=False, server_header=False,
            proxy_headers=False, timeout_keep_alive=int(limits.HTTP_KEEP_ALIVE_S), ws_max_size=MESSAGE, ws_max_queue=4,
            ws_per_message_deflate=False,
        )  # fmt: skip
        self._config.load()
        logging.getLogger("uvicorn").disabled = True  # what is worth telling is told by telemetry
        logging.getLogger("uvicorn.error").disabled = True
        self._config.mailstead = self  # type: ignore[attr-defined]  # where its protocols find us

    async def serve(self, stream: Stream) -> None:
        """One connection to its end; what a listener's handler is."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()
        connection = Connection(self._config, self._state, {}, loop)
        connection.take(stream, ended)

        def shut_down() -> None:
            self.stopping.now()
            current = stream.protocol()
            if isinstance(current, Connection | Socket):
                current.shutdown()

        stream.hand_over(connection, shut_down)
        await ended


class _Told:
    """Tells when its connection is gone, and whose it is."""

    config: Any
    client: Any

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)  # type: ignore[misc]
        stream = self.config.mailstead.peers.get(transport)
        if stream is not None:
            self.client = stream.peer.host, stream.peer.port

    def connection_lost(self, exc: Exception | None) -> None:
        transport = self.transport  # type: ignore[attr-defined]
        server = self.config.mailstead
        server.peers.pop(transport, None)
        ended = server.lost.pop(transport, None)
        try:
            super().connection_lost(exc)  # type: ignore[misc]
        finally:
            if ended is not None and not ended.done():
                ended.set_result(None)


class Socket(_Told, WebSocketsSansIOProtocol):
    """A connection that became a WebSocket. Whoever breaks its rules reads why, and what still comes meanwhile is thrown away: a connection that is closed with
    octets unread is reset, and what was said last is lost."""

    _is_deaf = False

    def data_received(self, data: bytes) -> None:
        if not self._is_deaf:
            super().data_received(data)

    def handle_parser_exception(self) -> None:
        closing = self.conn.close_sent
        if closing is None or self.close_sent:
            self.transport.close()
            return
        self._is_deaf = self.close_sent = True
        self.stop_keepalive()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": closing.code, "reason": closing.reason})
        said = self.conn.data_to_send()
        if closing.code == CloseCode.MESSAGE_TOO_BIG:  # RFC 8887 §4.3.4 as well as RFC 6455 §7.4.1
            error = msgspec.json.encode({"@type": "RequestError", **too_large().problem()})
            said = [Frame(Opcode.TEXT, error).serialize(mask=False), *said]
        self.transport.write(b"".join(said))
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(self.close_timeout, self.transport.close)


class _Whole:
    """A connection's transport as an answer's writer sees it: the head waits for the beginning of the body, so that both go at once; each piece that goes
    alone is a call of the system, and wakes whoever reads for nothing. What has no body in this turn of the loop goes as it is."""

    def __init__(self, transport: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._head: bytes | None = None
        self._is_begun = False

    def write(self, octets: bytes) -> None:
        if not self._is_begun:
            self._is_begun = True
            self._head = octets
            self._loop.call_soon(self._flush)
        elif self._head is not None and len(octets) <= _JOINED_OCTETS:
            head, self._head = self._head, None
            self._transport.write(head + octets)
        else:
            self._flush()
            self._transport.write(octets)

    def _flush(self) -> None:
        if self._head is not None:
            head, self._head = self._head, None
            if not self._transport.is_closing():
                self._transport.write(head)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Connection(_Told, HttpToolsProtocol):
    """A connection whose header is bounded in size and time. Headers that come again are known (``again``); a timer that ends it when it is idle is set anew only when it has
    gone off too early."""

    _heads: Heads | None = None
    """From its second request on."""
    _is_between = True
    """Nothing of a request has come of which not all has come."""
    _come: bytes | None = None
    """What has come at once, where it begins a request."""
    _idle_since = 0.0
    """0: it is not."""
    _header_octets = 0
    _header_timer: asyncio.TimerHandle | None = None
    _taken: tuple[Stream, asyncio.Future[None]] | None = None

    def take(self, stream: Stream, ended: "asyncio.Future[None]") -> None:
        """What to tell whom once there is a transport."""
        self._taken = stream, ended

    def connection_made(self, transport: Any) -> None:
        if self._taken is not None:
            self.config.mailstead.peers[transport], self.config.mailstead.lost[transport] = self._taken
            self._taken = None
        super().connection_made(transport)
        self._begin_header()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_header()
        self._idle_since = 0.0
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._idle_since = 0.0
        if self._is_between and (self.cycle is None or self.cycle.response_complete):
            found = self._heads.find(data) if self._heads is not None else None
            if found is not None:
                self.cycle = Exchange(self, *found)  # type: ignore[assignment]
                return
            self._come = data
        super().data_received(data)
        self._come = None
        if self._header_timer is None and (self.cycle is None or self.cycle.response_complete):
            self._begin_header()  # a header that comes in one piece needs no timer

    def _begin_header(self) -> None:
        self._header_timer = self.loop.call_later(limits.HTTP_HEADER_TIMEOUT_S, self._too_slow)

    def _end_header(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _too_slow(self) -> None:
        self._header_timer = None
        if self.transport is not None and not self.transport.is_closing():
            self.transport.close()

    def _unset_keepalive_if_required(self) -> None:
        """The timer goes on and finds out."""

    def on_response_complete(self) -> None:
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self._heads is None:
            self._heads = Heads()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def timeout_keep_alive_handler(self) -> None:
        self.timeout_keep_alive_task = None
        if not self._idle_since:
            return
        left_s = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left_s > _EARLY_S:
            self.timeout_keep_alive_task = self.loop.call_later(left_s, self.timeout_keep_alive_handler)
        else:
            super().timeout_keep_alive_handler()

    def on_message_begin(self) -> None:
        self._is_between = False
        self._header_octets = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._bound(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._bound(len(name) + len(value) + 4)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._end_header()
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:  # else it becomes a WebSocket
            self.cycle.transport = _Whole(self.transport, self.loop)  # type: ignore[assignment]

    def on_message_complete(self) -> None:
        self._is_between = True
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]
        scope[WHOLE] = True
        super().on_message_complete()
        if self._heads is not None and self._come is not None and "path" in scope and self.parser.should_keep_alive():  # none: it becomes a WebSocket
            answer = self.config.mailstead.app.brief(scope)
            if answer is not None:
                self._heads.keep(self._come, scope, answer)

    def _bound(self, octets: int) -> None:
        self._header_octets += octets
        if self._header_octets > limits.HTTP_HEADER:
            raise ValueError("the header is too large")
