"""Deliverability from the events, and TLS reports of others."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mailstead.model.errors import Refusal
from mailstead.service.reports import figures_sum
from mailstead.service.reports.figures import Figures
from mailstead.service.reports.figures_sum import LATENCY_S, OTHERS, Destination, FiguresSum, HeardSum, figures_sums
from mailstead.telemetry.record import INFO, to_json

TODAY = datetime(2026, 11, 26, 12, tzinfo=UTC)


class World:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.flushed = 0
        self.count = 0
        self.figures = Figures(folder, run=self.run, flush=self.flush, now_ms=lambda: int(TODAY.timestamp() * 1000))

    async def run(self, work: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
        return work()

    def flush(self) -> None:
        self.flushed += 1

    def tell(self, name: str, *, day: str = "2026-11-26", worker: int = 0, **fields: Any) -> None:
        (self.folder / day).mkdir(exist_ok=True)
        self.count += 1
        at = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() + self.count) * 10**9
        with (self.folder / day / f"worker-{worker}.jsonl").open("ab") as file:
            file.write(to_json((at, name, INFO, fields), worker))

    def sent(self, to: str = "bob@There.example", *, tenant: int = 1, age_ms: int = 800, tls: str = "TLSv1.3", **more: Any) -> None:
        self.tell("message.sent", tenant=tenant, forward_path=to, age_ms=age_ms, tls=tls, status="2.0.0", code=250, reason="ok", **more)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_a_destination_in_figures(world: World) -> None:
    for number in range(8):
        world.sent(age_ms=800 if number < 6 else 40_000, tls="TLSv1.3" if number else "", worker=number % 2)
    world.tell("message.deferred", tenant=1, forward_path="x@there.example", code=451, status="4.7.1", reason="4.7.1 slow down", hop="mx", meaning="rate limited")
    world.tell("message.deferred", tenant=1, forward_path="x@there.example", code=451, status="4.7.1", reason="4.7.1 slower", hop="mx2", meaning="rate limited")
    world.tell("message.bounced", tenant=1, forward_path="y@there.example", code=550, status="5.2.3", reason="5.2.3 odd", hop="mx")
    world.tell("message.bounced", tenant=1, forward_path="z@there.example", code=0, status="5.4.4", reason="no way")
    world.tell("complaint.received", tenant=1, forward_path="bob@there.example", reason="abuse")
    world.tell("message.sent", tenant=1, forward_path="alice@ours.example", here=True, age_ms=1)
    world.tell("message.filed", tenant=1, forward_path="alice@ours.example")
    (row,) = await world.figures.deliverability()
    assert world.flushed == 1
    assert ("there.example", 8, 2, 2, 1) == tuple(row[key] for key in ("domain", "delivered", "deferred", "bounced", "complained"))
    assert (0.2, 0.125, 0.875, 1, 60) == tuple(row[key] for key in ("bounce_share", "complaint_share", "tls_share", "half_within_s", "most_within_s"))
    assert [("rate limited", 2, "451 4.7.1 slower", "mx2"), ("mailbox", 1, "550 5.2.3 odd", "mx"), ("network", 1, "no way", "")] == [
        (one["meaning"], one["count"], one["text"], one["hop"]) for one in row["errors"]
    ]


async def test_days_domains_and_tenants_are_told_apart(world: World) -> None:
    world.sent()
    world.sent("a@bücher.example", tenant=2)
    world.sent(day="2026-11-25")
    world.sent(day="2026-11-20")
    assert [("there.example", 1), ("xn--bcher-kva.example", 1)] == [(row["domain"], row["delivered"]) for row in await world.figures.deliverability()]
    assert [2] == [row["delivered"] for row in await world.figures.deliverability(days=2, domain="THERE.example")]
    assert [3] == [row["delivered"] for row in await world.figures.deliverability(days=7, tenant=1)]
    assert ["xn--bcher-kva.example"] == [row["domain"] for row in await world.figures.deliverability(days=7, tenant=2)]
    assert [] == await world.figures.deliverability(tenant=3)
    assert 1 == len(await world.figures.deliverability(limit=1))
    with pytest.raises(Refusal):
        await world.figures.deliverability(days=0)


async def test_what_is_kept_is_not_counted_twice(world: World) -> None:
    world.sent()
    figures_sums().keep(world.folder / "2026-11-26", is_over=True)
    world.sent()
    assert [2] == [row["delivered"] for row in await world.figures.deliverability()]


def test_figures_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures_sum, "DESTINATIONS", 5)
    total = FiguresSum()
    for number in range(20):
        total.add({"event": "message.sent", "tenant": 1, "forward_path": f"a@d{number}.example", "age_ms": 5})
    assert 6 == len(total.destinations)
    assert 15 == total.destinations[f"1\t{OTHERS}"].delivered
    one = Destination()
    for number in range(100):
        one.err(f"m{number}", figures_sum.Error(1, "", "", ""))
    assert 100 == sum(error.count for error in one.errors.values())
    assert len(one.errors) <= figures_sum.MEANINGS + 1


def test_the_time_it_took() -> None:
    one = Destination()
    assert one.within_s(0.5) is None
    for seconds in (0.5, 1, 2, 100, 10**6):
        one.took(seconds)
    assert (1, 5, 300, None) == (one.within_s(0.2), one.within_s(0.5), one.within_s(0.8), one.within_s(0.95))
    assert len(one.latency) == len(LATENCY_S) + 1


async def test_tls_reports_of_others(world: World) -> None:
    about: dict[str, Any] = {"tenant": 1, "domain": "ours.example", "organization": "There", "report": "r1", "policy": "sts", "forward_path": "postmaster@ours.example"}
    for _ in range(2):  # the same report twice, as after a lost answer
        world.tell("tlsrpt.received", starts="s", ends="e", good=9, bad=3, reason="", **about)
        world.tell("tlsrpt.failure_received", result="certificate-expired", count=3, hop="mx.ours.example", address="", sender="", reason="x", **about)
    world.tell("tlsrpt.failure_received", result="validation-failure", count=1, hop="", address="", sender="", reason="x", **{**about, "report": "forged"})
    (row,) = await world.figures.tls_heard(domain="ours.example")
    assert ("There", 9, 3) == (row["organization"], row["good"], row["bad"])
    assert [("certificate-expired", 3)] == [(one["result"], one["count"]) for one in row["failures"]]
    assert [] == await world.figures.tls_heard(domain="else.example")
    assert [] == await world.figures.tls_heard(tenant=2)
    assert {} == HeardSum().reports
