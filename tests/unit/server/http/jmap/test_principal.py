"""Principal (RFC 9670 §2): who else is in the tenant, told exactly; nobody else."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.harness.http import Web, web_server
from tests.harness.jmap_mail import Jmap

from mailstead.model import limits
from mailstead.model.ids import to_wire
from mailstead.service.principals import Principals


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Web]:
    async with web_server(tmp_path) as found:
        yield found


def person(jmap: Jmap) -> str:
    return "p" + jmap.account_id[1:]


async def test_the_people_of_the_tenant_and_oneself(two: tuple[Jmap, Jmap]) -> None:
    mine, other = two
    await mine.store.directory.account_set(mine.account, name="Ada")
    found = await mine.call("Principal/get", ids=[person(mine), person(other), "p0", "x"])
    ada, bob = found["list"]
    assert (["p0", "x"], "Ada", "individual") == (found["notFound"], ada["name"], ada["type"])
    assert bob["name"] == bob["email"] != ada["email"]
    assert None is bob["accounts"]
    assert [mine.account_id] == list(ada["accounts"])
    assert {one["id"] for one in (await mine.call("Principal/get"))["list"]} == {person(mine), person(other)}
    assert [{"id": person(mine), "email": ada["email"]}] == (await mine.call("Principal/get", ids=[person(mine)], properties=["email"]))["list"]


async def test_coming_going_and_names_are_told(two: tuple[Jmap, Jmap]) -> None:
    mine, other = two
    state = (await mine.call("Principal/get"))["state"]
    directory = mine.store.directory
    new = await directory.account_add("new@example.test", argon2="x", scram=None)
    fleeting = await directory.account_add("fleeting@example.test", argon2="x", scram=None)
    await directory.account_set(other.account, name="Bob")
    await directory.account_shred(fleeting.account_id)
    ident = to_wire("p", new.account_id)
    told = await mine.call("Principal/changes", sinceState=state)
    assert ([ident], [person(other)], [], False) == (told["created"], told["updated"], told["destroyed"], told["hasMoreChanges"])
    page = await mine.call("Principal/changes", sinceState=state, maxChanges=1)
    assert ([ident], True) == (page["created"], page["hasMoreChanges"])
    await directory.account_set(new.account_id, state="suspended", max_octets=5)
    gone = await mine.call("Principal/changes", sinceState=told["newState"])
    assert ([], [], [ident]) == (gone["created"], gone["updated"], gone["destroyed"])
    await directory.account_set(new.account_id, state="active")
    assert [ident] == (await mine.call("Principal/changes", sinceState=gone["newState"]))["created"]
    await directory.account_set(new.account_id, max_octets=7)
    now = (await mine.call("Principal/get"))["state"]
    assert now == (await mine.call("Principal/changes", sinceState=now))["newState"]
    assert "cannotCalculateChanges" == await mine.error("Principal/changes", sinceState="9-9")
    assert [] == await mine.store.verify(repair=False, progress=lambda *_: None)


async def test_nobody_is_made_or_changed(two: tuple[Jmap, Jmap]) -> None:
    """RFC 9670 §2.3."""
    mine, other = two
    found = await mine.call("Principal/set", create={"x": {"name": "Eve", "type": "individual"}}, update={person(mine): {"name": "Ada"}, "p0": {"name": "x"}}, destroy=[person(other)])
    assert ["forbidden"] * 3 == [found["notCreated"]["x"]["type"], found["notUpdated"][person(mine)]["type"], found["notDestroyed"][person(other)]["type"]]
    assert ("notFound", found["oldState"]) == (found["notUpdated"]["p0"]["type"], found["newState"])
    assert "stateMismatch" == await mine.error("Principal/set", ifInState="0-0")


async def test_queries(two: tuple[Jmap, Jmap]) -> None:
    mine, other = two
    await mine.store.directory.account_set(mine.account, name="Zoë")
    await mine.store.directory.account_set(other.account, name="abel")
    found = await mine.call("Principal/query", sort=[{"property": "name"}], calculateTotal=True)
    assert ([person(other), person(mine)], 2) == (found["ids"], found["total"])
    for tree, wanted in (
        ({"name": "zo"}, [person(mine)]), ({"email": "@EXAMPLE.test"}, [person(other), person(mine)]), ({"text": "abe"}, [person(other)]),
        ({"type": "group"}, []), ({"type": "individual", "timeZone": None}, [person(other), person(mine)]), ({"accountIds": [mine.account_id]}, [person(mine)]),
        ({"operator": "NOT", "conditions": [{"name": "zo"}]}, [person(other)]), ({"accountIds": [other.account_id]}, []),
    ):  # fmt: skip
        assert wanted == (await mine.call("Principal/query", filter=tree, sort=[{"property": "name"}]))["ids"], tree
    await mine.store.directory.account_set(other.account, name="zz")
    told = await mine.call("Principal/queryChanges", sinceQueryState=found["queryState"], sort=[{"property": "name"}])
    assert ([person(other)], [{"id": person(other), "index": 1}]) == (told["removed"], told["added"])
    for arguments, kind in (({"filter": {"colour": 1}}, "unsupportedFilter"), ({"filter": {"name": 1}}, "invalidArguments"), ({"filter": []}, "invalidArguments"),
                            ({"sort": [{"property": "x"}]}, "unsupportedSort")):
        assert kind == await mine.error("Principal/query", **arguments)


async def test_people_of_other_tenants_and_those_who_are_not_shown_do_not_exist(two: tuple[Jmap, Jmap], monkeypatch: pytest.MonkeyPatch) -> None:
    mine, other = two
    tenant = await mine.store.directory.tenant_add("other")
    await mine.store.directory.domain_add("other.test", tenant.tenant_id)
    state = (await mine.call("Principal/get"))["state"]
    eve = await mine.store.directory.account_add("eve@other.test", argon2="x", scram=None)
    stranger = to_wire("p", eve.account_id)
    assert state == (await mine.call("Principal/get"))["state"]
    assert [stranger] == (await mine.call("Principal/get", ids=[stranger]))["notFound"]
    hers = Jmap(mine.store, mine.shared, eve.account_id)
    assert [stranger] == [one["id"] for one in (await hers.call("Principal/get"))["list"]]
    assert {person(mine), person(other)} == set((await hers.call("Principal/get", ids=[person(mine), person(other)]))["notFound"])
    for alone in ("few", "hidden"):
        with monkeypatch.context() as patch:
            if alone == "few":
                patch.setattr(limits, "PEOPLE", 1)
                await mine.store.directory.account_set(other.account, name="once more")
            else:
                mine.shared.principals = Principals(mine.store.directory, are_shown=False)
            assert [person(mine)] == (await mine.call("Principal/query"))["ids"]
            assert "cannotCalculateChanges" == await mine.error("Principal/changes", sinceState=state)
            own = (await mine.call("Principal/get", ids=[person(other), person(mine)]))
            assert [person(other)] == own["notFound"]
            await mine.store.directory.account_set(other.account, name=alone)
            assert own["state"] == (await mine.call("Principal/get"))["state"]
            await mine.store.directory.account_set(mine.account, name=alone)
            assert [person(mine)] == (await mine.call("Principal/changes", sinceState=own["state"]))["updated"]


async def test_a_directory_from_the_past_begins_another_history(two: tuple[Jmap, Jmap]) -> None:
    mine, _ = two
    state = (await mine.call("Principal/get"))["state"]
    await mine.store.restored()
    assert "cannotCalculateChanges" == await mine.error("Principal/changes", sinceState=state)


async def test_the_session_names_oneself(web: Web) -> None:
    found = (await web.ask("GET", "/jmap/session")).json()
    own = web.accounts["alice"]
    capabilities: dict[str, Any] = found["accounts"][own]["accountCapabilities"]
    ((_, principals, _),) = await web.jmap(("Principal/get", {"ids": ["p" + own[1:]]}), using=["urn:ietf:params:jmap:principals"])
    assert {own: found["accounts"][own]} == principals["list"][0]["accounts"]
    assert {"currentUserPrincipalId": "p" + own[1:]} == capabilities["urn:ietf:params:jmap:principals"]
    assert {"accountIdForPrincipal": own, "principalId": "p" + own[1:]} == capabilities["urn:ietf:params:jmap:principals:owner"]
    assert {} == found["capabilities"]["urn:ietf:params:jmap:principals"]
    assert not {"urn:ietf:params:jmap:principals:owner"} & (found["capabilities"].keys() | found["primaryAccounts"].keys())
    body = json.dumps({"using": ["urn:ietf:params:jmap:principals"], "methodCalls": [
        ["Principal/query", {"accountId": own, "filter": {"name": "bob"}}, "0"], ["Principal/get", {"accountId": web.accounts["bob"], "ids": []}, "1"]]})
    answer = await web.ask("POST", "/jmap", headers={"Content-Type": "application/json"}, data=body)
    (_, queried, _), (_, refused, _) = answer.json()["methodResponses"]
    assert (["p" + web.accounts["bob"][1:]], "accountNotFound") == (queried["ids"], refused["type"])
