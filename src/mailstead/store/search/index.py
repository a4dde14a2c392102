"""The search index of one account: an FTS5 file encrypted with the account's key.

Derived, so it is never repaired: a file that is damaged or of another version is deleted and filled again. ``upto`` is the
modseq up to which every message that came is in it; it moves in the transaction that made it true. A message that could not
be read then is in ``unread`` and belongs to every answer until it can be.

Beginnings of one and two letters have lists of their own (``prefix``): whoever types sees what fits the first letter at once. In an
account of 60,000 messages they cost 34 µs a message and double the file, and answer in 0.1 ms instead of 100.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from mailstead.model import condition as c
from mailstead.model.errors import Unavailable
from mailstead.store.engine import sqlite
from mailstead.store.engine.sqlite import Database, file_of
from mailstead.store.search.answer import folded
from mailstead.store.search.words import Piece, beginnings, pieces, whole

COLUMNS: Final = ("sender", "recipient", "copy", "blind", "subject", "header", "body")
VERSION: Final = 5
_EXPANSIONS: Final = 2_000
_BEGUN: Final = 16
"""So many words with one beginning are asked for one by one, which skips over most of their lists; FTS5 lays the lists of all words with a
beginning together before it looks at the first. A word of 100,000 messages beside one of ten: 1 ms instead of 15."""
_LISTED: Final = 2
"""Beginnings of up to so many letters have lists of their own."""
_COLUMN_OF: Final = {
    c.Field.FROM: "sender", c.Field.TO: "recipient", c.Field.CC: "copy", c.Field.BCC: "blind", c.Field.SUBJECT: "subject",
    c.Field.BODY: "body", c.Field.TEXT: "header body",
    c.Field.FILE: "header",
}
"""Names of files stand among the header: whoever looks for them alone reads what was found."""
_HEADERS: Final = {"from": "sender", "to": "recipient", "cc": "copy", "bcc": "blind", "subject": "subject"}
_INSTANCE: Final = "CREATE VIRTUAL TABLE IF NOT EXISTS instance USING fts5vocab('text', 'instance')"
_SCHEMA: Final = (
    f"CREATE VIRTUAL TABLE text USING fts5({', '.join(COLUMNS)}, content='', contentless_delete=1, tokenize='ascii', prefix='1 2')",
    "CREATE VIRTUAL TABLE word USING fts5vocab('text', 'row')",
    "CREATE TABLE doc (email_id INTEGER PRIMARY KEY)",
    "CREATE TABLE unread (email_id INTEGER PRIMARY KEY)",
    "CREATE TABLE state (upto INTEGER NOT NULL)",
    "INSERT INTO state VALUES (0)",
    f"PRAGMA user_version={VERSION}",
)


class SearchIndex:
    """One connection. ``open`` and ``create`` make it."""

    def __init__(self, db: Database, file: tuple[int, int] | None = None) -> None:
        self._db = db
        self.file = file
        """Which file it is, as ``file_of`` tells; None of one that is written."""
        self.upto = 0
        self.refresh()

    def refresh(self) -> None:
        """Read anew how far it is complete. Raises ``sqlite.Failure``."""
        row = self._db.one("SELECT upto FROM state")
        self.upto = int(row[0]) if row else 0

    @staticmethod
    def open(path: Path, key: bytes) -> "SearchIndex | None":
        """For reading; None when there is none that can be used."""
        file = file_of(path)
        if file is None:
            return None
        try:
            db = Database(path, write=False, key=key, cache_kib=4_000)
        except Unavailable:
            return None
        try:
            row = db.one("PRAGMA user_version")
            if row is not None and row[0] == VERSION:
                return SearchIndex(db, file)
        except sqlite.Failure:
            pass
        _close(db)
        return None

    @staticmethod
    def create(path: Path, key: bytes) -> "SearchIndex":
        """For writing; makes it where there is none that can be used. Raises ``Unavailable``."""
        for attempt in range(2):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            db = Database(path, write=True, key=key, cache_kib=8_000)
            try:
                db.run("PRAGMA synchronous=NORMAL")  # derived: an old state after a power cut is filled up again
                row = db.one("PRAGMA user_version")
                if row is None or row[0] != VERSION:
                    with db.transaction():
                        for statement in _SCHEMA:
                            db.run(statement)
                db.run(_INSTANCE)  # a later addition: a file may be without it until it is next written to
                return SearchIndex(db)
            except sqlite.Failure as exc:
                _close(db)
                if attempt:
                    raise sqlite.unavailable(exc, path) from exc
                remove(path)
        raise AssertionError

    def close(self) -> None:
        _close(self._db)

    def finish(self) -> None:
        """Close after writing. Who reads keeps the file open, so its log is brought in here, and not by whoever closes last."""
        try:
            self._db.checkpoint()
        except sqlite.Failure:  # somebody reads: the next one does it
            pass
        self.close()

    # ------------------------------------------------------------------------------------------------------- filling
    def missing(self, emails: Iterable[int]) -> list[int]:
        """Those of ``emails`` that are not in the index."""
        return [email for email in emails if self._db.one("SELECT 1 FROM doc WHERE email_id=?", (email,)) is None]

    def known(self) -> list[int]:
        """Every message in the index."""
        return [row[0] for row in self._db.all("SELECT email_id FROM doc")]

    def unread(self) -> list[int]:
        """Messages that could not be read when their turn came."""
        return [row[0] for row in self._db.all("SELECT email_id FROM unread")]

    def write(self, *, add: Iterable[tuple[int, tuple[str, ...] | None]], remove_: Iterable[int], upto: int | None) -> None:
        """One transaction: ``add`` messages as (id, texts by ``COLUMNS``, None: unreadable), ``remove_`` others, be complete
        up to ``upto`` (None: not yet)."""
        db = self._db
        marks = ", ".join("?" * (len(COLUMNS) + 1))
        with db.transaction():
            for email, texts in add:
                if texts is None:
                    db.run("INSERT OR IGNORE INTO unread VALUES (?)", (email,))
                    continue
                db.run("DELETE FROM unread WHERE email_id=?", (email,))
                db.run("INSERT OR IGNORE INTO doc VALUES (?)", (email,))
                if db.changed():
                    db.run(f"INSERT INTO text (rowid, {', '.join(COLUMNS)}) VALUES ({marks})", (email, *texts))  # noqa: S608
            for email in remove_:
                db.run("DELETE FROM unread WHERE email_id=?", (email,))
                db.run("DELETE FROM doc WHERE email_id=?", (email,))
                if db.changed():
                    db.run("DELETE FROM text WHERE rowid=?", (email,))
            if upto is not None:
                db.run("UPDATE state SET upto=?", (upto,))
        if upto is not None:
            self.upto = upto

    # ------------------------------------------------------------------------------------------------------- asking
    def narrow(self, condition: c.Condition) -> set[int] | None:
        """The messages in the index that may meet the condition; None: it cannot tell."""
        match condition:
            case c.And(inner):
                known = [found for part in inner if (found := self.narrow(part)) is not None]
                return set.intersection(*known) if known else None
            case c.Or(inner):
                sets = [self.narrow(part) for part in inner]
                return set().union(*(found for found in sets if found is not None)) if all(s is not None for s in sets) else None
            case c.EmailIn(emails):
                return {*map(int, emails)}
            case c.Contains(where, text, words):
                wanted = folded(text)
                return self._containing(_COLUMN_OF[where], beginnings(wanted) if words else pieces(wanted))
            case c.Header(name, text):
                column = _HEADERS.get(name.lower())
                if column is not None and text:
                    return self._containing(column, pieces(folded(text)))
                return self._containing("header", whole(folded(name)) + pieces(folded(text)))
        return None

    def newest(self, condition: c.Contains, most: int) -> list[int] | None:
        """The greatest ids among the messages that meet a condition on beginnings of words, greatest first; None: it cannot tell."""
        query = self._match(_COLUMN_OF[condition.field], beginnings(folded(condition.text)))
        if not query:
            return None if query is None else []
        return [row[0] for row in self._db.each(
            "SELECT rowid FROM text WHERE text MATCH ? ORDER BY rowid DESC LIMIT ?", (query, most))]

    def _containing(self, columns: str, wanted: list[Piece]) -> set[int] | None:
        """Messages with all these pieces in the columns; None: too many words fit, or none is asked for."""
        query = self._match(columns, wanted)
        if not query:
            return None if query is None else set()
        return {row[0] for row in self._db.all("SELECT rowid FROM text WHERE text MATCH ?", (query,))}

    def _match(self, columns: str, wanted: list[Piece]) -> str | None:
        """The question in FTS5's words; "": nothing can meet it; None: too many words fit, or none is asked for."""
        asked: list[str] = []
        for piece in wanted:
            if piece.open_end and not piece.open_start:
                words = self._begun(piece.text)
                if words is None:
                    asked.append('"' + piece.text + '" *')
                    continue
            else:
                words = [piece.text] if not piece.open_start and not piece.open_end else self._expanded(piece)
            if words is None:
                continue
            if not words:
                return ""
            asked.append("(" + " OR ".join('"' + word.replace('"', '""') + '"' for word in words) + ")")
        if not asked:
            return None
        return f"{{{columns}}} : ({' AND '.join(asked)})"

    def _begun(self, beginning: str) -> list[str] | None:
        """The words of the index that begin so; None: more than a few, or it cannot tell."""
        if len(beginning) <= _LISTED:
            return None
        found: list[str] = []
        least = beginning
        try:
            while (row := self._db.one("SELECT term FROM instance WHERE term>=? LIMIT 1", (least,))) and row[0].startswith(beginning):
                if len(found) == _BEGUN:
                    return None
                found.append(row[0])
                least = row[0] + "0"  # no word has a lesser octet, so none lies between
        except sqlite.Failure:  # the file is older than this table, or damaged, which the question itself will tell
            return None
        return found

    def _expanded(self, piece: Piece) -> list[str] | None:
        rows = self._db.all(
            "SELECT term FROM word WHERE term LIKE ? ESCAPE '\\' LIMIT ?", (piece.pattern(), _EXPANSIONS + 1)
        )
        return None if len(rows) > _EXPANSIONS else [row[0] for row in rows]


def remove(path: Path) -> None:
    """Delete an index."""
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def _close(db: Database) -> None:
    try:
        db.close()
    except sqlite.Failure:
        return
