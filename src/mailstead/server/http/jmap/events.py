"""EventSource: a line as soon as something of the account changed (RFC 8620 §7.3).

A listener waits for the news of the store, which come at once after a commit in any worker; then it looks which types moved. Nothing
is polled; an idle listener costs its connection.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import msgspec

from mailstead.model import ids as wire
from mailstead.model.ids import AccountId
from mailstead.server.http.connection import Stopping

SETTLE_S: Final = 0.005
"""Changes that come together are told together."""
PING_LEAST_S: Final = 5
PING_MOST_S: Final = 3_600
_CAUGHT_UP_S: Final = 30.0
"""A hint may be lost (STORAGE R6): the state is looked at this often at least."""
States = Callable[[AccountId], Any]
Watch = Callable[[AccountId, Callable[[AccountId, int], None]], Callable[[], None]]


async def listened(
    account: AccountId, *, types: frozenset[str] | None, close_after_state: bool, ping_s: int, states: States, watch: Watch,
    stopping: Stopping,
) -> AsyncIterator[bytes]:  # fmt: skip
    """Octets of the stream. ``types`` None: all. ``ping_s`` 0: no pings. ``states(account)`` gives type names to states."""
    loop = asyncio.get_running_loop()
    moved = asyncio.Event()
    quit_ = watch(account, lambda _account, _modseq: moved.set())
    wake = moved.set
    stopping.tell(wake)
    try:
        known: dict[str, str] = await states(account)
        yield b"retry: 2000\n\n"
        next_ping = loop.time() + ping_s if ping_s else None
        while not stopping.is_now:
            wait_s = _CAUGHT_UP_S if next_ping is None else min(_CAUGHT_UP_S, max(0.0, next_ping - loop.time()))
            try:
                async with asyncio.timeout(wait_s):
                    await moved.wait()
                await asyncio.sleep(SETTLE_S)
            except TimeoutError:
                pass
            moved.clear()
            now: dict[str, str] = await states(account)
            changed = {name: state for name, state in now.items() if known.get(name) != state and (types is None or name in types)}
            known = now
            if changed:
                yield event("state", {"@type": "StateChange", "changed": {wire.to_wire(wire.ACCOUNT, account): changed}})
                if close_after_state:
                    return
            if next_ping is not None and loop.time() >= next_ping:
                next_ping = loop.time() + ping_s
                yield event("ping", {"interval": ping_s})
    finally:
        quit_()
        stopping.forget(wake)


def event(name: str, data: dict[str, Any]) -> bytes:
    """One event of a stream."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), msgspec.json.encode(data))


def interval(text: str) -> int | None:
    """The ping interval that holds for what was asked (seconds); None: not a number."""
    if not (text.isascii() and text.isdigit() and len(text) <= 9):  # noqa: PLR2004 - no interval is longer
        return None
    asked = int(text)
    return 0 if asked == 0 else min(max(asked, PING_LEAST_S), PING_MOST_S)
