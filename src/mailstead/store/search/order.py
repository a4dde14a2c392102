"""In what order emails lie in an answer (RFC 8621 §4.4.2)."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

from mailstead.model import condition as c
from mailstead.model.query import Comparator, Query, SortBy
from mailstead.store.engine.sqlite import Database
from mailstead.store.search.columns import Columns, Row
from mailstead.store.search.judging import Compiler


def asks_of_threads(query: Query) -> bool:
    """Whether an email's place in the answer depends on others of its thread."""
    return _of_threads(query.condition) or any(one.by in {SortBy.ALL_IN_THREAD, SortBy.SOME_IN_THREAD} for one in query.sort)


def _of_threads(condition: c.Condition) -> bool:
    match condition:
        case c.And(inner) | c.Or(inner):
            return any(map(_of_threads, inner))
        case c.Not(part):
            return _of_threads(part)
        case c.ThreadHas() | c.ThreadMeets():
            return True
    return False


@functools.total_ordering
class _Down:
    """A text that sorts the other way round."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Down) and self.text == other.text

    def __lt__(self, other: "_Down") -> bool:
        return self.text > other.text

    __hash__ = None  # type: ignore[assignment]


def key_of(query: Query, columns: Columns, db: Database, of: Mapping[int, Row] | None = None) -> Callable[[int], tuple[Any, ...]]:
    """What emails are sorted by; equal ones lie as they were received, in the direction of the first comparator by that."""
    compiler = Compiler(db, columns, None, None)
    facts = columns.facts(db)
    rows = columns.rows if of is None else of
    parts = [_value(one, compiler, facts) for one in query.sort]
    last = next((1 if one.ascending else -1 for one in query.sort if one.by is SortBy.RECEIVED), -1)

    def key(email: int) -> tuple[Any, ...]:
        row = rows[email]
        return (*[part(email, row) for part in parts], last * row.received_ms, last * email)

    return key


def _value(one: Comparator, compiler: Compiler, facts: Callable[[int], Any]) -> Callable[[int, Row], Any]:
    sign = 1 if one.ascending else -1
    match one.by:
        case SortBy.RECEIVED:
            return lambda _, row: sign * row.received_ms
        case SortBy.SIZE:
            return lambda _, row: sign * row.size
        case SortBy.SENT:
            return lambda email, row: sign * (facts(email).sent_ms or row.received_ms)
        case SortBy.FROM | SortBy.TO | SortBy.SUBJECT:
            field = {SortBy.FROM: 1, SortBy.TO: 2, SortBy.SUBJECT: 3}[one.by]
            if one.ascending:
                return lambda email, _: facts(email)[field]
            return lambda email, _: _Down(facts(email)[field])
        case SortBy.KEYWORD | SortBy.ALL_IN_THREAD | SortBy.SOME_IN_THREAD:
            if one.by is SortBy.KEYWORD:
                judge = compiler.compile(c.HasFlag(one.keyword))
            else:
                judge = compiler.compile(c.ThreadHas(one.keyword, every=one.by is SortBy.ALL_IN_THREAD))
            return lambda email, row: sign * int(judge(email, row))
