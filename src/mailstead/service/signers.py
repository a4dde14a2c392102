"""Which domains stand behind a message: those whose DKIM signatures hold (RFC 6376 §6)."""

import asyncio
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from mailstead.mailauth import dkim
from mailstead.mailauth.dkim import Verdict
from mailstead.mailauth.dkim.verify import Answers
from mailstead.model.address import domain_key
from mailstead.model.dns import Answer
from mailstead.model.errors import Unavailable
from mailstead.model.message import Octets
from mailstead.model.question import LookUp
from mailstead.service.delivery import header_of
from mailstead.service.ports import Lookups

T = TypeVar("T")
IN_A_THREAD: Final = 1 << 20
"""Octets from which on hashing is somebody else's work than the loop's."""


async def signers(lookups: Lookups, octets: Octets, *, now_s: int) -> list[str]:
    """As A-labels, in the order of the signatures."""
    return proved(await verdicts(lookups, octets, now_s=now_s))


def proved(found: Sequence[Verdict]) -> list[str]:
    """The signers of those that hold, as A-labels, in order."""
    return [domain_key(one.signature.domain) for one in found if one.result == "pass" and one.signature is not None]


async def verdicts(lookups: Lookups, octets: Octets, *, now_s: int) -> list[Verdict]:
    """What each signature proves, in their order."""
    return await played(dkim.verify(octets, len(header_of(octets)) + 2, now_s=now_s), lookups, is_large=len(octets) > IN_A_THREAD)


async def played(exchange: Generator[tuple[LookUp, ...], Answers, T], lookups: Lookups, *, is_large: bool) -> T:
    """The end of a verification whose questions are asked of the DNS, those of one turn together. ``is_large``: its steps take long."""

    def step(answers: Answers | None) -> tuple[LookUp, ...] | _End[T]:
        try:
            return next(exchange) if answers is None else exchange.send(answers)
        except StopIteration as end:
            return _End(end.value)

    done = await asyncio.to_thread(step, None) if is_large else step(None)
    while isinstance(done, tuple):
        given = (await _asked(lookups, done[0]),) if len(done) == 1 else tuple(await asyncio.gather(*(_asked(lookups, one) for one in done)))
        done = await asyncio.to_thread(step, given) if is_large else step(given)
    return done.value


async def _asked(lookups: Lookups, one: LookUp) -> Answer[bytes] | None:
    try:
        return await lookups.ask(one.name, one.type)
    except Unavailable:
        return None
    except ValueError:  # what is no name is nowhere
        return Answer(one.name, (), exists=False)


@dataclass(frozen=True, slots=True)
class _End(Generic[T]):
    value: T


def stands_behind(signer: str, domain: str) -> bool:
    """Whether a signer speaks for a domain: it is the same, or above it."""
    own = domain_key(domain)
    return own == signer or own.endswith("." + signer)
