"""How fast a site is sent to: what the table says about it, and what is learnt from its answers.

Learning is that of TCP: a little more after each success, half as much after a sign of displeasure, which counts once in
``CALM_MS``. Pure: time is handed in.
"""

import fnmatch
import importlib.resources
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import msgspec

from mailstead.service.ports import Failed
from mailstead.service.queue.warmup import DAY_MS, Allowance, WarmUp

FIRST: Final = 5.0
"""Connections to a site of which nothing is known yet."""
CALM_MS: Final = 10_000
_SLOWED: Final = 10
"""Messages a minute that are left at least where a first sign of displeasure finds no rate; the next signs go below."""
GREYLISTED: Final = "greylisted"
_MINUTE_MS: Final = 60_000
_SHUTTING: Final = 421
_BUSY_SUBJECTS: Final = frozenset({(3, 2), (4, 5), (7, 0), (7, 1), (7, 28)})
"""Statuses of class 4 that speak of us or of the moment, not of a recipient (RFC 3463 §3)."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Bounds for a site. ``per_minute`` 0: none."""

    name: str
    connections: int
    messages: int
    per_minute: int
    mx: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an answer means. ``word`` "": nobody knows."""

    word: str = ""
    hold_s: int = 0
    is_slower: bool = False


@dataclass(frozen=True, slots=True)
class _Answer:
    provider: str
    match: re.Pattern[str]
    meaning: Meaning


class Rules:
    """The table. ``text``: TOML as in ``providers.toml``, looked at before what is shipped. Raises ``ValueError``."""

    def __init__(self, text: str = "") -> None:
        shipped = importlib.resources.files(__package__).joinpath("providers.toml").read_text("utf-8")
        tables = [tomllib.loads(text), tomllib.loads(shipped)] if text else [tomllib.loads(shipped)]
        default = {**tables[-1]["default"], **tables[0].get("default", {})}
        self.default = _rule("", default, default)
        self.providers = [_rule(str(one["name"]), one, default) for table in tables for one in table.get("provider", [])]
        self._answers = [_answer(one) for table in tables for one in table.get("answer", [])]

    def of(self, hosts: Sequence[str]) -> Rule:
        """The rule for a site with these exchangers: all of them must be the provider's."""
        for rule in self.providers:
            if hosts and all(any(fnmatch.fnmatchcase(host, pattern) for pattern in rule.mx) for host in hosts):
                return rule
        return self.default

    def meaning(self, provider: str, failed: Failed) -> Meaning:
        """What a refusal means."""
        return self._meaning(provider, f"{failed.code} {failed.status} {failed.text[:500]}")

    @lru_cache(maxsize=2_000)  # noqa: B019 - the table lives as long as the process
    def _meaning(self, provider: str, text: str) -> Meaning:
        for answer in self._answers:
            if answer.provider in {"", provider} and answer.match.search(text):
                return answer.meaning
        return Meaning()


def _rule(name: str, table: dict[str, Any], default: dict[str, Any]) -> Rule:
    numbers = {key: table.get(key, default[key]) for key in ("connections", "messages", "per_minute")}
    if not all(isinstance(value, int) and value >= (key == "connections") for key, value in numbers.items()):
        raise ValueError(f"the rule “{name}”: connections, messages and per_minute are whole numbers, connections at least 1")
    return Rule(name, **numbers, mx=tuple(str(pattern) for pattern in table.get("mx", ())))


def _answer(table: dict[str, Any]) -> _Answer:
    meaning = Meaning(str(table.get("meaning", "")), int(table.get("hold_s", 0)), bool(table.get("slower", False)))
    try:
        return _Answer(str(table.get("provider", "")), re.compile(str(table["match"]), re.IGNORECASE), meaning)
    except (KeyError, re.error) as exc:
        raise ValueError(f"an answer of the rules cannot be read: {exc}") from exc


class Learnt(msgspec.Struct, array_like=True):
    """What outlives a restart."""

    limit: float = FIRST
    per_minute: float = 0.0
    lost_days: int = 0
    """Of a warm-up: days on which it was displeased (``warmup``)."""
    lost_at_day: int = 0
    """The last one, in days since 1970."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Learnt).decode


class Shaping:
    """One site's speed. ``share``: among how many schedulers its limits are divided; ``warm_up``: of the address from which it is sent to."""

    __slots__ = (
        "_allowance", "_calm_ms", "_lost_at_day", "_lost_days", "_minute", "_sent", "_tokens", "_tokens_ms", "limit", "per_minute", "rule", "share", "warm_up",
    )

    def __init__(self, rule: Rule, *, learnt: bytes = b"", share: int = 1, warm_up: WarmUp | None = None) -> None:
        known = _decode(learnt) if learnt else Learnt()
        self.rule = rule
        self.warm_up = warm_up
        self._allowance = Allowance()
        self._lost_days, self._lost_at_day = known.lost_days, known.lost_at_day
        self.share = max(1, share)
        self.limit = min(max(1.0, known.limit), float(rule.connections))
        self.per_minute = known.per_minute or float(rule.per_minute)
        self._tokens = self._burst()
        self._tokens_ms = 0
        self._calm_ms = 0
        self._minute = 0
        self._sent = 0

    @property
    def connections(self) -> int:
        """How many at the moment, of ours."""
        return max(1, int(self.limit) // self.share)

    def learnt(self) -> bytes:
        return _encode(Learnt(round(self.limit, 1), round(self.per_minute, 1), self._lost_days, self._lost_at_day))

    # --------------------------------------------------------------------------------------------------- rate
    def _burst(self) -> float:
        return max(1.0, self.per_minute / self.share / 10)

    def wait_ms(self, now_ms: int) -> int:
        """How long the next message has to wait; 0: it may go."""
        per_day = self._per_day(now_ms)
        slow = self._allowance.wait_ms(per_day, now_ms) if per_day else 0
        return max(slow, self._wait_ms(now_ms))

    def _per_day(self, now_ms: int) -> float:
        return self.warm_up.per_day(self._lost_days, now_ms) / self.share if self.warm_up is not None else 0.0

    def _wait_ms(self, now_ms: int) -> int:
        if not self.per_minute:
            return 0
        each = self.per_minute / self.share / _MINUTE_MS
        if self._tokens_ms:
            self._tokens = min(self._burst(), self._tokens + (now_ms - self._tokens_ms) * each)
        self._tokens_ms = now_ms
        return 0 if self._tokens >= 1 else max(1, int((1 - self._tokens) / each) + 1)

    def took(self, now_ms: int) -> None:
        """A message begins."""
        if self._per_day(now_ms):
            self._allowance.took()
        if self.per_minute:
            self._tokens -= 1
        minute = now_ms // _MINUTE_MS
        if minute != self._minute:
            self._minute, self._sent = minute, 0
        self._sent += 1

    # --------------------------------------------------------------------------------------------------- learning
    def pleased(self) -> None:
        """A message was taken."""
        most = float(self.rule.connections)
        if self.limit < most:
            self.limit = min(most, self.limit + 1 / self.limit)
        bound = float(self.rule.per_minute)
        if self.per_minute and self.per_minute != bound:
            self.per_minute += max(0.1, self.per_minute / 200)
            if bound and self.per_minute > bound:
                self.per_minute = bound
            elif not bound and self.per_minute > 100 * most:
                self.per_minute = 0.0

    def displeased(self, now_ms: int) -> bool:
        """Half as much from now on; False: that was said a moment ago already."""
        if now_ms < self._calm_ms:
            return False
        self._calm_ms = now_ms + CALM_MS
        if self._per_day(now_ms) and self._lost_at_day != now_ms // DAY_MS:
            self._lost_days, self._lost_at_day = self._lost_days + 1, now_ms // DAY_MS
        self.limit = max(1.0, self.limit / 2)
        rate = self.per_minute or float(max(2 * _SLOWED, self._sent * self.share))
        self.per_minute = max(1.0, rate / 2)
        self._tokens = min(self._tokens, 1.0)
        return True


def is_displeasure(failed: Failed) -> bool:
    """Whether a temporary refusal is about us or the moment."""
    status = failed.status
    return not failed.is_permanent and (failed.code == _SHUTTING or (failed.code > 0 and (status.subject, status.detail) in _BUSY_SUBJECTS))
