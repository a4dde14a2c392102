"""EventSource: a line as soon as something of the account changed, and what was missed to who comes back (RFC 8620 §7.3)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import msgspec

from mailstead.model.ids import AccountId
from mailstead.server.http.connection import Stopping
from mailstead.service.push import mark
from mailstead.service.push.watching import CAUGHT_UP_S, AccountStates, States, Watch, Watcher, wired

News = Callable[[dict[str, str]], Awaitable[dict[str, Any] | None]]
"""What has changed since the states of types, as the data of an event; None where it cannot be told."""
PING_LEAST_S: Final = 5
PING_MOST_S: Final = 3_600


async def listened(
    account: AccountId, *, types: frozenset[str] | None, close_after_state: bool, ping_s: int, states: States, watch: Watch,
    stopping: Stopping, still: Callable[[], Awaitable[bool]], last: str = "", news: News | None = None,
) -> AsyncIterator[bytes]:  # fmt: skip
    """Octets of the stream. ``types`` None: all. ``ping_s`` 0: no pings. ``still``: whether who listens may; asked now and then.
    ``last``: the id of the event that was heard last, on another connection; "" nothing was. ``news``: what has changed in the account's own mail since given
    states, told before the event that says so; None: it is asked for."""
    loop = asyncio.get_running_loop()
    watcher = Watcher(account, types, states, watch)
    stopping.tell(watcher.wake)
    try:
        await watcher.start()
        missed = watcher.wanted(mark.moved(watcher.known, mark.read(last))) if last else {}
        # The id of now comes after what was missed: who is cut off before has it told again.
        yield b"retry: 2000\n" + (b"" if missed else _id(watcher)) + b"\n"
        if missed:
            yield _state(watcher, missed)
            if close_after_state:
                return
        next_ping = loop.time() + ping_s if ping_s else None
        next_look = loop.time() + CAUGHT_UP_S
        while not stopping.is_now:
            before = watcher.known.get(account, {})
            changed = await watcher.changed(CAUGHT_UP_S if next_ping is None else min(CAUGHT_UP_S, max(0.0, next_ping - loop.time())))
            if loop.time() >= next_look:
                if not await still():
                    return
                next_look = loop.time() + CAUGHT_UP_S
            if changed:
                found = None
                if news is not None and "Email" in changed.get(account, {}):
                    if not await still():  # what is told here is mail
                        return
                    found = await news(before)
                yield (event("news", found) if found is not None else b"") + _state(watcher, changed)
                if close_after_state:
                    return
                next_ping = loop.time() + ping_s if ping_s else None
            if next_ping is not None and loop.time() >= next_ping:
                next_ping = loop.time() + ping_s
                yield event("ping", {"interval": ping_s})
    finally:
        watcher.close()
        stopping.forget(watcher.wake)


def event(name: str, data: dict[str, Any], ident: bytes = b"") -> bytes:
    """One event of a stream. ``ident``: its line with an id."""
    return b"event: %b\ndata: %b\n%b\n" % (name.encode(), msgspec.json.encode(data), ident)


def _state(watcher: Watcher, changed: AccountStates) -> bytes:
    return event("state", {"@type": "StateChange", "changed": wired(changed)}, _id(watcher))


def _id(watcher: Watcher) -> bytes:
    return b"id: %b\n" % mark.made(watcher.known).encode()


def interval(text: str) -> int | None:
    """The ping interval that holds for what was asked (seconds); None: not a number."""
    if not (text.isascii() and text.isdigit() and len(text) <= 9):  # noqa: PLR2004 - no interval is longer
        return None
    asked = int(text)
    return 0 if asked == 0 else min(max(asked, PING_LEAST_S), PING_MOST_S)
