"""Waiting for the types of an account to move: what EventSource, WebSocket and Web Push have in common (RFC 8620 §7).

A waiter is woken by the news of the store, which come at once after a commit in any worker; then it looks which types moved. Nothing is
polled; one that waits costs its connection.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from mailstead.model.email import Position
from mailstead.model.ids import AccountId

SETTLE_S: Final = 0.005
"""Changes that come together are told together."""
CAUGHT_UP_S: Final = 30.0
"""A hint may be lost (STORAGE R6): the state is looked at this often at least."""
States = Callable[[AccountId], Awaitable[tuple[Position, dict[str, str]]]]
"""Type names to states, and a place that the account had reached when they were read: what moves later is beyond it."""
Watch = Callable[[AccountId, Callable[[AccountId, int], None]], Callable[[], None]]


class Watcher:
    """One who waits. ``types`` None: all. ``close`` when it is no longer wanted."""

    def __init__(self, account: AccountId, types: frozenset[str] | None, states: States, watch: Watch) -> None:
        self.types = types
        self._account = account
        self._states = states
        self._moved = asyncio.Event()
        self._known: dict[str, str] = {}
        self.at = Position(0, 0)
        """Where the account was when the last answer was read."""
        self._quit = watch(account, lambda _account, _modseq: self._moved.set())

    def close(self) -> None:
        self._quit()

    def wake(self) -> None:
        """Have ``changed`` look now."""
        self._moved.set()

    async def start(self) -> dict[str, str]:
        """The states of now, from which changes are told."""
        self.at, self._known = await self._states(self._account)
        return self._known

    async def changed(self, timeout_s: float = CAUGHT_UP_S) -> dict[str, str]:
        """Types that moved and their states, as soon as there are any; empty after ``timeout_s``, or when woken for nothing."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._moved.wait()
            await asyncio.sleep(SETTLE_S)
        except TimeoutError:
            pass
        self._moved.clear()
        self.at, now = await self._states(self._account)
        found = {name: state for name, state in now.items() if self._known.get(name) != state and (self.types is None or name in self.types)}
        self._known = now
        return found
