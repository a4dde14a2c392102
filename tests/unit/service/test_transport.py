"""Tables of good and bad cases: which security a host must have (RFC 7672 §2, RFC 8461 §5)."""

from typing import Any

import pytest
from tests.harness.lookups import Table

from mailstead.mailauth.mtasts import Policy
from mailstead.model.dns import Answer, RecordType, Tlsa
from mailstead.model.errors import Unavailable
from mailstead.service.ports import Failed, TlsMode, TlsPolicy
from mailstead.service.transport import AGAIN_AFTER_MS, Transport, checked

DOMAIN, HOST = "example.test", "mx.example.test"
GOOD = Tlsa(3, 1, 1, b"x" * 32)
TLSA = f"_25._tcp.{HOST}"
DAY_MS = 86_400_000


class Names(Table):
    """Aliases in front of addresses: ``alias`` maps a name to where it leads."""

    def __init__(self) -> None:
        super().__init__({(HOST, "A"): ("192.0.2.1",)})
        self.secure |= {HOST, TLSA}
        self.alias: dict[str, str] = {}

    async def addresses(self, name: str) -> Answer[str]:
        last = self.alias.get(name, name)
        answer: Answer[Any] = await self.ask(last, RecordType.A)
        return answer


class Cache:
    def __init__(self) -> None:
        self.rows: dict[str, tuple[str, str, int]] = {}
        self.broken = False

    async def sts_policy(self, domain: str) -> tuple[str, str, int] | None:
        return self.rows.get(domain)

    async def sts_policy_set(self, domain: str, policy_id: str, text: str, expires_at_ms: int) -> None:
        if self.broken:
            raise Unavailable("full")
        self.rows[domain] = policy_id, text, expires_at_ms


class World:
    def __init__(self) -> None:
        self.names = Names()
        self.cache = Cache()
        self.now = 1_000_000_000_000
        self.file: bytes | Exception = Policy("enforce", 7 * 86_400, (HOST, "*.mail.test")).text().encode()
        self.fetched = 0
        self.transport = self.fresh()

    def fresh(self) -> Transport:
        return Transport(self.names, self.cache, fetch=self.fetch, now_ms=lambda: self.now)

    async def fetch(self, host: str) -> bytes:
        assert f"mta-sts.{DOMAIN}" == host
        self.fetched += 1
        if isinstance(self.file, Exception):
            raise self.file
        return self.file

    def publish(self, ident: str = "1") -> None:
        self.names.records[f"_mta-sts.{DOMAIN}", "TXT"] = (f"v=STSv1; id={ident}".encode(),)

    def name(self, *records: Tlsa) -> None:
        self.names.records[TLSA, "TLSA"] = records

    async def of(self, host: str = HOST, *, is_secure: bool = True) -> TlsPolicy | Failed:
        return await self.transport.of(DOMAIN, host, is_secure=is_secure)

    async def mode(self, host: str = HOST, *, is_secure: bool = True) -> TlsMode | str:
        found = await self.of(host, is_secure=is_secure)
        return found.mode if isinstance(found, TlsPolicy) else str(found.status)


# ------------------------------------------------------------------------------------------------------------- DANE
async def test_named_certificates_are_wanted() -> None:
    world = World()
    world.name(Tlsa(1, 1, 1, b"x" * 32), GOOD)
    found = await world.of()
    assert isinstance(found, TlsPolicy)
    assert (TlsMode.DANE, (GOOD,), (DOMAIN, HOST)) == (found.mode, found.tlsa, found.names)
    assert found.key is not None
    assert ("tlsa", DOMAIN) == (found.key.kind, found.key.domain)
    assert "3 1 1 " + "78" * 32 in found.key.strings


async def test_unusable_records_want_encryption_only() -> None:
    world = World()
    world.name(Tlsa(1, 1, 1, b"x" * 32))
    assert TlsMode.ENCRYPTED is await world.mode()


@pytest.mark.parametrize("insecure", ["exchangers", "addresses", "records"])
async def test_what_nobody_vouches_for_is_no_dane(insecure: str) -> None:
    world = World()
    world.name(GOOD)
    if insecure == "addresses":
        world.names.secure.discard(HOST)
    if insecure == "records":
        world.names.secure.discard(TLSA)
    assert TlsMode.OPPORTUNISTIC is await world.mode(is_secure=insecure != "exchangers")


@pytest.mark.parametrize("broken", [HOST, TLSA])
async def test_what_cannot_be_looked_up_is_not_called_unsecured(broken: str) -> None:
    """RFC 7672 §2.1.3: a bogus answer is no answer."""
    world = World()
    world.publish()
    world.names.broken.add(broken)
    assert "4.7.5" == await world.mode()


@pytest.mark.parametrize(("is_signed", "expected"), [(True, TlsMode.DANE), (False, TlsMode.OPPORTUNISTIC)])
async def test_a_secure_alias_to_what_is_not_leaves_the_exchangers_own_records(is_signed: bool, expected: TlsMode) -> None:
    """RFC 7672 §2.2.2: whoever signed the alias vouches for the records beside it; what is named in the unsigned zone counts for nothing."""
    world = World()
    world.names.alias[HOST] = "real.test"
    world.names.records["real.test", "A"] = ("192.0.2.1",)
    world.names.records[HOST, "CNAME"] = ("real.test",)
    world.names.records["_25._tcp.real.test", "TLSA"] = (Tlsa(3, 1, 1, b"y" * 32),)
    world.names.secure.add("_25._tcp.real.test")
    world.name(GOOD)
    if not is_signed:
        world.names.secure.discard(HOST)
    found = await world.of()
    assert isinstance(found, TlsPolicy)
    assert expected is found.mode
    assert ((GOOD,) if is_signed else ()) == found.tlsa


async def test_behind_aliases_the_last_name_comes_first() -> None:
    world = World()
    world.names.alias[HOST] = "real.test"
    world.names.records["real.test", "A"] = ("192.0.2.1",)
    world.names.secure |= {"real.test", "_25._tcp.real.test"}
    world.name(Tlsa(3, 1, 1, b"y" * 32))
    first = await world.of()
    world.names.records["_25._tcp.real.test", "TLSA"] = (GOOD,)
    second = await world.of()
    assert isinstance(first, TlsPolicy)
    assert isinstance(second, TlsPolicy)
    assert (b"y" * 32, b"x" * 32) == (first.tlsa[0].data, second.tlsa[0].data)
    assert (DOMAIN, HOST, "real.test") == second.names
    assert (HOST, "real.test") == (first.server_name, second.server_name)  # RFC 7671 §3


async def test_dane_goes_before_mta_sts() -> None:
    """RFC 8461 §2."""
    world = World()
    world.publish()
    world.name(GOOD)
    assert TlsMode.DANE is await world.mode()
    assert 0 == world.fetched


def test_a_certificate_is_judged_by_the_records() -> None:
    assert "validation-failure" == checked(TlsPolicy(TlsMode.DANE, (DOMAIN,), (GOOD,)), [], 0).result


# ------------------------------------------------------------------------------------------------------------- MTA-STS
async def test_without_a_policy_anything_goes() -> None:
    world = World()
    assert TlsMode.OPPORTUNISTIC is await world.mode()
    assert 0 == world.fetched


async def test_a_policy_is_fetched_once_and_kept() -> None:
    world = World()
    world.publish()
    assert TlsMode.VERIFIED is await world.mode()
    assert TlsMode.VERIFIED is await world.mode("a.mail.test")
    assert "4.7.5" == await world.mode("mx.evil.test")
    world.transport = world.fresh()
    assert TlsMode.VERIFIED is await world.mode()
    assert 1 == world.fetched


async def test_testing_reports_and_lets_go() -> None:
    world = World()
    world.publish()
    world.file = Policy("testing", 86_400, (HOST,)).text().encode()
    for host in (HOST, "mx.evil.test"):
        found = await world.of(host)
        assert isinstance(found, TlsPolicy)
        assert found.is_testing


async def test_a_new_id_brings_the_new_policy() -> None:
    world = World()
    world.publish()
    await world.mode()
    world.file = Policy("none", 86_400, ()).text().encode()
    assert TlsMode.VERIFIED is await world.mode()
    world.publish("2")
    assert TlsMode.OPPORTUNISTIC is await world.mode()
    assert 2 == world.fetched


async def test_a_policy_outlives_its_record_until_it_expires() -> None:
    """RFC 8461 §5.1: who can forge an absence cannot switch it off."""
    world = World()
    world.publish()
    await world.mode()
    world.names.records.clear()
    world.names.records[HOST, "A"] = ("192.0.2.1",)
    assert TlsMode.VERIFIED is await world.mode()
    world.names.broken.add(f"_mta-sts.{DOMAIN}")
    assert TlsMode.VERIFIED is await world.mode(is_secure=False)
    world.now += 7 * DAY_MS
    assert TlsMode.OPPORTUNISTIC is await world.mode(is_secure=False)


@pytest.mark.parametrize(("file", "word"), [
    (Unavailable("x", "the answer was 404"), "sts-policy-fetch-error"), (b"<html>", "sts-policy-invalid"),
])  # fmt: skip
async def test_what_cannot_be_fetched_is_asked_for_again_later(file: bytes | Exception, word: str) -> None:
    world = World()
    world.publish()
    world.file = file
    assert TlsMode.OPPORTUNISTIC is await world.mode()
    assert TlsMode.OPPORTUNISTIC is await world.mode()
    assert (1, word) == (world.fetched, world.transport.fetch_failure(DOMAIN))
    world.now += AGAIN_AFTER_MS
    world.file = World().file
    assert TlsMode.VERIFIED is await world.mode()
    assert (2, "") == (world.fetched, world.transport.fetch_failure(DOMAIN))


async def test_an_old_policy_holds_while_the_new_one_cannot_be_had() -> None:
    world = World()
    world.publish()
    await world.mode()
    world.publish("2")
    world.file = Unavailable("x", "down")
    assert TlsMode.VERIFIED is await world.mode()


async def test_a_policy_is_renewed_before_it_ends() -> None:
    world = World()
    world.publish()
    await world.mode()
    world.now += 6 * DAY_MS
    await world.mode()
    assert 2 == world.fetched


async def test_a_policy_that_cannot_be_remembered_counts_now() -> None:
    world = World()
    world.publish()
    world.cache.broken = True
    assert TlsMode.VERIFIED is await world.mode()


async def test_an_address_has_no_policy() -> None:
    world = World()
    found = await world.transport.of("[192.0.2.1]", "[192.0.2.1]", is_secure=False)
    assert isinstance(found, TlsPolicy)
    assert TlsMode.OPPORTUNISTIC is found.mode
