"""Push subscriptions: what is kept of one, and telling it (RFC 8620 §7.2).

The owner of an account's shard does the telling: it finds a new subscription, because that is due at once, sends the code by which the client proves that
the address is its own, and from then on waits for the account to move. A subscription that has run out, or that its push service does not know any
more, goes.
"""

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from mailstead import telemetry
from mailstead.model.errors import Refusal, Unavailable
from mailstead.model.ids import AccountId, to_wire
from mailstead.model.object import DueKind, ObjectKind, ObjectWrite
from mailstead.service.kept import Kept
from mailstead.service.push import mark
from mailstead.service.push.encryption import Vapid, encrypted, from_base64url
from mailstead.service.push.watching import States, Watch, Watcher, wired

LETTER: Final = "o"
KIND: Final = ObjectKind.PUSH
LASTS_MS: Final = 7 * 24 * 3600 * 1000
"""A client that comes back within this renews it (RFC 8620 §7.2: at least 48 hours)."""
_TRIES: Final = 5
_TTL_S: Final = 24 * 3600
_LATER_S: Final = (2.0, 10.0, 60.0, 300.0)
_SETTLE_S: Final = 1.0
"""At most one message in this time to one subscription."""
_AT_ONCE: Final = 50
_GONE: Final = frozenset({404, 410})

Post = Callable[[str, bytes, Mapping[str, str]], Awaitable[tuple[int, float]]]
"""Hands octets to an ``https`` address: (status, after how many seconds to come again or 0). Status 0: it was not reached."""


class Subscription(msgspec.Struct, omit_defaults=True):
    """What is kept of one. ``p256dh``, ``auth``: base64url, "" where messages go unencrypted. ``is_told``: the code was sent."""

    device: str
    url: str
    code: str
    expires_ms: int
    types: tuple[str, ...] | None = None
    p256dh: str = ""
    auth: str = ""
    is_verified: bool = False
    is_told: bool = False
    credential: int = 0
    session: int = 0
    """The web session it was made in; 0: in none."""

    def write(self, ident: int, *, due_at_ms: int) -> ObjectWrite:
        return ObjectWrite(ident, encode(self), due_at_ms=due_at_ms)


encode: Final = msgspec.json.Encoder().encode
decode: Final = msgspec.json.Decoder(Subscription).decode


class Pusher:
    """One for the process. ``holds(account, credential, session)``: whether the password that a subscription was made with still lets in, and its
    web session, where it has one, is still there."""

    def __init__(
        self, kept: Kept, states: States, watch: Watch, post: Post, vapid: Vapid, now_ms: Callable[[], int],
        holds: Callable[[AccountId, int, int], Awaitable[bool]],
    ) -> None:  # fmt: skip
        self._holds = holds
        self._kept = kept
        self._states = states
        self._watch = watch
        self._post = post
        self._vapid = vapid
        self._now_ms = now_ms
        self._running: dict[tuple[AccountId, int], asyncio.Task[None]] = {}
        self._stood: dict[tuple[AccountId, int], str] = {}
        """Up to where each has been told (``mark``): what moves between its code and its verification, or while a change of it begins anew, is not lost."""
        self._posting = asyncio.Semaphore(_AT_ONCE)

    async def close(self) -> None:
        """Nobody is told any more."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def start(self) -> None:
        """Take up what was there before."""
        for account, ident in await self._kept.waiting(DueKind.PUSH):
            self._begin(account, ident)

    async def look(self, account: AccountId, ident: int) -> None:
        """At one that is due: it is new, was changed, or has run out."""
        one, _ = await self._read(account, ident)
        if one is None or one.expires_ms <= self._now_ms():
            await self._forget(account, ident, "it has run out")
            return
        await self._kept.set_due(account, DueKind.PUSH, ident, one.expires_ms)
        self._begin(account, ident)

    def _begin(self, account: AccountId, ident: int) -> None:
        key = (account, ident)
        old = self._running.get(key)
        if old is not None:
            old.cancel()
        task = self._running[key] = asyncio.get_running_loop().create_task(self._serve(account, ident))

        def ended(_: asyncio.Task[None]) -> None:
            if self._running.get(key) is task:
                del self._running[key]

        task.add_done_callback(ended)

    # ------------------------------------------------------------------------------------------------- one subscription
    async def _serve(self, account: AccountId, ident: int) -> None:
        try:
            one, _ = await self._read(account, ident)
            if one is None:
                return
            if not one.is_verified:
                _, states = await self._states(account)
                self._stood.setdefault((account, ident), mark.made(states))
                if not one.is_told:
                    await self._verify(account, ident, one)
                return  # a change of it makes it due, and begins anew
            await self._tell(account, ident, one)
        except (Refusal, Unavailable) as exc:
            telemetry.event("push.ended", account=account, reason=exc.cause or exc.public)
        except Exception as exc:
            telemetry.defect("push", exc, account=account)

    async def _verify(self, account: AccountId, ident: int, one: Subscription) -> None:
        message = {"@type": "PushVerification", "pushSubscriptionId": to_wire(LETTER, ident), "verificationCode": one.code}
        if await self._deliver(account, ident, one, msgspec.json.encode(message)):
            await self._change(account, ident, lambda found: setattr(found, "is_told", True))

    async def _tell(self, account: AccountId, ident: int, one: Subscription) -> None:
        watcher = Watcher(account, None if one.types is None else frozenset(one.types), self._states, self._watch)
        try:
            known = await watcher.start()
            stood = self._stood.setdefault((account, ident), mark.made(known))
            changed = watcher.wanted(mark.moved(known, mark.read(stood)))
            while True:
                if changed:
                    message = msgspec.json.encode({"@type": "StateChange", "changed": wired(changed)})
                    if not await self._deliver(account, ident, one, message):
                        return
                    self._stood[account, ident] = mark.made(watcher.known)
                    await asyncio.sleep(_SETTLE_S)
                changed = await watcher.changed()
        finally:
            watcher.close()

    async def _deliver(self, account: AccountId, ident: int, one: Subscription, message: bytes) -> bool:
        """Whether the push service has taken it; a subscription that it does not know goes."""
        status = 0
        if not await self._holds(account, one.credential, one.session):
            await self._forget(account, ident, "the password or the session it was made with is gone")
            return False
        for later_s in (*_LATER_S, None):
            async with self._posting:
                status, again_s = await self._post(one.url, *self._sealed(one, message))
            if 200 <= status < 300:  # noqa: PLR2004 - RFC 8030 §5: 201, but others mean no worse
                telemetry.count("push.sent")
                return True
            if status in _GONE:
                await self._forget(account, ident, f"the push service answered {status}")
                return False
            if later_s is None or (400 <= status < 500 and status != 429):  # noqa: PLR2004 - it will say the same again
                break
            await asyncio.sleep(max(later_s, min(again_s, 3600.0)))
        telemetry.event("push.failed", account=account, host=urlsplit(one.url).hostname or "", status=status)
        return not 400 <= status < 500  # noqa: PLR2004

    def _sealed(self, one: Subscription, message: bytes) -> tuple[bytes, dict[str, str]]:
        parts = urlsplit(one.url)
        headers = {
            "TTL": str(_TTL_S), "Urgency": "normal",
            "Authorization": self._vapid.authorization(f"{parts.scheme}://{parts.netloc}", self._now_ms() // 1000),
        }  # fmt: skip
        headers["Content-Type"] = "application/json"  # RFC 8620 §7.2; that it is encrypted is its coding (RFC 8291 §4)
        if not one.p256dh:
            return message, headers
        octets = encrypted(
            message, p256dh=from_base64url(one.p256dh), auth=from_base64url(one.auth), key=ec.generate_private_key(ec.SECP256R1()), salt=os.urandom(16))
        return octets, headers | {"Content-Encoding": "aes128gcm"}

    # ------------------------------------------------------------------------------------------------- the store
    async def _read(self, account: AccountId, ident: int) -> tuple[Subscription | None, int]:
        found = await self._kept.of(account, KIND, [ident])
        live = [one for one in found.objects if not one.gone]
        return (decode(live[0].doc) if live else None), found.state.modseq

    async def _change(self, account: AccountId, ident: int, change: Callable[[Subscription], None]) -> None:
        for _ in range(_TRIES):
            one, at = await self._read(account, ident)
            if one is None:
                return
            change(one)
            if await self._kept.set(account, KIND, [one.write(ident, due_at_ms=one.expires_ms)], at=at):
                return

    async def _forget(self, account: AccountId, ident: int, why: str) -> None:
        self._stood.pop((account, ident), None)
        for _ in range(_TRIES):
            one, at = await self._read(account, ident)
            if one is None:
                await self._kept.set_due(account, DueKind.PUSH, ident, 0)
                return
            with contextlib.suppress(Refusal):
                if await self._kept.set(account, KIND, [ObjectWrite(ident, b"{}", gone=True, due_at_ms=0)], at=at):
                    telemetry.event("push.ended", account=account, reason=why)
                    return


def utc(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
