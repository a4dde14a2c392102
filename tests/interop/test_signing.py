"""What leaves is signed, and somebody else's verifier (dkimpy) believes it; what stays here is not."""

import asyncio
import imaplib
import json
import smtplib
import time
import warnings
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.harness.server import PASSWORD, Server
from tests.harness.smtp import BOB, SmtpSite

from mailstead.net import Listener, bind

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import dkim

pytestmark = pytest.mark.interop


@pytest.fixture
async def hub() -> AsyncIterator[tuple[SmtpSite, str]]:
    site = SmtpSite(tls=None)
    listener = Listener(bind("127.0.0.1:0"), site.serve, None, name="smtp")
    await listener.start()
    yield site, f"smtp://127.0.0.1:{listener.local.port}"
    await listener.drain(0.1)


def prepared(server: Server) -> dict[str, bytes]:
    """Keys in use; gives the TXT records of ``domain dns``."""
    for row in json.loads(server.command("domain", "keys", "example.test", "--json").stdout):
        assert "waiting" == row["state"]
        server.command("domain", "use-key", "example.test", row["selector"])
    rows = json.loads(server.command("domain", "dns", "example.test", "--json").stdout)
    return {row["name"]: "".join(row["value"][1:-1].split('" "')).encode() for row in rows if row["type"] == "TXT"}


def send(server: Server) -> None:
    with smtplib.SMTP("127.0.0.1", server.ports["submission"]) as client:
        client.login("alice@example.test", PASSWORD)
        text = "From: Alice <alice@example.test>\r\nTo: bob@example.org\r\nSubject: signed\r\nMessage-ID: <1@x.test>\r\n\r\n body  \r\n\r\n\r\n"
        client.sendmail("alice@example.test", ["bob@example.org", "alice@example.test"], text)


async def test_what_leaves_is_signed_twice(hub: tuple[SmtpSite, str], tmp_path: Path) -> None:
    site, url = hub
    with Server(tmp_path, workers=2, settings=f'[outbound]\nsmarthost = "{url}"\n').init(["alice@example.test"]) as server:
        await asyncio.to_thread(server.start)
        records = await asyncio.to_thread(prepared, server)
        await asyncio.to_thread(send, server)
        end = time.monotonic() + 20
        while not site.filed(BOB) and time.monotonic() < end:
            await asyncio.sleep(0.02)
        (octets,) = site.filed(BOB)
        local = await asyncio.to_thread(inbox, server)
        assert 0 == await asyncio.to_thread(server.stop)
    message = octets[octets.index(b"Received:") :]
    reader = dkim.DKIM(message)
    algorithms = [value for name, value in reader.headers if name.lower() == b"dkim-signature"]
    assert [b"a=rsa-sha256" in one for one in algorithms].count(True) == 1
    assert [b"a=ed25519-sha256" in one for one in algorithms].count(True) == 1
    for number in range(2):
        assert reader.verify(idx=number, dnsfunc=lambda name, timeout=5: records[name.decode().rstrip(".")])
    assert b"DKIM-Signature" not in local


def inbox(server: Server) -> bytes:
    imap = imaplib.IMAP4("127.0.0.1", server.ports["imap"])
    imap.login("alice@example.test", PASSWORD)
    imap.select("INBOX")
    row = imap.fetch("1", "(BODY.PEEK[])")[1][0]
    imap.logout()
    assert isinstance(row, tuple)
    return row[1]
