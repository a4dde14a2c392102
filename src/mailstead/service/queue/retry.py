"""When to try again: facts in, a decision out. No clock, no chance: two runs decide alike (RFC 5321 §4.5.4.1).

Waits grow from a minute to four hours, stretched by up to a quarter that depends on the entry, so that a queue that
failed together does not come back together. An entry lives until ``expires_at_ms``; the last try is made at that moment.
The author of a message that waits longer than ``TELL_AFTER_MS`` hears of it once, then and not before, however often it was tried.
"""

from dataclasses import dataclass
from typing import Final

from mailstead.service.ports import Attempt, Failed, Sent
from mailstead.store.interface import QueueEntry

_MINUTE: Final = 60_000
WAITS_MS: Final = tuple(minutes * _MINUTE for minutes in (1, 5, 15, 30, 60, 120, 240))
TELL_AFTER_MS: Final = 4 * 60 * _MINUTE
_KNUTH: Final = 2_654_435_761
_STEPS: Final = 1_024
_LATEST_SHARE: Final = 4
"""The stretch is at most 1/4 of the wait."""


@dataclass(frozen=True, slots=True)
class Done:
    """The next hop has it."""

    sent: Sent


@dataclass(frozen=True, slots=True)
class Again:
    """Try at ``due_at_ms``. ``tells``: the author hears now that it takes long."""

    due_at_ms: int
    failed: Failed
    tells: bool


@dataclass(frozen=True, slots=True)
class GiveUp:
    """It will not go. ``is_late``: time ran out, the failure itself was temporary."""

    failed: Failed
    is_late: bool


Decision = Done | Again | GiveUp


def decide(entry: QueueEntry, attempt: Attempt, now_ms: int) -> Decision:
    """What follows from an attempt. ``entry`` as it was before the attempt."""
    if isinstance(attempt, Sent):
        return Done(attempt)
    if attempt.is_permanent:
        return GiveUp(attempt, is_late=False)
    ends = ends_ms(entry)
    if now_ms >= ends:
        return GiveUp(attempt, is_late=True)
    due = min(now_ms + wait_ms(entry.job_id, entry.attempts), ends)
    return Again(due, attempt, tells=entry.check_at_ms <= now_ms)


def ends_ms(entry: QueueEntry) -> int:
    """When it is given up: as DELIVERBY says with ``R`` (RFC 2852 §4.1.4.2), else when its time is over."""
    at, _, mode = str(entry.options.get("by", "")).partition(";")
    return min(entry.expires_at_ms, int(at)) if at and mode.startswith("R") else entry.expires_at_ms


def check_ms(entry: QueueEntry, now_ms: int) -> int:
    """When the age of a message matters next after ``now_ms``: its author is to be told, or it is given up."""
    at, _, mode = str(entry.options.get("by", "")).partition(";")
    moments = [entry.created_at_ms + TELL_AFTER_MS, ends_ms(entry)]
    if at and mode.startswith("N"):
        moments.append(int(at))
    return min((moment for moment in moments if moment > now_ms), default=ends_ms(entry))


def wait_ms(number: int, attempts: int) -> int:
    """How long to wait after attempt number ``attempts`` (from 0) of job ``number`` failed."""
    wait = WAITS_MS[min(attempts, len(WAITS_MS) - 1)]
    return wait + int(wait * stretch(number, attempts) / _LATEST_SHARE)


def stretch(number: int, attempts: int) -> float:
    """Between 0 and 1, the same for the same arguments."""
    return ((number ^ attempts) * _KNUTH >> 16 & (_STEPS - 1)) / _STEPS
