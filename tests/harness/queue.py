"""A queue and submissions in memory for tests: what the store promises, without a disk."""

import dataclasses
from collections.abc import Iterable, Sequence

from tests.harness.fake_mail import NOW_MS

from mailstead.model.errors import Unavailable
from mailstead.model.ids import AccountId, EmailId, SubmissionId
from mailstead.model.message import Octets
from mailstead.model.submission import NO_EMAIL, Hold, NewSubmission, Progress, RecipientStatus, Submission
from mailstead.store.interface import (
    NewQueued,
    QueueDeferral,
    QueueEntry,
    QueueFilter,
    QueueHold,
    QueueJob,
    QueueMessage,
    QueueWaiting,
)


class FakeQueue:
    """``interface.Queue``. ``failing`` is raised by ``enqueue``."""

    workers = 1
    shards = tuple(range(16))

    def __init__(self) -> None:
        self.waiting: dict[int, QueueJob] = {}
        self.messages: dict[SubmissionId, bytes] = {}
        self.accepted: set[bytes] = set()
        self.held: dict[str, QueueHold] = {}
        self.last = 0
        self.failing: Unavailable | None = None

    @property
    def rows(self) -> dict[tuple[int, int], QueueEntry]:
        """All recipients."""
        return {(job.job_id, one.number): job.entry(one) for job in self.waiting.values() for one in job.recipients}

    async def enqueue(self, new: NewQueued, octets: Octets) -> None:
        if self.failing is not None:
            raise self.failing
        if new.accept_id in self.accepted:
            return
        self.accepted.add(new.accept_id)
        self.messages[new.submission_id] = octets[:]
        message = QueueMessage(
            new.submission_id, new.account_id, new.tenant_id, new.reverse_path, new.options, new.created_at_ms, new.expires_at_ms,
            len(octets), new.is_reported,
        )  # fmt: skip
        for job in new.jobs:
            self.last += 1
            self.waiting[self.last] = QueueJob(
                self.last, job.shard, job.route, job.domain, job.priority, job.due_at_ms, job.check_at_ms, 0, False, message, job.recipients
            )

    async def own(self) -> None:
        pass

    def newest(self) -> int:
        return self.last

    def newer(self, after: int, limit: int = 1_000) -> tuple[list[QueueWaiting], int]:
        numbers = sorted(number for number in self.waiting if number > after)[:limit]
        found = [
            QueueWaiting(job.job_id, job.shard, job.route, job.priority, job.message.tenant_id, job.message.account_id, job.due_at_ms)
            for job in (self.waiting[number] for number in numbers) if not job.held
        ]  # fmt: skip
        return found, numbers[-1] if numbers else after

    def jobs(self, numbers: Sequence[int]) -> list[QueueJob]:
        return [self.waiting[number] for number in numbers if number in self.waiting]

    def aged(self, now_ms: int, limit: int) -> list[QueueJob]:
        return [job for job in self.waiting.values() if job.check_at_ms <= now_ms and not job.held][:limit]

    def holds(self) -> list[QueueHold]:
        return list(self.held.values())

    async def octets(self, message: QueueMessage) -> bytes:
        return self.messages[message.submission_id]

    async def finish(self, done: Iterable[QueueJob], deferred: Iterable[QueueDeferral]) -> None:
        for job in done:
            self.waiting.pop(job.job_id, None)
        for one in deferred:
            self.waiting[one.job.job_id] = dataclasses.replace(
                one.job, due_at_ms=one.due_at_ms, check_at_ms=one.check_at_ms, attempts=one.attempts, recipients=one.recipients
            )

    async def hold(self, hold: QueueHold) -> None:
        self.held[hold.site] = hold

    async def find(self, wanted: QueueFilter, *, after: tuple[int, int] = (0, -1), limit: int = 1000) -> list[QueueEntry]:
        return list(self.rows.values())[:limit]

    async def steer(self, what: str, entries: Sequence[QueueEntry], *, route: str = "") -> int:
        raise NotImplementedError

    def counts(self) -> tuple[int, int, int]:
        return len(self.messages), len(self.waiting), 0


class FakeSubmissions:
    """``interface.Submissions``, as much as services need."""

    def __init__(self) -> None:
        self.known: dict[SubmissionId, Submission] = {}
        self.kept: dict[SubmissionId, bytes] = {}
        self.now_ms = NOW_MS
        self.failing: Exception | None = None

    async def submit(self, account: AccountId, new: NewSubmission, octets: Octets, *, sent: object = None, if_state: str = "") -> Submission:
        found = self.known.get(new.submission_id)
        if found is None:
            found = self.known[new.submission_id] = Submission(
                new.submission_id, new.email_id, new.thread_id, new.identity, new.reverse_path, new.options,
                tuple(RecipientStatus(address, options) for address, options in new.recipients), self.now_ms,
                max(new.release_at_ms, self.now_ms), Hold.PENDING, 1, len(octets),
            )  # fmt: skip
            self.kept[new.submission_id] = octets[:]
        return found

    async def find(self, account: AccountId, *, ids: Sequence[SubmissionId] | None = None, after: int = 0, limit: int = 1000) -> list[Submission]:
        return [one for number, one in self.known.items() if ids is None or number in ids]

    async def octets(self, account: AccountId, submission: SubmissionId) -> bytes:
        return self.kept[submission]

    async def cancel(self, account: AccountId, submission: SubmissionId) -> bool:
        return self._move(submission, {Hold.PENDING, Hold.CANCELED}, Hold.CANCELED)

    async def reschedule(self, account: AccountId, submission: SubmissionId, release_at_ms: int) -> bool:
        if not self._move(submission, {Hold.PENDING}, Hold.PENDING):
            return False
        self.known[submission] = dataclasses.replace(self.known[submission], release_at_ms=release_at_ms)
        return True

    async def destroy(self, account: AccountId, submission: SubmissionId) -> None:
        del self.known[submission]

    async def due(self, now_ms: int, limit: int) -> list[tuple[AccountId, SubmissionId]]:
        return [(AccountId(1), number) for number, one in self.known.items() if one.hold < Hold.FINAL and one.release_at_ms <= now_ms]

    async def take(self, account: AccountId, submission: SubmissionId) -> bool:
        if self.known[submission].release_at_ms > self.now_ms:
            return False
        return self._move(submission, {Hold.PENDING, Hold.LEAVING}, Hold.LEAVING)

    async def handed_over(self, account: AccountId, submission: SubmissionId) -> None:
        if self.failing is not None:
            raise self.failing
        self._move(submission, {Hold.LEAVING}, Hold.FINAL)

    async def report(self, account: AccountId, submission: SubmissionId, news: Sequence[RecipientStatus], *, notice: EmailId = NO_EMAIL) -> None:
        if self.failing is not None:
            raise self.failing
        by = {one.address: one for one in news}
        if submission not in self.known:
            return
        one = self.known[submission]
        recipients = tuple(by.get(each.address, each) if each.progress < Progress.DELIVERED else each for each in one.recipients)
        notices = (*one.notices, notice) if notice and notice not in one.notices else one.notices
        self.known[submission] = dataclasses.replace(one, recipients=recipients, notices=notices)

    async def receive(self, account: AccountId, submission: SubmissionId, receipt: EmailId, displayed: Sequence[str]) -> None:
        raise NotImplementedError

    async def of_message(self, account: AccountId, message_id: str) -> Submission | None:
        raise NotImplementedError

    def _move(self, submission: SubmissionId, wanted: set[Hold], to: Hold) -> bool:
        one = self.known[submission]
        if one.hold not in wanted:
            return False
        self.known[submission] = dataclasses.replace(one, hold=to)
        return True
