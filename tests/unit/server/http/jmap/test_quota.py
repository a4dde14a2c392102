"""Quota methods (RFC 9425)."""

from tests.harness.jmap_mail import Jmap


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
    assert "unsupportedSort" == await jmap.error("Quota/query", sort=[{"property": "colour"}])
    assert [] == (await jmap.call("Quota/queryChanges", sinceQueryState=found["queryState"]))["added"]
    assert "cannotCalculateChanges" == await jmap.error("Quota/queryChanges", sinceQueryState="old")
