"""The event files' keeper: indexes and adds up what is whole, removes what is too old. In each worker for its own files; worker 0 removes."""

import asyncio
import time
from pathlib import Path
from typing import Any, Final

from mailstead import telemetry
from mailstead.service.reports.figures_sum import figures_sums, heard_sums
from mailstead.service.reports.tls_sum import tls_sums
from mailstead.telemetry import index
from mailstead.telemetry.sums import Sums

EVERY_S: Final = 20.0
_DAY_S: Final = 86_400


async def keep(folder: Path, worker: int, keep_days: int) -> None:
    """Until cancelled. A stretch is indexed in a thread, one at a time."""
    sums: list[Sums[Any]] = [tls_sums(), figures_sums(), heard_sums()]
    while True:
        await asyncio.sleep(EVERY_S)
        try:
            await asyncio.to_thread(_round, folder, worker, keep_days, sums)
        except OSError as exc:
            telemetry.event("index.failed", reason=str(exc))


def _round(folder: Path, worker: int, keep_days: int, sums: list[Sums[Any]]) -> None:
    today = _day(0)
    for day in sorted(folder.iterdir(), reverse=True)[:3] if folder.exists() else ():
        if day.is_dir():
            index.build(day, is_over=day.name < today, name=f"worker-{worker}.jsonl", limit=32)
            for each in sums:
                each.keep(day, is_over=day.name < today, name=f"worker-{worker}.jsonl")
    if worker == 0:
        index.prune(folder, _day(keep_days))


def _day(ago: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() - ago * _DAY_S))
