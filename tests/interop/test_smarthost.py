"""Mail to the world leaves through the smarthost, from whichever worker took it; a refusal comes back; kill -9 loses none."""

import asyncio
import email
import imaplib
import smtplib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.harness.server import PASSWORD, Server
from tests.harness.smtp import BOB, SmtpSite

from mailstead.net import Listener, bind

pytestmark = pytest.mark.interop
COUNT = 6


@pytest.fixture
async def hub() -> AsyncIterator[tuple[SmtpSite, str]]:
    """A smarthost on loopback that knows bob@example.org, and its URL."""
    site = SmtpSite(tls=None)
    listener = Listener(bind("127.0.0.1:0"), site.serve, None, name="smtp")
    await listener.start()
    yield site, f"smtp://127.0.0.1:{listener.local.port}"
    await listener.drain(0.1)


async def test_the_way_out(hub: tuple[SmtpSite, str], tmp_path: Path) -> None:
    site, url = hub
    with Server(tmp_path, workers=2, settings=f'[outbound]\nsmarthost = "{url}"\nsuppress_days = 0\n').init(["alice@example.test"]) as server:
        await asyncio.to_thread(server.start)
        await asyncio.to_thread(send, server, ["bob@example.org", "nobody@example.org"])
        assert len(await arrived(site, COUNT)) == COUNT
        bounces = await asyncio.to_thread(inbox, server)
        assert len(bounces) == COUNT
        for text in bounces:
            report = email.message_from_bytes(text)
            assert report.get_content_type() == "multipart/report"
            assert b"Final-Recipient: rfc822; nobody@example.org" in text
            assert b"Status: 5.1.1" in text
        assert await asyncio.to_thread(server.verify) == []
        assert await asyncio.to_thread(server.stop) == 0
    assert len(site.filed(BOB)) == COUNT


async def test_kill_9_of_all_with_mail_under_way(hub: tuple[SmtpSite, str], tmp_path: Path) -> None:
    """A message may leave twice (its last answer was not written down), never not at all."""
    site, url = hub
    with Server(tmp_path, workers=2, settings=f'[outbound]\nsmarthost = "{url}"\nsuppress_days = 0\n').init(["alice@example.test"]) as server:
        await asyncio.to_thread(server.start)
        await asyncio.to_thread(send, server, ["bob@example.org"])
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
        assert await arrived(site, COUNT) == {f"<{number}@outside.test>" for number in range(COUNT)}
        assert await asyncio.to_thread(server.verify) == []


def send(server: Server, recipients: list[str], sender: str = "alice@example.test") -> None:
    """``COUNT`` messages, each over a connection of its own."""
    for number in range(COUNT):
        with smtplib.SMTP("127.0.0.1", server.ports["submission"]) as client:
            client.login(sender, PASSWORD)
            text = f"From: {sender}\r\nSubject: {number}\r\nMessage-ID: <{number}@outside.test>\r\n\r\nbody\r\n"
            client.sendmail(sender, recipients, text)


async def arrived(site: SmtpSite, count: int) -> set[str]:
    """The Message-IDs that reached bob, once there are so many or time is up."""
    found: set[str] = set()
    end = time.monotonic() + 20
    while len(found) < count and time.monotonic() < end:
        await asyncio.sleep(0.02)
        found = {email.message_from_bytes(octets)["Message-ID"] for octets in site.filed(BOB)}
    return found


def inbox(server: Server) -> list[bytes]:
    """Alice's INBOX, once there is a notice for each message or time is up."""
    end = time.monotonic() + 20
    with imaplib.IMAP4("127.0.0.1", server.ports["imap"]) as client:
        client.login("alice@example.test", PASSWORD)
        while int(client.select("INBOX")[1][0] or b"0") < COUNT and time.monotonic() < end:
            time.sleep(0.05)
        return [row[1] for row in client.fetch("1:*", "(BODY.PEEK[])")[1] if isinstance(row, tuple)]
