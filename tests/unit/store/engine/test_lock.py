"""Ownership of a file: one at a time, whoever waits gets it, and nobody keeps what they gave up."""

import asyncio
import fcntl
import os
from pathlib import Path

import pytest

from mailstead import telemetry
from mailstead.model.errors import Unavailable
from mailstead.store.engine import lock
from mailstead.store.engine.lock import Lock


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


async def test_one_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    first = await Lock.taken(path, wait_s=0)
    before = open_files()
    with pytest.raises(Unavailable) as caught:
        await Lock.taken(path, wait_s=0.05)
    assert str(path) in caught.value.cause
    assert open_files() == before
    first.release()
    (await Lock.taken(path, wait_s=0)).release()


async def test_who_waits_gets_it_and_holds_up_nobody(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    first = await Lock.taken(path, wait_s=0)
    waiting = asyncio.create_task(Lock.taken(path, wait_s=20))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    first.release()
    async with asyncio.timeout(10):
        (await waiting).release()


async def test_who_gives_up_waiting_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    first = await Lock.taken(path, wait_s=0)
    before = open_files()
    waiting = asyncio.create_task(Lock.taken(path, wait_s=20))
    await asyncio.sleep(0.05)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert open_files() == before
    first.release()


async def test_who_waits_long_says_so_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "_TOLD_AFTER_S", 0.05)
    path = tmp_path / "a.lock"
    first = await Lock.taken(path, wait_s=0)
    with telemetry.capture() as seen, pytest.raises(Unavailable):
        await Lock.taken(path, wait_s=0.3)
    assert [(name, fields["file"]) for name, fields in seen] == [("lock.waiting", "a.lock")]
    first.release()


async def test_another_process_is_heeded(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    with path.open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(Unavailable):
            await Lock.taken(path, wait_s=0)
