"""kill -9 of workers while mail goes through the queue: what was answered with 250 arrives, and twice only what was under way.

``MAILSTEAD_QUEUE_KILLS`` (10) and ``MAILSTEAD_KILL_SEED`` set how many and which.
"""

import asyncio
import email
import itertools
import json
import os
import random
import smtplib
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.harness.progress import progress
from tests.harness.server import PASSWORD, Server
from tests.harness.smtp import ALICE, BOB, SmtpSite

from mailstead.net import Listener, bind

KILLS = int(os.environ.get("MAILSTEAD_QUEUE_KILLS", "10"))
SEED = os.environ.get("MAILSTEAD_KILL_SEED", "1")
SENDERS = [f"user{number}@example.test" for number in range(8)]
RECIPIENTS = {"alice@example.org": ALICE, "bob@example.org": BOB}
UNDER_WAY_S = 5.0
"""So long before a kill at most the next server's answer came that was not written down."""

Key = tuple[int, str]


class Sink(SmtpSite):
    """The next server. ``arrivals``: when each message came for each recipient, every time it came."""

    def __init__(self) -> None:
        super().__init__(tls=None)
        self.arrivals: dict[Key, list[float]] = defaultdict(list)
        file = self.mail.deliver

        async def deliver(account: Any, filing: Any) -> Any:
            self.arrivals[account, email.message_from_bytes(filing.prefix + filing.octets)["Message-ID"]].append(time.monotonic())
            return await file(account, filing)

        self.mail.deliver = deliver


class Senders:
    """``accepted`` has what was answered with 250, ``unknown`` what was never answered; neither is sent again."""

    def __init__(self, port: int) -> None:
        self.accepted: set[Key] = set()
        self.unknown: set[Key] = set()
        self.is_over = False
        self._port = port

    def run(self, sender: str) -> None:
        """One sender's connections, in a thread."""
        rng = random.Random(f"{SEED} {sender}")
        count = 0
        while not self.is_over:
            try:
                with smtplib.SMTP("127.0.0.1", self._port, timeout=30) as client:
                    client.login(sender, PASSWORD)
                    while not self.is_over:
                        time.sleep(0.05 * rng.random())
                        count += 1
                        self._send(client, sender, f"<{count}.{sender}>", rng)
            except (OSError, smtplib.SMTPException):
                time.sleep(0.05)

    def _send(self, client: smtplib.SMTP, sender: str, message_id: str, rng: random.Random) -> None:
        recipients = rng.choice([["bob@example.org"], ["alice@example.org"], list(RECIPIENTS)])
        body = "a line of mail\r\n" * rng.choice([1, 100, 3_000])
        keys = {(RECIPIENTS[each], message_id) for each in recipients}
        try:
            refused = client.sendmail(sender, recipients, f"From: {sender}\r\nSubject: x\r\nMessage-ID: {message_id}\r\n\r\n{body}")
        except smtplib.SMTPResponseException:
            raise
        except (OSError, smtplib.SMTPException):
            self.unknown |= keys
            raise
        self.accepted |= {(RECIPIENTS[each], message_id) for each in recipients if each not in refused}


@pytest.mark.kill
async def test_what_was_accepted_for_elsewhere_arrives(tmp_path: Path) -> None:
    rng = random.Random(SEED)
    sink = Sink()
    listener = Listener(bind("127.0.0.1:0"), sink.serve, None, name="smtp")
    await listener.start()
    settings = f'[outbound]\nsmarthost = "smtp://127.0.0.1:{listener.local.port}"\n'
    kills: list[tuple[float, float]] = []  # between which moments they fell
    with Server(tmp_path, workers=2, settings=settings).init(SENDERS) as server:
        await asyncio.to_thread(server.start)
        senders = Senders(server.ports["submission"])
        threads = ThreadPoolExecutor(len(SENDERS))
        tasks = [asyncio.get_running_loop().run_in_executor(threads, senders.run, sender) for sender in SENDERS]
        try:
            for number in range(KILLS):
                await asyncio.sleep(0.5 + 1.5 * rng.random())
                before = time.monotonic()
                if number % 5 == 4:
                    await asyncio.to_thread(server.kill)
                    kills.append((before, time.monotonic()))
                    await asyncio.to_thread(server.start)
                else:
                    server.kill_worker(rng.randrange(2))
                    kills.append((before, time.monotonic()))
                progress("queue", number + 1, KILLS)
            await asyncio.sleep(1)
        finally:
            senders.is_over = True
            await asyncio.gather(*tasks)
        assert len(senders.accepted) > 10 * KILLS
        await emptied(server)
        missing = senders.accepted - set(sink.arrivals)
        assert not missing, f"{len(missing)} of {len(senders.accepted)} acknowledged messages did not arrive"
        stray = set(sink.arrivals) - senders.accepted - senders.unknown
        assert not stray, f"{len(stray)} messages arrived that nobody sent"
        twice = {key: moments for key, moments in sink.arrivals.items() if len(moments) > 1}
        for key, moments in twice.items():
            for first, again in itertools.pairwise(moments):
                is_due = any(first - 0.1 < after and before < min(again, first + UNDER_WAY_S) for before, after in kills)
                near = [(round(before - first, 2), round(after - first, 2)) for before, after in kills if abs(before - first) < 20]
                assert is_due, f"{key} came twice without need: again after {again - first:.2f} s, kills at {near}"
        print(f"{len(senders.accepted)} accepted, {len(senders.unknown)} unknown, {len(twice)} arrived more than once, {len(kills)} kills")
        assert [] == await asyncio.to_thread(server.verify)
        assert 0 == await asyncio.to_thread(server.stop)
        assert [] == await asyncio.to_thread(server.verify)
    await listener.drain(0.1)


async def emptied(server: Server) -> None:
    """Wait until the queue is empty."""
    async with asyncio.timeout(120):
        while json.loads((await asyncio.to_thread(server.command, "queue", "list", "--json", check=False)).stdout or "[1]"):
            await asyncio.sleep(0.2)
