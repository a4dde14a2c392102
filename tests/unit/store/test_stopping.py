"""Long work in threads ends when the store is closed, and is gone on with at the next start."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.harness.real_mail import real_store

from mailstead.model import condition as c
from mailstead.model.errors import Unavailable
from mailstead.model.ids import AccountId, MailboxId
from mailstead.model.message import NewMessage
from mailstead.model.query import Query, Window
from mailstead.store import Embedded, Files
from mailstead.store.maintenance import copy_database
from mailstead.store.search.material import Material
from mailstead.store.stopping import Stopping

MESSAGES = 300
NEEDLE = c.Contains(c.Field.BODY, "needle")


async def filled(store: Embedded, account: AccountId) -> MailboxId:
    box = await store.mail.mailbox(account, ("INBOX",))
    assert box is not None
    await store.mail.append(account, b"a" * 16, box.mailbox_id, [  # type: ignore[arg-type]
        NewMessage(b"Subject: %d\r\n\r\nneedle %d\r\n" % (n, n)) for n in range(MESSAGES)])
    return box.mailbox_id


def after(calls: int, stopping: Stopping, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Have the store begin to stop at a certain call of a method of ``Material``."""
    real: Callable[..., Any] = getattr(Material, name)
    done = 0

    def counted(self: Material, *words: Any) -> Any:
        nonlocal done
        done += 1
        if done == calls:
            stopping.begin()
        return real(self, *words)

    monkeypatch.setattr(Material, name, counted)


async def test_an_index_is_filled_further_after_the_next_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with real_store(tmp_path, ["alice"]) as (store, accounts):
        await filled(store, accounts["alice"])
        with monkeypatch.context() as patch:
            after(200, store.indexer.stopping, patch, "texts")
            assert 200 == store.indexer.fill(accounts["alice"]), "what was read is kept, nothing more is read"
        store.indexer.stopping = Stopping()
        assert MESSAGES - 200 == store.indexer.fill(accounts["alice"])
        assert 0 == store.indexer.fill(accounts["alice"])


async def test_searches_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with real_store(tmp_path, ["alice"]) as (store, accounts):
        inbox = await filled(store, accounts["alice"])
        monkeypatch.setattr(store.indexer, "fill", lambda *_: 0)  # no index: each message is read
        after(100, store.indexer.stopping, monkeypatch, "message")
        with pytest.raises(Unavailable):
            await store.mail.search(accounts["alice"], NEEDLE, mailbox_id=inbox)
        with pytest.raises(Unavailable):
            await store.emails.query(accounts["alice"], Query(NEEDLE), Window())


async def test_a_copy_that_was_broken_off_leaves_nothing(tmp_path: Path) -> None:
    async with real_store(tmp_path, ["alice"]) as (store, _):
        stopping = Stopping()
        stopping.begin()
        with pytest.raises(Unavailable):
            copy_database(store.shards[0].path, tmp_path / "copy.db", Files(), stopping)
        assert [] == list(tmp_path.glob("copy*"))


async def test_verify_and_backup_end(tmp_path: Path) -> None:
    async with real_store(tmp_path, ["alice"]) as (store, accounts):
        await filled(store, accounts["alice"])
        store.indexer.stopping.begin()
        with pytest.raises(Unavailable):
            await store.verify(repair=False, progress=lambda *_: None)
        with pytest.raises(Unavailable):
            await store.backup(str(tmp_path / "backup"), with_keys=False, progress=lambda *_: None)


def test_progress_is_told_until_then() -> None:
    told: list[tuple[str, int, int]] = []
    stopping = Stopping()
    tell = stopping.told(lambda *what: told.append(what))
    tell("a", 1, 2)
    stopping.begin()
    with pytest.raises(Unavailable):
        tell("a", 2, 2)
    assert [("a", 1, 2)] == told
