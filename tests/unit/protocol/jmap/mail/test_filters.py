"""Filters and comparators."""

from typing import Any

import pytest

from mailstead.model import condition as c
from mailstead.model import limits
from mailstead.model.query import NEWEST_FIRST, Comparator, SortBy
from mailstead.protocol.jmap.mail import filters
from mailstead.protocol.jmap.mail.filters import BadFilter, Filters


def compiled(tree: Any) -> c.Condition:
    return Filters(filters.mailbox_id).condition(tree)


@pytest.mark.parametrize(("tree", "expected"), [
    (None, c.EVERYTHING), ({}, c.EVERYTHING), ({"inMailbox": "m1"}, c.InMailbox(1)), ({"inMailbox": "e1"}, c.NOTHING),  # type: ignore[arg-type]
    ({"inMailboxOtherThan": ["m1", "x"]}, c.InOtherThan(frozenset({1}))), ({"hasKeyword": "$SEEN"}, c.HasFlag("\\Seen")),  # type: ignore[arg-type]
    ({"notKeyword": "Work"}, c.Not(c.HasFlag("work"))), ({"minSize": 3, "maxSize": 9}, c.And((c.Size(at_least=3), c.Size(below=9)))),
    ({"after": "1970-01-01T00:00:01.5Z"}, c.Received(since_ms=1500)), ({"before": "1970-01-02T00:00:00Z"}, c.Received(before_ms=86_400_000)),
    ({"noneInThreadHaveKeyword": "x"}, c.Not(c.ThreadHas("x"))), ({"allInThreadHaveKeyword": "x"}, c.ThreadHas("x", every=True)),
    ({"header": ["X-A"]}, c.Header("X-A")), ({"header": ["X-A", "b"]}, c.Header("X-A", "b")), ({"hasAttachment": False}, c.Not(c.HasAttachment())),
    ({"text": "one 'two three' four"}, c.And((c.Contains(c.Field.TEXT, "two three"), c.Contains(c.Field.TEXT, "one four", words=True)))),
    ({"subject": "don't"}, c.Contains(c.Field.SUBJECT, "don't", words=True)), ({"text": "  "}, c.EVERYTHING),
    ({"operator": "NOT", "conditions": [{"from": "a"}, {"to": "b"}]},
     c.Not(c.Or((c.Contains(c.Field.FROM, "a", words=True), c.Contains(c.Field.TO, "b", words=True))))),
    ({"someInThread": {"operator": "NOT", "conditions": [{"hasKeyword": "x"}]}}, c.ThreadMeets(c.Not(c.Or((c.HasFlag("x"),))))),
    ({"attachmentName": "plan \"a b\""}, c.And((c.Contains(c.Field.FILE, "a b"), c.Contains(c.Field.FILE, "plan", words=True)))),
    ({"hasKeyword": None, "cc": "x"}, c.Contains(c.Field.CC, "x", words=True)),
])
def test_conditions(tree: Any, expected: c.Condition) -> None:
    assert expected == compiled(tree)


@pytest.mark.parametrize(("tree", "is_unsupported"), [
    ({"colour": 1}, True), ({"operator": "NAND", "conditions": []}, False), ({"operator": "AND"}, False), ([], False), ("x", False),
    ({"operator": "AND", "conditions": [], "from": "x"}, False), ({"hasKeyword": "a b"}, False), ({"hasKeyword": "\\Deleted"}, False),
    ({"minSize": -1}, False), ({"minSize": True}, False), ({"before": "1970-13-01T00:00:00Z"}, False), ({"before": "1970-01-01T00:00:00+01:00"}, False),
    ({"header": []}, False), ({"header": ["a", "b", "c"]}, False), ({"header": [""]}, False), ({"text": 5}, False), ({"text": "x" * 2000}, False),
    ({"inMailboxOtherThan": "m1"}, False), ({"hasAttachment": "yes"}, False), ({"someInThread": "x"}, False), ({"someInThread": {"colour": 1}}, True),
])
def test_what_is_refused(tree: Any, is_unsupported: bool) -> None:
    with pytest.raises(BadFilter) as caught:
        compiled(tree)
    assert is_unsupported == caught.value.unsupported


def test_threads_within_threads_are_bounded_as_operators_are() -> None:
    tree: Any = {"hasKeyword": "x"}
    for _ in range(limits.JMAP_FILTER_DEPTH):
        tree = {"someInThread": tree}
    with pytest.raises(BadFilter) as caught:
        compiled(tree)
    assert caught.value.unsupported


def test_comparators() -> None:
    assert NEWEST_FIRST == filters.comparators(None) == filters.comparators([])
    assert (Comparator(SortBy.SIZE), Comparator(SortBy.KEYWORD, False, "\\Flagged")) == filters.comparators(
        [{"property": "size", "isAscending": None}, {"property": "hasKeyword", "keyword": "$flagged", "isAscending": False}])
    refused: tuple[Any, ...] = ("x", [{}], [5], [{"property": "size", "isAscending": 1}], [{"property": "hasKeyword"}], [{"property": "size"}] * 11,
                                [{"property": "size", "collation": {}}])
    for wrong in refused:
        with pytest.raises(BadFilter):
            filters.comparators(wrong)


def test_conditions_and_texts_are_bounded() -> None:
    def many(count: int) -> dict[str, Any]:
        return {"operator": "OR", "conditions": [{"hasKeyword": f"k{number}"} for number in range(count)]}

    compiled(many(limits.JMAP_FILTER_CONDITIONS))
    with pytest.raises(BadFilter, match=f"at most {limits.JMAP_FILTER_CONDITIONS} conditions"):
        compiled(many(limits.JMAP_FILTER_CONDITIONS + 1))
    for name, long in (("subject", "x" * (limits.JMAP_FILTER_TEXT + 1)), ("header", ["X-A", "x" * (limits.JMAP_FILTER_TEXT + 1)])):
        compiled({name: long[:-1] if isinstance(long, str) else [long[0], long[1][:-1]]})
        with pytest.raises(BadFilter):
            compiled({name: long})
