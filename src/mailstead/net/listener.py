"""Taking calls: one task per connection, a bound per address, a gentle end.

The listening socket comes bound (the supervisor opens it before the workers are forked); every worker accepts on it.
``drain`` stops accepting, ends connections that are idle with ``Draining``, gives the others time to finish, and drops
what is left.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mailstead import telemetry
from mailstead.net.endpoint import Endpoint, endpoint_of
from mailstead.net.errors import Gone, NetError
from mailstead.net.proxy import read_proxy
from mailstead.net.stream import HANDSHAKE_S, Stream
from mailstead.net.tls import ServerTls

Handler = Callable[[Stream], Awaitable[None]]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_BACKLOG: Final = 512
_IDLE_S: Final = 0.5
"""A stream whose reader has waited this long is not in the middle of something."""
_LOOK_EVERY_S: Final = 0.1
_ACCEPT_PAUSE_S: Final = 0.2
_PROXY_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class ListenLimits:
    """``connections_per_address`` does not concern loopback and Unix sockets (DECISIONS 26); ``connections`` all."""

    connections_per_address: int = 50
    connections: int = 50_000


class Counts:
    """Connections per address, shared by the listeners of a worker."""

    def __init__(self) -> None:
        self.total = 0
        self.by_address: dict[str, int] = {}

    def take(self, peer: Endpoint, limits: ListenLimits) -> bool:
        """Count one more unless that is too many."""
        if self.total >= limits.connections:
            return False
        if not peer.is_loopback:
            key = peer.limit_key
            now = self.by_address.get(key, 0)
            if now >= limits.connections_per_address:
                return False
            self.by_address[key] = now + 1
        self.total += 1
        return True

    def give(self, peer: Endpoint) -> None:
        """One less."""
        self.total -= 1
        if not peer.is_loopback:
            key = peer.limit_key
            left = self.by_address.get(key, 0) - 1
            if left > 0:
                self.by_address[key] = left
            else:
                self.by_address.pop(key, None)


class Listener:
    """One listening socket of one worker. ``name`` is the service's, for events and counters."""

    def __init__(
        self,
        sock: socket.socket,
        handler: Handler,
        tls: ServerTls | None = None,
        limits: ListenLimits | None = None,
        *,
        name: str = "",
        proxy_from: Sequence[Network] = (),
        counts: Counts | None = None,
    ) -> None:
        self._socket = sock
        self._handler = handler
        self._tls = tls
        self.limits = limits or ListenLimits()
        """May be replaced while running (reload)."""
        self.name = name
        self._proxy_from = tuple(proxy_from)
        self._counts = counts if counts is not None else Counts()
        self._server: asyncio.Server | None = None
        self._acceptor: asyncio.Task[None] | None = None
        self._tasks: dict[Stream, asyncio.Task[None]] = {}
        self._greeters: set[asyncio.Task[None]] = set()
        self._is_draining = False

    @property
    def local(self) -> Endpoint:
        """Where it listens."""
        return endpoint_of(self._socket.getsockname())

    def __len__(self) -> int:
        return len(self._tasks)

    async def start(self) -> None:
        """Accept from now on."""
        loop = asyncio.get_running_loop()
        self._socket.setblocking(False)
        if self._proxy_from:
            self._acceptor = loop.create_task(self._accept_proxied(loop))
            return
        context = self._tls.context if self._tls else None
        seconds = HANDSHAKE_S if context else None
        if self._socket.family == socket.AF_UNIX:
            self._server = await loop.create_unix_server(
                lambda: Stream(loop, self._connected),
                sock=self._socket, ssl=context, backlog=_BACKLOG, ssl_handshake_timeout=seconds,
            )  # fmt: skip
        else:
            self._server = await loop.create_server(
                lambda: Stream(loop, self._connected),
                sock=self._socket, ssl=context, backlog=_BACKLOG, ssl_handshake_timeout=seconds,
            )  # fmt: skip

    # ------------------------------------------------------------------------------------------------ one connection
    def _connected(self, stream: Stream) -> None:
        if self._is_draining or not self._counts.take(stream.peer, self.limits):
            telemetry.event("connection.refused", service=self.name, peer=stream.peer.host, reason="too many connections")
            stream.abort()
            return
        telemetry.count("connections.opened", service=self.name)
        task = asyncio.get_running_loop().create_task(self._serve(stream))
        self._tasks[stream] = task

    async def _serve(self, stream: Stream) -> None:
        peer = stream.peer
        try:
            await self._handler(stream)
            await stream.close()
        except NetError:
            stream.abort()
        except asyncio.CancelledError:
            stream.abort()
        except Exception as exc:
            telemetry.defect(f"listener.{self.name}", exc, peer=peer.host)
            stream.abort()
        finally:
            self._tasks.pop(stream, None)
            self._counts.give(peer)

    # ------------------------------------------------------------------------------------------------ PROXY
    async def _accept_proxied(self, loop: asyncio.AbstractEventLoop) -> None:
        self._socket.listen(_BACKLOG)
        while True:
            try:
                connection, name = await loop.sock_accept(self._socket)
            except OSError as exc:
                telemetry.event("accept.failed", service=self.name, reason=str(exc))
                await asyncio.sleep(_ACCEPT_PAUSE_S)
                continue
            connection.setblocking(False)
            task = loop.create_task(self._greet(loop, connection, endpoint_of(name)))
            self._greeters.add(task)
            task.add_done_callback(self._greeters.discard)

    async def _greet(self, loop: asyncio.AbstractEventLoop, connection: socket.socket, peer: Endpoint) -> None:
        try:
            if self._speaks_for_others(peer):
                async with asyncio.timeout(_PROXY_S):
                    peer = await read_proxy(connection) or peer
            context = self._tls.context if self._tls else None
            await loop.connect_accepted_socket(
                lambda: Stream(loop, self._connected, peer=peer),
                connection, ssl=context, ssl_handshake_timeout=HANDSHAKE_S if context else None,
            )  # fmt: skip
        except (Gone, TimeoutError, OSError, ssl.SSLError) as exc:
            telemetry.event("connection.refused", service=self.name, peer=peer.host, reason=str(exc) or "no PROXY header in time")
            connection.close()

    def _speaks_for_others(self, peer: Endpoint) -> bool:
        if peer.host == "unix":
            return False
        address = ipaddress.ip_address(peer.host)
        return any(address in network for network in self._proxy_from)

    # ------------------------------------------------------------------------------------------------ the end
    async def stop(self) -> None:
        """Accept no more; connections go on. The supervisor's copy of the socket stays open."""
        self._is_draining = True
        if self._acceptor is not None:
            self._acceptor.cancel()
            await asyncio.gather(self._acceptor, return_exceptions=True)
        if self._server is not None:
            self._server.close()
        self._socket.close()

    async def drain(self, grace_s: float) -> None:
        """Stop, let connections finish, drop what is left after ``grace_s``."""
        await self.stop()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + grace_s
        for stream in self._tasks:
            stream.is_draining = True
        while self._tasks and loop.time() < deadline:
            for stream in list(self._tasks):
                if stream.idle_s() >= _IDLE_S:
                    stream.end_wait()
            await asyncio.sleep(min(_LOOK_EVERY_S, max(0.0, deadline - loop.time())))
        left = [*self._tasks.values(), *self._greeters]
        for task in left:
            task.cancel()
        for stream in list(self._tasks):
            stream.abort()
        await asyncio.gather(*left, return_exceptions=True)


def bind(address: str, *, mode: int = 0o660, share: bool = False) -> socket.socket:
    """A bound, listening socket for ``host:port``, ``[v6]:port`` or ``unix:PATH``. ``share``: further sockets of ours may be
    bound to the same port, and the kernel spreads connections over them. Raises ``OSError``, ``ValueError``."""
    if address.startswith("unix:"):
        path = address[5:]
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            _unlink_dead(path)
            sock.bind(path)
            Path(path).chmod(mode)
        except BaseException:
            sock.close()
            raise
    else:
        host, port = split_address(address)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named, or asyncio leaves Nagle on: 40 ms an answer
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if share:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind((host, port))
        except BaseException:
            sock.close()
            raise
    sock.listen(_BACKLOG)
    sock.setblocking(False)
    return sock


def _unlink_dead(path: str) -> None:
    if not Path(path).is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except OSError:
            Path(path).unlink()


def split_address(address: str) -> tuple[str, int]:
    """``127.0.0.1:25``, ``[::1]:25`` or ``*:25`` (all IPv4). Raises ``ValueError``."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit() or not 0 <= int(port) <= 65535:
        message = f"“{address}” is not an address and a port, such as 127.0.0.1:25 or [::1]:25"
        raise ValueError(message)
    host = host.removeprefix("[").removesuffix("]")
    if host == "*":
        host = "0.0.0.0"  # noqa: S104 - asked for by the administrator
    if host == "localhost":
        host = "127.0.0.1"
    try:
        ipaddress.ip_address(host)
    except ValueError:
        message = f"“{host}” is not an IP address"
        raise ValueError(message) from None
    return host, int(port)
