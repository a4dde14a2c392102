"""Uploads: sealed, apart by account, gone in time."""

import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mailstead.model import limits
from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.model.ids import AccountId, TenantId
from mailstead.store import Embedded, create, open_store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Embedded]:
    create(tmp_path / "data", shards=1)
    store = open_store(tmp_path / "data")
    await store.start()
    await store.directory.domain_add("example.test", TenantId(1))
    yield store
    await store.close()


async def account(store: Embedded, name: str) -> AccountId:
    return (await store.directory.account_add(f"{name}@example.test", argon2="x", scram=None)).account_id


async def test_octets_come_back_to_their_account_only(store: Embedded) -> None:
    alice, bob = await account(store, "a"), await account(store, "b")
    for octets in (b"", b"x", os.urandom(200_000)):
        ident = await store.uploads.put(alice, octets)
        assert octets == await store.uploads.get(alice, ident)
        assert None is await store.uploads.get(bob, ident)


@pytest.mark.parametrize("ident", ["", "u", "../x", "u" + "A" * 26, "u" + "a" * 26])
async def test_what_is_no_upload(store: Embedded, ident: str) -> None:
    assert None is await store.uploads.get(await account(store, "a"), ident)


async def test_damage_is_told(store: Embedded) -> None:
    alice = await account(store, "a")
    ident = await store.uploads.put(alice, b"x" * 1_000)
    path = next((store.data / "up").rglob(ident))
    octets = path.read_bytes()
    for changed in (octets[:-1], octets[:20] + b"?" + octets[21:], octets[:2]):
        path.write_bytes(changed)
        with pytest.raises(Unavailable):
            await store.uploads.get(alice, ident)


async def test_they_expire_and_go_with_the_account(store: Embedded) -> None:
    alice = await account(store, "a")
    old, new = [await store.uploads.put(alice, b"x") for _ in range(2)]
    path = next((store.data / "up").rglob(old))
    os.utime(path, (0, time.time() - limits.UPLOAD_LASTS_S - 1))
    assert 1 == store.uploads.sweep()
    assert (None, b"x") == (await store.uploads.get(alice, old), await store.uploads.get(alice, new))
    store.uploads.forget(alice)
    assert None is await store.uploads.get(alice, new)


async def test_the_oldest_make_room(store: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 8620 §6: in the order of their dates, and no more than is needed."""
    alice, bob = await account(store, "a"), await account(store, "b")
    octets = os.urandom(4_000)
    his = await store.uploads.put(bob, octets)
    mine = []
    for number in range(4):
        mine.append(await store.uploads.put(alice, octets[:1_000]))
        os.utime(next((store.data / "up").rglob(mine[-1])), (0, time.time() - 100 + number))
    os.utime(next((store.data / "up").rglob(mine[2])), (0, time.time() - 200))
    monkeypatch.setattr(limits, "UPLOADS_OCTETS", 5_000)
    mine.append(await store.uploads.put(alice, octets[:2_500]))
    assert [0, 2] == [number for number, ident in enumerate(mine) if await store.uploads.get(alice, ident) is None]
    monkeypatch.setattr(limits, "UPLOADS_PER_ACCOUNT", 3)
    mine.append(await store.uploads.put(alice, b"z"))
    assert [0, 1, 2] == [number for number, ident in enumerate(mine) if await store.uploads.get(alice, ident) is None]
    assert octets == await store.uploads.get(bob, his)


async def test_too_much_is_refused(store: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = await account(store, "a")
    monkeypatch.setattr(limits, "UPLOADS_OCTETS", 100)
    with pytest.raises(Refusal) as refusal:
        await store.uploads.put(alice, b"x" * 101)
    assert Reason.LIMIT == refusal.value.reason
