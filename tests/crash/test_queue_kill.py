"""kill -9 of workers while mail goes through the queue: what was answered with 250 arrives, and twice only what was under way.

A message is under way from the moment its last octet has left until its result is written down. What has left lies in the next server's socket until that
server looks, however long that takes, so the time of an arrival does not tell whether the worker that sent it was still alive. Its connection does: one that
ended without QUIT was cut by a kill, the last before its end. And a result is written down by worker 0: while that one is being replaced, the others keep theirs. So
a message may come again if the kill that cut its connection fell before it was seen (by at most ``UNDER_WAY_S``), or within ``UNDER_WAY_S`` of it or of another kill since.

``MAILSTEAD_QUEUE_KILLS`` (10) and ``MAILSTEAD_KILL_SEED`` set how many and which.
"""

import asyncio
import email
import json
import math
import os
import random
import smtplib
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.harness.progress import progress
from tests.harness.server import PASSWORD, Server
from tests.harness.smtp import ALICE, BOB, SmtpSite

from mailstead.model.ids import EmailId, MailboxId, ThreadId
from mailstead.model.message import Filed
from mailstead.net import Listener, bind

KILLS = int(os.environ.get("MAILSTEAD_QUEUE_KILLS", "10"))
SEED = os.environ.get("MAILSTEAD_KILL_SEED", "1")
SENDERS = [f"user{number}@example.test" for number in range(8)]
RECIPIENTS = {"alice@example.org": ALICE, "bob@example.org": BOB}
UNDER_WAY_S = 5.0
"""So long after a kill at most an answer of the next server waits to be written down."""

Key = tuple[int, str]


@dataclass
class Connection:
    """One connection to the next server. ``was_cut``: it ended without QUIT."""

    ended: float = math.inf
    was_cut: bool = False


class Heard:
    """A connection's stream that notices QUIT."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.has_quit = False

    async def read(self, timeout_s: float) -> bytes:
        octets: bytes = await self._stream.read(timeout_s)
        self.has_quit = self.has_quit or octets.endswith(b"QUIT\r\n")
        return octets

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class Sink(SmtpSite):
    """The next server. ``arrivals``: when each message came for each recipient, every time it came, and by which connection. It keeps nothing else, so that
    the last of many thousands is taken as quickly as the first."""

    def __init__(self) -> None:
        super().__init__(tls=None)
        self.arrivals: dict[Key, list[tuple[float, Connection]]] = defaultdict(list)
        serve = self.serve
        current: ContextVar[Connection] = ContextVar("current")

        async def deliver(account: Any, filing: Any) -> Any:
            self.arrivals[account, email.message_from_bytes(filing.prefix + filing.octets)["Message-ID"]].append((time.monotonic(), current.get()))
            return Filed(False, EmailId(len(self.arrivals)), ThreadId(1), MailboxId(1), 1, 1)

        async def heard(stream: Any) -> None:
            connection, wire = Connection(), Heard(stream)
            current.set(connection)
            try:
                await serve(wire)
            finally:
                connection.ended, connection.was_cut = time.monotonic(), not wire.has_quit

        self.mail.deliver, self.serve = deliver, heard


def was_under_way(first: float, by: Connection, again: float, kills: Sequence[tuple[float, float]]) -> bool:
    """Whether what came at ``first`` may come ``again``. ``kills``: between which moments each fell, in order."""
    until, reached = first + UNDER_WAY_S, []
    for before, after in kills:
        if after > first and before < until:
            until = max(until, before + UNDER_WAY_S)
            reached.append(before)
    if not by.was_cut:
        return any(before < again for before in reached)
    cut = max((before for before, _ in kills if before < by.ended), default=-math.inf)
    return cut in reached or first - UNDER_WAY_S < cut <= first


def test_what_may_come_twice() -> None:
    kills = [(10.0, 10.1), (20.0, 20.1), (24.0, 24.1), (28.0, 28.1)]
    for first, by, again, expected in (
        (9.5, Connection(10.2, was_cut=True), 12.0, True), (10.9, Connection(11.0, was_cut=True), 12.0, True), (3.0, Connection(10.2, was_cut=True), 12.0, False),
        (19.0, Connection(28.2, was_cut=True), 29.0, True), (12.0, Connection(19.0), 19.5, False), (19.0, Connection(19.5), 21.0, True), (9.5, Connection(9.8), 9.9, False),
        (11.0, Connection(28.2, was_cut=True), 29.0, False), (5.0, Connection(5.5, was_cut=True), 6.0, False), (30.0, Connection(), 31.0, False),
    ):  # fmt: skip
        assert expected == was_under_way(first, by, again, kills), (first, by, again)


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
        twice = {key: arrivals for key, arrivals in sink.arrivals.items() if len(arrivals) > 1}
        for key, arrivals in twice.items():
            for (first, by), (again, _) in pairwise(arrivals):
                near = [(round(before - first, 2), round(after - first, 2)) for before, after in kills if abs(before - first) < 20]
                how = f"its connection {'was cut' if by.was_cut else 'ended'} after {by.ended - first:.2f} s"
                assert was_under_way(first, by, again, kills), f"{key} came twice without need: again after {again - first:.2f} s, {how}, kills at {near}"
        print(f"{len(senders.accepted)} accepted, {len(senders.unknown)} unknown, {len(twice)} arrived more than once, {len(kills)} kills")
        assert [] == await asyncio.to_thread(server.verify)
        assert 0 == await asyncio.to_thread(server.stop)
        assert [] == await asyncio.to_thread(server.verify)
    await listener.drain(0.1)


async def emptied(server: Server) -> None:
    """Wait until the queue is empty."""
    end = time.monotonic() + 120
    while rows := json.loads((await asyncio.to_thread(server.command, "queue", "list", "--json", check=False)).stdout or "[{}]"):
        assert time.monotonic() < end, f"{len(rows)} recipients still wait, first {rows[:3]}"
        await asyncio.sleep(0.2)
