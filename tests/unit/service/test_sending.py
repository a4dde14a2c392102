"""Submissions: what may be sent, what is held, and how it comes to the queue."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
from tests.harness.fake_mail import NOW_MS
from tests.harness.queue import FakeQueue, FakeSubmissions
from tests.harness.smtp import ALICE, SmtpSite

from mailstead import telemetry
from mailstead.model import limits
from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.model.ids import SubmissionId, TenantId
from mailstead.model.question import Principal
from mailstead.model.submission import Hold, NewSubmission
from mailstead.service.queue.entrance import LOCAL, SUPPRESSED
from mailstead.service.sending import HELD_MOST_S, Sending
from mailstead.service.suppressions import Suppressions
from mailstead.store.interface import Suppression

PRINCIPAL = Principal(ALICE, TenantId(1), "alice", "alice@example.org")
MESSAGE = b"From: alice@example.org\r\nMessage-ID: <1@x>\r\n\r\nbody\r\n"


class Listed:
    """``store.interface.Outbound``: one address is suppressed."""

    async def suppression(self, tenant: TenantId, address: str) -> Suppression | None:
        return Suppression(tenant, address, "bounce", "gone", NOW_MS) if address == "gone@there.example" else None


class World:
    def __init__(self, *, can_send_out: bool = True) -> None:
        site = SmtpSite(can_send_out=can_send_out)
        self.queue: FakeQueue = site.outbox
        self.submissions: FakeSubmissions = site.submissions
        self.sending: Sending = site.sending
        self.sending._suppressions = Suppressions(cast("Any", Listed()), now_ms=lambda: NOW_MS)
        self.now_ms = NOW_MS
        self.sending._now_ms = lambda: self.now_ms

    async def submit(self, *to: str, release_at_ms: int = 0, sender: str = "alice@example.org", octets: bytes = MESSAGE) -> SubmissionId:
        number = self.sending.new_submission_id()
        await self.sending.submit(PRINCIPAL, NewSubmission(number, sender, tuple((one, {}) for one in to), release_at_ms), octets)
        await asyncio.gather(*self.sending._leaving)
        return number

    def routes(self) -> dict[str, list[str]]:
        return {job.route: [one.address for one in job.recipients] for job in self.queue.waiting.values()}


@pytest.fixture
def world() -> World:
    return World()


async def refused(world: World, *to: str, **how: Any) -> tuple[Reason, str]:
    with pytest.raises(Refusal) as caught:
        await world.submit(*to, **how)
    assert {} == world.routes()
    return caught.value.reason, caught.value.cause


async def test_what_may_not_be_sent(world: World) -> None:
    assert (Reason.SENDER_NOT_OWNED, "bob@example.org") == await refused(world, "x@there.example", sender="bob@example.org")
    assert Reason.SENDER_NOT_OWNED is (await refused(world, "x@there.example", octets=MESSAGE.replace(b"From: alice", b"From: bob")))[0]
    assert Reason.INVALID is (await refused(world))[0]
    assert Reason.TOO_MANY is (await refused(world, *(f"u{n}@there.example" for n in range(limits.SMTP_SUBMISSION_RECIPIENTS + 1))))[0]
    assert Reason.INVALID is (await refused(world, "x@there.example", release_at_ms=NOW_MS + HELD_MOST_S * 1000 + 1))[0]
    assert (Reason.NO_SUCH_RECIPIENT, "nobody@example.org") == await refused(world, "nobody@example.org")
    assert (Reason.RELAY_DENIED, "x@there.example") == await refused(World(can_send_out=False), "x@there.example")


async def test_recipients_go_their_ways(world: World) -> None:
    await world.submit("x@there.example", "y@There.example", "bob@example.org", "away@example.org", "gone@there.example")
    assert {"there.example": ["x@there.example", "y@There.example"], LOCAL: ["bob@example.org", "away@example.org"], SUPPRESSED: ["gone@there.example"]} == world.routes()
    message = next(iter(world.queue.waiting.values())).message
    assert (ALICE, TenantId(1), "alice@example.org", True) == (message.account_id, message.tenant_id, message.reverse_path, message.is_reported)


async def test_handing_over_may_be_repeated(world: World) -> None:
    number = await world.submit("x@there.example")
    assert Hold.FINAL is world.submissions.known[number].hold
    assert not await world.sending.hand_over(ALICE, number)
    assert 1 == len(world.queue.waiting)


async def test_held_mail_waits_and_can_be_called_back(world: World) -> None:
    later = NOW_MS + 60_000
    first = await world.submit("x@there.example", release_at_ms=later)
    second = await world.submit("y@there.example", release_at_ms=later)
    assert {} == world.routes()
    assert await world.sending.cancel(ALICE, first)
    assert not await world.sending.release(ALICE, first)
    assert await world.sending.release(ALICE, second)
    await asyncio.gather(*world.sending._leaving)
    assert {"there.example": ["y@there.example"]} == world.routes()
    assert not await world.sending.cancel(ALICE, second), "it has left"


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.01)


async def test_what_is_due_leaves_by_itself(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailstead.service.sending.POLL_S", 0.01)
    await world.submit("x@there.example", release_at_ms=NOW_MS + 60_000)
    running = asyncio.create_task(world.sending.run())
    await asyncio.sleep(0.05)
    assert {} == world.routes()
    world.now_ms += 60_000
    world.submissions.now_ms = world.now_ms
    await until(lambda: bool(world.routes()))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_queue_that_cannot_take_it_now_takes_it_later(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailstead.service.sending.POLL_S", 0.01)
    world.queue.failing = Unavailable("full", "the disk is full")
    with telemetry.capture() as events:
        await world.submit("x@there.example")
    assert ["the disk is full"] == [fields["reason"] for name, fields in events if name == "submission.deferred"]
    world.queue.failing = None
    running = asyncio.create_task(world.sending.run())
    await until(lambda: bool(world.routes()))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert {"there.example": ["x@there.example"]} == world.routes()


async def test_what_is_called_back_while_it_leaves_is_one_or_the_other(world: World) -> None:
    for _ in range(20):
        number = await world.submit("x@there.example", release_at_ms=NOW_MS + 60_000)
        taken = asyncio.gather(world.sending.cancel(ALICE, number), world.sending.release(ALICE, number))
        cancelled, _ = await taken
        await asyncio.gather(*world.sending._leaving)
        left = any(job.message.submission_id == number for job in world.queue.waiting.values())
        assert cancelled != left
