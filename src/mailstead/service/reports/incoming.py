"""Notices, complaints and TLS reports that others send us, matched to the messages they speak of.

They are read before the 250, so that none is forgotten; reading one twice changes nothing. What follows depends on whether it proves itself:

- by the tag of the message's own transaction (``tags``), in the envelope id it brings back or in the reverse-path to which it was sent: the
  submission learns what became of the recipient, a bounce that says the address is gone suppresses it. In the reverse-path it proves also what is written in words
  alone (``mime.plain_notice``), if the message came back with it;
- a complaint also by a DKIM signature of a domain that the site has named (``[outbound] feedback_from``), for those who send them hide much;
- anything else is an event in the trace of the message, and no more.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from mailstead import telemetry
from mailstead.mailauth import tlsrpt
from mailstead.mailauth.tags import Malformed
from mailstead.mime import plain_notice, report
from mailstead.mime.plain_notice import PlainNotice
from mailstead.mime.report import Complaint, Found, StatusNotice, TlsPart, Told
from mailstead.model import limits
from mailstead.model.address import Address, domain_key
from mailstead.model.errors import Refusal, Unavailable
from mailstead.model.ids import SUBMISSION, AccountId, EmailId, SubmissionId, TenantId, from_wire, to_wire
from mailstead.model.message import Octets
from mailstead.model.status import EnhancedStatus
from mailstead.model.submission import Progress, RecipientStatus
from mailstead.service.delivery import header_of
from mailstead.service.ports import Clock, Lookups
from mailstead.service.reports.tags import Tag, Tags, of_detail
from mailstead.service.signers import signers
from mailstead.service.suppressions import Suppressions, is_hard
from mailstead.store.interface import Directory, Submissions
from mailstead.telemetry import index

FAILURES_TOLD: Final = 50
"""Of one TLS report, each an event."""
UNPROVED_TOLD: Final = 20
"""Recipients of one notice that proves nothing, each an event."""
_IN_A_THREAD: Final = 64 << 10
_DAYS: Final = 21
_ABUSE: Final = frozenset({"abuse", "not-spam", "fraud", "virus", "other", "opt-out", "opt-out-list"})
About = tuple[AccountId, SubmissionId]
"""Whose submission a notice speaks of."""
_PROGRESS: Final = {"failed": Progress.FAILED, "delivered": Progress.DELIVERED}


class Incoming:
    """``events``: the folder of the event files. ``lookups`` None: signatures are not verified."""

    def __init__(
        self, *, directory: Directory, submissions: Submissions, suppressions: Suppressions, tags: Tags, events: Path, now_ms: Clock,
        lookups: Lookups | None = None, feedback_from: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self._directory = directory
        self._submissions = submissions
        self._suppressions = suppressions
        self._tags = tags
        self._events = events
        self._now_ms = now_ms
        self._lookups = lookups
        self._feedback_from = frozenset(map(domain_key, feedback_from))
        self._verifying = asyncio.Semaphore(2)

    async def heard(self, octets: Octets, recipients: Sequence[tuple[Address, AccountId | None]], *, is_notice: bool = False) -> list[About]:
        """A stranger's message to ``recipients`` (address, account) is about to be filed. What it is a delivery status notice about, as far as it proves that.
        ``is_notice``: it has the null reverse-path. Raises ``Unavailable`` where it should come again later."""
        is_report = len(octets) <= limits.REPORT and report.is_report(header_of(octets))
        if not is_report and not (is_notice and len(octets) <= limits.REPORT and octets.find(b"essage-", len(header_of(octets))) >= 0):
            return []
        is_large = len(octets) > _IN_A_THREAD
        try:
            if not is_report:
                plain = await asyncio.to_thread(plain_notice.read, octets) if is_large else plain_notice.read(octets)
                return await self._plain(plain, recipients) if plain is not None else []
            found = await asyncio.to_thread(report.read, octets) if is_large else report.read(octets)
            return await self._take(found, octets, recipients)
        except (Refusal, Unavailable):
            raise
        except Exception as exc:
            telemetry.defect("reports", exc)
            return []

    async def filed(self, about: Sequence[About], emails: Mapping[AccountId, EmailId]) -> None:
        """The notice was filed as these emails: the submissions in those accounts know it (RFC 8621 §7 ``dsnBlobIds``)."""
        for account, submission in about:
            email = emails.get(account)
            if email is None:
                continue
            try:
                await self._submissions.report(account, submission, [], notice=email)
            except (Refusal, Unavailable) as exc:
                telemetry.event("report.deferred", account=account, reason=exc.cause or exc.public)

    async def _take(self, found: Found | None, octets: Octets, recipients: Sequence[tuple[Address, AccountId | None]]) -> list[About]:
        account = next((account for _, account in recipients if account is not None), None)
        match found:
            case StatusNotice():
                tag = self._tag(found.envelope_id, [address.local for address, _ in recipients])
                left, is_proved = UNPROVED_TOLD, False
                for told in found.recipients:
                    if await self._status(found, told, tag, account):
                        is_proved = True
                    else:
                        left -= 1
                    if not left:
                        break
                return [(tag.account_id, tag.submission_id)] if tag is not None and is_proved else []
            case Complaint():
                await self._complaint(found, self._tag(found.envelope_id, [found.mail_from.rpartition("@")[0], *(a.local for a, _ in recipients)]), octets, account)
            case TlsPart():
                await self._tls(found, recipients)
            case None:
                pass
        return []

    async def _plain(self, notice: PlainNotice, recipients: Sequence[tuple[Address, AccountId | None]]) -> list[About]:
        """A notice in words alone. It counts where it came to the tagged reverse-path of the very message that came back, and only about recipients that it names,
        or the only one it can mean; else it is an event."""
        account = next((account for _, account in recipients if account is not None), None)
        tag = self._tag("", [address.local for address, _ in recipients])
        about = await self._submissions.of_message(tag.account_id, notice.message_id) if tag is not None else None
        meant: list[str] = []
        if tag is not None and about is not None and about.submission_id == tag.submission_id:
            possible = [one.address for one in about.recipients if self._proved(tag, (one.address,))]
            meant = [one for one in possible if one.lower() in notice.addresses] or (possible if len(possible) == 1 else [])
        told = [Told(one, "", "failed", notice.status, notice.said) for one in meant] or [Told("", "", "failed", notice.status, notice.said)]
        whole = StatusNotice("", "", tuple(told), notice.message_id)
        is_proved = [await self._status(whole, one, tag if meant else None, account) for one in told[:UNPROVED_TOLD]]
        return [(tag.account_id, tag.submission_id)] if tag is not None and any(is_proved) else []

    def _tag(self, envelope_id: str, locals_: Sequence[str]) -> Tag | None:
        now_s = self._now_ms() // 1000
        for text in (envelope_id, *map(of_detail, locals_)):
            tag = self._tags.read(text, now_s) if text else None
            if tag is not None:
                return tag
        return None

    # ------------------------------------------------------------------------------------------------- delivery status
    async def _status(self, notice: StatusNotice, told: Told, tag: Tag | None, account: AccountId | None) -> bool:
        """Whether it proves itself."""
        address = self._proved(tag, (told.original, told.final))
        if tag is None or not address:
            telemetry.event(
                "notice.unproved", account=account, message_id=notice.message_id, forward_path=told.original or told.final, action=told.action,
                status=told.status, hop=notice.reporting_mta, reason=told.diagnostic or "it bears no tag of ours",
            )  # fmt: skip
            return False
        who = await self._directory.account(tag.account_id)
        tenant = who.tenant_id if who is not None else TenantId(0)
        status = EnhancedStatus.parse(told.status)
        telemetry.event(
            "notice.received", account=tag.account_id, tenant=tenant, submission=to_wire(SUBMISSION, tag.submission_id), message_id=notice.message_id,
            forward_path=address, action=told.action, status=told.status, hop=notice.reporting_mta, reason=told.diagnostic or told.action,
        )  # fmt: skip
        progress = _PROGRESS.get(told.action)
        if progress is not None and who is not None:
            code = 250 if progress is Progress.DELIVERED else 550
            text = told.diagnostic if told.diagnostic[:3].isdigit() else f"{code} {told.status or f'{code // 100}.0.0'} {told.diagnostic or told.action}"
            await self._submissions.report(
                tag.account_id, tag.submission_id, [RecipientStatus(address, {}, progress, notice.reporting_mta, text[:500], self._now_ms())]
            )
        if told.action == "failed" and tenant and status is not None and status.is_permanent and is_hard(status.subject, status.detail, ""):
            await self._suppressions.bounced(
                tenant, address, ": ".join(filter(None, (notice.reporting_mta, told.diagnostic or told.status))), submission=tag.submission_id, account=tag.account_id
            )
        return True

    def _proved(self, tag: Tag | None, addresses: Sequence[str]) -> str:
        """The first of these addresses for which the tag was made; "" for none."""
        return next((one for one in addresses if tag is not None and one and self._tags.proves(tag, one.rpartition("@")[2])), "")

    # ------------------------------------------------------------------------------------------------- complaints
    async def _complaint(self, complaint: Complaint, tag: Tag | None, octets: Octets, account: AccountId | None) -> None:
        address = self._proved(tag, complaint.recipients)
        submission, sender, tenant = SubmissionId(0), AccountId(0), TenantId(0)
        if tag is not None and address:
            submission, sender = tag.submission_id, tag.account_id
            who = await self._directory.account(sender)
            tenant = who.tenant_id if who is not None else tenant
        elif self._feedback_from and complaint.message_id:
            signer = next((one for one in await self._signers(octets) if one in self._feedback_from), "")
            if signer:
                address, submission, sender, tenant = await self._sent(complaint)
        if not tenant or not address:
            telemetry.event(
                "complaint.unproved", account=account, message_id=complaint.message_id, forward_path=", ".join(complaint.recipients[:5]),
                kind=complaint.kind, reason="nothing proves that it speaks of a message of ours",
            )  # fmt: skip
            return
        telemetry.event(
            "complaint.received", account=sender, tenant=tenant, submission=to_wire(SUBMISSION, submission), message_id=complaint.message_id,
            forward_path=address, kind=complaint.kind, agent=complaint.user_agent[:200], reason=complaint.kind,
        )  # fmt: skip
        if complaint.kind in _ABUSE - {"not-spam"}:
            await self._suppressions.complained(tenant, address, complaint.kind, submission=submission, account=sender)

    async def _sent(self, complaint: Complaint) -> tuple[str, SubmissionId, AccountId, TenantId]:
        """What we know of the message that a believable complaint speaks of: recipient, submission, account, tenant; "" and 0 where it is not one, or its
        recipient cannot be told."""
        events = await asyncio.to_thread(self._about, complaint.message_id)
        asked = {one.lower() for one in complaint.recipients}
        found: dict[str, tuple[str, SubmissionId, AccountId, TenantId]] = {}
        for event in events:
            number = from_wire(SUBMISSION, str(event.get("submission", "")))
            if event.get("event") == "message.sent" and number is not None and event.get("tenant"):
                address = str(event.get("forward_path", ""))
                found[address.lower()] = address, SubmissionId(number), AccountId(event["account"]), TenantId(event["tenant"])
        meant = [row for key, row in found.items() if key in asked] or (list(found.values()) if not asked else [])
        return meant[0] if len(meant) == 1 else ("", SubmissionId(0), AccountId(0), TenantId(0))

    def _about(self, message_id: str) -> list[dict[str, Any]]:
        """The events of the messages with this Message-ID."""
        today = self._now_ms() / 1000
        days = [time.strftime("%Y-%m-%d", time.gmtime(today - back * 86_400)) for back in range(_DAYS)]
        events = [event for _, event in index.find(self._events, [message_id], days=days, most=200)]
        names = sorted({str(event["submission"]) for event in events if event.get("submission")})[:5]
        return events + ([event for _, event in index.find(self._events, names, days=days, most=2_000)] if names else [])

    async def _signers(self, octets: Octets) -> list[str]:
        if self._lookups is None:
            return []
        async with self._verifying:
            return await signers(self._lookups, octets, now_s=self._now_ms() // 1000)

    # ------------------------------------------------------------------------------------------------- TLS reports
    async def _tls(self, part: TlsPart, recipients: Sequence[tuple[Address, AccountId | None]]) -> None:
        """How TLS to us fares, as others see it (RFC 8460 §4): one event for each of our domains, and one for each kind of failure."""
        try:
            found = await asyncio.to_thread(tlsrpt.from_part, part.octets, part.encoding, part.subtype)
        except Malformed as exc:
            telemetry.event("tlsrpt.unreadable", forward_path=str(recipients[0][0]) if recipients else "", reason=str(exc))
            return
        ours = {one.name: one for one in await self._directory.domains()}
        left = FAILURES_TOLD
        for line in found.policies[: limits.TLSRPT_POLICIES]:
            domain = ours.get(domain_key(line.policy.domain))
            if domain is None:
                continue
            about = {"tenant": int(domain.tenant_id), "domain": domain.name, "organization": found.organization[:200], "report": found.report_id[:200],
                     "policy": line.policy.kind[:40], "forward_path": str(recipients[0][0]) if recipients else ""}  # fmt: skip
            telemetry.event(
                "tlsrpt.received", starts=found.starts[:40], ends=found.ends[:40], good=line.good, bad=line.bad,
                reason=f"{line.bad} of {line.good + line.bad} sessions failed", **about,  # type: ignore[arg-type] # none is named level
            )
            for failure, count in line.failures[:left]:
                telemetry.event(
                    "tlsrpt.failure_received", result=failure.result[:60], count=count, hop=failure.receiving_mx[:255], address=failure.receiving_ip[:64],
                    sender=failure.sending_mta_ip[:64], reason=failure.reason[:300] or failure.result[:60], **about,  # type: ignore[arg-type]
                )
            left = max(0, left - len(line.failures))
