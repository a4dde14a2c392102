"""``Email.snoozed``: away until its time, and back."""

from datetime import timedelta
from typing import Any

import pytest
from tests.harness.jmap_mail import Jmap

from mailstead.model.errors import Refusal


async def test_it_goes_and_comes_back_marked_as_new(jmap: Jmap) -> None:
    ident = await jmap.draft(subject="later", keywords={"$seen": True})
    state = (await jmap.call("Email/get", ids=[]))["state"]
    until = jmap.shared.now() + timedelta(hours=2)
    done = await jmap.call("Email/set", update={ident: {"snoozed": {
        "until": "2026-11-25T14:00:00Z", "setKeywords": {"$seen": False, "waited": True}}}})
    assert {ident: None} == done["updated"]
    one = await jmap.one(ident, "mailboxIds", "snoozed")
    assert {"until": "2026-11-25T14:00:00Z", "moveToMailboxId": None, "setKeywords": {"waited": True, "$seen": False}} == one["snoozed"]
    assert [await jmap.box("snoozed")] == list(one["mailboxIds"])
    assert [ident] == (await jmap.call("Email/changes", sinceState=state))["updated"]
    assert 0 == await jmap.wake(until - timedelta(seconds=1))
    assert 1 == await jmap.wake(until)
    one = await jmap.one(ident, "mailboxIds", "snoozed", "keywords")
    assert ([await jmap.box()], None, {"$new": True, "waited": True}) == (list(one["mailboxIds"]), one["snoozed"], one["keywords"])
    assert 0 == await jmap.wake(until + timedelta(days=1))


async def test_it_comes_back_where_it_was_to_go_or_to_the_inbox(jmap: Jmap) -> None:
    box = await jmap.make_box("projects")
    gone = await jmap.make_box("gone")
    there, lost = await jmap.draft(subject="a"), await jmap.draft(subject="b")
    for ident, target in ((there, box), (lost, gone)):
        done = await jmap.call("Email/set", update={ident: {"snoozed": {"until": "2026-11-25T14:00:00Z", "moveToMailboxId": target}}})
        assert done["notUpdated"] is None
    await jmap.call("Mailbox/set", destroy=[gone])
    assert 2 == await jmap.wake(jmap.shared.now() + timedelta(days=30))
    assert [box] == list((await jmap.one(there, "mailboxIds"))["mailboxIds"])
    assert [await jmap.box()] == list((await jmap.one(lost, "mailboxIds"))["mailboxIds"])


async def test_who_takes_it_out_wakes_it(jmap: Jmap) -> None:
    ident, other = await jmap.draft(subject="a"), await jmap.draft(subject="b")
    for one in (ident, other):
        await jmap.call("Email/set", update={one: {"snoozed": {"until": "2026-11-25T14:00:00Z"}}})
    archive = await jmap.box("archive")
    await jmap.call("Email/set", update={ident: {"mailboxIds": {archive: True}}, other: {"snoozed": None}})
    assert (await jmap.one(ident, "snoozed"))["snoozed"] is None
    assert [await jmap.box()] == list((await jmap.one(other, "mailboxIds"))["mailboxIds"])
    assert 1 == await jmap.wake(jmap.shared.now() + timedelta(days=1))
    assert [archive] == list((await jmap.one(ident, "mailboxIds"))["mailboxIds"])
    assert {} == (await jmap.one(ident, "keywords"))["keywords"]


async def test_what_cannot_be_is_refused(jmap: Jmap) -> None:
    ident = await jmap.draft(subject="a")
    inbox = await jmap.box()
    wrong: tuple[Any, ...] = (
        {"until": "2020-01-01T00:00:00Z"}, {"until": "soon"}, {}, [], {"until": "2026-12-01T00:00:00Z", "moveToMailboxId": "m0"},
        {"until": "2026-12-01T00:00:00Z", "setKeywords": {"a b": True}}, {"until": "2026-12-01T00:00:00Z", "x": 1},
    )
    for bad in wrong:
        done = await jmap.call("Email/set", update={ident: {"snoozed": bad}})
        assert ("invalidProperties", ["snoozed"]) == (done["notUpdated"][ident]["type"], done["notUpdated"][ident]["properties"]), bad
    done = await jmap.call("Email/set", update={ident: {"snoozed": {"until": "2026-12-01T00:00:00Z"}, "mailboxIds": {inbox: True}}})
    assert "invalidProperties" == done["notUpdated"][ident]["type"]
    assert [inbox] == list((await jmap.one(ident, "mailboxIds"))["mailboxIds"])


async def test_a_suspended_account_sleeps_on(jmap: Jmap) -> None:
    ident = await jmap.draft(subject="a")
    await jmap.call("Email/set", update={ident: {"snoozed": {"until": "2026-11-25T14:00:00Z"}}})
    await jmap.store.directory.account_set(jmap.account, state="suspended")
    with pytest.raises(Refusal):
        await jmap.draft(subject="b")
    late = jmap.shared.now() + timedelta(days=1)
    assert 1 == await jmap.wake(late)
    await jmap.store.directory.account_set(jmap.account, state="active")
    assert 1 == await jmap.wake(late + timedelta(hours=2))
    assert [await jmap.box()] == list((await jmap.one(ident, "mailboxIds"))["mailboxIds"])
