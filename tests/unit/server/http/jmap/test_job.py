"""Job and Undo: bulk changes, whole and taken back."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from tests.harness.jmap_mail import Jmap
from tests.harness.tasks import at_one_moment

from mailstead.model import limits
from mailstead.model.errors import Unavailable
from mailstead.server.http.jmap.standard import MethodError
from mailstead.store.mail import job_step


async def start(jmap: Jmap, **values: Any) -> dict[str, Any]:
    found = await jmap.call("Job/set", create={"x": values})
    assert found["notCreated"] is None, found["notCreated"]
    return dict(found["created"]["x"])


async def run(jmap: Jmap) -> None:
    await jmap.wake(jmap.shared.now().replace(year=2100))


async def look(jmap: Jmap, ident: str) -> dict[str, Any]:
    (found,) = (await jmap.call("Job/get", ids=[ident]))["list"]
    return dict(found)


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "JOB_STEP", 3)


async def some(jmap: Jmap, count: int = 8) -> list[str]:
    return [await jmap.draft(subject=f"letter {number}", keywords={"$flagged": True} if number % 2 else {}) for number in range(count)]


async def test_what_is_asked_twice_from_one_state_is_one_job(jmap: Jmap, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 8620 §5.3: ``ifInState`` holds where the job is made."""
    emails = await some(jmap, 2)
    at = (await jmap.call("Job/get"))["state"]
    at_one_moment(monkeypatch, jmap.shared.jobs, "make", 2)
    asked = {name: {"emailIds": emails, "update": {"keywords/a": True}} for name in ("x", "y")}
    told = await asyncio.gather(*(jmap.call("Job/set", ifInState=at, create=asked) for _ in range(2)), return_exceptions=True)
    assert ["stateMismatch"] == [one.kind for one in told if isinstance(one, MethodError)]
    assert 2 == len((await jmap.call("Job/get"))["list"])


async def test_every_match_is_changed_and_comes_back_as_it_was(jmap: Jmap) -> None:
    emails = await some(jmap)
    await jmap.draft(subject="other")
    inbox, archive = await jmap.box(), await jmap.box("archive")
    made = await start(jmap, filter={"subject": "letter"}, update={"mailboxIds": {archive: True}, "keywords/$flagged": None, "keywords/done": True})
    assert ("update", "running", 8, 0) == (made["kind"], made["state"], made["total"], made["done"])
    await run(jmap)
    job = await look(jmap, made["id"])
    assert ("done", 8, 0) == (job["state"], job["done"], job["failed"])
    for ident in emails:
        one = await jmap.one(ident, "mailboxIds", "keywords")
        assert ({archive: True}, {"done": True}) == (one["mailboxIds"], one["keywords"])
    await jmap.call("Email/set", update={emails[0]: {"keywords/mine": True}})
    assert "notFound" == await jmap.error("Undo/apply", undoToken="é")
    undone = (await jmap.call("Undo/apply", undoToken=job["undoToken"]))["job"]
    assert ("undo", job["id"], 8) == (undone["kind"], undone["undoes"], undone["total"])
    await run(jmap)
    for number, ident in enumerate(emails):
        one = await jmap.one(ident, "mailboxIds", "keywords")
        flags = ({"$flagged": True} if number % 2 else {}) | ({"mine": True} if not number else {})
        assert ({inbox: True}, flags) == (one["mailboxIds"], one["keywords"])
    assert (await look(jmap, made["id"]))["undoToken"] is None
    assert "cannotUndo" == await jmap.error("Undo/apply", undoToken=job["undoToken"])
    again = (await jmap.call("Undo/apply", undoToken=(await look(jmap, undone["id"]))["undoToken"]))["job"]
    await run(jmap)
    assert ("done", 8) == ((await look(jmap, again["id"]))["state"], (await look(jmap, again["id"]))["done"])
    assert {archive: True} == (await jmap.one(emails[3], "mailboxIds"))["mailboxIds"]


async def test_cut_off_in_the_middle_it_goes_on_and_is_taken_back_as_far_as_it_was(jmap: Jmap, monkeypatch: pytest.MonkeyPatch) -> None:
    emails = await some(jmap)
    made = await start(jmap, emailIds=emails, update={"keywords/x": True})
    number = (await jmap.shared.kept.due(1 << 50, 1))[0].object_id
    steps = 0
    whole = job_step.JobStep.apply

    def fail(self: job_step.JobStep, tx: Any, keys: Any) -> Any:
        nonlocal steps
        steps += 1
        if steps == 2:
            raise RuntimeError("the power is gone")
        return whole(self, tx, keys)

    monkeypatch.setattr(job_step.JobStep, "apply", fail)
    with pytest.raises((RuntimeError, Unavailable)):
        await jmap.shared.jobs.go_on(jmap.account, number)
    assert ("running", 3) == ((await look(jmap, made["id"]))["state"], (await look(jmap, made["id"]))["done"])
    done = await jmap.call("Undo/apply", undoToken=(await look(jmap, made["id"]))["undoToken"])
    await run(jmap)
    assert ("cancelled", 3) == ((await look(jmap, made["id"]))["state"], done["job"]["total"])
    assert 0 == (await jmap.call("Email/query", filter={"hasKeyword": "x"}, calculateTotal=True))["total"]


async def test_destroying_cannot_be_taken_back(jmap: Jmap) -> None:
    await some(jmap)
    made = await start(jmap, filter={"subject": "letter"}, destroy=True)
    assert made["undoToken"] is None
    await run(jmap)
    job = await look(jmap, made["id"])
    assert ("done", 8, []) == (job["state"], job["done"], (await jmap.call("Email/query"))["ids"])


async def test_cancelled_and_forgotten(jmap: Jmap) -> None:
    emails = await some(jmap)
    made = await start(jmap, emailIds=emails, update={"keywords/x": True})
    done = await jmap.call("Job/set", update={made["id"]: {"state": "cancelled"}})
    assert {made["id"]: None} == done["updated"]
    await run(jmap)
    assert 0 == (await jmap.call("Email/query", filter={"hasKeyword": "x"}, calculateTotal=True))["total"]
    state = (await jmap.call("Job/get"))["state"]
    assert [made["id"]] == (await jmap.call("Job/set", destroy=[made["id"]]))["destroyed"]
    assert [made["id"]] == (await jmap.call("Job/changes", sinceState=state))["destroyed"]
    assert "notFound" == await jmap.error("Undo/apply", undoToken=made["undoToken"])
    none = await start(jmap, filter={"subject": "nothing like it"}, update={"keywords/x": True})
    assert "done" == none["state"]


async def test_what_cannot_be_is_refused(jmap: Jmap) -> None:
    done = await jmap.call("Job/set", create={
        "1": {"filter": None}, "2": {"filter": None, "update": {"subject": "x"}}, "3": {"filter": {"x": 1}, "update": {"keywords/a": True}},
        "4": {"emailIds": ["m1"], "destroy": True}, "5": {"emailIds": [], "filter": None, "destroy": True},
        "6": {"filter": None, "update": {"keywords/a": True}, "destroy": True}, "7": {"filter": None, "update": {"snoozed": None}},
    })  # fmt: skip
    assert {"invalidProperties"} == {one["type"] for one in done["notCreated"].values()}
    assert 7 == len(done["notCreated"])
    assert "notFound" == await jmap.error("Undo/apply", undoToken="nothing")


async def test_another_account_cannot_take_it_back(two: tuple[Jmap, Jmap]) -> None:
    emails = await some(two[0], 1)
    made = await start(two[0], emailIds=emails, update={"keywords/x": True})
    assert "notFound" == await two[1].error("Undo/apply", undoToken=made["undoToken"])


async def test_after_a_month_it_is_over(jmap: Jmap) -> None:
    emails = await some(jmap, 1)
    made = await start(jmap, emailIds=emails, update={"keywords/x": True})
    await run(jmap)
    jmap.shared.jobs._now_ms = lambda: int((jmap.shared.now() + timedelta(days=40)).timestamp() * 1000)
    assert "cannotUndo" == await jmap.error("Undo/apply", undoToken=made["undoToken"])
    await start(jmap, emailIds=emails, update={"keywords/y": True})
    assert made["id"] not in (await jmap.call("Job/query"))["ids"]


async def test_a_job_changes_so_many(jmap: Jmap, monkeypatch: pytest.MonkeyPatch) -> None:
    await some(jmap, 4)
    asked = {"filter": {"subject": "letter"}, "update": {"keywords/done": True}}
    monkeypatch.setattr(limits, "JOB_EMAILS", 3)
    assert {"x"} == set((await jmap.call("Job/set", create={"x": asked}))["notCreated"])
    monkeypatch.setattr(limits, "JOB_EMAILS", 4)
    assert 4 == (await start(jmap, **asked))["total"]
