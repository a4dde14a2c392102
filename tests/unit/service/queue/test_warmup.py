"""A new source address: little at first, more each day, less where it is not liked."""

import pytest
from tests.unit.service.queue.test_scheduler import Site

from mailstead.service.ports import Place
from mailstead.service.queue.schedule import Route
from mailstead.service.queue.scheduler import SOURCE
from mailstead.service.queue.shaping import Rule, Shaping
from mailstead.service.queue.warmup import DAY_MS, FIRST_DAY, GROWTH, Allowance, WarmUp

RULE = Rule("", 20, 100, 0)
BEGUN = 20_000 * DAY_MS


def sent_in(shaping: Shaping, start_ms: int, days: float) -> int:
    """As much as may go, tried every minute."""
    count = 0
    for minute in range(int(days * 1_440)):
        now = start_ms + minute * 60_000
        while not shaping.wait_ms(now) and count < 1_000_000:
            shaping.took(now)
            count += 1
    return count


def test_the_ramp() -> None:
    ramp = WarmUp(BEGUN, 10)
    assert FIRST_DAY == ramp.per_day(0, BEGUN)
    assert FIRST_DAY * GROWTH**3 == pytest.approx(ramp.per_day(0, BEGUN + 3 * DAY_MS))
    assert FIRST_DAY == ramp.per_day(5, BEGUN + 3 * DAY_MS), "never less than at first"
    assert 0 == ramp.per_day(0, BEGUN + 10 * DAY_MS)
    assert ramp.per_day(1, BEGUN + 10 * DAY_MS) > 0
    assert (ramp.is_over(BEGUN + 10 * DAY_MS), ramp.is_over(BEGUN)) == (True, False)


def test_a_days_messages_are_spread() -> None:
    shaping = Shaping(RULE, warm_up=WarmUp(BEGUN, 10))
    at_once = sent_in(shaping, BEGUN, 1 / 1_440)
    assert 5 <= at_once <= FIRST_DAY / 8
    rest = sent_in(shaping, BEGUN + 60_000, 1)
    assert FIRST_DAY <= at_once + rest <= FIRST_DAY * GROWTH + at_once
    later = sent_in(Shaping(RULE, warm_up=WarmUp(BEGUN, 10)), BEGUN + 5 * DAY_MS, 1)
    assert later > 4 * rest


def test_without_a_ramp_and_after_it_there_is_no_bound() -> None:
    for shaping in (Shaping(RULE), Shaping(RULE, warm_up=WarmUp(BEGUN, 10))):
        for _ in range(10_000):
            assert 0 == shaping.wait_ms(BEGUN + 11 * DAY_MS)
            shaping.took(BEGUN + 11 * DAY_MS)


def test_schedulers_share_it() -> None:
    one = Shaping(RULE, warm_up=WarmUp(BEGUN, 10), share=4)
    assert sent_in(one, BEGUN, 1) <= FIRST_DAY * GROWTH / 4 + 6


def test_a_bad_day_is_lost_once_and_remembered() -> None:
    shaping = Shaping(RULE, warm_up=WarmUp(BEGUN, 10))
    now = BEGUN + 3 * DAY_MS
    before = shaping._per_day(now)
    for _ in range(3):
        shaping.displeased(now)
        now += 60_000
    assert before / GROWTH == pytest.approx(shaping._per_day(BEGUN + 3 * DAY_MS))
    again = Shaping(RULE, warm_up=WarmUp(BEGUN, 10), learnt=shaping.learnt())
    assert shaping._per_day(now) == again._per_day(now)
    again.displeased(now + DAY_MS)
    assert again._per_day(now + DAY_MS) == pytest.approx(before / GROWTH, rel=0.01), "another day, another one lost"


def test_what_was_learnt_before_there_was_a_ramp_is_read() -> None:
    import msgspec

    assert Shaping(RULE, learnt=msgspec.msgpack.encode((7.0, 30.0))).limit == 7.0


def test_an_allowance_never_goes_below_nothing() -> None:
    allowance = Allowance()
    for _ in range(20):
        allowance.wait_ms(10.0, 0)
        allowance.took()
    assert 0 < allowance.wait_ms(10.0, 0) <= DAY_MS / 10 + 1


async def test_the_first_day_is_remembered_over_a_restart() -> None:
    site = Site()
    for days_later in (0, 2):
        site.now_ms += days_later * DAY_MS
        scheduler = site.another()
        scheduler._warm_up = ({"": ["192.0.2.1"]}, 30)
        await scheduler._begin_warm_up()
        assert scheduler.schedule.warm_ups == {"": WarmUp(site.now_ms - days_later * DAY_MS, 30)}
    fresh = site.another()
    fresh._warm_up = ({"": ["192.0.2.2"]}, 30)
    await fresh._begin_warm_up()
    assert fresh.schedule.warm_ups == {"": WarmUp(site.now_ms, 30)}, "another address begins anew"
    assert {f"{SOURCE}192.0.2.1", f"{SOURCE}192.0.2.2"} <= set(site.outbox.held)


async def test_a_pool_is_as_old_as_its_youngest_address() -> None:
    site = Site()
    old = site.another()
    old._warm_up = ({"": ["192.0.2.1"], "news": ["192.0.2.2"]}, 30)
    await old._begin_warm_up()
    begun = site.now_ms
    site.now_ms += 9 * DAY_MS
    later = site.another()
    later._warm_up = ({"": ["192.0.2.1"], "news": ["192.0.2.2", "192.0.2.3"]}, 30)
    await later._begin_warm_up()
    assert later.schedule.warm_ups == {"": WarmUp(begun, 30), "news": WarmUp(site.now_ms, 30)}
    ways = [Place(name, name, 1 << 60) for name in ("mx", "mx from news", "mx from gone")]
    sites = [later.schedule.located(Route(f"there.example{place.site[2:]}"), place, (), site.now_ms) for place in ways]
    assert [later.schedule.warm_ups[""], later.schedule.warm_ups["news"], None] == [one.shaping.warm_up for one in sites]


async def test_a_site_gets_its_share_of_a_day_and_others_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailstead.service.queue.results.GATHER_S", 0.0)
    site = Site()
    site.scheduler._warm_up = ({"": ["192.0.2.1"]}, 10)
    await site.scheduler._begin_warm_up()
    for number in range(1, 151):
        await site.queue(f"u{number}@{'large' if number <= 145 else 'small'}.example", number=number)
    by_day = []
    for _ in range(3):
        seen = len(site.agent.seen)
        for _ in range(24):
            await site.once()
            site.now_ms += DAY_MS // 24
        by_day.append(len(site.agent.seen) - seen)
    assert 5 == sum(str(envelope.forward_paths[0].address).endswith("small.example") for envelope in site.agent.seen[:20]), "the small one is not kept waiting"
    assert 45 <= by_day[0] - 5 <= 85
    assert by_day[0] < by_day[1] + by_day[2] + 5
    assert 150 == sum(by_day), "nothing is forgotten"
