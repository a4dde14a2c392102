"""``mailstead keys rotate`` on a running server: what was made with the site's secrets is good before, after, and after a restart."""

import asyncio
import base64
import smtplib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from tests.harness.server import PASSWORD, Server

NAMED = "it's: a/secret"


class Hub:
    """A server that takes everything, and remembers who logged in and what came."""

    def __init__(self) -> None:
        self.logins: list[bytes] = []
        self.messages: list[bytes] = []
        self.came = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hub.example\r\n")
        while line := await reader.readline():
            answer = b"250 2.0.0 ok\r\n"
            match line[:4].upper():
                case b"EHLO":
                    answer = b"250-hub.example\r\n250 AUTH PLAIN\r\n"
                case b"AUTH":
                    self.logins.append(base64.b64decode(line.split()[-1]))
                    answer = b"235 2.7.0 ok\r\n"
                case b"DATA":
                    writer.write(b"354 go on\r\n")
                    self.messages.append(await reader.readuntil(b"\r\n.\r\n"))
                    self.came.set()
                case b"QUIT":
                    break
            writer.write(answer)
        writer.close()


@asynccontextmanager
async def hub() -> AsyncIterator[tuple[Hub, int]]:
    made = Hub()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    try:
        yield made, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


def salt_of_nobody(server: Server) -> bytes:
    """What IMAP tells somebody who begins SCRAM-SHA-256 as a user that there is not."""
    with socket.create_connection(("127.0.0.1", server.ports["imap"]), 10) as wire, wire.makefile("rwb") as lines:
        lines.readline()
        lines.write(b"a AUTHENTICATE SCRAM-SHA-256 " + base64.b64encode(b"n,,n=nobody@example.test,r=abcdef") + b"\r\n")
        lines.flush()
        first = base64.b64decode(lines.readline().removeprefix(b"+ "))
    return first.split(b",")[1]


def seen(server: Server, browser: httpx.Client) -> dict[str, Any]:
    """What of the site's secrets the world sees."""
    site = f"http://127.0.0.1:{server.ports['http']}"
    me = browser.get(f"{site}/api/session")
    me.raise_for_status()
    session = browser.get(f"{site}/jmap/session")
    session.raise_for_status()
    return {"csrf": me.json()["csrf"], "push": session.json()["capabilities"]["urn:ietf:params:jmap:webpush-vapid"], "salt": salt_of_nobody(server)}


def submit(server: Server) -> None:
    with smtplib.SMTP("127.0.0.1", server.ports["submission"]) as smtp:
        smtp.login("alice@example.test", PASSWORD)
        smtp.sendmail("alice@example.test", ["bob@there.example"], "From: alice@example.test\r\nSubject: by another way\r\n\r\nhello\r\n")


async def test_nothing_is_lost_with_the_old_master_key(tmp_path: Path) -> None:
    async with hub() as (named, port):
        with socket.socket() as nobody, httpx.Client(timeout=30) as browser:
            nobody.bind(("127.0.0.1", 0))
            settings = f'[outbound]\nsmarthost = "smtp://127.0.0.1:{nobody.getsockname()[1]}"\n'

            def before() -> Server:
                server = Server(tmp_path, workers=2, settings=settings).init(["alice@example.test"])
                server.start()
                submit(server)
                server.command("queue", "hold", "--all")
                server.command("queue", "reroute", "--all", "--to", f"smtp://us@127.0.0.1:{port}", "--password-stdin", stdin=NAMED + "\n")
                browser.post(f"http://127.0.0.1:{server.ports['http']}/api/session", json={"login": "alice@example.test", "password": PASSWORD}).raise_for_status()
                return server

            with await asyncio.to_thread(before) as server:
                first = await asyncio.to_thread(seen, server, browser)
                master = (server.data / "keys" / "master.key").read_bytes()
                await asyncio.to_thread(server.command, "keys", "rotate")
                assert master not in (server.data / "keys" / "master.key").read_bytes()
                assert first == await asyncio.to_thread(seen, server, browser)
                assert 0 == await asyncio.to_thread(server.stop)
                await asyncio.to_thread(server.start)
                assert first == await asyncio.to_thread(seen, server, browser)
                await asyncio.to_thread(server.command, "queue", "release", "--all")
                async with asyncio.timeout(30):
                    await named.came.wait()
                assert [b"\0us\0" + NAMED.encode()] == named.logins
                assert b"Subject: by another way\r\n" in named.messages[0]
                assert 0 == await asyncio.to_thread(server.stop)
