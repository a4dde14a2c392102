"""APPEND, import, COPY, MOVE, EXPUNGE: UIDs, modseqs, counters, quota (RFC 9051 §6.3.12, §6.4.3, §6.4.7-8)."""

import asyncio
import os
import random

import pytest
from tests.contract.store.conftest import DAY_MS, World, message

from mailstead.model.change import ChangeOp
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import EmailId, MailboxId
from mailstead.model.message import Filing, NewMessage
from mailstead.model.uids import UidSet
from mailstead.store.interface import Want

NOWHERE = MailboxId(12345)


# ------------------------------------------------------------------------------------------------------------ append
async def test_append_gives_uids_in_order_at_one_modseq(world: World) -> None:
    inbox = await world.inbox()
    done = await world.append(inbox, "\\Seen", "work", count=5)
    assert (1, 2, 3, 4, 5) == done.uids
    assert {done.modseq} == {entry.modseq for entry in await world.mail.entries(world.a, inbox, UidSet.all())}
    box = await world.box()
    assert (5, 0, 0, 6, done.modseq, done.uid_validity) == (
        box.total, box.unseen, box.deleted, box.uid_next, box.highest_modseq, box.uid_validity)
    assert {"\\Seen", "work"} == await world.flags(inbox, 3)


async def test_append_keeps_octets_sizes_and_time(world: World) -> None:
    inbox = await world.inbox()
    octets = [message(f"m{n}", body="line\n" * (n * 500)) for n in range(5)]
    done = await world.mail.append(world.a, world.op(), inbox, [NewMessage(one, received_at_ms=1_700_000_000_000) for one in octets])
    assert octets == [await world.octets(email) for email in done.email_ids]
    rows = await world.mail.fetch(world.a, inbox, UidSet.all(), Want())
    assert [(len(one), 1_700_000_000_000) for one in octets] == [(row.size_octets, row.received_at_ms) for row in rows]
    assert sum(map(len, octets)) == (await world.mail.quota(world.a)).used_octets == (await world.box()).size_octets


async def test_append_is_all_or_nothing(world: World) -> None:
    inbox = await world.inbox()
    await world.directory.account_set(world.a, max_messages=3)
    with pytest.raises(Refusal) as refusal:
        await world.append(inbox, count=4)
    assert Reason.OVER_QUOTA is refusal.value.reason
    assert [] == await world.uids(inbox)
    assert (1, 2, 3) == (await world.append(inbox, count=3)).uids


async def test_append_to_no_mailbox(world: World) -> None:
    with pytest.raises(Refusal) as refusal:
        await world.append(NOWHERE)
    assert Reason.NOT_FOUND is refusal.value.reason
    await world.box("Top", "below")
    top = (await world.box("Top")).mailbox_id
    await world.mail.mailbox_delete(world.a, world.op(), ("Top",))
    with pytest.raises(Refusal) as refusal:
        await world.append(top)
    assert Reason.NOT_FOUND is refusal.value.reason


async def test_append_to_another_account_s_mailbox(world: World) -> None:
    with pytest.raises(Refusal) as refusal:
        await world.append(await world.inbox(world.b))
    assert Reason.NOT_FOUND is refusal.value.reason


@pytest.mark.parametrize("size", [65_535, 65_536, 65_537, 131_072, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3_000_001])
async def test_ranges_across_frames(world: World, size: int) -> None:
    rng = random.Random(size)
    head = message()
    octets = head + rng.randbytes(size - len(head))
    done = await world.append(await world.inbox(), octets=octets)
    (email,) = done.email_ids
    assert octets == await world.octets(email)
    edges = [0, 1, 65_535, 65_536, 65_537, size - 1, size]
    for start in edges:
        for length in (0, 1, 65_535, 65_537, 200_000, size):
            assert octets[start : start + length] == await world.mail.octets(world.a, email, start, length)
    assert octets[100:] == await world.mail.octets(world.a, email, 100)
    assert b"" == await world.mail.octets(world.a, email, size + 10, 10)


async def test_a_large_message_from_the_spool(world: World) -> None:
    spool = world.store.spool()
    octets = message() + os.urandom(2_500_000)
    for start in range(0, len(octets), 50_000):
        spool.write(memoryview(octets)[start : start + 50_000])
    assert len(octets) == spool.size
    found = spool.finish()
    assert len(octets) == len(found)
    filing = Filing(world.delivery(), found, b"X-One: 1\r\n")
    filed = [await world.mail.deliver(account, filing) for account in (world.a, world.b)]
    del filing
    assert b"X-One: 1\r\n" + octets == await world.octets(filed[0].email_id)
    assert b"X-One: 1\r\n" + octets == await world.octets(filed[1].email_id, world.b)
    spool.close()


async def test_a_small_spool(world: World) -> None:
    spool = world.store.spool()
    for piece in (b"a", b"bc", b""):
        spool.write(piece)
    assert b"abc" == spool.finish()
    spool.close()


async def test_a_large_message_that_is_refused_leaves_the_others(world: World) -> None:
    inbox = await world.inbox()
    large = message() + os.urandom(1_200_000)
    kept = await world.append(inbox, octets=large)
    await world.directory.account_set(world.a, max_messages=1)
    with pytest.raises(Refusal):
        await world.append(inbox, octets=large)
    assert large == await world.octets(kept.email_ids[0])


async def test_import_skips_what_is_known(world: World) -> None:
    inbox = await world.inbox()
    new = [(os.urandom(16), NewMessage(message(f"m{n}"))) for n in range(4)]
    first = await world.mail.import_(world.a, inbox, new[:2])
    assert (1, 2) == first.uids
    second = await world.mail.import_(world.a, inbox, new)
    assert (0, 0, 3, 4) == second.uids
    assert (0, 0, 0, 0) == (await world.mail.import_(world.a, inbox, new)).uids
    world.clock.ahead_ms = 100 * DAY_MS
    assert (0, 0, 0, 0) == (await world.mail.import_(world.a, inbox, new)).uids
    assert [1, 2, 3, 4] == await world.uids(inbox)
    assert new[3][1].octets == await world.octets(second.email_ids[3])


async def test_import_of_the_same_id_twice_in_one_batch(world: World) -> None:
    ident = os.urandom(16)
    done = await world.mail.import_(world.a, await world.inbox(), [(ident, NewMessage(message())), (ident, NewMessage(message()))])
    assert (1, 0) == done.uids
    assert 1 == (await world.mail.quota(world.a)).used_messages


async def test_import_brings_back_what_was_expunged(world: World) -> None:
    inbox = await world.inbox()
    new = [(os.urandom(16), NewMessage(message()))]
    await world.mail.import_(world.a, inbox, new)
    await world.mail.expunge(world.a, world.op(), inbox, UidSet.all(), only_deleted=False)
    assert (2,) == (await world.mail.import_(world.a, inbox, new)).uids


# -------------------------------------------------------------------------------------------------------------- copy
async def test_copy_keeps_flags_time_and_email_id(world: World) -> None:
    inbox, archive = await world.inbox(), (await world.box("Archive")).mailbox_id
    new = await world.mail.append(world.a, world.op(), inbox, [
        NewMessage(message(), frozenset({"\\Flagged", "work"}), 1_600_000_000_000), NewMessage(message())])
    copied = await world.mail.copy(world.a, world.op(), inbox, UidSet.of([1, 2, 77]), archive)
    assert ((1, 2), (1, 2)) == (copied.source, copied.target)
    assert (await world.box("Archive")).uid_validity == copied.uid_validity
    assert {"\\Flagged", "work"} == await world.flags(archive, 1)
    rows = await world.mail.fetch(world.a, archive, UidSet.all(), Want())
    assert list(new.email_ids) == [row.entry.email_id for row in rows]
    assert 1_600_000_000_000 == rows[0].received_at_ms
    assert {copied.modseq} == {row.entry.modseq for row in rows}
    box = await world.box("Archive")
    assert (2, 2, copied.modseq) == (box.total, box.unseen, box.highest_modseq)
    assert 4 == (await world.mail.quota(world.a)).used_messages


async def test_copy_onto_itself(world: World) -> None:
    inbox = await world.inbox()
    done = await world.append(inbox, count=2)
    copied = await world.mail.copy(world.a, world.op(), inbox, UidSet.of([1, 2]), inbox)
    assert ((1, 2), (3, 4)) == (copied.source, copied.target)
    entries = await world.mail.entries(world.a, inbox, UidSet.all())
    assert [*done.email_ids, *done.email_ids] == [entry.email_id for entry in entries]
    await world.mail.expunge(world.a, world.op(), inbox, UidSet.of([1, 2]), only_deleted=False)
    assert b"Subject" in await world.octets(done.email_ids[0])
    await world.mail.expunge(world.a, world.op(), inbox, UidSet.of([3]), only_deleted=False)
    with pytest.raises(Refusal) as refusal:
        await world.octets(done.email_ids[0])
    assert Reason.EXPUNGED is refusal.value.reason
    assert b"Subject" in await world.octets(done.email_ids[1])


async def test_two_entries_of_one_email_go_at_once(world: World) -> None:
    inbox = await world.inbox()
    done = await world.append(inbox)
    await world.mail.copy(world.a, world.op(), inbox, UidSet.of([1]), inbox)
    gone, _ = await world.mail.expunge(world.a, world.op(), inbox, UidSet.all(), only_deleted=False)
    assert UidSet.of([1, 2]) == gone
    with pytest.raises(Refusal):
        await world.octets(done.email_ids[0])
    assert (0, 0) == ((await world.mail.quota(world.a)).used_messages, (await world.mail.quota(world.a)).used_octets)


async def test_copy_of_nothing_changes_nothing(world: World) -> None:
    inbox, archive = await world.inbox(), (await world.box("Archive")).mailbox_id
    before = await world.mail.modseq(world.a)
    copied = await world.mail.copy(world.a, world.op(), inbox, UidSet.of([5]), archive)
    assert ((), (), before) == (copied.source, copied.target, copied.modseq)
    assert before == await world.mail.modseq(world.a)


@pytest.mark.parametrize("verb", ["copy", "move"])
async def test_copy_and_move_to_no_mailbox(world: World, verb: str) -> None:
    await world.append(await world.inbox())
    with pytest.raises(Refusal) as refusal:
        await getattr(world.mail, verb)(world.a, world.op(), await world.inbox(), UidSet.all(), NOWHERE)
    assert Reason.NOT_FOUND is refusal.value.reason
    with pytest.raises(Refusal) as refusal:
        await getattr(world.mail, verb)(world.a, world.op(), NOWHERE, UidSet.all(), await world.inbox())
    assert Reason.NOT_FOUND is refusal.value.reason
    assert [1] == await world.uids(await world.inbox())


async def test_copy_counts_against_the_quota_and_move_does_not(world: World) -> None:
    inbox, archive = await world.inbox(), (await world.box("Archive")).mailbox_id
    await world.append(inbox, count=3)
    await world.directory.account_set(world.a, max_messages=3)
    with pytest.raises(Refusal) as refusal:
        await world.mail.copy(world.a, world.op(), inbox, UidSet.all(), archive)
    assert Reason.OVER_QUOTA is refusal.value.reason
    moved = await world.mail.move(world.a, world.op(), inbox, UidSet.all(), archive)
    assert (1, 2, 3) == moved.target
    assert 3 == (await world.mail.quota(world.a)).used_messages


# -------------------------------------------------------------------------------------------------------------- move
async def test_move_between(world: World) -> None:
    inbox, archive = await world.inbox(), (await world.box("Archive")).mailbox_id
    await world.append(archive)
    done = await world.append(inbox, "\\Seen", "\\Deleted", count=3)
    moved = await world.mail.move(world.a, world.op(), inbox, UidSet.of([1, 3]), archive)
    assert ((1, 3), (2, 3)) == (moved.source, moved.target)
    assert [2] == await world.uids(inbox)
    assert [1, 2, 3] == await world.uids(archive)
    assert done.email_ids[2] == (await world.entry(archive, 3)).email_id
    source, target = await world.box(), await world.box("Archive")
    assert (1, 0, 1, moved.modseq) == (source.total, source.unseen, source.deleted, source.highest_modseq)
    assert (3, 1, 2, moved.modseq) == (target.total, target.unseen, target.deleted, target.highest_modseq)
    assert UidSet.of([1, 3]) == await world.mail.vanished(world.a, inbox, moved.modseq - 1)
    assert b"Subject" in await world.octets(done.email_ids[0])


async def test_move_within(world: World) -> None:
    inbox = await world.inbox()
    await world.append(inbox, count=3)
    moved = await world.mail.move(world.a, world.op(), inbox, UidSet.of([1, 2]), inbox)
    assert ((1, 2), (4, 5)) == (moved.source, moved.target)
    assert [3, 4, 5] == await world.uids(inbox)
    assert UidSet.of([1, 2]) == await world.mail.vanished(world.a, inbox, moved.modseq - 1)


async def test_move_of_a_message_that_lies_there_too(world: World) -> None:
    inbox, archive = await world.inbox(), (await world.box("Archive")).mailbox_id
    done = await world.append(inbox)
    await world.mail.copy(world.a, world.op(), inbox, UidSet.all(), archive)
    await world.mail.move(world.a, world.op(), inbox, UidSet.all(), archive)
    assert [1, 2] == await world.uids(archive)
    await world.mail.expunge(world.a, world.op(), archive, UidSet.of([1]), only_deleted=False)
    assert b"Subject" in await world.octets(done.email_ids[0])


# ----------------------------------------------------------------------------------------------------------- expunge
async def test_expunge_removes_what_is_flagged(world: World) -> None:
    inbox = await world.inbox()
    await world.append(inbox, count=6)
    await world.mail.set_flags(world.a, world.op(), inbox, UidSet.of([2, 3, 5]), add=frozenset({"\\Deleted"}))
    gone, modseq = await world.mail.expunge(world.a, world.op(), inbox, UidSet.of([1, 2, 3]))
    assert (UidSet.of([2, 3]), await world.mail.modseq(world.a)) == (gone, modseq)
    gone, after = await world.mail.expunge(world.a, world.op(), inbox, None)
    assert (UidSet.of([5]), modseq + 1) == (gone, after)
    assert (UidSet(), after) == await world.mail.expunge(world.a, world.op(), inbox, None)
    assert [1, 4, 6] == await world.uids(inbox)
    box = await world.box()
    assert (3, 3, 0, 7, after) == (box.total, box.unseen, box.deleted, box.uid_next, box.highest_modseq)


async def test_expunge_whatever_the_flags(world: World) -> None:
    inbox = await world.inbox()
    await world.append(inbox, count=3)
    gone, _ = await world.mail.expunge(world.a, world.op(), inbox, UidSet.of([1, 9]), only_deleted=False)
    assert UidSet.of([1]) == gone
    assert [2, 3] == await world.uids(inbox)


async def test_expunge_in_no_mailbox(world: World) -> None:
    with pytest.raises(Refusal) as refusal:
        await world.mail.expunge(world.a, world.op(), NOWHERE, None)
    assert Reason.NOT_FOUND is refusal.value.reason


async def test_uids_are_never_reused(world: World) -> None:
    inbox = await world.inbox()
    seen: set[int] = set()
    for _ in range(5):
        done = await world.append(inbox, count=3)
        assert not seen.intersection(done.uids)
        seen.update(done.uids)
        await world.mail.expunge(world.a, world.op(), inbox, UidSet.all(), only_deleted=False)
    assert 16 == (await world.box()).uid_next


async def test_octets_of_no_message(world: World) -> None:
    with pytest.raises(Refusal) as refusal:
        await world.octets(EmailId(4711))
    assert Reason.EXPUNGED is refusal.value.reason
    done = await world.append(await world.inbox())
    with pytest.raises(Refusal) as refusal:
        await world.octets(done.email_ids[0], world.b)
    assert Reason.EXPUNGED is refusal.value.reason


# --------------------------------------------------------------------------------------------------------------- ops
async def test_a_repeat_handed_over_gives_the_first_result(world: World) -> None:
    if world.stores[0] is world.store:
        pytest.skip("nothing is handed over here")
    inbox, archive = await world.inbox(), (await world.box("Archive")).mailbox_id
    op = world.op()
    new = [NewMessage(message())]
    assert await world.mail.append(world.a, op, inbox, new) == await world.mail.append(world.a, op, inbox, new)
    assert [1] == await world.uids(inbox)
    op = world.op()
    for verb in (world.mail.copy, world.mail.move):
        op = world.op()
        assert await verb(world.a, op, inbox, UidSet.all(), archive) == await verb(world.a, op, inbox, UidSet.all(), archive)
    assert [1, 2] == await world.uids(archive)
    op = world.op()
    gone = await world.mail.expunge(world.a, op, archive, UidSet.of([1]), only_deleted=False)
    assert gone == await world.mail.expunge(world.a, op, archive, UidSet.of([1]), only_deleted=False)
    op = world.op()
    flagged = await world.mail.set_flags(world.a, op, archive, UidSet.of([2]), add=frozenset({"\\Seen"}))
    await world.mail.set_flags(world.a, world.op(), archive, UidSet.of([2]), remove=frozenset({"\\Seen"}))
    assert flagged == await world.mail.set_flags(world.a, op, archive, UidSet.of([2]), add=frozenset({"\\Seen"}))
    assert set() == await world.flags(archive, 2)
    op = world.op()
    made = await world.mail.mailbox_create(world.a, op, ("Once",))
    assert made == await world.mail.mailbox_create(world.a, op, ("Once",))
    op = world.op()
    await world.mail.mailbox_rename(world.a, op, ("Once",), ("Twice",))
    await world.mail.mailbox_rename(world.a, op, ("Once",), ("Twice",))
    op = world.op()
    await world.mail.mailbox_delete(world.a, op, ("Twice",))
    await world.mail.mailbox_delete(world.a, op, ("Twice",))


async def test_an_op_of_large_messages_repeated_at_once(world: World) -> None:
    if world.stores[0] is world.store:
        pytest.skip("nothing is handed over here")
    inbox, op = await world.inbox(), world.op()
    large = message() + os.urandom(1_200_000)
    first, second = await asyncio.gather(*(world.mail.append(world.a, op, inbox, [NewMessage(large)]) for _ in range(2)))
    assert first == second
    assert [1] == await world.uids(inbox)
    assert large == await world.octets(first.email_ids[0])


async def test_everything_is_in_the_feed(world: World) -> None:
    inbox = await world.inbox()
    start = await world.mail.modseq(world.a)
    await world.append(inbox, count=2)
    await world.mail.set_flags(world.a, world.op(), inbox, UidSet.of([1]), add=frozenset({"\\Seen"}))
    await world.mail.move(world.a, world.op(), inbox, UidSet.of([2]), inbox)
    await world.mail.expunge(world.a, world.op(), inbox, UidSet.of([1]), only_deleted=False)
    feed = await world.mail.changes(world.a, start)
    assert start + 4 == feed.upto == await world.mail.modseq(world.a)
    assert [
        (1, 1, ChangeOp.CREATED), (1, 2, ChangeOp.CREATED), (2, 1, ChangeOp.UPDATED),
        (3, 2, ChangeOp.DESTROYED), (3, 3, ChangeOp.CREATED), (4, 1, ChangeOp.DESTROYED),
    ] == [(change.modseq - start, change.uid, change.op) for change in feed.changes]
    assert {inbox} == {change.object_id for change in feed.changes}
