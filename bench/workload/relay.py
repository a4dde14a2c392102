"""Submission to all at the sink: mail for elsewhere from 20 connections through the queue to ``smtp-sink``, beside Postfix as a relay.

Our users log in (plain text on loopback); Postfix takes from loopback what comes. Both queue durably before 250. The sink is Postfix's own and does not
count.
"""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

from tests.harness.server import PASSWORD, Server, cpu_seconds, free_ports

from bench.systems import PostfixDovecot

_ROOT: Final = Path(__file__).parents[2]
_WITHIN_S: Final = 120.0
SENDER: Final = "u0@example.test"


@contextmanager
def sink() -> Iterator[tuple[int, Callable[[], int]]]:
    """``smtp-sink`` on a port of its own, and how many messages it has had."""
    (port,) = free_ports(1)
    folder = Path(tempfile.mkdtemp(prefix="sink-"))
    log = folder / "count"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [shutil.which("smtp-sink") or "/usr/sbin/smtp-sink", "-u", "nobody", "-c", f"127.0.0.1:{port}", "1000"], stdout=out, stderr=subprocess.DEVNULL
        )

        def count() -> int:
            # -c shows "sess=… quit=… mesg=…" anew after each change, each line ended by CR.
            tail = log.read_bytes()[-200:].rsplit(b"mesg=", 1)
            digits = tail[1].split()[0].strip(b"\r\n") if len(tail) > 1 and tail[1].split() else b"0"
            return int(digits) if digits.isdigit() else 0

        time.sleep(0.2)
        try:
            yield port, count
        finally:
            process.kill()
            process.wait()
            shutil.rmtree(folder, ignore_errors=True)


class Relay:
    """This project with the sink as smarthost. ``signs``: the kinds of DKIM keys that sign (``rsa``, ``ed25519``)."""

    name = "mailstead"

    def __init__(self, port: int, signs: tuple[str, ...] = ()) -> None:
        self._signs = signs
        self._folder = Path(tempfile.mkdtemp(prefix="mailstead-relay-"))
        settings = f'[outbound]\nsmarthost = "smtp://127.0.0.1:{port}"\n[log]\nlevel = "warning"\n'
        self.server = Server(self._folder, workers=2, settings=settings)
        self.login = f"{SENDER}:{PASSWORD}"
        self.port = self.server.ports["submission"]

    def __enter__(self) -> Self:
        self.server.init([SENDER])
        domain = SENDER.rpartition("@")[2]
        for key in json.loads(self.server.command("domain", "keys", domain, "--json").stdout):
            if key["kind"] in self._signs:
                self.server.command("domain", "use-key", domain, key["selector"])
        self.server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.__exit__(None)
        shutil.rmtree(self._folder, ignore_errors=True)

    def roots(self) -> list[int]:
        """Process ids whose families do the work."""
        return [self.server.process.pid] if self.server.process else []


class PostfixRelay:
    """Postfix as Debian ships it, with the sink as relay host."""

    name = "postfix"
    login = ""

    def __init__(self, port: int) -> None:
        self._pair = PostfixDovecot("--relay-port", str(port))
        self.port = self._pair.smtp_port

    def __enter__(self) -> Self:
        self._pair.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._pair.stop()

    def roots(self) -> list[int]:
        """Postfix alone."""
        return self._pair.roots()[:1]


def run(system: Relay | PostfixRelay, count: Callable[[], int], *, messages: int, connections: int = 20, size: int = 4096) -> dict[str, float]:
    """Milliseconds of CPU a message over all processes, and messages a second, from the first connection until the last is at the sink."""
    before, cpu_before, started = count(), cpu_seconds(system.roots()), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "bench.generator", str(system.port), str(connections), str(messages), str(size), "r%d@elsewhere.test", "100",
         system.login, SENDER],
        cwd=_ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    accepted_s = time.perf_counter() - started
    while count() - before < messages:
        if time.perf_counter() - started > _WITHIN_S:
            message = f"only {count() - before} of {messages} messages are at the sink after {_WITHIN_S:.0f} s"
            raise AssertionError(message)
        time.sleep(0.02)
    seconds = time.perf_counter() - started
    time.sleep(0.3)  # results are being written
    figures = json.loads(done.stdout)
    return {
        "cpu_ms": (cpu_seconds(system.roots()) - cpu_before) / messages * 1000, "per_s": messages / seconds,
        "accepted_per_s": messages / accepted_s, "p50_ms": figures["p50_ms"], "p99_ms": figures["p99_ms"],
    }  # fmt: skip


SYSTEMS: Final[dict[str, Callable[[int], Relay | PostfixRelay]]] = {
    "mailstead": Relay, "mailstead, RSA-2048": lambda port: Relay(port, ("rsa",)), "mailstead, both keys": lambda port: Relay(port, ("rsa", "ed25519")),
    "postfix": PostfixRelay,
}  # fmt: skip


def side_by_side(*, messages: int, runs: int, peer_messages: int) -> Iterator[tuple[str, dict[str, float]]]:
    """(system, medians of its figures), one after the other on the same machine; Postfix does not sign."""
    for name, made in SYSTEMS.items():
        if made is PostfixRelay and not shutil.which("postfix"):
            continue
        many = peer_messages if made is PostfixRelay else messages
        with sink() as (port, count), made(port) as system:
            run(system, count, messages=max(100, many // 10))
            rows = [run(system, count, messages=many) for _ in range(runs)]
            yield name, {key: statistics.median(row[key] for row in rows) for key in rows[0]}


def main() -> None:
    """``python -m bench.workload.relay [MESSAGES]``."""
    messages = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    for name, figures in side_by_side(messages=messages, runs=3, peer_messages=min(messages, 2_000)):
        print(f"{name:20} " + "  ".join(f"{key}={value:.2f}" for key, value in figures.items()), flush=True)


if __name__ == "__main__":
    main()
