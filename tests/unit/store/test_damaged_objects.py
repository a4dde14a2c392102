"""Objects, their pieces and what is due: damage is found, named and left out by a repair; the rest stays."""

from pathlib import Path
from typing import Any

from mailstead.model.ids import OpId, TenantId
from mailstead.model.object import DueKind, ObjectKind, ObjectWrite
from mailstead.store import Embedded, create, open_store
from mailstead.store.engine.sqlite import Database


async def opened(folder: Path) -> Embedded:
    store = open_store(folder)
    await store.start()
    return store


def quiet(*_: Any) -> None:
    """Progress."""


async def test_damage_is_found_and_left_out(tmp_path: Path) -> None:
    create(tmp_path / "data", shards=1)
    store = await opened(tmp_path / "data")
    await store.directory.domain_add("example.test", TenantId(1))
    who = (await store.directory.account_add("a@example.test", argon2="x", scram=None)).account_id
    writes = [ObjectWrite(n, b"{}", due_at_ms=50 + n, pieces=((0, b"p"),)) for n in (1, 2)]
    await store.kept.set(who, OpId(bytes(16)), ObjectKind.JOB, writes, at=0)
    await store.close()
    db = Database(tmp_path / "data" / "mail-000.db", write=True)
    for table in ("object", "object_piece", "due"):
        db.run(f"UPDATE {table} SET doc_enc=zeroblob(60) WHERE object_id=2")
    db.close()
    store = await opened(tmp_path / "data")
    found = await store.verify(repair=False, progress=quiet)
    assert ["an object 2", "a piece of object 2", "what is due of object 2"] == [one.partition(": ")[2].partition(" of account")[0] for one in found]
    await store.verify(repair=True, progress=quiet)
    assert [] == await store.verify(repair=False, progress=quiet)
    assert [1] == [one.object_id for one in (await store.kept.of(who, ObjectKind.JOB)).objects]
    assert (b"p", None) == (await store.kept.piece(who, ObjectKind.JOB, 1, 0), await store.kept.piece(who, ObjectKind.JOB, 2, 0))
    assert [(who, 1)] == await store.kept.waiting(DueKind.JOB)
    await store.close()
