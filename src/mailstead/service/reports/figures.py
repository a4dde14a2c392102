"""Deliverability, for people: how mail to each destination fares, and how TLS to us does in the eyes of others."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

from mailstead.model.address import domain_key
from mailstead.model.errors import Reason, Refusal
from mailstead.service.ports import Clock
from mailstead.service.reports.figures_sum import Destination, FiguresSum, HeardSum, figures_sums, heard_sums
from mailstead.telemetry.sums import Sum, Sums

DAYS_MOST: Final = 90
_DAY_S: Final = 86_400
Row = dict[str, Any]
S = TypeVar("S", bound=Sum)


class Figures:
    """``folder``: of the events; ``run`` takes reading off the loop; ``flush`` writes what this process has not written yet."""

    def __init__(self, folder: Path, *, run: Callable[[Callable[[], list[Row]]], Awaitable[list[Row]]], flush: Callable[[], None], now_ms: Clock) -> None:
        self._folder = folder
        self._run = run
        self._flush = flush
        self._now_ms = now_ms
        self._figures = figures_sums()
        self._heard = heard_sums()

    async def deliverability(self, days: int = 1, domain: str = "", tenant: int | None = None, limit: int = 50) -> list[Row]:
        """A row a destination, the one with most mail first: today and the days before, ``days`` of them. ``tenant``: of that tenant's mail."""
        wanted = domain_key(domain) if domain else ""
        names = self._days(days)
        self._flush()
        return await self._run(lambda: self._destinations(names, wanted, tenant, min(max(1, limit), 10_000)))

    async def tls_heard(self, days: int = 7, domain: str = "", tenant: int | None = None) -> list[Row]:
        """What other servers have reported about TLS with our domains (RFC 8460), the newest first, each with its failures."""
        wanted = domain_key(domain) if domain else ""
        names = self._days(days)
        self._flush()
        return await self._run(lambda: self._reports(names, wanted, tenant))

    def _days(self, days: int) -> list[str]:
        if not 1 <= days <= DAYS_MOST:
            raise Refusal(Reason.INVALID, f"Days are a number from 1 to {DAYS_MOST}.")
        today = datetime.fromtimestamp(self._now_ms() / 1000, UTC)
        return [(today - timedelta(days=back)).strftime("%Y-%m-%d") for back in range(days)]

    def _of(self, sums: Sums[S], total: S, days: list[str]) -> S:
        for day in days:
            total.merge(sums.of_day(self._folder / day))
        return total

    def _destinations(self, days: list[str], domain: str, tenant: int | None, limit: int) -> list[Row]:
        found: dict[str, Destination] = {}
        for key, one in self._of(self._figures, FiguresSum(), days).destinations.items():
            whose, _, name = key.partition("\t")
            if (tenant is None or whose == str(tenant)) and domain in {"", name}:
                found.setdefault(name, Destination()).merge(one)
        rows = [_row(name, one) for name, one in found.items()]
        rows.sort(key=lambda row: (-(row["delivered"] + row["bounced"] + row["deferred"]), row["domain"]))
        return rows[:limit]

    def _reports(self, days: list[str], domain: str, tenant: int | None) -> list[Row]:
        total = self._of(self._heard, HeardSum(), days)
        rows = [
            {**report, "failures": sorted(total.failures.get(key, ()), key=lambda row: -int(row.get("count") or 0))}
            for key, report in total.reports.items()
            if domain in {"", report.get("domain")} and tenant in {None, report.get("tenant")}
        ]
        return sorted(rows, key=lambda row: str(row.get("at", "")), reverse=True)


def _row(name: str, one: Destination) -> Row:
    errors = [
        {"meaning": meaning, "count": error.count, "at": error.at, "hop": error.hop, "text": error.text} for meaning, error in one.errors.items()
    ]
    return {
        "domain": name, "delivered": one.delivered, "deferred": one.deferred, "bounced": one.bounced, "complained": one.complained,
        "bounce_share": _share(one.bounced, one.delivered + one.bounced), "complaint_share": _share(one.complained, one.delivered),
        "tls_share": _share(one.encrypted, one.delivered), "half_within_s": one.within_s(0.5), "most_within_s": one.within_s(0.95),
        "errors": sorted(errors, key=lambda error: (-error["count"], error["meaning"])),
    }  # fmt: skip


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0
