"""Who has guessed too often: failures counted per address, a pause for each, a ban for many (SERVER.md).

Bounded memory: the addresses seen longest ago are forgotten first. Loopback is exempt (DECISIONS 26). Times are seconds of
a clock that never goes back.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mailstead.model import limits

_KEPT: Final = 50_000


@dataclass(slots=True)
class _Record:
    since_s: float
    failures: int = 0
    banned_until_s: float = 0.0


class Guessing:
    """``now_s`` is the clock."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def is_banned(self, key: str) -> bool:
        record = self._records.get(key)
        return record is not None and self._now_s() < record.banned_until_s

    def failed(self, key: str) -> bool:
        """Count a failure; whether it was the one too many."""
        now = self._now_s()
        record = self._records.get(key)
        if record is None or now - record.since_s > limits.AUTH_WINDOW_S:
            record = self._records[key] = _Record(now)
        self._records.move_to_end(key)
        while len(self._records) > _KEPT:
            self._records.popitem(last=False)
        record.failures += 1
        if record.failures >= limits.AUTH_FAILURES_PER_ADDRESS and now >= record.banned_until_s:
            record.banned_until_s = now + limits.AUTH_BAN_S
            record.failures = 0
            return True
        return False

    def succeeded(self, key: str) -> None:
        """A right password halves the count: a household behind one address is not banned for one member's phone."""
        record = self._records.get(key)
        if record is not None:
            record.failures //= 2
