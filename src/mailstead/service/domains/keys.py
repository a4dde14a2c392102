"""The life of a signing key: made, published, in use, retired, gone (RFC 6376 §3.6, M3AAWG's advice on rotation).

A key signs from when its record is seen in the DNS. The one before it retires then, and its record stays for a week, for mail
that it signed may still be under way. ``advance`` takes each key its next step and may be called at any time.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Final

from mailstead import telemetry
from mailstead.mailauth import tags
from mailstead.mailauth.dkim import PrivateKey
from mailstead.mailauth.dkim.key import ED25519, RSA
from mailstead.mailauth.tags import Malformed
from mailstead.model.dns import RecordType
from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.service.ports import Clock, DomainRows, Lookups
from mailstead.store.interface import DkimKey

WAITING: Final = "waiting"
SIGNING: Final = "signing"
RETIRED: Final = "retired"
RETIRED_FOR_MS: Final = 7 * 86_400_000
"""Longer than any queue holds a message (RFC 5321 §4.5.4.1)."""


class DomainKeys:
    """``lookups`` None: nothing can be looked up, so keys wait."""

    def __init__(self, directory: DomainRows, lookups: Lookups | None, now_ms: Clock) -> None:
        self._directory = directory
        self._lookups = lookups
        self._now_ms = now_ms

    async def make(self, domain: str) -> None:
        """An RSA and an Ed25519 key for a domain that has none that waits or signs (RFC 8463 §5: both, for not everybody reads the
        newer one)."""
        there = {key.kind for key in await self._directory.dkim_keys(domain) if key.state != RETIRED}
        await self._add(domain, [kind for kind in (RSA, ED25519) if kind not in there])

    async def rotate(self, domain: str) -> None:
        """New keys beside those in use; they take over when their records are in the DNS."""
        waiting = {key.kind for key in await self._directory.dkim_keys(domain) if key.state == WAITING}
        await self._add(domain, [kind for kind in (RSA, ED25519) if kind not in waiting])

    async def _add(self, domain: str, kinds: list[str]) -> None:
        taken = {key.selector for key in await self._directory.dkim_keys(domain)}
        for kind in kinds:
            selector = _selector(kind, self._now_ms(), taken)
            taken.add(selector)
            key = await asyncio.to_thread(PrivateKey.make, kind)
            await self._directory.dkim_key_add(domain, selector, kind=kind, record=key.record(), secret=key.dump())
            telemetry.event("signing.key_made", domain=domain, selector=selector, reason=kind)

    async def advance(self, domain: str) -> None:
        """Waiting keys whose record is there begin to sign, those before them retire, those retired for long go."""
        keys = await self._directory.dkim_keys(domain)
        for key in keys:
            if key.state == WAITING and await self.is_published(key):
                await self._take_over(key, keys, "its record is in the DNS")
            elif key.state == RETIRED and self._now_ms() - key.changed_at_ms > RETIRED_FOR_MS:
                await self._directory.dkim_key_delete(domain, key.selector)
                telemetry.event("signing.key_dropped", domain=domain, selector=key.selector, reason="retired for a week")

    async def advance_all(self) -> None:
        """``advance`` for every domain; what fails for one is told and tried again later."""
        for domain in await self._directory.domains():
            try:
                await self.advance(domain.name)
            except Unavailable as exc:
                telemetry.event("signing.failed", domain=domain.name, reason=exc.cause or exc.public)

    async def use(self, domain: str, selector: str) -> None:
        """Sign with it from now on, whatever the DNS shows here (a split view, a test). Refusal NOT_FOUND."""
        keys = await self._directory.dkim_keys(domain)
        key = next((key for key in keys if key.selector == selector), None)
        if key is None:
            raise Refusal(Reason.NOT_FOUND, f"{domain} has no key {selector}; “mailstead domain keys {domain}” lists them")
        await self._take_over(key, keys, "somebody says so")

    async def _take_over(self, key: DkimKey, keys: Sequence[DkimKey], reason: str) -> None:
        """The new one first: there is always one that signs."""
        await self._directory.dkim_key_set(key.domain, key.selector, state=SIGNING)
        telemetry.event("signing.key_used", domain=key.domain, selector=key.selector, reason=reason)
        for old in keys:
            if old.state == SIGNING and old.kind == key.kind and old.selector != key.selector:
                await self._directory.dkim_key_set(key.domain, old.selector, state=RETIRED)
                telemetry.event("signing.key_retired", domain=key.domain, selector=old.selector, reason=f"{key.selector} took over")

    async def is_published(self, key: DkimKey) -> bool:
        """Whether the DNS shows this key."""
        if self._lookups is None:
            return False
        try:
            answer = await self._lookups.ask(f"{key.selector}._domainkey.{key.domain}", RecordType.TXT)
        except (Unavailable, ValueError):
            return False
        return any(same_key(text, key.record) for text in answer.records)

    async def rows(self, domain: str) -> list[dict[str, Any]]:
        """For people; without the secret."""
        return [
            {"selector": key.selector, "kind": key.kind, "state": key.state, "changed_at_ms": key.changed_at_ms, "record": key.record}
            for key in await self._directory.dkim_keys(domain)
        ]


def same_key(published: bytes, wanted: str) -> bool:
    """Whether a TXT record holds the key of ``wanted``."""
    try:
        found, ours = tags.parse(published), tags.parse(wanted.encode())
    except Malformed:
        return False
    return tags.compact(found.get("p", b"")) == tags.compact(ours["p"])


def _selector(kind: str, now_ms: int, taken: set[str]) -> str:
    """``r202611`` and its kin: kind, year and month, so that one sees how old a key is; a letter where there are several."""
    base = kind[0] + time.strftime("%Y%m", time.gmtime(now_ms // 1000))
    return next(name for name in (base, *(base + letter for letter in "abcdefghijklmnopqrstuvwxyz")) if name not in taken)
