"""One connection: greeting, login, envelope, message."""

import asyncio
import base64
import binascii
import re
import time
from typing import Any, Final

from mailstead import telemetry
from mailstead.model import limits
from mailstead.model.errors import Reason, Refusal, Unavailable, Violation
from mailstead.model.message import Octets
from mailstead.model.question import Principal
from mailstead.net import Gone, Silent, Stream
from mailstead.net.errors import Draining
from mailstead.protocol.smtp.command import Auth, Bdat, Data, Hello, Mail, Plain, Rcpt
from mailstead.protocol.smtp.reply import lines, reply
from mailstead.protocol.smtp.server import Chunk, ChunkDone, End, Mode, Say, ServerConnection
from mailstead.server.origin import origin_of
from mailstead.server.smtp.answers import answer, verdict
from mailstead.server.smtp.site import Site
from mailstead.service import submission
from mailstead.service.mailbox import Spool
from mailstead.service.proof import Came
from mailstead.service.reception import Transaction
from mailstead.service.sending import HELD_MOST_S

_OK: Final = reply(250, "2.0.0", "OK")
_SENDER_OK: Final = reply(250, "2.1.0", "Sender OK")
_RECIPIENT_OK: Final = reply(250, "2.1.5", "Recipient OK")
_GO_ON: Final = reply(354, "", "End with a dot on a line of its own")
_HERE_IT_GOES_WRONG: Final = reply(451, "4.3.0", "Something went wrong on our side; try again")
_LOGIN_FAILURES: Final = 3
_LOGIN_WITHIN_S: Final = 300.0
"""Users have so long to log in, however often they speak (SERVER.md, "unauth time"); RFC 5321 §4.5.3.2.7 wants five minutes."""
_GUESSED: Final = frozenset({Reason.NO_SUCH_RECIPIENT, Reason.RELAY_DENIED})
"""What somebody who tries out addresses hears; full mailboxes and full transactions are no guessing."""
_REFUSED_FREELY: Final = 5
"""Refused recipients of a session that are answered at once."""
_HELLO_NAME: Final = re.compile(r"[A-Za-z0-9._:\[\]-]+")


class Session:
    """One connection."""

    def __init__(self, stream: Stream, site: Site) -> None:
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
        self._login_by_s = 0.0
        self._transactions = 0
        self._refused = 0
        self._fault: Unavailable | None = None

    # ------------------------------------------------------------------------------------------------- pumping
    async def run(self) -> None:
        """Until one side ends it. Raises ``Silent``, ``Draining``, ``Gone``."""
        site, stream, machine = self._site, self._stream, self._machine
        if site.access.banned(origin_of(stream, site.protocol)):
            self._tell_end("banned for guessing")
            stream.write(reply(421, "4.7.0", "Too many failed logins from your address; try again later"))
            return
        self._login_by_s = asyncio.get_running_loop().time() + _LOGIN_WITHIN_S
        stream.write(reply(220, "", f"{site.reception.hostname} {'LMTP' if site.mode is Mode.LMTP else 'ESMTP'} ready"))
        while True:
            while (event := machine.next_event()) is not None:
                await self._handle(event)
                if self._is_over:
                    self._flush()
                    return
            self._flush()
            await stream.drain()
            octets = await stream.read(self._patience_s())
            if not octets:
                return
            machine.receive(octets)

    def _patience_s(self) -> float:
        """How long the peer may be silent now. Raises ``Silent`` for a user who has not logged in in time."""
        if self._spool is not None:
            return limits.SMTP_DATA_TIMEOUT_S
        if self._site.mode is not Mode.SUBMISSION or self._principal is not None:
            return limits.SMTP_COMMAND_TIMEOUT_S
        left_s = self._login_by_s - asyncio.get_running_loop().time()
        if left_s <= 0:
            self._tell_end("no login in time")
            raise Silent("no login in time")
        return left_s

    def _tell_end(self, reason: str) -> None:
        telemetry.event("connection.refused", service=self._site.mode.value, peer=self._stream.peer.host, reason=reason)

    def _flush(self) -> None:
        if self._out:
            self._stream.write(self._out[0] if len(self._out) == 1 else b"".join(self._out))
            self._out.clear()

    def close(self) -> None:
        """Give up what is open."""
        if self._spool is not None:
            fault = self._trouble()
            if fault is not None and self._transaction is not None:
                self._tell_refused(self._transaction, fault)
            self._spool.close()
            self._spool = None

    async def _handle(self, event: object) -> None:
        out = self._out
        match event:
            case Chunk(octets):
                self._take(octets)
            case End():
                await self._end(event)
            case Rcpt():
                out.append(await self._rcpt(event))
            case Mail():
                out.append(await self._mail(event))
            case Data():
                out.append(self._begin_data())
            case Bdat():
                if self._spool is None:
                    self._spool, self._fault = self._site.spool(), None
            case ChunkDone(octets):
                fault = self._trouble()  # RFC 3030 §2: a chunk that was not kept is not confirmed
                out.append(reply(250, "2.0.0", f"{octets} octets") if fault is None else answer(fault))
            case Hello():
                out.append(self._greeted(event))
            case Say(octets, is_fatal):
                out.append(octets)
                if is_fatal:
                    self._is_over = True
                    self._tell_end(octets[10:].decode("ascii", "replace").strip())
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
            "PIPELINING", f"SIZE {site.reception.message_octets}", "8BITMIME", "SMTPUTF8", "CHUNKING", "ENHANCEDSTATUSCODES",
            f"LIMITS RCPTMAX={most} MAILMAX={limits.SMTP_TRANSACTIONS}",
        ]
        if site.mode is not Mode.MX or site.reception.can_send_out:
            # A stranger's author lives elsewhere: without a way out there would be no notices.
            words.append("DSN")
        if site.mode is Mode.SUBMISSION:
            until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(site.now_ms() // 1000 + HELD_MOST_S))
            words += [f"FUTURERELEASE {HELD_MOST_S} {until}", "DELIVERBY", "MT-PRIORITY"]
        if site.tls is not None and self._stream.tls is None:
            words.append("STARTTLS")
        if self._stream.tls is not None:
            words.append("REQUIRETLS")  # RFC 8689 §2: never in the clear
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
        if self._stream.tls is not None:
            self._out.append(reply(503, "5.5.1", "TLS is on already"))
            return
        if tls is None:
            self._out.append(reply(502, "5.5.1", "There is no TLS here"))
            return
        self._abandon()
        self._out.append(reply(220, "2.0.0", "Begin the handshake"))
        self._flush()
        self._machine.discard()
        self._hello = ""
        self._principal = None
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
            if self._failures >= _LOGIN_FAILURES:
                self._is_over = True
                self._tell_end("too many failed logins")
        else:
            self._out.append(reply(235, "2.7.0", "Logged in"))

    async def _ask(self, challenge: bytes) -> bytes:
        """Send a challenge, wait for the response (RFC 4954 §4)."""
        self._out.append(reply(334, "", base64.b64encode(challenge).decode("ascii")))
        self._flush()
        while (line := self._machine.next_line()) is None:
            octets = await self._stream.read(self._patience_s())
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
            self._tell_end("too many transactions")
            return reply(421, "4.7.0", "Enough for one connection; connect again")
        options = {"body": event.body}
        if event.smtputf8:
            options["smtputf8"] = "1"
        if event.ret:
            options["ret"] = event.ret
        if event.envid:
            options["envid"] = event.envid
        if event.requiretls:
            if self._stream.tls is None:
                return reply(530, "5.7.10", "Encrypt the connection first: STARTTLS")
            options["requiretls"] = "1"
        release_at_ms = self._timing(event, options)
        if isinstance(release_at_ms, bytes):
            return release_at_ms
        try:
            self._transaction = await site.reception.begin(
                event.sender, self._principal, declared_octets=event.size, options=options, release_at_ms=release_at_ms,
                came=Came(self._stream.peer.host, self._hello) if site.mode is Mode.MX else None,
            )
        except (Refusal, Unavailable) as exc:
            telemetry.event(
                "sender.refused", host=self._stream.peer.host, reverse_path=str(event.sender or ""), reason=exc.cause or exc.public
            )
            return answer(exc)
        self._machine.mail_taken()
        return _SENDER_OK

    def _timing(self, event: Mail, options: dict[str, str]) -> int | bytes:
        """When the message may leave (0: at once), or why not; what else its sender says of time goes into ``options``."""
        if not (event.hold_s or event.hold_until_ms or event.by or event.priority):
            return 0
        if self._site.mode is not Mode.SUBMISSION:
            return reply(555, "5.5.4", "That parameter is not offered here")
        now_ms = self._site.now_ms()
        release_at_ms = now_ms + event.hold_s * 1000 if event.hold_s else event.hold_until_ms
        if release_at_ms > now_ms + HELD_MOST_S * 1000:
            return reply(501, "5.5.4", "A message cannot be held for so long")  # RFC 4865 §4: more than is offered
        if release_at_ms and event.by:
            return reply(501, "5.5.4", "A message that is held cannot be urgent")  # RFC 4865 §5 says nothing; both would lie
        if event.by:
            options["by"] = f"{now_ms + event.by[0] * 1000};{event.by[1]}"
        if event.priority:
            options["priority"] = str(event.priority)
        return release_at_ms

    async def _rcpt(self, event: Rcpt) -> bytes:
        transaction = self._transaction
        if transaction is None:
            return reply(503, "5.5.1", "Say MAIL FROM first")
        if event.recipient.needs_smtputf8 and not transaction.options.get("smtputf8"):
            return reply(553, "5.6.7", "That address needs SMTPUTF8")
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
            if isinstance(exc, Refusal) and exc.reason in _GUESSED:
                await self._slow_down()
            return answer(exc)
        self._machine.rcpt_taken()
        return _RECIPIENT_OK

    async def _slow_down(self) -> None:
        """Whoever tries out addresses waits for each answer, and is sent away in the end."""
        if self._site.mode is not Mode.MX:
            return
        self._refused += 1
        if self._refused >= limits.SMTP_ERRORS and self._machine.recipients == 0:
            self._is_over = True
            self._tell_end("too many refused recipients")
        elif self._refused > _REFUSED_FREELY:
            self._flush()
            await asyncio.sleep(limits.AUTH_TARPIT_S)

    # ------------------------------------------------------------------------------------------------- message
    def _begin_data(self) -> bytes:
        self._spool, self._fault = self._site.spool(), None
        self._machine.data_begins()
        return _GO_ON

    def _take(self, octets: bytes) -> None:
        spool = self._spool
        if spool is None:
            return
        if self._fault is not None or spool.size > self._site.reception.message_octets:
            spool.size += len(octets)  # counted, not kept: the refusal comes at the end
            return
        try:
            spool.write(octets)
        except Unavailable as exc:
            self._fault = exc

    def _trouble(self, spool: Spool | None = None) -> Refusal | Unavailable | None:
        """Why what has come of the message so far cannot be taken."""
        spool = spool or self._spool
        most = self._site.reception.message_octets
        if spool is not None and spool.size > most:
            return Refusal(Reason.TOO_LARGE, f"A message may have at most {most} octets")
        return self._fault

    def _tell_refused(self, transaction: Transaction, exc: Refusal | Unavailable) -> None:
        telemetry.event(
            "message.refused", host=self._stream.peer.host, reverse_path=transaction.reverse_path, reason=exc.cause or exc.public
        )

    async def _end(self, end: End) -> None:
        site, transaction, spool = self._site, self._transaction, self._spool
        self._transaction = self._spool = None
        if transaction is None or spool is None:
            self._out.append(reply(503, "5.5.1", "Say MAIL FROM first"))
            return
        count = len(transaction.recipients) if site.mode is Mode.LMTP else 1
        try:
            answers = await self._accept(transaction, spool, end)
        except (Refusal, Unavailable) as exc:
            self._tell_refused(transaction, exc)
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

    async def _accept(self, transaction: Transaction, spool: Spool, end: End) -> list[bytes]:
        site = self._site
        fault = self._trouble(spool)
        if fault is not None:
            raise fault
        octets = spool.finish()
        if not end.is_clean and (site.mode is not Mode.SUBMISSION or _has_bare_cr_or_nul(octets)):
            self._is_over = site.mode is not Mode.SUBMISSION
            telemetry.event(
                "message.refused", host=self._stream.peer.host, reverse_path=transaction.reverse_path,
                reason="bare CR, LF or NUL: possible smuggling",
            )
            refused = reply(550, "5.5.2", "The message holds a bare CR, a bare LF or a NUL")
            return [refused] * (len(transaction.recipients) if site.mode is Mode.LMTP else 1)
        if end.is_long:
            raise Refusal(Reason.BAD_CONTENT, "The message has a line that is too long")
        outcomes = await site.reception.take(transaction, octets, self._trace(transaction))
        self._machine.message_taken()
        taken = outcomes.count(None)
        if taken:  # else each recipient has its event
            is_taken = taken == len(outcomes) or site.mode is Mode.LMTP
            telemetry.event(
                "message.accepted" if is_taken else "message.deferred", host=self._stream.peer.host,
                reverse_path=transaction.reverse_path, recipients=taken, octets=spool.size, message_id=transaction.message_id,
                tls=self._stream.tls.version if self._stream.tls else "", **self._who(),
                reason="filed" if taken == len(outcomes) else "not for all recipients",
            )
        if site.mode is Mode.LMTP:
            return [_OK if outcome is None else answer(outcome) for outcome in outcomes]
        return [verdict(outcomes)]

    def _who(self) -> dict[str, Any]:
        """Who is logged in, for the record."""
        who = self._principal
        return {} if who is None else {"account": who.account_id, "tenant": who.tenant_id, "login": who.login}

    def _trace(self, transaction: Transaction) -> bytes:
        """The Received line (RFC 5321 §4.4, RFC 3848, RFC 6531 §4.3)."""
        site, stream = self._site, self._stream
        protocol = "SMTP" if self._verb == "HELO" else "LMTP" if site.mode is Mode.LMTP else "ESMTP"
        if transaction.options.get("smtputf8"):
            protocol = "UTF8LMTP" if site.mode is Mode.LMTP else "UTF8SMTP"
        if protocol != "SMTP":
            protocol += ("S" if stream.tls else "") + ("A" if self._principal else "")
        host = stream.peer.host
        literal = "" if host == "unix" else f" ([IPv6:{host}])" if ":" in host else f" ([{host}])"
        hello = self._hello if _HELLO_NAME.fullmatch(self._hello) else "unknown"
        tls = f" ({stream.tls.version} {stream.tls.cipher})" if stream.tls else ""
        if transaction.options.get("priority"):
            tls += f"\r\n\tpriority {transaction.options['priority']}"  # a clause of RFC 6710
        when = submission.date(site.now_ms())
        return (
            f"Received: from {hello}{literal}\r\n\tby {site.reception.hostname} with {protocol}{tls};\r\n\t{when}\r\n".encode()
        )

    def _abandon(self) -> None:
        self.close()
        self._transaction = None


def _has_bare_cr_or_nul(octets: Octets) -> bool:
    whole = octets[:]
    return b"\0" in whole or whole.count(b"\r") != whole.count(b"\r\n")


def _base64(octets: bytes) -> bytes:
    try:
        return base64.b64decode(octets, validate=True)
    except binascii.Error:
        raise Violation("That is not base64") from None
