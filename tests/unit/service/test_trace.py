"""What happened to a message, and to whom that is told."""

import json
from pathlib import Path
from typing import Any, cast

import pytest

from mailstead.model.errors import Refusal
from mailstead.model.ids import AccountId, TenantId
from mailstead.service.trace import Trace
from mailstead.store.interface import Account

EVENTS: list[dict[str, Any]] = [
    {"at": "2026-11-26T10:00:00.0Z", "event": "message.accepted", "host": "192.0.2.1", "message_id": "<1@x>", "reverse_path": "a@x.example", "account": 1},
    {"at": "2026-11-26T10:00:00.1Z", "event": "message.queued", "submission": "s1", "message_id": "<1@x>", "reverse_path": "a@x.example", "tenant": 1},
    {"at": "2026-11-26T10:00:01.0Z", "event": "message.deferred", "submission": "s1", "forward_path": "b@y.example", "tenant": 1, "reason": "451 later"},
    {"at": "2026-11-27T10:01:00.0Z", "event": "message.sent", "submission": "s1", "forward_path": "b@y.example", "tenant": 1, "hop": "mx.y.example"},
    {"at": "2026-11-26T11:00:00.0Z", "event": "message.queued", "submission": "s2", "message_id": "<2@x>", "reverse_path": "c@z.example", "tenant": 2},
    {"at": "2026-11-26T11:00:01.0Z", "event": "message.bounced", "submission": "s2", "forward_path": "b@y.example", "tenant": 2},
    {"at": "2026-11-26T11:00:02.0Z", "event": "recipient.refused", "host": "192.0.2.9", "forward_path": "b@y.example"},
]


class Directory:
    async def account(self, account: AccountId) -> Account | None:
        return Account(account, TenantId(1), "a@x.example", "", "active", 0, 1, False, 0, 0, 0) if account == 1 else None


@pytest.fixture
def trace(tmp_path: Path) -> Trace:
    for event in EVENTS:
        day = tmp_path / str(event["at"])[:10]
        day.mkdir(exist_ok=True)
        with (day / "worker-0.jsonl").open("a") as file:
            file.write(json.dumps(event, separators=(",", ":")) + "\n")

    async def run(work: Any) -> Any:
        return work()

    return Trace(tmp_path, cast("Any", Directory()), run=run, flush=lambda: None)


def names(message: dict[str, Any]) -> list[str]:
    return [str(event["event"]) for event in message["events"]]


@pytest.mark.parametrize("query", ["<1@x>", "1@x", "s1"])
async def test_a_message_from_acceptance_to_the_end(trace: Trace, query: str) -> None:
    (message,) = await trace.trace(query)
    assert names(message) == ["message.accepted", "message.queued", "message.deferred", "message.sent"]
    assert (message["submission"], message["message_id"], message["reverse_path"]) == ("s1", "<1@x>", "a@x.example")
    assert message["recipients"] == ["b@y.example"]


async def test_all_messages_of_an_address_the_newest_first(trace: Trace) -> None:
    found = await trace.trace("B@y.example".lower())
    assert [message["submission"] for message in found] == ["s1", "", "s2"]
    assert len(await trace.trace("b@y.example", limit=1)) == 1
    assert [message["submission"] for message in await trace.trace("b@y.example", since="2026-11-26", until="2026-11-26")] == ["", "s2", "s1"]
    assert await trace.trace("b@y.example", until="2026-11-25") == []


@pytest.mark.parametrize(("tenant", "expected"), [(1, ["s1"]), (2, ["s2"]), (3, [])])
async def test_a_tenant_sees_its_own_and_not_that_there_is_more(trace: Trace, tenant: int, expected: list[str]) -> None:
    assert [message["submission"] for message in await trace.trace("b@y.example", tenant=tenant)] == expected
    found = await trace.trace("<1@x>", tenant=tenant)
    assert bool(found) is (tenant == 1)
    if found:
        assert names(found[0])[0] == "message.accepted"


@pytest.mark.parametrize(("query", "since"), [("", ""), ("x" * 2_000, ""), ("a@b", "yesterday")])
async def test_bad_questions(trace: Trace, query: str, since: str) -> None:
    with pytest.raises(Refusal):
        await trace.trace(query, since=since)


async def test_nothing_is_known(trace: Trace) -> None:
    assert await trace.trace("nobody@nowhere.example") == []


async def test_who_sent_much_has_it_told_from_the_beginning(trace: Trace, tmp_path: Path) -> None:
    """Also what begins days before it was last seen, and what says no more than a name."""
    stories = [
        ("2026-11-20", {"event": "submission.held", "submission": "late", "reverse_path": "m@x.example"}),
        ("2026-11-25", {"event": "message.queued", "submission": "late", "message_id": "<late@x>"}),
        ("2026-11-26", {"event": "message.sent", "submission": "late", "reverse_path": "m@x.example"}),
        ("2026-11-25", {"event": "message.checked", "message_id": "<near@x>"}),
        ("2026-11-26", {"event": "message.accepted", "message_id": "<near@x>", "reverse_path": "m@x.example"}),
        ("2026-11-26", {"event": "message.queued", "submission": "near", "message_id": "<near@x>"}),
        ("2026-11-27", {"event": "message.sent", "submission": "near"}),
    ]
    for number, (day, event) in enumerate(stories):
        (tmp_path / day).mkdir(exist_ok=True)
        with (tmp_path / day / "worker-1.jsonl").open("a") as file:
            file.write(json.dumps({"at": f"{day}T12:00:{number:02d}.0Z", **event}, separators=(",", ":")) + "\n")
    near, late = await trace.trace("m@x.example")
    assert names(near) == ["message.checked", "message.accepted", "message.queued", "message.sent"]
    assert names(late) == ["submission.held", "message.queued", "message.sent"]


async def test_what_others_do_takes_nothing_from_a_tenants_answer(trace: Trace, tmp_path: Path) -> None:
    """All write to one address: thousands of events of another tenant, newer ones, and those that name no tenant, hide none of ours."""
    (tmp_path / "2026-11-28").mkdir()
    with (tmp_path / "2026-11-28" / "worker-0.jsonl").open("a") as file:
        for number in range(2_500):
            event = {"at": f"2026-11-28T10:{number // 60 % 60:02d}:{number % 60:02d}.0Z", "event": "message.sent", "submission": f"o{number}",
                     "forward_path": "b@y.example", "tenant": 2}  # fmt: skip
            file.write(json.dumps(event, separators=(",", ":")) + "\n")
        for number in range(100):
            event = {"at": f"2026-11-28T11:00:{number % 60:02d}.0Z", "event": "message.filed", "submission": f"n{number}", "forward_path": "b@y.example", "account": 9}
            file.write(json.dumps(event, separators=(",", ":")) + "\n")
    assert [message["submission"] for message in await trace.trace("b@y.example", tenant=1)] == ["s1"]
    assert names((await trace.trace("b@y.example", tenant=1))[0]) == ["message.accepted", "message.queued", "message.deferred", "message.sent"]
    others = await trace.trace("b@y.example", tenant=2, limit=5)
    assert [message["submission"] for message in others] == [f"o{number}" for number in range(2_499, 2_494, -1)]
    assert await trace.trace("b@y.example", tenant=3) == []
