"""What a card must look like."""

from typing import Any

import pytest

from mailstead.protocol.jmap.contacts import faults

GOOD = {"@type": "Card", "version": "1.0", "uid": "urn:uuid:1", "name": {"full": "Alice"}, "kind": "individual", "emails": {"1": {"address": "alice@example.org"}}}


def test_a_good_card_has_no_faults() -> None:
    assert [] == faults(GOOD)
    assert [] == faults({**GOOD, "kind": "example.com:robot", "example.com:more": [1, {"a": None}]})
    assert [] == faults({**GOOD, "kind": "group", "members": {"urn:uuid:2": True}})


@pytest.mark.parametrize("value", [None, 5, 1.5, True, [], ["individual"], {}, {"a": []}])
@pytest.mark.parametrize("name", ["kind", "uid", "created", "updated", "language", "name", "emails", "keywords", "members", "@type", "version", "localizations"])
def test_a_value_of_another_type_is_a_fault_and_nothing_worse(name: str, value: Any) -> None:
    found = faults({**GOOD, name: value})
    assert set(found) <= {name}
    assert found or (isinstance(value, dict) and name not in {"kind", "uid", "created", "updated", "language", "@type", "version"}), found


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"kind": "robot"}, "kind"), ({"members": {"a": True}}, "members"), ({"created": "yesterday"}, "created"), ({"version": "2.0"}, "version"), ({"@type": "Person"}, "@type"),
        ({"emails": {"1": {}}}, "emails"), ({"emails": {"a b": {"address": "x"}}}, "emails"), ({"keywords": {"a": False}}, "keywords"), ({"uid": "x" * 1_001}, "uid"),
        ({"keywords": {str(number): True for number in range(501)}}, "keywords"), ({"x" * 256: 1}, "x" * 100),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(change: dict[str, Any], fault: str) -> None:
    assert [fault] == faults({**GOOD, **change})


def test_depth_is_bounded() -> None:
    deep: Any = 1
    for _ in range(20):
        deep = [deep]
    assert ["example.com:deep"] == faults({**GOOD, "example.com:deep": deep})
