"""POP3 over a stream (RFC 1939, 2449, 2595, 3206, 5034, 6856).

One task per connection reads, works and writes. A maildrop is a snapshot (``service.maildrop``): sessions stand side by
side, and what is marked as deleted goes at QUIT only, so a connection that breaks loses nothing. Before login the whole
conversation has ``POP3_TIMEOUT_S``; afterwards each silence has.
"""

import asyncio
import base64
import binascii
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, Protocol

from mailstead import telemetry
from mailstead.model import limits
from mailstead.model.errors import Reason, Refusal, Unavailable, Violation
from mailstead.model.ids import OpId
from mailstead.model.question import Origin, Principal
from mailstead.net.errors import Draining, Gone, Silent
from mailstead.net.stream import Stream
from mailstead.net.tls import ServerTls
from mailstead.protocol.pop3.command import Command, State
from mailstead.protocol.pop3.server import ServerConnection, Stuffing, err, multiline, ok
from mailstead.server.origin import origin_of
from mailstead.service.mailbox import Mail
from mailstead.service.maildrop import Drop, Maildrop

_FAILURES: Final = 3
"""Failed logins after which we hang up."""
_LANGUAGE: Final = "en"
_CODES: Final[dict[Reason, str]] = {
    Reason.AUTHENTICATION_FAILED: "AUTH",
    Reason.AUTHORIZATION_FAILED: "AUTH",
    Reason.ACCOUNT_SUSPENDED: "SYS/PERM",
    Reason.IN_USE: "IN-USE",
}
"""Response codes of RFC 2449 §8 and RFC 3206 §4; other refusals have none."""


class Access(Protocol):
    """``service.access`` as it is seen from here. Refusals are ``model.errors.Refusal``."""

    def mechanisms(self, origin: Origin) -> tuple[str, ...]: ...
    def banned(self, origin: Origin) -> bool: ...
    async def authenticate(
        self, mechanism: str, initial: bytes | None, ask: Callable[[bytes], Awaitable[bytes]], origin: Origin
    ) -> Principal: ...
    async def login(self, login: str, password: str, origin: Origin) -> Principal: ...


class Session:
    """One connection. ``handlers`` are methods named after their keywords, in lower case."""

    def __init__(self, mail: Mail, access: Access, tls: ServerTls | None, stream: Stream) -> None:
        self._mail = mail
        self._access = access
        self._tls = tls
        self._stream = stream
        self._machine = ServerConnection()
        self._drop: Maildrop | None = None
        self._principal: Principal | None = None
        self._deleted: set[int] = set()
        self._seen: set[int] = set()
        self._failures = 0
        self._is_over = False
        self._started_at = asyncio.get_running_loop().time()

    # ------------------------------------------------------------------------------------------------- life
    async def run(self) -> None:
        """The connection from greeting to end."""
        stream, machine = self._stream, self._machine
        telemetry.count("pop3.connections")
        if self._access.banned(origin_of(stream, "pop3")):
            stream.write(err("Too many failed logins from your address; try again later", "SYS/TEMP"))
            return
        stream.write(ok("Mailstead is ready"))
        while not self._is_over:
            command = machine.next_command()
            if command is None:
                octets = await stream.read(self._patience_s())
                if not octets:
                    return
                machine.receive(octets)
            elif isinstance(command, Violation):
                stream.write(err(command.text))
                if command.fatal:
                    telemetry.event("pop3.refused", peer=stream.peer.host, reason=command.text)
                    return
            else:
                await self._perform(command)
                await stream.drain()

    def _patience_s(self) -> float:
        if self._machine.state is State.TRANSACTION:
            return limits.POP3_TIMEOUT_S
        return max(1.0, self._started_at + limits.POP3_TIMEOUT_S - asyncio.get_running_loop().time())

    async def _perform(self, command: Command) -> None:
        try:
            answer = await getattr(self, "_" + command.keyword.lower())(command)
        except Refusal as refusal:
            answer = err(refusal.public, _CODES.get(refusal.reason, ""))
        except Unavailable as exc:
            telemetry.event("pop3.failed", account=self._account, reason=exc.cause or exc.public)
            answer = err("This cannot be done for now; try again later", "SYS/TEMP")
        except Violation as violation:
            answer = err(violation.text)
        if answer:
            self._stream.write(answer)

    @property
    def _account(self) -> int:
        return self._principal.account_id if self._principal is not None else 0

    # ------------------------------------------------------------------------------------------------- any state
    async def _capa(self, _command: Command) -> bytes:
        return multiline("These are", self.capabilities())

    def capabilities(self) -> list[str]:
        """What we can, here and now (RFC 2449 §5)."""
        words = ["TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "EXPIRE NEVER", "UTF8 USER", "LANG"]
        if self._machine.state is State.AUTHORIZATION:
            mechanisms = self._access.mechanisms(origin_of(self._stream, "pop3"))
            if mechanisms:
                words += ["USER", "SASL " + " ".join(mechanisms)]
            if self._tls is not None and self._stream.tls is None:
                words.append("STLS")
        else:
            words.append("IMPLEMENTATION Mailstead")
        return words

    async def _lang(self, command: Command) -> bytes:
        """RFC 6856 §3: there is English only."""
        if not command.text:
            return multiline("One language:", [f"{_LANGUAGE} English"])
        if command.text == "*" or command.text.lower().split("-")[0] == _LANGUAGE:
            return ok(f"{_LANGUAGE} English it is")
        return err("There is English only")

    async def _quit(self, _command: Command) -> bytes:
        """The UPDATE state (RFC 1939 §6)."""
        self._is_over = True
        drop = self._drop
        if drop is None:
            return ok("Goodbye")
        try:
            await drop.commit(_new_op, deleted=self._deleted, seen=self._seen)
        except (Refusal, Unavailable) as exc:
            telemetry.event("pop3.failed", account=self._account, reason=exc.cause or exc.public)
            return err("Some deleted messages have not been removed", "SYS/TEMP")
        telemetry.event("pop3.closed", account=self._account, deleted=len(self._deleted), seen=len(self._seen - self._deleted))
        return ok("Goodbye")

    # ------------------------------------------------------------------------------------------------- before login
    async def _stls(self, _command: Command) -> bytes:
        """Nothing from before the handshake counts afterwards (RFC 2595 §4)."""
        if self._stream.tls is not None:
            return err("TLS is on already")
        if self._tls is None:
            return err("There is no TLS here")
        if self._machine.utf8:
            return err("STLS comes before UTF8")  # RFC 6856 §2.1
        self._stream.write(ok("Begin the handshake"))
        self._machine.discard()
        await self._stream.start_tls(self._tls)
        return b""

    async def _utf8(self, _command: Command) -> bytes:
        """RFC 6856 §2.1."""
        self._machine.utf8 = True
        return ok("UTF-8 it is")

    async def _user(self, command: Command) -> bytes:
        """Says the same for every name (RFC 1939 §13 warns of telling which exist)."""
        self._must_be_safe()
        self._machine.user = command.text
        return ok("Send the password")

    async def _pass(self, command: Command) -> bytes:
        user, self._machine.user = self._machine.user, None
        if user is None:
            return err("USER comes first")
        origin = origin_of(self._stream, "pop3")
        return await self._log_in(self._access.login(user, command.text, origin))

    async def _auth(self, command: Command) -> bytes:
        """RFC 5034 §4. Without a mechanism: which there are, as older clients ask."""
        origin = origin_of(self._stream, "pop3")
        mechanisms = self._access.mechanisms(origin)
        if not command.text:
            return multiline("These are", list(mechanisms))
        self._must_be_safe()
        if command.text not in mechanisms:
            return err("That mechanism is not offered")
        initial = None if command.initial is None else b"" if command.initial == b"=" else _decoded(command.initial)
        self._machine.user = None
        self._machine.auth_begins()
        try:
            return await self._log_in(self._access.authenticate(command.text, initial, self._ask, origin))
        finally:
            self._machine.auth_ends()

    async def _ask(self, challenge: bytes) -> bytes:
        stream, machine = self._stream, self._machine
        stream.write(b"+ " + base64.b64encode(challenge) + b"\r\n")
        while (line := machine.next_line()) is None:
            octets = await stream.read(self._patience_s())
            if not octets:
                raise Gone("the peer left")
            machine.receive(octets)
        if isinstance(line, Violation):
            raise line
        if line == b"*":
            raise Violation("Cancelled")
        return _decoded(line)

    def _must_be_safe(self) -> None:
        if not self._access.mechanisms(origin_of(self._stream, "pop3")):
            raise Refusal(Reason.AUTHENTICATION_TOO_WEAK, "Encrypt the connection first")

    async def _log_in(self, login: Awaitable[Principal]) -> bytes:
        try:
            principal = await login
        except Refusal:
            self._failures += 1
            self._is_over = self._failures >= _FAILURES
            raise
        self._drop = drop = await Maildrop.open(self._mail, principal.account_id)
        self._principal = principal
        self._machine.logged_in()
        telemetry.event("pop3.opened", account=principal.account_id, messages=len(drop.drops))
        return ok(_summary(drop.drops))

    # ------------------------------------------------------------------------------------------------- transaction
    async def _noop(self, _command: Command) -> bytes:
        return ok()

    async def _stat(self, _command: Command) -> bytes:
        drops = [drop for _, drop in self._present()]
        return ok(f"{len(drops)} {sum(drop.size_octets for drop in drops)}")

    async def _list(self, command: Command) -> bytes:
        if command.number:
            return ok(f"{command.number} {self._numbered(command.number).size_octets}")
        present = self._present()
        return multiline(_summary([drop for _, drop in present]), [f"{number} {drop.size_octets}" for number, drop in present])

    async def _uidl(self, command: Command) -> bytes:
        maildrop = self._open
        if command.number:
            return ok(f"{command.number} {maildrop.unique_id(self._numbered(command.number))}")
        return multiline("Unique ids:", [f"{number} {maildrop.unique_id(drop)}" for number, drop in self._present()])

    async def _retr(self, command: Command) -> bytes:
        drop = self._numbered(command.number)
        await self._send(f"{drop.size_octets} octets", self._open.retrieve(drop, utf8=self._machine.utf8))
        self._seen.add(drop.uid)
        return b""

    async def _top(self, command: Command) -> bytes:
        drop = self._numbered(command.number)
        await self._send("The top of it", self._open.top(drop, command.lines, utf8=self._machine.utf8))
        return b""

    async def _dele(self, command: Command) -> bytes:
        self._deleted.add(self._numbered(command.number).uid)
        return ok(f"Message {command.number} goes at QUIT")

    async def _rset(self, _command: Command) -> bytes:
        self._deleted.clear()
        return ok(_summary(self._open.drops))

    async def _send(self, first: str, pieces: AsyncIterator[bytes]) -> None:
        """A message. What fails after the first octets ends the connection: a short message must not look whole."""
        stream, stuffing = self._stream, Stuffing()
        is_begun = False
        try:
            async for piece in pieces:
                if not is_begun:
                    stream.write(ok(first))
                    is_begun = True
                stream.write(stuffing.feed(piece))
                await stream.drain()
        except (Refusal, Unavailable) as exc:
            if not is_begun:
                raise
            telemetry.event("pop3.failed", account=self._account, reason=exc.cause or exc.public)
            stream.abort()
            raise Gone("the message could not be read to its end") from exc
        stream.write(stuffing.end())

    @property
    def _open(self) -> Maildrop:
        if self._drop is None:
            raise Violation("Log in first")
        return self._drop

    def _present(self) -> list[tuple[int, Drop]]:
        return [(number, drop) for number, drop in enumerate(self._open.drops, 1) if drop.uid not in self._deleted]

    def _numbered(self, number: int) -> Drop:
        drops = self._open.drops
        if number > len(drops):
            raise Refusal(Reason.NOT_FOUND, f"There are {len(drops)} messages")
        if drops[number - 1].uid in self._deleted:
            raise Refusal(Reason.EXPUNGED, f"Message {number} is deleted")
        return drops[number - 1]


def _summary(drops: list[Drop]) -> str:
    return f"{len(drops)} messages ({sum(drop.size_octets for drop in drops)} octets)"


def _decoded(line: bytes) -> bytes:
    try:
        return base64.b64decode(line, validate=True)
    except binascii.Error:
        raise Violation("That is not base64") from None


def _new_op() -> OpId:
    return OpId(secrets.token_bytes(16))


def pop3_server(*, mail: Mail, access: Access, settings: Any = None, tls: ServerTls | None) -> Callable[[Stream], Awaitable[None]]:
    """The driver. ``tls``: what STLS uses; None: it is not offered."""
    del settings

    async def serve(stream: Stream) -> None:
        session = Session(mail, access, tls, stream)
        try:
            await session.run()
        except Draining:
            stream.write(err("The server is about to stop", "SYS/TEMP"))
        except (Silent, Gone):
            pass  # without a word and without UPDATE, as RFC 1939 §3 has it
        except Exception as exc:
            telemetry.defect("pop3", exc)
            stream.write(err("Something went wrong on our side", "SYS/TEMP"))
        await stream.close()

    return serve
