from typing import Any

import pytest

from mailstead.model import limits
from mailstead.protocol.jmap.reference import Budget, Unresolved, pointed, resolved

RESPONSES: list[tuple[str, dict[str, Any], str]] = [
    ("Foo/query", {"ids": ["a", "b"]}, "0"),
    ("Foo/get", {"list": [{"id": "a", "many": ["x", "y"], "a/b": {"m~n": 1}}, {"id": "b", "many": ["z"]}]}, "1"),
    ("error", {"type": "x"}, "2"),
]


def reference(of: str, name: str, path: str) -> dict[str, str]:
    return {"resultOf": of, "name": name, "path": path}


def test_results_of_earlier_calls() -> None:
    """RFC 8620 §3.7."""
    found = resolved({"x": 1, "#ids": reference("0", "Foo/query", "/ids"), "#y": reference("1", "Foo/get", "/list/*/many")}, RESPONSES, Budget())
    assert {"x": 1, "ids": ["a", "b"], "y": ["x", "y", "z"]} == found


@pytest.mark.parametrize(("path", "value"), [
    ("/list/0/id", "a"), ("/list/*/id", ["a", "b"]), ("/list/0/a~1b/m~0n", 1), ("", RESPONSES[1][1]), ("/list/1/many", ["z"]),
])  # fmt: skip
def test_paths(path: str, value: Any) -> None:
    assert value == pointed(RESPONSES[1][1], path)


@pytest.mark.parametrize("path", ["/none", "list", "/list/9", "/list/-1", "/list/01", "/list/id", "/list/0/id/0", "/list/*/none", "/list/²", "/" * 50, "/" + "x" * 2_000])
def test_paths_that_lead_nowhere(path: str) -> None:
    with pytest.raises(Unresolved):
        pointed(RESPONSES[1][1], path)


@pytest.mark.parametrize("value", [
    None, "0", {}, {"resultOf": "0"}, reference("9", "Foo/query", "/ids"), reference("0", "Foo/get", "/ids"), reference("2", "Foo/get", "/type"),
    {"resultOf": 0, "name": "Foo/query", "path": "/ids"},
])  # fmt: skip
def test_references_that_are_none(value: Any) -> None:
    with pytest.raises(Unresolved) as error:
        resolved({"#ids": value}, RESPONSES, Budget())
    assert "invalidResultReference" == error.value.kind


def test_an_argument_is_given_once() -> None:
    with pytest.raises(Unresolved) as error:
        resolved({"ids": [], "#ids": reference("0", "Foo/query", "/ids")}, RESPONSES, Budget())
    assert "invalidArguments" == error.value.kind


def test_a_reference_does_not_blow_up() -> None:
    wide = [[[0] * 30] * 30] * 30
    with pytest.raises(Unresolved, match="too many"):
        pointed(wide, "/*/*/*")


def test_answers_that_hold_each_other_do_not_blow_up() -> None:
    """Ten times the answer before, forty times over: as many values as no memory holds."""
    found: Any = {"a": ["x"]}
    budget = Budget()
    with pytest.raises(Unresolved, match="too many"):
        for _ in range(40):
            found = resolved({f"#{letter}": reference("0", "Core/echo", "") for letter in "abcdefghij"}, [("Core/echo", found, "0")], budget)
    assert len(str(found)) < 1_000_000


def test_what_all_of_a_request_lead_to_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "JMAP_REFERENCED_IN_ALL", 25)
    monkeypatch.setattr(limits, "JMAP_REQUEST", 500)
    for ids, times in ((["x"] * 10, 2), (["x" * 240], 2), ([{"x": ["y"] * 8}], 2), ([["x" * 240]], 2)):
        budget = Budget()
        for _ in range(times):
            assert {"ids": ids} == resolved({"#ids": reference("0", "Foo/query", "/ids")}, [("Foo/query", {"ids": ids}, "0")], budget)
        with pytest.raises(Unresolved, match="too many"):
            resolved({"#ids": reference("0", "Foo/query", "/ids")}, [("Foo/query", {"ids": ids}, "0")], budget)


def test_values_within_values_count() -> None:
    wide = {"a": [[0] * 100] * 300}
    with pytest.raises(Unresolved, match="too many"):
        resolved({"#ids": reference("0", "Core/echo", "/a")}, [("Core/echo", wide, "0")], Budget())
    assert limits.JMAP_REFERENCED == len(resolved(
        {"#ids": reference("0", "Core/echo", "/a")}, [("Core/echo", {"a": ["x"] * limits.JMAP_REFERENCED}, "0")], Budget())["ids"])
