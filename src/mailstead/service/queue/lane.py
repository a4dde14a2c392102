"""What waits on one route from one account with one priority: numbers and times in two arrays, 16 octets a job, whatever is due when.

The rows are in the store; a job is read when its turn comes, and its row decides. Pure.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections import deque
from typing import TYPE_CHECKING, Final

from mailstead.model.ids import AccountId, TenantId
from mailstead.store.interface import QueueJob

if TYPE_CHECKING:
    from mailstead.service.queue.schedule import Route

Key = tuple[int, int, int, int]
"""(shard, priority, tenant, account)."""
_SLACK: Final = 512
"""So many taken places at the front are borne before they are given back."""


class Lane:
    """``ready``: jobs that were read and come next. ``wake_ms``: when the schedule will look here; None: it will not."""

    __slots__ = ("_due", "_first", "_numbers", "in_hand", "is_listed", "key", "ready", "route", "wake_ms")

    def __init__(self, key: Key, route: "Route") -> None:
        self.key = key
        self.route = route
        self.ready: deque[QueueJob] | None = None
        self.in_hand = 0
        self.is_listed = False
        self.wake_ms: int | None = None
        self._due = array("q")
        self._numbers = array("q")
        self._first = 0

    @property
    def priority(self) -> int:
        return self.key[1]

    @property
    def tenant(self) -> TenantId:
        return TenantId(self.key[2])

    @property
    def account(self) -> AccountId:
        return AccountId(self.key[3])

    @property
    def waiting(self) -> int:
        """How many wait in the arrays."""
        return len(self._due) - self._first

    @property
    def due_ms(self) -> int | None:
        """When the first of those is due."""
        return self._due[self._first] if self._first < len(self._due) else None

    def due(self, now_ms: int) -> int:
        """How many could go: those that were read, and those in the arrays whose time has come."""
        read = len(self.ready) if self.ready else 0
        if self._first < len(self._due) and self._due[self._first] <= now_ms:
            read += bisect_right(self._due, now_ms, self._first) - self._first
        return read

    def add(self, number: int, due_ms: int) -> None:
        """A job that waits until ``due_ms``; of the same moment the elder goes first."""
        if not self._due or (self._due[-1], self._numbers[-1]) < (due_ms, number):
            self._due.append(due_ms)
            self._numbers.append(number)
            return
        at = bisect_right(self._due, due_ms, self._first)
        while at > self._first and self._due[at - 1] == due_ms and self._numbers[at - 1] > number:
            at -= 1
        self._due.insert(at, due_ms)
        self._numbers.insert(at, number)

    def first(self, now_ms: int, most: int) -> list[int]:
        """The numbers of the first ``most`` that are due; they stay."""
        end = min(self._first + most, bisect_right(self._due, now_ms, self._first))
        return self._numbers[self._first : end].tolist()

    def drop(self, count: int) -> None:
        """The first ``count`` leave the arrays."""
        self._first += count
        if self._first == len(self._due):
            self._clear()
        elif self._first > _SLACK and self._first > len(self._due) // 2:
            del self._due[: self._first], self._numbers[: self._first]
            self._first = 0

    def remove(self, number: int, due_ms: int) -> None:
        """A certain job leaves, wherever it is."""
        if self.ready:
            self.ready = deque(one for one in self.ready if one.job_id != number)
        at = bisect_left(self._due, due_ms, self._first)
        while at < len(self._due) and self._due[at] == due_ms:
            if self._numbers[at] == number:
                del self._due[at], self._numbers[at]
                return
            at += 1

    def unread(self) -> None:
        """What was read goes back into the arrays: it is in the store, and need not be in memory."""
        if self.ready:
            for job in self.ready:
                self.add(job.job_id, job.due_at_ms)
        self.ready = None

    def empty(self) -> None:
        """Nothing waits here."""
        self._clear()
        self.ready = None

    def _clear(self) -> None:
        self._due = array("q")
        self._numbers = array("q")
        self._first = 0
