"""Grants: what cannot be is found and left out by a repair; the rest stays, however the account is put together again."""

from pathlib import Path
from typing import Any

from mailstead.model.email import Kind, Position
from mailstead.model.ids import OpId, TenantId
from mailstead.model.sharing import ALL, Grant, Right
from mailstead.store import Embedded, create, open_store
from mailstead.store.engine.sqlite import Database


async def opened(folder: Path) -> Embedded:
    store = open_store(folder)
    await store.start()
    return store


def quiet(*_: Any) -> None:
    """Progress."""


async def test_what_cannot_be_is_found_and_the_rest_stays(tmp_path: Path) -> None:
    create(tmp_path / "data", shards=1)
    store = await opened(tmp_path / "data")
    await store.directory.domain_add("example.test", TenantId(1))
    owner, guest, other = [(await store.directory.account_add(f"{name}@example.test", argon2="x", scram=None)).account_id for name in ("a", "b", "c")]
    inbox, drafts, *_ = [box.mailbox_id for box in await store.mail.mailboxes(owner)]
    await store.shares.set(owner, OpId(bytes(16)), [Grant(inbox, guest, ALL), Grant(drafts, guest, Right.READ), Grant(drafts, other, ALL)])
    before = await store.emails.states(owner, viewer=guest)
    await store.close()
    db = Database(tmp_path / "data" / "mail-000.db", write=True)
    db.run("INSERT INTO share VALUES (?, 77, ?, 1, 0, 1, 1, 1)", (owner, guest))
    db.run("UPDATE share SET rights=4096 WHERE grantee=?", (other,))
    db.close()
    store = await opened(tmp_path / "data")
    found = await store.verify(repair=False, progress=quiet)
    assert ["mailbox 77", f"mailbox {drafts}"] == sorted((one.partition(" shares ")[2].partition(" with ")[0] for one in found), key=len)
    await store.verify(repair=True, progress=quiet)
    assert [] == await store.verify(repair=False, progress=quiet)
    assert {inbox: ALL, drafts: Right.READ} == {one.mailbox_id: one.rights for one in await store.shares.of(owner)}
    now = await store.emails.states(owner, viewer=guest)
    assert now.epoch > before.epoch, "a guest begins anew as the owner does"
    assert (await store.emails.changes(owner, Kind.MAILBOX, Position(now.epoch, now.mailbox), 0, viewer=guest)).created == ()
    await store.close()
