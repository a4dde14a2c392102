"""Quota methods (RFC 9425)."""

from typing import Any

from tests.harness.jmap_mail import Jmap

from mailstead.server.http.jmap.dispatch import MAIL


async def test_without_limits_there_is_none(jmap: Jmap) -> None:
    assert [] == (await jmap.call("Quota/get"))["list"]


async def test_get_and_changes(jmap: Jmap) -> None:
    unlimited = (await jmap.call("Quota/get"))["state"]
    await jmap.store.directory.account_set(jmap.account, max_octets=10_000, max_messages=5)
    found = await jmap.call("Quota/get", ids=["octets", "colour"])
    (octets,) = found["list"]
    assert ("octets", 0, 10_000, "account", ["colour"]) == (
        octets["resourceType"], octets["used"], octets["hardLimit"], octets["scope"], found["notFound"])
    told = await jmap.call("Quota/changes", sinceState=unlimited)
    assert (["octets", "count"], [], None) == (told["created"], told["updated"], told["updatedProperties"])
    await jmap.deliver(b"Subject: x\r\n\r\n")
    told = await jmap.call("Quota/changes", sinceState=found["state"])
    assert (["octets", "count"], ["used"]) == (told["updated"], told["updatedProperties"])
    assert [] == (await jmap.call("Quota/changes", sinceState=told["newState"]))["updated"]
    await jmap.store.directory.account_set(jmap.account, max_octets=0)
    assert ["octets"] == (await jmap.call("Quota/changes", sinceState=told["newState"]))["destroyed"]
    for wrong in ("", "1-1", "a-b-c-d"):
        assert "cannotCalculateChanges" == await jmap.error("Quota/changes", sinceState=wrong)


async def test_query(jmap: Jmap) -> None:
    await jmap.store.directory.account_set(jmap.account, max_octets=10_000, max_messages=5)
    found = await jmap.call("Quota/query", sort=[{"property": "name"}], calculateTotal=True)
    assert (["count", "octets"], 2) == (found["ids"], found["total"])
    assert ["octets"] == (await jmap.call("Quota/query", filter={"name": "stor", "scope": "account"}))["ids"]
    assert [] == (await jmap.call("Quota/query", filter={"scope": "domain"}))["ids"]
    assert ["count"] == (await jmap.call("Quota/query", filter={"resourceType": "count"}))["ids"]
    assert "unsupportedFilter" == await jmap.error("Quota/query", filter={"colour": 1})
    for method in ("Quota/query", "Mailbox/query", "SavedSearch/query"):
        for kind, sort in (
            ("unsupportedSort", [{"property": "colour"}]), ("unsupportedSort", [{"property": "name", "collation": "i;klingon"}]),
            ("unsupportedSort", [{"property": "name", "collation": {}}]), ("invalidArguments", [{}]), ("invalidArguments", ["name"]), ("invalidArguments", "name"),
            ("invalidArguments", [{"property": "name", "isAscending": 1}]), ("invalidArguments", [{"property": "name"}] * 100),
        ):
            assert kind == await jmap.error(method, sort=sort), (method, sort)
        assert (await jmap.call(method, sort=[{"property": "name", "collation": "i;unicode-casemap", "isAscending": None}]))["ids"] is not None
    for wanted, tree in (
        (["count"], {"operator": "NOT", "conditions": [{"name": "stor"}]}), (["count", "octets"], {"operator": "OR", "conditions": [{"type": "Email"}, {"type": "x"}]}),
    ):
        assert wanted == (await jmap.call("Quota/query", filter=tree, sort=[{"property": "name"}]))["ids"]
    assert ["octets"] == (await jmap.call("Quota/query", sort=[{"property": "name"}], anchor="count", anchorOffset=1))["ids"]
    assert "anchorNotFound" == await jmap.error("Quota/query", anchor="colour")
    assert "anchorNotFound" == await jmap.error("Quota/query", anchor="octets", filter={"name": "mess"})
    assert [] == (await jmap.call("Quota/queryChanges", sinceQueryState=found["queryState"]))["added"]
    assert "cannotCalculateChanges" == await jmap.error("Quota/queryChanges", sinceQueryState="old")


async def test_whoever_applies_changes_has_what_there_is(jmap: Jmap) -> None:
    await jmap.store.directory.account_set(jmap.account, max_octets=10_000)
    query: dict[str, Any] = {"sort": [{"property": "used", "isAscending": False}], "filter": {"type": "Email"}}
    got = await jmap.call("Quota/get")
    state, known = got["state"], {one["id"]: one for one in got["list"]}
    found = await jmap.call("Quota/query", **query)
    query_state, ids = found["queryState"], found["ids"]
    each: list[dict[str, Any]] = [{}, {"max_messages": 5}, {"max_octets": 0}, {"max_octets": 1}, {"max_octets": 100_000, "max_messages": 0}]
    for limits in each:
        await jmap.store.directory.account_set(jmap.account, **limits)
        if limits.get("max_octets") != 1:
            await jmap.deliver(b"Subject: x\r\n\r\n" + b"x" * len(ids))
        while True:
            told = await jmap.call("Quota/changes", sinceState=state, maxChanges=1)
            assert 1 >= len(told["created"] + told["updated"] + told["destroyed"])
            for ident in told["destroyed"]:
                del known[ident]
            got = await jmap.call("Quota/get", ids=told["created"] + told["updated"])
            known.update({one["id"]: one for one in got["list"]})
            state = told["newState"]
            if not told["hasMoreChanges"]:
                break
        got = await jmap.call("Quota/get")
        assert (got["state"], {one["id"]: one for one in got["list"]}) == (state, known)
        assert await jmap.call("Quota/changes", sinceState=state) == {**told, "oldState": state, "created": [], "updated": [], "destroyed": [], "updatedProperties": None}
        told = await jmap.call("Quota/queryChanges", sinceQueryState=query_state, **query)
        ids = [ident for ident in ids if ident not in told["removed"]]
        for one in told["added"]:
            ids.insert(one["index"], one["id"])
        query_state = told["newQueryState"]
        assert (await jmap.call("Quota/query", **query))["ids"] == ids


async def test_who_does_not_use_mail_sees_no_quota_of_mail(jmap: Jmap) -> None:
    """RFC 9425 §4.1."""
    await jmap.store.directory.account_set(jmap.account, max_octets=10_000, max_messages=5)
    state = (await jmap.call("Quota/get"))["state"]
    (one,) = (await jmap.call("Quota/get", ids=["octets"]))["list"]
    assert "Email" in one["types"]
    await jmap.deliver(b"Subject: x\r\n\r\n")
    jmap.using -= {MAIL}
    found = await jmap.call("Quota/get", ids=["octets"])
    assert ([], ["octets"]) == (found["list"], found["notFound"])
    assert [] == (await jmap.call("Quota/get"))["list"] == (await jmap.call("Quota/query"))["ids"]
    assert [] == (await jmap.call("Quota/changes", sinceState=state))["updated"] == (await jmap.call("Quota/queryChanges", sinceQueryState=state))["added"]
