"""Leaving a mailing list in one step (RFC 8058), because its reader has asked for it.

The address is a stranger's word: it is called only if a DKIM signature that holds covers both List-Unsubscribe and List-Unsubscribe-Post (§4), if
there is one of each, and only by a POST with nothing in it but the word itself: no cookies, no way on to another address, nowhere but the world's
``https`` (§3.2). What came of it is said as it is.
"""

import asyncio
import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from mailstead import telemetry
from mailstead.mime import header
from mailstead.model.ids import AccountId
from mailstead.model.message import Octets
from mailstead.service.delivery import header_of
from mailstead.service.ports import Clock, Lookups
from mailstead.service.signers import verdicts

BODY: Final = b"List-Unsubscribe=One-Click"
KIND: Final = "application/x-www-form-urlencoded"
_WAYS: Final = b"list-unsubscribe"
_ONE_CLICK: Final = b"list-unsubscribe-post"
_BRACKETED: Final = re.compile(rb"<([^<>]{1,4000})>")
Post = Callable[[str, bytes, str], Coroutine[Any, Any, tuple[str, str]]]
"""(address, octets, media type) → (``sent``, ``failed`` or ``unsure``, why)."""


@dataclass(frozen=True, slots=True)
class Left:
    """``result``: ``done``; ``notOffered``, there is no such way; ``notSigned``, nobody vouches for it; ``refused``, or ``unreachable``, where it is certain that
    nothing came of it; ``unsure`` where nobody can say. ``host`` was asked, "": none was."""

    result: str
    host: str = ""
    reason: str = ""


class Unsubscribing:
    """One for the process."""

    def __init__(self, lookups: Lookups, post: Post, now_ms: Clock) -> None:
        self._lookups = lookups
        self._post = post
        self._now_ms = now_ms
        self._asking: dict[tuple[AccountId, str], asyncio.Future[tuple[str, str]]] = {}

    async def leave(self, account: AccountId, octets: Octets) -> Left:
        """Ask the list of a message to send no more."""
        url = address(header_of(octets))
        if not url:
            return Left("notOffered", reason="the list has no address for it")
        host = urlsplit(url).hostname or ""
        found = await verdicts(self._lookups, octets, now_s=self._now_ms() // 1000)
        if not any(one.result == "pass" and one.signature is not None and {_WAYS, _ONE_CLICK} <= set(one.signature.names) for one in found):
            left = Left("notSigned", host, "no signature that holds covers the address")
        else:
            said, why = await self._asked(account, url)
            left = Left({"sent": "done", "unsure": "unsure"}.get(said, "refused" if why.startswith("the answer was") else "unreachable"), host, why)
        telemetry.event("list.left" if left.result == "done" else "list.kept", account=account, host=host, reason=left.reason or left.result)
        return left

    async def _asked(self, account: AccountId, url: str) -> tuple[str, str]:
        """What comes of asking there. Whoever wants the same while it is under way waits for the one answer; who goes away meanwhile does not take it back."""
        key = account, url
        asking = self._asking.get(key)
        if asking is None:
            asking = self._asking[key] = asyncio.ensure_future(self._post(url, BODY, KIND))
            asking.add_done_callback(lambda _: self._asking.pop(key))
        return await asyncio.shield(asking)


def address(head: bytes) -> str:
    """Where a POST leaves the list (RFC 8058 §3.1), by a message's header block; "": nowhere, or more than one field says so."""
    ways = [value for name, value in header.fields(head) if name.lower() == _WAYS]
    posts = [value for name, value in header.fields(head) if name.lower() == _ONE_CLICK]
    if len(ways) != 1 or len(posts) != 1 or header.unfold(posts[0]).strip().lower() != BODY.lower():
        return ""
    for each in _BRACKETED.findall(header.unfold(ways[0])):
        url = b"".join(each.split()).decode("ascii", "replace")  # RFC 2369 §2: white space in it means nothing
        if url[:8].lower() == "https://" and url.isascii():
            try:
                return url if urlsplit(url).hostname else ""
            except ValueError:
                return ""
    return ""
