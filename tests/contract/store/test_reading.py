"""Reading: entries, rows, what vanished, the feed, news (RFC 7162)."""

import asyncio
import time
from collections.abc import Callable

import pytest
from tests.contract.store.conftest import World, message

from mailstead.model.change import Change, StateTooOld
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId
from mailstead.model.message import Filing, NewMessage
from mailstead.model.uids import UidSet
from mailstead.store.interface import Want


async def test_entries_by_uid_modseq_and_limit(world: World) -> None:
    inbox = await world.inbox()
    first = await world.append(inbox, count=5)
    second = await world.append(inbox, count=3)
    await world.mail.set_flags(world.a, world.op(), inbox, UidSet.of([2]), add=frozenset({"\\Seen"}))

    async def found(uids: UidSet, **more: int) -> list[int]:
        return [entry.uid for entry in await world.mail.entries(world.a, inbox, uids, **more)]

    assert [1, 2, 3, 4, 5, 6, 7, 8] == await found(UidSet.all())
    assert [2, 4, 5, 8] == await found(UidSet.of([2, 4, 5, 8, 99]))
    assert [] == await found(UidSet())
    assert [2, 6, 7, 8] == await found(UidSet.all(), changed_since=first.modseq)
    assert [2] == await found(UidSet.all(), changed_since=second.modseq)
    assert [] == await found(UidSet.all(), changed_since=second.modseq + 1)
    assert [2, 6] == await found(UidSet.all(), changed_since=first.modseq, limit=2)
    assert [4, 5] == await found(UidSet.of_ranges([(4, 99)]), limit=2)


async def test_entries_by_very_many_ranges(world: World) -> None:
    inbox = await world.inbox()
    for _ in range(3):
        await world.append(inbox, count=500)
    odd = UidSet.of(range(1, 3001, 2))
    assert len(odd.ranges) > 1000
    entries = await world.mail.entries(world.a, inbox, odd)
    assert list(range(1, 1501, 2)) == [entry.uid for entry in entries]


async def test_fetch_fills_what_is_wanted(world: World) -> None:
    inbox = await world.inbox()
    octets = message("the subject", body="The first words of it.")
    await world.append(inbox, octets=octets)
    (bare,) = await world.mail.fetch(world.a, inbox, UidSet.all(), Want())
    assert (b"", b"", b"", "", len(octets)) == (bare.envelope, bare.structure, bare.parts, bare.preview, bare.size_octets)
    (full,) = await world.mail.fetch(world.a, inbox, UidSet.all(), Want(envelope=True, structure=True, parts=True, preview=True))
    assert b'"the subject"' in full.envelope
    assert b'"text" "plain"' in full.structure.lower()
    assert full.parts
    assert "The first words of it." in full.preview
    assert bare.entry == full.entry
    assert [] == await world.mail.fetch(world.a, inbox, UidSet.of([7]), Want(envelope=True))
    assert [] == await world.mail.fetch(world.b, inbox, UidSet.all(), Want(envelope=True))


async def test_saved_is_when_it_came_into_the_mailbox(world: World) -> None:
    inbox = await world.inbox()
    await world.mail.append(world.a, world.op(), inbox, [NewMessage(message(), received_at_ms=5)])
    world.clock.ahead_ms = 60_000
    archive = (await world.box("Archive")).mailbox_id
    await world.mail.copy(world.a, world.op(), inbox, UidSet.all(), archive)
    (first,) = await world.mail.fetch(world.a, inbox, UidSet.all(), Want())
    (second,) = await world.mail.fetch(world.a, archive, UidSet.all(), Want())
    assert 5 == first.received_at_ms == second.received_at_ms
    assert 59_000 < second.saved_at_ms - first.saved_at_ms < 70_000


async def test_threads_join_replies_of_one_subject(world: World) -> None:
    first = await world.deliver(message("plan", more="Message-ID: <one@x>"))
    octets = b"Message-ID: <first@x>\r\nSubject: plan\r\n\r\n"
    root = await world.deliver(octets)
    reply = await world.deliver(b"Message-ID: <second@x>\r\nIn-Reply-To: <first@x>\r\nSubject: Re: plan\r\n\r\n")
    other = await world.deliver(b"Message-ID: <third@x>\r\nIn-Reply-To: <first@x>\r\nSubject: lunch\r\n\r\n")
    assert root.thread_id == reply.thread_id
    assert 3 == len({root.thread_id, other.thread_id, first.thread_id})
    (row,) = await world.mail.fetch(world.a, reply.mailbox_id, UidSet.of([reply.uid]), Want())
    assert root.thread_id == row.thread_id
    elsewhere = await world.deliver(octets, account=world.b)
    assert elsewhere.thread_id != root.thread_id


# ----------------------------------------------------------------------------------------------------------- vanished
async def test_vanished_since(world: World) -> None:
    inbox = await world.inbox()
    await world.append(inbox, count=10)
    _, first = await world.mail.expunge(world.a, world.op(), inbox, UidSet.of([2, 3]), only_deleted=False)
    _, second = await world.mail.expunge(world.a, world.op(), inbox, UidSet.of([7]), only_deleted=False)
    assert UidSet.of([2, 3, 7]) == await world.mail.vanished(world.a, inbox, first - 1)
    assert UidSet.of([7]) == await world.mail.vanished(world.a, inbox, first)
    assert UidSet() == await world.mail.vanished(world.a, inbox, second)
    assert UidSet.of([3, 7]) == await world.mail.vanished(world.a, inbox, first - 1, UidSet.of_ranges([(3, 8)]))


async def test_vanished_past_the_log_is_every_uid_that_is_not_there(world: World) -> None:
    inbox = await world.inbox()
    await world.append(inbox, count=6)
    await world.mail.expunge(world.a, world.op(), inbox, UidSet.of([1, 4, 6]), only_deleted=False)
    for store in world.stores:
        await store.restored()  # type: ignore[attr-defined]
    assert UidSet.of([1, 4, 6]) == await world.mail.vanished(world.a, inbox, 3)
    assert UidSet.of([4]) == await world.mail.vanished(world.a, inbox, 3, UidSet.of([4, 5]))
    with pytest.raises(StateTooOld):
        await world.mail.changes(world.a, 3)


# --------------------------------------------------------------------------------------------------------------- feed
async def test_the_feed_in_pieces_is_the_feed(world: World) -> None:
    inbox = await world.inbox()
    start = await world.mail.modseq(world.a)
    for count in (1, 3, 1, 7, 2):
        await world.append(inbox, count=count)
    whole = await world.mail.changes(world.a, start)
    assert (14, False, start + 5) == (len(whole.changes), whole.more, whole.upto)
    for limit in (1, 2, 3, 5, 14, 100):
        at, more = start, True
        got: list[Change] = []
        while more:
            piece = await world.mail.changes(world.a, at, limit)
            assert at == piece.since < piece.upto
            assert all(at < change.modseq <= piece.upto for change in piece.changes)
            at, more = piece.upto, piece.more
            got += piece.changes
        assert list(whole.changes) == got
        assert whole.upto == at
    none = await world.mail.changes(world.a, whole.upto)
    assert ((), whole.upto, False) == (none.changes, none.upto, none.more)


async def test_a_state_from_the_future_is_none(world: World) -> None:
    with pytest.raises(StateTooOld):
        await world.mail.changes(world.a, await world.mail.modseq(world.a) + 1)


async def test_an_account_that_is_not_there(world: World) -> None:
    nobody = AccountId(987654321)
    for asking in (
        world.mail.mailboxes(nobody), world.mail.modseq(nobody), world.mail.quota(nobody), world.mail.changes(nobody, 0),
        world.mail.deliver(nobody, Filing(world.delivery(), message(), b"")),
    ):
        with pytest.raises(Refusal) as refusal:
            await asking
        assert Reason.NOT_FOUND is refusal.value.reason


# --------------------------------------------------------------------------------------------------------------- news
async def test_news_come_to_every_process_at_once(world: World) -> None:
    heard: dict[int, list[int]] = {number: [] for number in range(len(world.stores))}
    stops = [
        store.watch(world.a, lambda account, modseq, number=number: heard[number].append(modseq))  # type: ignore[misc]
        for number, store in enumerate(world.stores)
    ]
    filed = await world.deliver()
    await world.deliver(account=world.b)
    until = time.monotonic() + 0.2
    while not all(heard.values()) and time.monotonic() < until:
        await asyncio.sleep(0.005)
    assert {filed.modseq} == {modseq for modseqs in heard.values() for modseq in modseqs}
    for stop in stops:
        stop()
        stop()
    await world.deliver()
    await asyncio.sleep(0.02)
    assert [1] * len(heard) == [len(modseqs) for modseqs in heard.values()]


async def test_a_watcher_may_stop_itself(world: World) -> None:
    stops: list[Callable[[], None]] = []
    heard: list[int] = []
    stops.append(world.store.watch(world.a, lambda account, modseq: (heard.append(modseq), stops[0]())))  # type: ignore[func-returns-value,arg-type]
    other = world.store.watch(world.a, lambda account, modseq: heard.append(modseq))
    await world.deliver()
    await world.deliver()
    await asyncio.sleep(0.02)
    assert 3 == len(heard)
    other()


async def test_what_one_worker_wrote_every_worker_reads(world: World) -> None:
    for number in range(20):
        store = world.stores[number % len(world.stores)]
        filed = await store.mail.deliver(world.a, Filing(world.delivery(), message(), b""))
        for reader in world.stores:
            assert filed.modseq == await reader.mail.modseq(world.a)
            assert filed.email_id == (await reader.mail.entries(world.a, filed.mailbox_id, UidSet.of([filed.uid])))[0].email_id
