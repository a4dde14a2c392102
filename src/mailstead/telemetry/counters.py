"""Counters and gauges of one process: a dict of integers.

A key is the name alone or ``(name, (label, value), …)``, labels in the order of the call. No lock: a lost increment between
two threads is a smaller evil than half a microsecond on every command, and all hot counters are touched by the loop's
thread only. Values of several workers are added (``merge``), so gauges must be such that a sum means something.
"""

from collections.abc import Iterable

Key = str | tuple[str | tuple[str, str], ...]


class Snapshot:
    """Counters and gauges at one moment; each row is (name, labels, value), labels sorted."""

    __slots__ = ("counters", "gauges")

    def __init__(
        self,
        counters: dict[tuple[str, tuple[tuple[str, str], ...]], float],
        gauges: dict[tuple[str, tuple[tuple[str, str], ...]], float],
    ) -> None:
        self.counters = counters
        self.gauges = gauges

    def to_rows(self) -> list[tuple[str, str, list[tuple[str, str]], float]]:
        """A form that msgpack can carry: (``c`` or ``g``, name, labels, value)."""
        return [("c", name, list(labels), value) for (name, labels), value in self.counters.items()] + [
            ("g", name, list(labels), value) for (name, labels), value in self.gauges.items()
        ]

    @staticmethod
    def from_rows(rows: Iterable[tuple[str, str, Iterable[tuple[str, str]], float]]) -> "Snapshot":
        """The inverse of ``to_rows``."""
        snapshot = Snapshot({}, {})
        for kind, name, labels, value in rows:
            target = snapshot.counters if kind == "c" else snapshot.gauges
            target[name, tuple((label, text) for label, text in labels)] = value
        return snapshot


class Counters:
    """The two dicts and the calls that change them."""

    def __init__(self) -> None:
        self._counters: dict[Key, int] = {}
        self._gauges: dict[Key, float] = {}

    def count(self, name: str, n: int = 1, /, **labels: str) -> None:
        """Add ``n`` to a counter. Label values must come from a small closed set."""
        key: Key = (name, *labels.items()) if labels else name
        counters = self._counters
        try:
            counters[key] += n
        except KeyError:
            counters[key] = n

    def gauge(self, name: str, value: float, /, **labels: str) -> None:
        """Set a gauge."""
        self._gauges[(name, *labels.items()) if labels else name] = value

    def forget(self) -> None:
        """In a forked child: start from nothing, or the sum over the processes would count twice."""
        self._counters.clear()
        self._gauges.clear()

    def snapshot(self) -> Snapshot:
        """A copy, keys normalised."""
        merged = Snapshot({}, {})
        for source, target in ((self._counters, merged.counters), (self._gauges, merged.gauges)):
            for key, value in list(source.items()):
                whole = _normal(key)
                target[whole] = target.get(whole, 0) + value
        return merged


def _normal(key: Key) -> tuple[str, tuple[tuple[str, str], ...]]:
    if isinstance(key, str):
        return key, ()
    labels = sorted((part[0], str(part[1])) for part in key[1:] if isinstance(part, tuple))
    return str(key[0]), tuple(labels)


def merge(snapshots: Iterable[Snapshot]) -> Snapshot:
    """The sum of several processes' snapshots."""
    total = Snapshot({}, {})
    for snapshot in snapshots:
        for source, target in ((snapshot.counters, total.counters), (snapshot.gauges, total.gauges)):
            for key, value in source.items():
                target[key] = target.get(key, 0) + value
    return total
