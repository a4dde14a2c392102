"""Flags and keywords: UNCHANGEDSINCE, replace, the keyword past the bits (RFC 9051 §6.4.6, RFC 7162 §3.1.3)."""

import pytest
from tests.contract.store.conftest import World, message

from mailstead.model import limits
from mailstead.model.errors import Reason, Refusal
from mailstead.model.message import NewMessage
from mailstead.model.uids import UidSet


async def test_add_remove_and_replace(world: World) -> None:
    inbox = await world.inbox()
    await world.append(inbox, count=3)
    added = await world.mail.set_flags(world.a, world.op(), inbox, UidSet.of([1, 2, 9]), add=frozenset({"\\SEEN", "work"}))
    assert {1, 2} == set(added.changed)
    assert {"\\Seen", "work"} == await world.flags(inbox, 1)
    assert set() == await world.flags(inbox, 3)
    await world.mail.set_flags(world.a, world.op(), inbox, UidSet.of([1]), remove=frozenset({"WORK", "never"}))
    assert {"\\Seen"} == await world.flags(inbox, 1)
    await world.mail.set_flags(world.a, world.op(), inbox, UidSet.of([1, 2, 3]), replace=frozenset({"\\Draft", "other"}))
    for uid in (1, 2, 3):
        assert {"\\Draft", "other"} == await world.flags(inbox, uid)
    box = await world.box()
    assert (3, 3, 0) == (box.total, box.unseen, box.deleted)
    await world.mail.set_flags(world.a, world.op(), inbox, UidSet.all(), replace=frozenset())
    assert set() == await world.flags(inbox, 2)


async def test_counters_follow_the_flags(world: World) -> None:
    inbox = await world.inbox()
    await world.append(inbox, count=4)
    await world.mail.set_flags(world.a, world.op(), inbox, UidSet.of([1, 2]), add=frozenset({"\\Seen", "\\Deleted"}))
    await world.mail.set_flags(world.a, world.op(), inbox, UidSet.of([2, 3]), add=frozenset({"\\Seen"}), remove=frozenset({"\\Deleted"}))
    box = await world.box()
    assert (1, 1) == (box.unseen, box.deleted)


async def test_what_does_not_change_keeps_its_modseq(world: World) -> None:
    inbox = await world.inbox()
    done = await world.append(inbox, "\\Seen", "work")
    before = await world.mail.modseq(world.a)
    stored = await world.mail.set_flags(world.a, world.op(), inbox, UidSet.of([1]), add=frozenset({"\\Seen", "Work"}))
    assert {1: (done.modseq, (await world.entry(inbox, 1)).flags)} == stored.changed
    assert before == stored.modseq == await world.mail.modseq(world.a)
    await world.append(inbox)
    stored = await world.mail.set_flags(world.a, world.op(), inbox, UidSet.all(), add=frozenset({"\\Seen"}))
    assert (done.modseq, stored.modseq) == (stored.changed[1][0], stored.changed[2][0])


async def test_unchanged_since(world: World) -> None:
    inbox = await world.inbox()
    first = await world.append(inbox, count=2)
    second = await world.append(inbox)
    stored = await world.mail.set_flags(
        world.a, world.op(), inbox, UidSet.all(), add=frozenset({"\\Flagged"}), unchanged_since=first.modseq)
    assert ((3,), {1, 2}) == (stored.refused, set(stored.changed))
    assert set() == await world.flags(inbox, 3)
    assert {stored.modseq} == {modseq for modseq, _ in stored.changed.values()}
    again = await world.mail.set_flags(
        world.a, world.op(), inbox, UidSet.all(), add=frozenset({"\\Seen"}), unchanged_since=second.modseq)
    assert ((1, 2), {3}) == (again.refused, set(again.changed))
    none = await world.mail.set_flags(world.a, world.op(), inbox, UidSet.all(), add=frozenset({"\\Seen"}), unchanged_since=0)
    assert (1, 2, 3) == none.refused


async def test_keywords_keep_their_first_spelling_and_ignore_case(world: World) -> None:
    inbox = await world.inbox()
    await world.append(inbox, "Work")
    await world.append(inbox, "WORK")
    assert {"Work"} == await world.flags(inbox, 2)
    assert ("Work",) == (await world.mail.select(world.a, inbox, take_recent=False)).keywords


async def test_keywords_past_the_bits(world: World) -> None:
    inbox = await world.inbox()
    await world.append(inbox, *(f"k{n:03}" for n in range(47)))
    first = await world.append(inbox, *(f"k{n:03}" for n in range(40, 60)))
    assert {f"k{n:03}" for n in range(40, 60)} == await world.flags(inbox, 2)
    assert 13 == len((await world.entry(inbox, 2)).more)
    await world.mail.set_flags(world.a, world.op(), inbox, UidSet.of([1, 2]), add=frozenset({"K055", "k059", "late"}))
    assert {"k055", "k059", "late"} < await world.flags(inbox, 1)
    assert first.modseq < (await world.entry(inbox, 2)).modseq
    kept = await world.mail.set_flags(world.a, world.op(), inbox, UidSet.of([2]), add=frozenset({"k050", "LATE"}))
    assert (await world.entry(inbox, 2)).modseq == kept.changed[2][0] < await world.mail.modseq(world.a) + 1
    await world.mail.set_flags(world.a, world.op(), inbox, UidSet.of([2]), remove=frozenset({"K050", "k041", "late"}))
    assert {f"k{n:03}" for n in range(40, 60)} - {"k050", "k041"} == await world.flags(inbox, 2)
    await world.mail.set_flags(world.a, world.op(), inbox, UidSet.of([2]), replace=frozenset({"k051", "k001"}))
    assert {"k051", "k001"} == await world.flags(inbox, 2)
    archive = (await world.box("Archive")).mailbox_id
    await world.mail.copy(world.a, world.op(), inbox, UidSet.of([2]), archive)
    assert {"k051", "k001"} == await world.flags(archive, 1)
    await world.mail.set_flags(world.a, world.op(), inbox, UidSet.of([2]), replace=frozenset())
    assert set() == await world.flags(inbox, 2)
    assert () == (await world.entry(inbox, 2)).more


async def test_a_system_flag_beside_a_keyword_past_the_bits_changes_one_modseq_only(world: World) -> None:
    inbox = await world.inbox()
    await world.append(inbox, *(f"k{n:03}" for n in range(50)))
    stored = await world.mail.set_flags(world.a, world.op(), inbox, UidSet.of([1]), add=frozenset({"k049", "k048"}))
    assert stored.changed[1][0] < stored.modseq + 1
    assert stored.changed[1][0] == (await world.entry(inbox, 1)).modseq


async def test_too_many_keywords(world: World) -> None:
    inbox = await world.inbox()
    await world.append(inbox, *(f"k{n}" for n in range(limits.KEYWORDS)))
    before = await world.mail.quota(world.a), await world.mail.modseq(world.a)
    for writing in (
        world.append(inbox, "one-more"),
        world.mail.set_flags(world.a, world.op(), inbox, UidSet.all(), add=frozenset({"one-more"})),
        world.mail.set_flags(world.a, world.op(), inbox, UidSet.all(), replace=frozenset({"one-more"})),
    ):
        with pytest.raises(Refusal) as refusal:
            await writing
        assert Reason.LIMIT is refusal.value.reason
    assert before == (await world.mail.quota(world.a), await world.mail.modseq(world.a))
    await world.mail.set_flags(world.a, world.op(), inbox, UidSet.all(), add=frozenset({"K3"}))


async def test_a_delivery_is_not_lost_for_its_keyword(world: World) -> None:
    await world.append(await world.inbox(), *(f"k{n}" for n in range(limits.KEYWORDS)))
    filed = await world.deliver(flags=frozenset({"one-more", "k1", "\\Seen"}))
    assert {"k1", "\\Seen"} == await world.flags(filed.mailbox_id, filed.uid)


async def test_keywords_are_the_account_s_own(world: World) -> None:
    await world.append(await world.inbox(), "mine")
    names = await world.mail.keywords(world.a)
    assert "mine" in names.values()
    assert "mine" not in (await world.mail.keywords(world.b)).values()
    assert {1: "\\Seen", 8: "\\Deleted"}.items() <= names.items()


async def test_flags_of_nothing_change_nothing(world: World) -> None:
    before = await world.mail.modseq(world.a)
    stored = await world.mail.set_flags(world.a, world.op(), await world.inbox(), UidSet.of([3]), add=frozenset({"\\Seen"}))
    assert (before, {}, ()) == (stored.modseq, stored.changed, stored.refused)


async def test_a_suspended_account_changes_no_flags_and_loses_no_mail(world: World) -> None:
    inbox = await world.inbox()
    await world.mail.append(world.a, world.op(), inbox, [NewMessage(message(), frozenset({"\\Deleted"}))])
    await world.directory.account_set(world.a, state="suspended")
    for writing in (
        world.mail.set_flags(world.a, world.op(), inbox, UidSet.all(), add=frozenset({"\\Seen", "new"})),
        world.mail.expunge(world.a, world.op(), inbox, None),
        world.mail.mailbox_create(world.a, world.op(), ("New",)),
        world.mail.mailbox_delete(world.a, world.op(), ("Trash",)),
        world.mail.copy(world.a, world.op(), inbox, UidSet.all(), inbox),
        world.mail.move(world.a, world.op(), inbox, UidSet.all(), inbox),
    ):
        with pytest.raises(Refusal) as refusal:
            await writing
        assert Reason.ACCOUNT_SUSPENDED is refusal.value.reason
    assert [1] == await world.uids(inbox)
    await world.directory.account_set(world.a, state="active")
