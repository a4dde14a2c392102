"""MDN/send and MDN/parse (RFC 9007)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.harness.http import USING, Web, web_server
from tests.harness.tasks import at_one_moment

from mailstead.mime.disposition import Notification, report
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId, DeliveryId, from_wire, to_wire
from mailstead.model.message import Filing

ALL = [*USING, "urn:ietf:params:jmap:mdn"]
SAID = {"actionMode": "manual-action", "sendingMode": "mdn-sent-manually", "type": "displayed"}
ASKING = (
    b"Return-Path: <bob@example.test>\r\nFrom: bob@example.test\r\nTo: alice@example.test\r\nSubject: please read\r\nMessage-ID: <7@x>\r\n"
    b"Disposition-Notification-To: Bob <bob@example.test>\r\n\r\nbody\r\n")


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Web]:
    async with web_server(tmp_path) as found:
        yield found


async def deliver(web: Web, octets: bytes = ASKING, number: int = 1) -> str:
    account = from_wire("a", web.accounts["alice"])
    assert account is not None
    filed = await web.store.mail.deliver(AccountId(account), Filing(DeliveryId(number.to_bytes(16)), octets, b""))
    return to_wire("e", filed.email_id)


async def send(web: Web, email: str, patch: Any = None, **more: Any) -> list[tuple[str, Any, str]]:
    ((_, identities, _),) = await web.jmap(("Identity/get", {}))
    return await web.jmap(("MDN/send", {
        "identityId": identities["list"][0]["id"], "send": {"k": {"forEmailId": email, "disposition": SAID, **more}},
        "onSuccessUpdateEmail": {"#k": {"keywords/$mdnsent": True} if patch is None else patch},
    }), using=ALL)  # fmt: skip


async def test_a_notice_is_sent_once_and_says_what_was_read(web: Web) -> None:
    email = await deliver(web)
    (_, done, _), (name, updated, _) = await send(web, email, includeOriginalMessage=True, extensionFields={"X-A": "b"})
    text = done["sent"]["k"].pop("textBody")
    assert "displayed" in text
    assert {  # RFC 9007 §2.1: what the client has not set
        "finalRecipient": "rfc822; alice@example.test", "originalMessageId": "<7@x>", "originalRecipient": None, "subject": "Read: please read",
        "reportingUA": None, "mdnGateway": None, "error": None,
    } == done["sent"]["k"]  # fmt: skip
    assert ("Email/set", {email: None}) == (name, updated["updated"])
    (_, found, _), (_, all_of, _) = await web.jmap(("Email/get", {"ids": [email], "properties": ["keywords"]}), ("EmailSubmission/get", {}))
    assert {"$mdnsent": True} == found["list"][0]["keywords"]
    (one,) = all_of["list"]
    assert ("", ["bob@example.test"]) == (one["envelope"]["mailFrom"]["email"], [to["email"] for to in one["envelope"]["rcptTo"]])
    ((_, again, _),) = await send(web, email)
    assert "mdnAlreadySent" == again["notSent"]["k"]["type"]


async def test_what_cannot_be_sent(web: Web) -> None:
    email = await deliver(web)
    await web.store.directory.alias_add("eve@example.test", "bob@example.test")
    silent = await deliver(web, ASKING.replace(b"Disposition-Notification-To", b"X"), 2)
    elsewhere = await deliver(web, ASKING.replace(b"<bob@example.test>\r\n\r\n", b"<eve@example.test>\r\n\r\n"), 3)
    large = await deliver(web, ASKING + b"x" * (1 << 20), 9)
    automatic = {"actionMode": "automatic-action", "sendingMode": "mdn-sent-automatically", "type": "displayed"}
    for kind, given in (
        ("notFound", {"email": silent}), ("notFound", {"email": "e1"}), ("invalidProperties", {"patch": {}}),
        ("invalidProperties", {"patch": {"keywords": True}}), ("invalidProperties", {"patch": {"keywords": ["$mdnsent"]}}), ("invalidProperties", {"disposition": {}}), ("invalidProperties", {"disposition": {**SAID, "type": "Displayed"}}),
        ("invalidProperties", {"originalMessageId": "<x>"}), ("invalidProperties", {"strange": 1}), ("invalidProperties", {"textBody": 1}),
        ("invalidProperties", {"extensionFields": {"a b": "c"}}), ("forbidden", {"email": elsewhere, "disposition": automatic}),
        ("forbiddenFrom", {"finalRecipient": "rfc822; bob@example.test"}), ("forbiddenFrom", {"finalRecipient": "bob@example.test"}),
        ("forbiddenFrom", {"finalRecipient": "x400; alice@example.test"}), ("tooLarge", {"email": large, "includeOriginalMessage": True}),
    ):
        ((_, done, _),) = await send(web, **{"email": email, **given})  # type: ignore[arg-type]
        assert kind == done["notSent"]["k"]["type"], given
    (_, done, _), _ = await send(web, email, disposition=automatic)
    assert done["notSent"] is None
    (_, done, _), _ = await send(web, elsewhere)
    assert done["notSent"] is None


async def test_a_final_recipient_of_ones_own_may_be_named(web: Web) -> None:
    """RFC 9007 §2 and §5."""
    await web.store.directory.alias_add("eve@example.test", "alice@example.test")
    for number, given in enumerate(("rfc822; eve@example.test", "eve@example.test")):
        (_, done, _), _ = await send(web, await deliver(web, number=number + 10), finalRecipient=given)
        assert done["notSent"] is None
        assert "rfc822; eve@example.test" == done["sent"]["k"].get("finalRecipient", given)


async def test_an_author_is_told_once_whatever_a_call_asks(web: Web) -> None:
    email, other = await deliver(web), await deliver(web, number=2)
    ((_, identities, _),) = await web.jmap(("Identity/get", {}))
    one = {"forEmailId": email, "disposition": SAID}
    (_, done, _), _ = await web.jmap(("MDN/send", {
        "identityId": identities["list"][0]["id"], "send": {"a": one, "b": one}, "onSuccessUpdateEmail": {name: {"keywords/$mdnsent": True} for name in ("#a", "#b")},
    }), using=ALL)  # fmt: skip
    assert (["a"], {"b": "mdnAlreadySent"}) == (list(done["sent"]), {name: error["type"] for name, error in done["notSent"].items()})
    # What else the client wishes for cannot be done: the notice has left, so the email is marked.
    (_, done, _), (_, failed, _) = await send(web, other, {"keywords/$mdnsent": True, "mailboxIds/m1": True})
    assert [other] == list(failed["notUpdated"])
    ((_, found, _),) = await web.jmap(("Email/get", {"ids": [other], "properties": ["keywords"]}))
    assert {"$mdnsent": True} == found["list"][0]["keywords"]
    ((_, again, _),) = await send(web, other)
    assert "mdnAlreadySent" == again["notSent"]["k"]["type"]


async def test_of_many_that_would_answer_at_one_moment_one_does(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    email = await deliver(web)
    at_one_moment(monkeypatch, web.store.submissions, "submit", 4)
    told = await asyncio.gather(*(send(web, email) for _ in range(4)))
    assert ["mdnAlreadySent"] * 3 == [error["type"] for found in told for error in (found[0][1]["notSent"] or {}).values()]
    ((_, all_of, _),) = await web.jmap(("EmailSubmission/get", {}))
    assert 1 == len(all_of["list"])


async def test_a_receipt_that_no_way_leads_to_says_so_by_a_word(web: Web) -> None:
    email = await deliver(web, ASKING.replace(b"bob@example.test", b"bob@elsewhere.test"), 3)
    ((_, done, _),) = await send(web, email)
    assert ("forbidden", "noWayOut") == (done["notSent"]["k"]["type"], done["notSent"]["k"]["reason"])


async def test_what_could_not_be_sent_leaves_no_mark(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: Any, **__: Any) -> None:
        raise Refusal(Reason.OVER_QUOTA, "full")

    email = await deliver(web)
    with monkeypatch.context() as patched:
        patched.setattr(type(web.store.submissions), "submit", full)
        ((_, done, _),) = await send(web, email)
    assert "overQuota" == done["notSent"]["k"]["type"]
    (_, done, _), _ = await send(web, email)
    assert ["k"] == list(done["sent"])


async def test_an_account_that_is_none_is_an_argument_that_is_wrong(web: Web) -> None:
    """RFC 9007 §2.1 and §2.2; elsewhere it has an error of its own (RFC 8620 §3.6.2)."""
    for kind, method in (("invalidArguments", "MDN/send"), ("invalidArguments", "MDN/parse"), ("accountNotFound", "Email/get")):
        ((name, error, _),) = await web.jmap((method, {"accountId": "a0nobody"}), using=ALL)
        assert ("error", kind) == (name, error["type"])


async def test_a_notice_is_read_and_never_answered(web: Web) -> None:
    note = Notification(("manual-action", "mdn-sent-manually", "displayed"), "rfc822; alice@example.test", message_id="<7@x>", errors=("e",))
    octets = b"From: a@b\r\nSubject: was read\r\n" + report(note, "thanks", None, "=_b")
    answer = await web.ask("POST", f"/jmap/upload/{web.accounts['alice']}/", headers={"Content-Type": "message/rfc822"}, data=octets)
    blob = answer.json()["blobId"]
    other = (await web.ask("POST", f"/jmap/upload/{web.accounts['alice']}/", data=ASKING)).json()["blobId"]
    ((_, found, _),) = await web.jmap(("MDN/parse", {"blobIds": [blob, other, "nope"]}), using=ALL)
    assert ([other], ["nope"]) == (found["notParsable"], found["notFound"])
    one = found["parsed"][blob]
    assert (SAID, "was read", "<7@x>", "rfc822; alice@example.test", ["e"], False) == (
        one["disposition"], one["subject"], one["originalMessageId"], one["finalRecipient"], one["error"], one["includeOriginalMessage"])
    assert "thanks" == one["textBody"].strip()
    notice = await deliver(web, octets.replace(b"Subject", b"Disposition-Notification-To: bob@example.test\r\nSubject"), 4)
    ((_, done, _),) = await send(web, notice)
    assert "forbidden" == done["notSent"]["k"]["type"]
