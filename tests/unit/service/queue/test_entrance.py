"""How a message becomes jobs."""

import zlib
from typing import Any

import pytest
from tests.harness.fake_mail import NOW_MS
from tests.harness.queue import FakeQueue

from mailstead.model.ids import AccountId, SubmissionId, TenantId
from mailstead.service.queue.entrance import LOCAL, SHARDS, TOGETHER, Entrance, Queued, priority_of


def queued(*recipients: tuple[str, bool], **options: str) -> Queued:
    return Queued(
        b"a" * 16, SubmissionId(5), AccountId(1), TenantId(2), "a@example.org", [(address, {}, here) for address, here in recipients],
        options, NOW_MS, NOW_MS + 1_000_000, is_reported=True,
    )  # fmt: skip


async def put(message: Queued, *, is_direct: bool = True) -> list[Any]:
    queue = FakeQueue()
    queue.shards = (3, 5)
    await Entrance(queue, is_direct=is_direct).put(message, b"x")
    return list(queue.jobs.values())


async def test_a_job_for_each_route() -> None:
    jobs = await put(queued(("a@One.Test", False), ("b@example.org", True), ("c@one.test", False), ("d@bücher.example", False)))
    assert [(job.route, [(one.number, one.address) for one in job.recipients]) for job in jobs] == [
        ("one.test", [(0, "a@One.Test"), (2, "c@one.test")]), (LOCAL, [(1, "b@example.org")]), ("xn--bcher-kva.example", [(3, "d@bücher.example")]),
    ]
    assert {job.due_at_ms for job in jobs} == {NOW_MS}


async def test_no_job_has_too_many_recipients() -> None:
    jobs = await put(queued(*((f"u{number}@one.test", False) for number in range(2 * TOGETHER + 1))))
    assert [len(job.recipients) for job in jobs] == [TOGETHER, TOGETHER, 1]
    assert [one.number for job in jobs for one in job.recipients] == list(range(2 * TOGETHER + 1))


async def test_a_domain_has_one_scheduler_where_mail_goes_out_directly() -> None:
    (job,) = await put(queued(("a@one.test", False)))
    assert job.shard == zlib.crc32(b"one.test") % SHARDS
    (job,) = await put(queued(("a@one.test", False)), is_direct=False)
    assert job.shard == 3
    (job,) = await put(queued(("a@example.org", True)))
    assert job.shard == 3


@pytest.mark.parametrize(("value", "lane"), [("-9", -1), ("-4", -1), ("-3", 0), ("0", 0), ("3", 0), ("4", 1), ("9", 1), ("much", 0)])
async def test_priorities(value: str, lane: int) -> None:
    assert priority_of({"priority": value}) == lane
    (job,) = await put(queued(("a@one.test", False), priority=value))
    assert job.priority == lane


def test_no_priority_is_the_middle_one() -> None:
    assert priority_of({}) == 0
