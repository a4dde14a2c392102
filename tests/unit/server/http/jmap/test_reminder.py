"""Reminder methods, and what the server does at its time."""

from datetime import timedelta
from typing import Any

import pytest
from tests.harness.jmap_mail import Jmap

from mailstead.server.http.jmap.reminder import duration, duration_ms

AT = "2026-11-25T14:00:00Z"
SENT = {"from": [{"email": "a@example.test"}], "to": [{"email": "bob@other.test"}], "subject": "offer", "messageId": ["offer@example.test"]}


def answer(author: str = "bob@other.test", more: str = "") -> bytes:
    return (f"From: {author}\r\nTo: a@example.test\r\nSubject: Re: offer\r\nMessage-ID: <{author}{len(more)}>\r\nIn-Reply-To: <offer@example.test>\r\n"
            f"{more}\r\nyes\r\n").encode()


async def remind(jmap: Jmap, email: str, **values: Any) -> str:
    found = await jmap.call("Reminder/set", create={"x": {"emailId": email, "at": AT, **values}})
    assert found["notCreated"] is None, found["notCreated"]
    return str(found["created"]["x"]["id"])


async def one(jmap: Jmap, ident: str) -> dict[str, Any]:
    (found,) = (await jmap.call("Reminder/get", ids=[ident]))["list"]
    return dict(found)


async def test_it_fires_at_its_time_once(jmap: Jmap) -> None:
    email = await jmap.draft(subject="call back")
    ident = await remind(jmap, email)
    state = (await jmap.call("Reminder/get"))["state"]
    due = jmap.shared.now() + timedelta(hours=2)
    assert 0 == await jmap.wake(due - timedelta(seconds=1))
    assert 1 == await jmap.wake(due + timedelta(days=3))
    found = await one(jmap, ident)
    assert ("fired", "2026-11-28T14:00:00Z", email) == (found["state"], found["firedAt"], found["emailId"])
    assert [ident] == (await jmap.call("Reminder/changes", sinceState=state))["updated"]
    assert {"$new": True} == (await jmap.one(email, "keywords"))["keywords"]
    assert 0 == await jmap.wake(due + timedelta(days=9))
    await jmap.call("Reminder/set", update={ident: {"at": "2026-12-24T00:00:00Z"}})
    assert "armed" == (await one(jmap, ident))["state"]
    await jmap.call("Reminder/set", update={ident: {"state": "done"}})
    assert 0 == await jmap.wake(due + timedelta(days=90))


async def test_it_is_said_again_until_it_is_done(jmap: Jmap) -> None:
    email = await jmap.draft(subject="tax")
    ident = await remind(jmap, email, repeat=["PT1H", "P1D"], keepVisible=False)
    await jmap.call("Email/set", update={email: {"mailboxIds": {await jmap.box("archive"): True}}})
    due = jmap.shared.now() + timedelta(hours=2)
    assert 1 == await jmap.wake(due)
    assert ["P1D"] == (await one(jmap, ident))["repeat"]
    assert {await jmap.box(), await jmap.box("archive")} == set((await jmap.one(email, "mailboxIds"))["mailboxIds"])
    assert 1 == await jmap.wake(due + timedelta(hours=1))
    await jmap.call("Reminder/set", update={ident: {"keepVisible": True}})
    assert 0 == await jmap.wake(due + timedelta(hours=2))
    assert 1 == await jmap.wake(due + timedelta(hours=26))
    assert ("2026-11-26T16:00:00Z", []) == ((await one(jmap, ident))["firedAt"], (await one(jmap, ident))["repeat"])


async def test_the_answer_ends_it(jmap: Jmap) -> None:
    email = await jmap.draft(**SENT)
    ident = await remind(jmap, email, kind="noReply")
    now = jmap.shared.now()
    await jmap.deliver(answer("a@example.test"))  # my own
    await jmap.deliver(answer(more="Auto-Submitted: auto-replied\r\n"))
    await jmap.deliver(b"Return-Path: <>\r\n" + answer(more="X: another\r\n"))  # what became of it is no answer
    assert await jmap.wake(now.replace(year=2027))
    assert "fired" == (await one(jmap, ident))["state"]
    again = await remind(jmap, email, kind="noReply", at="2030-01-01T00:00:00Z")
    await jmap.deliver(answer())
    assert await jmap.wake(now.replace(year=2028))
    assert ("cancelled", None) == ((await one(jmap, again))["state"], (await one(jmap, again))["firedAt"])
    assert 0 == await jmap.wake(now.replace(year=2031))


async def test_what_cannot_be_is_refused(jmap: Jmap) -> None:
    email = await jmap.draft(subject="x")
    for bad, name in (
        ({"emailId": "e0"}, "emailId"), ({"at": "soon"}, "at"), ({"kind": "never"}, "kind"), ({"state": "fired"}, "state"), ({"repeat": ["P1Y"]}, "repeat"),
        ({"firedAt": AT}, "firedAt"), ({"threadId": "h0"}, "threadId"),
    ):
        done = await jmap.call("Reminder/set", create={"x": {"emailId": email, "at": AT, **bad}})
        assert [name] == done["notCreated"]["x"]["properties"], bad
    ident = await remind(jmap, email)
    for change in ({"state": "fired"}, {"emailId": "e1"}, {"kind": "noReply"}):
        assert "invalidProperties" == (await jmap.call("Reminder/set", update={ident: change}))["notUpdated"][ident]["type"]
    assert [ident] == (await jmap.call("Reminder/query", filter={"state": "armed", "before": "2027-01-01T00:00:00Z"}))["ids"]


@pytest.mark.parametrize(("text", "ms"), [("P1D", 86_400_000), ("PT1H", 3_600_000), ("P1DT2H3M", 93_780_000), ("P2W", 1_209_600_000), ("PT5M", 300_000)])
def test_durations_are_read(text: str, ms: int) -> None:
    assert ms == duration_ms(text) == duration_ms(duration(ms))


@pytest.mark.parametrize("text", ["", "P", "PT", "P1Y", "PT0M", "1D", "PT99999999999H", "PT1S"])
def test_what_is_no_duration(text: str) -> None:
    assert duration_ms(text) is None
