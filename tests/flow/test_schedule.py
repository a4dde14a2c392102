"""The schedule over thirty days, with a clock turned by hand: 5,000 domains, outages, limits, seeded and the same every time."""

import dataclasses
import heapq
import itertools
import random
import zlib
from collections import Counter, defaultdict
from collections.abc import Sequence

import pytest
from tests.harness.fake_mail import NOW_MS

from mailstead.model.ids import AccountId, SubmissionId, TenantId
from mailstead.model.status import EnhancedStatus
from mailstead.service.ports import Failed, Place
from mailstead.service.queue import retry
from mailstead.service.queue.schedule import SITE_WAITS_MS, Route, Schedule, Site
from mailstead.service.queue.shaping import Rules
from mailstead.store.interface import QueueHold, QueueJob, QueueMessage, QueueRecipient, QueueWaiting

DAY_MS = 24 * 3600 * 1000
MINUTE_MS = 60_000
AWAY = Failed("mx", 0, EnhancedStatus(4, 4, 1), "nobody there")
BUSY = Failed("mx", 421, EnhancedStatus(4, 7, 0), "too many connections, slow down")
RULES = '[[provider]]\nname = "strict"\nmx = ["*.strict.test"]\nconnections = 2\nmessages = 10\nper_minute = 30\n'


class World:
    """A queue, servers that come and go, and lines that take their time; nothing here waits."""

    def __init__(self, seed: int, domains: int) -> None:
        self.chance = random.Random(seed)
        self.now = NOW_MS
        self.domains = [f"d{number}.{'strict' if number < 20 else 'free'}.test" for number in range(domains)]
        self.jobs: dict[int, QueueJob] = {}
        self.numbers = itertools.count(1)
        self.events: list[tuple[int, int, str, object]] = []
        self.order = itertools.count()
        self.sent: Counter[str] = Counter()
        self.waits: list[int] = []
        self.probes: dict[str, list[int]] = defaultdict(list)
        self.most: Counter[str] = Counter()
        self.per_minute: Counter[tuple[str, int]] = Counter()
        self.out: dict[str, list[tuple[int, int]]] = {}
        self.holds: dict[str, QueueHold] = {}
        self.arrivals: Counter[int] = Counter()
        self.schedule = Schedule(
            Rules(RULES), load=self.load, stretch=lambda name, count: retry.stretch(hash_of(name), count)
        )

    # ---- the store
    def load(self, numbers: Sequence[int]) -> list[QueueJob]:
        return [self.jobs[number] for number in numbers if number in self.jobs]

    def put(self, domain: str, tenant: int = 1, account: int = 1, priority: int = 0) -> QueueJob:
        number = next(self.numbers)
        message = QueueMessage(
            SubmissionId(number), AccountId(account), TenantId(tenant), "a@b", {}, self.now, self.now + 5 * DAY_MS, 1_000
        )
        job = QueueJob(number, 0, domain, domain, priority, self.now, 1 << 60, 0, False, message, (QueueRecipient(0, f"x@{domain}"),))
        self.jobs[number] = job
        self.schedule.came([QueueWaiting(number, 0, domain, priority, TenantId(tenant), AccountId(account), self.now)], number, self.now)
        return job

    def read_anew(self, page: int) -> None:
        """As after an administrator's act: everything is told again, a page at a time, and the world goes on between the pages."""
        schedule = self.schedule
        schedule.begin(self.holds.values())
        while numbers := sorted(number for number in self.jobs if number > schedule.seen)[:page]:
            found = [self.jobs[number] for number in numbers if not self.jobs[number].held]
            schedule.came(
                [QueueWaiting(one.job_id, one.shard, one.route, one.priority, one.message.tenant_id, one.message.account_id, one.due_at_ms)
                 for one in found], numbers[-1], self.now,
            )  # fmt: skip
            self.run_until(self.now + 40)

    # ---- the world
    def is_away(self, domain: str) -> bool:
        return any(start <= self.now < end for start, end in self.out.get(domain, ()))

    def at(self, when: int, what: str, subject: object) -> None:
        heapq.heappush(self.events, (when, next(self.order), what, subject))

    def step(self) -> None:
        """Everything that may start at this moment."""
        schedule = self.schedule
        schedule.turn(self.now)
        for route in schedule.sought(1_000):
            self.locate(route)
        for site in schedule.startable(self.now, 1_000):
            self.most[site.name] = max(self.most[site.name], site.active)
            self.at(self.now, "line", (site, site.kind, 0))

    def locate(self, route: Route) -> None:
        host = f"mx.{route.name}"
        self.schedule.located(route, Place(route.name, route.name, 1 << 60, hosts=(host,)), (host,), self.now)

    def line(self, site: Site, kind: str, messages: int) -> None:
        """A line has time: its next message, or its end."""
        schedule = self.schedule
        job = schedule.take(site, self.now) if messages < 100 else None
        if job is None:
            schedule.ended(site, kind, self.now)
            return
        assert (job.route, job.held) == (site.name, False)
        if messages == 0:
            self.probes[site.name].append(self.now)
            if self.is_away(site.name):
                hold = schedule.failed(site, AWAY, self.now)
                assert isinstance(hold, QueueHold)
                self.holds[site.name] = hold
                self.defer(job)
                schedule.ended(site, kind, self.now)
                return
        self.per_minute[site.name, self.now // MINUTE_MS] += 1
        self.at(self.now + self.chance.randrange(50, 500), "done", (site, kind, messages + 1, job))

    def done(self, site: Site, kind: str, messages: int, job: QueueJob) -> None:
        schedule = self.schedule
        if self.is_away(site.name):
            self.defer(job)
            schedule.ended(site, kind, self.now)
            return
        if self.chance.random() < 0.01:
            site.shaping.displeased(self.now)
            self.defer(job)
        else:
            if schedule.succeeded(site):
                self.holds[site.name] = QueueHold(site.name, 0, 0, "")
            self.jobs.pop(job.job_id, None)
            schedule.finished(job, None)
            self.sent[site.name] += 1
            self.arrivals[job.job_id] += 1
            if site.name not in self.out and ".free." in site.name:
                self.waits.append(self.now - job.message.created_at_ms)
        self.line(site, kind, messages)

    def defer(self, job: QueueJob) -> None:
        due = self.now + retry.wait_ms(job.job_id, job.attempts)
        if (row := self.jobs.get(job.job_id)) is not None:
            self.jobs[job.job_id] = dataclasses.replace(row, due_at_ms=due, attempts=job.attempts + 1)
        self.schedule.finished(job, due)

    def run_until(self, until: int) -> None:
        while True:
            self.step()
            moments = [when for when in (self.schedule.next_ms(), self.events[0][0] if self.events else None) if when is not None]
            when = min(moments, default=until)
            if when >= until:
                self.now = until
                return
            self.now = max(self.now, when)
            while self.events and self.events[0][0] <= self.now:
                _, _, what, subject = heapq.heappop(self.events)
                assert isinstance(subject, tuple)
                getattr(self, what)(*subject)


def hash_of(name: str) -> int:
    return zlib.crc32(name.encode())


@pytest.mark.parametrize("seed", [1, 2])
def test_thirty_days(seed: int) -> None:
    world = World(seed, 5_000)
    for domain in world.chance.sample(world.domains, 500):
        start = NOW_MS + world.chance.randrange(25) * DAY_MS
        world.out[domain] = [(start, start + world.chance.choice([10 * MINUTE_MS, 3 * 3600_000, DAY_MS, 4 * DAY_MS]))]
    total = 0
    for hour in range(30 * 24):
        for _ in range(40):
            world.put(world.chance.choice(world.domains), tenant=world.chance.randrange(1, 4), account=world.chance.randrange(1, 9))
            total += 1
        if hour % 24 == 9:
            for _ in range(200):
                world.put(world.domains[3])
                total += 1
        world.run_until(NOW_MS + (hour + 1) * 3600_000)
    world.run_until(NOW_MS + 35 * DAY_MS)
    assert not world.jobs
    assert sum(world.sent.values()) == total
    assert not world.schedule.in_hand
    assert set(world.schedule.lines.values()) == {0}
    # Whose servers were there had it at once.
    world.waits.sort()
    assert world.waits[int(len(world.waits) * 0.97)] < 1_000
    # A site that is away is asked again as designed: rarer each time, one line at a time.
    for domain, ((start, end),) in world.out.items():
        asked = [when for when in world.probes[domain] if start <= when < end]
        gaps = [after - before for before, after in itertools.pairwise(asked)]
        for number, gap in enumerate(gaps):
            assert gap >= SITE_WAITS_MS[min(number, len(SITE_WAITS_MS) - 1)]
    # Limits of a table are kept, on the minute and in connections.
    strict = {domain for domain in world.domains if ".strict." in domain}
    assert max(world.most[domain] for domain in strict) <= 2
    assert max(count for (domain, _), count in world.per_minute.items() if domain in strict) <= 30 + 4


def test_nobody_starves_and_nobody_is_pushed_aside() -> None:
    world = World(7, 30)
    domain = world.domains[25]
    for _ in range(2_000):
        world.put(domain, tenant=1, account=1)
    small = [world.put(domain, tenant=2, account=5) for _ in range(5)]
    other = [world.put(domain, tenant=1, account=2) for _ in range(5)]
    low = [world.put(domain, priority=-1) for _ in range(5)]
    urgent = [world.put(domain, priority=1) for _ in range(5)]
    order: list[int] = []
    schedule = world.schedule
    world.step()
    (site,) = schedule.sites.values()
    while (job := schedule.take(site, world.now)) is not None and len(order) < 200:
        order.append(job.job_id)
        del world.jobs[job.job_id]
        schedule.finished(job, None)
    places = {number: place for place, number in enumerate(order)}
    assert max(places[job.job_id] for job in urgent) < 10
    assert max(places[job.job_id] for job in small) < 30
    assert max(places[job.job_id] for job in other) < 60
    assert max(places[job.job_id] for job in low) < 60


def test_the_same_seed_tells_the_same_story() -> None:
    stories = []
    for _ in range(2):
        world = World(3, 50)
        world.out = {world.domains[30]: [(NOW_MS, NOW_MS + 3600_000)]}
        for _ in range(500):
            world.put(world.chance.choice(world.domains))
        world.run_until(NOW_MS + DAY_MS)
        stories.append((world.waits, dict(world.probes)))
    assert stories[0] == stories[1]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_administrators_and_outages_lose_nothing_and_double_nothing(seed: int) -> None:
    """Jobs are put off, brought forward, held, released, sent elsewhere and taken out while others are in hand, and the schedule reads all anew each time."""
    world = World(seed, 60)
    chance = world.chance
    for domain in world.domains[20:50]:
        start = NOW_MS + chance.randrange(3 * DAY_MS)
        world.out[domain] = [(start, start + chance.choice([MINUTE_MS, 3600_000, DAY_MS]))]
    numbers: set[int] = set()
    deleted: set[int] = set()
    for _ in range(400):
        for _ in range(chance.randrange(8)):
            numbers.add(world.put(chance.choice(world.domains), tenant=chance.randrange(1, 3), account=chance.randrange(1, 4)).job_id)
        world.run_until(world.now + chance.choice([10, 60, 200, 600_000, 3600_000]))
        those = chance.sample(sorted(world.jobs), min(len(world.jobs), chance.randrange(6)))
        for number in those:
            job = world.jobs[number]
            match chance.choice(["retry", "hold", "release", "reroute", "delete"]):
                case "retry":
                    world.jobs[number] = dataclasses.replace(job, due_at_ms=world.now)
                case "hold":
                    world.jobs[number] = dataclasses.replace(job, held=True)
                case "release":
                    world.jobs[number] = dataclasses.replace(job, held=False, due_at_ms=world.now)
                case "reroute":
                    world.jobs[number] = dataclasses.replace(job, route=chance.choice(world.domains[50:]))
                case "delete":
                    del world.jobs[number]
                    deleted.add(number)
        world.run_until(world.now + chance.choice([0, 0, 30]))  # the news is on its way
        world.read_anew(chance.choice([1, 7, 1_000]))
    for number, job in world.jobs.items():
        world.jobs[number] = dataclasses.replace(job, held=False)
    for domain in world.domains[20:]:
        numbers.update(world.put(domain).job_id for _ in range(10))
    world.run_until(world.now + 60)
    # Many are in hand; from now on nothing is told anew, whatever fails.
    for number in [number for number in world.schedule.in_hand if number in world.jobs]:
        world.jobs[number] = dataclasses.replace(world.jobs[number], route=world.domains[chance.randrange(20, 60)])
    for domain in world.domains[20:40]:
        world.out[domain] = [(world.now, world.now + chance.choice([MINUTE_MS, 3600_000]))]
    world.read_anew(3)
    world.run_until(world.now + 10 * DAY_MS)
    assert not world.jobs
    assert not world.schedule.in_hand
    assert numbers - deleted <= set(world.arrivals) <= numbers  # what was taken out while in hand may have gone
    assert set(world.arrivals.values()) == {1}
    assert not any(lane.waiting for route in world.schedule.routes.values() for lane in route.lanes.values())
