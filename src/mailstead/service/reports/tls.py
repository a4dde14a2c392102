"""The daily TLS reports to those who ask for them (RFC 8460 §4.1, §5).

One process does it, some hours after midnight (UTC), spread over four by our name (RFC 8460 §4.1). A report's octets and id depend on the day alone. By mail it
goes through the queue, whose accept id is made from day, domain and destination: a repeat is taken once. By HTTPS a row says ``trying`` before the
octets leave: whoever finds it after a crash cannot know whether they arrived, and sends nothing. A destination that refuses is tried
again until a day has passed (RFC 8460 §5.4).
"""

import asyncio
import gzip
import hashlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

from mailstead import telemetry
from mailstead.mailauth import tlsrpt
from mailstead.mailauth.tlsrpt import Report
from mailstead.model import limits
from mailstead.model.address import domain_key
from mailstead.model.dns import RecordType
from mailstead.model.errors import Refusal, Unavailable
from mailstead.model.ids import AccountId, DomainId, SubmissionId, TenantId
from mailstead.service import typed
from mailstead.service.ports import Clock, Lookups
from mailstead.service.queue.entrance import Entrance, Queued
from mailstead.service.reports.tls_sum import TlsSum, tls_sums
from mailstead.service.signing import Signing
from mailstead.service.submission import date
from mailstead.store.interface import Domain, TlsReportState

LOOK_EVERY_S: Final = 600.0
SPREAD_S: Final = 4 * 3_600
DAYS_BACK: Final = 2
"""A server that stood still reports about days up to here."""
LIVES_MS: Final = 24 * 3_600_000
AGAIN_MS: Final = tuple(minutes * 60_000 for minutes in (10, 20, 40, 80, 160, 240))
"""How long a destination that refused is left alone."""
_DAY_S: Final = 86_400
_AT_ONCE: Final = 8
SENT: Final = "sent"
TRYING: Final = "trying"
FAILED: Final = "failed"
Post = Callable[[str, bytes, str], Awaitable[tuple[str, str]]]
"""(address, octets, media type) → (``sent``, ``failed`` for certain, or ``unsure``; why)."""


class States(Protocol):
    """What the store's ``Outbound`` knows of reports."""

    async def tls_reports(self, day: str) -> list[TlsReportState]: ...
    async def tls_report_set(self, day: str, domain: str, destination: str, *, state: str, attempts: int) -> None: ...
    async def domain_account(self, domain: DomainId) -> AccountId: ...


class Domains(Protocol):
    """Our domains."""

    async def domains(self) -> list[Domain]: ...


class TlsReports:
    """``folder``: of the events. ``sender``: whom the reports are from; "": postmaster of the first domain. ``source``: the address from which we call."""

    def __init__(
        self, *, folder: Path, states: States, domains: Domains, lookups: Lookups, entrance: Entrance, signing: Signing, post: Post, hostname: str,
        now_ms: Clock, sender: str = "", source: str = "",
    ) -> None:  # fmt: skip
        self._folder = folder
        self._states = states
        self._domains = domains
        self._lookups = lookups
        self._entrance = entrance
        self._signing = signing
        self._post = post
        self._hostname = hostname
        self._now_ms = now_ms
        self._sender = sender
        self._source = source
        self._sums = tls_sums()
        self._delay_s = int.from_bytes(hashlib.sha256(hostname.encode()).digest()[:4], "big") % SPREAD_S

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.round()
            except (Refusal, Unavailable, OSError) as exc:
                cause = str(exc) if isinstance(exc, OSError) else exc.cause or exc.public
                telemetry.event("tlsrpt.failed", reason=cause)
            except Exception as exc:
                telemetry.defect("tlsrpt", exc)
            await asyncio.sleep(LOOK_EVERY_S)

    async def round(self) -> None:
        """Do what is due now. May be repeated and cut off at any point."""
        now_s = self._now_ms() // 1000
        today = now_s // _DAY_S
        for back in range(DAYS_BACK, 0, -1):
            begins = (today - back) * _DAY_S
            if now_s >= begins + _DAY_S + self._delay_s:
                await self._day(begins, is_last=now_s >= begins + 2 * _DAY_S + self._delay_s)

    async def _day(self, begins_s: int, *, is_last: bool) -> None:
        """``is_last``: what cannot be done now is left undone."""
        day = datetime.fromtimestamp(begins_s, UTC).strftime("%Y-%m-%d")
        known = {(one.domain, one.destination): one for one in await self._states.tls_reports(day)}
        if ("", "") in known:
            return
        total = await asyncio.to_thread(self._sums.of_day, self._folder / day)
        free = asyncio.Semaphore(_AT_ONCE)

        async def one(domain: str) -> bool:
            async with free:
                return await self._domain(total, domain, day, begins_s, known)

        done = True
        names = total.domains()
        for at in range(0, len(names), 200):
            done = all(await asyncio.gather(*(one(domain) for domain in names[at : at + 200]))) and done
        if done or is_last:
            await self._states.tls_report_set(day, "", "", state=SENT, attempts=0)
            telemetry.event("tlsrpt.day_done", day=day, domains=len(names), reason="all sent" if done else "the rest is given up")

    async def _domain(self, total: TlsSum, domain: str, day: str, begins_s: int, known: dict[tuple[str, str], TlsReportState]) -> bool:
        """Whether nothing is left to do."""
        try:
            records = (await self._lookups.ask(tlsrpt.record_name(domain), RecordType.TXT)).records
        except Unavailable:
            return False
        except ValueError:
            return True
        destinations = tlsrpt.destinations(records)
        if not destinations:
            return True
        report = await self._report(total, domain, day, begins_s)
        done = True
        for destination in destinations:
            before = known.get((domain, destination[:500]))
            if before is not None and before.state == TRYING:
                await self._states.tls_report_set(day, domain, destination[:500], state=SENT, attempts=before.attempts)
                why = "a process ended while it was handed over; whether it arrived is not known, so it is not sent again"
                telemetry.event("tlsrpt.failed", domain=domain, day=day, destination=destination, reason=why)
                continue
            if before is not None and before.state != FAILED:
                continue
            if before is not None and self._now_ms() - before.at_ms < AGAIN_MS[min(before.attempts, len(AGAIN_MS)) - 1]:
                done = False
                continue
            attempts = before.attempts if before else 0
            try:
                if destination.startswith("mailto:"):
                    state, why = await self._mail(report, domain, destination, day, begins_s)
                else:
                    await self._states.tls_report_set(day, domain, destination[:500], state=TRYING, attempts=attempts + 1)
                    state, why = await self._post(destination, gzip.compress(report.json(), mtime=0), "application/tlsrpt+gzip")
            except (Refusal, Unavailable) as exc:
                state, why = FAILED, exc.cause or exc.public
            await self._states.tls_report_set(day, domain, destination[:500], state=SENT if state == "unsure" else state, attempts=attempts + 1)
            telemetry.event("tlsrpt.sent" if state == SENT else "tlsrpt.failed", domain=domain, day=day, destination=destination, reason=why)
            done = done and state != FAILED
        return done

    async def _report(self, total: TlsSum, domain: str, day: str, begins_s: int) -> Report:
        starts = datetime.fromtimestamp(begins_s, UTC)
        ends = starts + timedelta(seconds=_DAY_S - 1)
        tally = total.tally(domain, sending_ip=self._source)
        return Report.of(
            tally, organization=self._hostname, contact=await self._from(), report_id=f"{day}.{domain}@{self._hostname}",
            starts=starts.strftime("%Y-%m-%dT%H:%M:%SZ"), ends=ends.strftime("%Y-%m-%dT%H:%M:%SZ"),
        )  # fmt: skip

    async def _from(self) -> str:
        if self._sender:
            return self._sender
        ours = await self._domains.domains()
        return f"postmaster@{ours[0].name if ours else self._hostname}"

    async def _mail(self, report: Report, domain: str, destination: str, day: str, begins_s: int) -> tuple[str, str]:
        """A message from one of our domains, signed by it (RFC 8460 §5.3), with the null reverse-path: nobody hears of one that is lost."""
        to = unquote(urlsplit(destination).path)
        try:
            _, at = typed.parts(to)
        except Refusal as exc:
            return SENT, f"nothing is sent: {exc.public}"
        if not to.isascii() or len(to) > 254 or to.count("@") != 1 or any(character in to for character in ',;<>"()'):  # noqa: PLR2004 - RFC 5321 §4.5.3.1.3
            return SENT, "nothing is sent: the address is unusual"
        sender = await self._from()
        sending = sender.rpartition("@")[2]
        number = hashlib.sha256(f"mailstead tlsrpt 1\0{day}\0{domain}\0{destination}".encode()).digest()
        now = self._now_ms()
        octets = report.message(
            sender=sender, to=[to], domain=domain, submitter=sending, date=date(now), message_id=f"{number[:12].hex()}.tlsrpt@{sending}",
            name=f"{sending}!{domain}!{begins_s}!{begins_s + _DAY_S - 1}.json.gz",
        )  # fmt: skip
        if len(octets) > limits.TLSRPT_REPORT:
            return SENT, "nothing is sent: the report is too large"
        ours = {one.name: one for one in await self._domains.domains()}
        own = ours.get(domain_key(sending))
        if own is None:
            return SENT, f"nothing is sent: {sender} is not of a domain of this server; see [outbound] tls_reports_from"
        account = await self._states.domain_account(own.domain_id)
        octets = await self._signing.signatures(octets) + octets
        submission = SubmissionId(int.from_bytes(number[:8]) >> 1)
        await self._entrance.put(Queued(
            number[:16], submission, account, TenantId(0), "", [(to, {"notify": "NEVER"}, domain_key(at) in ours)], {}, now, now + LIVES_MS,
        ), octets)
        return SENT, "queued"
