"""The only importer of the database driver: connections with our settings, and failures as the store's.

A database has one writing connection in the process that owns it, and any number of reading ones anywhere
(write-ahead log: each statement or transaction of a reader sees one snapshot). ``synchronous=FULL``: a commit that
returned survives a power cut. DEPENDENCIES "Storage" names the driver; it carries SQLite itself, so that the version
and its flags are ours and not the machine's.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import apsw

from mailstead.model.errors import Unavailable

Row = tuple[Any, ...]
Values = tuple[Any, ...] | Mapping[str, Any]
Failure = apsw.Error
"""Any failure of the database; ``unavailable`` says what it means."""

_WAL_PAGES: Final = 4_000
_READ_FLAGS: Final = apsw.SQLITE_OPEN_READONLY
_WRITE_FLAGS: Final = apsw.SQLITE_OPEN_READWRITE
_CREATE_FLAGS: Final = _WRITE_FLAGS | apsw.SQLITE_OPEN_CREATE
_BUSY_MS: Final = 5_000


class Database:
    """One connection. Not for two threads at once; whoever passes it on has stopped using it."""

    def __init__(self, path: Path, *, write: bool, vfs: str = "", key: bytes = b"", cache_kib: int = 16_000,
                 create: bool = True) -> None:
        """``create`` False: a file that is not there is a failure and stays away. ``key``: 32 octets that encrypt the file."""
        self.path = path
        try:
            self._db = apsw.Connection(
                str(path), flags=_READ_FLAGS if not write else _CREATE_FLAGS if create else _WRITE_FLAGS, vfs=vfs or None, statementcachesize=256
            )
            if key:
                # Raw: the key is random already, and deriving another from it costs 25 ms at each opening.
                self._db.pragma("key", f"raw:{key.hex()}")
            self._db.set_busy_timeout(_BUSY_MS)
            self.run("PRAGMA temp_store=MEMORY")
            self.run(f"PRAGMA cache_size=-{cache_kib}")
            if write:
                self.run("PRAGMA journal_mode=WAL")
                self.run("PRAGMA synchronous=FULL")
                self.run(f"PRAGMA wal_autocheckpoint={_WAL_PAGES}")
                self.run("PRAGMA journal_size_limit=67108864")
            else:
                self.run("PRAGMA query_only=1")
        except apsw.Error as exc:
            raise unavailable(exc, path) from exc

    def run(self, sql: str, values: Values = ()) -> None:
        """Execute, ignore rows."""
        self._db.execute(sql, values)

    def many(self, sql: str, rows: Iterable[Values]) -> None:
        """Execute once for each row of values."""
        self._db.executemany(sql, rows)

    def one(self, sql: str, values: Values = ()) -> Row | None:
        """The first row."""
        for row in self._db.execute(sql, values):
            return row  # type: ignore[no-any-return]
        return None

    def all(self, sql: str, values: Values = ()) -> list[Row]:
        """All rows."""
        return list(self._db.execute(sql, values))

    def each(self, sql: str, values: Values = ()) -> Iterator[Row]:
        """Rows one at a time; the snapshot stays open until the last."""
        return self._db.execute(sql, values)

    def touched(self) -> int:
        """Rows changed since the connection was opened."""
        return self._db.total_changes()

    def changed(self) -> int:
        """Rows changed by the last statement."""
        return self._db.changes()

    @property
    def in_transaction(self) -> bool:
        return bool(self._db.in_transaction)

    def data_version(self) -> int:
        """Another number after somebody else's commit. (The driver's own call does not look at the file; this does.)"""
        row = self.one("PRAGMA data_version")
        return int(row[0]) if row else 0

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """What is read inside is of one moment; within a transaction, or another snapshot, of that one's."""
        if self._db.in_transaction:
            yield
            return
        self.run("BEGIN")
        try:
            yield
        finally:
            self.run("COMMIT")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, durable at the end."""
        self.run("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.rollback()
            raise
        self.run("COMMIT")

    def rollback(self) -> None:
        """End a transaction without its changes, whatever state it is in."""
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    def copy_to(self, path: Path, *, pages: int = 1_000) -> Iterator[tuple[int, int]]:
        """Copy the whole database as of one moment; yields (pages done, pages in all) so that others may work."""
        target = apsw.Connection(str(path))
        try:
            with target.backup("main", self._db, "main") as copy:
                while not copy.done:
                    copy.step(pages)
                    yield copy.page_count - copy.remaining, copy.page_count
            target.execute("PRAGMA journal_mode=DELETE")
        finally:
            target.close()

    def check(self) -> list[str]:
        """What SQLite's own check finds wrong; empty: nothing."""
        try:
            rows = self.all("PRAGMA integrity_check(20)")
        except apsw.Error as exc:
            return [f"{type(exc).__name__}: {exc}"]
        return [str(text) for (text,) in rows if text != "ok"]

    def checkpoint(self) -> None:
        """Bring the log into the database file as far as readers allow."""
        self._db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)

    def close(self) -> None:
        self._db.close()

    def abandon(self) -> None:
        """Close what is not trusted any more; a failure at that says nothing new."""
        try:
            self.close()
        except Failure:
            pass


def file_of(path: Path) -> tuple[int, int] | None:
    """Which file stands under a name, as (device, inode); None: there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116 - with every read, and this is the quick one
    except OSError:
        return None
    return found.st_dev, found.st_ino


def unavailable(exc: Exception, path: Path) -> Unavailable:
    """A database's failure as the world hears it; the cause names file and remedy."""
    if isinstance(exc, apsw.FullError):
        return Unavailable("The message store's disk is full", f"{path.name}: disk full; free some space")
    if isinstance(exc, apsw.CorruptError | apsw.NotADBError):
        return Unavailable(
            "This part of the message store is damaged", f"{path.name}: {exc}; run mailstead verify --repair"
        )
    if isinstance(exc, apsw.CantOpenError) and not path.exists():
        return Unavailable(
            "This part of the message store is missing", f"{path.name} is not there; run mailstead verify --repair"
        )
    if isinstance(exc, apsw.ReadOnlyError):
        return Unavailable("The message store's disk is read-only", f"{path.name}: read-only; make it writable")
    return Unavailable("The message store is not available right now", f"{path.name}: {type(exc).__name__}: {exc}")


def is_damage(exc: BaseException) -> bool:
    """Whether the file itself is at fault, so that trying again is no use."""
    return isinstance(exc, apsw.CorruptError | apsw.NotADBError)
