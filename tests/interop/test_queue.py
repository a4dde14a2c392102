"""``mailstead queue`` on a running server whose smarthost is away: look, hold, release, retry, delete."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from tests.harness.server import Server, free_ports
from tests.harness.smtp import BOB, SmtpSite
from tests.interop.test_smarthost import COUNT, arrived, send

from mailstead.net import Listener, bind

pytestmark = pytest.mark.interop


async def test_the_administrators_verbs(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    with Server(tmp_path, workers=2, settings=f'[outbound]\nsmarthost = "smtp://127.0.0.1:{port}"\n').init(["alice@example.test"]) as server:

        async def queue(*words: str, ok: bool = True) -> Any:
            done = await asyncio.to_thread(server.command, "queue", *words, check=ok)
            if not ok:
                assert done.returncode == 1
                return done.stderr
            return json.loads(done.stdout) if "--json" in words else done.stdout

        await asyncio.to_thread(server.start)
        assert "The queue is empty." in await queue("list")
        await asyncio.to_thread(send, server, ["bob@example.org", "x@elsewhere.test"])
        rows = await queue("list", "--json")
        assert len(rows) == 2 * COUNT
        assert {row["state"] for row in rows} == {"waiting"}
        assert "example.org" in await queue("list", "--domain", "Example.org")
        assert len(await queue("list", "--json", "--domain", "elsewhere.test", "--sender", "Alice@example.test")) == COUNT
        shown = await queue("show", rows[0]["id"], "--json")
        assert [each["recipient"] for each in shown["recipients"]] == ["bob@example.org", "x@elsewhere.test"]
        assert "bob@example.org" in await queue("show", rows[0]["id"])

        assert f"{COUNT} recipients are taken out." in await queue("delete", "--domain", "elsewhere.test")
        assert f"{COUNT} recipients are held." in await queue("hold", "--all")
        assert len(await queue("list", "--state", "held", "--json")) == COUNT
        assert "held" in await queue("list")

        site = SmtpSite(tls=None)
        listener = Listener(bind(f"127.0.0.1:{port}"), site.serve, None, name="smtp")
        await listener.start()
        await asyncio.sleep(1.5)
        assert site.filed(BOB) == []
        assert "1 recipient is released." in await queue("release", rows[0]["id"])
        assert len(await arrived(site, 1)) == 1
        assert f"{COUNT - 1} recipients are released." in await queue("release", "--all")
        assert len(await arrived(site, COUNT)) == COUNT
        async with asyncio.timeout(10):
            while await queue("list", "--json"):
                await asyncio.sleep(0.1)

        assert "Say which" in await queue("retry", ok=False)
        assert "is no id" in await queue("retry", "nonsense", ok=False)
        assert "not in the queue" in await queue("show", rows[0]["id"], ok=False)
        assert "Nothing of that" in await queue("delete", rows[0]["id"], ok=False)
        assert await asyncio.to_thread(server.stop) == 0
        assert "The queue is empty." in await queue("list")
        await listener.drain(0.1)
    assert len(site.filed(BOB)) == COUNT
