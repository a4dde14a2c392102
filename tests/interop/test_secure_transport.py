"""DANE and MTA-STS with real name servers: signed, unsigned and broken zones behind a validating resolver, mail exchangers with good and bad
certificates, and policies fetched over HTTPS."""

import asyncio
import hashlib
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.harness import dnssec
from tests.harness.server import free_ports
from tests.harness.smtp import SmtpSite
from tests.unit.service.test_transport import Cache

from mailstead.agent import hop
from mailstead.agent.hop import Way
from mailstead.agent.smtp import MxAgent
from mailstead.mailauth.mtasts import Policy
from mailstead.net import CertificateFiles, ClientTls, Listener, ServerTls, bind, make_self_signed
from mailstead.net.dns import Resolver
from mailstead.net.https import Https
from mailstead.service.ports import Failed, NoSession, TlsPolicy
from mailstead.service.transport import Transport, checked

pytestmark = pytest.mark.interop
NOW_MS = time.time_ns() // 1_000_000  # certificates are made for now


@dataclass
class Certificate:
    files: CertificateFiles

    @property
    def der(self) -> bytes:
        return self._read().public_bytes(Encoding.DER)

    @property
    def key_hash(self) -> str:
        return hashlib.sha256(self._read().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()

    def _read(self) -> x509.Certificate:
        return x509.load_pem_x509_certificates(self.files.chain.read_bytes())[0]


def made(folder: Path, *names: str) -> Certificate:
    path = folder / f"{names[0]}.pem"
    make_self_signed(path, list(names))
    return Certificate(CertificateFiles(path, path))


class Telling(Transport):
    """Remembers what was told."""

    def __init__(self, *args: object, **more: object) -> None:
        super().__init__(*args, **more)  # type: ignore[arg-type]
        self.told: list[tuple[str, str, str]] = []

    def tell(self, host: str, address: str, policy: TlsPolicy, failure: str, reason: str, *, source: str = "") -> None:
        super().tell(host, address, policy, failure, reason, source=source)
        assert policy.key is not None
        self.told.append((policy.key.domain, policy.key.kind, failure))


@dataclass
class World:
    agent: MxAgent
    transport: Telling
    policies: dict[str, bytes] = field(default_factory=dict)

    async def reach(self, domain: str) -> str:
        """What came of calling the domain: by what the peer was made sure, ``tls`` or ``clear``; or the status of why not."""
        place = await self.agent.locate(domain)
        if isinstance(place, Failed):
            return str(place.status)
        try:
            line = await self.agent.open(place, 0)
        except NoSession as exc:
            return str(exc.failed.status)
        await line.close()
        return line.peer.assurance or ("tls" if line.peer.tls else "clear")


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    packages = dnssec.missing()
    if packages:
        pytest.skip(f"needs nsd, unbound and ldns-signzone: apt-get install {packages}")
    (tmp_path / "dns").mkdir()
    smtp_port, https_port = free_ports(2)
    own = made(tmp_path, "mx.good.test", "mx.ta.test", "mx.sts.plain", "mx.testing.plain", *(f"mta-sts.{name}.plain" for name in ("sts", "wrongcert", "nomx", "testing")))
    other = made(tmp_path, "somebody.else")
    fake = "3 1 1 " + "00" * 32
    good = f"3 1 1 {own.key_hash}"

    def host(number: int, name: str, zone: str, tlsa: str = "") -> str:
        named = f"_{smtp_port}._tcp.mx.{name}.{zone}. 300 IN TLSA {tlsa}\n" if tlsa else ""
        return f"{name}.{zone}. 300 IN MX 10 mx.{name}.{zone}.\nmx.{name}.{zone}. 300 IN A 127.0.1.{number}\n{named}"

    def sts(name: str) -> str:
        return f'_mta-sts.{name}.plain. 300 IN TXT "v=STSv1; id=1"\nmta-sts.{name}.plain. 300 IN A 127.0.1.99\n'

    zones = {
        "test": (
            host(1, "good", "test", good) + host(2, "wrong", "test", fake) + host(3, "notls", "test", good)
            + host(4, "ta", "test", f"2 0 1 {hashlib.sha256(own.der).hexdigest()}") + host(5, "unusable", "test", f"0 0 1 {own.key_hash}")
            + host(6, "none", "test")
            # two exchangers: the first one cannot be made sure of
            + "two.test. 300 IN MX 5 mx.wrong.test.\ntwo.test. 300 IN MX 10 mx.good.test.\n"
            + "alias.test. 300 IN MX 10 old.alias.test.\nold.alias.test. 300 IN CNAME mx.good.test.\n", "signed"),
        "plain": (
            host(1, "dane", "plain", fake) + host(7, "sts", "plain") + sts("sts") + host(2, "wrongcert", "plain") + sts("wrongcert")
            + host(8, "nomx", "plain") + sts("nomx") + host(2, "testing", "plain") + sts("testing") + host(3, "clear", "plain"), "plain"),
        "broken": (host(1, "good", "broken", good), "broken"),
    }  # fmt: skip
    sites = {1: own, 2: other, 3: None, 4: own, 5: other, 6: other, 7: own, 8: own}
    policies = {
        name: Policy("testing" if name == "testing" else "enforce", 86_400, (f"mx.{name}.plain" if name != "nomx" else "mx.elsewhere.plain",)).text().encode()
        for name in ("sts", "wrongcert", "nomx", "testing")
    }
    monkeypatch.setitem(hop._contexts, True, ClientTls(authorities=own.files.chain))
    async with AsyncExitStack() as stack:
        for number, certificate in sites.items():
            site = SmtpSite(tls=ServerTls([certificate.files]) if certificate else None)
            listener = Listener(bind(f"127.0.1.{number}:{smtp_port}"), site.serve, None, name="smtp")
            await listener.start()
            stack.push_async_callback(listener.drain, 0.1)
        await stack.enter_async_context(_Policies(own.files.chain, https_port, policies))
        resolver = Resolver([stack.enter_context(dnssec.resolving(tmp_path / "dns", zones))])
        https = Https(resolver, context=ssl.create_default_context(cafile=str(own.files.chain)), allows_private=True, port=https_port)

        async def fetch(name: str) -> bytes:
            return await https.get(name, "/.well-known/mta-sts.txt", limit=65_536, kinds=("text/plain",))

        transport = Telling(resolver, Cache(), fetch=fetch, now_ms=lambda: NOW_MS, port=smtp_port)

        def check(policy: TlsPolicy, chain: Sequence[bytes]) -> tuple[str, str]:
            match = checked(policy, chain, NOW_MS)
            return match.result, match.reason

        way = replace(Way("us.example", smtp_port), check=check)
        yield World(MxAgent(resolver, way, now_ms=lambda: NOW_MS, policies=transport), transport)


class _Policies:
    """An HTTPS server that knows policies by the first label after ``mta-sts``."""

    def __init__(self, pem: Path, port: int, policies: dict[str, bytes]) -> None:
        self._pem, self._port, self._policies = pem, port, policies

    async def __aenter__(self) -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self._pem)
        self._server = await asyncio.start_server(self._serve, "127.0.1.99", self._port, ssl=context)

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        name = head.split("Host: mta-sts.")[1].split(".")[0]
        text = self._policies[name]
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text))
        await writer.drain()
        writer.close()


async def test_every_case(world: World) -> None:
    wanted = {
        # DANE: the zone is signed
        "good.test": "dane", "ta.test": "dane", "alias.test": "dane", "two.test": "dane",
        "wrong.test": "4.7.5",  # another certificate than the one named
        "notls.test": "4.7.10",  # no STARTTLS where a certificate is named: never in the clear
        "unusable.test": "tls",  # records nobody can use want encryption only
        "none.test": "tls",
        # nobody vouches for the zone: records count for nothing
        "dane.plain": "tls", "clear.plain": "clear",
        # DNSSEC is broken: nothing is sent
        "good.broken": "4.4.3",
        # MTA-STS
        "sts.plain": "sts", "wrongcert.plain": "4.7.5", "nomx.plain": "4.7.5",
        "testing.plain": "tls",  # reported, and sent nevertheless
    }  # fmt: skip
    assert wanted == {domain: await world.reach(domain) for domain in wanted}
    told = set(world.transport.told)
    for one in (
        ("good.test", "tlsa", ""), ("wrong.test", "tlsa", "validation-failure"), ("two.test", "tlsa", "validation-failure"), ("two.test", "tlsa", ""),
        ("notls.test", "tlsa", "starttls-not-supported"), ("none.test", "no-policy-found", ""), ("clear.plain", "no-policy-found", "starttls-not-supported"),
        ("sts.plain", "sts", ""), ("nomx.plain", "sts", "validation-failure"),
    ):  # fmt: skip
        assert one in told, (one, sorted(told))
    for domain in ("wrongcert.plain", "testing.plain"):
        assert {(domain, "sts", "certificate-not-trusted"), (domain, "sts", "certificate-host-mismatch")} & told, sorted(told)
