"""Whether whoever a message says it is from has sent it: only who is proved hears of it again, for the address may be somebody else's (no backscatter).

Two things prove a domain: a DKIM signature of it or of one above it (RFC 6376), and its word that the client may send for it (SPF, RFC 7208), which somebody knows for what
came by the MX.
"""

import asyncio
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mailstead.mailauth import spf
from mailstead.mailauth.dkim import Verdict
from mailstead.service.ports import Lookups
from mailstead.service.signers import played, proved, stands_behind

_POLICY_S: Final = 20.0
"""RFC 7208 §4.6.4."""


@dataclass(frozen=True, slots=True)
class Came:
    """By whom a message was brought from outside: the client's address, and how it called itself."""

    address: str
    hello: str


async def policy(lookups: Lookups, came: Came | None, reverse_path: str) -> spf.Outcome | None:
    """What the sender's domain says of the client; None where the client is nobody's address."""
    try:
        if came is None or ipaddress.ip_address(came.address).is_loopback:
            return None
        exchange = spf.check_host(came.address, sender=reverse_path, helo=came.hello)
    except ValueError:
        return None
    try:
        async with asyncio.timeout(_POLICY_S):
            return await played(exchange, lookups, is_large=False)
    except TimeoutError:
        return spf.Outcome(spf.TEMPERROR, "the look-ups take too long")


async def is_proved(lookups: Lookups, found: Sequence[Verdict], came: Came | None, reverse_path: str) -> bool:
    """Whether the domain of a reverse-path stands behind a message. ``found``: what its signatures prove."""
    domain = reverse_path.rpartition("@")[2]
    if any(stands_behind(one, domain) for one in proved(found)):
        return True
    said = await policy(lookups, came, reverse_path)
    return said is not None and said.result == spf.PASS
