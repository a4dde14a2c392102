"""Sending by JMAP: envelope, hold and undo, what follows, errors, changes (RFC 8621 §7)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.harness.http import Web, web_server
from tests.harness.tasks import at_one_moment

from mailstead.model.errors import Unavailable
from mailstead.model.ids import DeliveryId
from mailstead.model.mailbox import INBOX
from mailstead.model.message import Filing

HELD = {"mailFrom": {"email": "alice@example.test", "parameters": {"HOLDFOR": "3600"}}, "rcptTo": [{"email": "bob@example.test"}]}


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Web]:
    async with web_server(tmp_path) as found:
        yield found


async def draft(web: Web, **more: Any) -> tuple[str, str, str]:
    """(email, identity, drafts mailbox)."""
    (_, boxes, _), (_, identities, _) = await web.jmap(("Mailbox/get", {}), ("Identity/get", {}))
    drafts = next(one["id"] for one in boxes["list"] if one["role"] == "drafts")
    given = {
        "mailboxIds": {drafts: True}, "keywords": {"$draft": True}, "from": [{"email": "alice@example.test"}],
        "to": [{"email": "bob@example.test"}], "subject": "hi", "bodyStructure": {"partId": "1", "type": "text/plain"},
        "bodyValues": {"1": {"value": "hello"}}, **more,
    }
    ((_, made, _),) = await web.jmap(("Email/set", {"create": {"d": given}}))
    assert made["created"], made
    return made["created"]["d"]["id"], identities["list"][0]["id"], drafts


async def sent(web: Web, email: str, identity: str, **more: Any) -> Any:
    found = await web.jmap(("EmailSubmission/set", {"create": {"s": {"emailId": email, "identityId": identity, **more}}}))
    return found[0][1]


async def test_the_envelope_is_made_of_the_header(web: Web) -> None:
    email, identity, _ = await draft(web, cc=[{"email": "alice@example.test"}], bcc=[{"email": "bob@example.test"}])
    done = await sent(web, email, identity)
    ident = done["created"]["s"]["id"]
    ((_, found, _),) = await web.jmap(("EmailSubmission/get", {"ids": [ident]}))
    one = found["list"][0]
    assert "alice@example.test" == one["envelope"]["mailFrom"]["email"]
    assert ["bob@example.test", "alice@example.test"] == [each["email"] for each in one["envelope"]["rcptTo"]]
    assert (email, identity) == (one["emailId"], one["identityId"])
    assert {"queued", "yes"} >= {each["delivered"] for each in one["deliveryStatus"].values()}


async def test_a_held_message_is_called_back_and_only_once(web: Web) -> None:
    email, identity, drafts = await draft(web)
    (_, boxes, _), = await web.jmap(("Mailbox/get", {}))  # fmt: skip
    out = next(one["id"] for one in boxes["list"] if one["role"] == "sent")
    found = await web.jmap(("EmailSubmission/set", {
        "create": {"s": {"emailId": email, "identityId": identity, "envelope": HELD}},
        "onSuccessUpdateEmail": {"#s": {f"mailboxIds/{drafts}": None, f"mailboxIds/{out}": True, "keywords/$draft": None}},
    }))
    assert ["EmailSubmission/set", "Email/set"] == [name for name, _, _ in found]
    ident = found[0][1]["created"]["s"]["id"]
    assert {email: None} == found[1][1]["updated"]
    (_, seen, _), (_, moved, _) = await web.jmap(
        ("EmailSubmission/get", {"ids": [ident], "properties": ["undoStatus", "sendAt"]}), ("Email/get", {"ids": [email], "properties": ["mailboxIds", "keywords"]}))
    assert "pending" == seen["list"][0]["undoStatus"]
    assert ({out: True}, {}) == (moved["list"][0]["mailboxIds"], moved["list"][0]["keywords"])
    done, _, again = [one for _, one, _ in await web.jmap(
        ("EmailSubmission/set", {"update": {ident: {"undoStatus": "canceled"}}, "onSuccessUpdateEmail": {ident: {"keywords/$draft": True}}}),
        ("EmailSubmission/get", {"ids": [ident]}),
    )]  # fmt: skip
    assert {ident: None} == done["updated"]
    assert ("canceled", None) == (again["list"][0]["undoStatus"], again["list"][0]["deliveryStatus"])


@pytest.mark.parametrize(("change", "kind"), [
    ({"emailId": "enope"}, "invalidProperties"), ({"identityId": "nope"}, "invalidProperties"), ({"more": 1}, "invalidProperties"),
    ({"envelope": {"mailFrom": {"email": "bob@example.test"}, "rcptTo": [{"email": "bob@example.test"}]}}, "forbiddenMailFrom"),
    ({"envelope": {"mailFrom": {"email": "alice@example.test"}, "rcptTo": []}}, "noRecipients"),
    ({"envelope": {"mailFrom": {"email": "alice@example.test"}, "rcptTo": [{"email": "nobody@example.test"}]}}, "invalidRecipients"),
    ({"envelope": {"mailFrom": {"email": "alice@example.test"}, "rcptTo": [{"email": "a@elsewhere.test"}]}}, "invalidRecipients"),
    ({"envelope": {"mailFrom": {"email": "alice@example.test"}, "rcptTo": [{"email": "no address\r\nRCPT TO:<x@y.test>"}]}}, "invalidRecipients"),
    ({"envelope": {"mailFrom": {"email": "alice@example.test", "parameters": {"HOLDUNTIL": "1893456000"}}, "rcptTo": [{"email": "bob@example.test"}]}}, "invalidProperties"),
    ({"envelope": {"mailFrom": {"email": "alice@example.test", "parameters": {"HOLDFOR": "99999999999"}}, "rcptTo": [{"email": "bob@example.test"}]}}, "invalidProperties"),
    ({"envelope": {"mailFrom": {"email": "alice@example.test", "parameters": {"X": "1"}}, "rcptTo": [{"email": "bob@example.test"}]}}, "invalidProperties"),
    *(({"envelope": {"mailFrom": {"email": "alice@example.test", "parameters": bad}, "rcptTo": [{"email": "bob@example.test"}]}}, "invalidProperties")
      for bad in ({"RET": "ALL"}, {"ENVID": "ä"}, {"ENVID": "a\r\nb"}, {"ENVID": ""}, {"RET": None})),
    *(({"envelope": {"mailFrom": {"email": "alice@example.test"}, "rcptTo": [{"email": "bob@example.test", "parameters": bad}]}}, "invalidProperties")
      for bad in ({"NOTIFY": "ALWAYS"}, {"NOTIFY": "NEVER,DELAY"}, {"ORCPT": "bob"}, {"ORCPT": "rfc822;a\r\nb"}, {"X": "1"})),
    ({"envelope": []}, "invalidProperties"),
    ({"envelope": {"mailFrom": {"email": "alice@example.test"}, "rcptTo": [{"email": f"u{n}@example.test"} for n in range(1_001)]}}, "tooManyRecipients"),
])  # fmt: skip
async def test_what_is_not_sent(web: Web, change: dict[str, Any], kind: str) -> None:
    email, identity, _ = await draft(web)
    done = await sent(web, **{"email": email, "identity": identity, **{k: v for k, v in change.items() if k not in {"emailId", "identityId"}},
                              **({"email": change["emailId"]} if "emailId" in change else {}),
                              **({"identity": change["identityId"]} if "identityId" in change else {})})  # fmt: skip
    assert kind == done["notCreated"]["s"]["type"], done
    assert None is done["created"]


async def test_nobody_writes_in_anothers_name(web: Web) -> None:
    email, identity, _ = await draft(web, **{"from": [{"email": "bob@example.test"}]})
    done = await sent(web, email, identity)
    assert "forbiddenFrom" == done["notCreated"]["s"]["type"]


async def test_a_message_is_from_its_identity(web: Web) -> None:
    """RFC 8621 §9.6."""
    await web.store.directory.alias_add("sales@example.test", "alice@example.test")
    ((_, identities, _),) = await web.jmap(("Identity/get", {}))
    of = {one["email"]: one["id"] for one in identities["list"]}
    email, _, _ = await draft(web, **{"from": [{"email": "Alice+lists@Example.Test"}]})
    assert "forbiddenFrom" == (await sent(web, email, of["sales@example.test"]))["notCreated"]["s"]["type"]
    assert (await sent(web, email, of["alice@example.test"]))["created"]


async def test_the_sender_is_one(web: Web) -> None:
    """RFC 8621 §7: where no envelope says it, Sender does, else From, and else the identity."""
    await web.store.directory.alias_add("sales@example.test", "alice@example.test")
    two = [{"email": "alice@example.test"}, {"email": "alice+b@example.test"}]
    email, identity, _ = await draft(web, **{"from": two})
    done = await sent(web, email, identity)
    assert ("invalidEmail", ["from"]) == (done["notCreated"]["s"]["type"], done["notCreated"]["s"]["properties"])
    for sender, path in (("alice+b@example.test", "alice+b@example.test"), ("sales@example.test", "alice@example.test")):
        email, identity, _ = await draft(web, **{"from": two, "sender": [{"email": sender}]})
        done = await sent(web, email, identity)
        assert path == done["created"]["s"]["envelope"]["mailFrom"]["email"]
    for name, value in (("from", []), ("sender", [{"email": "a"}])):
        email, identity, _ = await draft(web, **{name: value})
        done = await sent(web, email, identity)
        assert ("invalidEmail", [name]) == (done["notCreated"]["s"]["type"], done["notCreated"]["s"]["properties"])


async def test_what_is_too_large_to_be_sent(tmp_path: Path) -> None:
    async with web_server(tmp_path, message_octets=2_000) as web:
        _, identity, drafts = await draft(web)
        ((_, made, _),) = await web.jmap(("Email/set", {"create": {"d": {"mailboxIds": {drafts: True}, "subject": "x" * 2_000}}}))
        assert "tooLarge" == made["notCreated"]["d"]["type"]
        alice = await web.store.directory.account_by_address("alice@example.test")
        assert alice is not None
        octets = b"From: alice@example.test\r\nTo: bob@example.test\r\n\r\n" + b"x\r\n" * 1_000
        await web.store.mail.deliver(alice.account_id, Filing(DeliveryId(b"d" * 16), octets, b"", (INBOX,)))
        ((_, found, _),) = await web.jmap(("Email/query", {"filter": {"minSize": 2_000}}))
        done = await sent(web, found["ids"][0], identity)
        assert ("tooLarge", 2_000) == (done["notCreated"]["s"]["type"], done["notCreated"]["s"]["maxSize"])
        session = (await web.ask("GET", "/jmap/session")).json()
        assert 1_461 == session["accounts"][web.accounts["alice"]]["accountCapabilities"]["urn:ietf:params:jmap:mail"]["maxSizeAttachmentsPerEmail"]


async def test_what_is_asked_twice_from_one_state_is_sent_once(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 8620 §5.3: ``ifInState`` holds where the submission is taken in."""
    email, identity, _ = await draft(web)
    at_one_moment(monkeypatch, web.store.submissions, "submit", 3)
    ((_, before, _),) = await web.jmap(("EmailSubmission/get", {}))
    asked = {"ifInState": before["state"], "create": {name: {"emailId": email, "identityId": identity} for name in ("s", "t")}}
    told = await asyncio.gather(*(web.jmap(("EmailSubmission/set", asked)) for _ in range(3)))
    assert ["EmailSubmission/set", "error", "error"] == sorted(found[0][0] for found in told)
    assert ["stateMismatch"] * 2 == [found[0][1]["type"] for found in told if found[0][0] == "error"]
    ((_, after, _),) = await web.jmap(("EmailSubmission/get", {}))
    assert 2 == len(after["list"])


async def test_changes_tell_what_a_client_needs(web: Web) -> None:
    email, identity, _ = await draft(web)
    (_, first, _), (_, query, _) = await web.jmap(("EmailSubmission/get", {"ids": []}), ("EmailSubmission/query", {}))
    one = (await sent(web, email, identity, envelope=HELD))["created"]["s"]["id"]
    (_, found, _), (_, queried, _) = await web.jmap(
        ("EmailSubmission/changes", {"sinceState": first["state"]}), ("EmailSubmission/queryChanges", {"sinceQueryState": query["queryState"], "calculateTotal": True}))
    assert ([one], [], []) == (found["created"], found["updated"], found["destroyed"])
    assert ([{"id": one, "index": 0}], 1) == (queried["added"], queried["total"])
    await web.jmap(("EmailSubmission/set", {"update": {one: {"undoStatus": "canceled"}}}))
    ((_, more, _),) = await web.jmap(("EmailSubmission/changes", {"sinceState": found["newState"]}))
    assert [one] == more["updated"]
    ((_, gone, _),) = await web.jmap(("EmailSubmission/set", {"destroy": [one, "s0"]}))
    assert ([one], "notFound") == (gone["destroyed"], gone["notDestroyed"]["s0"]["type"])
    ((_, last, _),) = await web.jmap(("EmailSubmission/changes", {"sinceState": more["newState"]}))
    assert [one] == last["destroyed"]
    ((_, still, _),) = await web.jmap(("EmailSubmission/changes", {"sinceState": last["newState"]}))
    assert ([], [], []) == (still["created"], still["updated"], still["destroyed"])
    for state in ("x", "9-1", "1-1-1", "1-99999999", "1-1-1-1"):
        ((_, refused, _),) = await web.jmap(("EmailSubmission/changes", {"sinceState": state}))
        assert "cannotCalculateChanges" == refused["type"]


async def test_queries(web: Web) -> None:
    email, identity, _ = await draft(web)
    later = {**HELD, "mailFrom": {"email": "alice@example.test", "parameters": {"HOLDFOR": "7200"}}}
    first = (await sent(web, email, identity, envelope=HELD))["created"]["s"]["id"]
    second = (await sent(web, email, identity, envelope=later))["created"]["s"]["id"]
    await web.jmap(("EmailSubmission/set", {"update": {first: {"undoStatus": "canceled"}}}))
    found = await web.jmap(
        ("EmailSubmission/query", {}), ("EmailSubmission/query", {"sort": [{"property": "sentAt"}], "calculateTotal": True, "limit": 1}),
        ("EmailSubmission/query", {"filter": {"undoStatus": "pending"}}), ("EmailSubmission/query", {"filter": {"operator": "NOT", "conditions": [{"undoStatus": "pending"}]}}),
        ("EmailSubmission/query", {"filter": {"emailIds": [email], "after": "2000-01-01T00:00:00Z"}}), ("EmailSubmission/query", {"filter": {"x": 1}}),
        ("EmailSubmission/query", {"sort": [{"property": "x"}]}), ("EmailSubmission/query", {"anchor": second, "anchorOffset": 1}),
    )
    assert [second, first] == found[0][1]["ids"]
    assert ([first], 2) == (found[1][1]["ids"], found[1][1]["total"])
    assert ([second], [first], 2) == (found[2][1]["ids"], found[3][1]["ids"], len(found[4][1]["ids"]))
    assert ["unsupportedFilter", "unsupportedSort"] == [one["type"] for _, one, _ in found[5:7]]
    assert [first] == found[7][1]["ids"]


async def test_what_a_query_cannot_mean_is_said(web: Web) -> None:
    email, identity, _ = await draft(web)
    one = (await sent(web, email, identity, envelope=HELD))["created"]["s"]
    wrong: tuple[dict[str, Any], ...] = (
        {"filter": {"before": "yesterday"}}, {"filter": {"undoStatus": 3}}, {"filter": {"operator": "XOR", "conditions": []}}, {"filter": "x"},
        {"sort": ["emailId"]}, {"sort": [{"property": "emailId", "isAscending": "no"}]}, {"anchor": 5})
    for asked in wrong:
        ((name, found, _),) = await web.jmap(("EmailSubmission/query", asked))
        assert ("error", "invalidArguments") == (name, found["type"]), asked
    ((_, found, _),) = await web.jmap(("EmailSubmission/query", {"sort": [{"property": "emailId", "collation": "i;none"}]}))
    assert "unsupportedSort" == found["type"]
    fraction = one["sendAt"].replace("Z", ".000Z")
    for filter_, is_there in (({"emailIds": None}, True), ({"before": fraction}, False), ({"after": fraction}, True)):
        ((_, found, _),) = await web.jmap(("EmailSubmission/query", {"filter": filter_}))
        assert is_there == (one["id"] in found["ids"]), filter_


async def test_every_recipient_that_is_no_address_is_named(web: Web) -> None:
    """RFC 8621 §7.5: ``invalidRecipients`` lists all of them."""
    email, identity, _ = await draft(web)
    to = [{"email": address} for address in ("nobody", "a@", "bob@example.test", "@example.test")]
    found = await sent(web, email, identity, envelope={"mailFrom": {"email": "alice@example.test"}, "rcptTo": to})
    assert ["nobody", "a@", "@example.test"] == found["notCreated"]["s"]["invalidRecipients"]
    assert "noAddress" == found["notCreated"]["s"]["reason"]


@pytest.mark.parametrize(("address", "reason"), [("nobody@example.test", "noSuchMailbox"), ("far@elsewhere.test", "noWayOut")])
async def test_why_a_recipient_is_refused_has_a_word_of_its_own(web: Web, address: str, reason: str) -> None:
    """docs/reference/jmap-extensions.md: clients decide by ``reason``, not by words."""
    email, identity, _ = await draft(web)
    refused = (await sent(web, email, identity, envelope={"mailFrom": {"email": "alice@example.test"}, "rcptTo": [{"email": address}]}))["notCreated"]["s"]
    assert ("invalidRecipients", [address], reason) == (refused["type"], refused["invalidRecipients"], refused["reason"])
    other = (await sent(web, email, identity, envelope={"mailFrom": {"email": "bob@example.test"}, "rcptTo": [{"email": "bob@example.test"}]}))["notCreated"]["s"]
    assert "reason" not in other


async def test_a_message_without_an_author_is_not_sent(web: Web) -> None:
    email, identity, _ = await draft(web, **{"from": None})
    found = await sent(web, email, identity)
    assert ("invalidEmail", ["from"]) == (found["notCreated"]["s"]["type"], found["notCreated"]["s"]["properties"])


async def test_others_submissions_are_not_there(web: Web) -> None:
    email, identity, _ = await draft(web)
    ident = (await sent(web, email, identity, envelope=HELD))["created"]["s"]["id"]
    (_, found, _), (_, done, _) = await web.jmap(
        ("EmailSubmission/get", {"ids": [ident]}), ("EmailSubmission/set", {"update": {ident: {"undoStatus": "canceled"}}, "create": {"s": {"emailId": email, "identityId": identity}}}), who="bob")
    assert [ident] == found["notFound"]
    assert ("notFound", "invalidProperties") == (done["notUpdated"][ident]["type"], done["notCreated"]["s"]["type"])


async def test_of_a_field_that_is_there_twice_the_last_counts(web: Web) -> None:
    _, identity, drafts = await draft(web)
    octets = b"From: alice@example.test\r\nTo: nobody@example.test\r\nSubject: x\r\nTo: bob@example.test\r\n\r\nx\r\n"
    answer = await web.ask("POST", f"/jmap/upload/{web.accounts['alice']}/", headers={"Content-Type": "message/rfc822"}, data=octets)
    blob = answer.json()["blobId"]
    ((_, made, _),) = await web.jmap(("Email/import", {"emails": {"x": {"blobId": blob, "mailboxIds": {drafts: True}}}}))
    done = await sent(web, made["created"]["x"]["id"], identity)
    assert ["bob@example.test"] == [one["email"] for one in done["created"]["s"]["envelope"]["rcptTo"]]


async def test_an_envelope_is_shown_as_it_was_given(web: Web) -> None:
    """RFC 8621 §7: with the parameters, those that have no value as null, and can be sent back unchanged."""
    email, identity, _ = await draft(web)
    envelope = {
        "mailFrom": {"email": "alice@example.test", "parameters": {"HOLDFOR": "3600", "REQUIRETLS": None, "envid": "q1", "SIZE": "900", "BODY": "8BITMIME"}},
        "rcptTo": [{"email": "bob@example.test", "parameters": {"NOTIFY": "SUCCESS,FAILURE", "ORCPT": "rfc822;bob@example.test"}}],
    }
    ident = (await sent(web, email, identity, envelope=envelope))["created"]["s"]["id"]
    ((_, found, _),) = await web.jmap(("EmailSubmission/get", {"ids": [ident]}))
    assert envelope == found["list"][0]["envelope"]
    done, = [one for _, one, _ in await web.jmap(("EmailSubmission/set", {"update": {ident: {**found["list"][0], "undoStatus": "canceled"}}}))]  # fmt: skip
    assert {ident: None} == done["updated"]
    for strange in ({"SIZE": 5}, {"BODY": ["x"]}, {"SMTPUTF8": "x" * 200}):
        bad = {**envelope, "mailFrom": {"email": "alice@example.test", "parameters": strange}}
        assert "invalidProperties" == (await sent(web, email, identity, envelope=bad))["notCreated"]["s"]["type"], strange


async def test_an_address_with_its_domain_in_capitals_is_the_same(web: Web) -> None:
    email, identity, _ = await draft(web, cc=[{"email": "bob@EXAMPLE.test"}], bcc=[{"email": "bob@Example.Test"}])
    done = await sent(web, email, identity)
    assert ["bob@example.test"] == [one["email"] for one in done["created"]["s"]["envelope"]["rcptTo"]]


async def test_what_was_sent_is_told_where_the_email_cannot_become_what_is_wished(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """The implicit ``Email/set`` fails for itself (RFC 8621 §7.5): a client that saw an error for the whole would send once more."""
    email, identity, _ = await draft(web)

    async def set_(*_: Any, **__: Any) -> None:
        raise Unavailable("not now")

    monkeypatch.setattr(type(web.store.emails), "set", set_)
    (first, done, tag), (second, failed, again) = await web.jmap(("EmailSubmission/set", {
        "create": {"s": {"emailId": email, "identityId": identity}}, "onSuccessUpdateEmail": {"#s": {"keywords/$draft": None}}}))
    assert ("EmailSubmission/set", "error", "serverUnavailable", tag) == (first, second, failed["type"], again)
    assert done["created"]["s"]["id"]
