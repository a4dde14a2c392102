"""Warming up a new source address: large receivers distrust an address from which nothing ever came, and more so one from which much comes at once.

From the day on which an address is first sent from, each site gets ``FIRST_DAY`` messages in the first day and ``GROWTH`` times as many with each further one, until the ramp's
days are over. A day on which a site has shown displeasure does not count for that site: its ramp ends later. Pure: time is handed in.
"""

from dataclasses import dataclass
from typing import Final

FIRST_DAY: Final = 50.0
GROWTH: Final = 1.4
BURST_SHARE: Final = 8
"""So much of a day's messages may go at once; the rest is spread over the day."""
BURST_LEAST: Final = 5.0
DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class WarmUp:
    """``begun_at_ms``: when the address was first sent from; ``days``: how long it takes."""

    begun_at_ms: int
    days: int

    def per_day(self, lost_days: int, now_ms: int) -> float:
        """Messages a day to one site that has had so many bad days; 0: as many as there are."""
        age = (now_ms - self.begun_at_ms) / DAY_MS - lost_days
        return 0.0 if age >= self.days else FIRST_DAY * GROWTH ** max(0.0, age)

    def is_over(self, now_ms: int) -> bool:
        """For a site that has lost no day."""
        return now_ms - self.begun_at_ms >= self.days * DAY_MS


class Allowance:
    """What one site may still be sent."""

    __slots__ = ("_at_ms", "_left")

    def __init__(self) -> None:
        self._left = -1.0
        self._at_ms = 0

    def wait_ms(self, per_day: float, now_ms: int) -> int:
        """How long the next message has to wait; 0: it may go."""
        most = max(BURST_LEAST, per_day / BURST_SHARE)
        if self._left < 0:
            self._left = most
        else:
            self._left = min(most, self._left + max(0, now_ms - self._at_ms) * per_day / DAY_MS)
        self._at_ms = now_ms
        return 0 if self._left >= 1 else max(1, int((1 - self._left) * DAY_MS / per_day) + 1)

    def took(self) -> None:
        """One of them goes."""
        self._left = max(0.0, self._left - 1)
