"""A small world on loopback: signed, plain and broken zones behind a validating resolver; two servers of ours, Postfix, its sink, and servers that fail at each
step. Each message is delivered once or bounced once, with the right status; kill -9 doubles only what was under way.

``MAILSTEAD_NETWORK_KILLS`` (1) and ``MAILSTEAD_KILL_SEED`` set how often everything of ours is killed, and when.
"""

import asyncio
import email
import email.policy
import hashlib
import imaplib
import json
import os
import random
import re
import smtplib
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.harness import dnssec, postfix
from tests.harness.fickle import Fickle
from tests.harness.server import PASSWORD, Server, free_ports
from tests.interop.conftest import program

from mailstead.net import make_self_signed

pytestmark = pytest.mark.interop
KILLS = int(os.environ.get("MAILSTEAD_NETWORK_KILLS", "1"))
SEED = os.environ.get("MAILSTEAD_KILL_SEED", "1")
COUNT = 3
"""Messages that each sender sends to everybody."""
SENDERS = ("alice@example.test", "bob@example.test")
UNDER_WAY_S = 5.0
WITHIN_S = 60.0
BOUNCED = {
    "x@null.plain": "5.1.10", "x@nowhere.plain": "5.1.2", "refused@mixed.plain": "5.1.1", "x@content.plain": "5.7.1",
}  # fmt: skip
LATER = {"x@wrong.test": "4.7.5", "x@notls.test": "4.7.10"}
"""What waits, and why."""
NOWHERE = {"x@good.broken": "cannot be looked up now", "x@noaddress.plain": "has an address"}
"""What waits because nobody knows where it goes; the reason is the route's."""


def faults(tls: ssl.SSLContext) -> dict[str, Fickle]:
    """Servers by their domain."""
    return {
        "fine.plain": Fickle(), "tls.plain": Fickle(tls=tls), "good.test": Fickle(tls=tls), "wrong.test": Fickle(tls=tls), "notls.test": Fickle(),
        "greeting.plain": Fickle("greeting", b"421 4.3.2 not now", 2), "ehlo.plain": Fickle("ehlo", b"451 4.3.0 not now", 2),
        "mail.plain": Fickle("mail", b"451 4.3.0 not now", 2), "rcpt.plain": Fickle("rcpt", b"450 4.2.1 not now", 2),
        "data.plain": Fickle("data", b"451 4.3.0 not now", 2), "end.plain": Fickle("end", b"452 4.3.1 no room", 2),
        "hangs.plain": Fickle("greeting", "hang", 1), "hangsmail.plain": Fickle("mail", "hang", 1), "hangsend.plain": Fickle("end", "hang", 1),
        "resets.plain": Fickle("data", "reset", 1), "resetsend.plain": Fickle("end", "reset", 1), "swallows.plain": Fickle("end", "swallow", 1),
        "garbage.plain": Fickle("starttls", "garbage", 1, tls=tls), "slow.plain": Fickle(slow_s=0.01), "grey.plain": Fickle(greylist_s=1.5),
        "mixed.plain": Fickle("end", b"451 4.3.0 not now", 1, refusals={b"refused": b"550 5.1.1 nobody here"}),
        "content.plain": Fickle(refusals={b"x": b"550 5.7.1 we do not want this"}),
    }  # fmt: skip


@dataclass
class World:
    server: Server
    friend: Server
    sites: dict[str, Fickle]
    postfix: Path
    sink: Path

    def recipients(self) -> list[str]:
        plain = [f"x@{domain}" for domain in self.sites if domain != "mixed.plain"]
        return [*plain, "x@mixed.plain", "refused@mixed.plain", "carol@friend.plain", "box@postfix.plain", "x@sink.plain", "x@null.plain", "x@nowhere.plain",
                "x@noaddress.plain", "x@good.broken"]  # fmt: skip

    def command(self, *words: str) -> str:
        return self.server.command("queue", *words, check=False).stdout

    def waiting(self) -> dict[str, str]:
        """Recipients that wait, and what was heard of them last (of a site that nobody reaches, the first one's)."""
        found: dict[str, str] = {}
        for row in json.loads(self.command("list", "--json") or "[]"):
            found[row["recipient"]] = found.get(row["recipient"]) or row["last_error"]
        return found


@pytest.fixture
async def world(tmp_path: Path, open_folder: Path) -> AsyncIterator[World]:
    packages = dnssec.missing()
    if packages:
        pytest.skip(f"needs nsd, unbound and ldns-signzone: apt-get install {packages}")
    if postfix.missing():
        pytest.skip(postfix.missing())
    (port,) = free_ports(1)
    pem = tmp_path / "mx.pem"
    make_self_signed(pem, ["mx.good.test"])
    key = x509.load_pem_x509_certificates(pem.read_bytes())[0].public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(pem)
    sites = faults(tls)
    addresses = {domain: f"127.0.3.{number}" for number, domain in enumerate([*sites, "friend.plain", "postfix.plain", "sink.plain"], 1)}
    zones: dict[str, list[str]] = {"test": [], "plain": [], "broken": []}
    for domain, address in addresses.items():
        zones[domain.rpartition(".")[2]] += [f"{domain}. 300 IN MX 10 mx.{domain}.", f"mx.{domain}. 300 IN A {address}"]
    good = hashlib.sha256(key).hexdigest()
    zones["test"] += [f"_{port}._tcp.mx.{name}.test. 300 IN TLSA 3 1 1 {digest}" for name, digest in (("good", good), ("notls", good), ("wrong", "00" * 32))]
    zones["plain"] += ["null.plain. 300 IN MX 0 .", "noaddress.plain. 300 IN MX 10 mx.noaddress.plain."]
    zones["broken"] += ["good.broken. 300 IN MX 10 mx.good.broken.", "mx.good.broken. 300 IN A 127.0.3.1"]
    kinds = {"test": "signed", "plain": "plain", "broken": "broken"}
    (tmp_path / "dns").mkdir()
    sink = open_folder / "sink"
    sink.mkdir(mode=0o777)
    sink.chmod(0o777)
    async with AsyncExitStack() as stack:
        resolver = stack.enter_context(dnssec.resolving(tmp_path / "dns", {zone: ("\n".join(lines) + "\n", kinds[zone]) for zone, lines in zones.items()}))
        for domain, site in sites.items():
            listening = await asyncio.start_server(site, addresses[domain], port)
            stack.callback(listening.close)
        boxes = stack.enter_context(postfix.running(open_folder / "postfix", addresses["postfix.plain"], port, "postfix.plain"))
        dump = await asyncio.create_subprocess_exec(
            program("smtp-sink", "postfix"), "-u", "nobody", "-R", str(sink), "-d", "mail.", f"{addresses['sink.plain']}:{port}", "100"
        )
        stack.push_async_callback(dump.wait)
        stack.callback(dump.terminate)
        await _listens(addresses["sink.plain"], port)
        settings = f'[outbound]\ndirect = true\nport = {port}\nsuppress_days = 0\n[dns]\nservers = ["{resolver}"]\n[log]\nlevel = "warning"\n'
        server = stack.enter_context(Server(tmp_path / "a", workers=2, settings=settings))
        friend = stack.enter_context(Server(tmp_path / "b", workers=2, settings=f'[dns]\nservers = ["{resolver}"]\n'))
        await asyncio.gather(asyncio.to_thread(server.init, SENDERS), asyncio.to_thread(_friend, friend, f"{addresses['friend.plain']}:{port}"))
        await asyncio.gather(asyncio.to_thread(server.start), asyncio.to_thread(friend.start))
        yield World(server, friend, sites, boxes, sink)
        assert [] == await asyncio.to_thread(friend.verify)


async def _listens(address: str, port: int) -> None:
    """Wait until somebody takes connections there: who is refused is tried again after a minute only."""
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection(address, port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


def _friend(server: Server, address: str) -> None:
    """Another server of ours, at an address of its own."""
    server.init([])
    path = server.data / "mailstead.toml"
    text = path.read_text().replace('hostname = "mail.example.test"', 'hostname = "mx.friend.plain"')
    path.write_text(text.replace(f'smtp = ["127.0.0.1:{server.ports["smtp"]}"]', f'smtp = ["{address}"]'))
    server.command("domain", "add", "friend.plain")
    server.command("account", "add", "carol@friend.plain", "--password-stdin", stdin=PASSWORD + "\n")


def send(world: World, sender: str) -> None:
    """``COUNT`` messages to everybody."""
    with smtplib.SMTP("127.0.0.1", world.server.ports["submission"], timeout=30) as client:
        client.login(sender, PASSWORD)
        for number in range(COUNT):
            text = f"From: {sender}\r\nSubject: {number}\r\nMessage-ID: <{number}.{sender}>\r\n\r\n.\r\n..\r\nbody\r\n.\r\n"
            assert not client.sendmail(sender, world.recipients(), text)


def inbox(server: Server, login: str) -> list[bytes]:
    with imaplib.IMAP4("127.0.0.1", server.ports["imap"]) as client:
        client.login(login, PASSWORD)
        if not int(client.select("INBOX")[1][0] or b"0"):
            return []
        return [row[1] for row in client.fetch("1:*", "(BODY.PEEK[])")[1] if isinstance(row, tuple)]


def notices(world: World) -> Counter[tuple[str, str, str]]:
    """(Message-ID, recipient, status) of every notice in the senders' mailboxes."""
    found: Counter[tuple[str, str, str]] = Counter()
    for sender in SENDERS:
        for octets in inbox(world.server, sender):
            report = email.message_from_bytes(octets, policy=email.policy.default)
            assert report.get_content_type() == "multipart/report", octets[:500]
            original = re.search(rb"(?im)^Message-ID: (<\d\.[^>]*>)", octets)
            assert original is not None, octets[-800:]
            about = re.findall(rb"(?im)^Final-Recipient: rfc822; ?(\S+)", octets), re.findall(rb"(?im)^Status: (\S+)", octets)
            for recipient, status in zip(*about, strict=True):
                found[original[1].decode(), recipient.decode(), status.decode()] += 1
    return found


def arrived(world: World) -> Counter[tuple[str, str]]:
    """(Message-ID, recipient) of everything that came anywhere, as often as it came."""
    found: Counter[tuple[str, str]] = Counter()
    for site in world.sites.values():
        found.update({key: len(moments) for key, moments in site.arrivals.items()})
    for recipient, octets in (
        ("carol@friend.plain", inbox(world.friend, "carol@friend.plain")), ("box@postfix.plain", postfix.messages(world.postfix)),
        ("x@sink.plain", [path.read_bytes() for path in world.sink.iterdir()]),
    ):  # fmt: skip
        for text in octets:
            name = re.search(rb"(?im)^Message-ID: *(<[^>]*>)", text)
            if name is not None:
                found[name[1].decode(), recipient] += 1
    return found


@pytest.mark.kill
async def test_each_message_is_delivered_once_or_bounced_once(world: World) -> None:
    chance = random.Random(SEED)
    sending = [asyncio.create_task(asyncio.to_thread(send, world, sender)) for sender in SENDERS]
    await asyncio.gather(*sending)
    kills: list[tuple[float, float]] = []  # between which moments they fell
    end = time.monotonic() + WITHIN_S + 10 * KILLS
    while time.monotonic() < end:
        if len(kills) < KILLS:
            await asyncio.sleep(chance.random())
            before = time.monotonic()
            await asyncio.to_thread(world.server.kill)
            kills.append((before, time.monotonic()))
            await asyncio.to_thread(world.server.start)
        waiting = await asyncio.to_thread(world.waiting)
        if set(waiting) <= {*LATER, *NOWHERE} and all(waiting[recipient] for recipient in LATER):
            break
        await asyncio.to_thread(world.command, "retry", "--all")
        await asyncio.sleep(0.5)
    names = {f"<{number}.{sender}>" for number in range(COUNT) for sender in SENDERS}
    # What can only be tried again waits, and says why.
    waiting = await asyncio.to_thread(world.waiting)
    assert set(waiting) == {*LATER, *NOWHERE}, waiting
    for recipient, status in LATER.items():
        assert status in waiting[recipient], (recipient, waiting[recipient])
    sites = {row["site"]: row["reason"] for row in json.loads(await asyncio.to_thread(world.command, "sites", "--json"))}
    for recipient, reason in NOWHERE.items():
        assert reason in sites[f"?{recipient.partition('@')[2]}"], sites
    # What is refused for good is told once.
    told = await asyncio.to_thread(notices, world)
    wanted = {(name, recipient, status) for name in names for recipient, status in BOUNCED.items()}
    assert set(told) == wanted, set(told) ^ wanted
    # A kill between the notice and its result files it once all the same.
    assert set(told.values()) == {1}
    # The rest came, once.
    reached = set(world.recipients()) - set(LATER) - set(NOWHERE) - set(BOUNCED)
    expected = {(name, recipient) for name in names for recipient in reached}
    end = time.monotonic() + 120
    while set(came := await asyncio.to_thread(arrived, world)) != expected and time.monotonic() < end:
        await asyncio.sleep(0.1)  # inside Postfix
    assert set(came) == expected, set(came) ^ expected
    swallowed = world.sites["swallows.plain"].swallowed
    assert len(swallowed) == 1
    doubled = {key for key, times in came.items() if times > 1} - swallowed
    for key in doubled:
        first = min(moment for site in world.sites.values() for moment in site.arrivals.get(key, [kills[0][0]]))
        assert any(first - 0.1 < after and before < first + UNDER_WAY_S for before, after in kills), f"{key} came twice without need"
    assert len(doubled) < len(came) / 2
    # TLS where it is offered, also with a certificate that nobody knows; in the clear where it is broken; never to whom DANE does not vouch for.
    assert world.sites["tls.plain"].encrypted
    assert world.sites["good.test"].encrypted
    assert world.sites["garbage.plain"].connections
    assert not world.sites["wrong.test"].texts
    assert not world.sites["notls.test"].texts
    # Lines of one dot went through as they were written, and ended nothing.
    for site in world.sites.values():
        for text in site.texts:
            assert text.endswith(b"\r\n\r\n..\r\n...\r\nbody\r\n..\r\n.\r\n")
            assert text.count(b"\r\n.\r\n") == 1
    assert [] == await asyncio.to_thread(world.server.verify)
    await _reuses(world)
    assert 0 == await asyncio.to_thread(world.server.stop)


async def _reuses(world: World) -> None:
    """Many messages share few connections."""
    site = world.sites["fine.plain"]
    before, taken = len(site.connections), len(site.texts)
    each = 40

    def burst(sender: str) -> None:
        with smtplib.SMTP("127.0.0.1", world.server.ports["submission"], timeout=30) as client:
            client.login(sender, PASSWORD)
            for number in range(each):
                client.sendmail(sender, ["y@fine.plain"], f"From: {sender}\r\nMessage-ID: <many.{number}.{sender}>\r\n\r\n.\r\n..\r\nbody\r\n.\r\n")

    await asyncio.gather(*(asyncio.to_thread(burst, sender) for sender in SENDERS))
    async with asyncio.timeout(20):
        while len(site.texts) - taken < 2 * each:
            await asyncio.sleep(0.05)
    used = site.connections[before:]
    assert len(used) <= 12, f"{2 * each} messages over {len(used)} new connections"
    assert max(site.connections) >= each / 4
    assert sum(1 for key in site.arrivals if key[0].startswith("<many.")) == 2 * each
