"""Answers that are read without the library are what the library reads; the others are left to it."""

import random

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from tests.fuzz import dns as target

from mailstead.model.dns import Answer, Mx, RecordType
from mailstead.net.dns import plain, wire

NAME, NUMBER = "mail.example.test", 0x1234
SOA = ("example.test.", 900, "IN", "SOA", "ns.example.test. a.example.test. 1 2 3 4 600")


def reply(kind: RecordType, *texts: str, owner: str = NAME, name: str = NAME, soa: bool = False, ttl_s: int = 300, code: int = 0, flags: int = 0) -> bytes:
    made = dns.message.make_response(dns.message.from_wire(wire.question(name, kind, NUMBER)))
    if texts:
        made.answer.append(dns.rrset.from_text(owner + ".", ttl_s, "IN", kind.name, *texts))
    if soa:
        made.authority.append(dns.rrset.from_text(*SOA))
    made.set_rcode(dns.rcode.Rcode(code))
    made.flags |= flags
    return made.to_wire()


def by_hand(octets: bytes, kind: RecordType, *, name: str = NAME) -> Answer[object] | None:
    return plain.answer(octets, name, kind, NUMBER, trusts_ad=True)


@pytest.mark.parametrize(
    ("octets", "kind", "expected"),
    [
        (reply(RecordType.A, "192.0.2.1"), RecordType.A, Answer(NAME, ("192.0.2.1",), False, True, ttl_s=300)),
        (reply(RecordType.A, "192.0.2.1", ttl_s=10**6, flags=dns.flags.AD), RecordType.A, Answer(NAME, ("192.0.2.1",), True, True, ttl_s=plain.TTL_MOST_S)),
        (reply(RecordType.AAAA, "2001:db8::1"), RecordType.AAAA, Answer(NAME, ("2001:db8::1",), False, True, ttl_s=300)),
        (reply(RecordType.MX, "10 MX.Example.test."), RecordType.MX, Answer(NAME, (Mx(10, "mx.example.test"),), False, True, ttl_s=300)),
        (reply(RecordType.MX, "0 ."), RecordType.MX, Answer(NAME, (Mx(0, ""),), False, True, ttl_s=300)),
        (reply(RecordType.MX, soa=True), RecordType.MX, Answer(NAME, (), False, True, ttl_s=600)),
        (reply(RecordType.TXT, soa=True, code=3), RecordType.TXT, Answer(NAME, (), False, False, ttl_s=600)),
        (reply(RecordType.TLSA, code=3), RecordType.TLSA, Answer(NAME, (), False, False, ttl_s=0)),
    ],
)
def test_the_usual_answers(octets: bytes, kind: RecordType, expected: Answer[object]) -> None:
    assert by_hand(octets, kind) == expected
    assert wire.by_library(octets, NAME, kind, NUMBER, trusts_ad=True) == expected


def test_several_records_in_the_order_in_which_they_came() -> None:
    octets = reply(RecordType.A, *(f"192.0.2.{number}" for number in range(40)))
    found = by_hand(octets, RecordType.A)
    assert found is not None
    assert len(found.records) == 40
    assert found == wire.by_library(octets, NAME, RecordType.A, NUMBER, trusts_ad=True)


@pytest.mark.parametrize(
    ("octets", "kind"),
    [
        (reply(RecordType.TXT, '"v=spf1 -all"'), RecordType.TXT),
        (reply(RecordType.TLSA, "3 1 1 " + "ab" * 32), RecordType.TLSA),
        (reply(RecordType.AAAA, "::ffff:192.0.2.1"), RecordType.AAAA),
        (reply(RecordType.MX, "10 \\228.example.test."), RecordType.MX),
        (reply(RecordType.A, "192.0.2.1", owner="other.example.test"), RecordType.A),
        (reply(RecordType.A, code=2), RecordType.A),
        (reply(RecordType.A, "192.0.2.1", flags=dns.flags.TC), RecordType.A),
        (reply(RecordType.A, "192.0.2.1") + b"\0", RecordType.A),
        (reply(RecordType.A, "192.0.2.1")[:-20], RecordType.A),
        (reply(RecordType.A, "192.0.2.1", name="forged.example.test"), RecordType.A),
        (reply(RecordType.A, "192.0.2.1", ttl_s=300)[:-11] + b"\0\0\x29\4\xd0\1\0\0\0\0\0", RecordType.A),
        (b"\x12\x35" + reply(RecordType.A, "192.0.2.1")[2:], RecordType.A),
        (b"", RecordType.A),
    ],
    ids=["txt", "tlsa", "mapped", "not plain", "another owner", "failure", "cut", "more behind", "less", "another question", "a longer code", "another id", "none"],
)
def test_the_others_are_left_to_the_library(octets: bytes, kind: RecordType) -> None:
    assert by_hand(octets, kind) is None


def test_a_name_that_points_at_itself_ends() -> None:
    head = reply(RecordType.A)[:12]
    assert by_hand(head + b"\xc0\x0c\0\1\0\1", RecordType.A) is None
    assert by_hand(head + b"\1a" * 200 + b"\0\0\1\0\1", RecordType.A, name="a") is None


def test_both_readers_agree_on_what_is_damaged() -> None:
    """Alike or left alone: the fuzz target holds them against each other."""
    chance = random.Random(20)
    for _ in range(1_500):
        target.one(target.mutated(chance))
