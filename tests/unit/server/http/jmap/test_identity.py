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
    await web.store.directory.alias_add("both@example.test", "alice@example.test")
    await web.store.directory.alias_add("both@example.test", "bob@example.test")
    ((_, found, _),) = await web.jmap(("Identity/get", {}))
    assert ["alice@example.test", "both@example.test", "sales@example.test"] == [one["email"] for one in found["list"]]
    assert all(not one["mayDelete"] for one in found["list"])
    again, changed, theirs = await web.jmap(
        ("Identity/get", {"ids": [found["list"][2]["id"], "nope"], "properties": ["email"]}), ("Identity/changes", {"sinceState": found["state"]}),
        ("Identity/changes", {"sinceState": "old"}))
    assert ([{"id": found["list"][2]["id"], "email": "sales@example.test"}], ["nope"]) == (again[1]["list"], again[1]["notFound"])
    assert [] == changed[1]["updated"]
    assert "cannotCalculateChanges" == theirs[1]["type"]


async def test_what_cannot_be_changed_says_so(web: Web) -> None:
    ((_, found, _),) = await web.jmap(("Identity/get", {}))
    ident = found["list"][0]["id"]
    ((_, done, _),) = await web.jmap(("Identity/set", {"create": {"x": {"email": "a@b.test"}}, "update": {ident: {"name": "y"}}, "destroy": [ident, "nope"]}))
    assert ["forbidden", "forbidden", "forbidden", "notFound"] == [
        done["notCreated"]["x"]["type"], done["notUpdated"][ident]["type"], done["notDestroyed"][ident]["type"], done["notDestroyed"]["nope"]["type"]]
