"""A domain that is all right, and one thing wrong at a time."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from tests.harness.fake_directory import FakeDirectory
from tests.harness.lookups import Table

from mailstead.mailauth import dane
from mailstead.model.dns import Mx, Srv, Tlsa
from mailstead.model.errors import Unavailable
from mailstead.net import make_self_signed
from mailstead.service.domains.check import Checker, Finding
from mailstead.service.domains.keys import DomainKeys
from mailstead.service.domains.records import SERVICES, records, sts_policy
from mailstead.service.queue.pools import Pool

DOMAIN, HOST, ADDRESS = "example.org", "mx.example.net", "192.88.99.7"


class World:
    def __init__(self, folder: Path) -> None:
        self.directory = FakeDirectory()
        self.dns = Table()
        self.pools: list[Pool] = []
        self.policy: bytes | Exception = sts_policy(HOST, is_trusted=True).text().encode()
        make_self_signed(folder / "own.pem", [HOST])
        self.certificate = x509.load_pem_x509_certificates((folder / "own.pem").read_bytes())[0]

    async def ready(self) -> "World":
        await DomainKeys(self.directory, None, lambda: 0).make(DOMAIN)
        table = self.dns.records
        for one in records(DOMAIN, HOST, keys=await self.directory.dkim_keys(DOMAIN), is_trusted=True):
            if one.text:
                table[one.name, "TXT"] = (one.text.encode(),)
        table[f"_dmarc.{DOMAIN}", "TXT"] = (b"v=DMARC1; p=reject",)
        table[DOMAIN, "MX"] = (Mx(10, HOST),)
        table[HOST, "A"] = (ADDRESS,)
        table["7.99.88.192.in-addr.arpa", "PTR"] = (HOST,)
        table[f"_25._tcp.{HOST}", "TLSA"] = (Tlsa(3, 1, 1, dane.association(self.certificate, 1, 1)),)
        for service, port in SERVICES:
            table[f"{service}.{DOMAIN}", "SRV"] = (Srv(0, 1, port, HOST),)
        self.dns.secure |= {DOMAIN, HOST}
        return self

    async def check(self) -> dict[str, Finding]:
        async def fetch(host: str) -> bytes:
            assert f"mta-sts.{DOMAIN}" == host
            if isinstance(self.policy, Exception):
                raise self.policy
            return self.policy

        checker = Checker(
            self.directory, self.dns, hostname=HOST, now_ms=lambda: 1_795_000_000_000, fetch=fetch,
            certificates=[self.certificate.public_bytes(Encoding.DER)], is_trusted=True, pools=self.pools,
        )
        return {one.what: one for one in await checker.check(DOMAIN)}


@pytest.fixture
async def world(tmp_path: Path) -> World:
    return await World(tmp_path).ready()


async def test_all_is_good(world: World) -> None:
    found = await world.check()
    assert {"good"} == {one.verdict for one in found.values()}, [one for one in found.values() if one.verdict != "good"]
    assert {"MX", "Address", "PTR", "SPF", "DMARC", "MTA-STS", "TLS-RPT", "DANE", "SRV jmap"} <= set(found)


async def test_the_addresses_of_a_pool_lead_back_and_may_send(world: World) -> None:
    world.pools = [Pool("news", ("192.88.99.20",), "news.example.net", (DOMAIN,)), Pool("other", ("192.88.99.30",), senders=("else.example",))]
    found = await world.check()
    assert ("bad", f"192.88.99.20 may not send for {DOMAIN}") == (found["Pool news: SPF"].verdict, found["Pool news: SPF"].found.partition(":")[0])
    assert f'Publish: {DOMAIN}. TXT "v=spf1 mx ip4:192.88.99.20 -all"' == found["Pool news: SPF"].fix
    assert ("bad", "Ask whoever gave you 192.88.99.20 to set its PTR record to news.example.net.") == (found["Pool news: PTR"].verdict, found["Pool news: PTR"].fix)
    world.dns.records[DOMAIN, "TXT"] = (b"v=spf1 mx ip4:192.88.99.20 -all",)
    world.dns.records["20.99.88.192.in-addr.arpa", "PTR"] = ("news.example.net",)
    found = await world.check()
    assert {"good"} == {one.verdict for one in found.values()}
    assert not any("other" in what for what in found)
    world.dns.broken.add(DOMAIN)
    assert "unknown" == (await world.check())["Pool news: SPF"].verdict


def put(name: str, kind: str, *records_: Any) -> Callable[[World], None]:
    return lambda world: world.dns.records.__setitem__((name, kind), records_)


def broken(name: str) -> Callable[[World], None]:
    return lambda world: world.dns.broken.add(name)


def policy(value: bytes | Exception) -> Callable[[World], None]:
    return lambda world: setattr(world, "policy", value)


@pytest.mark.parametrize(("change", "what", "verdict", "word"), [
    (put(DOMAIN, "MX"), "MX", "bad", "no MX"),
    (put(DOMAIN, "MX", Mx(0, "")), "MX", "bad", "null MX"),
    (put(DOMAIN, "MX", Mx(10, "other.test")), "MX", "bad", "none is"),
    (put(DOMAIN, "MX", Mx(5, "other.test"), Mx(10, HOST)), "MX", "warning", "first"),
    (broken(DOMAIN), "MX", "unknown", "looked up"),
    (put(HOST, "A"), "Address", "bad", "no address"),
    (put(HOST, "CNAME", "alias.test"), "Address", "warning", "alias"),
    (put("7.99.88.192.in-addr.arpa", "PTR", "dyn-7.isp.test"), "PTR", "bad", "dyn-7"),
    (put(HOST, "A", "10.1.2.3"), "PTR", "warning", "private"),
    (put(DOMAIN, "TXT", b"something else"), "SPF", "bad", "no SPF"),
    (put(DOMAIN, "TXT", b"v=spf1 mx -all", b"v=spf1 -all"), "SPF", "bad", "2 SPF"),
    (put(DOMAIN, "TXT", b"v=spf1 " + b"include:a.test " * 11 + b"-all"), "SPF", "bad", "11 look-ups"),
    (put(DOMAIN, "TXT", b"v=spf1 -all"), "SPF", "bad", "not named"),
    (put(DOMAIN, "TXT", b"v=spf1 mx +all"), "SPF", "bad", "anybody"),
    (put(DOMAIN, "TXT", b"v=spf1 mx"), "SPF", "warning", "others"),
    (put(f"r202611._domainkey.{DOMAIN}", "TXT"), "DKIM r197001", "good", "holds"),
    (put(f"r197001._domainkey.{DOMAIN}", "TXT"), "DKIM r197001", "bad", "nothing"),
    (put(f"e197001._domainkey.{DOMAIN}", "TXT", b"v=DKIM1; k=ed25519; p=AAAA"), "DKIM e197001", "bad", "another key"),
    (put(f"_dmarc.{DOMAIN}", "TXT"), "DMARC", "bad", "0 DMARC"),
    (put(f"_dmarc.{DOMAIN}", "TXT", b"v=DMARC1; p=maybe"), "DMARC", "bad", "p="),
    (put(f"_dmarc.{DOMAIN}", "TXT", b"v=DMARC1; p=none"), "DMARC", "warning", "not stopped"),
    (put(f"_mta-sts.{DOMAIN}", "TXT"), "MTA-STS", "warning", "no MTA-STS"),
    (policy(Unavailable("x", "the answer was 404")), "MTA-STS", "bad", "404"),
    (policy(b"<html>"), "MTA-STS", "bad", "read"),
    (policy(b"version: STSv1\nmode: enforce\nmx: other.test\nmax_age: 9\n"), "MTA-STS", "bad", "does not allow"),
    (policy(sts_policy(HOST, is_trusted=False).text().encode()), "MTA-STS", "warning", "testing"),
    (put(f"_smtp._tls.{DOMAIN}", "TXT"), "TLS-RPT", "warning", "nobody"),
    (put(f"_25._tcp.{HOST}", "TLSA"), "DANE", "warning", "no TLSA"),
    (put(f"_25._tcp.{HOST}", "TLSA", Tlsa(3, 1, 1, b"x" * 32)), "DANE", "bad", "will not send"),
    (lambda world: world.dns.secure.clear(), "DANE", "warning", "not signed"),
    (put(f"_imaps._tcp.{DOMAIN}", "SRV"), "SRV imaps", "warning", "by themselves"),
])  # fmt: skip
async def test_one_thing_is_wrong(world: World, change: Callable[[World], None], what: str, verdict: str, word: str) -> None:
    change(world)
    found = (await world.check())[what]
    assert (verdict, True) == (found.verdict, word in found.found), found
    assert (verdict == "good") == (found.fix == "")


async def test_what_cannot_be_looked_up_is_not_wrong(world: World) -> None:
    world.dns.broken |= {name for name, _ in world.dns.records} | {f"mta-sts.{DOMAIN}"}
    assert not [one for one in (await world.check()).values() if one.verdict == "bad" and one.what != "Address"]
