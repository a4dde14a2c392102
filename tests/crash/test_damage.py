"""Damaged disks: a clear answer for whom it concerns, nothing for the others, and what is readable comes back.

Each case damages a filled store, looks at it as clients would, has it verified and repaired, and compares message by
message, octet by octet.
"""

import asyncio
import hashlib
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.contract.store.conftest import Clock, stores_in
from tests.harness.picture import Picture, filled, letter, opened, picture

from mailstead.model.email import NewEmail
from mailstead.model.errors import Refusal, Unavailable
from mailstead.model.ids import AccountId, DeliveryId, OpId
from mailstead.model.message import Filing
from mailstead.model.uids import UidSet
from mailstead.store import Embedded
from mailstead.store.maintenance import Maintenance

SEED = int(os.environ.get("MAILSTEAD_DAMAGE_SEED", "1"))
SEEDS = range(SEED, SEED + int(os.environ.get("MAILSTEAD_DAMAGES", "6")))
PAGE = 4096


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[int, int], dict[int, Picture]]:
    """A filled store, its accounts by shard, and what is in them."""
    data = tmp_path_factory.mktemp("damage") / "data"

    async def make() -> tuple[dict[int, int], dict[int, Picture]]:
        placed = await filled(data, messages=90)
        store = opened(data)
        await store.start()
        seen = {account: await picture(store, account) for account in placed}
        await store.close()
        return placed, seen

    placed, seen = asyncio.run(make())
    assert not list(data.glob("*-wal")), "what is damaged below must not lie in a log as well"
    return data, placed, seen


Original = tuple[Path, dict[int, int], dict[int, Picture]]


def quiet(*_: object) -> None:
    """No progress is shown."""


async def findings(store: Embedded, *, repair: bool = False) -> list[str]:
    return await store.verify(repair=repair, progress=quiet)


async def untouched(store: Embedded, original: Original, shard: int) -> None:
    """The accounts of the other shards notice nothing and go on."""
    _, placed, seen = original
    for account, where in placed.items():
        if where != shard:
            assert seen[account] == await picture(store, account)


async def goes_on(store: Embedded, account: int) -> None:
    ident = DeliveryId(random.randbytes(16))
    octets = letter(1)
    filed = await store.mail.deliver(AccountId(account), Filing(ident, octets, b""))
    assert octets == await store.mail.octets(AccountId(account), filed.email_id)
    assert (await store.mail.deliver(AccountId(account), Filing(ident, octets, b""))).duplicate


async def looks_like_damage(store: Embedded, account: int) -> bool:
    """Whether a client is told that something cannot be had; anything but a clear answer fails."""
    try:
        await picture(store, account)
    except (Unavailable, AssertionError):
        return True
    except Refusal:
        return True
    return False


async def repaired(store: Embedded, original: Original, shard: int) -> tuple[int, int]:
    """Verify, repair, compare; gives how many accounts were kept and how many rebuilt."""
    _, placed, seen = original
    told = await findings(store, repair=True)
    left = await findings(store)
    assert [] == left, told
    kept = rebuilt = 0
    for account, where in placed.items():
        now = await picture(store, account)
        before = seen[account]
        if where != shard:
            assert before == now
            continue
        lost = set(before.octets()) - set(now.octets())
        assert not lost, f"{len(lost)} of {len(before.octets())} messages lost; {told}"
        if all(now.boxes[path].uid_validity == box.uid_validity for path, box in before.boxes.items() if path in now.boxes):
            kept += 1
            assert before.without_flags() == now.without_flags()
            assert before.modseq <= now.modseq
        else:
            rebuilt += 1
            before_validities = {box.uid_validity for box in before.boxes.values()}
            assert not before_validities & {box.uid_validity for box in now.boxes.values()}
            assert min(box.uid_validity for box in now.boxes.values()) > max(before_validities)
            assert now.modseq > before.modseq + 1000
            assert len(now.octets()) <= len(before.octets()) + 2  # the two that were expunged may return
        await goes_on(store, account)
    assert [] == await findings(store)
    return kept, rebuilt


def copied(original: Original, tmp_path: Path) -> Path:
    data = tmp_path / "data"
    shutil.copytree(original[0], data)
    return data


async def damaged_shard(original: Original, data: Path, shard: int = 0) -> tuple[int, int]:
    """The whole way for a shard whose file has been damaged."""
    store = opened(data)
    await store.start()
    try:
        await untouched(store, original, shard)
        for account, where in original[1].items():
            if where == shard:
                await looks_like_damage(store, account)
        for account, where in original[1].items():
            if where != shard:
                await goes_on(store, account)
        for account in original[1]:
            if original[1][account] != shard:
                original[2][account] = await picture(store, account)
        return await repaired(store, original, shard)
    finally:
        await store.close()


def fresh(original: Original) -> Original:
    return original[0], dict(original[1]), dict(original[2])


# ---------------------------------------------------------------------------------------------------- the shard's file
def scattered(octets: bytearray, rng: random.Random) -> None:
    for _ in range(200):
        octets[rng.randrange(len(octets))] ^= rng.randint(1, 255)


def in_a_row(octets: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(octets) - 200)
    octets[at : at + 200] = rng.randbytes(200)


def page_headers(octets: bytearray, rng: random.Random) -> None:
    for page in rng.sample(range(1, len(octets) // PAGE), min(16, len(octets) // PAGE // 2)):
        octets[page * PAGE : page * PAGE + 12] = rng.randbytes(12)


def whole_pages(octets: bytearray, rng: random.Random) -> None:
    for page in rng.sample(range(1, len(octets) // PAGE), 3):
        octets[page * PAGE : (page + 1) * PAGE] = bytes(PAGE)


def pages_swapped(octets: bytearray, rng: random.Random) -> None:
    first, second = rng.sample(range(1, len(octets) // PAGE), 2)
    one, two = slice(first * PAGE, (first + 1) * PAGE), slice(second * PAGE, (second + 1) * PAGE)
    octets[one], octets[two] = octets[two], octets[one]


def first_page(octets: bytearray, rng: random.Random) -> None:
    octets[:200] = rng.randbytes(200)


def schema_page(octets: bytearray, rng: random.Random) -> None:
    at = rng.randrange(100, PAGE - 200)
    octets[at : at + 200] = rng.randbytes(200)


def cut_in_half(octets: bytearray, rng: random.Random) -> None:
    del octets[len(octets) // 2 :]


def cut_short(octets: bytearray, rng: random.Random) -> None:
    del octets[-rng.randint(1, 3 * PAGE) :]


def emptied(octets: bytearray, rng: random.Random) -> None:
    octets.clear()


def rubbish(octets: bytearray, rng: random.Random) -> None:
    octets[:] = rng.randbytes(50_000)


def hurt(path: Path, how: Callable[[bytearray, random.Random], None], seed: int) -> None:
    octets = bytearray(path.read_bytes())
    how(octets, random.Random(seed))
    path.write_bytes(octets)


@pytest.mark.parametrize("how", [scattered, in_a_row, page_headers, whole_pages, pages_swapped, schema_page])
@pytest.mark.parametrize("seed", SEEDS)
async def test_a_damaged_shard_file(
    original: Original, tmp_path: Path, how: Callable[[bytearray, random.Random], None], seed: int
) -> None:
    data = copied(original, tmp_path)
    hurt(data / "mail-000.db", how, seed)
    kept, rebuilt = await damaged_shard(fresh(original), data)
    print(f"{how.__name__} {seed}: {kept} accounts kept, {rebuilt} rebuilt")


@pytest.mark.parametrize("how", [first_page, cut_in_half, cut_short, emptied, rubbish])
async def test_a_shard_file_without_its_beginning_or_end(
    original: Original, tmp_path: Path, how: Callable[[bytearray, random.Random], None]
) -> None:
    data = copied(original, tmp_path)
    hurt(data / "mail-000.db", how, 1)
    await damaged_shard(fresh(original), data)


async def test_a_shard_file_deleted(original: Original, tmp_path: Path) -> None:
    data = copied(original, tmp_path)
    (data / "mail-000.db").unlink()
    kept, rebuilt = await damaged_shard(fresh(original), data)
    assert (0, sum(shard == 0 for shard in original[1].values())) == (kept, rebuilt)


async def test_a_deleted_shard_is_named_and_refused(original: Original, tmp_path: Path) -> None:
    data = copied(original, tmp_path)
    (data / "mail-001.db").unlink()
    store = opened(data)
    await store.start()
    told = await findings(store)
    assert any("mail-001.db" in text for text in told)
    for account, shard in original[1].items():
        if shard == 1:
            with pytest.raises(Unavailable):
                await store.mail.mailboxes(AccountId(account))
            with pytest.raises(Unavailable):
                await store.mail.deliver(AccountId(account), Filing(DeliveryId(bytes(16)), letter(1), b""))
        else:
            await goes_on(store, account)
    await store.close()


@pytest.mark.parametrize("seed", SEEDS)
async def test_damage_while_the_store_is_open(original: Original, tmp_path: Path, seed: int) -> None:
    data = copied(original, tmp_path)
    store = opened(data)
    await store.start()
    mine = fresh(original)
    for account in mine[1]:
        await goes_on(store, account)
    for account in mine[1]:
        mine[2][account] = await picture(store, account)
    with (data / "mail-000.db").open("r+b") as file:
        rng = random.Random(seed)
        for page in rng.sample(range(file.seek(0, 2) // PAGE), 5):
            file.seek(page * PAGE)
            file.write(rng.randbytes(200))
    await untouched(store, mine, 0)
    await repaired(store, mine, 0)
    await store.close()


# -------------------------------------------------------------------------------------------------- with a daily copy
async def test_a_daily_copy_keeps_flags_and_places(original: Original, tmp_path: Path) -> None:
    data = copied(original, tmp_path)
    store = opened(data)
    await store.start()
    for one in store.owned():
        await store.maintenance.round(one)
    mine = fresh(original)
    for account in mine[1]:
        await goes_on(store, account)
    later = {account: await picture(store, account) for account in mine[1]}
    await store.close()
    (data / "mail-000.db").unlink()
    store = opened(data)
    await store.start()
    told = await findings(store, repair=True)
    assert any("mail-000.db was rebuilt" in text for text in told)
    assert [] == await findings(store)
    for account, shard in mine[1].items():
        now = await picture(store, account)
        if shard:
            assert later[account] == now
            continue
        assert set(later[account].octets()) <= set(now.octets())
        for path, box in mine[2][account].boxes.items():
            assert box.role == now.boxes[path].role
            assert box.subscribed == now.boxes[path].subscribed
            flags = {one[0]: one[1:] for one in now.boxes[path].messages.values()}
            for digest, words, received in box.messages.values():
                assert (words, received) == flags[digest]
        await goes_on(store, account)
    await store.close()


async def test_without_a_copy_messages_come_back_to_their_mailboxes(original: Original, tmp_path: Path) -> None:
    data = copied(original, tmp_path)
    (data / "mail-000.db").unlink()
    store = opened(data)
    await store.start()
    await findings(store, repair=True)
    for account, shard in original[1].items():
        if shard == 0:
            now = await picture(store, account)
            appended = {one[0] for uid, one in original[2][account].boxes["Listen", "Büro"].messages.items() if uid <= 32}
            assert appended <= {one[0] for one in now.boxes["Listen", "Büro"].messages.values()}
            assert {("INBOX",), ("Trash",), ("Sent",)} <= set(now.boxes)
            assert ("Lists",) not in now.boxes
    await store.close()


async def test_a_message_filed_in_several_mailboxes_comes_back_to_all_of_them(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (account,) = map(AccountId, await filled(data, accounts=1, messages=1, shards=1))
    store = opened(data)
    await store.start()
    boxes = {box.path: box.mailbox_id for box in await store.mail.mailboxes(account)}
    wanted = [("Sent",), ("Listen", "Büro"), ("Archive",)]
    letters = [letter(1), letter(2, 1_200_000)]
    await store.emails.set(account, OpId(bytes(16)), create=[NewEmail(one, tuple(boxes[path] for path in wanted)) for one in letters])
    await store.mail.mailbox_rename(account, OpId(b"1" * 16), ("Archive",), ("Older",))
    await store.close()
    (data / "mail-000.db").unlink()
    store = opened(data)
    await store.start()
    await findings(store, repair=True)
    now = await picture(store, account)
    expected = {hashlib.sha256(one).hexdigest() for one in letters}
    for path in (*wanted[:2], ("Older",)):
        assert expected <= {one[0] for one in now.boxes[path].messages.values()}, path
    assert not expected & {one[0] for one in now.boxes["INBOX",].messages.values()}
    assert [] == await findings(store)
    await store.close()


# ------------------------------------------------------------------------------------------------------------ segments
@pytest.mark.parametrize("seed", SEEDS)
async def test_a_damaged_segment_record_costs_its_messages_only(original: Original, tmp_path: Path, seed: int) -> None:
    data = copied(original, tmp_path)
    (path,) = (data / "seg" / "000").glob("*.seg")
    rng = random.Random(seed)
    octets = bytearray(path.read_bytes())
    at = rng.randrange(len(octets) - 200)
    octets[at : at + 200] = rng.randbytes(200)
    path.write_bytes(octets)
    store = opened(data)
    await store.start()
    await untouched(store, original, 0)
    told = await findings(store)
    unreadable = 0
    for account, shard in original[1].items():
        if shard:
            continue
        unreadable += await _unreadable(store, account, original[2][account])
        await goes_on(store, account)
    assert unreadable <= 40
    assert bool(unreadable) <= bool(told)
    assert all("mail-000.db: message" in text for text in told)
    await findings(store, repair=True)
    again = 0
    for account, shard in original[1].items():
        if shard == 0:
            again += await _unreadable(store, account, original[2][account])
    assert again <= unreadable
    await untouched(store, original, 0)
    await store.close()


async def _unreadable(store: Embedded, account: int, before: Picture) -> int:
    """Counts messages that cannot be read; the others must be what they were."""
    count = 0
    for info in await store.mail.mailboxes(AccountId(account)):
        known = before.boxes[info.path].messages
        for entry in await store.mail.entries(AccountId(account), info.mailbox_id, UidSet.all()):
            try:
                octets = await store.mail.octets(AccountId(account), entry.email_id)
            except Unavailable:
                count += 1
                continue
            if entry.uid in known:
                assert known[entry.uid][0] == hashlib.sha256(octets).hexdigest()
    return count


# ------------------------------------------------------------------------------------------------------------ anywhere
@pytest.mark.parametrize("seed", SEEDS)
async def test_two_hundred_octets_anywhere(original: Original, tmp_path: Path, seed: int) -> None:
    """Of all that a shard lies in: its file, its segments, its objects. The others notice nothing, before and after the
    repair; what no hit has met of a message's own octets comes back, and what is read is what was stored."""
    data = copied(original, tmp_path)
    objects = [path for account, shard in original[1].items() if shard == 0 for path in sorted((data / "obj").rglob(f"{account:x}-*.obj"))]
    assert objects
    files = [data / "mail-000.db", *sorted((data / "seg" / "000").glob("*.seg")), *objects]
    sizes = [path.stat().st_size for path in files]
    rng = random.Random(seed)
    hits = rng.choices(range(len(files)), sizes, k=200)
    for path, size, count in zip(files, sizes, (hits.count(number) for number in range(len(files))), strict=True):
        octets = bytearray(path.read_bytes())
        for _ in range(count):
            octets[rng.randrange(size)] ^= rng.randint(1, 255)
        path.write_bytes(octets)
    in_messages = 200 - hits.count(0)
    store = opened(data)
    await store.start()
    mine = fresh(original)
    await untouched(store, mine, 0)
    assert await findings(store)
    for account, shard in mine[1].items():
        if shard:
            await goes_on(store, account)
            mine[2][account] = await picture(store, account)
        else:
            await looks_like_damage(store, account)
    told = await findings(store, repair=True)
    await untouched(store, mine, 0)
    lost = 0
    for account, shard in mine[1].items():
        if shard == 0:
            there = await _readable(store, account)
            before = set(mine[2][account].octets())
            assert len(there - before) <= 2, told  # the two that were expunged may return
            lost += len(before - there)
            await goes_on(store, account)
    assert lost <= in_messages, f"{lost} lost by {in_messages} hits: {told}"
    await store.close()


async def _readable(store: Embedded, account: int) -> set[str]:
    """Digests of what can be read."""
    found = set()
    for info in await store.mail.mailboxes(AccountId(account)):
        for entry in await store.mail.entries(AccountId(account), info.mailbox_id, UidSet.all()):
            try:
                found.add(hashlib.sha256(await store.mail.octets(AccountId(account), entry.email_id)).hexdigest())
            except Unavailable:
                continue
    return found


async def test_both_shard_file_and_segments_damaged(original: Original, tmp_path: Path) -> None:
    data = copied(original, tmp_path)
    (path,) = (data / "seg" / "000").glob("*.seg")
    rng = random.Random(5)
    octets = bytearray(path.read_bytes())
    for _ in range(10):
        octets[rng.randrange(len(octets))] ^= 0xFF
    path.write_bytes(octets)
    hurt(data / "mail-000.db", in_a_row, 5)
    (data / "mail-000.db").unlink()
    store = opened(data)
    await store.start()
    await findings(store, repair=True)
    assert [] == await findings(store)
    for account, shard in original[1].items():
        if shard == 0:
            lost = set(original[2][account].octets()) - set((await picture(store, account)).octets())
            assert len(lost) <= 10
            await goes_on(store, account)
    await store.close()


async def test_a_lost_object_is_named(original: Original, tmp_path: Path) -> None:
    data = copied(original, tmp_path)
    victim = min((data / "obj").rglob("*.obj"))
    victim.unlink()
    store = opened(data)
    await store.start()
    told = await findings(store)
    assert 1 == len(told)
    assert victim.stem.rpartition("-")[2] in told[0]
    await store.close()


# ----------------------------------------------------------------------------------------------------------- daily life
async def test_snapshots_are_kept_three_days(tmp_path: Path) -> None:
    data = tmp_path / "data"
    await filled(data, accounts=2, messages=3)
    clock = [1_800_000_000_000]
    store = opened(data, now_ms=lambda: clock[0])
    await store.start()
    assert isinstance(store.maintenance, Maintenance)
    for _ in range(5):
        for one in store.owned():
            await store.maintenance.round(one)
        clock[0] += 24 * 3600 * 1000
    for one in store.owned():
        assert 3 == len(list((data / "snapshot" / one.path.stem).iterdir()))
    await store.close()


# --------------------------------------------------------------------------------------------------------- several workers
async def test_the_owner_repairs_and_every_worker_sees_it(original: Original, tmp_path: Path) -> None:
    data = copied(original, tmp_path)
    stores = stores_in(data, 2, Clock())
    for store in stores:
        await store.start()
    first, second = stores
    mine = [account for account, shard in original[1].items() if shard == 1]
    for account in original[1]:
        for store in stores:
            assert original[2][account] == await picture(store, account)  # type: ignore[arg-type]
    with (data / "mail-001.db").open("r+b") as file:
        file.truncate(3 * PAGE)
    told = await first.verify(repair=True, progress=quiet)
    assert any("mail-001.db was rebuilt" in text for text in told)
    for store in stores:
        assert [] == await store.verify(repair=False, progress=quiet)
    for account in original[1]:
        one, two = [await picture(store, account) for store in stores]  # type: ignore[arg-type]
        assert one == two
        assert set(original[2][account].octets()) <= set(one.octets())
        assert (account in mine) == (one.boxes["INBOX",].uid_validity != original[2][account].boxes["INBOX",].uid_validity)
    for account in mine:
        for store, other in ((first, second), (second, first)):
            octets = letter(1)
            filed = await store.mail.deliver(AccountId(account), Filing(DeliveryId(random.randbytes(16)), octets, b""))
            assert octets == await other.mail.octets(AccountId(account), filed.email_id)
    for store in stores:
        await store.close()


# --------------------------------------------------------------------------------------------------------- other files
@pytest.mark.parametrize("name", ["keys.db", "dir.db", "queue-00.db"])
@pytest.mark.parametrize("how", [rubbish, emptied, scattered, first_page])
async def test_another_database_damaged_is_a_clear_answer(
    original: Original, tmp_path: Path, name: str, how: Callable[[bytearray, random.Random], None]
) -> None:
    data = copied(original, tmp_path)
    hurt(data / name, how, 3)
    try:
        store = opened(data)
    except Unavailable as exc:
        assert name in exc.cause  # noqa: PT017 - it may open or not
        return
    try:
        await store.start()
    except Unavailable as exc:
        assert name in exc.cause  # noqa: PT017 - it may start or not
        await store.close()
        return
    for account in original[1]:
        await looks_like_damage(store, account)
    assert any(name in text for text in await findings(store))
    await store.close()


async def test_a_master_key_that_is_missing_or_another(original: Original, tmp_path: Path) -> None:
    data = copied(original, tmp_path)
    (data / "keys" / "master.key").write_text("00" * 32 + "\n")
    store = opened(data)
    await store.start()
    with pytest.raises(Unavailable):
        await store.mail.mailboxes(AccountId(next(iter(original[1]))))
    await store.close()
    (data / "keys" / "master.key").unlink()
    with pytest.raises(Unavailable):
        opened(data)


# ------------------------------------------------------------------------------------------------------------- the log
@pytest.mark.parametrize("seed", SEEDS)
async def test_a_damaged_log_costs_its_end_at_most(original: Original, tmp_path: Path, seed: int) -> None:
    """The write-ahead log of a store that was not closed. What SQLite finds damaged in it and all behind is not taken; what
    was in the file before stays, and the accounts go on."""
    first, data = copied(original, tmp_path), tmp_path / "after"
    store = opened(first)
    await store.start()
    for account in original[1]:
        for _ in range(5):
            await goes_on(store, account)
    shutil.copytree(first, data, ignore=shutil.ignore_patterns("*-shm"))
    now = {account: await picture(store, account) for account in original[1]}
    await store.close()
    log = data / "mail-000.db-wal"
    octets = bytearray(log.read_bytes())
    rng = random.Random(seed)
    at = rng.randrange(len(octets) - 200)
    octets[at : at + 200] = rng.randbytes(200)
    log.write_bytes(octets)
    store = opened(data)
    await store.start()
    await findings(store, repair=True)
    assert [] == await findings(store)
    for account, shard in original[1].items():
        seen = await picture(store, account)
        if shard:
            assert now[account] == seen
        assert set(original[2][account].octets()) <= set(seen.octets())
        await goes_on(store, account)
    await store.close()
