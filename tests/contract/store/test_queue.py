"""The queue: messages once, jobs by shard, results under an epoch, and what administrators do."""

import dataclasses
from typing import Any

import pytest
from tests.contract.store.conftest import World, message

from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.model.ids import SubmissionId, TenantId
from mailstead.store.interface import (
    NewJob,
    NewQueued,
    Queue,
    QueueDeferral,
    QueueFilter,
    QueueHold,
    QueueJob,
    QueueMessage,
    QueueRecipient,
    QueueWaiting,
)

OCTETS = message("queued")
EVER = 1 << 50


def job(world: World, *addresses: str, shard: int = 0, priority: int = 0, due: int = 0, check: int = EVER) -> NewJob:
    domain = addresses[0].rpartition("@")[2].lower()
    recipients = tuple(QueueRecipient(number, address, {"notify": "FAILURE"}) for number, address in enumerate(addresses))
    return NewJob(shard, domain, domain, priority, due or world.clock(), check, recipients)


async def put(world: World, number: int, *jobs: NewJob, octets: bytes = OCTETS, account: Any = None, tenant: int = 1, sender: str = "a@example.test") -> None:
    await world.store.queue.enqueue(NewQueued(
        number.to_bytes(16), SubmissionId(number), account or world.a, TenantId(tenant), sender, {"envid": "E"}, world.clock(), EVER, jobs,
    ), octets)  # fmt: skip


async def owners(world: World) -> list[Queue]:
    for store in world.stores:
        await store.queue.own()
    return [store.queue for store in world.stores]


async def all_jobs(world: World) -> list[QueueJob]:
    found: list[QueueJob] = []
    for queue in await owners(world):
        found += queue.jobs([one.job_id for one in queue.newer(0)[0]])
    return sorted(found, key=lambda one: one.job_id)


async def mail(world: World) -> QueueMessage:
    """The first message."""
    return (await all_jobs(world))[0].message


async def test_what_was_queued_is_there_once(world: World) -> None:
    for _ in range(2):
        await put(world, 1, job(world, "x@one.test", "y@one.test"), job(world, "z@two.test", shard=5))
    first, second = await all_jobs(world)
    assert [one.address for one in first.recipients] == ["x@one.test", "y@one.test"]
    assert first.recipients[1] == QueueRecipient(1, "y@one.test", {"notify": "FAILURE"})
    assert (first.route, second.route, second.shard) == ("one.test", "two.test", 5)
    assert (first.message.reverse_path, first.message.options, first.message.size_octets) == ("a@example.test", {"envid": "E"}, len(OCTETS))
    assert first.message == second.message
    assert world.store.queue.counts() == (1, 2, 0)
    for queue in await owners(world):
        assert OCTETS == await queue.octets(first.message)


async def test_every_job_has_one_owner(world: World) -> None:
    await put(world, 1, *(job(world, f"x@d{shard}.test", shard=shard) for shard in range(16)))
    seen = [{one.shard for one in queue.newer(0)[0]} for queue in await owners(world)]
    assert set(range(16)) == set().union(*seen)
    assert 16 == sum(map(len, seen))


async def test_a_large_message_comes_back_whole(world: World) -> None:
    octets = message("large", body="y" * 3_000_000)
    await put(world, 1, job(world, "x@one.test"), octets=octets)
    assert octets == await world.store.queue.octets(await mail(world))


async def test_new_ones_are_found_beyond_the_last_one_seen(world: World) -> None:
    await put(world, 1, job(world, "x@one.test"))
    queue = (await owners(world))[0]
    seen = queue.newest()
    assert queue.newer(seen) == ([], seen)
    await put(world, 2, job(world, "y@one.test"))
    (found,), last = queue.newer(seen)
    (one,) = queue.jobs([found.job_id])
    assert one.recipients[0].address == "y@one.test"
    assert last == queue.newest() > seen
    await queue.finish([one], [])
    assert queue.jobs([found.job_id]) == []
    await put(world, 3, job(world, "z@one.test"))
    assert queue.newer(last)[1] > last


async def test_as_little_of_each_as_a_schedule_needs(world: World) -> None:
    now = world.clock()
    for number in range(1, 5):
        await put(world, number, job(world, f"u{number}@one.test", due=now + 1000 * number))
    await put(world, 9, job(world, "v@one.test", priority=1, due=now + 9000), account=world.b)
    queue = (await owners(world))[0]
    every, last = queue.newer(0)
    assert last == queue.newest()
    first = every[0].job_id
    assert every == [
        *(QueueWaiting(first + number, 0, "one.test", 0, TenantId(1), world.a, now + 1000 * (number + 1)) for number in range(4)),
        QueueWaiting(first + 4, 0, "one.test", 1, TenantId(1), world.b, now + 9000),
    ]
    # Page by page it is the same.
    paged, at = [], 0
    while (page := queue.newer(at, 2))[1] != at:
        paged += page[0]
        at = page[1]
    assert (paged, at) == (every, last)


async def test_results_are_written_together(world: World) -> None:
    now = world.clock()
    for number in (1, 2, 3):
        await put(world, number, job(world, f"u{number}@one.test", f"v{number}@one.test"))
    first, second, third = await all_jobs(world)
    queue = world.stores[0].queue
    left = (dataclasses.replace(second.recipients[1], last_error="451 later"),)
    await queue.finish([first], [QueueDeferral(second, now + 60_000, now + 90_000, 1, left)])
    (again, same) = await all_jobs(world)
    assert (again.job_id, again.due_at_ms, again.check_at_ms, again.attempts, again.recipients) == (second.job_id, now + 60_000, now + 90_000, 1, left)
    assert same == third
    with pytest.raises(Refusal):
        await queue.octets(first.message)
    await queue.finish([again, same], [])
    assert world.store.queue.counts() == (0, 0, 0)
    await put(world, 1, job(world, "u1@one.test"))
    assert world.store.queue.counts() == (0, 0, 0)


async def test_a_message_stays_until_its_last_job(world: World) -> None:
    await put(world, 1, job(world, "x@one.test"), job(world, "y@two.test"))
    first, second = await all_jobs(world)
    await world.stores[0].queue.finish([first], [])
    assert OCTETS == await world.store.queue.octets(second.message)
    await world.stores[0].queue.finish([second], [])
    assert world.store.queue.counts() == (0, 0, 0)


async def test_an_owner_that_was_replaced_writes_nothing_any_more(world: World) -> None:
    await put(world, 1, job(world, "x@one.test"))
    (one,) = await all_jobs(world)
    queue: Any = world.stores[0].queue
    owner, queue._owner = queue._owner, "somebody else"
    epochs = dict(queue._epochs)
    await queue.own()
    queue._epochs, queue._owner = epochs, owner
    with pytest.raises(Unavailable):
        await queue.finish([one], [])
    assert world.store.queue.counts() == (1, 1, 0)
    await queue.own()
    await queue.finish([one], [])
    assert world.store.queue.counts() == (0, 0, 0)


async def test_sites_are_put_off_by_one_row(world: World) -> None:
    await world.store.queue.hold(QueueHold("mx.one.test", 5_000, 2, "nobody there", b"x"))
    await world.store.queue.hold(QueueHold("mx.one.test", 6_000, 3, "still nobody", b"y"))
    (found,) = world.stores[0].queue.holds()
    assert (found.site, found.until_ms, found.failures, found.reason, found.shaping) == ("mx.one.test", 6_000, 3, "still nobody", b"y")


async def test_what_has_to_be_looked_at_for_its_age(world: World) -> None:
    now = world.clock()
    await put(world, 1, job(world, "x@one.test", check=now + 1000))
    await put(world, 2, job(world, "y@one.test", check=now + 5000))
    queue = (await owners(world))[0]
    assert queue.aged(now, 10) == []
    assert [one.recipients[0].address for one in queue.aged(now + 1000, 10)] == ["x@one.test"]
    assert len(queue.aged(now + 5000, 10)) == 2
    assert len(queue.aged(now + 5000, 1)) == 1


async def test_the_queue_is_looked_through(world: World) -> None:
    await put(world, 7, job(world, "x@one.test"), job(world, "y@Two.test"))
    await put(world, 8, job(world, "z@two.test"), account=world.b, tenant=2, sender="")

    async def paths(wanted: QueueFilter, **more: Any) -> list[str]:
        return [entry.forward_path for entry in await world.store.queue.find(wanted, **more)]

    every = await world.store.queue.find(QueueFilter())
    assert ["x@one.test", "y@Two.test", "z@two.test"] == [entry.forward_path for entry in every]
    assert ["y@Two.test", "z@two.test"] == await paths(QueueFilter(domain="two.test"))
    assert [] == await paths(QueueFilter(domain="wo.test"))
    assert ["y@Two.test"] == await paths(QueueFilter(domain="two.test", sender="A@example.test"))
    assert ["z@two.test"] == await paths(QueueFilter((SubmissionId(8),)))
    assert ["z@two.test"] == await paths(QueueFilter(tenant=TenantId(2)))
    assert ["z@two.test"] == await paths(QueueFilter(account=world.b))
    assert ["y@Two.test"] == await paths(QueueFilter(), after=(every[0].job_id, every[0].number), limit=1)


async def test_what_administrators_do(world: World) -> None:
    await put(world, 7, job(world, "x@one.test", "y@one.test", "z@one.test", due=world.clock() + 60_000))
    queue, entries = world.store.queue, await world.store.queue.find(QueueFilter())
    assert 1 == await queue.steer("hold", entries[:1])
    assert ["x@one.test"] == [one.forward_path for one in await queue.find(QueueFilter(held=True))]
    owner = (await owners(world))[0]
    (found,) = owner.newer(0)[0]
    assert found.due_at_ms > world.clock()
    left = await queue.find(QueueFilter(held=False))
    assert 2 == await queue.steer("retry", left)
    (found,) = owner.newer(0)[0]
    assert found.due_at_ms <= world.clock()
    assert ["y@one.test", "z@one.test"] == [one.address for one in owner.jobs([found.job_id])[0].recipients]
    assert 1 == await queue.steer("reroute", left[:1], route="via:other:25")
    assert {"one.test", "via:other:25"} == {each.route for each in owner.newer(0)[0]}
    assert ["y@one.test"] == [one.forward_path for one in await queue.find(QueueFilter()) if one.route == "via:other:25"]
    assert 1 == await queue.steer("release", await queue.find(QueueFilter(held=True)))
    assert [] == await queue.find(QueueFilter(held=True))
    assert 3 == await queue.steer("delete", await queue.find(QueueFilter()))
    assert 0 == await queue.steer("delete", entries)
    assert queue.counts() == (0, 0, 0)
    with pytest.raises(Refusal) as caught:
        await queue.steer("eat", entries)
    assert caught.value.reason is Reason.INVALID


async def test_everybody_hears_that_there_is_something(world: World) -> None:
    heard: list[tuple[int, bool]] = []
    for number, store in enumerate(world.stores):
        store.watch_queue(lambda steered, number=number: heard.append((number, steered)))  # type: ignore[misc]
    await put(world, 7, job(world, "x@one.test"))
    assert {(number, False) for number in range(len(world.stores))} == set(heard)
    heard.clear()
    await world.store.queue.steer("hold", await world.store.queue.find(QueueFilter()))
    assert {(number, True) for number in range(len(world.stores))} == set(heard)


async def test_what_a_shredded_account_had_in_the_queue(world: World) -> None:
    await put(world, 7, job(world, "x@else.where"))
    await world.directory.account_shred(world.a)
    assert [] == await world.store.queue.find(QueueFilter(account=world.a))
    assert world.store.queue.counts() == (0, 0, 0)
