"""The way to the world: each recipient's domain, its mail exchangers in turn (RFC 5321 §5.1).

A message to several domains goes to them side by side. Within a domain the hosts of its route are called one after the other until
one has taken or refused for good each recipient; a host that cannot be reached, or that will not speak with us, or that has a
temporary objection is followed by the next. What all hosts refused before they had seen an envelope stays temporary: such
refusals are about us or about the moment, not about the recipient.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from mailstead.agent.hop import Hop, NoSession, not_for_good
from mailstead.model.address import Envelope, ForwardPath, domain_key
from mailstead.net import ClientTls
from mailstead.service.ports import Attempt, Failed
from mailstead.service.queue import route
from mailstead.service.queue.route import Host, Resolver, Route

HOSTS: Final = 5
"""Of a route, in one attempt; the next attempt draws their order anew."""
DOMAINS: Final = 10
"""Of one message at one time."""
KEPT: Final = 200
"""Servers whose connections are remembered."""


class MxAgent:
    """``service.ports.DeliveryAgent`` by mail exchangers. ``name``: what EHLO says, and by which others know us."""

    def __init__(self, resolver: Resolver, *, name: str, port: int = 25, tls: ClientTls | None = None) -> None:
        self._resolver = resolver
        self._name = name
        self._port = port
        self._tls = tls
        self._hops: OrderedDict[tuple[str, tuple[str, ...]], Hop] = OrderedDict()

    async def deliver(self, envelope: Envelope, octets: bytes) -> Sequence[Attempt]:
        """See ``DeliveryAgent``."""
        domains: dict[str, list[int]] = {}
        for number, to in enumerate(envelope.forward_paths):
            domains.setdefault(domain_key(to.address.domain), []).append(number)
        found: dict[int, Attempt] = {}
        free = asyncio.Semaphore(DOMAINS)

        async def one(domain: str, numbers: list[int]) -> None:
            async with free:
                paths = tuple(envelope.forward_paths[number] for number in numbers)
                found.update(zip(numbers, await self._to_domain(domain, replace(envelope, forward_paths=paths), octets), strict=True))

        await asyncio.gather(*(one(domain, numbers) for domain, numbers in domains.items()))
        return [found[number] for number in range(len(envelope.forward_paths))]

    async def close(self) -> None:
        """Say goodbye on connections that are kept."""
        while self._hops:
            await self._hops.popitem()[1].close()

    async def _to_domain(self, domain: str, envelope: Envelope, octets: bytes) -> list[Attempt]:
        way = await route.find(self._resolver, domain, ours=[self._name])
        if isinstance(way, Failed):
            return [way] * len(envelope.forward_paths)
        return await self._by_route(way, envelope, octets)

    async def _by_route(self, way: Route, envelope: Envelope, octets: bytes) -> list[Attempt]:
        outcome: dict[ForwardPath, Attempt] = {}
        left = list(dict.fromkeys(envelope.forward_paths))
        for host in way.hosts[:HOSTS]:
            try:
                attempts = await self._hop(host).deliver(replace(envelope, forward_paths=tuple(left)), octets)
            except NoSession as exc:
                outcome.update(dict.fromkeys(left, not_for_good(exc.failed)))
                continue
            outcome.update(zip(left, attempts, strict=True))
            left = [to for to in left if isinstance(now := outcome[to], Failed) and not now.is_permanent]
            if not left:
                break
        return [outcome[to] for to in envelope.forward_paths]

    def _hop(self, host: Host) -> Hop:
        key = host.name, host.addresses
        hop = self._hops.pop(key, None)
        if hop is None:
            hop = Hop(host.name, self._port, us=self._name, addresses=host.addresses, tls=self._tls)
        self._hops[key] = hop
        if len(self._hops) > KEPT:
            self._hops.popitem(last=False)  # what it kept expires by itself within seconds
        return hop
