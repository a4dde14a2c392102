"""One next server: how it is reached, and one transaction after the other with it.

What has to be true of the connection before a message goes over it is a ``TlsPolicy``. Without one: TLS from the first octet where ``implicit``; else
STARTTLS where it is offered, with any certificate, and where even that fails the message goes in the clear: still better than not at all, and no
worse than what anybody on the way could bring about (RFC 7435). A password goes over a verified connection only, or unencrypted to loopback.
"""

import asyncio
import hashlib
import secrets
import time
from collections.abc import Awaitable, Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from mailstead import telemetry
from mailstead.model.address import Envelope
from mailstead.model.status import EnhancedStatus
from mailstead.net import ClientTls, Gone, NetError, Stream, connect
from mailstead.net.socks import Socks, connect_by
from mailstead.net.tls import failure_of
from mailstead.protocol.smtp import client
from mailstead.protocol.smtp.client import Offers, Rejected, Reply, Turn
from mailstead.protocol.smtp.login import Credentials, login
from mailstead.service.ports import OPPORTUNISTIC, Attempt, Failed, NoSession, Peer, Sent, TlsMode, TlsPolicy

_Value = TypeVar("_Value")
CONNECT_S: Final = 30.0
_PIECE: Final = 256 << 10
_CLOSING: Final = 421
_ITSELF: Final = EnhancedStatus(5, 4, 6)
_LEAVE_S: Final = 2.0
PeerCheck = Callable[[TlsPolicy, Sequence[bytes]], tuple[str, str]]
"""(policy, the peer's certificates in DER) → ("", …) where they are as the policy wants, else a word of RFC 8460 §4.3 and what is wrong."""


Downgrade = Callable[[bytes], Awaitable[bytes | None]]
"""An 8-bit message as a 7-bit one, signed anew; None where there is no such form."""


def no_check(_policy: TlsPolicy, _chain: Sequence[bytes]) -> tuple[str, str]:
    """Where nobody knows how to check a certificate association."""
    return "validation-failure", "its certificate cannot be checked"


@dataclass(frozen=True, slots=True)
class Way:
    """How servers are called. ``us``: what EHLO says; ``source``: the address to call from; ``socks``: the proxy in between."""

    us: str
    port: int = 25
    is_implicit: bool = False
    is_lmtp: bool = False
    credentials: Credentials | None = None
    source: str = ""
    socks: Socks | None = None
    tls: ClientTls | None = None
    check: PeerCheck = no_check
    downgrade: Downgrade | None = None
    """For servers without 8BITMIME; None: they get no 8-bit message."""


def not_for_good(failed: Failed) -> Failed:
    """A refusal of the session as a temporary failure: it is about us or about the moment, not about the recipient. But a way that
    leads back to us stays what it is, and one on which TLS is not required as the message wants."""
    if not failed.is_permanent or failed.status in {_ITSELF, client.NO_REQUIRETLS}:
        return failed
    return replace(failed, status=EnhancedStatus(4, failed.status.subject, failed.status.detail))


class HopLine:
    """``service.ports.Line`` to one server."""

    def __init__(self, name: str, address: str, way: Way, stream: Stream) -> None:
        # Behind a proxy the next server sees another address than ours.
        self.peer = Peer(name, address, source="" if way.socks is not None or stream.local.host == "unix" else stream.local.host)
        self.is_open = True
        self.offers = Offers()
        self._way = way
        self._stream = stream
        self._reader = client.Reader()
        self._transactions = 0
        self.is_shaking_hands = False
        """In the middle of a TLS handshake, or before it, when the server has been asked for one."""
        self.tls_failure = ""
        """A word of RFC 8460 §4.3."""

    # ------------------------------------------------------------------------------------------------- messages
    async def deliver(self, envelope: Envelope, octets: bytes) -> Sequence[Attempt]:
        """See ``service.ports.Line``."""
        most, paths = self.offers.recipients, envelope.forward_paths
        if len(paths) <= most:
            return await self._transact(envelope, octets)
        done: list[Attempt] = []
        while len(done) < len(paths):
            if not self.is_open:
                closed = Failed(self.peer.name, 0, EnhancedStatus(4, 4, 2), "The next server closed the connection", self.peer)
                return [*done, *[closed] * (len(paths) - len(done))]
            done += await self._transact(replace(envelope, forward_paths=paths[len(done) : len(done) + most]), octets)
        return done

    async def _transact(self, envelope: Envelope, octets: bytes) -> list[Attempt]:
        count = len(envelope.forward_paths)
        self._transactions += 1
        is_last = self._transactions == self.offers.transactions  # RFC 9422 §4.1
        if "8BITMIME" not in self.offers and self._way.downgrade is not None and not octets.isascii():
            octets = await self._way.downgrade(octets) or octets
        try:
            replies = await self._play(client.send(self.offers, envelope, octets, is_lmtp=self._way.is_lmtp, now_ms=time.time_ns() // 1_000_000))
        except Rejected as exc:
            replies = [exc.reply] * count
        except NetError as exc:
            self.is_open = False
            return [self._unheard(exc, EnhancedStatus(4, 4, 2))] * count
        except BaseException:
            self.is_open = False  # cut off in the middle: nobody knows what the next reply would belong to
            raise
        if is_last:
            self.is_open = False
        passes_on, keeps_time, peer = "DSN" in self.offers, "DELIVERBY" in self.offers, self.peer
        return [
            Sent(peer.name, reply.text, passes_on, reply.code, peer, keeps_time=keeps_time) if reply.is_ok else self._failed(reply) for reply in replies
        ]

    async def close(self) -> None:
        """Say goodbye where somebody may hear it."""
        if self.is_open:
            self.is_open = False
            try:
                async with asyncio.timeout(_LEAVE_S):
                    await self._play(client.leave())
            except (NetError, Rejected, TimeoutError):
                pass
        self._stream.abort()

    # ------------------------------------------------------------------------------------------------- the session
    async def begin(self, policy: TlsPolicy, *, is_clear: bool = False) -> None:
        """Greeting, TLS (unless ``is_clear``), login. Raises ``Rejected``, ``NetError``."""
        way = self._way
        await self._play(client.greet())
        await self._hello()
        if self.offers.name.lower() == way.us.lower() and way.credentials is None and not way.is_lmtp:
            raise Rejected(client.permanent(f"{self.peer.name} at {self.peer.address} is this server itself", _ITSELF))
        if not way.is_implicit and not is_clear:
            await self._encrypt(policy)
        if policy.is_required and "REQUIRETLS" not in self.offers:
            raise Rejected(client.permanent("The next server does not promise to require TLS further on", client.NO_REQUIRETLS))
        self._note_peer(policy)
        if way.credentials is not None:
            if self._stream.tls is None and not self._stream.peer.is_loopback:
                raise Rejected(client.temporary("The next server offers no TLS; the password stays here", EnhancedStatus(4, 7, 11)))
            await self._play(login(self.offers, replace(way.credentials, nonce=secrets.token_urlsafe(18))))

    async def _hello(self) -> None:
        self.offers = await self._play(client.hello(self._way.us, is_lmtp=self._way.is_lmtp))

    async def _encrypt(self, policy: TlsPolicy) -> None:
        if "STARTTLS" not in self.offers:
            if policy.mode is not TlsMode.OPPORTUNISTIC:
                self.tls_failure = "starttls-not-supported"
                if policy.is_required:
                    raise Rejected(client.permanent("The next server offers no TLS, which the message requires", client.NO_REQUIRETLS))
                raise Rejected(client.temporary("The next server offers no TLS, which is required for it", EnhancedStatus(4, 7, 10)))
            return
        # A server that offers TLS and then does not begin it has failed at it, unless it is about to close anyway.
        self.is_shaking_hands = True
        await self._play(client.starttls())
        self._reader = client.Reader()  # nothing heard before counts (RFC 3207 §4.2)
        must = self._way.credentials is not None or policy.mode is TlsMode.VERIFIED
        tls = self._way.tls or (_verified() if must else _any())
        await self._stream.start_tls(tls, policy.server_name or (policy.names[0] if policy.mode is TlsMode.VERIFIED and policy.names else self.peer.name))
        self.is_shaking_hands = False
        if policy.mode is TlsMode.DANE:
            self.tls_failure, wrong = self._way.check(policy, self._stream.peer_chain())
            if self.tls_failure:
                raise Rejected(client.temporary(f"The certificate of the next server is not the one that its domain names: {wrong}",
                                                EnhancedStatus(4, 7, 5)))  # fmt: skip
        await self._hello()

    def _note_peer(self, policy: TlsPolicy) -> None:
        tls = self._stream.tls
        if tls is None:
            return
        assurance = policy.source if policy.mode in {TlsMode.DANE, TlsMode.VERIFIED} else "pkix" if self._way.credentials is not None else ""
        certificate = self._stream.peer_certificate()
        digest = hashlib.sha256(certificate).hexdigest() if certificate else ""
        self.peer = replace(self.peer, tls=tls.version, cipher=tls.cipher, certificate=digest, assurance=assurance)

    # ------------------------------------------------------------------------------------------------- octets
    async def _play(self, dialogue: Generator[Turn, list[Reply], _Value]) -> _Value:
        """Drive a dialogue to its end. Raises ``NetError``, ``Rejected``."""
        stream = self._stream
        try:
            turn = next(dialogue)
            while True:
                octets = turn.octets
                if len(octets) <= _PIECE:
                    if octets:
                        stream.write(octets)
                else:
                    for at in range(0, len(octets), _PIECE):
                        stream.write(octets[at : at + _PIECE])
                        await stream.drain(turn.timeout_s)
                turn = dialogue.send([await self._reply(turn.timeout_s) for _ in range(turn.replies)])
        except StopIteration as end:
            value: _Value = end.value
            return value

    async def _reply(self, timeout_s: float) -> Reply:
        try:
            while (reply := self._reader.next()) is None:
                octets = await self._stream.read(timeout_s)
                if not octets:
                    raise Gone("the next server hung up")
                self._reader.feed(octets)
        except Rejected:
            # Not a reply: which answer belongs to what is not known any more.
            self.is_open = False
            raise
        if reply.code == _CLOSING:
            self.is_open = False
        return reply

    def failure(self, exc: Rejected | NetError) -> Failed:
        """Why the session did not come about."""
        if isinstance(exc, Rejected):
            return self._failed(exc.reply)
        return self._unheard(exc, EnhancedStatus(4, 4, 1))

    def _failed(self, reply: Reply) -> Failed:
        status = reply.status
        if reply.is_permanent != status.is_permanent:
            status = EnhancedStatus(5 if reply.is_permanent else 4, status.subject, status.detail)
        # A reply that no server gave has no lines: nobody is quoted with it.
        return Failed(self.peer.name, reply.code if reply.lines else 0, status, reply.text, self.peer)

    def _unheard(self, exc: NetError, status: EnhancedStatus) -> Failed:
        return Failed(self.peer.name, 0, status, f"The next server could not be reached: {exc}", self.peer)


async def open_line(name: str, address: str, way: Way, policy: TlsPolicy = OPPORTUNISTIC) -> HopLine:
    """A session with the server ``name`` at ``address``. Raises ``NoSession``."""
    try:
        return await _opened(name, address, way, policy)
    except _TlsFailed as exc:
        if policy.mode is not TlsMode.OPPORTUNISTIC or way.credentials is not None:
            raise NoSession(exc.failed, exc.failure) from exc
        telemetry.event("tls.refused", hop=name, address=address, reason=f"{exc.failed.text}; the message goes in the clear")
        line = await _opened(name, address, way, policy, is_clear=True)
        line.tls_failure = exc.failure
        return line


class _TlsFailed(Exception):  # noqa: N818 - says what happened
    def __init__(self, failed: Failed, failure: str) -> None:
        super().__init__(failed.text)
        self.failed = failed
        self.failure = failure


async def _opened(name: str, address: str, way: Way, policy: TlsPolicy, *, is_clear: bool = False) -> HopLine:
    try:
        if way.socks is not None:
            stream = await connect_by(way.socks, address, way.port, timeout_s=CONNECT_S)
        else:
            stream = await connect(
                address, way.port, timeout_s=CONNECT_S, tls=(way.tls or _verified()) if way.is_implicit else None,
                server_name=name if address != "unix" else name.removeprefix("unix:"), source=way.source,
            )
    except NetError as exc:
        peer = Peer(name, address)
        text = f"The next server could not be reached: {exc}"
        raise NoSession(Failed(name, 0, EnhancedStatus(4, 4, 1), text, peer)) from exc
    line = HopLine(name, address, way, stream)
    try:
        await line.begin(policy, is_clear=is_clear)
    except (Rejected, NetError) as exc:
        stream.abort()
        failed = line.failure(exc)
        if line.is_shaking_hands and failed.code != _CLOSING:
            failure = "starttls-not-supported" if isinstance(exc, Rejected) else failure_of(exc)
            raise _TlsFailed(replace(failed, status=EnhancedStatus(4, 7, 5)), failure) from exc
        raise NoSession(failed, line.tls_failure) from exc
    except BaseException:
        stream.abort()
        raise
    telemetry.event(
        "hop.connected", hop=name, address=line.peer.address, tls=line.peer.tls, reason="logged in" if way.credentials else "open",
    )
    return line


_contexts: Final[dict[bool, ClientTls]] = {}


def _verified() -> ClientTls:
    return _contexts.get(True) or _contexts.setdefault(True, ClientTls())


def _any() -> ClientTls:
    return _contexts.get(False) or _contexts.setdefault(False, ClientTls(verify=False))
