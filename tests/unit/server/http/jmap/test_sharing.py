"""An account that somebody else may use: each method as somebody without rights, as a reader, as another tenant; rights enforced, pushes, and their end.

``METHODS`` below says of every method what becomes of it in an account that is shared for reading, so that a new method is no member of it by accident.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.harness.http import PASSWORD, Web, web_server

from mailstead.model.ids import AccountId, EmailId, MailboxId, from_wire, to_wire
from mailstead.model.message import NewMessage
from mailstead.model.sharing import ALL, NONE, Grant, Right
from mailstead.server.http.jmap.methods import METHODS

USING = sorted({named.capability for named in METHODS.values()} | {"urn:ietf:params:jmap:mail:share"})
ANSWERS, READ_ONLY, OWNERS, ONES_OWN = "answers", "accountReadOnly", "accountNotSupportedByMethod", "has no account"
SECRET = "for alice alone"
AS_A_READER: dict[str, str] = {
    **dict.fromkeys((
        "Mailbox/get", "Mailbox/changes", "Mailbox/query", "Mailbox/queryChanges", "Thread/get", "Thread/changes", "Email/get", "Email/changes", "Email/query",
        "Email/queryChanges", "Email/parse", "SearchSnippet/get", "Blob/get", "Blob/lookup", "Mailbox/set"), ANSWERS),
    **dict.fromkeys(("Email/set", "Email/import", "Email/copy", "Blob/upload", "Blob/copy"), READ_ONLY),
    **dict.fromkeys(("Core/echo", "PushSubscription/get", "PushSubscription/set"), ONES_OWN),
    **dict.fromkeys((
        "ClientSettings/get", "ClientSettings/changes", "ClientSettings/set", "Undo/apply", "Email/unsubscribe", "ContactCard/copy", "ContactCard/parse",
        "ContactCard/export", "SieveScript/validate", "MDN/send", "MDN/parse", "EmailSubmission/get", "EmailSubmission/changes", "EmailSubmission/query",
        "EmailSubmission/queryChanges", "EmailSubmission/set", "Quota/get", "Quota/changes", "Quota/query", "Quota/queryChanges"), OWNERS),
    **{f"{kind}/{verb}": OWNERS for kind in ("SavedSearch", "SenderProfile", "Reminder", "Job", "ContactCard", "SieveScript", "Note", "ShareNotification")
       for verb in ("get", "changes", "set", "query", "queryChanges")},
    **{f"{kind}/{verb}": OWNERS for kind in ("AddressBook", "Identity", "VacationResponse") for verb in ("get", "changes", "set")},
    **{f"Principal/{verb}": OWNERS for verb in ("get", "changes", "set", "query", "queryChanges")},
}
ARGUMENTS: dict[str, dict[str, Any]] = {
    "Mailbox/changes": {"sinceState": "1-1"}, "Mailbox/queryChanges": {"sinceQueryState": "1-1"}, "Thread/changes": {"sinceState": "1-1"},
    "Email/changes": {"sinceState": "1-1"}, "Email/queryChanges": {"sinceQueryState": "1-1"}, "Email/parse": {"blobIds": []}, "Blob/get": {"ids": []},
    "SearchSnippet/get": {"filter": {"text": "x"}, "emailIds": []}, "Blob/lookup": {"typeNames": ["Email"], "ids": []}, "Email/set": {},
    "Email/import": {"emails": {}}, "Email/copy": {"create": {}}, "Blob/upload": {"create": {}}, "Blob/copy": {"blobIds": []},
}  # fmt: skip


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Web]:
    async with web_server(tmp_path) as found:
        yield found


class Two:
    """Alice, who shares, and bob."""

    def __init__(self, web: Web) -> None:
        self.web = web
        self.store = web.store
        self.alice, self.bob = [AccountId(from_wire("a", web.accounts[name]) or 0) for name in ("alice", "bob")]
        self.hers = {"accountId": web.accounts["alice"]}

    async def box(self, *path: str) -> MailboxId:
        found = await self.store.mail.mailbox(self.alice, path) or await self.store.mail.mailbox_create(self.alice, self.op(), path)
        return found.mailbox_id

    @staticmethod
    def op() -> Any:
        import os

        return os.urandom(16)

    async def put(self, box: MailboxId, text: str = "hello", *flags: str) -> EmailId:
        octets = f"From: x@far.test\r\nSubject: {text}\r\nMessage-ID: <{text.replace(' ', '.')}@far.test>\r\n\r\n{text}\r\n".encode()
        done = await self.store.mail.append(self.alice, self.op(), box, [NewMessage(octets, frozenset(flags))])
        return done.email_ids[0]

    async def give(self, box: MailboxId, rights: Right) -> None:
        await self.store.shares.set(self.alice, self.op(), [Grant(box, self.bob, rights)])

    async def ask(self, *calls: tuple[str, dict[str, Any]], who: str = "bob") -> list[Any]:
        return [arguments for _, arguments, _ in await self.asked(*calls, who=who)]

    async def asked(self, *calls: tuple[str, dict[str, Any]], who: str = "bob") -> list[Any]:
        body = {"using": USING, "methodCalls": [[name, {**self.hers, **given}, str(number)] for number, (name, given) in enumerate(calls)]}
        answer = await self.web.ask("POST", "/jmap", who=who, headers={"Content-Type": "application/json"}, data=json.dumps(body))
        assert answer.status == 200, answer.body
        return list(answer.json()["methodResponses"])

    async def session(self, who: str = "bob") -> Any:
        return (await self.web.ask("GET", "/jmap/session", who=who)).json()


@pytest.fixture
def two(web: Web) -> Two:
    return Two(web)


def mail(email: EmailId) -> str:
    return to_wire("e", email)


def box_id(box: MailboxId) -> str:
    return to_wire("m", box)


# ------------------------------------------------------------------------------------------------- every method
def test_the_table_knows_every_method() -> None:
    assert METHODS.keys() == AS_A_READER.keys()
    assert {name for name, named in METHODS.items() if named.is_shared} == {name for name, what in AS_A_READER.items() if what in {ANSWERS, READ_ONLY}}


NOT_THERE = {name: named.no_account for name, named in METHODS.items() if named.has_account}
"""What each answers where there is no such account."""


async def every(two: Two, who: str = "bob") -> dict[str, str]:
    """Method to what came of it."""
    found: dict[str, str] = {}
    names = [name for name, named in METHODS.items() if named.has_account]
    mine = {"fromAccountId": two.web.accounts["bob"]}
    for at in range(0, len(names), 30):
        part = names[at : at + 30]
        answers = await two.asked(*((name, {**mine, **ARGUMENTS.get(name, {})} if name.endswith("/copy") else ARGUMENTS.get(name, {})) for name in part), who=who)
        found |= {name: arguments["type"] if kind == "error" else ANSWERS for name, (kind, arguments, _) in zip(part, answers, strict=True)}
    return found


async def test_every_method_as_a_reader(two: Two) -> None:
    await two.give(await two.box("Team"), Right.READ)
    assert {name: what for name, what in AS_A_READER.items() if what != ONES_OWN} == await every(two)


async def test_every_method_as_somebody_who_was_given_nothing_and_again_after_it_was_taken_back(two: Two) -> None:
    box = await two.box("Team")
    assert NOT_THERE == await every(two)
    await two.give(box, ALL)
    assert not NOT_THERE.items() & (await every(two)).items()
    await two.give(box, NONE)
    assert NOT_THERE == await every(two)


async def test_every_method_while_the_owner_is_suspended(two: Two) -> None:
    await two.give(await two.box("Team"), ALL)
    await two.store.directory.account_set(two.alice, state="suspended")
    assert NOT_THERE == await every(two)


async def test_every_method_as_another_tenant(two: Two) -> None:
    """Even a grant that should not be there lets nobody of another tenant in."""
    box = await two.box("Team")
    tenant = await two.store.directory.tenant_add("other")
    await two.store.directory.domain_add("other.test", tenant.tenant_id)
    record = await two.store.directory.login("bob@example.test")
    assert record is not None
    eve = await two.store.directory.account_add("eve@other.test", argon2=record.credentials[0].argon2, scram=None, tenant=tenant.tenant_id)
    shard = two.store.shards[0]
    assert shard.writer is not None
    await shard.writer.do(lambda tx: tx.db.run("INSERT INTO share VALUES (?, ?, ?, ?, 0, 1, 1, 1)", (two.alice, box, eve.account_id, int(ALL))))
    headers = {"Authorization": "Basic " + base64.b64encode(f"eve@other.test:{PASSWORD}".encode()).decode()}
    for name, named in METHODS.items():
        if named.has_account:
            body = json.dumps({"using": USING, "methodCalls": [[name, {**two.hers, **ARGUMENTS.get(name, {})}, "0"]]})
            answer = await two.web.ask("POST", "/jmap", who="", headers={**headers, "Content-Type": "application/json"}, data=body)
            assert NOT_THERE[name] == answer.json()["methodResponses"][0][1]["type"], name
    assert 404 == (await two.web.ask("GET", f"/jmap/download/{two.web.accounts['alice']}/b1/x", who="", headers=headers)).status


# ------------------------------------------------------------------------------------------------- the session
async def test_the_session_lists_what_is_shared_and_moves_with_it(two: Two) -> None:
    before = await two.session()
    box = await two.box("Team")
    await two.give(box, Right.READ)
    now = await two.session()
    assert before["state"] != now["state"] == (await two.session())["state"]
    hers = now["accounts"][two.web.accounts["alice"]]
    assert ("alice@example.test", False, True) == (hers["name"], hers["isPersonal"], hers["isReadOnly"])
    assert {"core", "mail", "blob", "mail:share", "principals:owner"} == {name.removeprefix("urn:ietf:params:jmap:") for name in hers["accountCapabilities"]}
    assert hers["accountCapabilities"]["urn:ietf:params:jmap:mail"]["mayCreateTopLevelMailbox"] is False
    assert {two.web.accounts["bob"]} == set(now["primaryAccounts"].values())
    await two.give(box, ALL)
    wider = await two.session()
    assert (False, True) == (wider["accounts"][two.web.accounts["alice"]]["isReadOnly"], wider["state"] != now["state"])
    answer = await two.web.ask("POST", "/jmap", who="bob", headers={"Content-Type": "application/json"}, data=json.dumps({"using": USING, "methodCalls": []}))
    assert wider["state"] == answer.json()["sessionState"]
    await two.give(box, NONE)
    assert [two.web.accounts["bob"]] == list((await two.session())["accounts"])
    assert [two.web.accounts["alice"]] == list((await two.session("alice"))["accounts"])


async def test_principals_name_the_accounts_one_reaches(two: Two) -> None:
    await two.give(await two.box("Team"), Right.READ)
    mine = {"accountId": two.web.accounts["bob"]}
    (found,) = await two.ask(("Principal/get", {**mine, "ids": ["p" + two.web.accounts["alice"][1:]]}))
    (hers,) = found["list"]
    assert [two.web.accounts["alice"]] == list(hers["accounts"])
    assert hers["accounts"][two.web.accounts["alice"]]["isPersonal"] is False


# ------------------------------------------------------------------------------------------------- reading
async def test_only_shared_mail_is_seen_wherever_one_looks(two: Two) -> None:
    inbox, team = await two.box("INBOX"), await two.box("Team")
    secret, shown = await two.put(inbox, SECRET), await two.put(team, "for the team")
    await two.give(team, Right.READ)
    ids = [mail(secret), mail(shown)]
    blobs = ["b" + one[1:] for one in ids]
    boxes, all_, got, threads, snippets, parsed, data, looked = await two.ask(
        ("Mailbox/get", {}), ("Email/query", {"calculateTotal": True}), ("Email/get", {"ids": ids, "fetchAllBodyValues": True}),
        ("Thread/get", {"ids": ["h" + one[1:] for one in ids]}), ("SearchSnippet/get", {"filter": {"text": "for"}, "emailIds": ids}),
        ("Email/parse", {"blobIds": blobs}), ("Blob/get", {"ids": blobs}), ("Blob/lookup", {"typeNames": ["Email", "Mailbox", "Thread"], "ids": blobs}))
    assert ["Team"] == [one["name"] for one in boxes["list"]]
    assert ([ids[1]], 1) == (all_["ids"], all_["total"])
    assert ([ids[1]], [ids[0]]) == ([one["id"] for one in got["list"]], got["notFound"])
    assert {box_id(team): True} == got["list"][0]["mailboxIds"]
    assert [[ids[1]]] == [one["emailIds"] for one in threads["list"]]
    assert [ids[1]] == [one["emailId"] for one in snippets["list"]]
    assert ([blobs[1]], [blobs[0]]) == (list(parsed["parsed"]), parsed["notFound"])
    assert ([blobs[1]], [blobs[0]]) == ([one["id"] for one in data["list"]], data["notFound"])
    none: dict[str, list[str]] = {"Email": [], "Mailbox": [], "Thread": []}
    assert [(blobs[0], none), (blobs[1], {"Email": [ids[1]], "Mailbox": [box_id(team)], "Thread": ["h" + ids[1][1:]]})] == [
        (one["id"], one["matchedIds"]) for one in looked["list"]]
    assert [blobs[0]] == looked["notFound"]
    assert [404, 200] == [(await two.web.ask("GET", f"/jmap/download/{two.web.accounts['alice']}/{blob}/x", who="bob")).status for blob in blobs]
    own = await two.ask(("Email/get", {"accountId": two.web.accounts["bob"], "ids": ids}))
    assert ids == own[0]["notFound"], "in one's own account it is not"


async def test_filters_over_what_the_owner_keeps_are_refused(two: Two) -> None:
    await two.give(await two.box("Team"), ALL)
    for condition in ({"inSavedSearch": "o1"}, {"note": "x"}):
        ((kind, arguments, _),) = await two.asked(("Email/query", {"filter": condition}))
        assert ("error", "forbidden") == (kind, arguments["type"])
    snoozed, kept = await two.ask(("Email/get", {"properties": ["snoozed"]}), ("Email/query", {}))
    assert [] == [one for one in snoozed["list"] if one["snoozed"]]
    assert [] == kept["ids"]


async def test_mailboxes_above_have_names_and_no_rights(two: Two) -> None:
    below = await two.box("Work", "Team")
    await two.put(await two.box("Work"), SECRET)
    await two.give(below, Right.READ | Right.SEEN)
    (found,) = await two.ask(("Mailbox/get", {}))
    work, team = sorted(found["list"], key=lambda one: one["name"] != "Work")
    assert (["Work", "Team"], team["parentId"], 0) == ([work["name"], team["name"]], work["id"], work["totalEmails"])
    assert [] == [name for name, value in work["myRights"].items() if value]
    assert {"mayReadItems", "maySetSeen"} == {name for name, value in team["myRights"].items() if value}
    assert [None, None] == [one["shareWith"] for one in (work, team)]


# ------------------------------------------------------------------------------------------------- writing
async def test_writing_by_right(two: Two) -> None:
    team, other = await two.box("Team"), await two.box("Other")
    email = mail(await two.put(team))
    await two.give(team, Right.READ | Right.SEEN)
    flag, read, move, destroy = (
        {"update": {email: {"keywords/work": True}}}, {"update": {email: {"keywords/$seen": True}}}, {"update": {email: {"mailboxIds": {box_id(other): True}}}},
        {"destroy": [email]})
    found = await two.ask(*(("Email/set", one) for one in (flag, read, move, destroy)))
    assert ["forbidden", None, "invalidProperties", "forbidden"] == [
        next((one["type"] for one in (answer["notUpdated"] or answer["notDestroyed"] or {}).values()), None) for answer in found]
    await two.give(other, ALL)
    await two.give(team, ALL)
    found = await two.ask(("Email/set", flag), ("Email/set", move), ("Email/get", {"ids": [email], "properties": ["keywords", "mailboxIds"]}))
    assert [{"id": email, "keywords": {"$seen": True, "work": True}, "mailboxIds": {box_id(other): True}}] == found[2]["list"]
    (answer,) = await two.ask(("Email/set", {"update": {email: {"snoozed": {"until": "2999-01-01T00:00:00Z"}}}}))
    assert [email] == list(answer["notUpdated"])


async def test_pictures_of_contacts_are_not_shared(two: Two) -> None:
    """Their blobs are there for the owner alone."""
    await two.give(await two.box("Team"), Right.READ)
    (books,) = await two.ask(("AddressBook/get", {}), who="alice")
    media = {"m": {"kind": "photo", "uri": "data:image/gif;base64,R0lGODlh"}}
    (made,) = await two.ask(("ContactCard/set", {"create": {"x": {"addressBookIds": {books["list"][0]["id"]: True}, "media": media}}}), who="alice")
    path = f"/jmap/download/{two.web.accounts['alice']}/{made['created']['x']['media']['m']['blobId']}/x.gif?type=image/gif"
    hers, his = await two.web.ask("GET", path), await two.web.ask("GET", path, who="bob")
    assert (200, b"GIF89a", 404) == (hers.status, hers.body, his.status)


async def test_making_importing_and_copying(two: Two) -> None:
    team, mine = await two.box("Team"), {"accountId": two.web.accounts["bob"]}
    await two.give(team, Right.READ)
    path = f"/jmap/upload/{two.web.accounts['alice']}/"
    octets = b"From: bob@example.test\r\nSubject: new\r\n\r\nnew\r\n"
    assert 403 == (await two.web.ask("POST", path, who="bob", data=octets)).status
    await two.give(team, Right.READ | Right.ADD)
    blob = (await two.web.ask("POST", path, who="bob", data=octets)).json()["blobId"]
    assert 404 == (await two.web.ask("GET", f"/jmap/download/{two.web.accounts['alice']}/{blob}/x", who="alice")).status, "what bob has sent is bob's"
    into = {"mailboxIds": {box_id(team): True}}
    imported, made, refused, copied = await two.ask(
        ("Email/import", {"emails": {"x": {"blobId": blob, **into}}}),
        ("Email/set", {"create": {"x": {"subject": "draft", **into, "bodyValues": {"1": {"value": "x"}}, "textBody": [{"partId": "1", "type": "text/plain"}]}}}),
        ("Email/set", {"create": {"x": {"subject": "draft", **into, "keywords": {"$draft": True}}}}),
        ("Email/copy", {"fromAccountId": two.web.accounts["alice"], "create": {}}))
    assert [["x"], ["x"], ["x"]] == [list(one or {}) for one in (imported["created"], made["created"], refused["notCreated"])]
    assert "forbidden" == refused["notCreated"]["x"]["type"]
    assert "invalidArguments" == copied["type"]
    (boxes,) = await two.ask(("Mailbox/get", {**mine}))
    inbox = next(one["id"] for one in boxes["list"] if one["role"] == "inbox")
    here = {"fromAccountId": two.web.accounts["alice"], "create": {"x": {"id": imported["created"]["x"]["id"], "mailboxIds": {inbox: True}, "keywords": {"$seen": True}}}}
    (to_me,) = await two.ask(("Email/copy", {**mine, **here}))
    back = {"fromAccountId": two.web.accounts["bob"], "create": {"x": {"id": to_me["created"]["x"]["id"], **into}}, "onSuccessDestroyOriginal": True}
    to_her, gone = await two.ask(("Email/copy", back))
    assert to_her["created"]["x"]["id"] in [mail(EmailId(one)) for one in await _emails(two, team)]
    assert [["x"], [to_me["created"]["x"]["id"]]] == [list(to_her["created"]), gone["destroyed"]]
    blobs = {"fromAccountId": two.web.accounts["alice"], "blobIds": ["b" + imported["created"]["x"]["id"][1:], "b1"]}
    of_blobs, of_many = await two.ask(("Blob/copy", {**mine, **blobs}), ("Blob/copy", {**mine, **blobs, "blobIds": [f"b{number}" for number in range(1_001)]}))
    assert "requestTooLarge" == of_many["type"]
    assert (blobs["blobIds"][:1], blobs["blobIds"][1:]) == (list(of_blobs["copied"]), list(of_blobs["notCopied"]))


async def _emails(two: Two, box: MailboxId) -> list[int]:
    from mailstead.model.uids import UidSet

    return [entry.email_id for entry in await two.store.mail.entries(two.alice, box, UidSet.all())]


async def test_a_copy_bears_what_its_mailbox_allows_and_no_original_is_taken_without_the_right(two: Two) -> None:
    team, mine = await two.box("Team"), {"accountId": two.web.accounts["bob"]}
    email = mail(await two.put(team, "flags", "\\Flagged", "\\Seen"))
    await two.give(team, Right.READ | Right.ADD | Right.SEEN)
    (boxes,) = await two.ask(("Mailbox/get", mine))
    inbox = next(one["id"] for one in boxes["list"] if one["role"] == "inbox")
    there = {"fromAccountId": two.web.accounts["alice"], "create": {"x": {"id": email, "mailboxIds": {inbox: True}}}, "onSuccessDestroyOriginal": True}
    copied, taken = await two.ask(("Email/copy", {**mine, **there}))
    assert "forbidden" == taken["notDestroyed"][email]["type"]
    back = {"fromAccountId": two.web.accounts["bob"], "create": {"x": {"id": copied["created"]["x"]["id"], "mailboxIds": {box_id(team): True}}}}
    again, found = await two.ask(("Email/copy", back), ("Email/query", {"filter": {"hasKeyword": "$seen", "notKeyword": "$flagged"}}))
    assert [again["created"]["x"]["id"]] == found["ids"]


async def test_mailboxes_are_made_changed_and_destroyed_by_right(two: Two) -> None:
    team = await two.box("Team")
    await two.put(team)
    await two.give(team, Right.READ)
    child, name, top = {"create": {"x": {"name": "child", "parentId": box_id(team)}}}, {"update": {box_id(team): {"name": "Group"}}}, {"create": {"x": {"name": "top"}}}
    found = await two.ask(
        ("Mailbox/set", child), ("Mailbox/set", name), ("Mailbox/set", top), ("Mailbox/set", {"destroy": [box_id(team)], "onDestroyRemoveEmails": True}),
        ("Mailbox/set", {"update": {box_id(team): {"sortOrder": 5}}}), ("Mailbox/set", {"update": {box_id(await two.box("INBOX")): {"name": "x"}}}))
    errors = [next(iter((one["notCreated"] or one["notUpdated"] or one["notDestroyed"] or {"": {"type": None}}).values()))["type"] for one in found]
    assert ["forbidden"] * 5 + ["notFound"] == errors
    await two.give(team, ALL & ~Right.REMOVE)
    found = await two.ask(("Mailbox/set", child), ("Mailbox/set", name), ("Mailbox/set", top), ("Mailbox/get", {}))
    made = found[0]["created"]["x"]["id"]
    assert (None, "forbidden") == (found[1]["notUpdated"], found[2]["notCreated"]["x"]["type"])
    assert {"Group", "child"} == {one["name"] for one in found[3]["list"]}
    found = await two.ask(
        ("Mailbox/set", {"destroy": [made]}), ("Mailbox/set", {"destroy": [box_id(team)], "onDestroyRemoveEmails": True}),
        ("Mailbox/set", {"update": {box_id(team): {**{name: value for name, value in found[3]["list"][0].items() if name != "id"}, "name": "Group"}}}))
    assert ([made], "forbidden", [box_id(team)]) == (
        found[0]["destroyed"], found[1]["notDestroyed"][box_id(team)]["type"], list(found[2]["updated"] or ()) or list(found[2]["notUpdated"]))


async def test_unread_is_what_one_sees_oneself(two: Two) -> None:
    """A conversation is unread to a guest for what lies in their sight, an email for its entries there (RFC 8621 §2); the owner's counters are the owner's."""
    team, other, secret = await two.box("Team"), await two.box("Other"), await two.box("Secret")
    await two.give(team, Right.READ | Right.SEEN)
    await two.give(other, Right.READ | Right.SEEN)

    def email(boxes: list[MailboxId], ident: str, *, seen: bool) -> dict[str, Any]:
        return {
            "mailboxIds": {box_id(box): True for box in boxes}, "keywords": {"$seen": True} if seen else {}, "from": [{"email": "x@far.test"}],
            "subject": "plan", "messageId": [ident], "references": ["root@far.test"], "textBody": [{"partId": "1"}], "bodyValues": {"1": {"value": "x"}}}

    (made,) = await two.ask(("Email/set", {"create": {
        "a": email([team], "a@far.test", seen=True), "b": email([secret], "b@far.test", seen=False), "c": email([other], "c@far.test", seen=True),
        "d": email([other, secret], "d@far.test", seen=True)}}), who="alice")
    ids = {cid: one["id"] for cid, one in made["created"].items()}

    async def counts(who: str = "bob") -> dict[str, tuple[int, int, int]]:
        (found,) = await two.ask(("Mailbox/get", {"ids": [box_id(team), box_id(other)]}), who=who)
        return {one["name"]: (one["totalEmails"], one["unreadEmails"], one["unreadThreads"]) for one in found["list"]}

    async def moved(since: str) -> tuple[list[str], str]:
        (found,) = await two.ask(("Mailbox/changes", {"sinceState": since}))
        return sorted(found["updated"]), found["newState"]

    assert {"Team": (1, 0, 1), "Other": (2, 0, 1)} == await counts("alice")
    assert {"Team": (1, 0, 0), "Other": (2, 0, 0)} == await counts()
    (before,) = await two.ask(("Mailbox/get", {"ids": []}))
    state = before["state"]
    await two.ask(("Email/set", {"update": {ids["c"]: {"keywords/$seen": None}}}))
    assert {"Team": (1, 0, 1), "Other": (2, 1, 1)} == await counts()
    told, state = await moved(state)
    assert sorted([box_id(team), box_id(other)]) == told, "the conversation is unread in Team for an email in Other"
    await two.ask(("Email/set", {"update": {ids["c"]: {"keywords/$seen": True}}}))
    await two.ask(("Email/set", {"update": {ids["d"]: {"keywords/$seen": None}}}), who="alice")
    assert {"Team": (1, 0, 1), "Other": (2, 1, 1)} == await counts()
    _, state = await moved(state)
    await two.ask(("Email/set", {"update": {ids["d"]: {"keywords/$seen": True}}}))
    assert {"Team": (1, 0, 0), "Other": (2, 0, 0)} == await counts(), "read by the guest, whose change goes to what they see"
    assert {"Team": (1, 0, 1), "Other": (2, 1, 1)} == await counts("alice"), "and not to the entry that they do not"
    told, state = await moved(state)
    assert box_id(other) in told
    assert [] == (await moved(state))[0]


async def test_what_one_wants_to_see_is_ones_own(two: Two) -> None:
    team = await two.box("Team")
    await two.give(team, Right.READ)
    session = await two.session()
    before, done, now = await two.ask(
        ("Mailbox/get", {}), ("Mailbox/set", {"update": {box_id(team): {"isSubscribed": False}}}), ("Mailbox/get", {}))
    assert ([True], {box_id(team): None}, [False]) == ([one["isSubscribed"] for one in before["list"]], done["updated"], [one["isSubscribed"] for one in now["list"]])
    assert before["state"] != now["state"]
    (changed,) = await two.ask(("Mailbox/changes", {"sinceState": before["state"]}))
    assert [box_id(team)] == changed["updated"]
    after = await two.session()
    assert [two.web.accounts["bob"]] == list(after["accounts"]), "an account of which one wants to see nothing is not listed (RFC 9670 §1.4)"
    assert session["state"] != after["state"]
    (hers,) = (await two.ask(("Principal/get", {"accountId": two.web.accounts["bob"], "ids": ["p" + two.web.accounts["alice"][1:]]})))[0]["list"]
    assert [two.web.accounts["alice"]] == list(hers["accounts"]), "but can be found"
    await two.ask(("Mailbox/set", {"update": {box_id(team): {"isSubscribed": True}}}))
    assert 2 == len((await two.session())["accounts"])


# ------------------------------------------------------------------------------------------------- sharing itself
async def test_the_owner_shares_and_takes_back(two: Two) -> None:
    team, bob = box_id(await two.box("Team")), "p" + two.web.accounts["bob"][1:]
    rights = {"mayReadItems": True, "maySetSeen": True}
    state, done, now, inbox = await two.ask(
        ("Mailbox/get", {"ids": []}), ("Mailbox/set", {"update": {team: {"shareWith": {bob: rights}}}}), ("Mailbox/get", {"ids": [team]}),
        ("Mailbox/get", {"properties": ["role", "shareWith", "myRights"]}), who="alice")
    assert ({team: None}, True) == (done["updated"], done["newState"] != state["state"])
    assert {"mayReadItems", "maySetSeen"} == {name for name, value in now["list"][0]["shareWith"][bob].items() if value}
    assert [None] * 6 == [one["shareWith"] for one in inbox["list"] if one["id"] != team]
    assert all(one["myRights"]["mayShare"] for one in inbox["list"])
    (seen,) = await two.ask(("Mailbox/get", {}))
    assert [team] == [one["id"] for one in seen["list"]]
    for patch, left in (
        ({f"shareWith/{bob}/mayAddItems": True}, {"mayReadItems", "maySetSeen", "mayAddItems"}), ({f"shareWith/{bob}/maySetSeen": False}, {"mayReadItems", "mayAddItems"}),
        ({f"shareWith/{bob}": None}, set()), ({f"shareWith/{bob}": {"mayReadItems": True}}, {"mayReadItems"}), ({"shareWith": None}, set()),
    ):
        done, now = await two.ask(("Mailbox/set", {"update": {team: patch}}), ("Mailbox/get", {"ids": [team]}), who="alice")
        assert {team: None} == done["updated"], done
        assert left == {name for name, value in ((now["list"][0]["shareWith"] or {}).get(bob) or {}).items() if value}
    ((_, arguments, _),) = await two.asked(("Mailbox/get", {}))
    assert "accountNotFound" == arguments["type"]


async def test_what_is_no_share_is_refused(two: Two) -> None:
    team, bob, alice = box_id(await two.box("Team")), "p" + two.web.accounts["bob"][1:], "p" + two.web.accounts["alice"][1:]
    given: Any
    for given in ({alice: {"mayReadItems": True}}, {"p1": {"mayReadItems": True}}, {"x": {}}, {bob: {"mayFly": True}}, {bob: {"mayReadItems": 1}}, {bob: True}, [], "x"):
        (answer,) = await two.ask(("Mailbox/set", {"update": {team: {"shareWith": given, "name": "Other"}}}), who="alice")
        assert ("invalidProperties", ["shareWith"]) == (answer["notUpdated"][team]["type"], answer["notUpdated"][team]["properties"]), given
    (now,) = await two.ask(("Mailbox/get", {"ids": [team]}), who="alice")
    assert ("Team", None) == (now["list"][0]["name"], now["list"][0]["shareWith"])
    (made,) = await two.ask(("Mailbox/set", {"create": {"x": {"name": "New", "shareWith": {bob: {"mayReadItems": True}}}}}), who="alice")
    (seen,) = await two.ask(("Mailbox/get", {}))
    assert [made["created"]["x"]["id"]] == [one["id"] for one in seen["list"]]


async def test_without_the_capability_nothing_is_said_of_it(two: Two) -> None:
    using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"]
    ((_, found, _), (kind, arguments, _)) = await two.web.jmap(("Mailbox/get", {}), ("Mailbox/get", {"properties": ["shareWith"]}), using=using)
    assert ([], []) == ([one for one in found["list"] if "shareWith" in one], [one for one in found["list"] if "mayShare" in one["myRights"]])
    assert ("error", "invalidArguments") == (kind, arguments["type"])


async def test_who_may_share_shares_and_who_may_not_sees_nothing_of_it(two: Two) -> None:
    team, bob, carl = await two.box("Team"), "p" + two.web.accounts["bob"][1:], await two.store.directory.account_add("carl@example.test", argon2="x", scram=None)
    her = {"shareWith": {to_wire("p", carl.account_id): {"mayReadItems": True}}}
    await two.give(team, ALL & ~Right.SHARE)
    refused, now = await two.ask(("Mailbox/set", {"update": {box_id(team): her}}), ("Mailbox/get", {}))
    assert ("forbidden", None) == (refused["notUpdated"][box_id(team)]["type"], now["list"][0]["shareWith"])
    await two.give(team, Right.READ | Right.SHARE)
    done, now = await two.ask(("Mailbox/set", {"update": {box_id(team): {f"shareWith/{to_wire('p', carl.account_id)}": {"mayReadItems": True}}}}), ("Mailbox/get", {}))
    assert {bob, to_wire("p", carl.account_id)} == set(now["list"][0]["shareWith"])
    assert {box_id(team): None} == done["updated"]
    carls = f"shareWith/{to_wire('p', carl.account_id)}"
    for grantee in (carls, f"shareWith/{bob}"):
        (more,) = await two.ask(("Mailbox/set", {"update": {box_id(team): {grantee: {"mayReadItems": True, "mayDelete": True}}}}))
        assert "forbidden" == more["notUpdated"][box_id(team)]["type"], "nobody gives a right that they do not have"
    await two.ask(("Mailbox/set", {"update": {box_id(team): {f"{carls}/mayAddItems": True}}}), who="alice")
    (kept,) = await two.ask(("Mailbox/set", {"update": {box_id(team): {carls: {"mayReadItems": True, "mayAddItems": True}}}}))
    assert {box_id(team): None} == kept["updated"], "what one has already one may keep"
    broken, deep = await two.ask(
        ("Mailbox/set", {"update": {box_id(team): {"shareWith": {}, carls: None}}}), ("Mailbox/set", {"update": {box_id(team): {f"shareWith/{bob}/mayReadItems/x": True}}}))
    assert ["invalidPatch"] * 2 == [one["notUpdated"][box_id(team)]["type"] for one in (broken, deep)]


# ------------------------------------------------------------------------------------------------- pushes
async def _events(two: Two, who: str = "bob") -> Any:
    return await two.web.client.get(two.web.base + "/jmap/events?types=*&closeafter=no&ping=0", headers={"Authorization": two.web.authorization(who)})


async def _told(response: Any, account: str, kind: str) -> dict[str, Any]:
    """The next states in which a type of an account is named."""
    while True:
        line = (await asyncio.wait_for(response.content.readline(), 20)).decode()
        if line.startswith("data: ") and kind in (changed := json.loads(line[6:]).get("changed", {})).get(account, {}):
            return dict(changed)


async def test_pushes_of_what_is_shared_begin_and_end_with_it(two: Two) -> None:
    inbox, team, hers = await two.box("INBOX"), await two.box("Team"), two.web.accounts["alice"]
    stream = await _events(two)
    await two.web.ask("POST", "/jmap", who="bob", headers={"Content-Type": "application/json"}, data=json.dumps({"using": USING, "methodCalls": []}))
    bob = AccountId(two.bob)
    (boxes,) = await two.ask(("Mailbox/get", {"ids": []}), who="alice")
    done = await two.ask(("Mailbox/set", {"update": {box_id(team): {"shareWith": {to_wire("p", bob): {"mayReadItems": True}}}}}), who="alice")
    assert done[0]["updated"]
    await _told(stream, hers, "Email")
    await two.put(inbox, SECRET)
    email = await two.put(team)
    changed = await _told(stream, hers, "Email")
    (got,) = await two.ask(("Email/query", {}))
    assert (changed[hers]["Email"], [mail(email)]) == (got["queryState"], got["ids"]), "what went to the inbox was not told"
    await two.ask(("Mailbox/set", {"update": {box_id(team): {"shareWith": None}}}), who="alice")
    told = await _told(stream, two.web.accounts["bob"], "ShareNotification")
    assert hers not in told
    await two.put(team)
    await two.store.mail.append(two.bob, two.op(), (await two.store.mail.mailboxes(two.bob))[0].mailbox_id, [NewMessage(b"a: b\r\n\r\n")])
    assert [two.web.accounts["bob"]] == list(await _told(stream, two.web.accounts["bob"], "Email"))
    stream.close()
    del boxes


async def test_a_websocket_tells_what_is_shared_until_it_is_not(two: Two) -> None:
    team, hers = await two.box("Team"), two.web.accounts["alice"]
    await two.give(team, Right.READ)
    headers = {"Authorization": two.web.authorization("bob")}
    async with two.web.client.ws_connect(two.web.base + "/jmap/ws", headers=headers, protocols=("jmap",)) as socket, asyncio.timeout(20):
        await socket.send_str(json.dumps({"@type": "WebSocketPushEnable", "dataTypes": ["Email"], "pushState": "1-1"}))
        assert [hers] == list(json.loads(await socket.receive_str())["changed"]), "one's own has not moved since"
        await two.put(team)
        told = json.loads(await socket.receive_str())["changed"]
        (got,) = await two.ask(("Email/query", {}))
        assert {hers: {"Email": got["queryState"]}} == told
        await two.give(team, NONE)
        await two.put(team)
        await two.store.mail.append(two.bob, two.op(), (await two.store.mail.mailboxes(two.bob))[0].mailbox_id, [NewMessage(b"a: b\r\n\r\n")])
        assert [two.web.accounts["bob"]] == list(json.loads(await socket.receive_str())["changed"])


async def test_lists_of_mailboxes_are_mended_as_well(two: Two) -> None:
    one, two_ = await two.box("One"), await two.box("Two")
    await two.give(one, Right.READ)
    (before,) = await two.ask(("Mailbox/query", {"sort": [{"property": "name"}]}))
    known = list(before["ids"])
    await two.give(two_, Right.READ)
    await two.give(one, NONE)
    await two.give(one, Right.READ)
    told, now = await two.ask(
        ("Mailbox/queryChanges", {"sinceQueryState": before["queryState"], "sort": [{"property": "name"}]}), ("Mailbox/query", {"sort": [{"property": "name"}]}))
    known = [ident for ident in known if ident not in told["removed"]]
    for added in told["added"]:
        known.insert(added["index"], added["id"])
    assert now["ids"] == known == [box_id(one), box_id(two_)]
