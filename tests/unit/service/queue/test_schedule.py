"""One outage counts once, however many lines saw it; what begins at one time."""

from mailstead.model.ids import AccountId, TenantId
from mailstead.model.status import EnhancedStatus
from mailstead.service.ports import Failed, Place
from mailstead.service.queue.schedule import BAD, GOOD, NEW, SITE_WAITS_MS, Route, Schedule
from mailstead.service.queue.shaping import Rules
from mailstead.store.interface import QueueWaiting

AWAY = Failed("mx", 0, EnhancedStatus(4, 4, 1), "nobody there")


def test_lines_that_fail_together_are_one_failure() -> None:
    schedule = Schedule(Rules(), load=lambda _: [], stretch=lambda *_: 0.0)
    site = schedule.located(Route("one.test"), Place("one.test", "mx", 1 << 60), ("mx.one.test",), 1_000)
    hold = schedule.failed(site, AWAY, 1_000)
    for line in range(10):
        hold = schedule.failed(site, AWAY, 1_000 + line)
        assert (hold.failures, hold.until_ms) == (1, 1_000 + SITE_WAITS_MS[0])
    later = hold.until_ms
    assert schedule.failed(site, AWAY, later).failures == 2
    assert site.hold_until_ms == later + SITE_WAITS_MS[1]


def waiting(schedule: Schedule, *domains: str) -> None:
    """One message for each domain, which is a site of its own."""
    schedule.came([QueueWaiting(number, 0, name, 0, TenantId(1), AccountId(1), 0) for number, name in enumerate(domains, 1)], len(domains), 1_000)
    for route in schedule.sought(1_000):
        schedule.located(route, Place(route.name, "mx", 1 << 60), (f"mx.{route.name}",), 1_000)


def test_so_many_begin_at_one_time_and_the_rest_later() -> None:
    schedule = Schedule(Rules(), load=lambda _: [], stretch=lambda *_: 0.0)
    schedule.came([QueueWaiting(number, 0, f"d{number}.test", 0, TenantId(1), AccountId(1), 0) for number in range(1, 8)], 7, 1_000)
    found = [[route.name for route in schedule.sought(3)] for _ in range(4)]
    assert [len(names) for names in found] == [3, 3, 1, 0]
    assert len({name for names in found for name in names}) == 7

    schedule = Schedule(Rules(), load=lambda _: [], stretch=lambda *_: 0.0)
    waiting(schedule, *(f"d{number}.test" for number in range(7)))
    begun = [[site.name for site in schedule.startable(1_000, 3)] for _ in range(4)]
    assert [len(names) for names in begun] == [3, 3, 1, 0]
    assert len({name for names in begun for name in names}) == 7


def test_who_waits_for_a_line_of_its_kind_keeps_nobody_else_waiting() -> None:
    schedule = Schedule(Rules(), load=lambda _: [], stretch=lambda *_: 0.0, lines={GOOD: 9, NEW: 9, BAD: 1})
    waiting(schedule, "bad1.test", "bad2.test", "bad3.test", "good.test")
    for name in ("bad1.test", "bad2.test", "bad3.test"):
        schedule.failed(schedule.sites[name], AWAY, 1_000)
    later = 1_000 + SITE_WAITS_MS[0]
    schedule.turn(later)
    found = schedule.startable(later, 100)
    assert sorted(site.kind for site in found) == [BAD, NEW]
    assert schedule.startable(later, 100) == []
    bad = next(site for site in found if site.kind == BAD)
    schedule.failed(bad, AWAY, later)
    schedule.ended(bad, BAD, later)
    (other,) = schedule.startable(later, 100)
    assert other.kind == BAD
    assert other is not bad
