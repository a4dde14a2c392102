"""Sealing what we pass on: what we found out about a message when it came, under the key of the domain that passes it on (RFC 8617 §5.1).

What is said is what was looked at: the DKIM signatures, the chain that was there, and for what came by the MX whether its host may send so (SPF). Nothing is said of
DMARC, which nobody evaluates here. Where a key of
the chain cannot be looked up now, nothing is added: a set that says "fail" would be for good (§5.2.1), and the message is passed on unchanged, so that the
chain is as good for the next as it was for us.
"""

import asyncio
import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mailstead.mailauth import arc, results
from mailstead.mailauth.dkim import SigningKey, Verdict
from mailstead.mailauth.dkim.key import RSA
from mailstead.mailauth.results import Result
from mailstead.model.address import domain_key
from mailstead.model.message import Octets
from mailstead.service.delivery import header_of
from mailstead.service.ports import Clock, Lookups
from mailstead.service.proof import Came, policy
from mailstead.service.signers import IN_A_THREAD, played
from mailstead.service.signing import Signing

_SIGNATURE_SHOWN: Final = 8
"""Octets of ``header.b`` that tell one signature from the other (RFC 6008 §3)."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """``lines`` to put in front of the message; ``story``: what was done, for the trace."""

    lines: bytes
    story: str


NOT_SEALED: Final = Sealed(b"", "")


class Sealing:
    """``hostname`` says who found out what."""

    def __init__(self, *, signing: Signing, lookups: Lookups, hostname: str, now_ms: Clock) -> None:
        self._signing = signing
        self._lookups = lookups
        self._hostname = hostname
        self._now_ms = now_ms

    async def seal(self, octets: Octets, domain: str, found: Sequence[Verdict], *, came: Came | None = None, reverse_path: str = "") -> Sealed:
        """For a message as it will leave. ``domain``: whose key seals; ``found``: what its signatures proved when it came; ``came`` None: not from outside, or nobody
        knows."""
        keys = await self._signing.keys(domain)
        if not keys:
            return Sealed(b"", "not sealed: the domain has no key in use")
        # One signature a set (RFC 8617 §4.2.1), by what everybody can verify.
        key = next((one for one in keys if one.key.kind == RSA), keys[0])
        header_octets, now_s = len(header_of(octets)) + 2, self._now_ms() // 1000
        is_large = len(octets) > IN_A_THREAD
        chain = await played(arc.validate(octets, header_octets, now_s=now_s), self._lookups, is_large=is_large)
        if not chain.is_known:
            return Sealed(b"", f"not sealed: {chain.reason}")
        said = results.payload(self._hostname, [
            *(await self._policy(came, reverse_path) if came is not None else ()), *map(_signature, found), *([] if found else [Result("dkim", "none")]),
            Result("arc", chain.status, chain.reason, [("smtp.remote-ip", came.address)] if came is not None else ()),
        ])  # fmt: skip

        def seal(key: SigningKey) -> bytes:
            return arc.seal(octets, header_octets, key, chain, said, now_s=now_s)

        lines = await asyncio.to_thread(seal, key) if is_large else seal(key)
        story = f"i={chain.instance + 1} cv={chain.status} d={key.domain}" if lines else "not sealed: the chain is over"
        return Sealed(lines, f"{story} ({chain.reason})" if chain.reason else story)

    async def _policy(self, came: Came, reverse_path: str) -> list[Result]:
        """What the sender's domain says of the client (RFC 7208); nothing where that is nobody's address."""
        found = await policy(self._lookups, came, reverse_path)
        if found is None:
            return []
        who = ("smtp.mailfrom", domain_key(reverse_path.rpartition("@")[2])) if reverse_path else ("smtp.helo", came.hello)
        return [Result("spf", found.result, found.reason, [who])]


def _signature(one: Verdict) -> Result:
    """As RFC 8601 §2.7.1 has it."""
    signature = one.signature
    if signature is None:
        return Result("dkim", one.result, one.reason)
    shown = base64.b64encode(signature.signature).decode("ascii")[:_SIGNATURE_SHOWN]
    about = [("header.d", signature.domain), ("header.s", signature.selector), ("header.a", signature.algorithm), ("header.b", shown)]
    return Result("dkim", one.result, one.reason, about)
