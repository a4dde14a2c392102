"""Waiting for several accounts: one's own, and those that others share."""

import asyncio
from collections.abc import Callable

import pytest

from mailstead.model.email import Position
from mailstead.model.ids import AccountId
from mailstead.service.push import watching
from mailstead.service.push.watching import AccountStates, Watcher, wired

ME, HER = AccountId(1), AccountId(2)


class World:
    """``states`` are what is read; ``ears`` who listens to which account."""

    def __init__(self, states: AccountStates) -> None:
        self.states = states
        self.ears: dict[AccountId, Callable[[AccountId, int], None]] = {}
        self.read_with: list[set[AccountId]] = []

    def watch(self, account: AccountId, news: Callable[[AccountId, int], None]) -> Callable[[], None]:
        self.ears[account] = news

        def stop() -> None:
            del self.ears[account]

        return stop

    async def read(self, account: AccountId) -> tuple[Position, AccountStates]:
        assert account == ME
        self.read_with.append(set(self.ears))
        return Position(1, 1), {owner: dict(states) for owner, states in self.states.items()}

    def watcher(self, *types: str) -> Watcher:
        return Watcher(ME, frozenset(types) or None, self.read, self.watch)

    async def told(self, watcher: Watcher, by: AccountId = ME) -> AccountStates:
        self.ears[by](by, 1)
        async with asyncio.timeout(5):
            return await watcher.changed()


async def test_what_is_shared_from_now_on_is_told_whole_and_listened_to_before_it_is_looked_at() -> None:
    world = World({ME: {"Email": "1-1"}})
    watcher = world.watcher()
    assert world.states == await watcher.start()
    world.states[HER] = {"Email": "1-7", "Mailbox": "1-7"}
    assert {HER: world.states[HER]} == await world.told(watcher)
    assert {ME, HER} == world.read_with[-1] == set(world.ears)
    world.states[HER] = {"Email": "1-8", "Mailbox": "1-7"}
    assert {HER: {"Email": "1-8"}} == await world.told(watcher, HER)
    watcher.close()
    assert {} == world.ears


async def test_what_is_shared_no_longer_is_neither_told_nor_listened_to() -> None:
    world = World({ME: {"Email": "1-1"}, HER: {"Email": "1-7"}})
    watcher = world.watcher()
    await watcher.start()
    del world.states[HER]
    assert {} == await world.told(watcher, HER)
    assert {ME} == set(world.ears)
    world.states[HER] = {"Email": "1-7"}
    assert {HER: {"Email": "1-7"}} == await world.told(watcher), "whoever has it again looks at it again"
    watcher.close()


async def test_what_comes_after_a_rest_is_told_at_once_and_what_follows_it_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "SETTLE_S", 3_600.0)
    monkeypatch.setattr(watching, "REST_S", 3_600.0)
    world = World({ME: {"Email": "1-1"}})
    watcher = world.watcher()
    await watcher.start()
    world.states[ME] = {"Email": "1-2"}
    async with asyncio.timeout(60):
        assert {ME: {"Email": "1-2"}} == await world.told(watcher)
    monkeypatch.setattr(watching, "SETTLE_S", 0.3)
    world.states[ME] = {"Email": "1-3"}
    telling = asyncio.ensure_future(world.told(watcher))
    await asyncio.sleep(0.1)
    world.states[ME] = {"Email": "1-4"}
    world.ears[ME](ME, 1)
    assert {ME: {"Email": "1-4"}} == await telling
    assert {} == await watcher.changed(0.01), "both were told"
    watcher.close()


async def test_only_the_types_that_are_asked_for() -> None:
    world = World({ME: {"Email": "1-1", "Mailbox": "1-1"}, HER: {"Email": "1-1", "Mailbox": "1-1"}})
    watcher = world.watcher("Mailbox")
    await watcher.start()
    world.states = {ME: {"Email": "1-2", "Mailbox": "1-1"}, HER: {"Email": "1-2", "Mailbox": "1-2"}}
    assert {HER: {"Mailbox": "1-2"}} == await world.told(watcher)
    watcher.close()


def test_accounts_go_by_their_ids() -> None:
    assert {"a1": {"Email": "1-1"}, "a2": {}} == wired({ME: {"Email": "1-1"}, HER: {}})
