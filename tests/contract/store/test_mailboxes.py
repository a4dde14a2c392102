"""Mailboxes: making, renaming, deleting, roles, subscriptions, selection (RFC 9051 §6.3.1-9)."""

import asyncio
import unicodedata

import pytest
from tests.contract.store.conftest import World

from mailstead.model import limits
from mailstead.model.change import ChangeKind, ChangeOp
from mailstead.model.errors import Reason, Refusal
from mailstead.model.mailbox import DEFAULT_MAILBOXES, INBOX, Role
from mailstead.model.uids import UidSet


async def paths(world: World) -> list[tuple[str, ...]]:
    return [box.path for box in await world.mail.mailboxes(world.a)]


async def create(world: World, *path: str, role: Role = Role.NONE) -> None:
    await world.mail.mailbox_create(world.a, world.op(), path, role=role)


async def delete(world: World, *path: str) -> None:
    await world.mail.mailbox_delete(world.a, world.op(), path)


async def rename(world: World, old: tuple[str, ...], new: tuple[str, ...]) -> None:
    await world.mail.mailbox_rename(world.a, world.op(), old, new)


async def refused(what: object) -> Reason:
    with pytest.raises(Refusal) as refusal:
        await what  # type: ignore[misc]
    return refusal.value.reason


# ------------------------------------------------------------------------------------------------------------- create
async def test_a_new_account_has_its_mailboxes(world: World) -> None:
    boxes = await world.mail.mailboxes(world.a)
    assert {((name,), role) for name, role in DEFAULT_MAILBOXES} == {(box.path, box.role) for box in boxes}
    assert INBOX == boxes[0].path
    assert all(box.subscribed and not box.noselect and not box.has_children for box in boxes)
    assert len(boxes) == len({box.uid_validity for box in boxes}) == len({box.mailbox_id for box in boxes})
    assert {(0, 0, 0, 0, 1)} == {(box.total, box.unseen, box.deleted, box.size_octets, box.uid_next) for box in boxes}


async def test_create_makes_missing_parents(world: World) -> None:
    made = await world.mail.mailbox_create(world.a, world.op(), ("One", "Two", "Three"))
    one, two = await world.box("One"), await world.box("One", "Two")
    assert (two.mailbox_id, one.mailbox_id, None) == (made.parent_id, two.parent_id, one.parent_id)
    assert (True, True, False) == (one.has_children, two.has_children, made.has_children)
    assert not one.noselect
    listed = await paths(world)
    assert listed.index(("One",)) < listed.index(("One", "Two")) < listed.index(("One", "Two", "Three"))
    assert made == await world.mail.mailbox_by_id(world.a, made.mailbox_id)
    assert made == await world.mail.mailbox(world.a, ("One", "Two", "Three"))
    assert await world.mail.mailbox_by_id(world.b, made.mailbox_id) is None
    assert await world.mail.mailbox(world.b, ("One",)) is None


async def test_create_what_is_there(world: World) -> None:
    await create(world, "One")
    assert Reason.ALREADY_EXISTS is await refused(create(world, "One"))
    assert Reason.ALREADY_EXISTS is await refused(create(world, "inbox"))
    await create(world, "one")
    await create(world, "Inbox", "below")
    assert (await world.box("INBOX", "below")).path == ("INBOX", "below")


async def test_names_are_compared_after_nfc(world: World) -> None:
    await create(world, unicodedata.normalize("NFD", "Büro"))
    assert (unicodedata.normalize("NFC", "Büro"),) in await paths(world)
    assert Reason.ALREADY_EXISTS is await refused(create(world, unicodedata.normalize("NFC", "Büro")))
    assert await world.mail.mailbox(world.a, (unicodedata.normalize("NFD", "Büro"),)) is not None
    assert await world.mail.mailbox(world.a, ("büro",)) is None


@pytest.mark.parametrize("path", [
    (), ("",), ("a", ""), ("x" * (limits.MAILBOX_NAME + 1),), ("a",) * (limits.MAILBOX_DEPTH + 1),
    ("a\r\n",), ("a\x7f",), ("a\x85",), ("a\u2028b",), ("\u2029",), ("\ufeffa",), ("a\ud800",),
])
async def test_impossible_names(world: World, path: tuple[str, ...]) -> None:
    assert Reason.INVALID is await refused(create(world, *path))
    assert Reason.INVALID is await refused(rename(world, ("Trash",), path))
    assert await world.mail.mailbox(world.a, path) is None


async def test_the_longest_and_deepest_names(world: World) -> None:
    path = tuple("x" * limits.MAILBOX_NAME for _ in range(limits.MAILBOX_DEPTH))
    await create(world, *path)
    assert path in await paths(world)


async def test_many_creations_of_one_name(world: World) -> None:
    done = await asyncio.gather(
        *(store.mail.mailbox_create(world.a, world.op(), ("Same", f"s{n}")) for store in world.stores for n in range(10)),
        return_exceptions=True)
    assert 10 == sum(not isinstance(one, BaseException) for one in done)
    assert 11 == sum(path[0] == "Same" for path in await paths(world))


# ------------------------------------------------------------------------------------------------------------- delete
async def test_delete_takes_the_messages(world: World) -> None:
    lists = (await world.box("Lists")).mailbox_id
    done = await world.append(lists, count=3)
    await delete(world, "Lists")
    assert ("Lists",) not in await paths(world)
    assert Reason.EXPUNGED is await refused(world.octets(done.email_ids[0]))
    quota = await world.mail.quota(world.a)
    assert (0, 0) == (quota.used_octets, quota.used_messages)
    assert Reason.NOT_FOUND is await refused(delete(world, "Lists"))
    assert Reason.NOT_FOUND is await refused(world.append(lists))
    assert Reason.NOT_FOUND is await refused(world.mail.select(world.a, lists, take_recent=True))
    assert await world.mail.mailbox_by_id(world.a, lists) is None


async def test_a_message_that_lies_elsewhere_too_stays(world: World) -> None:
    lists = (await world.box("Lists")).mailbox_id
    done = await world.append(lists)
    await world.mail.copy(world.a, world.op(), lists, UidSet.all(), await world.inbox())
    await delete(world, "Lists")
    assert b"Subject" in await world.octets(done.email_ids[0])


async def test_inbox_cannot_be_deleted(world: World) -> None:
    assert Reason.NOT_PERMITTED is await refused(delete(world, "inbox"))
    assert Reason.NOT_FOUND is await refused(delete(world, "Nowhere"))


async def test_delete_with_children_leaves_a_remnant(world: World) -> None:
    await create(world, "Top", "below")
    top = await world.box("Top")
    await world.append(top.mailbox_id, count=2)
    await delete(world, "Top")
    left = await world.box("Top")
    assert (True, 0, True) == (left.noselect, left.total, left.has_children)
    assert ("Top", "below") in await paths(world)
    assert Reason.HAS_CHILDREN is await refused(delete(world, "Top"))
    assert Reason.NOT_FOUND is await refused(world.mail.select(world.a, top.mailbox_id, take_recent=False))
    assert Reason.NOT_FOUND is await refused(
        world.mail.copy(world.a, world.op(), await world.inbox(), UidSet.all(), top.mailbox_id))
    assert 0 == (await world.mail.quota(world.a)).used_messages


async def test_a_remnant_is_made_a_mailbox_again(world: World) -> None:
    await create(world, "Top", "below")
    before = await world.box("Top")
    await world.append(before.mailbox_id, count=2)
    await delete(world, "Top")
    made = await world.mail.mailbox_create(world.a, world.op(), ("Top",))
    assert not made.noselect
    assert made.uid_validity > before.uid_validity
    assert 0 == made.total
    assert 1 == len((await world.append(made.mailbox_id)).uids)


async def test_a_remnant_without_children_can_go(world: World) -> None:
    await create(world, "Top", "below")
    await delete(world, "Top")
    await delete(world, "Top", "below")
    await delete(world, "Top")
    assert ("Top",) not in await paths(world)


async def test_uid_validity_is_never_reused(world: World) -> None:
    seen = {box.uid_validity for box in await world.mail.mailboxes(world.a)}
    for _ in range(5):
        made = await world.mail.mailbox_create(world.a, world.op(), ("Again",))
        assert made.uid_validity not in seen
        assert made.uid_validity > max(seen)
        seen.add(made.uid_validity)
        await delete(world, "Again")
    world.clock.ahead_ms = -3_600_000
    assert (await world.mail.mailbox_create(world.a, world.op(), ("Again",))).uid_validity > max(seen)


async def test_delete_while_mail_comes_in(world: World) -> None:
    for _ in range(5):
        await create(world, "Lists")
        results = await asyncio.gather(
            *(world.deliver(mailboxes=(("Lists",),)) for _ in range(20)), delete(world, "Lists"),
            *(world.deliver(mailboxes=(("Lists",),)) for _ in range(20)))
        assert 41 == len(results)
    inbox = await world.box()
    assert inbox.total == (await world.mail.quota(world.a)).used_messages


# ------------------------------------------------------------------------------------------------------------- rename
async def test_rename_keeps_uids_and_validity(world: World) -> None:
    before = await world.box("Old")
    done = await world.append(before.mailbox_id, "\\Flagged", count=3)
    await rename(world, ("Old",), ("New",))
    after = await world.box("New")
    assert (before.mailbox_id, before.uid_validity, 3) == (after.mailbox_id, after.uid_validity, after.total)
    assert list(done.uids) == await world.uids(after.mailbox_id)
    assert ("Old",) not in await paths(world)
    assert {"\\Flagged"} == await world.flags(after.mailbox_id, 2)


async def test_rename_takes_the_subtree_and_makes_parents(world: World) -> None:
    await create(world, "A", "b", "c")
    await create(world, "A", "d")
    ids = {box.path: box.mailbox_id for box in await world.mail.mailboxes(world.a)}
    await rename(world, ("A",), ("X", "Y", "Z"))
    found = {box.path: box.mailbox_id for box in await world.mail.mailboxes(world.a)}
    for rest in ((), ("b",), ("b", "c"), ("d",)):
        assert ids["A", *rest] == found["X", "Y", "Z", *rest]
        assert (await world.box("X", "Y", "Z", *rest)).mailbox_id == ids["A", *rest]
    assert not any(path[0] == "A" for path in found)
    await create(world, "A")


async def test_rename_to_what_is_there_or_from_what_is_not(world: World) -> None:
    await create(world, "One", "below")
    await create(world, "Two")
    assert Reason.ALREADY_EXISTS is await refused(rename(world, ("One",), ("Two",)))
    assert Reason.ALREADY_EXISTS is await refused(rename(world, ("One",), ("One",)))
    assert Reason.ALREADY_EXISTS is await refused(rename(world, ("One",), ("inbox",)))
    assert Reason.NOT_FOUND is await refused(rename(world, ("None",), ("Three",)))
    assert Reason.INVALID is await refused(rename(world, ("One",), ("One", "in", "itself")))
    assert ("One", "below") in await paths(world)


async def test_rename_never_makes_names_too_deep(world: World) -> None:
    deep = tuple(f"d{n}" for n in range(limits.MAILBOX_DEPTH - 1))
    await create(world, *deep)
    await create(world, "A", "b", "c")
    assert Reason.INVALID is await refused(rename(world, ("A",), (*deep, "A")))
    assert ("A", "b", "c") in await paths(world)
    await rename(world, ("A", "b", "c"), (*deep, "c"))


async def test_rename_of_inbox_moves_its_messages(world: World) -> None:
    inbox = await world.box()
    await create(world, "INBOX", "below")
    done = await world.append(inbox.mailbox_id, "\\Seen", count=3)
    await world.append(inbox.mailbox_id, "\\Deleted")
    await rename(world, ("Inbox",), ("Old", "mail"))
    new, old = await world.box("Old", "mail"), await world.box()
    assert (4, 1, 1) == (new.total, new.unseen, new.deleted)
    assert (0, 0, 0, 5, inbox.uid_validity, inbox.mailbox_id) == (
        old.total, old.unseen, old.deleted, old.uid_next, old.uid_validity, old.mailbox_id)
    assert new.uid_validity != inbox.uid_validity
    assert ("INBOX", "below") in await paths(world)
    assert {"\\Seen"} == await world.flags(new.mailbox_id, 1)
    assert b"Subject" in await world.octets(done.email_ids[1])
    assert UidSet.of_ranges([(1, 4)]) == await world.mail.vanished(world.a, inbox.mailbox_id, done.modseq)
    await rename(world, ("INBOX",), ("INBOX", "again"))
    assert 0 == (await world.box("INBOX", "again")).total


async def test_rename_of_a_large_inbox(world: World) -> None:
    inbox = await world.inbox()
    for _ in range(6):
        await world.append(inbox, count=200)
    await rename(world, INBOX, ("Old",))
    assert 1200 == (await world.box("Old")).total
    assert list(range(1, 1201)) == await world.uids((await world.box("Old")).mailbox_id)


# ------------------------------------------------------------------------------------------------ roles, subscriptions
async def test_roles(world: World) -> None:
    made = await world.mail.mailbox_create(world.a, world.op(), ("Wichtig",), role=Role.IMPORTANT)
    assert Role.IMPORTANT is made.role
    assert Reason.ALREADY_EXISTS is await refused(create(world, "Other", role=Role.IMPORTANT))
    assert ("Other",) not in await paths(world)
    other = (await world.box("Papierkorb")).mailbox_id
    await world.mail.mailbox_role(world.a, world.op(), other, Role.TRASH)
    assert (Role.TRASH, Role.NONE) == ((await world.box("Papierkorb")).role, (await world.box("Trash")).role)
    await world.mail.mailbox_role(world.a, world.op(), other, Role.NONE)
    assert Role.NONE is (await world.box("Papierkorb")).role
    assert Reason.NOT_PERMITTED is await refused(world.mail.mailbox_role(world.a, world.op(), await world.inbox(), Role.SENT))
    assert Reason.NOT_PERMITTED is await refused(world.mail.mailbox_role(world.a, world.op(), other, Role.INBOX))
    assert Role.INBOX is (await world.box()).role


async def test_subscriptions_belong_to_names(world: World) -> None:
    await create(world, "Lists", "python")
    assert not (await world.box("Lists", "python")).subscribed
    await world.mail.subscribe(world.a, ("Lists", "python"), True)
    await world.mail.subscribe(world.a, ("Lists", "python"), True)
    await world.mail.subscribe(world.a, ("None", "yet"), True)
    assert (await world.box("Lists", "python")).subscribed
    await delete(world, "Lists", "python")
    subscribed = await world.mail.subscriptions(world.a)
    assert {("Lists", "python"), ("None", "yet"), INBOX} <= set(subscribed)
    assert len(subscribed) == len(set(subscribed))
    await create(world, "Lists", "python")
    assert (await world.box("Lists", "python")).subscribed
    await world.mail.subscribe(world.a, ("Lists", "python"), False)
    await world.mail.subscribe(world.a, ("inbox",), False)
    assert not (await world.box("Lists", "python")).subscribed
    assert not (await world.box()).subscribed
    assert {("None", "yet")} == set(await world.mail.subscriptions(world.a)) - {(name,) for name, _ in DEFAULT_MAILBOXES}
    assert INBOX not in await world.mail.subscriptions(world.a)


# ------------------------------------------------------------------------------------------------------------ selecting
async def test_select_shows_one_moment_and_takes_recent(world: World) -> None:
    inbox = await world.inbox()
    await world.append(inbox, "\\Seen", "work", count=2)
    done = await world.append(inbox, count=2)
    looked = await world.mail.select(world.a, inbox, take_recent=False)
    assert ([1, 2, 3, 4], 3, 0, ("work",), done.modseq) == (
        list(looked.uids), looked.first_unseen_uid, looked.info.recent_uid, looked.keywords, looked.account_modseq)
    taken = await world.mail.select(world.a, inbox, take_recent=True)
    assert 0 == taken.info.recent_uid
    assert 4 == (await world.mail.select(world.a, inbox, take_recent=True)).info.recent_uid
    assert done.modseq == await world.mail.modseq(world.a)
    await world.append(inbox)
    assert 4 == (await world.mail.select(world.a, inbox, take_recent=False)).info.recent_uid
    await world.mail.set_flags(world.a, world.op(), inbox, UidSet.all(), add=frozenset({"\\Seen"}))
    assert 0 == (await world.mail.select(world.a, inbox, take_recent=False)).first_unseen_uid


async def test_recent_is_announced_to_one_session_only(world: World) -> None:
    inbox = await world.inbox()
    await world.append(inbox, count=3)
    taken = await asyncio.gather(*(store.mail.select(world.a, inbox, take_recent=True) for store in world.stores for _ in range(5)))
    assert [3] * (len(taken) - 1) == sorted(one.info.recent_uid for one in taken)[1:]


async def test_the_feed_names_mailboxes(world: World) -> None:
    start = await world.mail.modseq(world.a)
    made = await world.mail.mailbox_create(world.a, world.op(), ("New",))
    await rename(world, ("New",), ("Newer",))
    await world.mail.subscribe(world.a, ("Newer",), True)
    await delete(world, "Newer")
    feed = await world.mail.changes(world.a, start)
    assert [ChangeOp.CREATED, ChangeOp.UPDATED, ChangeOp.DESTROYED] == [
        change.op for change in feed.changes if change.kind is ChangeKind.MAILBOX and change.object_id == made.mailbox_id]
    assert ChangeKind.SUBSCRIPTION in {change.kind for change in feed.changes}


async def test_deleting_a_mailbox_tells_of_its_messages(world: World) -> None:
    lists = (await world.box("Lists")).mailbox_id
    await world.append(lists, count=2)
    start = await world.mail.modseq(world.a)
    await delete(world, "Lists")
    feed = await world.mail.changes(world.a, start)
    assert {1, 2} == {change.uid for change in feed.changes if change.kind is ChangeKind.ENTRY and change.op is ChangeOp.DESTROYED}


async def test_an_account_has_so_many_mailboxes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """``limits.MAILBOXES``: parents that would be made with one count as well, and what is deleted makes room."""
    monkeypatch.setattr(limits, "MAILBOXES", len(DEFAULT_MAILBOXES) + 2)
    assert Reason.LIMIT is await refused(create(world, "One", "Two", "Three"))
    await create(world, "One", "Two")
    assert Reason.LIMIT is await refused(create(world, "Three"))
    await delete(world, "One", "Two")
    await create(world, "Three")
