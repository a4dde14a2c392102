"""UIDs, modseqs and sets of UIDs.

A ``UidSet`` is sorted, disjoint, inclusive ranges: the form in which IMAP speaks of many messages (RFC 9051 §9,
``sequence-set``) and in which the store is asked. It knows no ``*``: whoever parses a command resolves that first.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NewType

Uid = NewType("Uid", int)
"""1..2^32-1, for good in one mailbox (RFC 9051 §2.3.1.1)."""
ModSeq = NewType("ModSeq", int)
"""Position in the account's change log: 1..2^63-1 (RFC 7162 §3.1)."""


@dataclass(frozen=True, slots=True)
class UidSet:
    """``ranges``: sorted, disjoint, not adjacent, both ends included."""

    ranges: tuple[tuple[int, int], ...] = ()

    @staticmethod
    def of(uids: Iterable[int]) -> "UidSet":
        """The set of these numbers, in any order, repeats allowed."""
        return UidSet.of_ranges((uid, uid) for uid in uids)

    @staticmethod
    def of_ranges(ranges: Iterable[tuple[int, int]]) -> "UidSet":
        """The set of these ranges; ends may be given either way round."""
        merged: list[tuple[int, int]] = []
        for low, high in sorted((a, b) if a <= b else (b, a) for a, b in ranges):
            if merged and low <= merged[-1][1] + 1:
                if high > merged[-1][1]:
                    merged[-1] = (merged[-1][0], high)
            else:
                merged.append((low, high))
        return UidSet(tuple(merged))

    @staticmethod
    def all() -> "UidSet":
        """Every possible UID."""
        return UidSet(((1, 0xFFFFFFFF),))

    def __contains__(self, uid: object) -> bool:
        if not isinstance(uid, int):
            return False
        at = bisect_right(self.ranges, (uid, 1 << 64)) - 1
        return at >= 0 and self.ranges[at][1] >= uid

    def __iter__(self) -> Iterator[int]:
        for low, high in self.ranges:
            yield from range(low, high + 1)

    def __len__(self) -> int:
        return sum(high - low + 1 for low, high in self.ranges)

    def __bool__(self) -> bool:
        return bool(self.ranges)

    def union(self, other: "UidSet") -> "UidSet":
        """Numbers in either set."""
        return UidSet.of_ranges(self.ranges + other.ranges)

    def intersection(self, other: "UidSet") -> "UidSet":
        """Numbers in both sets."""
        found: list[tuple[int, int]] = []
        i = j = 0
        while i < len(self.ranges) and j < len(other.ranges):
            low = max(self.ranges[i][0], other.ranges[j][0])
            high = min(self.ranges[i][1], other.ranges[j][1])
            if low <= high:
                found.append((low, high))
            if self.ranges[i][1] < other.ranges[j][1]:
                i += 1
            else:
                j += 1
        return UidSet(tuple(found))

    def __str__(self) -> str:
        return ",".join(f"{low}" if low == high else f"{low}:{high}" for low, high in self.ranges)
