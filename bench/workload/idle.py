"""IDLE: how soon a session is told, what an idle connection costs, and how long it takes to tell a thousand."""

import ssl
import statistics
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from tests.harness.server import memory_octets

from bench.client import Imap, smtp, wait_for_exists
from bench.generator import message
from bench.systems import MAILBOXES, System, processes

WATCHED: Final = range(MAILBOXES - 8, MAILBOXES)
_ROOT: Final = Path(__file__).parents[2]


def latency_under_load(system: System) -> dict[str, float]:
    """``latency`` while 20 connections send to the other mailboxes as fast as they can."""
    load = subprocess.Popen(
        [sys.executable, "-m", "bench.generator", str(system.smtp_port), "20", "1000000", "4096", system.pattern, str(WATCHED[0])],
        cwd=_ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        time.sleep(1)
        return latency(system)
    finally:
        load.kill()
        load.wait()


def latency(system: System, *, rounds: int = 200, within_s: float = 60.0) -> dict[str, float]:
    """Final dot to EXISTS, milliseconds; sessions alternate, so about half idle in a worker that did not take the message. A system that takes more than it can
    deliver is ever later: after ``within_s`` what was measured has to do."""
    waits: list[float] = []
    end = time.monotonic() + within_s
    sessions = [opened(system, number) for number in WATCHED]
    for turn in range(rounds):
        number = turn % len(sessions)
        finish = smtp(system.smtp_port, system.pattern % WATCHED[number], message(turn, 4096))
        told: list[float] = []
        watcher = threading.Thread(target=lambda: told.extend(wait_for_exists([sessions[number]])))  # noqa: B023 - joined below
        watcher.start()
        moment = finish()
        watcher.join()
        waits.append((told[0] - moment) * 1000)
        if time.monotonic() > end:
            break
    for session in sessions:
        session.close()
    waits.sort()
    return {"p50_ms": statistics.median(waits), "p99_ms": waits[max(0, int(len(waits) * 0.99) - 1)], "rounds": len(waits)}


def opened(system: System, number: int, tls: ssl.SSLContext | None = None, port: int = 0) -> Imap:
    """A session that idles in the INBOX of mailbox ``number``."""
    session = Imap(port or system.imap_port, tls)
    session.login(*system.login(number % MAILBOXES))
    session.idle()
    return session


def memory(system: System, *, connections: int, tls: bool = False) -> dict[str, float]:
    """Kilobytes a connection that idles, over all processes of the server (proportional shares)."""
    context, port = (untrusting(), system.imaps_port) if tls else (None, system.imap_port)
    warm = [opened(system, number, context, port) for number in range(MAILBOXES)]  # every account was here once
    before = sum(memory_octets(pid) for pid in processes(system))
    with ThreadPoolExecutor(16) as pool:
        sessions = list(pool.map(lambda number: opened(system, number, context, port), range(connections)))
    time.sleep(2)
    after = sum(memory_octets(pid) for pid in processes(system))
    for session in warm + sessions:
        session.close()
    return {"kb_each": (after - before) / connections / 1000, "connections": connections}


def untrusting() -> ssl.SSLContext:
    """For a server's self-signed certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def fan_out(system: System, *, sessions: int = 1000, rounds: int = 5) -> dict[str, float]:
    """Seconds until all of ``sessions`` idling over 100 mailboxes are told of one message to each mailbox."""
    with ThreadPoolExecutor(16) as pool:
        idling = list(pool.map(lambda number: opened(system, number), range(sessions)))
    took: list[float] = []
    for turn in range(rounds):
        with ThreadPoolExecutor(16) as pool:
            finishes = list(
                pool.map(lambda n: smtp(system.smtp_port, system.pattern % n, message(turn * 1000 + n, 1000)), range(MAILBOXES))  # noqa: B023
            )
        told: list[float] = []
        watcher = threading.Thread(target=lambda: told.extend(wait_for_exists(idling)))  # noqa: B023 - joined below
        watcher.start()
        with ThreadPoolExecutor(16) as pool:
            moments = list(pool.map(lambda finish: finish(), finishes))
        watcher.join()
        took.append(max(told) - min(moments))
    for session in idling:
        session.close()
    return {"seconds": statistics.median(took)}
