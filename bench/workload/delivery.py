"""MX to visible in the mailbox: from the first connection until the last message can be seen by IMAP."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench.systems import MAILBOXES, System, cpu, quiet

_ROOT = Path(__file__).parents[2]
_VISIBLE_WITHIN_S = 300.0


@dataclass(frozen=True, slots=True)
class Row:
    """CPU in milliseconds a message over all of the server's processes; rates in messages a second.

    Search indexing runs beside and after deliveries: its CPU is kept out of the first two (``indexing`` has it).
    """

    accepted_cpu_ms: float
    delivered_cpu_ms: float
    accepted_per_s: float
    delivered_per_s: float
    p50_ms: float
    p99_ms: float
    generator_cpu_ms: float


def run(system: System, *, connections: int, count: int, size: int) -> Row:
    """Send ``count`` messages and wait until all are visible."""
    before = system.stored()
    quiet(system)
    indexing = system.indexing()[1]
    cpu_before = cpu(system)
    started = time.perf_counter()
    figures = generated(system, connections, count, size)
    accepted_cpu = cpu(system) - cpu_before - (system.indexing()[1] - indexing)
    accepted_s = figures["seconds"]
    wait = 0.02
    while True:
        delivered_cpu = cpu(system) - cpu_before - (system.indexing()[1] - indexing)
        delivered_s = time.perf_counter() - started
        if system.stored() - before >= count:
            break
        if delivered_s > _VISIBLE_WITHIN_S:
            message = f"only {system.stored() - before} of {count} messages are visible after {_VISIBLE_WITHIN_S:.0f} s"
            raise AssertionError(message)
        time.sleep(wait)
    return Row(
        accepted_cpu_ms=accepted_cpu / count * 1000,
        delivered_cpu_ms=delivered_cpu / count * 1000,
        accepted_per_s=count / accepted_s,
        delivered_per_s=count / delivered_s,
        p50_ms=figures["p50_ms"],
        p99_ms=figures["p99_ms"],
        generator_cpu_ms=figures["cpu"] / count * 1000,
    )


def envelope(system: System, *, connections: int, count: int) -> float:
    """Milliseconds of CPU a transaction that ends before its message: what acceptance does not include.

    Each ends with RSET, of which Postfix bears 100 in a connection by default: the peer's limit is lifted."""
    quiet(system)
    before = cpu(system)
    generated(system, connections, count, 0, "envelope")
    return (cpu(system) - before) / count * 1000


def generated(system: System, connections: int, count: int, size: int, *words: str) -> dict[str, float]:
    """Run the generator against the system; its figures."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.generator", str(system.smtp_port), str(connections), str(count), str(size),
         system.pattern, str(MAILBOXES), *words],
        cwd=_ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def indexed(system: System, before: tuple[float, float], count: int, *, within_s: float = 90.0) -> float:
    """Wait until ``count`` messages have been indexed since ``before``; milliseconds of CPU a message."""
    end = time.monotonic() + within_s
    while True:
        messages, spent = (now - start for now, start in zip(system.indexing(), before, strict=True))
        if messages >= count or time.monotonic() > end:
            return spent / messages * 1000 if messages else 0.0
        time.sleep(0.5)
