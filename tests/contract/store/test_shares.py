"""Grants: given, taken, inherited, forgotten; only inside a tenant; under the owner's clock."""

import pytest
from tests.contract.store.conftest import World

from mailstead.model import limits
from mailstead.model.change import Change, ChangeKind, ChangeOp
from mailstead.model.email import Fault, MailboxPatch
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId, MailboxId
from mailstead.model.mailbox import INBOX
from mailstead.model.sharing import ALL, NONE, Grant, Granted, Right

LOOK = Right.READ | Right.SEEN


async def give(world: World, mailbox: MailboxId, rights: Right, *, to: AccountId | None = None, by: AccountId | None = None) -> tuple[Granted, ...]:
    return await world.store.shares.set(world.a, world.op(), [Grant(mailbox, to or world.b, rights)], by=by)


async def refused(world: World, mailbox: MailboxId, rights: Right, *, to: AccountId | None = None, by: AccountId | None = None) -> Reason:
    with pytest.raises(Refusal) as caught:
        await give(world, mailbox, rights, to=to, by=by)
    return caught.value.reason


async def owners(world: World, grantee: AccountId) -> list[AccountId]:
    return [one.owner for one in await world.store.shares.with_(grantee)]


async def test_what_is_given_is_there_and_can_be_found_by_who_has_it(world: World) -> None:
    shares, inbox = world.store.shares, await world.inbox()
    assert () == await shares.of(world.a)
    assert [] == await owners(world, world.b)
    assert (Granted(inbox, world.b, NONE, LOOK),) == await give(world, inbox, LOOK)
    assert (Grant(inbox, world.b, LOOK, is_subscribed=True),) == await shares.of(world.a) == await shares.of(world.a, grantee=world.b)
    assert () == await shares.of(world.b)
    assert [world.a] == await owners(world, world.b)
    assert [] == await owners(world, world.a)


async def test_what_is_taken_back_is_gone(world: World) -> None:
    shares, inbox, other = world.store.shares, await world.inbox(), (await world.box("Other")).mailbox_id
    await give(world, inbox, ALL)
    await give(world, other, LOOK)
    assert (Granted(inbox, world.b, ALL, NONE),) == await give(world, inbox, NONE)
    assert [other] == [one.mailbox_id for one in await shares.of(world.a, grantee=world.b)]
    assert [world.a] == await owners(world, world.b)
    await give(world, other, NONE)
    assert () == await shares.of(world.a)
    assert [] == await owners(world, world.b)
    assert () == await give(world, other, NONE)


async def test_each_change_has_another_revision_also_after_everything_was_taken_back(world: World) -> None:
    inbox = await world.inbox()
    seen = []
    for rights in (LOOK, ALL, NONE, LOOK):
        await give(world, inbox, rights)
        seen += [one.revision for one in await world.store.shares.with_(world.b)]
    assert 3 == len(seen) == len(set(seen))


async def test_a_change_is_one_of_the_mailbox_under_the_owners_clock(world: World) -> None:
    inbox = await world.inbox()
    before, states = await world.mail.modseq(world.a), await world.store.emails.states(world.a)
    heard: list[int] = []
    stop = world.store.watch(world.a, lambda _, modseq: heard.append(modseq))
    await give(world, inbox, LOOK)
    stop()
    now = await world.mail.modseq(world.a)
    assert (now, [now]) == (before + 1, heard)
    assert (Change(now, ChangeKind.MAILBOX, inbox, 0, ChangeOp.UPDATED),) == (await world.mail.changes(world.a, before)).changes
    after = await world.store.emails.states(world.a)
    assert (now, states.email) == (after.mailbox, after.email)
    await give(world, inbox, LOOK)
    assert now == await world.mail.modseq(world.a), "what is so already is no change"


async def test_only_people_of_the_tenant_can_be_given_anything(world: World) -> None:
    inbox = await world.inbox()
    tenant = await world.directory.tenant_add("other")
    await world.directory.domain_add("other.test", tenant.tenant_id)
    eve = await world.account("eve@other.test")
    assert Reason.NOT_PERMITTED == await refused(world, inbox, LOOK, to=eve.account_id)
    assert Reason.NOT_PERMITTED == await refused(world, inbox, LOOK, to=AccountId(12345))
    assert Reason.INVALID == await refused(world, inbox, LOOK, to=world.a)
    assert Reason.NOT_FOUND == await refused(world, MailboxId(12345), LOOK)
    assert () == await world.store.shares.of(world.a)
    assert [] == await owners(world, eve.account_id) == await owners(world, world.b)


async def test_who_shares_in_place_of_the_owner_needs_the_right_to(world: World) -> None:
    inbox, other = await world.inbox(), (await world.box("Other")).mailbox_id
    carl = (await world.account("carl@example.test")).account_id
    assert Reason.NOT_FOUND == await refused(world, inbox, LOOK, to=carl, by=world.b)
    await give(world, inbox, ALL & ~Right.SHARE)
    assert Reason.NOT_PERMITTED == await refused(world, inbox, LOOK, to=carl, by=world.b)
    await give(world, inbox, Right.READ | Right.SHARE)
    assert (Granted(inbox, carl, NONE, LOOK),) == await give(world, inbox, LOOK, to=carl, by=world.b)
    assert Reason.NOT_FOUND == await refused(world, other, LOOK, to=carl, by=world.b)
    with pytest.raises(Refusal):
        await world.store.shares.set(world.a, world.op(), [Grant(inbox, carl, ALL), Grant(other, carl, LOOK)], by=world.b)
    assert [LOOK] == [one.rights for one in await world.store.shares.of(world.a, grantee=carl)], "all or nothing"


async def test_a_new_mailbox_shares_what_the_one_above_it_does(world: World) -> None:
    top = (await world.box("Top")).mailbox_id
    await give(world, top, LOOK)
    below = (await world.box("Top", "below")).mailbox_id
    made = await world.store.emails.mailbox_set(world.a, world.op(), None, MailboxPatch("jmap", top, None, None, None))
    beside = (await world.box("Beside")).mailbox_id
    assert {top: LOOK, below: LOOK, made.mailbox_id: LOOK} == {one.mailbox_id: one.rights for one in await world.store.shares.of(world.a)}
    await world.mail.mailbox_rename(world.a, world.op(), ("Top", "below"), ("Beside", "below"))
    assert {below: LOOK} == {one.mailbox_id: one.rights for one in await world.store.shares.of(world.a) if one.mailbox_id in {below, beside}}


@pytest.mark.parametrize("way", ["imap", "jmap"])
async def test_grants_go_with_their_mailbox(world: World, way: str) -> None:
    top = (await world.box("Top")).mailbox_id
    await give(world, top, LOOK)
    if way == "imap":
        await world.mail.mailbox_delete(world.a, world.op(), ("Top",))
    else:
        assert Fault.NONE is (await world.store.emails.mailbox_destroy(world.a, world.op(), top, with_emails=True)).fault
    assert () == await world.store.shares.of(world.a)
    again = (await world.box("Top")).mailbox_id
    assert again != top
    assert () == await world.store.shares.of(world.a)


async def test_what_somebody_wants_to_see_is_their_own_matter(world: World) -> None:
    shares, inbox = world.store.shares, await world.inbox()
    carl = (await world.account("carl@example.test")).account_id
    await give(world, inbox, LOOK)
    await give(world, inbox, LOOK, to=carl)
    before = await world.store.emails.states(world.a)
    assert {world.b: True, carl: True} == {one.grantee: one.is_subscribed for one in await shares.of(world.a)}, "until they say otherwise"
    revision = [one.revision for one in await shares.with_(world.b)]
    await shares.subscribe(world.a, world.op(), world.b, inbox, is_subscribed=False)
    assert {world.b: False, carl: True} == {one.grantee: one.is_subscribed for one in await shares.of(world.a)}
    assert revision < [one.revision for one in await shares.with_(world.b)]
    assert before.mailbox == (await world.store.emails.states(world.a)).mailbox
    await give(world, inbox, ALL)
    assert (Grant(inbox, world.b, ALL),) == await shares.of(world.a, grantee=world.b)
    await give(world, inbox, Right.ADD)
    with pytest.raises(Refusal) as caught:
        await shares.subscribe(world.a, world.op(), world.b, inbox, is_subscribed=True)
    assert Reason.NOT_FOUND is caught.value.reason
    await give(world, inbox, LOOK)
    assert (Grant(inbox, world.b, LOOK, is_subscribed=True),) == await shares.of(world.a, grantee=world.b)


async def test_bounds(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    inbox, other = await world.inbox(), (await world.box("Other")).mailbox_id
    carl, dora = [(await world.account(f"{name}@example.test")).account_id for name in ("carl", "dora")]
    monkeypatch.setattr(limits, "SHARES_PER_MAILBOX", 2)
    await give(world, inbox, LOOK)
    await give(world, inbox, LOOK, to=carl)
    assert Reason.LIMIT == await refused(world, inbox, LOOK, to=dora)
    await give(world, inbox, ALL, to=carl)
    monkeypatch.setattr(limits, "SHARES", 2)
    assert Reason.LIMIT == await refused(world, other, LOOK)


async def test_nothing_is_shared_by_who_is_suspended_and_nothing_of_who_is_gone_is_left(world: World) -> None:
    inbox = await world.inbox()
    carl = (await world.account("carl@example.test")).account_id
    await give(world, inbox, LOOK)
    await world.store.shares.set(world.b, world.op(), [Grant((await world.box(*INBOX, account=world.b)).mailbox_id, carl, LOOK)])
    await world.directory.account_set(world.a, state="suspended")
    assert Reason.ACCOUNT_SUSPENDED == await refused(world, inbox, ALL)
    await world.directory.account_set(world.a, state="active")
    await world.directory.account_shred(world.b)
    assert [] == await owners(world, carl)
    assert (Granted(inbox, world.b, LOOK, NONE),) == await give(world, inbox, NONE), "of who is gone something can be taken back"
