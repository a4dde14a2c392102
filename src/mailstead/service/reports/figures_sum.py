"""How mail to each destination fares, and what others say of TLS to us: a day's events added up."""

from typing import Any, Final

import msgspec

from mailstead.model.address import domain_key
from mailstead.telemetry.sums import Sums

DESTINATIONS: Final = 20_000
"""Of a worker and day, by tenant; more are added up under ``OTHERS``."""
OTHERS: Final = "*"
MEANINGS: Final = 30
"""Groups of errors of one destination."""
LATENCY_S: Final = (1, 5, 15, 60, 300, 1_800, 7_200, 43_200)
"""Upper bounds of the groups by which the time from acceptance to delivery is counted; the last group has none."""
REPORTS: Final = 2_000
_SUBJECTS: Final = {1: "address", 2: "mailbox", 3: "next server", 4: "network", 5: "protocol", 6: "content", 7: "policy"}
"""RFC 3463 §3."""
_TEXT: Final = 300


class Error(msgspec.Struct, array_like=True):
    """Refusals that mean the same. ``at`` and ``text``: of the last one."""

    count: int = 0
    at: str = ""
    text: str = ""
    hop: str = ""


class Destination(msgspec.Struct, array_like=True):
    """One destination. ``deferred`` counts attempts, the others recipients; ``latency`` by ``LATENCY_S``."""

    delivered: int = 0
    deferred: int = 0
    bounced: int = 0
    complained: int = 0
    encrypted: int = 0
    latency: list[int] = []
    errors: dict[str, Error] = {}

    def merge(self, other: "Destination") -> None:
        self.delivered += other.delivered
        self.deferred += other.deferred
        self.bounced += other.bounced
        self.complained += other.complained
        self.encrypted += other.encrypted
        for number, count in enumerate(other.latency):
            self._late(number, count)
        for meaning, error in other.errors.items():
            self.err(meaning, error)

    def err(self, meaning: str, error: Error) -> None:
        known = self.errors.get(meaning)
        if known is None:
            if len(self.errors) >= MEANINGS:
                meaning = "other"
            known = self.errors.setdefault(meaning, Error())
        known.count += error.count
        if error.at >= known.at:
            known.at, known.text, known.hop = error.at, error.text, error.hop

    def _late(self, number: int, count: int) -> None:
        while len(self.latency) <= number:
            self.latency.append(0)
        self.latency[number] += count

    def took(self, seconds: float) -> None:
        """A message was delivered so long after it was accepted."""
        self._late(next((number for number, bound in enumerate(LATENCY_S) if seconds <= bound), len(LATENCY_S)), 1)

    def within_s(self, share: float) -> int | None:
        """In how many seconds this share of what was delivered arrived, as an upper bound; None: longer than the last bound, or nothing was."""
        wanted, seen = share * sum(self.latency), 0
        for bound, count in zip(LATENCY_S, self.latency, strict=False):
            seen += count
            if seen and seen >= wanted:
                return bound
        return None


class FiguresSum(msgspec.Struct, array_like=True):
    """``destinations`` by tenant and domain."""

    destinations: dict[str, Destination] = {}

    def add(self, event: dict[str, Any]) -> None:
        """A ``message.sent``, ``.deferred`` or ``.bounced``, or a ``complaint.received``."""
        domain = domain_key(str(event.get("forward_path", "")).rpartition("@")[2])[:255]
        if not domain or event.get("here"):
            return
        one = self._of(f"{event.get('tenant') or 0}\t{domain}")
        match event.get("event"):
            case "message.sent":
                one.delivered += 1
                one.encrypted += bool(event.get("tls"))
                one.took(float(event.get("age_ms") or 0) / 1000)
                return
            case "complaint.received":
                one.complained += 1
                return
            case "message.bounced":
                one.bounced += 1
            case _:
                one.deferred += 1
        text = f"{event.get('code') or ''} {event.get('reason', '')}".strip()[:_TEXT]
        one.err(_meaning(event), Error(1, str(event.get("at", "")), text, str(event.get("hop", ""))[:255]))

    def _of(self, key: str) -> Destination:
        found = self.destinations.get(key)
        if found is None:
            if len(self.destinations) >= DESTINATIONS:
                key = f"{key.partition(chr(9))[0]}\t{OTHERS}"
            found = self.destinations.setdefault(key, Destination())
        return found

    def merge(self, other: "FiguresSum") -> None:
        for key, one in other.destinations.items():
            self._of(key).merge(one)


def _meaning(event: dict[str, Any]) -> str:
    """By the word of the rules, else by what the status speaks of."""
    word = str(event.get("meaning", ""))
    if word:
        return word
    subject = str(event.get("status", "")).split(".")
    if len(subject) == 3 and subject[1].isdigit():  # noqa: PLR2004 - class, subject, detail
        return _SUBJECTS.get(int(subject[1]), "other")
    return "other"


class HeardSum(msgspec.Struct, array_like=True):
    """TLS reports of others about our domains: by report, what it says of each of our domains. A report that came twice counts once."""

    reports: dict[str, dict[str, Any]] = {}
    failures: dict[str, list[dict[str, Any]]] = {}

    def add(self, event: dict[str, Any]) -> None:
        """A ``tlsrpt.received`` or ``tlsrpt.failure_received``."""
        key = "\t".join(str(event.get(name, "")) for name in ("organization", "report", "domain", "policy"))
        if event.get("event") == "tlsrpt.received":
            if len(self.reports) < REPORTS:
                names = ("at", "tenant", "domain", "organization", "policy", "starts", "ends", "good", "bad")
                self.reports.setdefault(key, {name: event.get(name) for name in names})
            return
        if key in self.reports:
            row = {name: event.get(name) for name in ("result", "count", "hop", "address", "sender", "reason")}
            rows = self.failures.setdefault(key, [])
            if row not in rows and len(rows) < MEANINGS:
                rows.append(row)

    def merge(self, other: "HeardSum") -> None:
        for key, report in other.reports.items():
            if len(self.reports) < REPORTS or key in self.reports:
                self.reports.setdefault(key, report)
        for key, failures in other.failures.items():
            rows = self.failures.setdefault(key, [])
            rows += [row for row in failures if row not in rows]


def figures_sums() -> Sums[FiguresSum]:
    """Adds up what became of mail."""
    return Sums("figures", FiguresSum, ("message.sent", "message.deferred", "message.bounced", "complaint.received"), 1)


def heard_sums() -> Sums[HeardSum]:
    """Adds up TLS reports of others."""
    return Sums("heard", HeardSum, ("tlsrpt.received", "tlsrpt.failure_received"), 1)
