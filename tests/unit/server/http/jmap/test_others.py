"""Every method as somebody else: another user of the tenant, a user of another tenant, nobody. The table of methods is the list, so that a new one is tried too."""

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.harness.http import PASSWORD, Web, web_server

from mailstead.model.ids import AccountId, DeliveryId, from_wire, to_wire
from mailstead.model.message import Filing
from mailstead.server.http.jmap.methods import METHODS

SECRET = "for alice alone"
MESSAGE = f"From: x@far.test\r\nTo: alice@example.test\r\nSubject: {SECRET}\r\n\r\n{SECRET}\r\n".encode()
USING = sorted({named.capability for named in METHODS.values()})


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Web]:
    async with web_server(tmp_path) as found:
        yield found


async def ask(web: Web, who: str, calls: list[list[Any]]) -> list[Any]:
    answer = await web.ask(
        "POST", "/jmap", who=who, headers={"Content-Type": "application/json"}, data=json.dumps({"using": USING, "methodCalls": calls}))
    assert answer.status == 200, answer.body
    assert SECRET not in answer.body.decode()
    return list(answer.json()["methodResponses"])


async def things(web: Web) -> dict[str, str]:
    """One of everything of alice's: name to id."""
    account = from_wire("a", web.accounts["alice"])
    assert account is not None
    filed = await web.store.mail.deliver(AccountId(account), Filing(DeliveryId(bytes(16)), MESSAGE, b""))
    email = to_wire("e", filed.email_id)
    given = {"accountId": web.accounts["alice"]}
    body = {"using": USING, "methodCalls": [
        ["SavedSearch/set", {**given, "create": {"x": {"name": SECRET, "filter": None}}}, "0"],
        ["SenderProfile/set", {**given, "create": {"x": {"address": "x@far.test", "note": SECRET}}}, "1"],
        ["Reminder/set", {**given, "create": {"x": {"emailId": email, "at": "2999-01-01T00:00:00Z"}}}, "2"],
        ["Job/set", {**given, "create": {"x": {"emailIds": [email], "update": {"keywords/a": True}}}}, "3"],
        ["ClientSettings/set", {**given, "create": {"x": {"id": "secret", "value": SECRET}}}, "4"],
        ["Identity/get", given, "5"],
        ["Mailbox/get", given, "6"],
        ["PushSubscription/set", {"create": {"x": {"deviceClientId": SECRET, "url": "https://push.example.test/"}}}, "7"],
        ["AddressBook/set", {**given, "create": {"x": {"name": SECRET}}}, "8"],
        ["ContactCard/set", {**given, "create": {"x": {"addressBookIds": {"#x": True}, "notes": {"n": {"note": SECRET}}}}}, "9"],
        ["Blob/upload", {**given, "create": {"x": {"data": [{"data:asText": f"# {SECRET}"}], "type": "application/sieve"}}}, "10"],
        ["SieveScript/set", {**given, "create": {"x": {"name": SECRET, "blobId": "#x"}}, "onSuccessActivateScript": "#x"}, "11"],
        ["Note/set", {**given, "create": {"x": {"threadId": "h" + email[1:], "text": SECRET}}}, "12"],
    ]}  # fmt: skip
    answer = await web.ask("POST", "/jmap", headers={"Content-Type": "application/json"}, data=json.dumps(body))
    found = answer.json()["methodResponses"]
    inbox = (await web.store.mail.mailboxes(AccountId(from_wire("a", web.accounts["bob"]) or 0)))[0].mailbox_id
    await web.jmap(
        ("Mailbox/set", {"update": {to_wire("m", inbox): {"shareWith": {"p" + web.accounts["alice"][1:]: {"mayReadItems": True}}}}}), who="bob", using=USING)
    ((_, told, _),) = await web.jmap(("ShareNotification/get", {}), using=USING)
    blob = (await web.ask("POST", f"/jmap/upload/{web.accounts['alice']}/", data=MESSAGE)).json()["blobId"]
    made = {name.partition("/")[0]: arguments["created"]["x"]["id"] for name, arguments, _ in found if "created" in arguments}
    return {
        **made, "ShareNotification": told["list"][0]["id"], "Identity": found[5][1]["list"][0]["id"], "Mailbox": found[6][1]["list"][0]["id"], "Email": email, "Thread": "h" + email[1:], "Blob": blob,
        "token": found[3][1]["created"]["x"]["undoToken"],
    }  # fmt: skip


async def test_an_account_of_somebody_else_is_not_there(web: Web) -> None:
    await things(web)
    calls = [[name, {"accountId": web.accounts["alice"]}, name] for name, named in METHODS.items() if named.has_account]
    assert len(calls) > 50
    for at in range(0, len(calls), 30):
        for name, arguments, ident in await ask(web, "bob", calls[at : at + 30]):
            assert ("error", METHODS[ident].no_account) == (name, arguments["type"]), ident


async def test_ids_of_somebody_else_lead_nowhere_in_ones_own_account(web: Web) -> None:
    ids = await things(web)
    mine = {"accountId": web.accounts["bob"]}
    calls: list[list[Any]] = []
    for name, named in METHODS.items():
        kind, _, verb = name.partition("/")
        given = mine if named.has_account else {}
        if verb == "get" and kind not in {"SearchSnippet", "Quota", "VacationResponse", "EmailSubmission", "Principal"}:
            calls.append([name, {**given, "ids": [ids[kind]]}, name])
        elif verb == "set" and kind in ids:
            calls.append([name, {**given, "destroy": [ids[kind]], "update": {ids[kind] + "x": {}}}, name])
    calls += [
        ["SearchSnippet/get", {**mine, "filter": {"text": "alone"}, "emailIds": [ids["Email"]]}, "snippet"],
        ["Email/parse", {**mine, "blobIds": [ids["Blob"], "b" + ids["Email"][1:]]}, "parse"],
        ["MDN/parse", {**mine, "blobIds": [ids["Blob"]]}, "mdn"],
        ["Email/query", {**mine, "filter": {"inMailbox": ids["Mailbox"]}}, "query"],
        ["Undo/apply", {**mine, "undoToken": ids["token"]}, "undo"],
        ["Blob/copy", {**mine, "fromAccountId": web.accounts["alice"], "blobIds": [ids["Blob"]]}, "copy"],
        ["Email/copy", {**mine, "fromAccountId": web.accounts["alice"], "create": {}}, "email copy"],
        ["Email/import", {**mine, "emails": {"x": {"blobId": ids["Blob"], "mailboxIds": {ids["Mailbox"]: True}}}}, "import"],
        ["Reminder/set", {**mine, "create": {"x": {"emailId": ids["Email"], "at": "2999-01-01T00:00:00Z"}}}, "remind"],
        ["Note/set", {**mine, "create": {"x": {"threadId": ids["Thread"], "text": "x"}}}, "note"],
        ["Email/query", {**mine, "filter": {"note": ""}}, "noted"],
    ]
    assert len(calls) > 25
    for name, arguments, ident in await ask(web, "bob", calls[:30]) + await ask(web, "bob", calls[30:]):
        if ident in {"undo", "copy", "email copy"}:
            assert name == "error", ident
            continue
        assert name != "error", (ident, arguments)
        assert [] == (arguments.get("list") or []), ident
        for one in ("parsed", "created", "updated", "destroyed", "ids"):
            assert not arguments.get(one), (ident, arguments)
    ((_, still, _),) = await web.jmap(("Email/get", {"ids": [ids["Email"]], "properties": ["subject"]}))
    assert SECRET == still["list"][0]["subject"]


async def test_blobs_and_events_are_ones_own(web: Web) -> None:
    ids = await things(web)
    for who, account in (("bob", "alice"), ("bob", "bob")):
        for blob in (ids["Blob"], "b" + ids["Email"][1:]):
            assert 404 == (await web.ask("GET", f"/jmap/download/{web.accounts[account]}/{blob}/x?type=text/plain", who=who)).status
    assert 404 == (await web.ask("POST", f"/jmap/upload/{web.accounts['alice']}/", who="bob", data=b"x")).status
    for path in ("/jmap/session", "/jmap/events", f"/jmap/download/{web.accounts['alice']}/{ids['Blob']}/x"):
        assert 401 == (await web.ask("GET", path, who="")).status
    assert 401 == (await web.ask("POST", "/jmap", who="", headers={"Content-Type": "application/json"}, data="{}")).status


async def test_another_tenants_user_is_nobody_here(web: Web) -> None:
    ids = await things(web)
    tenant = await web.store.directory.tenant_add("other")
    await web.store.directory.domain_add("other.test", tenant.tenant_id)
    bob = await web.store.directory.login("bob@example.test")
    assert bob is not None
    eve = await web.store.directory.account_add("eve@other.test", argon2=bob.credentials[0].argon2, scram=None, tenant=tenant.tenant_id)
    headers = {"Authorization": "Basic " + base64.b64encode(f"eve@other.test:{PASSWORD}".encode()).decode(), "Content-Type": "application/json"}
    calls = [[name, {"accountId": web.accounts["alice"]}, name] for name, named in METHODS.items() if named.has_account]
    for at in range(0, len(calls), 30):
        answer = await web.ask("POST", "/jmap", who="", headers=headers, data=json.dumps({"using": USING, "methodCalls": calls[at : at + 30]}))
        for _, arguments, ident in answer.json()["methodResponses"]:
            assert METHODS[ident].no_account == arguments["type"], ident
    own = {"accountId": to_wire("a", eve.account_id)}
    body = {"using": USING, "methodCalls": [
        ["Email/get", {**own, "ids": [ids["Email"]]}, "0"], ["Undo/apply", {**own, "undoToken": ids["token"]}, "1"], ["Identity/get", own, "2"]]}
    answer = await web.ask("POST", "/jmap", who="", headers=headers, data=json.dumps(body))
    (_, emails, _), (undone, _, _), (_, identities, _) = answer.json()["methodResponses"]
    assert ([ids["Email"]], "error", ["eve@other.test"]) == (emails["notFound"], undone, [one["email"] for one in identities["list"]])
