"""Signing what leaves in the name of our domains (RFC 6376 §5).

The domain that signs is that of the author (the From field), which receivers compare with it. Keys that wait for their record to
be in the DNS do not sign yet: a signature without a key is worse than none.
"""

import asyncio
from typing import Final

from mailstead import telemetry
from mailstead.mailauth import dkim
from mailstead.mailauth.dkim import PrivateKey, SigningKey
from mailstead.mailauth.tags import Malformed
from mailstead.mime import addresses, header
from mailstead.model.address import domain_key
from mailstead.model.message import Octets
from mailstead.service.delivery import header_of
from mailstead.service.ports import Clock, DomainRows
from mailstead.service.signers import IN_A_THREAD
from mailstead.store.interface import DkimKey

SIGNING: Final = "signing"
_KEPT: Final = 10_000


class Signing:
    """Signs by the keys of the directory; one a worker."""

    def __init__(self, directory: DomainRows, now_ms: Clock) -> None:
        self._directory = directory
        self._now_ms = now_ms
        self._loaded: dict[str, tuple[tuple[DkimKey, ...], list[SigningKey]]] = {}

    async def signatures(self, octets: Octets, *, is_notice: bool = False) -> bytes:
        """Header lines to put in front of the message; b"" where its author's domain is not ours or has no key in use. ``is_notice``: we are its author, under the name
        of this server, for which a domain of ours above it signs too (receivers that compare names loosely take it, as most policies have it)."""
        head = header_of(octets)
        domain = author_domain(head)
        keys = await self.keys(domain)
        while is_notice and not keys and "." in domain:
            domain = domain.partition(".")[2]
            keys = await self.keys(domain)
        if not keys:
            return b""
        header_octets, now_s = len(head) + 2, self._now_ms() // 1000
        if len(octets) > IN_A_THREAD:
            return await asyncio.to_thread(dkim.sign, octets, header_octets, keys, now_s=now_s)
        return dkim.sign(octets, header_octets, keys, now_s=now_s)

    async def keys(self, domain: str) -> list[SigningKey]:
        """Those in use that sign for a domain (as A-label)."""
        rows = await self._directory.dkim_keys(domain) if domain else ()
        if not rows:
            return []
        loaded = self._loaded.get(domain)
        if loaded is None or loaded[0] is not rows:
            if len(self._loaded) >= _KEPT:
                self._loaded.clear()
            loaded = self._loaded[domain] = rows, [key for row in rows if row.state == SIGNING and (key := _read(row)) is not None]
        return loaded[1]


def _read(row: DkimKey) -> SigningKey | None:
    try:
        return SigningKey(row.domain, row.selector, PrivateKey.load(row.secret))
    except Malformed as exc:
        telemetry.event("signing.failed", domain=row.domain, selector=row.selector, reason=str(exc))
        return None


def author_domain(head: bytes) -> str:
    """The domain of the first address of the From field, as A-label; "" where there is none."""
    value = header.first(head, b"from")
    for mailbox in addresses.parse(header.unfold(value)) if value is not None else ():
        if mailbox.domain:
            return domain_key(mailbox.domain.decode("utf-8", "replace"))
    return ""
