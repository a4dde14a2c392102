"""A real Mailstead server on loopback, started by its own command in a scratch folder.

Ports are picked free at the start and kept over restarts, so that clients reconnect. Everything is ended by process id.
"""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Self

PROGRAM = [str(Path(sys.executable).with_name("mailstead"))]
PASSWORD = "correct horse battery"
SERVICES = ("smtp", "submission", "submissions", "lmtp", "imap", "imaps", "pop3", "pop3s", "http", "https", "metrics")
READY_WITHIN_S = 120.0


def free_ports(count: int) -> list[int]:
    """Ports on which nobody listens now, at any address of this machine, all different: below those from which the system lets connections go out, so that
    none of them is taken by a client before a server has it; of several processes that test at once each has every so-manieth."""
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    mine, all_of_us = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")), int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    candidates = range(min(10_000, first // 2) + mine, first, all_of_us)
    ports: list[int] = []
    for port in random.SystemRandom().sample(candidates, min(len(candidates), 100 * count)):
        with socket.socket() as held:
            try:
                held.bind(("0.0.0.0", port))
            except OSError:
                continue
        ports.append(port)
        if len(ports) == count:
            return ports
    raise AssertionError(f"there are no {count} free ports below {first}")


class Server:
    """One server. ``ports`` maps service names to ports; ``data`` is its data directory."""

    def __init__(self, folder: Path, *, workers: int = 2, settings: str = "") -> None:
        self.data = folder / "data"
        self.workers = workers
        self.ports = dict(zip(SERVICES, free_ports(len(SERVICES)), strict=True))
        self.log = folder / "server.log"
        self.settings = settings
        self.process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def command(self, *words: str, stdin: str = "", check: bool = True, timeout_s: float = 300.0) -> subprocess.CompletedProcess[str]:
        """Run one ``mailstead`` command on this server's data."""
        done = subprocess.run(
            [*PROGRAM, *words, "--data", str(self.data)], input=stdin, capture_output=True, text=True, timeout=timeout_s, check=False
        )
        if check and done.returncode:
            message = f"mailstead {' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}"
            raise AssertionError(message)
        return done

    def init(self, accounts: Sequence[str] = ("alice@example.test", "bob@example.test")) -> "Server":
        """Make the data directory, the settings and the accounts (all with ``PASSWORD``)."""
        self.command(
            "init", "--domain", "example.test", "--hostname", "mail.example.test", "--admin", "admin@example.test",
            "--password-stdin", stdin=PASSWORD + "\n",
        )  # fmt: skip
        listen = "\n".join(f'{name} = ["127.0.0.1:{port}"]' for name, port in self.ports.items())
        (self.data / "mailstead.toml").write_text(
            f'hostname = "mail.example.test"\n{self.settings}\n[listen]\n{listen}\n'
            "managesieve = []\n[auth]\ncleartext_on_loopback = true\n[limits]\ndisk_reserve = \"64 MiB\"\n"
        )
        if accounts:
            csv = self.data.parent / "accounts.csv"
            csv.write_text("".join(f"{address},{PASSWORD}\n" for address in accounts))
            self.command("account", "add", "--from", str(csv))
        return self

    def start(self, *, wait: bool = True) -> "Server":
        """Start ``mailstead serve`` and wait for its word that it is ready."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*PROGRAM, "serve", "--data", str(self.data), "--workers", str(self.workers)],
                stdout=subprocess.PIPE, stderr=log, env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )  # fmt: skip
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self) -> None:
        """Wait for ``mailstead: ready`` on the server's standard output."""
        assert self.process is not None
        assert self.process.stdout is not None
        deadline = time.monotonic() + READY_WITHIN_S
        os.set_blocking(self.process.stdout.fileno(), False)
        seen = b""
        while b"mailstead: ready" not in seen:
            seen += self.process.stdout.read() or b""
            if self.process.poll() is not None or time.monotonic() > deadline:
                message = f"the server is not ready (exit {self.process.poll()}); its log ends:\n{self.log_tail()}"
                raise AssertionError(message)
            time.sleep(0.005)

    def log_tail(self, size: int = 4000) -> str:
        """The end of the server's log."""
        return self.log.read_bytes()[-size:].decode("utf-8", "replace") if self.log.exists() else ""

    def stop(self) -> int:
        """SIGTERM, and its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        self._close_output()
        return code

    def kill(self) -> None:
        """kill -9 to every process of the server."""
        assert self.process is not None
        for pid in [self.process.pid, *self.worker_pids()]:
            _kill(pid)
        self.process.wait(timeout=30)
        self._close_output()

    def _close_output(self) -> None:
        if self.process is not None and self.process.stdout is not None:
            self.process.stdout.close()

    def worker_pids(self) -> list[int]:
        """Process ids of the supervisor's children."""
        assert self.process is not None
        return children(self.process.pid)

    def kill_supervisor(self) -> None:
        """kill -9 to the supervisor alone; its workers notice and end by themselves."""
        assert self.process is not None
        _kill(self.process.pid)
        self.process.wait(timeout=30)
        self._close_output()

    def kill_worker(self, index: int) -> None:
        """kill -9 to one worker."""
        pids = self.worker_pids()
        if pids:
            _kill(pids[index % len(pids)])

    def verify(self) -> list[str]:
        """Findings of ``mailstead verify``."""
        done = self.command("verify", "--json", check=False, timeout_s=3_600)  # after a soak there is much to read
        found: list[str] = json.loads(done.stdout)["findings"]
        return found

    def metric(self, name: str) -> float:
        """The sum of a metric over all its labels and all workers."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports['metrics']}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.split("{")[0].split(" ")[0] == name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()
        self._close_output()


def children(pid: int) -> list[int]:
    """Ids of a process's living children, oldest first."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    return [pid, *(inner for child in children(pid) for inner in family(child))]


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def cpu_seconds(pids: Sequence[int]) -> float:
    """CPU used by these families so far: their living members and the children these have waited for."""
    ticks = 0
    for pid in {member for root in pids for member in family(root)}:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_octets(pid: int) -> int:
    """Proportional share of memory of one process, in octets (PSS: shared pages are divided among their users)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0
