"""The scheduler over a queue in memory and an agent that answers as it is told."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest
from tests.harness.fake_mail import NOW_MS
from tests.harness.smtp import ALICE, FakeOutbox, SmtpMail, over_quota

from mailstead.model.address import Envelope
from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.model.ids import SubmissionId
from mailstead.model.status import EnhancedStatus
from mailstead.service.ports import Attempt, Failed, Sent
from mailstead.service.queue.scheduler import AT_ONCE, Scheduler

SENT = Sent("hub", "250 ok", passes_on_dsn=True)
LATER = Failed("hub", 451, EnhancedStatus(4, 2, 0), "later")
NEVER = Failed("hub", 550, EnhancedStatus(5, 1, 1), "No such user")
HOUR = 3600 * 1000
MESSAGE = b"From: alice@example.org\r\n\r\nbody\r\n"


class Agent:
    """``answers`` by forward path."""

    def __init__(self) -> None:
        self.answers: dict[str, Attempt] = {}
        self.seen: list[Envelope] = []
        self.now = self.most = 0
        self.gate: asyncio.Event | None = None
        self.is_closed = False

    async def deliver(self, envelope: Envelope, octets: bytes) -> Sequence[Attempt]:
        self.seen.append(envelope)
        self.now += 1
        self.most = max(self.most, self.now)
        if self.gate is not None:
            await self.gate.wait()
        self.now -= 1
        assert octets == MESSAGE
        return [self.answers.get(str(to.address), SENT) for to in envelope.forward_paths]

    async def close(self) -> None:
        self.is_closed = True


class Site:
    def __init__(self) -> None:
        self.now_ms = NOW_MS
        self.outbox, self.mail, self.agent = FakeOutbox(), SmtpMail(), Agent()
        self.scheduler = Scheduler(
            outbox=cast("Any", self.outbox), mail=cast("Any", self.mail), agent=self.agent, hostname="mx.example.org", now_ms=lambda: self.now_ms
        )

    async def queue(self, *to: str, number: int = 1, sender: str = "alice@example.org", **options: str) -> None:
        self.outbox.now_ms = self.now_ms
        await self.outbox.enqueue(
            ALICE, SubmissionId(number), sender, [(address, options) for address in to], MESSAGE, self.now_ms + 120 * HOUR
        )

    async def once(self) -> int:
        count = await self.scheduler.once()
        await self.scheduler.idle()
        return count

    def notices(self) -> list[bytes]:
        return [filing.octets[:] for _, filing in self.mail.filings]


async def test_recipients_of_one_message_go_together() -> None:
    site = Site()
    await site.queue("a@x.example", "b@y.example", notify="FAILURE", orcpt="rfc822;z", envid="E", ret="HDRS", smtputf8="1", body="8BITMIME")
    assert await site.once() == 1
    (envelope,) = site.agent.seen
    assert [str(to.address) for to in envelope.forward_paths] == ["a@x.example", "b@y.example"]
    assert (envelope.forward_paths[0].notify, envelope.forward_paths[0].orcpt) == (frozenset({"FAILURE"}), "rfc822;z")
    assert (str(envelope.reverse_path), envelope.envid, envelope.ret, envelope.smtputf8) == ("alice@example.org", "E", "HDRS", True)
    assert not site.outbox.rows
    assert not site.notices()


async def test_a_temporary_failure_waits_and_is_tried_again() -> None:
    site = Site()
    await site.queue("a@x.example", "b@y.example")
    site.agent.answers = {"a@x.example": LATER}
    await site.once()
    (row,) = site.outbox.rows.values()
    assert (row.forward_path, row.attempts, row.last_error) == ("a@x.example", 1, "451 later")
    assert await site.once() == 0
    site.now_ms = row.due_at_ms
    site.agent.answers = {}
    assert await site.once() == 1
    assert not site.outbox.rows


async def test_a_refusal_comes_back_to_the_author_once() -> None:
    site = Site()
    await site.queue("a@x.example", "b@y.example", "c@z.example")
    site.agent.answers = {"a@x.example": NEVER, "b@y.example": NEVER}
    await site.once()
    (notice,) = site.notices()
    assert b"a@x.example" in notice
    assert b"b@y.example" in notice
    assert b"c@z.example" not in notice
    assert site.mail.filings[0][1].prefix == b"Return-Path: <>\r\n"
    assert not site.outbox.rows


@pytest.mark.parametrize(("sender", "options"), [("", {}), ("alice@example.org", {"notify": "NEVER"})])
async def test_some_are_not_told(sender: str, options: dict[str, str]) -> None:
    site = Site()
    await site.queue("a@x.example", sender=sender, notify=options.get("notify", ""))
    site.agent.answers = {"a@x.example": NEVER}
    await site.once()
    assert not site.notices()
    assert not site.outbox.rows


async def test_the_author_hears_of_a_delay_and_of_the_end() -> None:
    site = Site()
    await site.queue("a@x.example")
    site.agent.answers = {"a@x.example": LATER}
    while site.outbox.rows:
        site.now_ms = max(site.now_ms, *(row.due_at_ms for row in site.outbox.rows.values()))
        await site.once()
    first, last = site.notices()
    assert b"Action: delayed" in first
    assert b"Will-Retry-Until:" in first
    assert b"Action: failed" in last
    assert b"Status: 5.4.7" in last


async def test_who_asked_hears_that_it_was_passed_on_without_promise() -> None:
    site = Site()
    await site.queue("a@x.example", "b@x.example", notify="SUCCESS")
    site.agent.answers = {"a@x.example": Sent("hub", "ok", passes_on_dsn=False)}
    await site.once()
    (notice,) = site.notices()
    assert b"Action: relayed" in notice
    assert b"b@x.example" not in notice


@pytest.mark.parametrize("failure", [Unavailable("shard"), over_quota()])
async def test_a_notice_that_cannot_be_filed_is_tried_again_and_the_message_is_not(failure: Exception) -> None:
    site = Site()
    await site.queue("a@x.example")
    site.agent.answers = {"a@x.example": NEVER}
    site.mail.failing[ALICE] = failure
    for _ in range(3):
        await site.once()
        (row,) = site.outbox.rows.values()
        site.now_ms = row.due_at_ms
    assert len(site.agent.seen) == 1
    site.mail.failing.clear()
    await site.once()
    (notice,) = site.notices()
    assert b"Status: 5.1.1" in notice
    assert b"Diagnostic-Code: smtp; 550 No such user" in notice
    assert not site.outbox.rows


async def test_a_notice_to_nobody_is_dropped() -> None:
    site = Site()
    await site.queue("a@x.example")
    site.agent.answers = {"a@x.example": NEVER}
    site.mail.failing[ALICE] = Refusal(Reason.NOT_FOUND, "gone")
    await site.once()
    assert not site.outbox.rows


async def test_a_crash_between_notice_and_entry_files_one_notice() -> None:
    site = Site()
    await site.queue("a@x.example")
    site.agent.answers = {"a@x.example": NEVER}
    finish = site.outbox.finish

    async def fails(*_: object) -> None:
        raise Unavailable("disk")

    site.outbox.finish = fails  # type: ignore[method-assign,assignment]
    task = asyncio.create_task(site.once())
    await asyncio.sleep(0.02)
    task.cancel()
    site.outbox.finish = finish  # type: ignore[method-assign]
    again = Scheduler(outbox=cast("Any", site.outbox), mail=cast("Any", site.mail), agent=site.agent, hostname="mx.example.org", now_ms=lambda: site.now_ms)
    await again.once()
    await again.idle()
    assert len(site.notices()) == 1
    assert not site.outbox.rows


@pytest.mark.parametrize("fault", [RuntimeError("defect"), Unavailable("queue")])
async def test_our_own_faults_never_bounce(fault: Exception) -> None:
    site = Site()
    await site.queue("a@x.example")

    async def fails(*_: object) -> bytes:
        raise fault

    site.outbox.octets = fails  # type: ignore[method-assign,assignment]
    await site.once()
    (row,) = site.outbox.rows.values()
    assert row.due_at_ms > site.now_ms
    assert not site.notices()


async def test_octets_that_stay_lost_come_back_as_failure_in_the_end() -> None:
    site = Site()
    await site.queue("a@x.example")

    async def fails(*_: object) -> bytes:
        raise Unavailable("damaged")

    site.outbox.octets = fails  # type: ignore[method-assign,assignment]
    site.now_ms += 121 * HOUR
    await site.once()
    assert b"Status: 5.3.0" in site.notices()[0]
    assert not site.outbox.rows


async def test_so_many_at_one_time_and_none_twice() -> None:
    site = Site()
    for number in range(AT_ONCE + 5):
        await site.queue("a@x.example", number=number)
    site.agent.gate = asyncio.Event()
    first = asyncio.create_task(site.scheduler.once())
    await asyncio.sleep(0.02)
    assert site.agent.now == AT_ONCE
    assert await site.scheduler.once() == 0
    site.agent.gate.set()
    await first
    await site.scheduler.idle()
    assert len(site.agent.seen) == AT_ONCE + 5
    assert site.agent.most == AT_ONCE


async def test_it_runs_is_woken_and_ends() -> None:
    site = Site()
    running = asyncio.create_task(site.scheduler.run())
    await asyncio.sleep(0.01)
    await site.queue("a@x.example")
    site.scheduler.wake()
    await _until(lambda: not site.outbox.rows)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert site.agent.is_closed


async def test_a_stop_waits_for_what_is_under_way_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailstead.service.queue.scheduler.GRACE_S", 0.2)
    for ends in (True, False):
        site = Site()
        await site.queue("a@x.example")
        site.agent.gate = asyncio.Event()
        running = asyncio.create_task(site.scheduler.run())
        await _until(lambda site=site: site.agent.now == 1)  # type: ignore[misc]
        running.cancel()
        await asyncio.sleep(0.02)
        if ends:
            site.agent.gate.set()
        await asyncio.gather(running, return_exceptions=True)
        assert bool(site.outbox.rows) is not ends


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(2):
        while not holds():
            await asyncio.sleep(0.005)
