"""Delivery: exactly once for its id, and where it goes (STORAGE §4, DECISIONS 3)."""

import asyncio

import pytest
from tests.contract.store.conftest import DAY_MS, World, message

from mailstead.model.errors import Reason, Refusal
from mailstead.model.message import Filing
from mailstead.model.object import ObjectKind, ObjectWrite
from mailstead.model.uids import UidSet


async def test_a_message_is_stored_octet_for_octet_with_its_prefix(world: World) -> None:
    octets = message()
    filed = await world.mail.deliver(world.a, Filing(world.delivery(), octets, b"Return-Path: <>\r\n"))
    assert b"Return-Path: <>\r\n" + octets == await world.octets(filed.email_id)
    assert not filed.duplicate
    assert 1 == filed.uid
    assert await world.inbox() == filed.mailbox_id
    assert await world.mail.modseq(world.a) == filed.modseq


async def test_a_delivery_id_is_filed_once_while_its_copy_exists(world: World) -> None:
    filing = Filing(world.delivery(), message(), b"")
    first = await world.mail.deliver(world.a, filing)
    again = await world.mail.deliver(world.a, filing)
    assert again.duplicate
    assert (first.email_id, first.uid, first.mailbox_id, first.thread_id) == (
        again.email_id, again.uid, again.mailbox_id, again.thread_id)
    assert [1] == await world.uids(first.mailbox_id)


async def test_nothing_is_filed_where_somebody_has_a_say(world: World) -> None:
    say = (ObjectKind.SENDER_PROFILE, ObjectKind.VACATION)
    filed = await world.mail.deliver_unless(world.a, Filing(world.delivery(), message(), b""), say)
    assert filed is not None
    assert not filed.duplicate
    at = (await world.store.kept.states(world.a, [ObjectKind.VACATION]))[0].modseq
    assert await world.store.kept.set(world.a, world.op(), ObjectKind.VACATION, [ObjectWrite(1, b"{}")], at=at)
    filing = Filing(world.delivery(), message(body="x" * (2 << 20)), b"")
    for store in world.stores:
        assert await store.mail.deliver_unless(world.a, filing, say) is None
    assert [1] == await world.uids(filed.mailbox_id)
    assert await world.mail.deliver_unless(world.a, filing, say[:1]) is not None
    again = await world.mail.deliver_unless(world.a, filing, say)
    assert again is not None, "what was filed is told, whoever has a say now"
    assert again.duplicate


async def test_the_same_id_at_the_same_moment_is_filed_once(world: World) -> None:
    filing = Filing(world.delivery(), message(), b"")
    filed = await asyncio.gather(*(store.mail.deliver(world.a, filing) for store in world.stores for _ in range(20)))
    assert 1 == sum(not one.duplicate for one in filed)
    assert {1} == {one.uid for one in filed}


async def test_a_delivery_id_is_filed_again_once_its_copy_is_gone(world: World) -> None:
    filing = Filing(world.delivery(), message(), b"")
    first = await world.mail.deliver(world.a, filing)
    await world.mail.expunge(world.a, world.op(), first.mailbox_id, UidSet.of([first.uid]), only_deleted=False)
    again = await world.mail.deliver(world.a, filing)
    assert not again.duplicate
    assert 2 == again.uid
    assert filing.octets == await world.octets(again.email_id)


async def test_a_duplicate_follows_its_copy_into_another_mailbox(world: World) -> None:
    filing = Filing(world.delivery(), message(), b"")
    first = await world.mail.deliver(world.a, filing)
    archive = (await world.box("Archive")).mailbox_id
    moved = await world.mail.move(world.a, world.op(), first.mailbox_id, UidSet.of([first.uid]), archive)
    again = await world.mail.deliver(world.a, filing)
    assert again.duplicate
    assert (archive, moved.target[0]) == (again.mailbox_id, again.uid)


async def test_a_delivery_id_is_forgotten_after_seven_days(world: World) -> None:
    filing = Filing(world.delivery(), message(), b"")
    await world.mail.deliver(world.a, filing)
    world.clock.ahead_ms = 7 * DAY_MS - 60_000
    assert (await world.mail.deliver(world.a, filing)).duplicate
    world.clock.ahead_ms = 7 * DAY_MS + 60_000
    assert not (await world.mail.deliver(world.a, filing)).duplicate


async def test_a_discarded_message_is_remembered_and_not_filed(world: World) -> None:
    ident = world.delivery()
    before = await world.mail.modseq(world.a)
    filed = await world.mail.deliver(world.a, Filing(ident, message(), b"", discard=True))
    assert (False, 0) == (filed.duplicate, filed.uid)
    assert (await world.mail.deliver(world.a, Filing(ident, message(), b""))).duplicate
    assert [] == await world.uids(await world.inbox())
    assert before == await world.mail.modseq(world.a)
    assert 0 == (await world.mail.quota(world.a)).used_messages


async def test_an_id_is_one_account_s(world: World) -> None:
    filing = Filing(world.delivery(), message(), b"")
    first = await world.mail.deliver(world.a, filing)
    second = await world.mail.deliver(world.b, filing)
    assert not second.duplicate
    assert first.email_id != second.email_id


async def test_mailboxes_are_tried_in_order_and_inbox_is_the_last_resort(world: World) -> None:
    lists = (await world.box("Lists")).mailbox_id
    there = await world.deliver(mailboxes=(("None",), ("Lists",), ("Archive",)))
    assert lists == there.mailbox_id
    nowhere = await world.deliver(mailboxes=(("None",), ("Lists", "none")))
    assert await world.inbox() == nowhere.mailbox_id
    assert await world.inbox() == (await world.deliver(mailboxes=())).mailbox_id


async def test_a_name_that_no_mailbox_can_have_leads_to_inbox(world: World) -> None:
    for path in ((), ("",), ("x" * 300,), ("a\0b",), ("a",) * 30):
        assert await world.inbox() == (await world.deliver(mailboxes=(path,))).mailbox_id


async def test_a_remnant_takes_no_mail(world: World) -> None:
    await world.box("Top", "below")
    await world.mail.mailbox_delete(world.a, world.op(), ("Top",))
    assert await world.inbox() == (await world.deliver(mailboxes=(("Top",),))).mailbox_id


async def test_flags_and_time_of_a_delivery(world: World) -> None:
    filed = await world.deliver(flags=frozenset({"\\seen", "$Junk", "work"}), received_at_ms=1_000_000_000_000)
    assert {"\\Seen", "$Junk", "work"} == await world.flags(filed.mailbox_id, filed.uid)
    box = await world.box()
    assert (1, 0) == (box.total, box.unseen)


async def test_many_deliveries_get_different_uids_in_the_order_of_modseq(world: World) -> None:
    filed = await asyncio.gather(*(
        world.stores[n % len(world.stores)].mail.deliver(world.a, Filing(world.delivery(), message(), b"")) for n in range(100)))
    by_uid = sorted(filed, key=lambda one: one.uid)
    assert list(range(1, 101)) == [one.uid for one in by_uid]
    assert sorted(one.modseq for one in filed) == [one.modseq for one in by_uid]
    assert 100 == len({one.modseq for one in filed})
    box = await world.box()
    assert (100, 100, 101, by_uid[-1].modseq) == (box.total, box.unseen, box.uid_next, box.highest_modseq)


async def test_a_full_account_refuses_and_keeps_nothing(world: World) -> None:
    octets = message()
    await world.directory.account_set(world.a, max_octets=len(octets) * 2 + 10)
    await world.deliver(octets)
    await world.deliver(octets)
    before = await world.mail.quota(world.a)
    with pytest.raises(Refusal) as refusal:
        await world.deliver(octets)
    assert Reason.OVER_QUOTA is refusal.value.reason
    assert before == await world.mail.quota(world.a)
    assert 2 == before.used_messages
    await world.mail.expunge(world.a, world.op(), await world.inbox(), UidSet.of([1]), only_deleted=False)
    await world.deliver(octets)


async def test_a_limit_of_messages(world: World) -> None:
    await world.directory.account_set(world.a, max_messages=1)
    await world.deliver()
    with pytest.raises(Refusal) as refusal:
        await world.deliver()
    assert Reason.OVER_QUOTA is refusal.value.reason
    await world.directory.account_set(world.a, max_messages=0)
    await world.deliver()


async def test_a_refused_delivery_can_be_repeated_later(world: World) -> None:
    filing = Filing(world.delivery(), message(), b"")
    await world.directory.account_set(world.a, max_octets=10)
    with pytest.raises(Refusal):
        await world.mail.deliver(world.a, filing)
    await world.directory.account_set(world.a, max_octets=0)
    assert not (await world.mail.deliver(world.a, filing)).duplicate


async def test_a_suspended_account_takes_no_mail_and_goes_on_later(world: World) -> None:
    await world.directory.account_set(world.a, state="suspended")
    for writing in (world.deliver(), world.deliver(discard=True), world.append(await world.inbox())):
        with pytest.raises(Refusal) as refusal:
            await writing
        assert Reason.ACCOUNT_SUSPENDED is refusal.value.reason
    await world.deliver(account=world.b)
    await world.directory.account_set(world.a, state="active")
    await world.deliver()


async def test_a_refusal_in_the_middle_of_a_batch_is_that_one_s_alone(world: World) -> None:
    octets = message()
    await world.directory.account_set(world.a, max_messages=30)
    results = await asyncio.gather(
        *(world.deliver(octets, account=world.a if n % 2 else world.b, flags=frozenset({f"k{n}"})) for n in range(100)),
        return_exceptions=True)
    failed = [one for one in results if isinstance(one, BaseException)]
    assert 20 == len(failed)
    assert {Reason.OVER_QUOTA} == {one.reason for one in failed if isinstance(one, Refusal)}
    assert (30, 50) == tuple([(await world.mail.quota(account)).used_messages for account in (world.a, world.b)])


async def test_large_messages_go_through_delivery_once(world: World) -> None:
    large = message(body="y" * 3_000_000)
    filing = Filing(world.delivery(), large, b"Return-Path: <>\r\n")
    first = await world.mail.deliver(world.a, filing)
    assert (await world.mail.deliver(world.a, filing)).duplicate
    assert b"Return-Path: <>\r\n" + large == await world.octets(first.email_id)
