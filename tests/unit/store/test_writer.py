"""The group commit: who shares a transaction, and whose failure is whose."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.store.engine.sqlite import Database
from mailstead.store.engine.writer import Tx, Writer


async def made(path: Path) -> Writer:
    db = Database(path, write=True)
    db.run("CREATE TABLE t (a INTEGER PRIMARY KEY)")
    db.close()
    news.clear()
    writer = Writer(path, vfs="", opened=lambda _: None, segments=None, now_ms=lambda: 5, committed=news.append)
    writer.start()
    return writer


news: list[dict[int, int]] = []
"""What each commit told."""


def put(value: int) -> Callable[[Tx], int]:
    def run(tx: Tx) -> int:
        tx.db.run("INSERT INTO t VALUES (?)", (value,))
        tx.news[value] = value
        return value

    return run


def values(path: Path) -> list[int]:
    db = Database(path, write=False)
    try:
        return [row[0] for row in db.all("SELECT a FROM t ORDER BY a")]
    finally:
        db.close()


async def test_who_comes_together_shares_a_commit(tmp_path: Path) -> None:
    writer = await made(tmp_path / "x.db")
    assert list(range(100)) == await asyncio.gather(*(writer.do(put(n)) for n in range(100)))
    assert len(news) < 10
    assert {n: n for n in range(100)} == {account: at for told in news for account, at in told.items()}
    assert list(range(100)) == values(tmp_path / "x.db")
    await writer.close()


async def test_a_refusal_before_any_change_is_that_one_s_alone(tmp_path: Path) -> None:
    writer = await made(tmp_path / "x.db")

    def refuse(tx: Tx) -> None:
        raise Refusal(Reason.LIMIT, "no")

    done = await asyncio.gather(writer.do(put(1)), writer.do(refuse), writer.do(put(2)), return_exceptions=True)
    assert (1, 2) == (done[0], done[2])
    assert isinstance(done[1], Refusal)
    assert [{1: 1, 2: 2}] == news
    await writer.close()


@pytest.mark.parametrize("error", [Refusal(Reason.LIMIT, "late"), ValueError("defect"), OSError(28, "full")])
async def test_a_failure_after_a_change_takes_only_its_own_back(tmp_path: Path, error: Exception) -> None:
    writer = await made(tmp_path / "x.db")

    def late(tx: Tx) -> None:
        tx.db.run("INSERT INTO t VALUES (1000)")
        raise error

    work = [writer.do(put(n)) for n in range(20)]
    work.insert(7, writer.do(late))  # type: ignore[arg-type]
    work.insert(13, writer.do(late))  # type: ignore[arg-type]
    done = await asyncio.gather(*work, return_exceptions=True)
    failed = [one for one in done if isinstance(one, BaseException)]
    assert 2 == len(failed)
    assert all(isinstance(one, Refusal if isinstance(error, Refusal) else Unavailable) for one in failed)
    assert list(range(20)) == values(tmp_path / "x.db")
    await writer.close()


async def test_a_failing_statement_fails_alone(tmp_path: Path) -> None:
    writer = await made(tmp_path / "x.db")
    done = await asyncio.gather(writer.do(put(1)), writer.do(put(1)), writer.do(put(2)), return_exceptions=True)
    assert [1, 2] == values(tmp_path / "x.db")
    assert isinstance(done[1], Unavailable)
    await writer.close()


async def test_a_cancelled_waiter_does_not_hold_up_the_others(tmp_path: Path) -> None:
    writer = await made(tmp_path / "x.db")
    first = asyncio.ensure_future(writer.do(put(1)))
    second = asyncio.ensure_future(writer.do(put(2)))
    await asyncio.sleep(0)
    first.cancel()
    assert 2 == await second
    assert 3 == await writer.do(put(3))
    await writer.close()


async def test_close_finishes_what_waits(tmp_path: Path) -> None:
    writer = await made(tmp_path / "x.db")
    waiting = [asyncio.ensure_future(writer.do(put(n))) for n in range(30)]
    await asyncio.sleep(0)
    await writer.close()
    assert list(range(30)) == [await one for one in waiting]
    with pytest.raises(Unavailable):
        await writer.do(put(99))
    await writer.close()


async def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "no.db", vfs="", opened=lambda _: None, segments=None, now_ms=lambda: 5, committed=lambda _: None)
    with pytest.raises(Unavailable):
        writer.start()
    assert not (tmp_path / "no.db").exists()
    await writer.close()
