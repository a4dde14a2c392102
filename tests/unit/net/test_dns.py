"""The stub resolver against a scripted name server."""

import asyncio
from pathlib import Path

import dns.flags
import dns.message
import dns.name
import pytest
from tests.harness.dns import NameServer, name_server

from mailstead.model.dns import Mx, RecordType, Tlsa
from mailstead.model.errors import Unavailable
from mailstead.net.dns import Resolver, Server, system_servers, wire

ZONE = """
$TTL 60
example.test. IN MX 10 mx1.example.test.
example.test. IN MX 5 MX2.example.test.
example.test. IN TXT "v=spf1 " "-all"
mx1.example.test. IN A 192.0.2.1
mx1.example.test. IN AAAA 2001:db8::1
mx2.example.test. IN A 192.0.2.2
_25._tcp.mx1.example.test. IN TLSA 3 1 1 0011223344556677889900112233445566778899001122334455667788990011
nomail.test. IN MX 0 .
www.example.test. IN CNAME alias.example.test.
alias.example.test. IN CNAME mx1.example.test.
loop.test. IN CNAME loop.test.
out.test. IN CNAME nowhere.test.
short.test. 1 IN A 192.0.2.7
broken.test. IN A 192.0.2.8
big.test. IN A 192.0.2.9
forged.test. IN A 192.0.2.10
1.2.0.192.in-addr.arpa. IN PTR mx1.example.test.
"""
FAULTS = {"silent.test": "silent", "broken.test": "servfail", "big.test": "truncate", "forged.test": "forge", "odd.test": "garbage"}


def of(server: NameServer) -> Resolver:
    return Resolver([f"127.0.0.1:{server.port}"], try_s=(0.2, 0.2))


async def test_records_of_each_type() -> None:
    async with name_server(ZONE) as server:
        ask = of(server)
        assert set((await ask.mx("Example.Test.")).records) == {Mx(10, "mx1.example.test"), Mx(5, "mx2.example.test")}
        assert (await ask.addresses("mx1.example.test")).records == ("2001:db8::1", "192.0.2.1")
        assert (await ask.txt("example.test")).records == (b"v=spf1 -all",)
        assert (await ask.mx("nomail.test")).records == (Mx(0, ""),)
        (tlsa,) = (await ask.tlsa("_25._tcp.mx1.example.test")).records
        assert isinstance(tlsa, Tlsa)
        assert (tlsa.usage, tlsa.selector, tlsa.matching, len(tlsa.data)) == (3, 1, 1, 32)
        assert (await ask.reverse("192.0.2.1")).records == ("mx1.example.test",)


async def test_nothing_and_nobody_are_different() -> None:
    async with name_server(ZONE) as server:
        ask = of(server)
        nothing, nobody = await ask.mx("mx1.example.test"), await ask.mx("nowhere.test")
        assert (nothing.records, nothing.exists) == ((), True)
        assert (nobody.records, nobody.exists) == ((), False)
        assert nothing.ttl_s == 30  # the SOA's minimum (RFC 2308)


async def test_aliases_are_followed() -> None:
    async with name_server(ZONE) as server:
        ask = of(server)
        found = await ask.addresses("www.example.test")
        assert (found.name, found.records) == ("mx1.example.test", ("2001:db8::1", "192.0.2.1"))
        gone = await ask.ask("out.test", RecordType.A)
        assert (gone.name, gone.exists) == ("nowhere.test", False)
        with pytest.raises(Unavailable):
            await ask.ask("loop.test", RecordType.A)


async def test_the_same_question_goes_out_once_and_is_kept() -> None:
    async with name_server(ZONE) as server:
        ask = of(server)
        answers = await asyncio.gather(*(ask.mx("example.test") for _ in range(50)))
        assert len(server.heard) == 1
        assert all(answer == answers[0] for answer in answers)
        await ask.mx("EXAMPLE.test")
        await ask.mx("nowhere.test")
        await ask.mx("nowhere.test")
        assert len(server.heard) == 2
        ask.forget()
        await ask.mx("example.test")
        assert len(server.heard) == 3


async def test_what_is_too_old_is_asked_again() -> None:
    now = 1000.0
    async with name_server(ZONE) as server:
        ask = Resolver([f"127.0.0.1:{server.port}"], clock=lambda: now)
        await ask.ask("short.test", RecordType.A)
        await ask.mx("example.test")
        now += 2
        await ask.ask("short.test", RecordType.A)
        await ask.mx("example.test")
        assert [name for _, name, _ in server.heard] == ["short.test", "example.test", "short.test"]


async def test_a_cut_answer_comes_over_tcp() -> None:
    async with name_server(ZONE, misbehave=FAULTS) as server:
        assert (await of(server).ask("big.test", RecordType.A)).records == ("192.0.2.9",)
        assert [transport for transport, *_ in server.heard] == ["udp", "tcp"]


async def test_a_forged_answer_is_passed_over() -> None:
    async with name_server(ZONE, misbehave=FAULTS) as server:
        assert (await of(server).ask("forged.test", RecordType.A)).records == ("192.0.2.10",)


@pytest.mark.parametrize("name", ["silent.test", "broken.test", "odd.test"])
async def test_a_failure_is_temporary_and_not_kept(name: str) -> None:
    async with name_server(ZONE, misbehave=FAULTS) as server:
        ask = of(server)
        for _ in range(2):
            with pytest.raises(Unavailable):
                await ask.ask(name, RecordType.A)
        assert len(server.heard) == 4


async def test_the_next_server_is_asked() -> None:
    async with name_server(ZONE, misbehave={"example.test": "servfail"}) as first, name_server(ZONE) as second:
        ask = Resolver([f"127.0.0.1:{first.port}", f"127.0.0.1:{second.port}"], try_s=(0.2,))
        assert len((await ask.mx("example.test")).records) == 2


@pytest.mark.parametrize(("spoilt", "left"), [("AAAA", ("192.0.2.1",)), ("A", ("2001:db8::1",))])
@pytest.mark.parametrize("is_secure", [True, False])
async def test_addresses_of_one_kind_are_as_good_as_they_are(spoilt: str, left: tuple[str, ...], is_secure: bool) -> None:
    """RFC 4074; and RFC 7672 §2.1.3: a bogus answer about the other kind is no way around DANE."""
    async with name_server(ZONE, secure=is_secure, misbehave={f"mx1.example.test {spoilt}": "servfail"}) as server:
        found = await of(server).addresses("mx1.example.test")
        assert (left, is_secure) == (found.records, found.is_secure)


async def test_validation_is_believed_on_loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    async with name_server(ZONE, secure=True) as server:
        assert (await of(server).mx("example.test")).is_secure
        assert (await of(server).mx("nowhere.test")).is_secure
        monkeypatch.setattr(Server, "is_loopback", False)
        assert not (await of(server).mx("example.test")).is_secure
    async with name_server(ZONE) as server:
        assert not (await of(server).mx("example.test")).is_secure


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".test", ".".join(["abcdefgh"] * 40), "\0" * 300])
async def test_what_is_no_name(name: str) -> None:
    with pytest.raises(ValueError, match="no domain name"):
        await Resolver(["127.0.0.1:9"]).mx(name)


def test_the_systems_servers(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    path.write_text("# a comment\nsearch example.test\nnameserver 192.0.2.53\nnameserver fe80::1%eth0\nnameserver nonsense\n")
    assert system_servers(path) == [Server("192.0.2.53"), Server("fe80::1%eth0")]
    assert system_servers(tmp_path / "missing") == [Server("127.0.0.1")]


@pytest.mark.parametrize(
    "name", ["example.test", "_25._tcp.mx1.example.test", "x" * 63 + ".test", ".".join(["a" * 63] * 3) + "." + "b" * 61, "xn--bcher-kva.test", "test"]
)
def test_a_question_is_what_the_library_would_have_written(name: str) -> None:
    for kind in RecordType:
        wanted = dns.message.make_query(name, kind.name, use_edns=0, payload=1232, id=0xABCD, flags=dns.flags.RD | dns.flags.AD)
        assert wire.question(name, kind, 0xABCD) == wanted.to_wire()
    assert wire.absolute(name) == name
    assert wire.absolute(f"{name.upper()}.") == name


@pytest.mark.parametrize("name", ["", "a..b", "." + "a" * 64 + ".test", ".".join(["a" * 63] * 4), "ä" * 70])
def test_what_is_no_name_is_not_asked_for(name: str) -> None:
    if name:
        with pytest.raises(ValueError, match="no domain name"):
            wire.question(name, RecordType.A, 1)
    else:
        assert wire.question("", RecordType.A, 1).endswith(b"\0\0\1\0\1" + b"\0\0\x29\4\xd0" + b"\0" * 6)


def test_a_name_of_other_octets_is_left_to_the_library() -> None:
    octets = wire.question("a\\.b.test", RecordType.A, 1)
    assert dns.message.from_wire(octets).question[0].name == dns.name.from_text("a\\.b.test.")
