"""A queue that grows and grows: messages for 10,000 domains whose servers do not answer, while somebody writes to one that lives.

How fast the first and the last are taken in, how long mail for the living takes meanwhile, the memory of all processes, and how soon they are back after
kill -9 with everything still there.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.harness.server import PASSWORD, Server, cpu_seconds, family, memory_octets

from bench.dead_names import dead_names
from bench.live import Live, destination
from mailstead.store.engine.sqlite import Database

DEAD: Final = 10_000
ROUND: Final = 10_000
SENDER: Final = "u0@example.test"
WRITER: Final = "u1@example.test"
_ROOT: Final = Path(__file__).parents[2]


def run(*, messages: int, dead: int = DEAD, settle_s: float = 20.0) -> dict[str, float]:
    """See the module's docstring. ``messages`` goes in by SMTP, over 20 connections."""
    folder = Path(tempfile.mkdtemp(prefix="mailstead-dead-"))
    try:
        with destination("127.0.0.1") as (port, arrivals), dead_names(dead, "live.test. IN A 127.0.0.1") as names:
            settings = f'[outbound]\ndirect = true\nport = {port}\n[dns]\nservers = ["127.0.0.1:{names}"]\n[log]\nlevel = "error"\n'
            with Server(folder, workers=2, settings=settings) as server:
                return _run(server, arrivals, messages, dead, settle_s)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(server: Server, arrivals: dict[bytes, float], messages: int, dead: int, settle_s: float) -> dict[str, float]:
    server.init([SENDER, WRITER])
    server.start()
    idle = _memory(server)
    live = Live(arrivals, server.ports["submission"], (WRITER, PASSWORD), "x@live.test")
    rates: list[float] = []
    most = 0.0
    before = cpu_seconds([server.process.pid] if server.process else [])
    step = min(ROUND, max(1, messages // 10))
    for number in range(messages // step):
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "bench.generator", str(server.ports["submission"]), "20", str(step), "1024", "r@d%d.dead.test", str(dead),
             f"{SENDER}:{PASSWORD}", SENDER],
            cwd=_ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        rates.append(step / (time.perf_counter() - started))
        if number % 10 == 9 or number + 1 == messages // step:
            most = max(most, _memory(server))
            print(f"    {(number + 1) * step:>9,}: {rates[-1]:.0f}/s, {most:.0f} MB", file=sys.stderr, flush=True)
    used = cpu_seconds([server.process.pid] if server.process else []) - before
    figures = live.end()
    time.sleep(settle_s)
    most = max(most, _memory(server))
    waiting = _waiting(server)
    server.kill()
    started = time.perf_counter()
    server.start()
    ready_s = time.perf_counter() - started
    time.sleep(settle_s)
    again = _waiting(server)
    if min(waiting, again) < step * (messages // step):
        raise AssertionError(f"{messages} messages were accepted, {waiting} waited, {again} are left after kill -9")
    tenth = max(1, len(rates) // 10)
    return {
        "messages": float(waiting), "idle_mb": idle, "memory_mb": most, "after_restart_mb": _memory(server), "ready_s": ready_s,
        "first_per_s": sum(rates[1 : 1 + tenth]) / tenth if len(rates) > 1 else rates[0], "last_per_s": sum(rates[-tenth:]) / tenth,
        "cpu_ms": used / messages * 1000, **figures,
    }  # fmt: skip


def _memory(server: Server) -> float:
    """Megabytes of all processes."""
    if server.process is None:
        raise AssertionError("the server is gone")
    return sum(memory_octets(pid) for pid in family(server.process.pid)) / 1e6


def _waiting(server: Server) -> int:
    """How many messages are in the queue's file."""
    db = Database(server.data / "queue-00.db", write=False)
    try:
        return int((db.one("SELECT count(*) FROM q_mail") or (0,))[0])
    finally:
        db.close()


def main() -> None:
    """``python -m bench.workload.dead [MESSAGES [DOMAINS]]``."""
    messages, dead = (int(sys.argv[number]) if len(sys.argv) > number else default for number, default in ((1, 20_000), (2, DEAD)))
    print("  ".join(f"{key}={value:.2f}" for key, value in run(messages=messages, dead=dead).items()), flush=True)


if __name__ == "__main__":
    main()
