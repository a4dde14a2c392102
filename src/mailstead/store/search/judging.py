"""Conditions as functions of an email and its row, and what the search index says of the words in them.

Cheap conditions are asked first. What the index tells of beginnings of words is exact; for anything else it only narrows, and the
message itself is read (DECISIONS 14).
"""

import functools
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from mailstead.model import condition as c
from mailstead.model import flags as model
from mailstead.store.engine import sqlite
from mailstead.store.engine.sqlite import Database
from mailstead.store.search import answer
from mailstead.store.search.columns import Columns, Row
from mailstead.store.search.index import SearchIndex
from mailstead.store.search.indexer import changes_since
from mailstead.store.search.material import Material

_FEW: Final = 4
"""Below this part of all emails, those that the index names are sorted; else all are gone through in order."""
_MESSAGES: Final = 1_000
"""Messages that stay open for the next condition."""

Judge = Callable[[int, Row], bool]


class Texts:
    """What the index says of words. An email newer than the index is not ``known`` and has to be read."""

    def __init__(self, db: Database, account: int, search: SearchIndex | None) -> None:
        self._search = search
        self._narrowed: dict[c.Condition, set[int] | None] = {}
        self._unknown: set[int] | None = None
        if search is not None:
            try:
                _, came, _ = changes_since(db, account, search)
                self._unknown = set(came)
            except sqlite.Failure:
                self._search = None

    def narrow(self, condition: c.Condition) -> tuple[set[int] | None, set[int] | None]:
        """(emails that may meet the condition, None: any; emails that must be read whatever the first says, None: all). Asked
        once for each condition."""
        if self._search is None or self._unknown is None:
            return None, None
        if condition not in self._narrowed:
            try:
                self._narrowed[condition] = self._search.narrow(condition)
            except sqlite.Failure:
                return None, None
        return self._narrowed[condition], self._unknown

    def newest(self, condition: c.Contains, most: int) -> tuple[list[int], set[int]]:
        """(the greatest ids that meet a condition on words, emails that must be read); the first is empty where that cannot be told."""
        if self._search is None or self._unknown is None:
            return [], set()
        try:
            found = self._search.newest(condition, most)
        except sqlite.Failure:
            return [], set()
        if found is not None and len(found) < most:
            self._narrowed[condition] = set(found)  # these are all
        return found or [], self._unknown

    def few(self, condition: c.Condition, rows: dict[int, Row]) -> set[int] | None:
        """All emails that can meet a condition, where the index says that they are few; None: many."""
        parts = condition.parts if isinstance(condition, c.And) else (condition,)
        found: set[int] | None = None
        for part in parts:
            if isinstance(part, c.Contains | c.Header):
                may, unknown = self.narrow(part)
                if may is not None and unknown is not None:
                    here = may | unknown
                    found = here if found is None else found & here
        if found is None or len(found) * _FEW > len(rows):
            return None
        return {email for email in found if email in rows}


class Compiler:
    """Conditions as functions of an email and its row."""

    def __init__(self, db: Database, columns: Columns, texts: Texts | None, material: Material | None) -> None:
        self._db = db
        self._columns = columns
        self._texts = texts
        self._material = material
        self._messages: OrderedDict[int, answer.Message] = OrderedDict()

    def compile(self, condition: c.Condition) -> Judge:
        """Cheap conditions are asked first."""
        match condition:
            case c.And(inner):
                judges = [self.compile(part) for part in sorted(inner, key=answer.cost)]
                if len(judges) == 2:  # noqa: PLR2004
                    one, two = judges
                    return lambda email, row: one(email, row) and two(email, row)
                return lambda email, row: all(judge(email, row) for judge in judges)
            case c.Or(inner):
                judges = [self.compile(part) for part in sorted(inner, key=answer.cost)]
                return lambda email, row: any(judge(email, row) for judge in judges)
            case c.Not(part):
                judge = self.compile(part)
                return lambda email, row: not judge(email, row)
            case c.InMailbox(mailbox):
                return lambda _, row: mailbox in row.boxes
            case c.InOtherThan(mailboxes):
                return lambda _, row: not row.boxes <= mailboxes
            case c.HasFlag(name):
                has = self._has(name)
                return lambda _, row: has(row)
            case c.ThreadHas(name, every):
                return self._thread_has(name, every=every)
            case c.ThreadMeets(part):
                return self._thread_meets(self.compile(part))
            case c.Received(since, before):
                low, high = since if since is not None else -(1 << 62), before if before is not None else 1 << 62
                return lambda _, row: low <= row.received_ms < high
            case c.Size(at_least, below):
                low, high = at_least or 0, below if below is not None else 1 << 62
                return lambda _, row: low <= row.size < high
            case c.EmailIs(wanted):
                return lambda email, _: email == wanted
            case c.EmailIn(these):
                return lambda email, _: email in these
            case c.ThreadIs(thread):
                return lambda _, row: row.thread == thread
            case c.HasAttachment():
                email_row, db = self._columns.email_row, self._db
                return lambda email, _: email_row(db, email)[1]
            case c.Contains() | c.Header():
                return self._text(condition)
        judge_one = answer.compile_(condition, self._columns.bits)
        return lambda email, row: judge_one(self.message(email, row))

    def _has(self, name: str) -> Callable[[Row], bool]:
        low = name.lower()
        bit = model.SYSTEM_BITS.get(model.canonical(name)) or self._columns.bits.get(low, 0)
        if bit:
            return lambda row: bool(row.flags & bit)
        return lambda row: low in row.more

    def _thread_has(self, name: str, *, every: bool) -> Judge:
        has = self._has(name)
        of = all if every else any
        rows, threads = self._columns.rows, self._columns.threads

        @functools.lru_cache(None)
        def holds(thread: int) -> bool:
            return of(has(rows[email]) for email in threads[thread])

        return lambda _, row: holds(row.thread)

    def _thread_meets(self, judge: Judge) -> Judge:
        rows, threads = self._columns.rows, self._columns.threads

        @functools.lru_cache(None)
        def holds(thread: int) -> bool:
            return any(judge(email, rows[email]) for email in threads[thread])

        return lambda _, row: holds(row.thread)

    def _text(self, condition: "c.Contains | c.Header") -> Judge:
        judge_one = answer.compile_(condition, self._columns.bits)
        may, unknown = self._texts.narrow(condition) if self._texts is not None else (None, None)
        if may is None or unknown is None:
            return lambda email, row: judge_one(self.message(email, row))
        if isinstance(condition, c.Contains) and condition.words and condition.field is not c.Field.FILE:
            return lambda email, row: judge_one(self.message(email, row)) if email in unknown else email in may
        return lambda email, row: (email in unknown or email in may) and judge_one(self.message(email, row))

    def message(self, email: int, row: Row) -> answer.Message:
        """An email as text is looked for in it; the last ones are kept, for other conditions ask again."""
        found = self._messages.get(email)
        if found is None:
            if self._material is None:
                raise RuntimeError("a condition on texts without the texts")
            found = self._material.message((0, email, row.thread, 0, row.flags, row.more, row.received_ms, row.received_ms, row.size), 0)
            self._messages[email] = found
            if len(self._messages) > _MESSAGES:
                self._messages.popitem(last=False)
        return found
