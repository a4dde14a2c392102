"""Waiting for the types of an account to move: what EventSource, WebSocket and Web Push have in common (RFC 8620 §7).

A waiter is woken by the news of the store, which come at once after a commit in any worker; then it looks which types moved. Nothing is
polled; one that waits costs its connection.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from mailstead.model.email import Position
from mailstead.model.ids import ACCOUNT, AccountId, to_wire

SETTLE_S: Final = 0.005
"""Changes that come together are told together."""
REST_S: Final = 0.1
"""What comes after nothing was told for so long is told at once: most often it comes alone."""
CAUGHT_UP_S: Final = 30.0
"""A hint may be lost (STORAGE R6): the state is looked at this often at least."""
AccountStates = dict[AccountId, dict[str, str]]
"""Account to type names to states."""
States = Callable[[AccountId], Awaitable[tuple[Position, AccountStates]]]
"""The states of an account and of those that others share with its owner, and a place that the account itself had reached when they were read: what moves
later is beyond it."""
Watch = Callable[[AccountId, Callable[[AccountId, int], None]], Callable[[], None]]


class Watcher:
    """One who waits. ``types`` None: all. ``close`` when it is no longer wanted."""

    def __init__(self, account: AccountId, types: frozenset[str] | None, states: States, watch: Watch) -> None:
        self.types = types
        self._account = account
        self._states = states
        self._watch = watch
        self._moved = asyncio.Event()
        self._told_at = float("-inf")
        self._known: AccountStates = {}
        self.at = Position(0, 0)
        """Where the account was when the last answer was read."""
        self._quit = {account: watch(account, self._heard)}

    def close(self) -> None:
        for stop in self._quit.values():
            stop()
        self._quit = {}

    def _heard(self, _account: AccountId, _modseq: int) -> None:
        self._moved.set()

    def wake(self) -> None:
        """Have ``changed`` look now."""
        self._moved.set()

    async def start(self) -> AccountStates:
        """The states of now, from which changes are told."""
        self.at, self._known = await self._read()
        return self._known

    @property
    def known(self) -> AccountStates:
        """The states of all types, as they were last read."""
        return self._known

    def wanted(self, states: AccountStates) -> AccountStates:
        """Those of them that are waited for."""
        found = {account: {name: state for name, state in types.items() if self.types is None or name in self.types} for account, types in states.items()}
        return {account: types for account, types in found.items() if types}

    async def _read(self) -> tuple[Position, AccountStates]:
        """The states, and an ear for each of their accounts: one that is shared from now on is listened to before it is looked at."""
        while True:
            at, now = await self._states(self._account)
            if now.keys() == self._quit.keys():
                return at, now
            for gone in self._quit.keys() - now.keys() - {self._account}:
                self._quit.pop(gone)()
            for new in now.keys() - self._quit.keys():
                self._quit[new] = self._watch(new, self._heard)

    async def changed(self, timeout_s: float = CAUGHT_UP_S) -> AccountStates:
        """Types that moved and their states, by account, as soon as there are any; empty after ``timeout_s``, or when woken for nothing."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout_s):
                await self._moved.wait()
            await asyncio.sleep(SETTLE_S if loop.time() - self._told_at < REST_S else 0)
        except TimeoutError:
            pass
        self._moved.clear()
        self.at, now = await self._read()
        found = {account: moved for account, states in now.items() if (moved := self._newer(account, states))}
        self._known = now
        if found:
            self._told_at = loop.time()
        return found

    def _newer(self, account: AccountId, states: dict[str, str]) -> dict[str, str]:
        known = self._known.get(account, {})
        return {name: state for name, state in states.items() if known.get(name) != state and (self.types is None or name in self.types)}


def wired(changed: AccountStates) -> dict[str, dict[str, str]]:
    """``changed`` of a StateChange (RFC 8620 §7.1)."""
    return {to_wire(ACCOUNT, account): states for account, states in changed.items()}
