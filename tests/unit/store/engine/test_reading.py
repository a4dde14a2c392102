"""A reading connection that threads share never shows an old state for good."""

import threading
from pathlib import Path

import pytest

from mailstead.model.errors import Unavailable
from mailstead.store.engine.reading import Reading
from mailstead.store.engine.sqlite import Database

_LONG = "WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < 400000) SELECT count(*) FROM n"


def _count(db: Database) -> int:
    (count,) = db.one("SELECT count(*) FROM t") or (0,)
    return int(count)


def test_who_lets_go_of_a_statement_beside_another_thread_holds_no_snapshot(tmp_path: Path) -> None:
    writing = Database(tmp_path / "some.db", write=True)
    writing.run("CREATE TABLE t (a)")
    writing.many("INSERT INTO t VALUES (?)", [(number,) for number in range(10)])
    reading = Reading(tmp_path / "some.db")
    begun, beside = threading.Event(), threading.Event()

    def half(db: Database) -> None:
        rows = db.each("SELECT a FROM t")
        next(rows)
        begun.set()
        beside.wait(0.2)  # the other thread is in the middle of its statement, if it is let in
        del rows

    def long(db: Database) -> None:
        beside.set()
        assert (400_000,) == db.one(_LONG)

    def other() -> None:
        begun.wait(5)
        reading.look(long)

    thread = threading.Thread(target=other)
    thread.start()
    reading.look(half)
    thread.join()
    assert 10 == reading.look(_count)
    writing.run("INSERT INTO t VALUES (10)")
    assert 11 == reading.look(_count)
    reading.close()
    writing.close()


def test_after_a_failure_it_is_opened_anew(tmp_path: Path) -> None:
    path = tmp_path / "late.db"
    reading = Reading(path)
    with pytest.raises(Unavailable):
        reading.look(_count)
    writing = Database(path, write=True)
    writing.run("CREATE TABLE t (a)")
    assert 0 == reading.look(_count)
    with pytest.raises(Unavailable):
        reading.look(lambda db: db.one("SELECT * FROM nothing"))
    assert 0 == reading.look(_count), "a look may follow"
    assert 0 == reading.look(lambda _: reading.look(_count)), "a look within a look"
    reading.close()
    writing.close()
