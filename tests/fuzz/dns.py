"""Fuzz target: any octets as a name server's answer.

``python -m tests.fuzz.dns [seconds] [seed]`` mutates answers by itself; ``one(octets)`` is the entry for a coverage-guided fuzzer.
What must hold: an ``Answer`` within the bounds or one of the three refusals, never another exception, within a second; and what is read without the
library is what the library reads.
"""

import random
import time
from functools import cache

import dns.flags
import dns.message
import dns.rrset
from tests.harness import fuzz

from mailstead.model.dns import RecordType
from mailstead.model.errors import Unavailable
from mailstead.net.dns import plain, wire

_NAME, _NUMBER, _MOST_S = "mail.example.test", 0x1234, 1.0
_RECORDS = (
    ("MX", "10 mx.example.test.", "20 \\195\\164.example.test.", "0 ."), ("TXT", '"v=spf1 -all" "more"', '"\\255"'), ("A", "192.0.2.1"),
    ("AAAA", "2001:db8::1"), ("TLSA", "3 1 1 " + "ab" * 32), ("SRV", "0 1 993 imap.example.test."), ("PTR", "host.example.test."),
    ("CNAME", "other.example.test."), ("SOA", "ns.example.test. a.example.test. 1 2 3 4 600"),
)  # fmt: skip
_KINDS = tuple(RecordType)


def one(octets: bytes) -> None:
    """One run. The first octet chooses the record type that was asked for."""
    if not octets:
        return
    started = time.process_time()
    kind = _KINDS[octets[0] % len(_KINDS)]
    trusts_ad = bool(octets[0] & 128)
    by_hand = plain.answer(octets[1:], _NAME, kind, _NUMBER, trusts_ad=trusts_ad)
    try:
        found = wire.by_library(octets[1:], _NAME, kind, _NUMBER, trusts_ad=trusts_ad)
    except (wire.Truncated, wire.Foreign, Unavailable):
        assert by_hand is None
    else:
        assert by_hand in {None, found}
        assert len(found.records) <= plain.RECORDS
        assert 0 <= found.ttl_s <= plain.TTL_MOST_S
        assert not found.is_secure or octets[0] & 128
    assert time.process_time() - started < _MOST_S


@cache
def corpus() -> tuple[bytes, ...]:
    """Answers to begin with, each after the octet that asks for its type."""
    found = []
    for kind, *texts in _RECORDS:
        if kind == "SOA":
            continue
        for alias in (False, True):
            query = dns.message.make_query(_NAME, kind, id=_NUMBER)
            reply = dns.message.make_response(query)
            owner = _NAME + "."
            if alias and kind != "CNAME":
                reply.answer.append(dns.rrset.from_text(owner, 60, "IN", "CNAME", "alias.example.test."))
                owner = "alias.example.test."
            reply.answer.append(dns.rrset.from_text(owner, 300, "IN", kind, *texts))
            reply.authority.append(dns.rrset.from_text("example.test.", 900, "IN", *_RECORDS[-1]))
            reply.flags |= dns.flags.AD
            found.append(bytes([_KINDS.index(RecordType[kind]) + 128 // len(_KINDS) * len(_KINDS)]) + reply.to_wire())
    return tuple(found)


def mutated(chance: random.Random) -> bytes:
    """An answer with a few changes, most of them behind its head."""
    octets = bytearray(chance.choice(corpus()))
    for _ in range(chance.randint(0, 5)):
        at = chance.randrange(3 if chance.randrange(2) else 0, len(octets) + 1)
        match chance.randrange(4):
            case 0:
                octets[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                octets[at : at + 2] = bytes([0xC0 | chance.randrange(64), chance.randrange(256)])  # a compression pointer
            case 2:
                del octets[at : at + chance.randint(1, 8)]
            case 3:
                octets[at:at] = chance.randbytes(chance.randint(1, 40))
    return bytes(octets)


if __name__ == "__main__":
    fuzz.run(one, mutated)
