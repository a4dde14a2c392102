"""The way to the world: a domain's mail exchangers in turn (RFC 5321 §5.1).

All domains with the same exchangers are one site. The hosts of a route are called one after the other until one speaks with us; what they all
refused before they had seen an envelope stays temporary, for such refusals are about us or about the moment, not about the recipient; but where each
says that it never accepts mail (521, RFC 7504 §3) none is asked again. Each further attempt of a message begins with another host of those that are as near.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from mailstead.agent.hop import HopLine, Way, not_for_good, open_line
from mailstead.agent.sources import Sources
from mailstead.model.status import EnhancedStatus
from mailstead.protocol.smtp.client import NO_REQUIRETLS
from mailstead.service.ports import OPPORTUNISTIC, Failed, NoSession, Peer, Place, TlsMode, TlsPolicies, TlsPolicy
from mailstead.service.queue import route
from mailstead.service.queue.entrance import OPTIONAL, REQUIRED, parted
from mailstead.service.queue.pools import Pool
from mailstead.service.queue.route import Host, Resolver, Route

HOSTS: Final = 5
"""Of a route, in one attempt; the next attempt draws their order anew."""
_NO_MAIL: Final = 521
_NO_MAIL_STATUS: Final = EnhancedStatus(5, 3, 2)
LASTS_MS: Final = 300_000
"""So long a route is taken for what it was; the resolver knows by then whether it still is."""


class MxAgent:
    """``service.ports.Agent`` by mail exchangers. ``base.us``: what EHLO says, and by which others know us."""

    def __init__(
        self, resolver: Resolver, base: Way, *, now_ms: Callable[[], int], policies: TlsPolicies | None = None, pools: Iterable[Pool] = ()
    ) -> None:
        self._resolver = resolver
        self._us = base.us
        self._sources = Sources(base, pools)
        self._now_ms = now_ms
        self._policies = policies

    async def locate(self, route: str) -> Place | Failed:
        """See ``Agent``."""
        domain, tls, _ = parted(route)
        ending = route[len(domain) :]
        way = await _find(self._resolver, domain, self._us)
        if isinstance(way, Failed):
            return way
        hosts = tuple(sorted({host.name for host in way.hosts}))
        # A domain with a policy of its own shares no connections with others, whose mail may ask for less.
        policy = OPPORTUNISTIC if tls == OPTIONAL else await self._policy(domain, way.hosts[0], way)
        own = f" for {domain}" if isinstance(policy, TlsPolicy) and policy.source == "sts" else ""
        return Place(",".join(hosts)[:400] + own + ending, domain, self._now_ms() + LASTS_MS, hosts=hosts, way=(domain, way, ending))

    async def open(self, place: Place, turn: int) -> HopLine:
        """See ``Agent``."""
        domain, way, ending = place.way if isinstance(place.way, tuple) else ("", None, "")
        if not isinstance(way, Route):
            raise NoSession(Failed("", 0, EnhancedStatus(4, 4, 4), f"Nobody knows the way to {place.name}"))
        _, tls, pool = parted(ending)
        hosts = way.hosts[:HOSTS]
        hosts = hosts[turn % len(hosts) :] + hosts[: turn % len(hosts)] if turn else hosts
        failed: Failed | None = None
        others = 0
        """How many addresses failed otherwise than by saying that they never accept mail (RFC 7504 §3)."""
        for host in hosts:
            policy = OPPORTUNISTIC if tls == OPTIONAL else await self._policy(domain, host, way)
            if tls == REQUIRED:
                policy = required(policy, host, is_secure=way.is_secure)
            if isinstance(policy, Failed):
                failed, others = _rather(failed, policy), others + 1
                continue
            for address in host.addresses:
                try:
                    return await self._line(host.name, address, pool, policy)
                except NoSession as exc:
                    failed = _rather(failed, exc.failed)
                    others += exc.failed.code != _NO_MAIL
        if failed is not None and not others and len(hosts) == len(way.hosts):
            raise NoSession(replace(failed, status=_NO_MAIL_STATUS))
        raise NoSession(not_for_good(failed or Failed("", 0, EnhancedStatus(4, 4, 4), f"{place.name} has no address")))

    async def _policy(self, domain: str, host: Host, way: Route) -> TlsPolicy | Failed:
        if self._policies is None:
            return OPPORTUNISTIC
        return await self._policies.of(domain, host.name, is_secure=way.is_secure and host.is_secure)

    async def _line(self, host: str, address: str, pool: str, policy: TlsPolicy) -> HopLine:
        """A line as the policy wants it; under one that is only tested, else any. Raises ``NoSession``."""
        way = self._sources.way(pool, host, address)
        try:
            line = await open_line(host, address, way, policy)
        except NoSession as exc:
            if exc.tls_failure:
                self._tell(host, address, policy, exc.tls_failure, exc.failed.text, exc.failed.peer)
            if not exc.tls_failure or not policy.is_testing:
                raise
            return await open_line(host, address, way)
        self._tell(host, address, policy, line.tls_failure or ("" if line.peer.tls else "starttls-not-supported"), line.peer.tls, line.peer)
        return line

    def _tell(self, host: str, address: str, policy: TlsPolicy, failure: str, reason: str, peer: Peer | None) -> None:
        if self._policies is not None:
            self._policies.tell(host, address, policy, failure, reason, source=peer.source if peer is not None else "")


def required(policy: TlsPolicy | Failed, host: Host, *, is_secure: bool) -> TlsPolicy | Failed:
    """What REQUIRETLS makes of a host's policy (RFC 8689 §4.2.1): DNSSEC or MTA-STS has said that the host is the domain's, its certificate is checked, and it
    promises to require TLS further on."""
    if isinstance(policy, Failed):
        return policy
    if policy.mode is TlsMode.DANE or policy.source == "sts":
        return replace(policy, is_required=True, is_testing=False)
    if is_secure:
        return TlsPolicy(TlsMode.VERIFIED, (host.name,), source="pkix", key=policy.key, is_required=True)
    text = f"Neither DNSSEC nor MTA-STS says that {host.name} is the domain's, and the message requires TLS all the way"
    return Failed(host.name, 0, NO_REQUIRETLS, text)


def _rather(before: Failed | None, failed: Failed) -> Failed:
    """Of several hosts' failures: that a server does not require TLS is the last word only if all say so (RFC 8689 §4.2.1)."""
    return before if before is not None and failed.status == NO_REQUIRETLS else failed


async def _find(resolver: Resolver, domain: str, us: str) -> Route | Failed:
    return await route.find(resolver, domain, ours=[us])
