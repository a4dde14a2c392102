"""Mail to the world without a smarthost: names from a name server on loopback, exchangers that are ours or Postfix's sink."""

import asyncio
import email
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.harness.dns import name_server
from tests.harness.server import Server, free_ports
from tests.harness.smtp import BOB, SmtpSite
from tests.interop.conftest import program
from tests.interop.test_smarthost import COUNT, arrived, inbox, send

from mailstead.net import Listener, bind

pytestmark = pytest.mark.interop
ZONE = """
$TTL 60
example.org. IN MX 10 dead.example.org.
example.org. IN MX 20 mx.example.org.
dead.example.org. IN A 127.0.0.77
mx.example.org. IN A 127.0.0.1
sink.test. IN MX 10 mx.sink.test.
mx.sink.test. IN A 127.0.0.2
null.test. IN MX 0 .
"""


@asynccontextmanager
async def exchanger() -> AsyncIterator[tuple[SmtpSite, int]]:
    """A server on 127.0.0.1 that knows bob@example.org, and its port."""
    site = SmtpSite(tls=None)
    (port,) = free_ports(1)
    listener = Listener(bind(f"127.0.0.1:{port}"), site.serve, None, name="smtp")
    await listener.start()
    try:
        yield site, port
    finally:
        await listener.drain(0.1)


async def test_each_domain_by_its_exchangers(tmp_path: Path) -> None:
    async with exchanger() as (site, port):
        async with name_server(ZONE) as names:
            settings = f'[outbound]\ndirect = true\nport = {port}\n[dns]\nservers = ["127.0.0.1:{names.port}"]\n'
            with Server(tmp_path, workers=2, settings=settings).init(["alice@example.test"]) as server:
                await asyncio.to_thread(server.start)
                await asyncio.to_thread(send, server, ["bob@example.org", "x@null.test"])
                assert await arrived(site, COUNT) == {f"<{number}@outside.test>" for number in range(COUNT)}
                notices = await asyncio.to_thread(inbox, server)
                assert len(notices) == COUNT
                for notice in notices:
                    assert email.message_from_bytes(notice).get_content_type() == "multipart/report"
                    assert b"Status: 5.1.10" in notice
                assert await asyncio.to_thread(server.verify) == []
                assert await asyncio.to_thread(server.stop) == 0
    assert len(site.filed(BOB)) == COUNT


async def test_a_pool_leaves_from_its_own_addresses(tmp_path: Path) -> None:
    """Two senders, two ways out, to the same exchanger: its Received fields say from where."""
    async with exchanger() as (site, port):
        async with name_server(ZONE) as names:
            settings = (
                f'[outbound]\ndirect = true\nport = {port}\nsource = "127.0.0.8"\n[dns]\nservers = ["127.0.0.1:{names.port}"]\n'
                '[[outbound.pools]]\nname = "news"\nsources = ["127.0.0.21", "127.0.0.22"]\nhostname = "news.example.test"\nsenders = ["list@example.test"]\n'
            )
            with Server(tmp_path, workers=2, settings=settings).init(["alice@example.test", "list@example.test"]) as server:
                await asyncio.to_thread(server.start)
                await asyncio.to_thread(send, server, ["bob@example.org"])
                await asyncio.to_thread(send, server, ["bob@example.org"], "list@example.test")
                async with asyncio.timeout(20):
                    while len(site.filed(BOB)) < 2 * COUNT:
                        await asyncio.sleep(0.05)
                await asyncio.sleep(1.1)  # until every worker has written its events
                traced = json.loads((await asyncio.to_thread(server.command, "trace", "list@example.test", "--json")).stdout)
                assert await asyncio.to_thread(server.stop) == 0
    for octets in site.filed(BOB):
        received = email.message_from_bytes(octets)["Received"]
        by_pool = "list@example.test" in email.message_from_bytes(octets)["Return-Path"]
        assert ("from news.example.test" in received, "[127.0.0.2" in received) == (by_pool, by_pool), received
        assert ("[127.0.0.8]" in received) == (not by_pool), received
    sent = [event for message in traced for event in message["events"] if event["event"] == "message.sent" and event["reverse_path"] == "list@example.test"]
    assert COUNT == len(sent)
    assert {event["source"] for event in sent} <= {"127.0.0.21", "127.0.0.22"}


async def test_to_postfix_sink(tmp_path: Path, open_folder: Path) -> None:
    """A server that is not ours takes what we send."""
    folder = open_folder / "sink"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    (port,) = free_ports(1)
    sink = await asyncio.create_subprocess_exec(
        program("smtp-sink", "postfix"), "-u", "nobody", "-R", str(folder), "-d", "mail.", f"127.0.0.2:{port}", "100"
    )
    try:
        async with name_server(ZONE) as names:
            settings = f'[outbound]\ndirect = true\nport = {port}\n[dns]\nservers = ["127.0.0.1:{names.port}"]\n'
            with Server(tmp_path, workers=2, settings=settings).init(["alice@example.test"]) as server:
                await asyncio.to_thread(server.start)
                await asyncio.to_thread(send, server, ["someone@sink.test"])
                async with asyncio.timeout(20):
                    found: list[bytes] = []
                    while sum(b"\nbody" in octets for octets in found) < COUNT:
                        found = [path.read_bytes() for path in folder.iterdir()]
                        await asyncio.sleep(0.05)
                assert await asyncio.to_thread(server.stop) == 0
    finally:
        sink.terminate()
        await sink.wait()
    assert len(found) == COUNT
    for octets in found:
        assert b"X-Rcpt-Args: <someone@sink.test>" in octets
        assert b"X-Mail-Args: <alice@example.test>" in octets
        assert b"\nbody" in octets
