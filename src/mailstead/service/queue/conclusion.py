"""What follows from an attempt: for each recipient a decision, for the author a notice where one is due, for the submission its news.

A notice is filed before the recipient leaves the queue; its delivery id comes from message, recipients and action, so that a crash between the
two files it once. When it cannot be filed now (over quota) the recipient stays with its verdict (``SETTLED``), and only the notice is tried again.
"""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from typing import Final

from mailstead import telemetry
from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.model.ids import SUBMISSION, EmailId, to_wire
from mailstead.model.message import Filing
from mailstead.model.status import EnhancedStatus
from mailstead.model.submission import Progress, RecipientStatus
from mailstead.service.forwarding import Forwarding
from mailstead.service.ports import Attempt, Failed, Sent
from mailstead.service.queue import bounce, retry
from mailstead.service.queue.bounce import Action, Told
from mailstead.service.queue.results import Results
from mailstead.service.queue.shaping import Rules
from mailstead.service.suppressions import Suppressions, is_hard
from mailstead.store.interface import Mail, QueueDeferral, QueueEntry, QueueJob, QueueRecipient, Submissions
from mailstead.telemetry.record import Field

SETTLED: Final = "undeliverable "
"""Begins ``last_error`` of a recipient of which only the notice is still to be filed: status, code, hop, text follow."""
_REPORT_WAITS_S: Final = (0.0, 0.5, 2.0, 5.0, 10.0)


class Conclusion:
    """``hostname`` names us in notices. ``suppressions`` None: bounces suppress nothing; ``forwarding`` tells of forwards."""

    def __init__(
        self, *, mail: Mail, submissions: Submissions, results: Results, rules: Rules, hostname: str, now_ms: Callable[[], int],
        suppressions: Suppressions | None = None, forwarding: Forwarding | None = None,
    ) -> None:
        self._forwarding = forwarding
        self._suppressions = suppressions
        self._mail = mail
        self._submissions = submissions
        self._results = results
        self._rules = rules
        self._hostname = hostname
        self._now_ms = now_ms

    async def conclude(self, job: QueueJob, attempts: Sequence[Attempt], octets: bytes, *, provider: str = "") -> None:
        """Write down what came of each recipient of ``job``, in order."""
        now = self._now_ms()
        left: list[QueueRecipient] = []
        news: list[RecipientStatus] = []
        told: dict[Action, list[Told]] = {}
        due = 0
        for recipient, attempt in zip(job.recipients, attempts, strict=True):
            entry = job.entry(recipient)
            decision = retry.decide(entry, attempt, now)
            self._tell(entry, attempt, decision, provider)
            match decision:
                case retry.Done(sent):
                    news.append(_status(entry, Progress.DELIVERED if sent.is_final else Progress.RELAYED, attempt, now))
                    action = Action.EXPANDED if sent.is_expanded else Action.DELIVERED if sent.is_final else Action.RELAYED
                    if (not sent.passes_on_dsn and bounce.wanted(entry, action)) or (action is Action.RELAYED and bounce.is_traced(entry, keeps_time=sent.keeps_time)):
                        told.setdefault(action, []).append(Told(entry, EnhancedStatus(2, 0, 0), sent.hop, 0, ""))
                case retry.Again(at, failed, tells):
                    due = max(due, at)
                    left.append(_with_error(recipient, f"{failed.code or failed.status} {failed.text}"))
                    news.append(_status(entry, Progress.QUEUED, attempt, now))
                    if tells and bounce.wanted(entry, Action.DELAYED):
                        told.setdefault(Action.DELAYED, []).append(of_failure(entry, failed))
                case retry.GiveUp(failed, is_late):
                    news.append(_status(entry, Progress.FAILED, attempt, now))
                    if bounce.wanted(entry, Action.FAILED):
                        told.setdefault(Action.FAILED, []).append(late(entry, failed) if is_late else of_failure(entry, failed))
                    await self._suppress(entry, failed, provider)
        for action, recipients in told.items():
            if not await self.file(recipients, action, octets, is_reported=job.message.is_reported) and action is Action.FAILED:
                by_number = {one.number: one for one in job.recipients}
                left += [_with_error(by_number[one.entry.number], settle(one)) for one in recipients]
                due = max(due, now + retry.wait_ms(job.job_id, job.attempts))
        if job.message.is_reported:
            await self.report(job, news)
        if not left:
            self._results.done(job)
            return
        check = retry.check_ms(job.entry(left[0]), now)
        self._results.deferred(QueueDeferral(job, due, check, job.attempts + 1, tuple(left)))

    async def _suppress(self, entry: QueueEntry, failed: Failed, provider: str) -> None:
        """What another server has said of an address for good holds for the tenant's later mail too."""
        if self._suppressions is None or not failed.is_permanent or not failed.code or not entry.tenant_id or entry.route.startswith("@") or entry.options.get("forward"):
            return
        status = failed.status
        if is_hard(status.subject, status.detail, self._rules.meaning(provider, failed).word):
            await self._suppressions.try_bounced(
                entry.tenant_id, entry.forward_path, f"{failed.hop}: {failed.code} {failed.text}", submission=entry.submission_id, account=entry.account_id
            )

    def put_off(self, job: QueueJob, reason: str) -> None:
        """The fault is ours: try again as after a temporary failure, and never give up for it."""
        now = self._now_ms()
        recipients = tuple(one if one.last_error.startswith(SETTLED) else _with_error(one, reason) for one in job.recipients)
        self._results.deferred(
            QueueDeferral(job, now + retry.wait_ms(job.job_id, job.attempts), job.check_at_ms, job.attempts + 1, recipients)
        )

    async def came_of_age(self, job: QueueJob, octets: bytes, failure: Failed | None) -> None:
        """A moment has come at which the age of a job matters: it is given up, or its author hears that it takes long. ``failure``: why it waits, where
        that is known."""
        now = self._now_ms()
        failed = failure or Failed("", 0, EnhancedStatus(4, 4, 7), job.recipients[0].last_error or "It waits for its turn")
        entries = [job.entry(recipient) for recipient in job.recipients]
        if now >= retry.ends_ms(entries[0]):
            await self.conclude(job, [failed] * len(entries), octets)
            return
        wanted = [of_failure(entry, failed) for entry in entries if bounce.wanted(entry, Action.DELAYED)]
        if wanted:
            await self.file(wanted, Action.DELAYED, octets, is_reported=job.message.is_reported)
        self._results.deferred(QueueDeferral(job, job.due_at_ms, retry.check_ms(entries[0], now), job.attempts, job.recipients))

    def _tell(self, entry: QueueEntry, attempt: Attempt, decision: retry.Decision, provider: str) -> None:
        peer = attempt.peer
        more: dict[str, Field] = {}
        if peer is not None:
            more = {"address": peer.address, "tls": peer.tls}
            if peer.source:
                more["source"] = peer.source
            if peer.assurance:
                more["assurance"] = peer.assurance
            if peer.certificate:
                more["certificate"] = peer.certificate
        if isinstance(attempt, Sent):
            name, status = "message.sent", "2.0.0"
        else:
            status = str(attempt.status)
            name = "message.bounced" if isinstance(decision, retry.GiveUp) else "message.deferred"
            word = self._rules.meaning(provider, attempt).word
            if word:
                more["meaning"] = word
        if entry.route.startswith("@"):
            more["here"] = True  # no other server has had a part in it
        else:
            outcome = name.partition(".")[2]
            telemetry.count("deliveries", 1, outcome=outcome, provider=provider or "other", tls="yes" if peer is not None and peer.tls else "no")
            if outcome == "sent":
                telemetry.count("deliveries.seconds", (self._now_ms() - entry.created_at_ms) // 1000, provider=provider or "other")
        telemetry.event(
            name, account=entry.account_id, tenant=entry.tenant_id, submission=to_wire(SUBMISSION, entry.submission_id),
            reverse_path=entry.reverse_path, forward_path=entry.forward_path, hop=attempt.hop, code=attempt.code, status=status,
            attempts=entry.attempts + 1, age_ms=self._now_ms() - entry.created_at_ms, reason=attempt.text, **more,  # type: ignore[arg-type] # none is named level
        )  # fmt: skip

    # ------------------------------------------------------------------------------------------------- notices and news
    async def report(self, job: QueueJob, news: list[RecipientStatus]) -> None:
        """Tell the submission. What cannot be told in a while is an event and no more: the message itself is safe."""
        message = job.message
        for wait_s in _REPORT_WAITS_S:
            await asyncio.sleep(wait_s)
            try:
                await self._submissions.report(message.account_id, message.submission_id, news)
            except Refusal as exc:
                telemetry.event("report.refused", account=message.account_id, reason=exc.cause or exc.public)
                return
            except Unavailable as exc:
                telemetry.event("report.deferred", account=message.account_id, reason=exc.cause or exc.public)
            else:
                return

    async def _enter(self, entry: QueueEntry, notice: EmailId) -> None:
        """The submission knows its notices (RFC 8621 §7 ``dsnBlobIds``)."""
        try:
            await self._submissions.report(entry.account_id, entry.submission_id, [], notice=notice)
        except (Refusal, Unavailable) as exc:
            telemetry.event("report.deferred", account=entry.account_id, reason=exc.cause or exc.public)

    async def file(self, told: list[Told], action: Action, octets: bytes, *, is_reported: bool) -> bool:
        """A notice into the author's INBOX, from the null reverse-path. False: it must be tried again."""
        entry = told[0].entry
        notice = bounce.compose(told, action, octets, hostname=self._hostname, now_ms=self._now_ms())
        numbers = ",".join(str(one.entry.number) for one in told)
        digest = hashlib.sha256(f"mailstead notice 2\0{entry.submission_id}\0{action.value}\0{numbers}".encode()).digest()
        try:
            if entry.options.get("forward") and self._forwarding is not None:
                return await self._forwarding.tell(entry, notice, digest, is_failure=action is Action.FAILED)
            filed = await self._mail.deliver(entry.account_id, Filing.of_notice(digest, notice, self._now_ms()))
        except Unavailable as exc:
            telemetry.event("notice.deferred", account=entry.account_id, reason=exc.cause or exc.public)
            return False
        except Refusal as exc:
            telemetry.event("notice.refused", account=entry.account_id, reason=exc.cause or exc.public)
            # Nobody is there to hear it; a full mailbox may be emptied.
            return exc.reason is not Reason.OVER_QUOTA
        if is_reported:
            await self._enter(entry, filed.email_id)
        telemetry.event(
            "message.filed", account=entry.account_id, mailbox=filed.mailbox_id, uid=filed.uid, octets=len(notice),
            reverse_path="", forward_path=entry.reverse_path, submission=to_wire(SUBMISSION, entry.submission_id),
            reason=f"notice: {action.value}",
        )  # fmt: skip
        return True


def _with_error(recipient: QueueRecipient, error: str) -> QueueRecipient:
    return QueueRecipient(recipient.number, recipient.address, recipient.options, error[:500])


def _status(entry: QueueEntry, progress: Progress, attempt: Attempt, now_ms: int) -> RecipientStatus:
    text = attempt.text
    if attempt.code and not text.startswith(str(attempt.code)):
        text = f"{attempt.code} {text}"
    return RecipientStatus(entry.forward_path, {}, progress, attempt.hop, text, now_ms)


def of_failure(entry: QueueEntry, failed: Failed) -> Told:
    """What is told of a recipient that was not taken."""
    return Told(entry, failed.status, failed.hop, failed.code, failed.text)


def late(entry: QueueEntry, failed: Failed) -> Told:
    """Time has run out (RFC 3463 §3.5: 5.4.7)."""
    return Told(entry, EnhancedStatus(5, 4, 7), failed.hop, failed.code, f"It was tried until its time ran out. The last answer: {failed.text}")


def settle(one: Told) -> str:
    """A verdict as a recipient's ``last_error``."""
    return f"{SETTLED}{one.status} {one.code} {one.hop or '-'} {one.text}"[:480]


def settled(text: str) -> Failed:
    """The verdict that ``settle`` wrote."""
    status, code, hop, *rest = text.removeprefix(SETTLED).split(" ", 3)
    return Failed("" if hop == "-" else hop, int(code), EnhancedStatus.parse(status) or EnhancedStatus(5, 0, 0), rest[0] if rest else "")
