"""SMTP, submission and LMTP over a stream: one task a connection pumps octets through the machine and its events to policy.

Replies to pipelined commands leave together, when the machine has nothing more to say (RFC 2920 §3.2). The message goes into
a spool as it comes; when it is whole, ``service.reception`` makes it durable, and only then is 250 said. What went wrong on
our side is temporary (451), and the connection lives on.
"""

import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from mailstead import telemetry
from mailstead.model import limits
from mailstead.model.errors import DiskReserve, Reason, Refusal, Unavailable, Violation
from mailstead.model.question import Origin, Principal
from mailstead.net import Gone, ServerTls, Silent, Stream
from mailstead.net.errors import Draining
from mailstead.protocol.smtp.command import Auth, Bdat, Data, Hello, Mail, Plain, Rcpt
from mailstead.protocol.smtp.reply import lines, reply
from mailstead.protocol.smtp.server import Chunk, ChunkDone, End, Mode, Say, ServerConnection
from mailstead.server.origin import origin_of
from mailstead.service import submission
from mailstead.service.mailbox import Spool
from mailstead.service.reception import Outcome, Reception, Transaction

_OK: Final = reply(250, "2.0.0", "OK")
_SENDER_OK: Final = reply(250, "2.1.0", "Sender OK")
_RECIPIENT_OK: Final = reply(250, "2.1.5", "Recipient OK")
_GO_ON: Final = reply(354, "", "End with a dot on a line of its own")
_HERE_IT_GOES_WRONG: Final = reply(451, "4.3.0", "Something went wrong on our side; try again")
_LOGIN_FAILURES: Final = 3

REPLIES: Final[dict[Reason, tuple[int, str]]] = {
    Reason.NOT_FOUND: (550, "5.1.1"),
    Reason.NO_SUCH_RECIPIENT: (550, "5.1.1"),
    Reason.RELAY_DENIED: (550, "5.7.1"),
    Reason.NOT_PERMITTED: (550, "5.7.1"),
    Reason.OVER_QUOTA: (452, "4.2.2"),
    Reason.TOO_LARGE: (552, "5.3.4"),
    Reason.TOO_MANY: (452, "4.5.3"),
    Reason.ALREADY_EXISTS: (550, "5.3.0"),
    Reason.HAS_CHILDREN: (550, "5.3.0"),
    Reason.INVALID: (550, "5.6.0"),
    Reason.AUTHENTICATION_FAILED: (535, "5.7.8"),
    Reason.AUTHENTICATION_TOO_WEAK: (538, "5.7.11"),
    Reason.AUTHORIZATION_FAILED: (535, "5.7.8"),
    Reason.ACCOUNT_SUSPENDED: (550, "5.2.1"),
    Reason.SENDER_NOT_OWNED: (550, "5.7.1"),
    Reason.MAIL_LOOP: (554, "5.4.6"),
    Reason.BAD_CONTENT: (550, "5.6.0"),
    Reason.EXPUNGED: (550, "5.3.0"),
    Reason.IN_USE: (450, "4.2.0"),
    Reason.LIMIT: (452, "4.3.1"),
    Reason.UNSUPPORTED: (504, "5.5.4"),
}
"""One table from refusals to codes (RFC 5321 §4.2, RFC 3463, RFC 4954 §6)."""


class Access(Protocol):
    """``service.access`` as it is seen from here."""

    def mechanisms(self, origin: Origin) -> tuple[str, ...]: ...
    def banned(self, origin: Origin) -> bool: ...
    async def authenticate(
        self, mechanism: str, initial: bytes | None, ask: Callable[[bytes], Awaitable[bytes]], origin: Origin
    ) -> Principal: ...


def answer(exc: Refusal | Unavailable) -> bytes:
    """A refusal or failure as a reply."""
    if isinstance(exc, Refusal):
        return reply(*REPLIES[exc.reason], exc.public)
    if isinstance(exc, DiskReserve):
        return reply(452, "4.3.1", exc.public)
    return reply(451, "4.3.0", exc.public)


class Session:
    """One connection."""

    def __init__(self, stream: Stream, site: "Site") -> None:
        self._stream = stream
        self._site = site
        self._machine = ServerConnection(site.mode)
        self._out: list[bytes] = []
        self._hello = ""
        self._verb = ""
        self._principal: Principal | None = None
        self._transaction: Transaction | None = None
        self._spool: Spool | None = None
        self._is_over = False
        self._failures = 0
        self._transactions = 0

    # ------------------------------------------------------------------------------------------------- pumping
    async def run(self) -> None:
        """Until one side ends it. Raises ``Silent``, ``Draining``, ``Gone``."""
        site, stream, machine = self._site, self._stream, self._machine
        if site.access.banned(origin_of(stream, site.protocol)):
            stream.write(reply(421, "4.7.0", "Too many failed logins from your address; try again later"))
            return
        stream.write(reply(220, "", f"{site.reception.hostname} {'LMTP' if site.mode is Mode.LMTP else 'ESMTP'} ready"))
        while True:
            while (event := machine.next_event()) is not None:
                await self._handle(event)
                if self._is_over:
                    self._flush()
                    return
            self._flush()
            await stream.drain()
            in_data = self._spool is not None
            octets = await stream.read(limits.SMTP_DATA_TIMEOUT_S if in_data else limits.SMTP_COMMAND_TIMEOUT_S)
            if not octets:
                return
            machine.receive(octets)

    def _flush(self) -> None:
        if self._out:
            self._stream.write(self._out[0] if len(self._out) == 1 else b"".join(self._out))
            self._out.clear()

    def close(self) -> None:
        """Give up what is open."""
        if self._spool is not None:
            self._spool.close()
            self._spool = None

    async def _handle(self, event: object) -> None:
        out = self._out
        match event:
            case Chunk(octets):
                self._take(octets)
            case End(is_clean):
                await self._end(is_clean=is_clean)
            case Rcpt():
                out.append(await self._rcpt(event))
            case Mail():
                out.append(await self._mail(event))
            case Data():
                out.append(self._begin_data())
            case Bdat():
                if self._spool is None:
                    self._spool = self._site.spool()
            case ChunkDone(octets):
                out.append(reply(250, "2.0.0", f"{octets} octets"))
            case Hello():
                out.append(self._greeted(event))
            case Say(octets, is_fatal):
                out.append(octets)
                self._is_over = is_fatal
            case Auth():
                await self._auth(event)
            case Plain():
                await self._plain(event)

    # ------------------------------------------------------------------------------------------------- session
    def _greeted(self, event: Hello) -> bytes:
        self._abandon()
        self._hello, self._verb = event.name, event.verb
        self._machine.hello_done(extended=event.verb != "HELO")
        hostname = self._site.reception.hostname
        if event.verb == "HELO":
            return reply(250, "", hostname)
        return lines(250, [hostname, *self._extensions()])

    def _extensions(self) -> list[str]:
        site = self._site
        most = limits.SMTP_RECIPIENTS if site.mode is not Mode.SUBMISSION else limits.SMTP_SUBMISSION_RECIPIENTS
        words = [
            "PIPELINING", f"SIZE {site.reception.message_octets}", "8BITMIME", "SMTPUTF8", "CHUNKING", "DSN",
            "ENHANCEDSTATUSCODES", f"LIMITS RCPTMAX={most} MAILMAX={limits.SMTP_TRANSACTIONS}",
        ]
        if site.tls is not None and self._stream.tls is None:
            words.append("STARTTLS")
        mechanisms = self._mechanisms()
        if mechanisms:
            words.append("AUTH " + " ".join(mechanisms))
        return words

    def _mechanisms(self) -> tuple[str, ...]:
        site = self._site
        if site.mode is not Mode.SUBMISSION or self._principal is not None:
            return ()
        return site.access.mechanisms(origin_of(self._stream, site.protocol))

    async def _plain(self, event: Plain) -> None:
        match event.verb:
            case "RSET":
                self._abandon()
                if self._hello:
                    self._machine.transaction_ends()
                self._out.append(_OK)
            case "NOOP":
                self._out.append(_OK)
            case "QUIT":
                self._out.append(reply(221, "2.0.0", "Goodbye"))
                self._is_over = True
            case "STARTTLS":
                await self._start_tls()
            case "HELP":
                self._out.append(reply(214, "2.0.0", "See RFC 5321"))
            case "VRFY":
                self._out.append(reply(252, "2.5.2", "We do not say who is here; send and see"))
            case _:
                self._out.append(reply(502, "5.5.1", "We do not list anybody"))

    async def _start_tls(self) -> None:
        tls = self._site.tls
        if tls is None or self._stream.tls is not None:
            self._out.append(reply(503, "5.5.1", "TLS is on already" if self._stream.tls else "There is no TLS here"))
            return
        self._abandon()
        self._out.append(reply(220, "2.0.0", "Begin the handshake"))
        self._flush()
        self._machine.discard()
        self._hello = ""
        await self._stream.start_tls(tls)

    # ------------------------------------------------------------------------------------------------- login
    async def _auth(self, event: Auth) -> None:
        if self._principal is not None:
            self._out.append(reply(503, "5.5.1", "You are logged in already"))
            return
        if self._site.mode is not Mode.SUBMISSION:
            self._out.append(reply(502, "5.5.1", "There is no login here"))
            return
        offered = self._mechanisms()
        if not offered:
            self._out.append(reply(538, "5.7.11", "Encrypt the connection first: STARTTLS"))
            return
        if event.mechanism not in offered:
            self._out.append(reply(504, "5.5.4", "That mechanism is not offered"))
            return
        try:
            initial = None if event.initial is None else b"" if event.initial == b"=" else _base64(event.initial)
            self._principal = await self._site.access.authenticate(
                event.mechanism, initial, self._ask, origin_of(self._stream, self._site.protocol)
            )
        except Violation as exc:
            self._out.append(reply(501, "5.5.2", exc.text))
        except (Refusal, Unavailable) as exc:
            self._out.append(reply(454, "4.7.0", exc.public) if isinstance(exc, Unavailable) else answer(exc))
            self._failures += 1
            self._is_over = self._failures >= _LOGIN_FAILURES
        else:
            self._out.append(reply(235, "2.7.0", "Logged in"))

    async def _ask(self, challenge: bytes) -> bytes:
        """Send a challenge, wait for the response (RFC 4954 §4)."""
        self._out.append(reply(334, "", base64.b64encode(challenge).decode("ascii")))
        self._flush()
        while (line := self._machine.next_line()) is None:
            octets = await self._stream.read(limits.SMTP_COMMAND_TIMEOUT_S)
            if not octets:
                raise Gone("the peer left in the middle of a login")
            self._machine.receive(octets)
        if isinstance(line, Say) or line == b"*":
            raise Violation("The login was given up")
        return _base64(line)

    # ------------------------------------------------------------------------------------------------- envelope
    async def _mail(self, event: Mail) -> bytes:
        site = self._site
        if site.mode is Mode.SUBMISSION and self._principal is None:
            return reply(530, "5.7.0", "Log in first")
        self._transactions += 1
        if self._transactions > limits.SMTP_TRANSACTIONS:
            self._is_over = True
            return reply(421, "4.7.0", "Enough for one connection; connect again")
        options = {"body": event.body}
        if event.smtputf8:
            options["smtputf8"] = "1"
        if event.ret:
            options["ret"] = event.ret
        if event.envid:
            options["envid"] = event.envid
        try:
            self._transaction = await site.reception.begin(
                event.sender, self._principal, declared_octets=event.size, options=options
            )
        except (Refusal, Unavailable) as exc:
            return answer(exc)
        self._machine.mail_taken()
        return _SENDER_OK

    async def _rcpt(self, event: Rcpt) -> bytes:
        transaction = self._transaction
        if transaction is None:
            return reply(503, "5.5.1", "Say MAIL FROM first")
        options: dict[str, str] = {}
        if event.notify:
            options["notify"] = ",".join(sorted(event.notify))
        if event.orcpt:
            options["orcpt"] = event.orcpt
        try:
            await self._site.reception.add(transaction, event.recipient, options)
        except (Refusal, Unavailable) as exc:
            telemetry.event(
                "recipient.refused", host=self._stream.peer.host, reverse_path=transaction.reverse_path,
                forward_path=str(event.recipient), reason=exc.cause or exc.public,
            )
            return answer(exc)
        self._machine.rcpt_taken()
        return _RECIPIENT_OK

    # ------------------------------------------------------------------------------------------------- message
    def _begin_data(self) -> bytes:
        self._spool = self._site.spool()
        self._machine.data_begins()
        return _GO_ON

    def _take(self, octets: bytes) -> None:
        spool = self._spool
        if spool is None:
            return
        if spool.size > self._site.reception.message_octets:
            spool.size += len(octets)  # counted, not kept: the refusal comes at the end
            return
        try:
            spool.write(octets)
        except Unavailable:
            spool.size = self._site.reception.message_octets + 1
            raise

    async def _end(self, *, is_clean: bool) -> None:
        site, transaction, spool = self._site, self._transaction, self._spool
        self._transaction = self._spool = None
        if transaction is None or spool is None:
            self._out.append(reply(503, "5.5.1", "Say MAIL FROM first"))
            return
        count = len(transaction.recipients) if site.mode is Mode.LMTP else 1
        try:
            answers = await self._accept(transaction, spool, is_clean=is_clean)
        except (Refusal, Unavailable) as exc:
            telemetry.event(
                "message.refused", host=self._stream.peer.host, reverse_path=transaction.reverse_path,
                reason=exc.cause or exc.public,
            )
            answers = [answer(exc)] * count
        except (Gone, Silent, Draining):
            raise
        except Exception as exc:
            telemetry.defect("smtp", exc, reverse_path=transaction.reverse_path)
            answers = [_HERE_IT_GOES_WRONG] * count
        finally:
            spool.close()
        self._machine.transaction_ends()
        self._out.extend(answers)

    async def _accept(self, transaction: Transaction, spool: Spool, *, is_clean: bool) -> list[bytes]:
        site = self._site
        if spool.size > site.reception.message_octets:
            raise Refusal(Reason.TOO_LARGE, f"A message may have at most {site.reception.message_octets} octets")
        octets = spool.finish()
        if not is_clean and (site.mode is not Mode.SUBMISSION or _has_bare_cr_or_nul(octets)):
            self._is_over = site.mode is not Mode.SUBMISSION
            raise Refusal(
                Reason.BAD_CONTENT, "The message holds a bare CR, a bare LF or a NUL", "bare CR, LF or NUL: possible smuggling"
            )
        outcomes = await site.reception.take(transaction, octets, self._trace(transaction))
        telemetry.event(
            "message.accepted" if not any(outcomes) else "message.deferred", host=self._stream.peer.host,
            reverse_path=transaction.reverse_path, recipients=len(outcomes), octets=spool.size,
            reason="filed" if not any(outcomes) else "not for all recipients",
        )
        if site.mode is Mode.LMTP:
            return [_OK if outcome is None else answer(outcome) for outcome in outcomes]
        return [_verdict(outcomes)]

    def _trace(self, transaction: Transaction) -> bytes:
        """The Received line (RFC 5321 §4.4, RFC 3848, RFC 6531 §4.3)."""
        site, stream = self._site, self._stream
        protocol = "SMTP" if self._verb == "HELO" else "LMTP" if site.mode is Mode.LMTP else "ESMTP"
        if transaction.options.get("smtputf8"):
            protocol = "UTF8LMTP" if site.mode is Mode.LMTP else "UTF8SMTP"
        if protocol != "SMTP":
            protocol += ("S" if stream.tls else "") + ("A" if self._principal else "")
        host = stream.peer.host
        literal = f"IPv6:{host}" if ":" in host else host
        hello = self._hello if self._hello.isprintable() and "(" not in self._hello else "unknown"
        tls = f" ({stream.tls.version} {stream.tls.cipher})" if stream.tls else ""
        when = submission.date(site.now_ms())
        return (
            f"Received: from {hello} ([{literal}])\r\n\tby {site.reception.hostname} with {protocol}{tls};\r\n\t{when}\r\n".encode()
        )

    def _abandon(self) -> None:
        self._transaction = None
        self.close()


def _verdict(outcomes: list[Outcome]) -> bytes:
    """One answer for all recipients: temporary if any failed so that a retry helps (the rest is filed once, DECISIONS 4);
    permanent only when nothing was filed."""
    failed = [outcome for outcome in outcomes if outcome is not None]
    if not failed:
        return reply(250, "2.0.0", "Filed")
    for outcome in failed:
        if isinstance(outcome, Unavailable):
            return answer(outcome)
    if len(failed) == len(outcomes):
        return answer(failed[0])
    code, status = REPLIES[failed[0].reason] if isinstance(failed[0], Refusal) else (451, "4.3.0")
    if code < 500:  # noqa: PLR2004 - temporary
        return reply(code, status, failed[0].public)
    return reply(451, "4" + status[1:], f"Not for all recipients: {failed[0].public}")


def _has_bare_cr_or_nul(octets: object) -> bool:
    whole = octets[:]  # type: ignore[index]
    return b"\0" in whole or whole.count(b"\r") != whole.count(b"\r\n")


def _base64(octets: bytes) -> bytes:
    try:
        return base64.b64decode(octets, validate=True)
    except binascii.Error:
        raise Violation("That is not base64") from None


class Site:
    """What all connections of one listener share."""

    def __init__(self, *, mode: Mode, reception: Reception, access: Access, spool: Callable[[], Spool], tls: ServerTls | None,
                 now_ms: Callable[[], int]) -> None:
        self.mode = mode
        self.protocol = "lmtp" if mode is Mode.LMTP else "smtp"
        self.reception = reception
        self.access = access
        self.spool = spool
        self.tls = tls
        self.now_ms = now_ms


def smtp_server(*, mode: Mode, reception: Reception, access: Access, spool: Callable[[], Spool], tls: ServerTls | None,
                now_ms: Callable[[], int]) -> Callable[[Stream], Awaitable[None]]:
    """The driver for one kind of listener. ``tls``: what STARTTLS uses; None where there is none."""
    site = Site(mode=mode, reception=reception, access=access, spool=spool, tls=tls, now_ms=now_ms)

    async def serve(stream: Stream) -> None:
        session = Session(stream, site)
        telemetry.count("smtp.connections", 1, mode=mode.value)
        try:
            await session.run()
        except Draining:
            stream.write(reply(421, "4.3.2", "The server is about to stop; connect again"))
        except Silent:
            stream.write(reply(421, "4.4.2", "Nothing was said for too long"))
        except Gone:
            pass
        except (Refusal, Unavailable) as exc:
            stream.write(answer(exc))
        except Exception as exc:
            telemetry.defect("smtp", exc, host=stream.peer.host)
            stream.write(reply(421, "4.3.0", "Something went wrong on our side; connect again"))
        finally:
            session.close()

    return serve
