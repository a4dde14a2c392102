"""How a message becomes jobs."""

import zlib
from dataclasses import replace
from typing import Any

import pytest
from tests.harness.fake_mail import NOW_MS
from tests.harness.queue import FakeQueue

from mailstead.model.ids import AccountId, SubmissionId, TenantId
from mailstead.service.queue.entrance import (
    LOCAL,
    OPTIONAL,
    REQUIRED,
    SHARDS,
    SUPPRESSED,
    TOGETHER,
    Entrance,
    Queued,
    ending_of,
    parted,
    priority_of,
)
from mailstead.service.queue.pools import Pool, Pools


def queued(*recipients: tuple[str, bool], **options: str) -> Queued:
    return Queued(
        b"a" * 16, SubmissionId(5), AccountId(1), TenantId(2), "a@example.org", [(address, {}, here) for address, here in recipients],
        options, NOW_MS, NOW_MS + 1_000_000, is_reported=True,
    )  # fmt: skip


async def put(message: Queued, *, is_direct: bool = True, octets: bytes = b"x") -> list[Any]:
    queue = FakeQueue()
    queue.shards = (3, 5)
    await Entrance(queue, is_direct=is_direct).put(message, octets)
    return list(queue.waiting.values())


async def test_a_job_for_each_route() -> None:
    jobs = await put(queued(("a@One.Test", False), ("b@example.org", True), ("c@one.test", False), ("d@bücher.example", False)))
    assert [(job.route, [(one.number, one.address) for one in job.recipients]) for job in jobs] == [
        ("one.test", [(0, "a@One.Test"), (2, "c@one.test")]), (LOCAL, [(1, "b@example.org")]), ("xn--bcher-kva.example", [(3, "d@bücher.example")]),
    ]
    assert {job.due_at_ms for job in jobs} == {NOW_MS}


async def test_the_pool_of_the_sender_is_a_route_of_its_own() -> None:
    queue, pools = FakeQueue(), Pools([Pool("news", ("192.0.2.1",), senders=("a@example.org",))])
    for number, options in enumerate(({}, {"requiretls": "1"})):
        message = replace(queued(("a@one.test", False), ("b@example.org", True), **options), accept_id=bytes([number]) * 16)
        await Entrance(queue, is_direct=True, pools=pools).put(message, b"x")
    jobs = list(queue.waiting.values())
    assert ["one.test from news", LOCAL, f"one.test{REQUIRED} from news", LOCAL] == [job.route for job in jobs]
    assert {zlib.crc32(b"one.test") % SHARDS} == {job.shard for job in jobs if job.route != LOCAL}
    assert {"news"} == {job.message.options["pool"] for job in jobs}
    assert ["one.test from news", f"one.test{REQUIRED} from news"] == ["one.test" + ending_of(job.message.options) for job in jobs if job.route != LOCAL]


@pytest.mark.parametrize(
    ("route", "parts"),
    [
        ("one.test", ("one.test", "", "")), ("one.test from news", ("one.test", "", "news")), (f"one.test{REQUIRED}", ("one.test", REQUIRED, "")),
        (f"one.test{OPTIONAL} from news", ("one.test", OPTIONAL, "news")), ("via:smtp://a.test:25 from news", ("via:smtp://a.test:25", "", "news")), (LOCAL, (LOCAL, "", "")),
    ],
)  # fmt: skip
def test_a_route_is_taken_apart(route: str, parts: tuple[str, str, str]) -> None:
    assert parts == parted(route)


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


@pytest.mark.parametrize(("octets", "options", "ending"), [
    (b"Subject: x\r\n\r\nTLS-Required: No\r\n", {}, ""), (b"Subject: x\r\nTLS-Required: No\r\n\r\n", {}, OPTIONAL),
    (b"tls-required:\r\n no \r\nX: y\r\n\r\n", {}, OPTIONAL), (b"TLS-Required: Yes\r\n\r\n", {}, ""), (b"TLS-Required: No way\r\n\r\n", {}, ""),
    (b"TLS-Required: No\r\n\r\n", {"requiretls": "1"}, REQUIRED), (b"x", {"requiretls": "1"}, REQUIRED),
])  # fmt: skip
async def test_what_the_author_says_of_tls_has_a_route_of_its_own(octets: bytes, options: dict[str, str], ending: str) -> None:
    here, there = await put(queued(("a@one.test", False), ("b@example.org", True), **options), octets=octets)
    assert ("one.test" + ending, LOCAL) == (here.route, there.route)
    assert here.domain == "one.test"
    assert here.shard == zlib.crc32(b"one.test") % SHARDS, "one scheduler knows all of a domain"


async def test_suppressed_recipients_go_nowhere() -> None:
    message = queued()
    message = replace(message, recipients=[("a@one.test", {"suppressed": "yes"}, False), ("b@one.test", {}, False)])
    assert [(SUPPRESSED, ["a@one.test"]), ("one.test", ["b@one.test"])] == [(job.route, [one.address for one in job.recipients]) for job in await put(message)]
