"""Where a domain's mail goes: its mail exchangers in the order in which they are tried (RFC 5321 §5.1).

Hosts of one preference stand in random order, so that a domain's servers share the load. A host without addresses drops out. Where we
are among the exchangers ourselves, those as far or farther than we are left out: mail must come nearer with each hop.
"""

import ipaddress
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from mailstead.model.address import domain_key
from mailstead.model.dns import Answer, Mx
from mailstead.model.errors import Unavailable
from mailstead.model.status import EnhancedStatus
from mailstead.service.ports import Failed

HOSTS: Final = 20
"""Of a longer list the nearest are taken."""
ADDRESSES: Final = 8
"""Of one host."""


class Resolver(Protocol):
    """What routing asks of the domain name system. Each raises ``Unavailable``, and ``ValueError`` for what is no name."""

    async def mx(self, name: str) -> Answer[Mx]: ...
    async def addresses(self, name: str) -> Answer[str]: ...


@dataclass(frozen=True, slots=True)
class Host:
    """A server to call. ``name`` is what its certificate must bear; ``is_secure``: DNSSEC has vouched for name and addresses."""

    name: str
    addresses: tuple[str, ...]
    is_secure: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """Where to try, in this order. ``is_secure``: DNSSEC has vouched for the list of exchangers."""

    hosts: tuple[Host, ...]
    is_secure: bool = False


async def find(resolver: Resolver, domain: str, *, ours: Sequence[str] = (), chance: random.Random | None = None) -> Route | Failed:
    """The route of a domain, or why there is none. ``ours``: names by which we are known as a mail exchanger.

    Never raises for the network's sake: what cannot be found out now is a temporary failure.
    """
    if domain.startswith("["):
        return _literal(domain)
    name = domain_key(domain)
    try:
        found = await resolver.mx(name)
        if not found.exists:
            return _no(EnhancedStatus(5, 1, 2), f"There is no domain {domain}")
        if any(not mx.host for mx in found.records) and len(found.records) == 1:
            return _no(EnhancedStatus(5, 1, 10), f"{domain} says that it takes no mail")
        exchangers = [mx for mx in found.records if mx.host] or [Mx(0, found.name)]
        ordered = _ordered(exchangers, {domain_key(own) for own in ours}, chance or random.Random())
        if not ordered:
            return _no(EnhancedStatus(5, 4, 6), f"Mail for {domain} is to come to this server, which does not know it")
        return await _hosts(resolver, ordered, found.is_secure, is_implicit=not found.records, domain=domain)
    except Unavailable as exc:
        return Failed("", 0, EnhancedStatus(4, 4, 3), f"The domain {domain} cannot be looked up now: {exc.cause or exc.public}")
    except ValueError:
        return _no(EnhancedStatus(5, 1, 2), f"{domain} cannot be the name of a domain")


def _ordered(exchangers: Sequence[Mx], ours: set[str], chance: random.Random) -> list[str]:
    """Names, nearest first; without those that are not nearer than we are."""
    at = min((mx.preference for mx in exchangers if mx.host in ours), default=None)
    nearer = [mx for mx in exchangers if at is None or mx.preference < at]
    shuffled = sorted(nearer, key=lambda mx: (mx.preference, chance.random()))
    return list(dict.fromkeys(mx.host for mx in shuffled))[:HOSTS]


async def _hosts(resolver: Resolver, names: list[str], is_secure: bool, *, is_implicit: bool, domain: str) -> Route | Failed:
    hosts: list[Host] = []
    trouble: Unavailable | None = None
    for name in names:
        try:
            found = await resolver.addresses(name)
        except Unavailable as exc:
            trouble = exc
            continue
        except ValueError:
            continue
        if found.records:
            hosts.append(Host(name, found.records[:ADDRESSES], is_secure and found.is_secure))
    if hosts:
        return Route(tuple(hosts), is_secure)
    if trouble is not None:
        raise trouble
    if is_implicit:
        return _no(EnhancedStatus(5, 1, 2), f"{domain} has neither a mail exchanger nor an address")
    # RFC 5321 §5.1 leaves open what exchangers without addresses mean; they are often mended within a day.
    return Failed("", 0, EnhancedStatus(4, 4, 4), f"None of the mail exchangers of {domain} has an address")


def _literal(domain: str) -> Route | Failed:
    """An address literal (RFC 5321 §4.1.3)."""
    text = domain.removeprefix("[").removesuffix("]")
    if text.lower().startswith("ipv6:"):
        text = text[5:]
    try:
        address = str(ipaddress.ip_address(text))
    except ValueError:
        return _no(EnhancedStatus(5, 1, 2), f"{domain} is no address")
    return Route((Host(domain, (address,)),))


def _no(status: EnhancedStatus, text: str) -> Failed:
    return Failed("", 0, status, text)
