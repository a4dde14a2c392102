"""Which domains stand behind a message: those whose DKIM signatures hold (RFC 6376 §6)."""

import asyncio
from typing import Final

from mailstead.mailauth import dkim
from mailstead.mailauth.dkim import Verdict
from mailstead.model.address import domain_key
from mailstead.model.dns import Answer
from mailstead.model.errors import Unavailable
from mailstead.model.message import Octets
from mailstead.model.question import LookUp
from mailstead.service.delivery import header_of
from mailstead.service.ports import Lookups

_IN_A_THREAD: Final = 1 << 20
"""Octets from which on hashing is somebody else's work than the loop's."""


async def signers(lookups: Lookups, octets: Octets, *, now_s: int) -> list[str]:
    """As A-labels, in the order of the signatures."""
    found = await verdicts(lookups, octets, now_s=now_s)
    return [domain_key(one.signature.domain) for one in found if one.result == "pass" and one.signature is not None]


async def verdicts(lookups: Lookups, octets: Octets, *, now_s: int) -> list[Verdict]:
    """What each signature proves, in their order."""
    exchange = dkim.verify(octets, len(header_of(octets)) + 2, now_s=now_s)

    def step(answers: tuple[Answer[bytes] | None, ...] | None) -> tuple[LookUp, ...] | list[Verdict]:
        try:
            return next(exchange) if answers is None else exchange.send(answers)
        except StopIteration as end:
            found: list[Verdict] = end.value
            return found

    is_large = len(octets) > _IN_A_THREAD
    done = await asyncio.to_thread(step, None) if is_large else step(None)
    while isinstance(done, tuple):
        given: list[Answer[bytes] | None] = []
        for one in done:
            try:
                given.append(await lookups.ask(one.name, one.type))
            except (Unavailable, ValueError):
                given.append(None)
        done = await asyncio.to_thread(step, tuple(given)) if is_large else step(tuple(given))
    return done


def stands_behind(signer: str, domain: str) -> bool:
    """Whether a signer speaks for a domain: it is the same, or above it."""
    own = domain_key(domain)
    return own == signer or own.endswith("." + signer)
