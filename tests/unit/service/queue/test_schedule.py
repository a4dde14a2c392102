"""One outage counts once, however many lines saw it."""

from mailstead.model.status import EnhancedStatus
from mailstead.service.ports import Failed, Place
from mailstead.service.queue.schedule import SITE_WAITS_MS, Route, Schedule
from mailstead.service.queue.shaping import Rules

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
