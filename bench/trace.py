"""``python -m bench.trace [EVENTS]``: how long ``trace`` takes with so many events kept (10,000,000 where nothing is said).

Events are written as a server of two workers writes them over ten days, eight for each message; then indexed; then asked: by Message-ID, by id of the queue, by an
address that had one message and by one that had many.
"""

import asyncio
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from mailstead.model.ids import SUBMISSION, AccountId, TenantId, to_wire
from mailstead.service.trace import Trace
from mailstead.store.interface import Account
from mailstead.telemetry import index

DAYS: Final = 10
_EACH: Final = 8
_LINE: Final = (
    '{"at":"2026-11-%02dT%02d:%02d:%02d.%06dZ","event":"%s","level":"info","worker":%d,"account":%d,"tenant":%d,"submission":"%s",'
    '"reverse_path":"user%d@example.org","forward_path":"to%d@elsewhere.test","hop":"mx.elsewhere.test","code":250,"status":"2.0.0",'
    '"message_id":"<%d@example.org>","attempts":1,"reason":"a sentence of the next server about this message"}\n'
)
_NAMES: Final = (
    "message.accepted", "message.queued", "message.deferred", "message.deferred", "message.deferred", "message.deferred", "message.deferred",
    "message.sent",
)  # fmt: skip


def write(folder: Path, events: int) -> None:
    """The event files."""
    messages = events // _EACH
    number = 0
    for day in range(1, DAYS + 1):
        (folder / f"2026-11-{day:02d}").mkdir(parents=True)
        for worker in (0, 1):
            with (folder / f"2026-11-{day:02d}" / f"worker-{worker}.jsonl").open("w") as out:
                for _ in range(messages // (2 * DAYS)):
                    number += 1
                    submission = to_wire(SUBMISSION, number * 7919)
                    out.writelines(
                        _LINE % (day, number // 3600 % 24, number // 60 % 60, number % 60, each, name, worker, number % 5_000, 1 + number % 10,
                                 submission, number % 5_000, number, number)
                        for each, name in enumerate(_NAMES)
                    )


class Directory:
    """Accounts by number."""

    async def account(self, account: AccountId) -> Account | None:
        return Account(account, TenantId(1 + account % 10), "a@b", "", "active", 0, 1, False, 0, 0, 0)


async def ask(trace: Trace, query: str, **more: Any) -> tuple[float, int]:
    """Milliseconds (the median of ten) and how many messages were found."""
    took, found = [], []
    for _ in range(10):
        started = time.perf_counter()
        found = await trace.trace(query, **more)
        took.append((time.perf_counter() - started) * 1000)
    return statistics.median(took), len(found)


async def measure(folder: Path, events: int) -> None:
    """Write, index, ask."""
    started = time.perf_counter()
    write(folder, events)
    size = sum(path.stat().st_size for path in folder.rglob("*.jsonl"))
    print(f"{events:,} events, {size / 1e9:.2f} GB, written in {time.perf_counter() - started:.0f} s", flush=True)
    started = time.process_time()
    for day in sorted(folder.iterdir()):
        index.build(day, is_over=day.name < f"2026-11-{DAYS:02d}")
    cpu = time.process_time() - started
    kept = sum(path.stat().st_size for path in folder.rglob("*.keys"))
    print(f"indexed: {cpu / events * 1e6:.2f} us of CPU an event, {kept / 1e9:.2f} GB", flush=True)

    async def run(work: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
        return await asyncio.get_running_loop().run_in_executor(None, work)

    trace: Any = Trace(folder, Directory(), run=run, flush=lambda: None)  # type: ignore[arg-type]
    middle = events // _EACH // 2
    for title, query, more in (
        ("Message-ID", f"<{middle}@example.org>", {}), ("queue id", to_wire(SUBMISSION, middle * 7919), {}),
        ("recipient", f"to{middle}@elsewhere.test", {}), ("sender of many", f"user{middle % 5_000}@example.org", {}),
        ("nothing", "<nobody@nowhere.test>", {}), ("another tenant's", f"<{middle}@example.org>", {"tenant": 2 + middle % 10}),
    ):  # fmt: skip
        milliseconds, count = await ask(trace, query, **more)
        print(f"{title:18} {milliseconds:7.1f} ms  {count} messages", flush=True)


def main() -> None:
    """See the module's docstring."""
    folder = Path(tempfile.mkdtemp(prefix="trace-bench-"))
    try:
        asyncio.run(measure(folder, int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
