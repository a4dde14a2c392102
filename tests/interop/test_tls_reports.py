"""A daily TLS report leaves a real server once, over a kill -9 and a restart."""

import asyncio
import json
import time
import urllib.request
from pathlib import Path

import pytest
from tests.harness.dns import name_server
from tests.harness.server import Server
from tests.harness.smtp import BOB, SmtpSite
from tests.interop.test_direct import exchanger

from mailstead.mailauth import tlsrpt
from mailstead.mime import report
from mailstead.telemetry.record import INFO, to_json

pytestmark = pytest.mark.interop
ZONE = """
$TTL 60
example.org. IN MX 10 mx.example.org.
mx.example.org. IN A 127.0.0.1
_smtp._tls.example.org. IN TXT "v=TLSRPTv1; rua=mailto:bob@example.org"
"""


def sessions(folder: Path, day: str) -> None:
    """What a server's events say of a day with two sessions, one of them in the clear."""
    (folder / day).mkdir(parents=True)
    fields = {"domain": "example.org", "hop": "mx.example.org", "address": "127.0.0.1", "policy": "no-policy-found", "strings": "", "mx": "", "reason": ""}
    with (folder / day / "worker-0.jsonl").open("wb") as file:
        for name, result in (("tls.session", ""), ("tls.failed", "starttls-not-supported")):
            file.write(to_json((time.time_ns(), name, INFO, {**fields, "result": result}), 0))


async def reports(site: SmtpSite, count: int, *, wait_s: float) -> list[bytes]:
    end = time.monotonic() + wait_s
    while len(site.filed(BOB)) < count and time.monotonic() < end:
        await asyncio.sleep(0.05)
    return site.filed(BOB)


def policy(port: int) -> bytes:
    """Our own MTA-STS policy, as the world asks for it."""
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/.well-known/mta-sts.txt", headers={"Host": "mta-sts.example.test"})
    with urllib.request.urlopen(asked, timeout=10) as response:
        found: bytes = response.read()
        return found


async def test_a_report_leaves_once(tmp_path: Path) -> None:
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 2 * 86_400))
    async with exchanger() as (site, port):
        async with name_server(ZONE) as names:
            settings = f'[outbound]\ndirect = true\nport = {port}\n[dns]\nservers = ["127.0.0.1:{names.port}"]\n'
            with Server(tmp_path, workers=2, settings=settings).init(["alice@example.test"]) as server:
                sessions(server.data / "events", day)
                await asyncio.to_thread(server.start)
                (octets,) = await reports(site, 1, wait_s=20)
                assert b"mode: testing\r\nmx: mail.example.test\r\n" in await asyncio.to_thread(policy, server.ports["http"])
                await asyncio.to_thread(server.kill)
                await asyncio.to_thread(server.start)
                assert [octets] == await reports(site, 2, wait_s=2)
                assert await asyncio.to_thread(server.verify) == []
                assert await asyncio.to_thread(server.stop) == 0
    assert b"\r\nFrom: <postmaster@example.test>\r\n" in octets
    found = report.read(octets)
    assert isinstance(found, report.TlsPart)
    told = tlsrpt.from_part(found.octets, found.encoding, found.subtype)
    assert f"{day}T00:00:00Z" == told.starts
    (line,) = told.policies
    assert ("example.org", 1, 1) == (line.policy.domain, line.good, line.bad)
    assert json.loads(told.json())["policies"][0]["failure-details"][0]["result-type"] == "starttls-not-supported"
