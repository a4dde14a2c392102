"""REQUIRETLS at both ends, TLS-Required: No, and 8-bit mail for servers that take none (RFC 8689, RFC 6152)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from tests.harness.lookups import Table
from tests.harness.smtp import BOB, SmtpSite
from tests.unit.agent.test_smarthost import MESSAGE, certificates, envelope, kinds, scripted
from tests.unit.agent.test_smtp import Names, World, free_port

from mailstead.agent.hop import Way
from mailstead.agent.smarthost import Smarthost, SmarthostAgent
from mailstead.agent.smtp import MxAgent
from mailstead.mailauth.dkim import PrivateKey
from mailstead.mailauth.tlsrpt import PolicyKey
from mailstead.model.dns import Answer, Mx
from mailstead.net import ClientTls
from mailstead.service.downgrading import Downgrading
from mailstead.service.ports import Failed, NoSession, TlsMode, TlsPolicy
from mailstead.service.queue.entrance import OPTIONAL, REQUIRED
from mailstead.service.signers import signers
from mailstead.service.signing import Signing
from mailstead.store.interface import DkimKey

EIGHT = "From: alice@example.org\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nViele Grüße aus dem Norden\r\n".encode()


class SecureNames(Names):
    is_secure = True

    async def mx(self, name: str) -> Answer[Mx]:
        return replace(await super().mx(name), is_secure=self.is_secure)

    async def addresses(self, name: str) -> Answer[str]:
        return replace(await super().addresses(name), is_secure=self.is_secure)


class Policies:
    def __init__(self) -> None:
        self.given = TlsPolicy()
        self.told: list[str] = []
        self.sources: list[str] = []

    async def of(self, domain: str, host: str, *, is_secure: bool) -> TlsPolicy | Failed:
        return self.given

    def tell(self, host: str, address: str, policy: TlsPolicy, failure: str, reason: str, *, source: str = "") -> None:
        self.told.append(failure)
        self.sources.append(source)


class Site:
    def __init__(self, world: World, tls: ClientTls, policies: Policies) -> None:
        self.world, self.policies = world, policies
        self.agent = MxAgent(world.names, Way("us.example", world.port, tls=tls), now_ms=lambda: 0, policies=policies)

    async def send(self, ending: str = "", octets: bytes = MESSAGE) -> str:
        place = await self.agent.locate("example.org" + ending)
        assert not isinstance(place, Failed)
        try:
            line = await self.agent.open(place, 0)
        except NoSession as exc:
            return str(exc.failed.status)
        done = await line.deliver(replace(envelope("bob@example.org"), requiretls=ending == REQUIRED), octets)
        await line.close()
        return kinds(list(done))[0]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[tuple[Site, SecureNames]]:
    async with AsyncExitStack() as stack:
        names = SecureNames(example_org=["localhost"])
        names.addresses_of["localhost"] = ("127.0.0.10",)
        world = World(names, free_port(), stack)
        server, client = certificates(tmp_path)
        await world.site("localhost", server)
        yield Site(world, client, Policies()), names


def filed(site: Site) -> list[bytes]:
    return site.world.sites["localhost"].filed(BOB)


async def test_it_goes_where_dnssec_and_a_certificate_say_so(site: tuple[Site, SecureNames]) -> None:
    assert "sent" == await site[0].send(REQUIRED)
    assert 1 == len(filed(site[0]))


@pytest.mark.parametrize(("source", "mode", "expected"), [
    ("", TlsMode.OPPORTUNISTIC, "5.7.30"), ("sts", TlsMode.VERIFIED, "sent"), ("dane", TlsMode.ENCRYPTED, "5.7.30"),
])  # fmt: skip
async def test_without_dnssec_a_policy_must_vouch_for_the_host(site: tuple[Site, SecureNames], source: str, mode: TlsMode, expected: str) -> None:
    site[1].is_secure = False
    site[0].policies.given = TlsPolicy(mode, ("localhost",), source=source, key=PolicyKey("sts", "example.org"), is_testing=True)
    assert expected == await site[0].send(REQUIRED)


async def test_a_certificate_that_is_not_to_be_trusted_makes_it_wait(site: tuple[Site, SecureNames]) -> None:
    site[0].agent = MxAgent(site[1], Way("us.example", site[0].world.port), now_ms=lambda: 0, policies=site[0].policies)
    assert "4.7.5" == await site[0].send(REQUIRED)
    assert "sent" == await site[0].send()


@pytest.mark.parametrize("words", [b"250 x\r\n", b"250-x\r\n250 REQUIRETLS\r\n"])
async def test_a_server_without_tls_is_no_way(site: tuple[Site, SecureNames], words: bytes) -> None:
    async with scripted([b"220 x\r\n", words]) as port:
        site[1].addresses_of["localhost"] = ("127.0.0.1",)
        site[0].agent = MxAgent(site[1], Way("us.example", port), now_ms=lambda: 0, policies=site[0].policies)
        assert "5.7.30" == await site[0].send(REQUIRED)
        await asyncio.sleep(0.02)  # aborted transports close in the loop's next turns


async def test_a_smarthost_must_promise_it_too(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        names = Names()
        names.addresses_of["localhost"] = ("127.0.0.1",)
        world = World(names, free_port(), stack)
        server, client = certificates(tmp_path)
        hub = await world.site("localhost", server)
        agent = SmarthostAgent(Smarthost("localhost", world.port), Way("us.example", tls=client))
        place = await agent.locate("example.org" + REQUIRED)
        assert not isinstance(place, Failed)
        assert place.site != (await agent.locate("example.org")).site  # type: ignore[union-attr] # a smarthost is always known
        line = await agent.open(place, 0)
        assert ["sent"] == kinds(list(await line.deliver(replace(envelope("bob@example.org"), requiretls=True), MESSAGE)))
        await line.close()
        with pytest.raises(NoSession, match="certificate"):
            await SmarthostAgent(Smarthost("localhost", world.port), Way("us.example", tls=ClientTls())).open(place, 0)
        assert 1 == len(hub.filed(BOB))


async def test_tls_required_no_goes_past_a_policy(site: tuple[Site, SecureNames]) -> None:
    site[0].agent = MxAgent(site[1], Way("us.example", site[0].world.port), now_ms=lambda: 0, policies=site[0].policies)
    site[0].policies.given = TlsPolicy(TlsMode.VERIFIED, ("localhost",), source="sts", key=PolicyKey("sts", "example.org"))
    assert "4.7.5" == await site[0].send()
    assert "sent" == await site[0].send(OPTIONAL)
    place, other = await site[0].agent.locate("example.org"), await site[0].agent.locate("example.org" + OPTIONAL)
    assert place.site != other.site  # type: ignore[union-attr] # they share no connection


# ------------------------------------------------------------------------------------------------- the server's end
async def test_the_server_offers_it_over_tls_alone() -> None:
    async with SmtpSite() as site:
        assert not any("REQUIRETLS" in line for line in await site.talk(b"EHLO x\r\n"))
        assert any("REQUIRETLS" in line for line in await site.talk(b"EHLO x\r\n", tls=True))
        assert (await site.talk(b"EHLO x\r\nMAIL FROM:<a@b.example> REQUIRETLS\r\n"))[-1].startswith("530 5.7.10")
        assert (await site.talk(b"EHLO x\r\nMAIL FROM:<a@b.example> REQUIRETLS\r\n", tls=True))[-1].startswith("250")
        assert (await site.talk(b"EHLO x\r\nMAIL FROM:<a@b.example> REQUIRETLS=1\r\n", tls=True))[-1].startswith("555")


# ------------------------------------------------------------------------------------------------- 8 bits
class Keys:
    def __init__(self) -> None:
        key = PrivateKey.make("ed25519")
        self.row = (DkimKey("example.org", "s", "ed25519", "signing", 0, key.record(), key.dump()),)

    async def dkim_keys(self, domain: str) -> tuple[DkimKey, ...]:
        return self.row if domain == "example.org" else ()


@pytest.mark.parametrize(("words", "head", "status"), [
    (b"250-x\r\n250 8BITMIME\r\n", b"", "sent"), (b"250 x\r\n", b"", "sent"),
    (b"250 x\r\n", b"DKIM-Signature: v=1; d=else.example; s=x; b=aa\r\n", "5.6.3"),
    (b"250 x\r\n", b"DKIM-Signature: v=1; d=example.org; s=x; b=aa\r\n", "sent"),
])  # fmt: skip
async def test_8_bit_mail_is_encoded_and_signed_anew_or_comes_back(words: bytes, head: bytes, status: str) -> None:
    signing = Signing(Keys(), lambda: 1_795_600_000_000)  # type: ignore[arg-type] # what signing asks for
    async with scripted([b"220 x\r\n", words, b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", b"250 taken\r\n", b"250 ok\r\n"]) as port:
        agent = SmarthostAgent(Smarthost("127.0.0.1", port), Way("us.example", downgrade=Downgrading(signing)))
        place = await agent.locate("example.org")
        assert not isinstance(place, Failed)
        line = await agent.open(place, 0)
        assert [status] == kinds(list(await line.deliver(envelope("bob@example.org"), head + EIGHT)))
        await line.close()
        await asyncio.sleep(0.02)  # aborted transports close in the loop's next turns


async def test_what_is_encoded_has_our_signature_and_no_old_one() -> None:
    keys = Keys()
    signing = Signing(keys, lambda: 1_795_600_000_000)  # type: ignore[arg-type] # what signing asks for
    table = Table({("s._domainkey.example.org", "TXT"): (keys.row[0].record.encode(),)})
    signed = await signing.signatures(EIGHT) + EIGHT
    done = await Downgrading(signing)(signed)
    assert done is not None
    assert done.isascii()
    assert 1 == done.count(b"DKIM-Signature:")
    assert done.partition(b"\r\nFrom:")[0] != signed.partition(b"\r\nFrom:")[0]
    assert b"Content-Transfer-Encoding: quoted-printable\r\n\r\nViele Gr=C3=BC=C3=9Fe aus dem Norden\r\n" in done
    assert ["example.org"] == await signers(table, done, now_s=1_795_600_000)
    assert await Downgrading(None)(signed) is None, "it would not be signed any more"


async def test_the_next_host_is_called_where_one_does_not_promise_it(site: tuple[Site, SecureNames]) -> None:
    """RFC 8689 §4.2.1: only when no host is left is it the last word."""
    world, names = site[0].world, site[1]
    names.mx_of = {"example_org": ["clear.test", "localhost"]}
    await world.site("clear.test")
    assert "sent" == await site[0].send(REQUIRED)
    names.mx_of = {"example_org": ["clear.test", "dead.test"]}
    names.addresses_of["dead.test"] = ("127.0.0.99",)
    assert "4.4.1" == await site[0].send(REQUIRED), "one that is away may promise it later"


async def test_a_session_is_told_with_the_address_from_which_we_called(site: tuple[Site, SecureNames]) -> None:
    sending, _ = site
    await sending.send()
    assert sending.policies.sources
    assert {"127.0.0.1"} == set(sending.policies.sources)  # by which the system calls 127.0.0.10
