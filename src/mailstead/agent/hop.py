"""One next server: how it is reached, how its connections are kept, and one transaction with it.

TLS: ``implicit`` from the first octet; else STARTTLS where it is offered. A certificate is verified where a password is to be sent or
the channel is ``implicit``; else any will do, and where even that fails the message goes in the clear: still better than not at
all, and no worse than what anybody on the way could bring about (RFC 7435). A password goes over an unencrypted connection to
loopback only. A connection that worked is kept for the next message for a few seconds.
"""

import asyncio
from collections.abc import Generator, Sequence
from typing import Final, TypeVar

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
_ITSELF: Final = EnhancedStatus(5, 4, 6)


class NoSession(Exception):  # noqa: N818 - says what there is
    """The server was not reached or would not speak with us; it has seen no envelope. ``failed`` holds for every recipient."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(failed.text)
        self.failed = failed


def not_for_good(failed: Failed) -> Failed:
    """A refusal of the session as a temporary failure: it is about us or about the moment, not about the recipient. But a way
    that leads back to us stays what it is."""
    if not failed.is_permanent or failed.status == _ITSELF:
        return failed
    return Failed(failed.hop, failed.code, EnhancedStatus(4, failed.status.subject, failed.status.detail), failed.text)


class Connection:
    """A stream, a reader of replies, and what the server offers."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.offers = Offers()
        self.is_closing = False
        self.kept_at = 0.0
        self.transactions = 0
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
        try:
            while (reply := self._reader.next()) is None:
                octets = await self.stream.read(timeout_s)
                if not octets:
                    raise Gone("the next server hung up")
                self._reader.feed(octets)
        except Rejected:
            # Not a reply: which answer belongs to what is not known any more.
            self.is_closing = True
            raise
        self.is_closing = self.is_closing or reply.code == _CLOSING
        return reply

    def forget_replies(self) -> None:
        """TLS begins: nothing heard before counts (RFC 3207 §4.2)."""
        self._reader = client.Reader()


class Hop:
    """``name``: what the server is called, in notices and in its certificate. ``addresses``: where it is, tried in turn; its name
    where the system's own resolver is to find it. ``us``: what EHLO says."""

    def __init__(
        self, name: str, port: int, *, us: str, addresses: Sequence[str] = (), implicit: bool = False, user: str = "", password: str = "",
        tls: ClientTls | None = None,
    ) -> None:  # fmt: skip
        self.name = name
        self._port = port
        self._us = us
        self._addresses = tuple(addresses) or (name,)
        self._implicit = implicit
        self._user = user
        self._password = password
        self._verified = tls or ClientTls()
        self._any = tls or ClientTls(verify=False)
        self._kept: list[Connection] = []
        self._leaving: set[asyncio.Task[None]] = set()
        self._in_the_clear = False
        """TLS was tried and failed where any certificate would have done."""

    async def deliver(self, envelope: Envelope, octets: bytes) -> list[Attempt]:
        """One outcome for each forward path, in order. Raises ``NoSession`` when not even the first could be offered."""
        done: list[Attempt] = []
        left = envelope.forward_paths
        while left:
            try:
                connection = await self._taken() or await self._open()
            except NoSession as exc:
                if not done:
                    raise
                return [*done, *[exc.failed] * len(left)]
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
        connection.transactions += 1
        if connection.transactions == connection.offers.transactions:
            connection.is_closing = True  # the last that it takes (RFC 9422 §4.1)
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
        return [Sent(self.name, reply.text, passes_on) if reply.is_ok else self._failed(reply) for reply in replies]

    def _failed(self, reply: Reply) -> Failed:
        status = reply.status
        if reply.is_permanent != status.is_permanent:
            status = EnhancedStatus(5 if reply.is_permanent else 4, status.subject, status.detail)
        # A reply that no server gave has no lines: nobody is quoted with it.
        return Failed(self.name, reply.code if reply.lines else 0, status, reply.text)

    def _unheard(self, exc: NetError, status: EnhancedStatus) -> Failed:
        return Failed(self.name, 0, status, f"The next server could not be reached: {exc}")

    # ------------------------------------------------------------------------------------------------- connections
    async def _open(self) -> Connection:
        """The first address that speaks with us. Raises ``NoSession`` with the last one's failure."""
        failed: Failed | None = None
        for address in self._addresses:
            try:
                return await self._open_at(address)
            except Rejected as exc:
                failed = self._failed(exc.reply)
            except NetError as exc:
                failed = self._unheard(exc, EnhancedStatus(4, 4, 1))
        if failed is None:
            failed = Failed(self.name, 0, EnhancedStatus(4, 4, 4), f"{self.name} has no address")
        raise NoSession(failed)

    async def _open_at(self, address: str) -> Connection:
        stream = await connect(
            address, self._port, timeout_s=CONNECT_S, tls=self._verified if self._implicit else None, server_name=self.name
        )
        connection = Connection(stream)
        try:
            await connection.play(client.greet())
            connection.offers = await connection.play(client.hello(self._us))
            if connection.offers.name.lower() == self._us.lower() and not self._user:
                raise Rejected(client.permanent(f"{self.name} at {address} is this server itself", _ITSELF))
            if not self._implicit and "STARTTLS" in connection.offers and not self._in_the_clear:
                await connection.play(client.starttls())
                connection.forget_replies()
                try:
                    await stream.start_tls(self._verified if self._user else self._any, self.name)
                except NetError as exc:
                    if self._user:
                        raise
                    telemetry.event("tls.failed", hop=self.name, reason=f"{exc}; the message goes in the clear")
                    stream.abort()
                    self._in_the_clear = True
                    return await self._open_at(address)
                connection.offers = await connection.play(client.hello(self._us))
            if self._user:
                if not _is_safe(stream):
                    raise Rejected(client.temporary("The next server offers no TLS; the password stays here", EnhancedStatus(4, 7, 11)))
                await connection.play(client.login(connection.offers, self._user, self._password))
        except BaseException:
            stream.abort()
            raise
        telemetry.event(
            "hop.connected", hop=self.name, address=str(stream.peer), tls=stream.tls.version if stream.tls else "",
            reason="logged in" if self._user else "open",
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
