"""Identity methods: those of addresses, and further ones."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.harness.http import Web, web_server


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Web]:
    async with web_server(tmp_path) as found:
        yield found


async def test_identities_follow_the_addresses(web: Web) -> None:
    await web.store.directory.alias_add("sales@example.test", "alice@example.test")
    ((_, found, _),) = await web.jmap(("Identity/get", {}))
    assert {"alice@example.test", "sales@example.test"} == {one["email"] for one in found["list"]}
    assert all(not one["mayDelete"] for one in found["list"])
    await web.store.directory.alias_add("both@example.test", "alice@example.test")
    await web.store.directory.alias_delete("sales@example.test")
    sales = next(one["id"] for one in found["list"] if one["email"] == "sales@example.test")
    again, changed, theirs = await web.jmap(
        ("Identity/get", {"ids": [sales, "nope"]}), ("Identity/changes", {"sinceState": found["state"]}), ("Identity/changes", {"sinceState": "old"}))
    assert ([], [sales, "nope"]) == (again[1]["list"], again[1]["notFound"])
    assert (1, [sales], []) == (len(changed[1]["created"]), changed[1]["destroyed"], changed[1]["updated"])
    assert "cannotCalculateChanges" == theirs[1]["type"]


async def test_name_and_signatures_are_kept(web: Web) -> None:
    ((_, found, _),) = await web.jmap(("Identity/get", {}))
    ident = found["list"][0]["id"]
    change = {"name": "Alice A.", "textSignature": "-- \nA.", "htmlSignature": "<p>A.</p>", "replyTo": [{"name": None, "email": "x@y.test"}], "bcc": None}
    ((_, done, _), (_, now, _), (_, told, _)) = await web.jmap(
        ("Identity/set", {"update": {ident: change, "nope": {"name": "x"}}, "destroy": [ident]}), ("Identity/get", {"ids": [ident]}),
        ("Identity/changes", {"sinceState": found["state"]}))
    assert ("willDestroy", "notFound", "forbidden") == (
        done["notUpdated"][ident]["type"], done["notUpdated"]["nope"]["type"], done["notDestroyed"][ident]["type"])
    ((_, done, _), (_, now, _), (_, told, _)) = await web.jmap(
        ("Identity/set", {"update": {ident: change}}), ("Identity/get", {"ids": [ident]}), ("Identity/changes", {"sinceState": found["state"]}))
    assert {ident: None} == done["updated"]
    assert change.items() <= now["list"][0].items()
    assert ("alice@example.test", False, [ident]) == (now["list"][0]["email"], now["list"][0]["mayDelete"], told["updated"])
    ((_, done, _),) = await web.jmap(("Identity/set", {"update": {ident: {"email": "b@example.test"}}}))
    assert "invalidProperties" == done["notUpdated"][ident]["type"]


async def test_further_ones_are_made_for_ones_own_addresses(web: Web) -> None:
    ((_, done, _),) = await web.jmap(("Identity/set", {"create": {
        "x": {"email": "alice@example.test", "name": "A"}, "y": {"email": "bob@example.test"}, "z": {"email": "nobody"}, "w": {}}}))
    ident = done["created"]["x"]["id"]
    assert {"y": "forbiddenFrom", "z": "forbiddenFrom", "w": "invalidProperties"} == {key: one["type"] for key, one in done["notCreated"].items()}
    ((_, found, _),) = await web.jmap(("Identity/get", {"ids": [ident]}))
    assert ("A", True) == (found["list"][0]["name"], found["list"][0]["mayDelete"])
    ((_, gone, _),) = await web.jmap(("Identity/set", {"destroy": [ident]}))
    assert [ident] == gone["destroyed"]
