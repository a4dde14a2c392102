"""SavedSearch methods, and ``inSavedSearch`` in other filters."""

from typing import Any

import pytest
from tests.harness.jmap_mail import Jmap

from mailstead.model import limits


async def make(jmap: Jmap, name: str = "work", **values: Any) -> str:
    found = await jmap.call("SavedSearch/set", create={"x": {"name": name, **values}})
    assert found["notCreated"] is None, found["notCreated"]
    return str(found["created"]["x"]["id"])


async def test_it_is_made_shown_changed_and_told(jmap: Jmap) -> None:
    start = (await jmap.call("SavedSearch/get"))["state"]
    ident = await make(jmap, filter={"subject": "budget"}, sortOrder=3)
    (one,) = (await jmap.call("SavedSearch/get"))["list"]
    assert {
        "id": ident, "name": "work", "parentId": None, "filter": {"subject": "budget"}, "inheritParent": False, "sort": None, "icon": None, "color": None,
        "count": "unread", "notify": False, "sortOrder": 3,
    } == one  # fmt: skip
    told = await jmap.call("SavedSearch/changes", sinceState=start)
    assert ([ident], False) == (told["created"], told["hasMoreChanges"])
    done = await jmap.call("SavedSearch/set", update={ident: {"filter/subject": "plan", "count": "none"}})
    assert {ident: None} == done["updated"]
    (one,) = (await jmap.call("SavedSearch/get", ids=[ident], properties=["filter", "count"]))["list"]
    assert {"id": ident, "filter": {"subject": "plan"}, "count": "none"} == one
    done = await jmap.call("SavedSearch/set", destroy=[ident])
    assert ([ident], [ident]) == (done["destroyed"], (await jmap.call("SavedSearch/changes", sinceState=told["newState"]))["destroyed"])


async def test_a_query_over_it_finds_what_its_filter_finds(jmap: Jmap) -> None:
    hit = await jmap.draft(subject="budget 2027", keywords={"$seen": True})
    await jmap.draft(subject="lunch")
    parent = await make(jmap, "seen", filter={"hasKeyword": "$seen"})
    ident = await make(jmap, filter={"subject": "budget"}, parentId=parent, inheritParent=True)
    found = await jmap.call("Email/query", filter={"inSavedSearch": ident}, calculateTotal=True)
    assert ([hit], 1) == (found["ids"], found["total"])
    assert [] == (await jmap.call("Email/query", filter={"inSavedSearch": ident, "notKeyword": "$seen"}))["ids"]
    await jmap.call("Email/set", update={hit: {"keywords/$seen": None}})
    told = await jmap.call("Email/queryChanges", filter={"inSavedSearch": ident}, sinceQueryState=found["queryState"])
    assert ([hit], []) == (told["removed"], told["added"])
    await jmap.call("SavedSearch/set", update={parent: {"filter": None}})
    assert "cannotCalculateChanges" == await jmap.error(
        "Email/queryChanges", filter={"inSavedSearch": ident}, sinceQueryState=told["newQueryState"])
    again = await jmap.call("Email/query", filter={"inSavedSearch": ident})
    assert [hit] == again["ids"]
    told = await jmap.call("Email/queryChanges", filter={"inSavedSearch": ident}, sinceQueryState=again["queryState"])
    assert ([], []) == (told["removed"], told["added"])


async def test_what_cannot_be_is_refused(jmap: Jmap) -> None:
    one = await make(jmap, "one", filter={"subject": "x"})
    two = await make(jmap, "two", filter={"inSavedSearch": one}, parentId=one)
    for bad, name in (
        ({"filter": {"color": "red"}}, "filter"), ({"filter": {"inSavedSearch": two}}, "filter"), ({"filter": {"inSavedSearch": "o1"}}, "filter"),
        ({"parentId": two}, "parentId"), ({"parentId": one}, "parentId"), ({"name": ""}, "name"), ({"count": "many"}, "count"),
        ({"sort": [{"property": "colour"}]}, "sort"), ({"strange": 1}, "strange"),
    ):
        done = await jmap.call("SavedSearch/set", update={one: bad})
        assert ("invalidProperties", [name]) == (done["notUpdated"][one]["type"], done["notUpdated"][one]["properties"]), bad
    assert "savedSearchInUse" == (await jmap.call("SavedSearch/set", destroy=[one]))["notDestroyed"][one]["type"]
    assert "invalidArguments" == await jmap.error("Email/query", filter={"inSavedSearch": "o1"})
    done = await jmap.call("SavedSearch/set", create={"a": {"filter": None}, "b": {"name": "b", "filter": None, "id": "x"}})
    assert {"a": "invalidProperties", "b": "invalidProperties"} == {key: one["type"] for key, one in done["notCreated"].items()}
    done = await jmap.call("SavedSearch/set", destroy=[one, two])
    assert [two] == done["destroyed"]


async def test_queries_of_searches(jmap: Jmap) -> None:
    b = await make(jmap, "beta", filter=None, sortOrder=1)
    a = await make(jmap, "Alpha", filter=None, sortOrder=2, parentId=b)
    found = await jmap.call("SavedSearch/query", sort=[{"property": "name"}], calculateTotal=True)
    assert ([a, b], 2) == (found["ids"], found["total"])
    assert [a] == (await jmap.call("SavedSearch/query", filter={"parentId": b}))["ids"]
    assert [b] == (await jmap.call("SavedSearch/query", anchor=b, sort=[{"property": "sortOrder"}], limit=1))["ids"]
    await jmap.call("SavedSearch/set", update={b: {"name": "aaa"}})
    told = await jmap.call("SavedSearch/queryChanges", sort=[{"property": "name"}], sinceQueryState=found["queryState"])
    assert ([b], [{"id": b, "index": 0}]) == (told["removed"], told["added"])
    assert "unsupportedFilter" == await jmap.error("SavedSearch/query", filter={"x": 1})
    assert "unsupportedSort" == await jmap.error("SavedSearch/query", sort=[{"property": "x"}])


async def test_what_is_made_in_a_call_can_be_named_in_it(jmap: Jmap) -> None:
    done = await jmap.call("SavedSearch/set", create={"p": {"name": "p", "filter": None}, "c": {"name": "c", "filter": None, "parentId": "#p"}})
    assert done["notCreated"] is None
    assert done["created"]["c"]["parentId"] == done["created"]["p"]["id"]


async def test_it_may_be_asked_of_conversations(jmap: Jmap) -> None:
    hit = await jmap.draft(subject="budget", keywords={"$seen": True})
    await jmap.draft(subject="lunch")
    saved = await make(jmap, filter={"subject": "budget"})
    asked = {"someInThread": {"operator": "AND", "conditions": [{"inSavedSearch": saved}, {"hasKeyword": "$seen"}]}}
    assert [hit] == (await jmap.call("Email/query", filter=asked))["ids"]
    assert "savedSearchInUse" == (await _in_use(jmap, saved, asked))["type"]


async def _in_use(jmap: Jmap, saved: str, filter_: Any) -> Any:
    await make(jmap, "above", filter=filter_)
    return (await jmap.call("SavedSearch/set", destroy=[saved]))["notDestroyed"][saved]


async def test_so_many_stand_in_one_another(jmap: Jmap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SAVED_SEARCH_DEPTH", 2)
    one = await make(jmap, "one", filter={"subject": "x"})
    two = await make(jmap, "two", filter={"inSavedSearch": one})
    done = await jmap.call("SavedSearch/set", create={"x": {"name": "three", "filter": {"inSavedSearch": two}}})
    assert ["filter"] == done["notCreated"]["x"]["properties"]
