"""Shards that cannot be opened are tried again until they can, and a damaged one waits for its repair."""

import asyncio
import fcntl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.harness.real_mail import real_store

from mailstead import telemetry
from mailstead.model.errors import Unavailable
from mailstead.model.ids import AccountId, DeliveryId
from mailstead.model.message import Filing
from mailstead.store import Embedded, open_store, owning

MESSAGE = b"From: a@example.org\r\nMessage-ID: <1@example.org>\r\n\r\nbody\r\n"


@pytest.fixture
async def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, AccountId]:
    """A data directory with an account."""
    monkeypatch.setattr(owning, "_TRY_AGAIN_S", 0.02)
    async with real_store(tmp_path, ["alice"]) as (_, accounts):
        return tmp_path / "data", accounts["alice"]


@asynccontextmanager
async def started(data: Path) -> AsyncIterator[Embedded]:
    store = open_store(data, lock_wait_s=0.1)
    await store.start()
    try:
        yield store
    finally:
        await store.close()


async def file(store: Embedded, account: AccountId) -> bool:
    """Whether a delivery succeeds."""
    try:
        await store.mail.deliver(account, Filing(DeliveryId(b"1" * 16), MESSAGE, b"", (("INBOX",),)))
    except Unavailable:
        return False
    return True


async def until(store: Embedded, account: AccountId) -> None:
    async with asyncio.timeout(20):
        while not await file(store, account):
            await asyncio.sleep(0.01)


async def test_a_shard_that_another_process_still_has_comes_when_it_is_let_go(made: tuple[Path, AccountId]) -> None:
    data, account = made
    with telemetry.capture() as seen, (data / "run" / "shard-000.lock").open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        async with started(data) as store:
            assert not await file(store, account)
            await asyncio.sleep(0.2)  # it has been tried again, in vain and in silence
            assert not await file(store, account)
            fcntl.flock(other, fcntl.LOCK_UN)
            await until(store, account)
            assert [len(await store.mail.mailboxes(account)) > 0, await file(store, account)] == [True, True]
    assert [name for name, _ in seen if name.startswith("shard.")] == ["shard.failed", "shard.regained"]


async def test_a_file_that_comes_back_is_opened(made: tuple[Path, AccountId]) -> None:
    data, account = made
    (data / "mail-000.db").rename(data / "away.db")
    async with started(data) as store:
        assert not await file(store, account)
        (data / "away.db").rename(data / "mail-000.db")
        await until(store, account)


async def test_a_damaged_file_is_left_to_the_repair(made: tuple[Path, AccountId]) -> None:
    data, account = made
    (data / "mail-000.db").write_bytes(b"no database at all, but long enough to be looked at " * 200)
    with telemetry.capture() as seen:
        async with started(data) as store:
            assert not await file(store, account)
            await asyncio.sleep(0.2)
            assert not await file(store, account)
            assert [name for name, _ in seen if name.startswith("shard.")] == ["shard.failed"]
            await store.verify(repair=True, progress=lambda _what, _done, _total: None)
            assert await file(store, account)


async def test_a_store_may_be_closed_while_a_shard_is_waited_for(made: tuple[Path, AccountId]) -> None:
    data, account = made
    with (data / "run" / "shard-000.lock").open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        async with started(data):
            await asyncio.sleep(0.1)
    async with started(data) as store:
        assert await file(store, account)
