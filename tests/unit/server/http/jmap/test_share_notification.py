"""Who is told that their rights have changed (RFC 9670 §3)."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.harness.http import Web, web_server

from mailstead.model import limits

USING = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail", "urn:ietf:params:jmap:principals"]


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Web]:
    async with web_server(tmp_path) as found:
        yield found


async def ask(web: Web, who: str, *calls: tuple[str, dict[str, Any]]) -> list[Any]:
    return [arguments for _, arguments, _ in await web.jmap(*calls, who=who, using=USING)]


async def share(web: Web, box: str, rights: dict[str, bool] | None) -> None:
    (done,) = await ask(web, "alice", ("Mailbox/set", {"update": {box: {f"shareWith/p{web.accounts['bob'][1:]}": rights}}}))
    assert done["notUpdated"] is None


async def made(web: Web, name: str) -> str:
    (done,) = await ask(web, "alice", ("Mailbox/set", {"create": {"x": {"name": name}}}))
    return str(done["created"]["x"]["id"])


async def test_each_change_is_told_once_and_can_be_taken_away(web: Web) -> None:
    box = await made(web, "Team")
    (before,) = await ask(web, "bob", ("ShareNotification/get", {}))
    assert [] == before["list"]
    await share(web, box, {"mayReadItems": True})
    await share(web, box, {"mayReadItems": True, "mayAddItems": True})
    await share(web, box, None)
    found, changed = await ask(web, "bob", ("ShareNotification/get", {}), ("ShareNotification/changes", {"sinceState": before["state"]}))
    first, second, third = found["list"]
    assert {"name": "alice@example.test", "email": "alice@example.test", "principalId": "p" + web.accounts["alice"][1:]} == first["changedBy"]
    assert ("Mailbox", web.accounts["alice"], box, "Team") == tuple(first[name] for name in ("objectType", "objectAccountId", "objectId", "name"))
    assert (None, True, False) == (first["oldRights"], first["newRights"]["mayReadItems"], first["newRights"]["mayAddItems"])
    assert (False, True) == (second["oldRights"]["mayAddItems"], second["newRights"]["mayAddItems"])
    assert (True, None) == (third["oldRights"]["mayAddItems"], third["newRights"])
    assert {one["id"] for one in found["list"]} == set(changed["created"])
    gone, left = await ask(web, "bob", ("ShareNotification/set", {"destroy": [first["id"], "o1"]}), ("ShareNotification/query", {}))
    assert ([first["id"]], {"o1"}, [second["id"], third["id"]]) == (gone["destroyed"], set(gone["notDestroyed"]), left["ids"])
    (hers,) = await ask(web, "alice", ("ShareNotification/get", {}))
    assert [] == hers["list"], "who does it knows it"


async def test_nobody_makes_or_changes_one(web: Web) -> None:
    await share(web, await made(web, "Team"), {"mayReadItems": True})
    (found,) = await ask(web, "bob", ("ShareNotification/get", {}))
    ident = found["list"][0]["id"]
    (done,) = await ask(web, "bob", ("ShareNotification/set", {"create": {"x": {"name": "y"}}, "update": {ident: {"name": "y"}}}))
    assert ("forbidden", "forbidden") == (done["notCreated"]["x"]["type"], done["notUpdated"][ident]["type"])


async def test_queries_by_time_type_and_account(web: Web) -> None:
    await share(web, await made(web, "Team"), {"mayReadItems": True})
    hers = web.accounts["alice"]
    for given, count in (
        ({}, 1), ({"after": "2020-01-01T00:00:00Z"}, 1), ({"before": "2020-01-01T00:00:00Z"}, 0), ({"after": "2999-01-01T00:00:00Z"}, 0),
        ({"after": None, "before": None}, 1), ({"objectType": "Mailbox"}, 1), ({"objectType": "Calendar"}, 0), ({"objectAccountId": hers}, 1), ({"objectAccountId": web.accounts["bob"]}, 0),
    ):
        answer, again = await ask(
            web, "bob", ("ShareNotification/query", {"filter": given, "sort": [{"property": "created", "isAscending": False}]}),
            ("ShareNotification/queryChanges", {"filter": given, "sinceQueryState": "1-1"}))
        assert count == len(answer["ids"]) == len(again["added"]), given
    (bad,) = await ask(web, "bob", ("ShareNotification/query", {"filter": {"after": "soon"}}))
    assert "invalidArguments" == bad["type"]


async def test_the_oldest_go(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SHARE_NOTIFICATIONS", 3)
    box = await made(web, "Team")
    for number in range(5):
        await share(web, box, {"mayReadItems": True, "maySetSeen": bool(number % 2)})
    found, of_all = await ask(web, "bob", ("ShareNotification/get", {}), ("ShareNotification/changes", {"sinceState": "1-1"}))
    assert (3, 3) == (len(found["list"]), len(of_all["created"]))
    assert json.dumps(found["list"][-1]["newRights"]["maySetSeen"]) == "false"
