"""Questions about emails, answered in order (RFC 8620 §5.5, §5.6; RFC 8621 §4.4).

The list of a mailbox, newest first, comes straight from an index of the shard. Everything else is judged over the account's
``Columns``, in a thread of its own; answers are kept and brought up to date with what changed, so that the next page, and
what ``queryChanges`` needs after a delivery, cost what the change costs. What the search index tells of words is exact, and
what is newer than the index is read (DECISIONS 14).

``queryChanges`` is computed from the log, not from an old answer: an email that was touched may have been anywhere in it, so it
is taken out, and put where it belongs now (RFC 8620 §5.6 lets ``removed`` name what was not there). Collapsed answers, and those
that ask about threads, do that with every email of a thread touched.
"""

import bisect
import threading
from collections import ChainMap, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

from mailstead.model import condition as c
from mailstead.model import flags as model
from mailstead.model.email import Kind, Position
from mailstead.model.errors import Refusal, Unavailable
from mailstead.model.ids import MailboxId
from mailstead.model.query import (
    NEWEST_FIRST,
    Answer,
    Comparator,
    Query,
    QueryChanges,
    SortBy,
    TooManyChanges,
    Window,
    stretch,
)
from mailstead.store.blob.objects import Objects
from mailstead.store.blob.segments import SegmentReader
from mailstead.store.engine import sqlite
from mailstead.store.engine.sqlite import Database
from mailstead.store.keys import Keys
from mailstead.store.mail import changes, emails, sight
from mailstead.store.mail.sight import Sight
from mailstead.store.search import answer
from mailstead.store.search.columns import Columns, Row
from mailstead.store.search.index import SearchIndex
from mailstead.store.search.judging import Compiler, Texts
from mailstead.store.search.material import Material
from mailstead.store.search.open_indexes import OpenIndexes
from mailstead.store.search.order import asks_of_threads, key_of
from mailstead.store.shard import Shard, nonsense
from mailstead.store.stopping import Stopping

KEPT_EMAILS: Final = 250_000
"""Rows of all accounts together that stay in memory."""
_ANSWERS: Final = 16
_PAGE: Final = 500
_HITS: Final = 2_000
"""A word in more messages than this is answered page by page."""
_UNKNOWN: Final = 1_000
"""So many messages newer than the index are read page by page, not all at once."""
_MENDED: Final = 200
"""Up to so many emails touched an answer is mended, not made anew."""
_DIRECT: Final = 1_000
_BY_ROW: Final = frozenset((SortBy.RECEIVED, SortBy.SIZE))
"""What a row alone sorts by."""

R = TypeVar("R")
_Whose = tuple[int, frozenset[int] | None]
"""An account, and the mailboxes of it that somebody else sees; None: the owner asks."""


# ----------------------------------------------------------------------------------------------- straight from the shard
def plain_mailbox(query: Query, window: Window) -> MailboxId | None:
    """The mailbox of which this is the plain list, newest first or oldest first; None: it is something else."""
    condition = query.condition
    while isinstance(condition, c.And) and len(condition.parts) == 1:
        condition = condition.parts[0]
    if not isinstance(condition, c.InMailbox) or len(query.sort) != 1 or query.sort[0].by is not SortBy.RECEIVED:
        return None
    if window.anchor is not None or not 0 <= window.position <= _DIRECT or window.limit > _DIRECT:
        return None
    return condition.mailbox_id


def list_mailbox(db: Database, account: int, mailbox: MailboxId, query: Query, window: Window, *, viewer: int | None = None) -> Answer:
    """The beginning of a mailbox's list. Reads as many rows as are asked for, not as many as there are."""
    order = "" if query.sort[0].ascending else " DESC"
    found: list[int] = []
    seen: set[int] = set()
    wanted = window.position + window.limit
    with db.snapshot():
        if viewer is None:
            now = emails.states(db, account)
        else:
            seen_by = sight.of(db, account, viewer)
            now = seen_by.states
            if mailbox not in seen_by.read:
                return Answer(Position(now.epoch, now.email), (), window.position, 0 if window.total else None)
        for email, thread, flags in db.each(
            f"SELECT email_id, thread_id, flags FROM entry INDEXED BY entry_received WHERE account_id=? AND mailbox_id=?"  # noqa: S608
            f" ORDER BY received_ms{order}, email_id{order}",
            (account, mailbox),
        ):
            if len(found) >= wanted:
                break
            one = thread if query.collapse else email
            if not flags & model.DELETED and one not in seen:
                seen.add(one)
                found.append(email)
        total = None
        if window.total:
            row = db.one("SELECT emails, threads FROM mailbox WHERE account_id=? AND mailbox_id=?", (account, mailbox))
            total = row[1 if query.collapse else 0] if row else 0
    return Answer(Position(now.epoch, now.email), tuple(found[window.position :]), window.position, total)


# ------------------------------------------------------------------------------------------------------- by the columns
class _Kept:
    """An answer: ids in order, as of the columns' position. ``firsts``: thread to its email in a collapsed answer."""

    def __init__(self, ids: list[int], firsts: dict[int, int] | None) -> None:
        self.ids = ids
        self.firsts = firsts


class Finder:
    """Answers questions. Any number of threads may ask; of one account's questions one at a time is answered, so that a search that
    has to read much holds up nobody else's list."""

    def __init__(self, keys: Keys, objects: Objects, folder: Path, stopping: Stopping | None = None) -> None:
        self._stopping = stopping
        self._keys = keys
        self._objects = objects
        self._indexes = OpenIndexes(keys, folder)
        self._accounts: OrderedDict[_Whose, tuple[Columns, OrderedDict[Query, _Kept]]] = OrderedDict()
        self._lock = threading.Lock()
        self._turns: dict[int, tuple[threading.Lock, int]] = {}

    def query(self, shard: Shard, account: int, query: Query, window: Window, *, viewer: int | None = None) -> Answer:
        """``viewer``: see ``interface.Emails``. Raises ``AnchorNotFound``, ``Unavailable``, NOT_FOUND."""
        def ask(asked: "_Asked") -> Answer:
            page = asked.first_page(query, window)
            if page is not None:
                return Answer(asked.position, tuple(page[window.position :]), window.position, None)
            ids = asked.answer(query)
            start, found = stretch(ids, window)
            return Answer(asked.position, tuple(found), start, len(ids) if window.total else None)

        return self._with(shard, account, ask, viewer)

    def query_changes(
        self, shard: Shard, account: int, query: Query, since: Position, most: int, *, total: bool, viewer: int | None = None,
    ) -> QueryChanges:  # fmt: skip
        """``most`` 0: any number. Raises ``StateTooOld``, ``TooManyChanges``, ``Unavailable``, NOT_FOUND."""
        def ask(asked: "_Asked") -> QueryChanges:
            new: set[int] = set()
            if asked.sight is not None:
                touched = sight.touched(asked.db, asked.sight, since)
            else:
                _, touched = changes.touched(asked.db, account, since)
                if touched:
                    new.update(changes.object_changes(asked.db, account, Kind.EMAIL, since, 0).created)
            gone = set(touched)
            if query.collapse or asks_of_threads(query):
                for thread in set(touched.values()):
                    gone |= asked.columns.threads.get(thread, set())
            ids = asked.answer(query)
            added = asked.places(query, ids, gone)
            removed = tuple(sorted(gone - new))
            if most and len(removed) + len(added) > most:
                raise TooManyChanges
            return QueryChanges(since, asked.position, removed, added, len(ids) if total else None)

        return self._with(shard, account, ask, viewer)

    def forget(self, account: int) -> None:
        """The account is gone, or its rows are not to be trusted."""
        with self._lock:
            for whose in [whose for whose in self._accounts if whose[0] == account]:
                del self._accounts[whose]
        self._indexes.forget(account)

    def close(self) -> None:
        """Nothing more is asked."""
        self._indexes.close()

    @contextmanager
    def _turn(self, account: int) -> Iterator[None]:
        """Wait for this account's turn."""
        with self._lock:
            turn, waiting = self._turns.get(account, (threading.Lock(), 0))
            self._turns[account] = (turn, waiting + 1)
        try:
            with turn:
                yield
        finally:
            with self._lock:
                _, waiting = self._turns[account]
                if waiting == 1:
                    del self._turns[account]
                else:
                    self._turns[account] = (turn, waiting - 1)

    def _with(self, shard: Shard, account: int, ask: "Callable[[_Asked], R]", viewer: int | None) -> R:
        with self._turn(account):
            return self._ask(shard, account, ask, viewer)

    def _ask(self, shard: Shard, account: int, ask: "Callable[[_Asked], R]", viewer: int | None) -> R:
        asked = None
        try:
            db = shard.open_reader()
            segments = SegmentReader(shard.folder)
            try:
                with db.snapshot():
                    seen = None if viewer is None else sight.of(db, account, viewer)
                    columns, answers = self._columns(db, (account, None if seen is None else seen.read))
                    asked = _Asked(db, columns, answers, self._indexes, Material(db, segments, self._keys, self._objects, account, self._stopping), seen)
                    return ask(asked)
            finally:
                if asked is not None:
                    asked.close()
                segments.close()
                db.close()
        except (sqlite.Failure, KeyError, IndexError, TypeError, ValueError) as exc:
            self.forget(account)
            raise nonsense(exc, shard.path) from exc
        except (Refusal, Unavailable):
            if asked is not None:
                self.forget(account)
            raise

    def _columns(self, db: Database, whose: _Whose) -> tuple[Columns, "OrderedDict[Query, _Kept]"]:
        with self._lock:
            found = self._accounts.pop(whose, None) or (Columns(whose[0], self._keys, whose[1]), OrderedDict())
        columns, answers = found
        touched = columns.refresh(db)
        if touched is None or len(touched) > _MENDED:
            answers.clear()
        elif touched:
            self._mend(db, columns, answers, touched)
        with self._lock:
            self._accounts[whose] = found
            held = sum(len(columns) for columns, _ in self._accounts.values())
            while held > KEPT_EMAILS and len(self._accounts) > 1:
                _, (old, _) = self._accounts.popitem(last=False)
                held -= len(old)
            if held > KEPT_EMAILS:
                self._accounts.clear()
        return found

    def _mend(self, db: Database, columns: Columns, answers: "OrderedDict[Query, _Kept]", touched: dict[int, int]) -> None:
        """Bring kept answers up to date where what was touched can be judged by itself."""
        for query in list(answers):
            if answer.cost(query.condition) > 1:
                del answers[query]
                continue
            kept = answers[query]
            judge = Compiler(db, columns, None, None).compile(query.condition)
            key = key_of(query, columns, db)
            again = set(touched)
            of_threads = set(touched.values())
            if kept.firsts is not None or asks_of_threads(query):
                for thread in of_threads:
                    again |= columns.threads.get(thread, set())
            self._take_out(db, columns, query, kept.ids, again)
            come = sorted((email for email in again if email in columns.rows and judge(email, columns.rows[email])), key=key)
            if kept.firsts is not None:
                for thread in of_threads:
                    kept.firsts.pop(thread, None)
                firsts: dict[int, int] = {}
                for email in come:
                    firsts.setdefault(columns.rows[email].thread, email)
                kept.firsts.update(firsts)
                come = list(firsts.values())
            for email in come:
                kept.ids.insert(bisect.bisect_left(kept.ids, key(email), key=key), email)

    @staticmethod
    def _take_out(db: Database, columns: Columns, query: Query, ids: list[int], gone: set[int]) -> None:
        """Take these emails out of an answer: found by what they were sorted by before, where that is known."""
        if any(one.by not in _BY_ROW for one in query.sort) or len(gone) > _MENDED:
            ids[:] = [email for email in ids if email not in gone]
            return
        key = key_of(query, columns, db, ChainMap(columns.before, columns.rows))
        for email in gone:
            if email in columns.before or email in columns.rows:
                place = bisect.bisect_left(ids, key(email), key=key)
                if place < len(ids) and ids[place] == email:
                    del ids[place]


class _Asked:
    """One question's world: a snapshot, the columns as of it, the index."""

    def __init__(self, db: Database, columns: Columns, answers: "OrderedDict[Query, _Kept]", indexes: OpenIndexes, material: Material,
                 seen: Sight | None = None) -> None:
        self.db = db
        self.sight = seen
        self.columns = columns
        self._answers = answers
        self._indexes = indexes
        self._material = material
        self._search: SearchIndex | None = None
        self._texts_asked: Texts | None = None
        self.position = columns.at or Position(0, 0)
        if seen is not None:
            self.position = Position(seen.states.epoch, seen.states.email)

    def close(self) -> None:
        if self._search is not None:
            self._indexes.give(self.columns.account, self._search)

    def answer(self, query: Query) -> list[int]:
        """Every email that meets the condition, in order. Not to be changed."""
        kept = self._answers.pop(query, None)
        if kept is None:
            kept = self._made(query)
        self._answers[query] = kept
        if len(self._answers) > _ANSWERS:
            self._answers.popitem(last=False)
        return kept.ids

    def places(self, query: Query, ids: list[int], wanted: set[int]) -> tuple[tuple[int, int], ...]:
        """Where these emails are in an answer, those that are."""
        if len(wanted) > _MENDED:
            return tuple((place, email) for place, email in enumerate(ids) if email in wanted)
        key = key_of(query, self.columns, self.db)
        found = []
        for email in wanted:
            if email in self.columns.rows:
                place = bisect.bisect_left(ids, key(email), key=key)
                if place < len(ids) and ids[place] == email:
                    found.append((place, email))
        return tuple(sorted(found))

    def first_page(self, query: Query, window: Window) -> list[int] | None:
        """The beginning of an answer, newest first, to a word that is in very many messages, or while very many are newer than the index
        (after an import): the index gives the newest of those it knows, those it does not know are read, and where emails came in the
        order of their ids these are enough. None: they are not, or this is another question."""
        text, rest = _one_text(query.condition)
        wanted = window.position + window.limit
        if (
            text is None or query in self._answers or query.sort != NEWEST_FIRST or window.anchor is not None or window.total
            or window.position < 0 or wanted > _PAGE
        ):
            return None
        texts = self._texts()
        hits, unknown = texts.newest(text, _HITS)
        are_all = len(hits) < _HITS
        if are_all and len(unknown) < _UNKNOWN:
            return None
        least, known = 0 if are_all else hits[-1], set(hits)
        compiler = Compiler(self.db, self.columns, texts, self._material)
        judge, read = compiler.compile(c.And(rest)), answer.compile_(text, self.columns.bits)
        rows = self.columns.rows
        found: list[int] = []
        threads: set[int] = set()
        for _, email in reversed(self.columns.received):
            if len(found) >= wanted:
                return found
            row = rows[email]
            if query.collapse and row.thread in threads:
                continue
            if email in unknown:
                is_there = read(compiler.message(email, row))
            elif email < least:
                return None
            else:
                is_there = email in known
            if is_there and judge(email, row):
                found.append(email)
                threads.add(row.thread)
        return found if are_all else None

    def _texts(self) -> Texts:
        if self._texts_asked is None:
            account = self.columns.account
            self._search = self._indexes.take(account)
            self._texts_asked = Texts(self.db, account, self._search)
        return self._texts_asked

    def _made(self, query: Query) -> _Kept:
        columns = self.columns
        texts = self._texts() if answer.cost(query.condition) > 1 else None
        judge = Compiler(self.db, columns, texts, self._material).compile(query.condition)
        rows = columns.rows
        few = texts.few(query.condition, rows) if texts is not None else None
        first = query.sort[0] if query.sort else Comparator(SortBy.RECEIVED, ascending=False)
        in_order = columns.received if first.ascending and first.by is SortBy.RECEIVED else reversed(columns.received)
        if few is not None:
            ids = sorted((email for email in few if judge(email, rows[email])), key=key_of(query, columns, self.db))
            return _collapsed(ids, rows) if query.collapse else _Kept(ids, None)
        if query.condition == c.EVERYTHING:
            ids = [email for _, email in in_order]
        elif isinstance(query.condition, c.InMailbox):
            mailbox = query.condition.mailbox_id
            ids = [email for _, email in in_order if mailbox in rows[email].boxes]
        else:
            ids = [email for _, email in in_order if judge(email, rows[email])]
        if len(query.sort) > 1 or first.by is not SortBy.RECEIVED:
            ids.sort(key=key_of(query, columns, self.db))
        return _collapsed(ids, rows) if query.collapse else _Kept(ids, None)


def _collapsed(ids: list[int], rows: dict[int, Row]) -> _Kept:
    """Of each thread the first."""
    firsts: dict[int, int] = {}
    for email in ids:
        firsts.setdefault(rows[email].thread, email)
    return _Kept(list(firsts.values()), firsts)


def _one_text(condition: c.Condition) -> tuple[c.Contains | None, tuple[c.Condition, ...]]:
    """The one condition on words, and the others, which are on rows; None where it is not so."""
    parts = condition.parts if isinstance(condition, c.And) else (condition,)
    costly = [part for part in parts if answer.cost(part) > 1]
    if len(costly) != 1 or not isinstance(costly[0], c.Contains) or not costly[0].words or costly[0].field is c.Field.FILE:
        return None, ()
    return costly[0], tuple(part for part in parts if part is not costly[0])
