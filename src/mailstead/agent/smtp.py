"""The way to the smarthost: SMTP over TLS where it can be had (``[outbound] smarthost``).

``smtps://`` is TLS from the first octet with a verified certificate. ``smtp://`` takes STARTTLS when it is offered: verified where
a password is to be sent, else whatever certificate there is, for that is still better than none. A password goes over an
unencrypted connection to loopback only. A connection that worked is kept for the next message for a few seconds.

What happens on the way is never raised: it becomes a temporary failure of the recipients that had no answer yet.
"""

import asyncio
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import unquote, urlsplit

from mailstead import telemetry
from mailstead.model.address import Envelope
from mailstead.model.status import EnhancedStatus
from mailstead.net import ClientTls, Gone, NetError, Stream, connect
from mailstead.protocol.smtp import client
from mailstead.protocol.smtp.client import Offers, Rejected, Reply, Turn
from mailstead.service.ports import Attempt, Failed, Sent

_Value = TypeVar("_Value")
CONNECT_S: Final = 30.0
KEEP_S: Final = 5.0
KEEP: Final = 4
_PIECE: Final = 256 << 10
_CLOSING: Final = 421
_PORTS: Final = {"smtp": 25, "smtps": 465}


@dataclass(frozen=True, slots=True)
class Smarthost:
    """``[outbound] smarthost`` taken apart."""

    host: str
    port: int
    is_implicit_tls: bool
    user: str = ""
    password: str = ""

    @staticmethod
    def parse(url: str) -> "Smarthost":
        """``smtp://[user:password@]host[:port]`` or ``smtps://…``. Raises ``ValueError``."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError('a smarthost is "smtp://host:port" or "smtps://user:password@host:port"')
        return Smarthost(
            parts.hostname, parts.port or _PORTS[parts.scheme], parts.scheme == "smtps",
            unquote(parts.username or ""), unquote(parts.password or ""),
        )  # fmt: skip


class Connection:
    """A stream, a reader of replies, and what the server offers."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.offers = Offers()
        self.is_closing = False
        self.kept_at = 0.0
        self._reader = client.Reader()

    async def play(self, dialogue: Generator[Turn, list[Reply], _Value]) -> _Value:
        """Drive a dialogue to its end. Raises ``NetError``, ``Rejected``."""
        try:
            turn = next(dialogue)
            while True:
                for at in range(0, len(turn.octets), _PIECE):
                    self.stream.write(turn.octets[at : at + _PIECE])
                    await self.stream.drain(turn.timeout_s)
                turn = dialogue.send([await self._reply(turn.timeout_s) for _ in range(turn.replies)])
        except StopIteration as end:
            value: _Value = end.value
            return value

    async def _reply(self, timeout_s: float) -> Reply:
        while (reply := self._reader.next()) is None:
            octets = await self.stream.read(timeout_s)
            if not octets:
                raise Gone("the next server hung up")
            self._reader.feed(octets)
        self.is_closing = self.is_closing or reply.code == _CLOSING
        return reply

    def forget_replies(self) -> None:
        """TLS begins: nothing heard before counts (RFC 3207 §4.2)."""
        self._reader = client.Reader()


class SmarthostAgent:
    """``service.ports.DeliveryAgent`` for one smarthost. ``name``: what EHLO says."""

    def __init__(self, smarthost: Smarthost, *, name: str, tls: ClientTls | None = None) -> None:
        self._to = smarthost
        self._name = name
        self._verified = tls or ClientTls()
        self._any = tls or ClientTls(verify=False)
        self._kept: list[Connection] = []
        self._leaving: set[asyncio.Task[None]] = set()

    # ------------------------------------------------------------------------------------------------- the port
    async def deliver(self, envelope: Envelope, octets: bytes) -> Sequence[Attempt]:
        """See ``DeliveryAgent``."""
        done: list[Attempt] = []
        left = envelope.forward_paths
        while left:
            try:
                connection = await self._taken() or await self._open()
            except Rejected as exc:
                return [*done, *[self._failed(exc.reply)] * len(left)]
            except NetError as exc:
                return [*done, *[self._unheard(exc, EnhancedStatus(4, 4, 1))] * len(left)]
            now, left = left[: connection.offers.recipients], left[connection.offers.recipients :]
            part = Envelope(envelope.reverse_path, now, envelope.envid, envelope.ret, envelope.smtputf8, envelope.body)
            done += await self._transact(connection, part, octets)
        return done

    async def close(self) -> None:
        """Say goodbye on connections that are kept."""
        while self._kept:
            await self._leave(self._kept.pop())

    async def _transact(self, connection: Connection, envelope: Envelope, octets: bytes) -> list[Attempt]:
        count = len(envelope.forward_paths)
        is_whole = False
        try:
            replies = await connection.play(client.send(connection.offers, envelope, octets))
            is_whole = True
        except Rejected as exc:
            is_whole = True
            replies = [exc.reply] * count
        except NetError as exc:
            return [self._unheard(exc, EnhancedStatus(4, 4, 2))] * count
        finally:
            if is_whole and not connection.is_closing:
                self._keep(connection)
            else:
                connection.stream.abort()
        passes_on = "DSN" in connection.offers
        return [Sent(self._to.host, reply.text, passes_on) if reply.is_ok else self._failed(reply) for reply in replies]

    def _failed(self, reply: Reply) -> Failed:
        status = reply.status
        if reply.is_permanent != status.is_permanent:
            status = EnhancedStatus(5 if reply.is_permanent else 4, status.subject, status.detail)
        return Failed(self._to.host, reply.code, status, reply.text)

    def _unheard(self, exc: NetError, status: EnhancedStatus) -> Failed:
        return Failed(self._to.host, 0, status, f"The next server could not be reached: {exc}")

    # ------------------------------------------------------------------------------------------------- connections
    async def _open(self) -> Connection:
        to = self._to
        stream = await connect(to.host, to.port, timeout_s=CONNECT_S, tls=self._verified if to.is_implicit_tls else None)
        connection = Connection(stream)
        try:
            await connection.play(client.greet())
            connection.offers = await connection.play(client.hello(self._name))
            if not to.is_implicit_tls and "STARTTLS" in connection.offers:
                await connection.play(client.starttls())
                connection.forget_replies()
                await stream.start_tls(self._verified if to.user else self._any, to.host)
                connection.offers = await connection.play(client.hello(self._name))
            if to.user:
                if not _is_safe(stream):
                    raise Rejected(client.temporary("The next server offers no TLS; the password stays here", EnhancedStatus(4, 7, 11)))
                await connection.play(client.login(connection.offers, to.user, to.password))
        except BaseException:
            stream.abort()
            raise
        telemetry.event(
            "hop.connected", hop=to.host, port=to.port, tls=stream.tls.version if stream.tls else "",
            reason="logged in" if to.user else "open",
        )
        return connection

    async def _taken(self) -> Connection | None:
        """A kept connection that is fresh and still answers."""
        now = asyncio.get_running_loop().time()
        while self._kept:
            connection = self._kept.pop()
            if now - connection.kept_at < KEEP_S:
                try:
                    async with asyncio.timeout(KEEP_S):
                        await connection.play(client.reset())
                except (NetError, Rejected, TimeoutError):
                    pass
                else:
                    if not connection.is_closing:
                        return connection
            connection.stream.abort()
        return None

    def _keep(self, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        connection.kept_at = loop.time()
        if len(self._kept) >= KEEP:
            connection.stream.abort()
            return
        self._kept.append(connection)
        loop.call_later(KEEP_S, self._expire, connection)

    def _expire(self, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        if connection in self._kept and loop.time() - connection.kept_at >= KEEP_S:
            self._kept.remove(connection)
            task = loop.create_task(self._leave(connection))
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    async def _leave(self, connection: Connection) -> None:
        try:
            async with asyncio.timeout(2.0):
                await connection.play(client.leave())
        except (NetError, Rejected, TimeoutError):
            pass
        connection.stream.abort()


def _is_safe(stream: Stream) -> bool:
    """Whether a password may be sent here."""
    return stream.tls is not None or stream.peer.is_loopback
