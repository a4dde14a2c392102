"""Copies, compaction, keys: what is kept for later can be had later, and what is to be gone is gone."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest
from tests.harness.picture import filled, letter, opened, picture

from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.model.ids import AccountId, DeliveryId, OpId
from mailstead.model.mailbox import INBOX
from mailstead.model.message import Filing
from mailstead.model.uids import UidSet
from mailstead.store import Embedded, backup
from mailstead.store.blob import segments
from mailstead.store.compaction import compact, wanting


def quiet(*_: object) -> None:
    """No progress is shown."""


async def findings(store: Embedded) -> list[str]:
    return await store.verify(repair=False, progress=quiet)


async def inbox_of(store: Embedded, account: int) -> int:
    found = await store.mail.mailbox(AccountId(account), INBOX)
    assert found is not None
    return found.mailbox_id


async def deliver(store: Embedded, account: int, octets: bytes) -> None:
    await store.mail.deliver(AccountId(account), Filing(DeliveryId(os.urandom(16)), octets, b""))


# ------------------------------------------------------------------------------------------------------------- backup
async def test_a_backup_made_while_writing_is_a_store(tmp_path: Path) -> None:
    data, target = tmp_path / "data", tmp_path / "backup"
    placed = await filled(data, accounts=4, messages=10)
    store = opened(data)
    await store.start()
    before = {account: await picture(store, account) for account in placed}
    stop = asyncio.Event()
    written = 0

    async def write(account: int) -> None:
        nonlocal written
        ident, inbox = AccountId(account), await inbox_of(store, account)
        while not stop.is_set():
            await deliver(store, account, letter(written, 1_200_000 if written % 40 == 7 else 3_000))
            await store.mail.set_flags(
                ident, OpId(os.urandom(16)), inbox, UidSet.of([1]), add=frozenset({f"n{written % 7}"}))  # type: ignore[arg-type]
            written += 1

    writing = [asyncio.create_task(write(account)) for account in placed]
    await asyncio.sleep(0.1)
    await store.backup(str(target), with_keys=True, progress=quiet)
    stop.set()
    await asyncio.gather(*writing)
    assert written > 10
    after = {account: await picture(store, account) for account in placed}
    await store.close()
    assert [] == backup.check(target)
    copy = opened(target)
    await copy.start()
    assert [] == await findings(copy)
    await copy.restored()
    assert [] == await findings(copy)
    for account in placed:
        now = await picture(copy, account)
        assert set(before[account].octets()) <= set(now.octets()) <= set(after[account].octets())
        assert now.modseq > after[account].modseq
        for path, box in after[account].boxes.items():
            assert now.boxes[path].uid_validity > max(one.uid_validity for one in after[account].boxes.values())
            assert set(now.boxes[path].messages) <= set(box.messages)
        await deliver(copy, account, letter(1))
        made = await copy.mail.mailbox_create(AccountId(account), OpId(os.urandom(16)), ("New",))
        assert made.uid_validity > max(one.uid_validity for one in now.boxes.values())
    await copy.close()


async def test_a_backup_without_keys_is_noise(tmp_path: Path) -> None:
    data, target = tmp_path / "data", tmp_path / "backup"
    placed = await filled(data, accounts=2, messages=3)
    store = opened(data)
    await store.start()
    await store.backup(str(target), with_keys=False, progress=quiet)
    await store.close()
    assert not (target / "keys").exists()
    assert not (target / "keys.db").exists()
    with pytest.raises(Unavailable):
        opened(target)
    whole = b"".join(path.read_bytes() for path in target.rglob("*") if path.is_file())
    for word in (b"letter", b"Listen", b"Return-Path", b"word1", "Büro".encode()):
        assert word not in whole
    shutil.copytree(data / "keys", target / "keys")
    shutil.copy(data / "keys.db", target / "keys.db")
    copy = opened(target)
    await copy.start()
    assert [] == await findings(copy)
    for account in placed:
        await picture(copy, account)
    await copy.close()


async def test_a_backup_goes_to_an_empty_folder_only(tmp_path: Path) -> None:
    data = tmp_path / "data"
    await filled(data, accounts=2, messages=2)
    store = opened(data)
    await store.start()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("x")
    with pytest.raises(Refusal) as refusal:
        await store.backup(str(tmp_path / "full"), with_keys=True, progress=quiet)
    assert Reason.ALREADY_EXISTS is refusal.value.reason
    await store.close()


async def test_a_changed_backup_is_noticed(tmp_path: Path) -> None:
    data, target = tmp_path / "data", tmp_path / "backup"
    await filled(data, accounts=2, messages=2)
    store = opened(data)
    await store.start()
    await store.backup(str(target), with_keys=True, progress=quiet)
    await store.close()
    victim = next((target / "seg").rglob("*.seg"))
    octets = bytearray(victim.read_bytes())
    octets[len(octets) // 2] ^= 1
    victim.write_bytes(octets)
    (target / "queue-00.db").unlink()
    assert 2 == len(backup.check(target))


# ---------------------------------------------------------------------------------------------------------- compaction
async def test_compaction_gives_space_back_while_reading_and_delivering(tmp_path: Path) -> None:
    data = tmp_path / "data"
    placed = await filled(data, accounts=2, messages=2, shards=1)
    store = opened(data)
    await store.start()
    one = store.owned()[0]
    accounts = list(map(AccountId, placed))
    for number in range(300):
        await deliver(store, accounts[number % 2], letter(number, 30_000))
    await store.close()
    store = opened(data)
    await store.start()
    one = store.owned()[0]
    for account in accounts:
        await deliver(store, account, letter(1))
        inbox = await inbox_of(store, account)
        entries = await store.mail.entries(account, inbox, UidSet.all())  # type: ignore[arg-type]
        gone = UidSet.of(entry.uid for entry in entries if entry.uid % 4)
        await store.mail.expunge(account, OpId(os.urandom(16)), inbox, gone, only_deleted=False)  # type: ignore[arg-type]

    def used() -> int:
        return sum(path.stat().st_size for path in (data / "seg").rglob("*.seg"))

    before, size = {account: await picture(store, account) for account in placed}, used()
    stop = asyncio.Event()
    count = 0

    async def read_and_write(account: AccountId) -> None:
        nonlocal count
        while not stop.is_set():
            for box in before[account].boxes:
                info = await store.mail.mailbox(account, box)
                assert info is not None
                for entry in await store.mail.entries(account, info.mailbox_id, UidSet.all()):
                    await store.mail.octets(account, entry.email_id)
                    count += 1
            await deliver(store, account, letter(count, 200))
            await asyncio.sleep(0)

    tasks = [asyncio.create_task(read_and_write(account)) for account in accounts]
    for _ in range(3):
        await store.maintenance.round(one, unlink_after_s=0.05)
    stop.set()
    await asyncio.gather(*tasks)
    assert count > 100
    assert used() < size * 0.6
    assert [] == await findings(store)
    for account in accounts:
        assert set(before[account].octets()) <= set((await picture(store, account)).octets())
    held = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if os.path.islink(f"/proc/self/fd/{fd}")]
    assert not [name for name in held if str(data) in name and ".seg (deleted)" in name], "an open file keeps its space"
    await store.close()


async def test_a_compacted_shard_can_be_rebuilt(tmp_path: Path) -> None:
    data = tmp_path / "data"
    placed = await filled(data, accounts=2, messages=10, shards=1)
    store = opened(data)
    await store.start()
    one = store.owned()[0]
    for account in placed:
        await deliver(store, account, letter(1))
    before = {account: await picture(store, account) for account in placed}
    assert one.writer is not None
    for number in segments.numbers(one.folder)[:-1]:
        assert await compact(one, one.writer, store.keys, store.files, number, unlink_after_s=0)
    assert [] == wanting(one, one.writer.segments.number if one.writer.segments else 0)
    for account in placed:
        assert before[account] == await picture(store, account)
    await store.close()
    (data / "mail-000.db").unlink()
    store = opened(data)
    await store.start()
    await store.verify(repair=True, progress=quiet)
    assert [] == await findings(store)
    for account in placed:
        now = await picture(store, account)
        assert set(before[account].octets()) == set(now.octets())
        listed = {one[0] for one in before[account].boxes["Listen", "Büro"].messages.values()}
        assert len(listed & {one[0] for one in now.boxes["Listen", "Büro"].messages.values()}) >= len(listed) - 3
    await store.close()


async def test_objects_of_expunged_messages_are_deleted(tmp_path: Path) -> None:
    data = tmp_path / "data"
    placed = await filled(data, accounts=2, messages=2, shards=1)
    store = opened(data)
    await store.start()
    account = AccountId(next(iter(placed)))
    count = len(list((data / "obj").rglob("*.obj")))
    box = await store.mail.mailbox(account, ("Listen", "Büro"))
    assert box is not None
    await store.mail.expunge(account, OpId(os.urandom(16)), box.mailbox_id, UidSet.all(), only_deleted=False)
    await store.maintenance.round(store.owned()[0])
    assert count - 1 == len(list((data / "obj").rglob("*.obj")))
    other = AccountId(next(one for one in placed if one != account))
    await store.directory.account_shred(other)
    await store.maintenance.round(store.owned()[0])
    assert count - 2 == len(list((data / "obj").rglob("*.obj")))
    assert [] == await findings(store)
    await store.close()


# ---------------------------------------------------------------------------------------------------------------- keys
async def test_shredding_reaches_what_was_copied(tmp_path: Path) -> None:
    data, target = tmp_path / "data", tmp_path / "backup"
    placed = await filled(data, accounts=2, messages=3, shards=1)
    store = opened(data)
    await store.start()
    await store.backup(str(target), with_keys=False, progress=quiet)
    victim, other = map(AccountId, placed)
    wrapped = _wrapped(data, victim)
    assert wrapped in _all_keys(data)
    await store.directory.account_shred(victim)
    assert wrapped not in _all_keys(data)
    before = await picture(store, other)
    await store.close()
    shutil.copytree(data / "keys", target / "keys")
    shutil.copy(data / "keys.db", target / "keys.db")
    copy = opened(target)
    await copy.start()
    for asking in (copy.mail.mailboxes(victim), copy.mail.search(victim, _anything(), mailbox_id=1), copy.mail.keywords(victim)):  # type: ignore[arg-type]
        with pytest.raises((Refusal, Unavailable)):
            await asking
    assert before == await picture(copy, other)
    await copy.close()


def _anything() -> object:
    from mailstead.model.condition import EVERYTHING

    return EVERYTHING


def _wrapped(data: Path, account: int) -> bytes:
    from mailstead.store.engine.sqlite import Database

    db = Database(data / "keys.db", write=False)
    row = db.one("SELECT wrapped FROM account_key WHERE account_id=?", (account,))
    db.close()
    assert row is not None
    return bytes(row[0])


def _all_keys(data: Path) -> bytes:
    return b"".join(path.read_bytes() for path in data.glob("keys.db*"))


async def test_the_master_key_is_changed_while_serving(tmp_path: Path) -> None:
    data = tmp_path / "data"
    placed = await filled(data, accounts=4, messages=3)
    store = opened(data)
    await store.start()
    before = {account: await picture(store, account) for account in placed}
    old = (data / "keys" / "master.key").read_bytes()
    assert 1 + len(placed) == await store.rotate_master(quiet)  # the site has one too
    assert old not in (data / "keys" / "master.key").read_bytes()
    for account in placed:
        assert before[account] == await picture(store, account)
        await deliver(store, account, letter(1))
    await store.close()
    store = opened(data)
    await store.start()
    assert [] == await findings(store)
    for account in placed:
        assert set(before[account].octets()) < set((await picture(store, account)).octets())
    await store.close()
    (data / "keys" / "master.key").write_bytes(old)
    store = opened(data)
    await store.start()
    with pytest.raises(Unavailable):
        await store.mail.mailboxes(AccountId(next(iter(placed))))
    await store.close()
