"""The scheduler over a queue in memory and an agent that answers as it is told."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import pytest
from tests.harness.fake_mail import NOW_MS
from tests.harness.queue import FakeQueue, FakeSubmissions
from tests.harness.smtp import ALICE, SmtpMail, over_quota

from mailstead.model.address import Envelope
from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.model.ids import SubmissionId, TenantId
from mailstead.model.status import EnhancedStatus
from mailstead.model.submission import NewSubmission, Progress
from mailstead.service.ports import Attempt, Failed, NoSession, Peer, Place, Sent
from mailstead.service.queue.entrance import Entrance, Queued
from mailstead.service.queue.schedule import SITE_WAITS_MS
from mailstead.service.queue.scheduler import Scheduler
from mailstead.service.queue.shaping import Rules
from mailstead.store.interface import QueueMessage

SENT = Sent("hub", "250 ok", passes_on_dsn=True)
LATER = Failed("hub", 451, EnhancedStatus(4, 2, 0), "later")
NEVER = Failed("hub", 550, EnhancedStatus(5, 1, 1), "No such user")
AWAY = Failed("hub", 0, EnhancedStatus(4, 4, 1), "nobody there")
HOUR = 3600 * 1000
MESSAGE = b"From: alice@example.org\r\n\r\nbody\r\n"
RULES = Rules()


class Agent:
    """``answers`` by forward path, ``nowhere`` by domain; ``away``: sites that nobody reaches. A site is its domain, but for ``sites``."""

    def __init__(self) -> None:
        self.answers: dict[str, Attempt] = {}
        self.nowhere: dict[str, Failed] = {}
        self.sites: dict[str, str] = {}
        self.away: dict[str, Failed] = {}
        self.seen: list[Envelope] = []
        self.opened: list[str] = []
        self.closed = 0
        self.now = self.most = 0
        self.gate: asyncio.Event | None = None

    async def locate(self, route: str) -> Place | Failed:
        if route in self.nowhere:
            return self.nowhere[route]
        site = self.sites.get(route, route)
        return Place(site, site, 1 << 60, hosts=(site,))

    async def open(self, place: Place, turn: int) -> "Line":
        self.opened.append(place.site)
        if place.site in self.away:
            raise NoSession(self.away[place.site])
        return Line(self, place.site)


class Line:
    def __init__(self, agent: Agent, site: str) -> None:
        self.peer = Peer(site, "192.0.2.1")
        self.is_open = True
        self._agent = agent

    async def deliver(self, envelope: Envelope, octets: bytes) -> Sequence[Attempt]:
        agent = self._agent
        agent.seen.append(envelope)
        agent.now += 1
        agent.most = max(agent.most, agent.now)
        if agent.gate is not None:
            await agent.gate.wait()
        await asyncio.sleep(0)
        agent.now -= 1
        assert octets == MESSAGE
        return [agent.answers.get(str(to.address), SENT) for to in envelope.forward_paths]

    async def close(self) -> None:
        self.is_open = False
        self._agent.closed += 1


class Site:
    def __init__(self) -> None:
        self.now_ms = NOW_MS
        self.outbox, self.mail, self.agent, self.submissions = FakeQueue(), SmtpMail(), Agent(), FakeSubmissions()
        self.scheduler = self.another()
        self.entrance = Entrance(cast("Any", self.outbox), is_direct=True)
        self.writing: asyncio.Task[None] | None = None

    def another(self) -> Scheduler:
        return Scheduler(
            queue=cast("Any", self.outbox), mail=cast("Any", self.mail), submissions=cast("Any", self.submissions), agent=self.agent,
            rules=RULES, hostname="mx.example.org", now_ms=lambda: self.now_ms, keep_s=0.01,
        )  # fmt: skip

    async def queue(self, *to: str, number: int = 1, sender: str = "alice@example.org", tenant: int = 1, reported: bool = False, **options: str) -> None:
        own: Mapping[str, str] = {key: options.pop(key) for key in ("notify", "orcpt") if key in options}
        await self.entrance.put(Queued(
            number.to_bytes(16), SubmissionId(number), ALICE, TenantId(tenant), sender, [(address, own, False) for address in to], options,
            self.now_ms, self.now_ms + 120 * HOUR, reported,
        ), MESSAGE)  # fmt: skip

    async def once(self) -> int:
        """Look until nothing more happens; how many messages were given to the agent."""
        before = len(self.agent.seen)
        if self.writing is None or self.writing.done():
            self.writing = asyncio.create_task(self.scheduler._results.run())
        for _ in range(4):
            self.scheduler.wake()
            self.scheduler.look()
            await asyncio.sleep(0.001)
            await self.scheduler.idle()
        return len(self.agent.seen) - before

    def notices(self) -> list[bytes]:
        return [filing.octets[:] for _, filing in self.mail.filings]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailstead.service.queue.results.GATHER_S", 0.0)
    monkeypatch.setattr("mailstead.service.queue.results._RETRY_S", 0.01)
    monkeypatch.setattr("mailstead.service.queue.conclusion._REPORT_WAITS_S", (0.0, 0.0))


async def test_recipients_of_one_domain_go_together() -> None:
    site = Site()
    await site.queue("a@x.example", "b@X.example", notify="FAILURE", orcpt="rfc822;z", envid="E", ret="HDRS", smtputf8="1", body="8BITMIME")
    assert await site.once() == 1
    (envelope,) = site.agent.seen
    assert [str(to.address) for to in envelope.forward_paths] == ["a@x.example", "b@X.example"]
    assert (envelope.forward_paths[0].notify, envelope.forward_paths[0].orcpt) == (frozenset({"FAILURE"}), "rfc822;z")
    assert (str(envelope.reverse_path), envelope.envid, envelope.ret, envelope.smtputf8) == ("alice@example.org", "E", "HDRS", True)
    assert not site.outbox.rows
    assert not site.notices()


async def test_a_temporary_failure_waits_and_is_tried_again() -> None:
    site = Site()
    await site.queue("a@x.example", "b@y.example")
    site.agent.answers = {"a@x.example": LATER}
    assert await site.once() == 2
    (row,) = site.outbox.rows.values()
    assert (row.forward_path, row.attempts, row.last_error) == ("a@x.example", 1, "451 later")
    assert await site.once() == 0
    site.now_ms = row.due_at_ms
    site.agent.answers = {}
    assert await site.once() == 1
    assert not site.outbox.rows


@pytest.mark.parametrize(("text", "is_slower"), [("Greylisted, come back in 5 minutes", False), ("too many messages, slow down", True)])
async def test_who_is_greylisted_is_new_there_and_not_too_fast(text: str, is_slower: bool) -> None:
    site = Site()
    await site.queue("a@x.example")
    site.agent.answers = {"a@x.example": Failed("hub", 451, EnhancedStatus(4, 7, 1), text)}
    assert await site.once() == 1
    assert bool(site.scheduler.schedule.sites["x.example"].shaping.per_minute) is is_slower


async def test_a_refusal_comes_back_to_the_author_once() -> None:
    site = Site()
    await site.queue("a@x.example", "b@x.example", "c@x.example")
    site.agent.answers = {"a@x.example": NEVER, "b@x.example": NEVER}
    await site.once()
    (notice,) = site.notices()
    assert b"a@x.example" in notice
    assert b"b@x.example" in notice
    assert b"c@x.example" not in notice
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
        site.scheduler._aged_at = -1e9
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
    await asyncio.sleep(0.05)
    task.cancel()
    if site.writing is not None:
        site.writing.cancel()
        site.writing = None
    site.outbox.finish = finish  # type: ignore[method-assign]
    site.scheduler = site.another()
    await site.once()
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


async def test_name_servers_that_do_not_answer_hold_nobody_else_back() -> None:
    site = Site()
    locate, never = site.agent.locate, asyncio.Event()

    async def slow(route: str) -> Place | Failed:
        if route.startswith("dead"):
            await never.wait()
        return await locate(route)

    site.agent.locate = slow  # type: ignore[method-assign]
    for number in range(1, 301):
        await site.queue(f"a@dead{number}.example", number=number)
    await site.queue("a@alive.example", number=301)
    running = asyncio.create_task(site.scheduler.run())
    site.scheduler.wake()
    async with asyncio.timeout(10):
        while "alive.example" not in site.agent.opened:
            await asyncio.sleep(0.001)
    assert site.agent.opened == ["alive.example"]
    never.set()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_so_many_at_one_time_and_none_twice() -> None:
    site = Site()
    for number in range(1, 31):
        await site.queue("a@x.example", number=number)
    site.agent.gate = asyncio.Event()
    site.scheduler.wake()
    for _ in range(4):
        site.scheduler.look()
        await asyncio.sleep(0.01)
    assert site.agent.now == 5
    site.scheduler.wake()
    site.scheduler.look()
    await asyncio.sleep(0.01)
    assert site.agent.now == 5
    site.agent.gate.set()
    assert await site.once() == 25
    assert len({envelope.forward_paths for envelope in site.agent.seen}) == 1
    assert not site.outbox.rows


async def test_many_messages_go_over_few_connections() -> None:
    site = Site()
    for number in range(1, 201):
        await site.queue("a@x.example", number=number)
    assert await site.once() == 200
    assert len(site.agent.opened) <= 20
    assert site.agent.closed == len(site.agent.opened)


async def test_a_site_that_is_away_rests_as_a_whole() -> None:
    site = Site()
    site.agent.away = {"x.example": AWAY}
    for number in range(1, 101):
        await site.queue("a@x.example", number=number)
    await site.once()
    assert site.agent.opened == ["x.example"]
    (hold,) = site.outbox.held.values()
    assert (hold.site, hold.failures, hold.reason) == ("x.example", 1, "nobody there")
    assert SITE_WAITS_MS[0] <= hold.until_ms - NOW_MS <= SITE_WAITS_MS[0] * 5 // 4
    assert [row.attempts for row in site.outbox.rows.values()].count(1) == 1
    site.now_ms = hold.until_ms - 1
    assert await site.once() == 0
    assert site.agent.opened == ["x.example"]
    site.now_ms = hold.until_ms
    site.agent.away = {}
    assert await site.once() >= 99
    site.now_ms += 2 * SITE_WAITS_MS[0]
    await site.once()
    assert not site.outbox.rows
    assert site.outbox.held["x.example"].until_ms == 0


async def test_what_rests_is_told_of_and_given_up_in_time() -> None:
    site = Site()
    site.agent.away = {"x.example": AWAY}
    for number in (1, 2):
        await site.queue("a@x.example", number=number)
    seen = []
    for hour in range(122):
        site.now_ms = NOW_MS + hour * HOUR
        site.scheduler._aged_at = -1e9
        await site.once()
        seen.append(len(site.notices()))
    assert (seen[3], seen[6], seen[119], seen[121]) == (0, 2, 2, 4)
    assert all(b"nobody there" in notice for notice in site.notices())
    assert not site.outbox.rows


async def test_domains_that_share_servers_share_connections_and_rest_together() -> None:
    site = Site()
    site.agent.sites = {"x.example": "mx", "y.example": "mx"}
    await site.queue("a@x.example", "b@y.example")
    await site.once()
    assert site.agent.opened.count("mx") <= 2
    site.agent.away = {"mx": AWAY}
    site.agent.opened.clear()
    for number in range(2, 12):
        await site.queue("a@x.example", "b@y.example", number=number)
    await site.once()
    assert site.agent.opened.count("mx") <= 2


async def test_a_domain_that_is_not_there_bounces_and_one_that_is_unclear_waits() -> None:
    site = Site()
    site.agent.nowhere = {"none.example": Failed("", 0, EnhancedStatus(5, 1, 2), "There is no domain"), "dns.example": AWAY}
    await site.queue("a@none.example", "b@dns.example")
    await site.once()
    assert [row.forward_path for row in site.outbox.rows.values()] == ["b@dns.example"]
    (notice,) = site.notices()
    assert b"Status: 5.1.2" in notice
    site.agent.nowhere = {}
    site.now_ms += 2 * SITE_WAITS_MS[0]
    await site.once()
    assert not site.outbox.rows


async def test_a_domain_that_is_not_there_bounces_each_time() -> None:
    site = Site()
    site.agent.nowhere = {"none.example": Failed("", 0, EnhancedStatus(5, 1, 2), "There is no domain")}
    for number in range(1, 7):
        await site.queue("a@none.example", number=number)
        await site.once()
        site.now_ms += 300
    for _ in range(8):
        site.now_ms += 500
        await site.once()
    assert len(site.notices()) == 6
    assert all(b"body" in notice for notice in site.notices())
    assert not site.outbox.rows


async def test_a_submission_hears_what_becomes_of_it() -> None:
    site = Site()
    await site.submissions.submit(ALICE, NewSubmission(SubmissionId(1), "alice@example.org", (("a@x.example", {}), ("b@x.example", {}))), MESSAGE)
    await site.queue("a@x.example", "b@x.example", reported=True)
    site.agent.answers = {"a@x.example": NEVER}
    site.submissions.failing = Unavailable("shard")
    await site.once()
    assert not site.outbox.rows
    site.submissions.failing = None
    await site.queue("a@x.example", "b@x.example", number=2)
    await site.submissions.submit(ALICE, NewSubmission(SubmissionId(3), "alice@example.org", (("a@x.example", {}), ("b@x.example", {}))), MESSAGE)
    await site.queue("a@x.example", "b@x.example", number=3, reported=True)
    await site.once()
    found = site.submissions.known[SubmissionId(3)].recipients
    assert [(one.progress, one.reply) for one in found] == [(Progress.FAILED, "550 No such user"), (Progress.RELAYED, "250 ok")]


async def test_it_runs_is_woken_and_ends() -> None:
    site = Site()
    running = asyncio.create_task(site.scheduler.run())
    await asyncio.sleep(0.01)
    await site.queue("a@x.example")
    site.scheduler.wake()
    await _until(lambda: not site.outbox.rows)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert site.agent.closed == len(site.agent.opened)


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


async def test_what_was_tried_while_others_were_looked_at_is_not_told_of_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site()
    site.agent.away = dict.fromkeys(("x.example", "y.example"), AWAY)
    await site.queue("a@x.example", number=1)
    await site.queue("b@y.example", "c@y.example", number=2)
    assert await site.once() == 0
    site.now_ms += 5 * HOUR
    site.agent.away = {"x.example": AWAY}
    site.agent.answers = {"c@y.example": LATER}
    read, gate = site.outbox.octets, asyncio.Event()

    async def slowly(message: QueueMessage) -> bytes:
        if message.submission_id == 1:
            await gate.wait()
        return await read(message)

    monkeypatch.setattr(site.outbox, "octets", slowly)
    writing = asyncio.create_task(site.scheduler._results.run())
    looking = asyncio.create_task(site.scheduler._age())
    await asyncio.sleep(0.001)
    site.scheduler.look()
    async with asyncio.timeout(5):
        while [one.address for one in site.outbox.waiting[2].recipients] != ["c@y.example"] or 2 in site.scheduler.schedule.in_hand:
            await asyncio.sleep(0.001)
        gate.set()
        await looking
    assert ["c@y.example"] == [one.address for one in site.outbox.waiting[2].recipients]
    assert site.outbox.waiting[1].check_at_ms > site.now_ms
    writing.cancel()


@pytest.mark.parametrize(("keeps_time", "by", "count"), [(False, "N", 1), (True, "N", 0), (True, "NT", 1)])
async def test_the_author_hears_that_nobody_keeps_the_time_any_more(keeps_time: bool, by: str, count: int) -> None:
    """RFC 2852: also where the next server sends notices of its own."""
    site = Site()
    site.agent.answers = {"a@x.example": Sent("hub", "250 ok", passes_on_dsn=True, keeps_time=keeps_time)}
    await site.queue("a@x.example", by=f"{NOW_MS + HOUR};{by}")
    await site.once()
    assert [b"Action: relayed" in notice for notice in site.notices()] == [True] * count
