"""The table of rules and what is learnt from answers."""

import pytest

from mailstead.model.status import EnhancedStatus
from mailstead.service.ports import Failed
from mailstead.service.queue.shaping import CALM_MS, FIRST, Rule, Rules, Shaping, is_displeasure

TABLE = """
[default]
connections = 7
[[provider]]
name = "big"
mx = ["*.big.test"]
connections = 3
per_minute = 60
[[answer]]
provider = "big"
match = "slow down"
meaning = "rate"
hold_s = 60
slower = true
[[answer]]
match = "^550 .*gone"
meaning = "gone"
"""


def failed(code: int, status: tuple[int, int, int], text: str = "") -> Failed:
    return Failed("mx", code, EnhancedStatus(*status), text)


def test_a_provider_has_all_exchangers() -> None:
    rules = Rules(TABLE)
    assert rules.default.connections == 7
    big = rules.of(("a.big.test", "b.big.test"))
    assert (big.name, big.connections, big.messages, big.per_minute) == ("big", 3, rules.default.messages, 60)
    assert rules.of(("a.big.test", "elsewhere.test")) == rules.of(()) == rules.default


def test_meanings() -> None:
    rules = Rules(TABLE)
    slow = failed(451, (4, 7, 1), "please Slow Down")
    assert (rules.meaning("big", slow).word, rules.meaning("big", slow).hold_s, rules.meaning("big", slow).is_slower) == ("rate", 60, True)
    assert rules.meaning("small", failed(550, (5, 1, 1), "he is gone")).word == "gone"
    assert rules.meaning("small", failed(299, (2, 0, 0), "qqq")).word == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[[provider]]\nname = "x"\nconnections = 0', "connections"), ('[[provider]]\nname = "x"\nper_minute = "many"', "per_minute"),
        ('[[answer]]\nmatch = "("', "cannot be read"), ("[[answer]]\nslower = true", "cannot be read"),
    ],
)
def test_a_table_that_is_wrong(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Rules(text)


def test_connections_grow_with_success_and_halve_once_in_a_while() -> None:
    shaping = Shaping(Rule("", 8, 100, 0))
    assert shaping.connections == int(FIRST)
    for _ in range(100):
        shaping.pleased()
    assert shaping.connections == 8
    assert shaping.displeased(1_000)
    assert not shaping.displeased(1_000 + CALM_MS - 1)
    assert shaping.connections == 4
    for moment in range(1, 9):
        assert shaping.displeased(1_000 + moment * CALM_MS)
    assert shaping.connections == 1


def test_the_rate_of_a_minute_is_kept() -> None:
    shaping = Shaping(Rule("", 8, 100, 60))
    now = gone = 0
    while now < 60_000:
        wait = shaping.wait_ms(now + 1)
        if wait:
            now += wait
        else:
            shaping.took(now + 1)
            gone += 1
    assert 60 <= gone <= 60 + 6 + 1


def test_displeasure_finds_a_rate_where_there_was_none_and_success_lifts_it() -> None:
    shaping = Shaping(Rule("", 2, 100, 0))
    for _ in range(40):
        assert shaping.wait_ms(1_000) == 0
        shaping.took(1_000)
    shaping.displeased(1_000)
    assert shaping.per_minute == 20
    shaping.wait_ms(1_000)
    shaping.took(1_000)
    assert shaping.wait_ms(1_000) > 0
    for _ in range(1_000):
        shaping.pleased()
    assert shaping.per_minute == 0


def test_a_first_sign_leaves_a_small_site_some_speed_and_further_ones_less() -> None:
    shaping = Shaping(Rule("", 2, 100, 0))
    shaping.took(1_000)
    rates = []
    for number in range(6):
        shaping.displeased(1_000 + number * CALM_MS)
        rates.append(shaping.per_minute)
    assert rates == [10, 5, 2.5, 1.25, 1, 1]


def test_what_is_learnt_outlives_a_restart_and_is_shared() -> None:
    rule = Rule("", 20, 100, 100)
    shaping = Shaping(rule)
    shaping.displeased(1_000)
    again = Shaping(rule, learnt=shaping.learnt(), share=2)
    assert (again.limit, again.per_minute, again.connections) == (2.5, 50.0, 1)
    assert Shaping(Rule("", 1, 100, 0), learnt=shaping.learnt()).connections == 1


@pytest.mark.parametrize(
    ("answer", "is_one"),
    [
        (failed(421, (4, 3, 0)), True), (failed(451, (4, 7, 1)), True), (failed(450, (4, 3, 2)), True), (failed(450, (4, 2, 2)), False),
        (failed(550, (5, 7, 1)), False), (failed(0, (4, 4, 5)), False),
    ],
)
def test_what_is_displeasure(answer: Failed, is_one: bool) -> None:
    assert is_displeasure(answer) is is_one
