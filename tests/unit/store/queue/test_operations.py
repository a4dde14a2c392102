"""What the first schema had waiting is brought into the second, whole and once."""

import hashlib
import zlib
from pathlib import Path
from typing import Any

import msgspec

from mailstead.store.engine.sqlite import Database
from mailstead.store.engine.writer import Tx
from mailstead.store.queue.operations import (
    ACCEPTED_MS,
    SHARDS,
    Enqueue,
    Finish,
    NewJob,
    Rcpt,
    bring_forward,
    read_rcpts,
)
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
        bring_forward(db, lambda: {"else.test"})
        rows = db.all(
            "SELECT m.submission_id, j.account_id, route, domain, shard, due_ms, check_ms, attempts, held, rcpts"
            " FROM q_job j JOIN q_mail m ON m.number=j.mail ORDER BY due_ms"
        )
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
        assert db.all("SELECT submission_id, jobs, pieces, key_no, size, reverse_path FROM q_mail ORDER BY 1") == [
            (1, 2, 1, 4, 50, "a@example.test"), (3, 1, 2, 4, 50, "a@example.test"),
        ]
        assert db.all("SELECT submission_id, number, octets FROM q_piece ORDER BY 1, 2") == [
            (1, 0, b"sealed 0"), (3, 0, b"sealed 0"), (3, 1, b"sealed 1"),
        ]
        for table in ("message", "piece", "entry"):
            assert db.one(f"SELECT count(*) FROM {table}") == (0,)


def test_what_waited_for_our_own_people_is_delivered_here(tmp_path: Path) -> None:
    db = old(tmp_path)
    bring_forward(db, lambda: {"one.test"})
    assert [("@local", "one.test"), ("xn--bcher-kva.example", "xn--bcher-kva.example"), ("@local", "one.test")] == db.all(
        "SELECT route, domain FROM q_job ORDER BY due_ms"
    )


SECOND = (
    "INSERT INTO q_message VALUES (11, 7, 1, 'a@example.test', NULL, 1000, 9000, 50, 4, 1, 2, 0, X'AA')",
    "INSERT INTO q_message VALUES (5, 7, 1, '', NULL, 900, 9000, 2000000, 4, 0, 1, 2, NULL)",
    "INSERT INTO q_piece VALUES (5, 0, X'BB'), (5, 1, X'CC')",
    "INSERT INTO q_accept VALUES (X'00', 1)",
    "INSERT INTO q_job VALUES (3, 1, 11, 7, 1, 'one.test', 'one.test', 0, 2000, 3000, 2, 0, X'90')",
    "INSERT INTO q_job VALUES (4, 2, 11, 7, 1, 'two.test', 'two.test', 1, 2000, 3000, 0, 1, X'90')",
    "INSERT INTO q_job VALUES (9, 3, 5, 7, 1, 'via:x', 'one.test', 0, 2000, 3000, 0, 0, X'90')",
)


def test_a_queue_of_the_second_schema_keeps_its_jobs_and_their_numbers(tmp_path: Path) -> None:
    db = Database(tmp_path / "queue.db", write=True)
    migrate(db, directory.QUEUE_STEPS[:2])
    for statement in SECOND:
        db.run(statement)
    migrate(db, directory.QUEUE_STEPS)
    assert db.all(
        "SELECT j.job_id, j.shard, m.submission_id, j.account_id, j.tenant_id, route, domain, prio, due_ms, check_ms, attempts, held, hex(rcpts)"
        " FROM q_job j JOIN q_mail m ON m.number=j.mail ORDER BY j.job_id"
    ) == [
        (3, 1, 11, 7, 1, "one.test", "one.test", 0, 2000, 3000, 2, 0, "90"), (4, 2, 11, 7, 1, "two.test", "two.test", 1, 2000, 3000, 0, 1, "90"),
        (9, 3, 5, 7, 1, "via:x", "one.test", 0, 2000, 3000, 0, 0, "90"),
    ]  # fmt: skip
    assert db.all("SELECT submission_id, account_id, tenant_id, reverse_path, size, is_reported, jobs, pieces, hex(body) FROM q_mail ORDER BY 1") == [
        (5, 7, 1, "", 2000000, 0, 1, 2, ""), (11, 7, 1, "a@example.test", 50, 1, 2, 0, "AA"),
    ]  # fmt: skip
    assert [1] == [count for (count,) in db.all("SELECT count(*) FROM q_known k JOIN q_mail m ON m.number=k.mail AND m.submission_id=11")]
    db.run("INSERT INTO q_job VALUES (NULL, 1, 1, 7, 1, 'x', 'x', 0, 0, 0, 0, 0, X'90')")
    assert (10,) == db.one("SELECT max(job_id) FROM q_job")
    db.close()


NOBODY: Any = None


def test_what_was_accepted_long_ago_is_forgotten_little_by_little(tmp_path: Path) -> None:
    db = Database(tmp_path / "queue.db", write=True)
    migrate(db, directory.QUEUE_STEPS)

    def put(number: int, now_ms: int) -> None:
        name = hashlib.sha256(b"%d" % number).digest()
        new = NewJob(0, "one.test", "one.test", 0, now_ms, now_ms, [Rcpt(0, "x@one.test")])
        Enqueue(name[:16], int.from_bytes(name[16:24]) >> 1, 7, 1, "", {}, now_ms, now_ms, 3, 1, False, [b"abc"], [new]).apply(Tx(db, now_ms, None), NOBODY)

    with db.transaction():
        for number in range(2_000):
            put(number, 1_000)
        waiting = 3
        (newest,) = db.one("SELECT max(job_id) FROM q_job") or (0,)
        Finish([], list(range(1, newest + 1 - waiting)), []).apply(Tx(db, 1_000, None), NOBODY)
        for number in range(2_000):
            put(number, 1_000 + ACCEPTED_MS)  # known until now: nothing happens
        assert db.one("SELECT count(*) FROM q_mail") == (waiting,)
        for number in range(2_000, 6_000):
            put(number, 1_001 + ACCEPTED_MS)
    (left,) = db.one("SELECT count(*) FROM q_known WHERE at=1000") or (0,)
    assert waiting <= left < 100
    assert (waiting,) == db.one("SELECT count(*) FROM q_known k JOIN q_mail m ON m.number=k.mail WHERE k.at=1000")
    db.close()
