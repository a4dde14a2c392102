"""``make bench``: every workload on every system that is installed, figures printed and kept in ``var/bench.json``.

``FULL=1`` makes the loads as large as the targets name them (a million stored messages, 5,000 idle connections).
"""

import dataclasses
import json
import os
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

from bench import yardstick
from bench.systems import OURS, THEIRS, Mailstead, PostfixDovecot, System, quiet
from bench.workload import bulk, dead, delivery, events, idle, jmap, login, relay

FULL = os.environ.get("FULL") == "1" or "--full" in sys.argv
RUNS = int(os.environ.get("RUNS", "5"))
ONLY = [word for word in sys.argv[1:] if word != "--full"]


def median_rows(rows: list[dict[str, float]]) -> dict[str, float]:
    """The median of each figure over the runs."""
    return {name: statistics.median(row[name] for row in rows) for name in rows[0]}


def deliveries(system: System, connections: int, count: int, size: int) -> dict[str, float]:
    """The delivery workload, ``RUNS`` times; what is left of their acceptance without the
    envelope's dialogue (last octet to 250); and what indexing those messages for search cost, apart and in the sum."""
    first = max(50, count // 10)
    before = system.indexing()
    delivery.run(system, connections=connections, count=first, size=size)
    rows = [dataclasses.asdict(delivery.run(system, connections=connections, count=count, size=size)) for _ in range(RUNS)]
    figures = median_rows(rows)
    index_cpu_ms = delivery.indexed(system, before, first + RUNS * count) if system.is_indexing else 0.0
    with system.unfinished():
        envelope_cpu_ms = statistics.median(delivery.envelope(system, connections=connections, count=count) for _ in range(RUNS))
    return {
        **figures, "acceptance_cpu_ms": figures["accepted_cpu_ms"] - envelope_cpu_ms,
        "index_cpu_ms": index_cpu_ms, "sum_cpu_ms": figures["delivered_cpu_ms"] + index_cpu_ms,
    }  # fmt: skip


WORKLOADS: dict[str, tuple[str, Callable[[System], dict[str, float]]]] = {
    "deliver20": ("MX to visible, 20 connections, 4 KB, 100 mailboxes", lambda s: deliveries(s, 20, count_for(s, 1000, 5000), 4096)),
    "deliver1": ("MX to visible, 1 connection, 4 KB", lambda s: deliveries(s, 1, count_for(s, 200, 1000), 4096)),
    "deliver50k": ("MX to visible, 20 connections, 50 KB", lambda s: deliveries(s, 20, count_for(s, 300, 1000), 50_000)),
    "login": ("login and logout", login.run),
    "idle_latency": ("final dot to EXISTS in IDLE", idle.latency),
    "idle_latency_loaded": ("final dot to EXISTS in IDLE, 20 senders at work", idle.latency_under_load),
    "idle_memory": ("an idle connection", lambda s: idle.memory(s, connections=count_for(s, 500, 5000 if FULL else 500))),
    "idle_memory_tls": ("an idle connection, TLS", lambda s: idle.memory(s, connections=count_for(s, 500, 5000 if FULL else 500), tls=True)),
    "fan_out": ("1,000 idle sessions told", idle.fan_out),
}


def count_for(system: System, peer: int, ours: int) -> int:
    """The peer gets fewer messages so that a run ends; figures are per message and per second."""
    return ours if system.name == "mailstead" else peer


def main() -> None:
    """See the module's docstring."""
    systems: list[System] = [Mailstead()]
    missing = PostfixDovecot.missing()
    if missing:
        print(f"the peer is left out, for these programs are missing: {missing}")
    elif os.environ.get("PEER", "1") == "1":
        systems.append(PostfixDovecot())
    results: dict[str, dict[str, dict[str, float]]] = {}
    tell(results, "machine", "CPU time here, in times of the machine of the goals", "machine", yardstick.measure())
    for system in systems if not ONLY or set(ONLY) - {"relay", "dead"} else ():
        system.start()
        try:
            for key, (title, workload) in WORKLOADS.items():
                if not ONLY or key in ONLY:
                    quiet(system)
                    tell(results, key, title, system.name, workload(system))
            if isinstance(system, Mailstead) and (not ONLY or "events" in ONLY):
                listeners = 5_000 if FULL else 500
                for tls in (False, True):
                    title = f"{listeners:,} EventSource listeners{', TLS' if tls else ''}"
                    tell(results, f"events{'_tls' if tls else ''}", title, system.name, events.fresh(connections=listeners, tls=tls))
            if isinstance(system, Mailstead) and (not ONLY or "jmap" in ONLY):
                held = int(os.environ.get("MESSAGES", "100000"))
                tell(results, "jmap", f"JMAP in a mailbox of {held:,}", system.name, jmap.run(system, messages=held))
            if isinstance(system, Mailstead) and (not ONLY or "bulk" in ONLY):
                count = 1_000_000 if FULL else 100_000
                tell(results, "bulk", f"mbox of {count:,} imported; start after kill -9", system.name, bulk.run(system, messages=count))
        finally:
            system.stop()
    outbound(results)
    out = Path("var/bench.json")
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(results, indent=1))


def outbound(results: dict[str, dict[str, dict[str, float]]]) -> None:
    """Mail for elsewhere: through the queue to a sink, and into a queue that cannot be emptied."""
    if not ONLY or "relay" in ONLY:
        many = 10_000 if FULL else 5_000
        for name, figures in relay.side_by_side(messages=many, runs=min(RUNS, 3), peer_messages=2_000):
            tell(results, "relay", "submission to all at the sink, 20 connections, 4 KB", name, figures)
    if not ONLY or "dead" in ONLY:
        count = 1_000_000 if FULL else 20_000
        tell(results, "dead", f"{count:,} for {dead.DEAD:,} dead domains", "mailstead", dead.run(messages=count))


def tell(results: dict[str, dict[str, dict[str, float]]], key: str, title: str, system: str, figures: dict[str, float]) -> None:
    """Print a row, with the settings it was measured with, and keep it."""
    results.setdefault(key, {})[system] = figures
    settings = "the processor alone" if system == "machine" else OURS.format(workers=os.environ.get("WORKERS", "2")) if system.startswith("mailstead") else THEIRS
    measured = "  ".join(f"{name}={value:.2f}" for name, value in figures.items())
    print(f"{title:60} {system:16} {measured}  [{settings}]", flush=True)


if __name__ == "__main__":
    main()
