"""What the first schema had waiting is brought into the second, whole and once."""

import zlib
from pathlib import Path

import msgspec

from mailstead.store.engine.sqlite import Database
from mailstead.store.queue.operations import SHARDS, bring_forward, read_rcpts
from mailstead.store.schema import directory, migrate

OPTIONS = msgspec.msgpack.encode({"notify": "NEVER"})


def old(folder: Path) -> Database:
    """A queue file of the first schema: one message for two recipients of two domains, one of none, one in two pieces."""
    db = Database(folder / "queue.db", write=True)
    migrate(db, directory.QUEUE_STEPS[:1])
    for number, pieces in ((1, 1), (2, 1), (3, 2)):
        db.run("INSERT INTO message VALUES (?, 7, 'a@example.test', 1000, 9000, 50, 4, ?, 2)", (number, pieces))
        db.many("INSERT INTO piece VALUES (?, ?, ?)", ((number, piece, b"sealed %d" % piece) for piece in range(pieces)))
    for number, (submission, path, held) in enumerate(((1, "x@One.Test", 0), (1, "y@bücher.example", 1), (3, "z@one.test", 0))):
        db.run("INSERT INTO entry VALUES (?, ?, ?, ?, ?, 3, '451 later', ?)", (number, submission, path, OPTIONS, 2000 + number, held))
    migrate(db, directory.QUEUE_STEPS)
    return db


def test_what_waited_waits_on(tmp_path: Path) -> None:
    db = old(tmp_path)
    for _ in range(2):
        bring_forward(db, {"else.test"})
        rows = db.all("SELECT submission_id, account_id, route, domain, shard, due_ms, check_ms, attempts, held, rcpts FROM q_job ORDER BY due_ms")
        shard = zlib.crc32(b"one.test") % SHARDS
        other = zlib.crc32(b"xn--bcher-kva.example") % SHARDS
        assert [row[:9] for row in rows] == [
            (1, 7, "one.test", "one.test", shard, 2000, 9000, 3, 0),
            (1, 7, "xn--bcher-kva.example", "xn--bcher-kva.example", other, 2001, 9000, 3, 1),
            (3, 7, "one.test", "one.test", shard, 2002, 9000, 3, 0),
        ]
        (first,), (second,), _ = (read_rcpts(row[9]) for row in rows)
        assert (first.number, first.address, first.options, first.error) == (0, "x@One.Test", {"notify": "NEVER"}, "451 later")
        assert (second.number, second.address) == (1, "y@bücher.example")
        assert db.all("SELECT submission_id, jobs, pieces, key_no, size, reverse_path FROM q_message ORDER BY 1") == [
            (1, 2, 1, 4, 50, "a@example.test"), (3, 1, 2, 4, 50, "a@example.test"),
        ]
        assert db.all("SELECT submission_id, number, octets FROM q_piece ORDER BY 1, 2") == [
            (1, 0, b"sealed 0"), (3, 0, b"sealed 0"), (3, 1, b"sealed 1"),
        ]
        for table in ("message", "piece", "entry"):
            assert db.one(f"SELECT count(*) FROM {table}") == (0,)


def test_what_waited_for_our_own_people_is_delivered_here(tmp_path: Path) -> None:
    db = old(tmp_path)
    bring_forward(db, {"one.test"})
    assert [("@local", "one.test"), ("xn--bcher-kva.example", "xn--bcher-kva.example"), ("@local", "one.test")] == db.all(
        "SELECT route, domain FROM q_job ORDER BY due_ms"
    )
