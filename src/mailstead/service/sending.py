"""Submissions on their way out: kept in the author's account, held until their time, handed over to the queue.

Handing over is take, queue, mark; each step may be repeated, and the queue takes an accept id once. What the process that took a submission in does not
hand over at once, the owner of the account's shard finds when it is due.
"""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from mailstead import telemetry
from mailstead.model import limits
from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.model.ids import SUBMISSION, AccountId, MailboxId, SubmissionId, TenantId, to_wire
from mailstead.model.message import NewMessage, Octets
from mailstead.model.question import Principal
from mailstead.model.submission import NewSubmission, Submission
from mailstead.service import submission
from mailstead.service.queue.entrance import Entrance, Queued
from mailstead.service.signing import Signing
from mailstead.service.suppressions import Suppressions
from mailstead.store.interface import Directory, Submissions

HELD_MOST_S: Final = 366 * 24 * 3600
"""How long a message may be held (RFC 4865 §4.1 ``max-future-release-interval``)."""
QUEUED_FOR_MS: Final = 5 * 24 * 3600 * 1000
"""RFC 5321 §4.5.4.1: at least four to five days."""
POLL_S: Final = 1.0
_AT_ONCE: Final = 100


class Sending:
    """``can_send_out``: whether there is a way to other servers. ``new_id`` makes submission ids. ``signing`` None: nothing is signed."""

    def __init__(
        self, *, directory: Directory, submissions: Submissions, entrance: Entrance, hostname: str, can_send_out: bool,
        new_id: Callable[[], int], now_ms: Callable[[], int], signing: Signing | None = None, suppressions: Suppressions | None = None,
    ) -> None:  # fmt: skip
        self._suppressions = suppressions
        self._directory = directory
        self._submissions = submissions
        self._entrance = entrance
        self._hostname = hostname
        self._can_send_out = can_send_out
        self._new_id = new_id
        self._now_ms = now_ms
        self._signing = signing
        self._leaving: set[asyncio.Task[None]] = set()

    def new_submission_id(self) -> SubmissionId:
        """An id for a new submission."""
        return SubmissionId(self._new_id())

    async def check(self, principal: Principal, new: NewSubmission) -> None:
        """Whether this may be sent. SENDER_NOT_OWNED, NO_SUCH_RECIPIENT and RELAY_DENIED (``cause``: the address), TOO_MANY, INVALID."""
        if new.reverse_path and not await self._directory.owns(principal.account_id, new.reverse_path):
            raise Refusal(Reason.SENDER_NOT_OWNED, "You may not send from this address", new.reverse_path)
        if not new.recipients:
            raise Refusal(Reason.INVALID, "A message needs a recipient")
        if len(new.recipients) > limits.SMTP_SUBMISSION_RECIPIENTS:
            raise Refusal(Reason.TOO_MANY, f"A message may have at most {limits.SMTP_SUBMISSION_RECIPIENTS} recipients")
        if new.release_at_ms > self._now_ms() + HELD_MOST_S * 1000:
            raise Refusal(Reason.INVALID, "A message cannot be held for so long")
        for address, _ in new.recipients:
            routed = await self._directory.route(address)
            if not routed.accounts and not routed.remote:
                raise Refusal(Reason.NO_SUCH_RECIPIENT, "There is no such mailbox here", address)
            if routed.remote and not self._can_send_out:
                raise Refusal(Reason.RELAY_DENIED, "This server cannot send to other servers: no [outbound] smarthost is set", address)

    async def submit(
        self, principal: Principal, new: NewSubmission, octets: Octets, *, sent_to: MailboxId | None = None, trace: bytes = b"",
        if_state: str = "",
    ) -> Submission:
        """Take a message in: durable when this returns, on its way unless it is held. ``sent_to``: where the author's copy is filed, in the same
        step. ``trace``: Received lines. ``if_state`` and what it raises: as in ``store.interface.Submissions.submit``. Raises what ``check`` raises,
        BAD_CONTENT, OVER_QUOTA, ``Unavailable``; ALREADY_EXISTS and NOT_FOUND by ``new.marks``."""
        await self.check(principal, new)
        ready = await submission.prepared(
            octets, principal, self._directory, hostname=self._hostname, now_ms=max(self._now_ms(), new.release_at_ms), new_id=self._new_id
        )
        copy = None if sent_to is None else (sent_to, NewMessage(ready, frozenset({"\\Seen"})))
        new = replace(new, message_id=submission.message_id(ready)[:998])
        done = await self._submissions.submit(principal.account_id, new, trace + ready[:] if trace else ready, sent=copy, if_state=if_state)
        is_held = done.release_at_ms > self._now_ms()
        telemetry.event(
            "submission.held" if is_held else "submission.accepted", account=principal.account_id, tenant=principal.tenant_id,
            submission=to_wire(SUBMISSION, done.submission_id), reverse_path=done.reverse_path, recipients=len(done.recipients),
            message_id=submission.message_id(ready), until_ms=done.release_at_ms, reason="held" if is_held else "to leave at once",
        )  # fmt: skip
        if not is_held:
            self._start(principal.account_id, done.submission_id)
        return done

    async def cancel(self, account: AccountId, submission_id: SubmissionId) -> bool:
        """Call a held message back: False where it is too late. NOT_FOUND."""
        done = await self._submissions.cancel(account, submission_id)
        telemetry.event(
            "submission.cancelled" if done else "submission.kept", account=account, submission=to_wire(SUBMISSION, submission_id),
            reason="by its author" if done else "it had left",
        )  # fmt: skip
        return done

    async def release(self, account: AccountId, submission_id: SubmissionId) -> bool:
        """Let a held message go now: False where it has left or was cancelled. NOT_FOUND."""
        done = await self._submissions.reschedule(account, submission_id, self._now_ms())
        if done:
            self._start(account, submission_id)
        return done

    # ------------------------------------------------------------------------------------------------- handing over
    def _start(self, account: AccountId, submission_id: SubmissionId) -> None:
        task = asyncio.get_running_loop().create_task(self._hand_over_soon(account, submission_id))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def run(self) -> None:
        """Hand over what is due, of the shards this process owns, until cancelled."""
        try:
            while True:
                try:
                    due = await self._submissions.due(self._now_ms(), _AT_ONCE)
                except (Refusal, Unavailable) as exc:
                    telemetry.event("submission.deferred", reason=exc.cause or exc.public)
                    due = []
                for account, submission_id in due:
                    await self._hand_over_soon(account, submission_id)
                await asyncio.sleep(POLL_S)
        finally:
            for task in self._leaving:
                task.cancel()
            await asyncio.gather(*self._leaving, return_exceptions=True)

    async def _hand_over_soon(self, account: AccountId, submission_id: SubmissionId) -> None:
        """What cannot be handed over now is found again when somebody looks for what is due."""
        try:
            await self.hand_over(account, submission_id)
        except (Refusal, Unavailable) as exc:
            telemetry.event(
                "submission.deferred", account=account, submission=to_wire(SUBMISSION, submission_id), reason=exc.cause or exc.public
            )
        except Exception as exc:
            telemetry.defect("submission", exc, account=account)

    async def hand_over(self, account: AccountId, submission_id: SubmissionId) -> bool:
        """Bring a submission that is due to the queue; False where there is nothing to bring. May be repeated at any point."""
        if not await self._submissions.take(account, submission_id):
            return False
        found = await self._submissions.find(account, ids=[submission_id])
        if not found:
            return False
        one = found[0]
        who = await self._directory.account(account)
        recipients = []
        for each in one.recipients:
            routed = await self._directory.route(each.address)
            is_local = routed.is_local_domain
            options = each.options
            if not is_local and who is not None and self._suppressions is not None and await self._suppressions.of(who.tenant_id, each.address):
                options = {**options, "suppressed": "yes"}
            recipients.append((each.address, options, is_local))
        octets = await self._submissions.octets(account, submission_id)
        if self._signing is not None:
            octets = await self._signing.signatures(octets) + octets
        now = self._now_ms()
        identity = hashlib.sha256(b"mailstead hand-over 1\0%d\0%d" % (account, submission_id)).digest()
        await self._entrance.put(
            Queued(
                identity[:16], submission_id, account,
                who.tenant_id if who else TenantId(0), one.reverse_path, recipients, one.options, now, now + QUEUED_FOR_MS, is_reported=True,
            ), octets,
        )  # fmt: skip
        telemetry.event(
            "message.queued", account=account, tenant=who.tenant_id if who else 0, submission=to_wire(SUBMISSION, submission_id),
            reverse_path=one.reverse_path, recipients=len(recipients), octets=len(octets), message_id=submission.message_id(octets),
            reason="submitted",
        )  # fmt: skip
        await self._submissions.handed_over(account, submission_id)
        return True
