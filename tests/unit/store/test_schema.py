"""Migrations: forward only, one step a transaction, and a step that was shipped never changes."""

import hashlib
import os
from pathlib import Path

import pytest

from mailstead.model.errors import Unavailable
from mailstead.model.ids import DeliveryId, TenantId
from mailstead.model.message import Filing
from mailstead.store import create, open_store
from mailstead.store.directory import principals
from mailstead.store.engine import sqlite
from mailstead.store.engine.sqlite import Database
from mailstead.store.schema import directory, migrate, shard, upgrade, version

SHIPPED = {
    "dir.db": ["93cb2a62d61efa93", "0fe8bcdf0625f5db", "58ef1a0821dd1c38", "3a7d348c6e4f09a7", "7f86d25ef6a0ef91", "997cf7abd4c53890", "84546fc6082e5ec5"],
    "keys.db": ["098d84679b572aca", "97c2a7c5d70f2a4b"],
    "queue-00.db": ["7f652b8266d96cd2", "35cb396ac5471696", "d5975dc3a320adc8"],
    "mail-000.db": ["7d06880d7adac30c", "56f1bded4b0d0f45", "6fb559280a19dc77", "72c17bb2a6b35ec3", "665bcd46c7fc60a6", "2092812a4b5742e0", "9dd843efc5075cc8"],
}
"""SHA-256 of each step, beginning; a new version adds a line and changes none."""


def database(folder: Path) -> Database:
    return Database(folder / "a.db", write=True)


def test_steps_are_taken_in_order_and_once(tmp_path: Path) -> None:
    db = database(tmp_path)
    migrate(db, ["CREATE TABLE a (x)"])
    assert version(db) == 1
    db.run("INSERT INTO a VALUES (1)")
    steps = ["CREATE TABLE a (x)", "ALTER TABLE a ADD COLUMN y DEFAULT 2; CREATE TABLE b (z)", "INSERT INTO b SELECT x + y FROM a"]
    upgrade(db, steps)
    upgrade(db, steps)
    assert version(db) == 3
    assert db.all("SELECT z FROM b") == [(3,)]


def test_a_step_that_fails_leaves_the_version_before(tmp_path: Path) -> None:
    db = database(tmp_path)
    with pytest.raises(sqlite.Failure):
        migrate(db, ["CREATE TABLE a (x)", "CREATE TABLE b (y); INSERT INTO nowhere VALUES (1)"])
    assert version(db) == 1
    assert db.one("SELECT count(*) FROM sqlite_master WHERE name='b'") == (0,)


def test_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    db = database(tmp_path)
    migrate(db, ["CREATE TABLE a (x)", "CREATE TABLE b (y)"])
    with pytest.raises(Unavailable) as caught:
        migrate(db, ["CREATE TABLE a (x)"])
    assert "newer" in caught.value.public
    assert "install the newer version" in str(caught.value.cause)


def test_an_empty_database_in_use_is_damage(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="damaged"):
        upgrade(database(tmp_path), ["CREATE TABLE a (x)"])


def test_accounts_of_before_are_principals(tmp_path: Path) -> None:
    db = database(tmp_path)
    migrate(db, directory.STEPS[:5])
    for number, state in ((7, "active"), (8, "suspended"), (9, "active")):
        db.run("INSERT INTO account VALUES (?, 1, 'a', ?, '', ?, 0, 1, 0, 0, 0, 0, 0)", (number, str(number), state))
    upgrade(db, directory.STEPS)
    found, there = principals.of(db, 1)
    assert ([7, 8, 9], [7, 9], 3) == ([one.object_id for one in found.objects], list(there), found.state.modseq)
    assert [] == db.all(principals.AGREES)
    db.run("DELETE FROM account WHERE account_id=7")
    db.run("UPDATE account SET state='active'")
    assert [(8,), (7,)] == db.all(principals.AGREES)


async def test_a_store_of_the_version_before_is_brought_forward_with_its_mail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create(tmp_path / "data", shards=2)
    store = open_store(tmp_path / "data")
    await store.start()
    await store.directory.domain_add("example.test", TenantId(1))
    account = (await store.directory.account_add("a@example.test", argon2="x", scram=None)).account_id
    octets = b"Subject: before\r\n\r\nbody\r\n"
    await store.mail.deliver(account, Filing(DeliveryId(os.urandom(16)), octets, b""))
    await store.close()
    monkeypatch.setattr(shard, "STEPS", (*shard.STEPS, "CREATE TABLE later AS SELECT email_id, size FROM email"))
    monkeypatch.setattr(directory, "STEPS", (*directory.STEPS, "CREATE TABLE later (x)"))
    store = open_store(tmp_path / "data")
    await store.start()
    await store.mail.deliver(account, Filing(DeliveryId(os.urandom(16)), octets.replace(b"before", b"after"), b""))
    assert (await store.mail.quota(account)).used_messages == 2
    assert await store.verify(repair=False, progress=lambda *_: None) == []
    await store.close()
    for path in sorted((tmp_path / "data").glob("mail-*.db")):
        db = Database(path, write=False)
        assert version(db) == len(shard.STEPS)
        db.close()
    monkeypatch.undo()
    store = open_store(tmp_path / "data")
    with pytest.raises(Unavailable, match="newer"):
        await store.start()
    await store.close()


def test_what_was_shipped_never_changes() -> None:
    for name, steps in (
        ("dir.db", directory.STEPS), ("keys.db", directory.KEY_STEPS), ("queue-00.db", directory.QUEUE_STEPS), ("mail-000.db", shard.STEPS)
    ):
        digests = [hashlib.sha256(" ".join(step.split()).encode()).hexdigest()[:16] for step in steps]
        assert digests == SHIPPED[name], f"{name}: a shipped step was edited; add a new one instead"
