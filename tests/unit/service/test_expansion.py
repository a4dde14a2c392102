"""Who is told of success where one address became several."""

import pytest

from mailstead.model.ids import AccountId
from mailstead.service.expansion import is_expanded, onward
from mailstead.store.interface import Routed

HERE = (AccountId(1), "a@example.org")
ONE, MANY, MIXED, ALL_HERE = Routed(True, remote=("x@y.example",)), Routed(True, remote=("x@y.example", "z@y.example")), Routed(True, (HERE,), remote=("x@y.example",)), Routed(True, (HERE, HERE))


@pytest.mark.parametrize(("routed", "expected"), [(ONE, False), (MANY, True), (MIXED, True), (ALL_HERE, False), (Routed(True), False)])
def test_only_a_group_with_somebody_elsewhere_is_expanded(routed: Routed, expected: bool) -> None:
    assert expected is is_expanded(routed)


@pytest.mark.parametrize(("notify", "routed", "expected"), [
    ("SUCCESS", ONE, "SUCCESS"), ("SUCCESS", MANY, "NEVER"), ("DELAY,FAILURE,SUCCESS", MIXED, "DELAY,FAILURE"), ("FAILURE", MANY, "FAILURE"), ("NEVER", MANY, "NEVER"),
])  # fmt: skip
def test_nobody_behind_it_is_asked_for_success(notify: str, routed: Routed, expected: str) -> None:
    options = {"notify": notify, "orcpt": "rfc822;g@example.org"}
    assert {"notify": expected, "orcpt": "rfc822;g@example.org"} == onward(options, routed)
    assert {"notify": notify, "orcpt": "rfc822;g@example.org"} == options


def test_who_asked_for_nothing_is_left_alone() -> None:
    assert {} == onward({}, MANY)
