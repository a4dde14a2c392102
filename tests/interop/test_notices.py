"""Postfix takes our mail, finds that it cannot be delivered, and says so: its bounce proves itself by what it brings back."""

import asyncio
import json
import os
import shutil
import smtplib
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.harness.server import PASSWORD, Server, free_ports
from tests.harness.smtp import SmtpSite
from tests.interop.conftest import program

from mailstead.net import Listener, bind

pytestmark = pytest.mark.interop
TRACED = ("message.sent", "notice.received", "address.suppressed")
SERVICES = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
"""


@contextmanager
def postfix(folder: Path, port: int, *, ours: int, hub: int) -> Iterator[None]:
    """A relay: ``example.test`` leads to our port, everything else to the hub's."""
    command = program("postfix", "postfix")
    if os.geteuid():
        pytest.skip("Postfix's master must be started as root")
    home = folder / "postfix"
    for name in ("etc", "queue", "data"):
        (home / name).mkdir(parents=True)
    shutil.chown(home / "data", "postfix")
    (home / "etc/master.cf").write_text(SERVICES.format(port=port))
    (home / "etc/main.cf").write_text(
        f"compatibility_level = 3.6\nqueue_directory = {home}/queue\ndata_directory = {home}/data\nmail_owner = postfix\nsetgid_group = postdrop\n"
        f"myhostname = relay.example\nmydestination =\nmynetworks = 127.0.0.0/8\ninet_protocols = ipv4\nalias_maps =\nlocal_recipient_maps =\n"
        f"smtpd_relay_restrictions = permit_mynetworks, reject\nrelayhost = [127.0.0.1]:{hub}\nlocal_transport = error:nobody is here\n"
        f"transport_maps = inline:{{example.test=smtp:[127.0.0.1]:{ours}}}\nsmtp_host_lookup = native\nmaximal_backoff_time = 1s\nminimal_backoff_time = 1s\n"
    )
    subprocess.run([command, "-c", str(home / "etc"), "start"], check=True, capture_output=True, timeout=60)
    try:
        yield
    finally:
        subprocess.run([command, "-c", str(home / "etc"), "stop"], check=False, capture_output=True, timeout=60)


def submit(server: Server, to: str, number: int) -> None:
    with smtplib.SMTP("127.0.0.1", server.ports["submission"]) as client:
        client.login("alice@example.test", PASSWORD)
        client.sendmail("alice@example.test", [to], f"From: alice@example.test\r\nSubject: {number}\r\nMessage-ID: <{number}@outside.test>\r\n\r\nbody\r\n")


def suppressed(server: Server) -> list[dict[str, Any]]:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        found: list[dict[str, Any]] = json.loads(server.command("suppression", "list", "--json").stdout)
        if found:
            return found
        time.sleep(0.1)
    return []


def traced(server: Server) -> list[str]:
    """Events of the first message; other workers write theirs within a second."""
    end = time.monotonic() + 20
    names: list[str] = []
    while not set(TRACED) <= set(names) and time.monotonic() < end:
        found = json.loads(server.command("trace", "<1@outside.test>", "--json").stdout)
        names = [event["event"] for message in found for event in message["events"]]
        time.sleep(0.1)
    return names


async def test_a_bounce_of_postfix_is_believed(tmp_path: Path, open_folder: Path) -> None:
    hub = SmtpSite(tls=None)
    listener = Listener(bind("127.0.0.1:0"), hub.serve, None, name="smtp")
    await listener.start()
    (port,) = free_ports(1)
    try:
        with Server(tmp_path, workers=2, settings=f'[outbound]\nsmarthost = "smtp://127.0.0.1:{port}"\n').init(["alice@example.test"]) as server:
            with postfix(open_folder, port, ours=server.ports["smtp"], hub=listener.local.port):
                await asyncio.to_thread(server.start)
                await asyncio.to_thread(submit, server, "nobody@example.org", 1)
                (row,) = await asyncio.to_thread(suppressed, server)
                assert ("nobody@example.org", "bounce") == (row["address"], row["reason"])
                assert "550 5.1.1" in row["detail"]
                names = await asyncio.to_thread(traced, server)
                first = [names.index(name) for name in TRACED]
                assert sorted(first) == first
                with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
                    await asyncio.to_thread(submit, server, "nobody@example.org", 2)
                assert b"5.1.1" in caught.value.recipients["nobody@example.org"][1]
                assert b"suppressed" in caught.value.recipients["nobody@example.org"][1]
                await asyncio.to_thread(server.command, "suppression", "remove", "nobody@example.org")
                await asyncio.to_thread(submit, server, "nobody@example.org", 3)
                (row,) = await asyncio.to_thread(suppressed, server)
                await asyncio.sleep(1.1)  # until every worker has written what it knows
                (figures,) = json.loads((await asyncio.to_thread(server.command, "deliverability", "--json")).stdout)
                assert ("example.org", 2) == (figures["domain"], figures["delivered"])
                assert await asyncio.to_thread(server.stop) == 0
    finally:
        await listener.drain(0.1)
