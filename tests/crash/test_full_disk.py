"""A disk that takes no more: full, read-only, failing. Writes are refused for now, nothing of what is there suffers, and
with the disk the store recovers by itself."""

import asyncio
import errno
import os
import random
import subprocess
from pathlib import Path

import pytest
from tests.harness.lossy import Disk, LossyFiles
from tests.harness.picture import filled, letter, opened, picture

from mailstead.model.errors import Refusal, Unavailable
from mailstead.model.ids import AccountId, DeliveryId, OpId, SubmissionId, TenantId
from mailstead.model.mailbox import INBOX
from mailstead.model.message import Filing, NewMessage
from mailstead.model.uids import UidSet
from mailstead.service.queue.entrance import Entrance, Queued
from mailstead.store import Embedded, create
from mailstead.store.engine.sqlite import Database

LARGE = 1_300_000


def quiet(*_: object) -> None:
    """No progress is shown."""


def disk_in(tmp_path: Path) -> tuple[Disk, LossyFiles]:
    graves = tmp_path / "graves"
    graves.mkdir()
    disk = Disk(graves, vfs=f"disk-{random.getrandbits(40)}")
    return disk, LossyFiles(disk)


async def inbox_of(store: Embedded, account: int) -> int:
    found = await store.mail.mailbox(AccountId(account), INBOX)
    assert found is not None
    return found.mailbox_id


async def every_write(store: Embedded, account: int) -> list[object]:
    """One of each kind of write; gives outcomes."""
    mail, ident = store.mail, AccountId(account)
    inbox = await inbox_of(store, account)

    def op() -> OpId:
        return OpId(os.urandom(16))

    return list(await asyncio.gather(
        mail.deliver(ident, Filing(DeliveryId(os.urandom(16)), letter(1), b"")),
        mail.deliver(ident, Filing(DeliveryId(os.urandom(16)), letter(1, LARGE), b"")),
        mail.append(ident, op(), inbox, [NewMessage(letter(2)), NewMessage(letter(2, LARGE))]),  # type: ignore[arg-type]
        mail.set_flags(ident, op(), inbox, UidSet.all(), add=frozenset({f"w{random.getrandbits(30)}"})),  # type: ignore[arg-type]
        mail.copy(ident, op(), inbox, UidSet.of([1]), inbox),  # type: ignore[arg-type]
        mail.mailbox_create(ident, op(), (f"box{random.getrandbits(40)}",)),
        store.directory.alias_add(f"a{random.getrandbits(40)}@example.test", "user0@example.test"),
        store.directory.account_set(ident, name=f"n{random.getrandbits(30)}"),
        Entrance(store.queue, is_direct=True).put(
            Queued(random.randbytes(16), SubmissionId(random.getrandbits(50)), ident, TenantId(1), "", [("x@else.where", {}, False)], {}, 0, 1 << 50),
            letter(3),
        ),
        return_exceptions=True,
    ))


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EIO])
async def test_writes_are_refused_and_reads_go_on(tmp_path: Path, code: int) -> None:
    data = tmp_path / "data"
    placed = await filled(data, accounts=3, messages=12)
    disk, files = disk_in(tmp_path)
    store = opened(data, files=files)
    await store.start()
    before = {account: await picture(store, account) for account in placed}
    for _ in range(3):
        disk.refuses = code
        for account in placed:
            outcomes = await every_write(store, account)
            assert [Unavailable] * 9 == [type(one) for one in outcomes], outcomes
            causes = " ".join(one.cause for one in outcomes if isinstance(one, Unavailable)).lower()
            assert {errno.ENOSPC: "full", errno.EROFS: "read-only", errno.EIO: "error"}[code] in causes
            assert before[account] == await picture(store, account)
        disk.refuses = 0
        for account in placed:
            outcomes = await every_write(store, account)
            assert not any(isinstance(one, BaseException) for one in outcomes), outcomes
            before[account] = await picture(store, account)
    assert [] == await store.verify(repair=False, progress=quiet)
    objects = len(list((data / "obj").rglob("*.obj")))
    assert len(before) * (1 + 3 * 2) == objects, "refused messages left files behind, or taken ones are gone"
    await store.close()


@pytest.mark.parametrize("seed", range(6))
async def test_a_disk_that_fills_at_any_moment(tmp_path: Path, seed: int) -> None:
    data = tmp_path / "data"
    placed = await filled(data, accounts=2, messages=6)
    disk, files = disk_in(tmp_path)
    store = opened(data, files=files)
    await store.start()
    rng = random.Random(seed)
    kept: dict[int, set[bytes]] = {account: set() for account in placed}
    until = 0

    def step(number: int) -> None:
        disk.refuses = errno.ENOSPC if number > until and rng.random() < 0.3 else 0

    disk.on_step = step
    for _ in range(12):
        until = disk.steps + rng.randint(0, 20)
        for account in placed:
            wanted = [letter(number, LARGE if rng.random() < 0.1 else 500) for number in range(10)]
            filings = [Filing(DeliveryId(os.urandom(16)), octets, b"") for octets in wanted]
            outcomes = await asyncio.gather(
                *(store.mail.deliver(AccountId(account), filing) for filing in filings), return_exceptions=True)
            for octets, outcome in zip(wanted, outcomes, strict=True):
                assert not isinstance(outcome, BaseException) or isinstance(outcome, Unavailable), outcome
                if not isinstance(outcome, BaseException):
                    kept[account].add(octets)
    disk.on_step = lambda number: None
    disk.refuses = 0
    await store.close()
    store = opened(data)
    await store.start()
    assert [] == await store.verify(repair=False, progress=quiet)
    for account in map(AccountId, placed):
        entries = await store.mail.entries(account, await inbox_of(store, account), UidSet.all())  # type: ignore[arg-type]
        there = [await store.mail.octets(account, entry.email_id) for entry in entries]
        assert kept[account] <= set(there)
        assert len(there) == len(set(there))
    await store.close()


async def test_a_store_on_a_read_only_disk_can_be_read(tmp_path: Path) -> None:
    data = tmp_path / "data"
    placed = await filled(data, accounts=2, messages=6)
    plain = opened(data)
    await plain.start()
    before = {account: await picture(plain, account) for account in placed}
    await plain.close()
    disk, files = disk_in(tmp_path)
    disk.refuses = errno.EROFS
    store = opened(data, files=files)
    try:
        await store.start()
    except Unavailable as exc:
        assert "read-only" in exc.cause.lower()  # noqa: PT017 - it may start or not
    else:
        for account in placed:
            assert before[account] == await picture(store, account)
    await store.close()


async def test_a_full_log_is_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite's own way of being full."""
    data = tmp_path / "data"
    placed = await filled(data, accounts=2, messages=6)
    real = Database.__init__

    def bounded(self: Database, path: Path, **more: object) -> None:
        real(self, path, **more)  # type: ignore[arg-type]
        if more.get("write") and path.name == "mail-000.db":
            self.run(f"PRAGMA max_page_count={(self.one('PRAGMA page_count') or (0,))[0] + 3}")

    monkeypatch.setattr(Database, "__init__", bounded)
    store = opened(data)
    await store.start()
    for account, shard in placed.items():
        outcomes = [
            (await asyncio.gather(store.mail.deliver(AccountId(account), Filing(DeliveryId(os.urandom(16)), letter(n), b"")),
                                  return_exceptions=True))[0]
            for n in range(60)
        ]
        failed = [one for one in outcomes if isinstance(one, BaseException)]
        if shard:
            assert [] == failed
        else:
            assert all(isinstance(one, Unavailable) and "full" in one.public for one in failed)
    assert [] == await store.verify(repair=False, progress=quiet)
    await store.close()


async def test_the_reserve_stops_mail_and_not_deletion(tmp_path: Path) -> None:
    data = tmp_path / "data"
    placed = await filled(data, accounts=2, messages=6)
    store = opened(data, disk_reserve=1 << 60)
    await store.start()
    account = AccountId(next(iter(placed)))
    inbox = await inbox_of(store, account)
    for writing in (
        store.mail.deliver(account, Filing(DeliveryId(os.urandom(16)), letter(1), b"")),
        store.mail.append(account, OpId(os.urandom(16)), inbox, [NewMessage(letter(1))]),  # type: ignore[arg-type]
    ):
        with pytest.raises(Unavailable):
            await writing
    gone, _ = await store.mail.expunge(account, OpId(os.urandom(16)), inbox, UidSet.of([1]), only_deleted=False)  # type: ignore[arg-type]
    assert UidSet.of([1]) == gone
    await store.mail.set_flags(account, OpId(os.urandom(16)), inbox, UidSet.all(), add=frozenset({"\\Deleted"}))  # type: ignore[arg-type]
    await store.close()


async def test_a_small_disk(tmp_path: Path) -> None:
    """A real one, where we may mount one."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(small)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("needs the right to mount a small disk")
    try:
        data = small / "data"
        create(data, shards=2)
        store = opened(data)
        await store.start()
        (tenant,) = await store.directory.tenants()
        await store.directory.domain_add("example.test", tenant.tenant_id)
        account = (await store.directory.account_add("a@example.test", argon2="x", scram=None)).account_id
        kept: list[tuple[int, bytes]] = []
        refused = 0
        for number in range(3_000):
            octets = letter(number, LARGE if number % 50 == 7 else 6_000)
            try:
                filed = await store.mail.deliver(account, Filing(DeliveryId(os.urandom(16)), octets, b""))
            except Unavailable:
                refused += 1
                if refused == 100:
                    break
            else:
                kept.append((filed.uid, octets))
        assert refused == 100
        assert len(kept) > 20
        for uid, octets in kept:
            (entry,) = await store.mail.entries(account, await inbox_of(store, account), UidSet.of([uid]))  # type: ignore[arg-type]
            assert octets == await store.mail.octets(account, entry.email_id)
        await store.close()
        try:
            store = opened(data)
            await store.start()
        except Unavailable:
            pass
        else:
            try:
                assert len(kept) == len(await store.mail.entries(account, await inbox_of(store, account), UidSet.all()))  # type: ignore[arg-type]
            except Refusal:
                pytest.fail("a full disk refused a reader")
        await store.close()
    finally:
        subprocess.run(["umount", str(small)], check=True)
