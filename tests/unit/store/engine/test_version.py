"""The count of a database's commits: every process sees it, and it is odd while nobody knows how a commit ends."""

import asyncio
import subprocess
import sys
from pathlib import Path

from mailstead.store.engine.sqlite import Database
from mailstead.store.engine.version import Version
from mailstead.store.engine.writer import Tx, Writer

_MOVE = "import sys, pathlib\nfrom mailstead.store.engine.version import Version\none = Version(pathlib.Path(sys.argv[1]))\none.begin()\n{}"


def elsewhere(path: Path, then: str) -> None:
    """What a process of its own does to it."""
    subprocess.run([sys.executable, "-c", _MOVE.format(then), str(path)], check=True)


def test_all_processes_see_the_same_count(tmp_path: Path) -> None:
    one, two = Version(tmp_path / "v"), Version(tmp_path / "v")
    before = one.now()
    two.begin()
    assert one.now() % 2 == 1
    two.end()
    assert (one.now() % 2, one.now() != before) == (0, True)
    before = one.now()
    elsewhere(tmp_path / "v", "one.end()")
    assert (one.now() % 2, one.now() != before, two.now()) == (0, True, one.now())


def test_a_writer_that_was_killed_leaves_it_odd_and_the_next_one_makes_it_even(tmp_path: Path) -> None:
    one = Version(tmp_path / "v")
    before = one.now()
    elsewhere(tmp_path / "v", "")
    assert one.now() % 2 == 1
    one.taken()
    assert (one.now() % 2, one.now() > before) == (0, True)


def test_where_nothing_can_be_shared_nothing_is_kept(tmp_path: Path) -> None:
    one = Version(tmp_path / "not there" / "v")
    one.taken()
    one.begin()
    one.end()
    assert one.now() % 2 == 1
    two = Version(tmp_path / "v")
    two.close()
    two.close()
    assert two.now() % 2 == 1


def test_it_begins_again_after_the_last_number(tmp_path: Path) -> None:
    (tmp_path / "v").write_bytes(b"\xff" * 8)
    one = Version(tmp_path / "v")
    one.taken()
    assert one.now() == 0


async def test_each_commit_counts_also_one_that_fails_and_is_odd_while_it_is_under_way(tmp_path: Path) -> None:
    db = Database(tmp_path / "x.db", write=True)
    db.run("CREATE TABLE t (a INTEGER PRIMARY KEY)")
    db.run("CREATE TABLE u (a INTEGER REFERENCES t (a) DEFERRABLE INITIALLY DEFERRED)")
    db.close()
    version = Version(tmp_path / "v")

    def opened(db: Database) -> None:
        db.run("PRAGMA foreign_keys=1")

    writer = Writer(
        tmp_path / "x.db", vfs="", opened=opened, segments=None, now_ms=lambda: 5, committed=lambda _: None, version=version)
    writer.start()
    counts = [version.now()]

    def put(tx: Tx) -> None:
        assert version.now() == counts[-1]
        tx.db.run("INSERT INTO t DEFAULT VALUES")

    def break_at_the_end(tx: Tx) -> None:
        tx.db.run("INSERT INTO u VALUES (77)")

    for run in (put, put, break_at_the_end, put):
        await asyncio.gather(writer.do(run), return_exceptions=True)
        counts.append(version.now())
    await writer.close()
    assert sorted(set(counts)) == counts
    assert not any(count % 2 for count in counts)
