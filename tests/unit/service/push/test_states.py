"""Which accounts somebody is told of: one's own, and those of which one wants to see something."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.harness.real_mail import real_store

from mailstead.model.ids import AccountId
from mailstead.model.sharing import NONE, Right
from mailstead.service.emails import Emails
from mailstead.service.kept import Kept
from mailstead.service.push.states import TypeStates
from mailstead.service.sharing import Sharing
from mailstead.store import Embedded

World = tuple[Embedded, Sharing, TypeStates, AccountId, AccountId]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with real_store(tmp_path, ["alice", "bob"]) as (store, accounts):
        sharing = Sharing(store, now_ms=store.now_ms, new_id=store.ids.next)
        yield store, sharing, TypeStates(Emails(store), Kept(store), None, sharing), accounts["alice"], accounts["bob"]


async def test_what_is_shared_is_told_by_the_types_of_mail_while_it_is_wanted(world: World) -> None:
    store, sharing, states, alice, bob = world
    box = (await store.mail.mailboxes(alice))[0].mailbox_id
    assert {bob} == (await states.of(bob))[1].keys()
    await sharing.give(alice, box, {bob: Right.READ}, by=alice)
    at, told = await states.of(bob)
    assert (await store.mail.modseq(bob), {alice, bob}) == (at.modseq, set(told))
    assert {"Email", "EmailDelivery", "Mailbox", "Thread"} == told[alice].keys() < told[bob].keys()
    await sharing.subscribe(alice, bob, box, is_subscribed=False)
    assert {bob} == (await states.of(bob))[1].keys()
    await sharing.subscribe(alice, bob, box, is_subscribed=True)
    assert {alice, bob} == (await states.of(bob))[1].keys()
    await store.directory.account_set(alice, state="suspended")
    assert {bob} == (await states.of(bob))[1].keys()
    await store.directory.account_set(alice, state="active")
    await sharing.give(alice, box, {bob: NONE}, by=alice)
    assert {bob} == (await states.of(bob))[1].keys()


async def test_one_who_may_only_add_is_told_of_nothing(world: World) -> None:
    store, sharing, states, alice, bob = world
    await sharing.give(alice, (await store.mail.mailboxes(alice))[0].mailbox_id, {bob: Right.ADD}, by=alice)
    assert {bob} == (await states.of(bob))[1].keys()
