"""The account keys under the master key: made, rotated while another process runs, shredded."""

from pathlib import Path

import pytest

from mailstead.model.errors import Refusal, Unavailable
from mailstead.model.ids import TenantId
from mailstead.model.message import NewMessage
from mailstead.model.uids import UidSet
from mailstead.store import create, open_store
from mailstead.store.engine.sqlite import Database
from mailstead.store.keys import ADOPTED, read_masters
from mailstead.store.seal import Words

TEXT = b"Subject: sealed\r\n\r\nbody\r\n"


async def test_rotation_reseals_every_key_and_forgets_the_old_master(tmp_path: Path) -> None:
    data = tmp_path / "data"
    create(data, shards=1)
    master = data / "keys" / "master.key"
    before = read_masters(master)[0].ident
    store = open_store(data)
    await store.start()
    await store.directory.domain_add("example.test", TenantId(1))
    made = [await store.directory.account_add(f"a{n}@example.test", argon2="x", scram=None) for n in range(7)]
    account = made[3].account_id
    box = await store.mail.mailbox(account, ("INBOX",))
    assert box is not None
    done = await store.mail.append(account, b"1" * 16, box.mailbox_id, [NewMessage(TEXT)])  # type: ignore[arg-type]
    other = open_store(data, worker=1, workers=2)
    assert await store.rotate_master(lambda *_: None) == 1 + 7  # the site's, and the accounts'
    masters = read_masters(master)
    assert len(masters) == 1
    assert masters[0].ident != before
    assert await other.mail.octets(account, done.email_ids[0]) == TEXT  # it learns of the new master by itself
    await other.close()
    await store.close()
    again = open_store(data)
    await again.start()
    assert await again.mail.octets(account, done.email_ids[0]) == TEXT
    assert await again.verify(repair=False, progress=lambda *_: None) == []
    await again.close()


async def test_without_its_master_an_account_is_locked(tmp_path: Path) -> None:
    data = tmp_path / "data"
    create(data, shards=1)
    store = open_store(data)
    await store.start()
    await store.directory.domain_add("example.test", TenantId(1))
    account = (await store.directory.account_add("a@example.test", argon2="x", scram=None)).account_id
    await store.close()
    (data / "keys" / "master.key").write_text("00" * 32 + "\n")
    store = open_store(data)
    await store.start()
    with pytest.raises(Unavailable, match="locked"):
        await store.mail.mailboxes(account)
    await store.close()


async def test_a_shredded_account_opens_nowhere(tmp_path: Path) -> None:
    data = tmp_path / "data"
    create(data, shards=1)
    store = open_store(data)
    await store.start()
    await store.directory.domain_add("example.test", TenantId(1))
    account = (await store.directory.account_add("a@example.test", argon2="x", scram=None)).account_id
    box = await store.mail.mailbox(account, ("INBOX",))
    assert box is not None
    await store.mail.append(account, b"1" * 16, box.mailbox_id, [NewMessage(TEXT)])  # type: ignore[arg-type]
    await store.directory.account_shred(account)
    with pytest.raises(Refusal):
        await store.mail.entries(account, box.mailbox_id, UidSet.all())
    with pytest.raises(Refusal):
        store.keys.of(account)
    await store.close()


def test_a_master_key_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    for text in ("", "abc\n", "zz" * 32):
        path.write_text(text)
        with pytest.raises(Unavailable, match="cannot be read"):
            read_masters(path)


def as_made_before(data: Path) -> None:
    """The site as an older program left it: secrets come from the master key."""
    db = Database(data / "keys.db", write=True)
    db.run("DROP TABLE site_secret")
    db.run("DELETE FROM account_key")
    db.run("PRAGMA user_version=1")
    db.close()


async def test_secrets_of_old_are_taken_over_and_outlive_their_master(tmp_path: Path) -> None:
    data = tmp_path / "data"
    create(data, shards=1)
    as_made_before(data)
    old = read_masters(data / "keys" / "master.key")[0]
    sealed = Words(old.secret(b"named servers")).seal("hunter2")
    store = open_store(data, workers=1)
    await store.start()
    other = open_store(data, worker=1, workers=2)
    assert {purpose: old.secret(purpose) for purpose in ADOPTED} == {purpose: store.secret(purpose) for purpose in ADOPTED}
    assert store.secret(b"return tags") not in {store.secret(b"web push"), old.secret(b"return tags")}
    of_tags = store.secret(b"return tags")
    await store.rotate_master(lambda *_: None)
    assert old.secret(b"web push") == other.secret(b"web push")
    await other.close()
    await store.close()
    store = open_store(data)
    await store.start()
    assert {purpose: old.secret(purpose) for purpose in ADOPTED} == {purpose: store.secret(purpose) for purpose in ADOPTED}
    assert "hunter2" == store.words(b"named servers").open(sealed)
    assert of_tags == store.secret(b"return tags")
    await store.close()


async def test_a_new_sites_secrets_do_not_come_from_the_master_key(tmp_path: Path) -> None:
    data = tmp_path / "data"
    create(data, shards=1)
    master = read_masters(data / "keys" / "master.key")[0]
    store = open_store(data)
    await store.start()
    found = {purpose: store.secret(purpose) for purpose in ADOPTED}
    assert len(ADOPTED) == len(set(found.values()))
    assert not set(found.values()) & {master.secret(purpose) for purpose in ADOPTED}
    await store.close()


async def test_nothing_is_taken_over_under_a_strange_master(tmp_path: Path) -> None:
    data = tmp_path / "data"
    create(data, shards=1)
    store = open_store(data)
    await store.start()
    await store.directory.domain_add("example.test", TenantId(1))
    await store.directory.account_add("a@example.test", argon2="x", scram=None)
    await store.close()
    db = Database(data / "keys.db", write=True)
    db.run("DELETE FROM site_secret")
    db.run("DELETE FROM account_key WHERE account_id=1")
    db.close()
    master = data / "keys" / "master.key"
    kept = master.read_bytes()
    master.write_text("00" * 32 + "\n")
    store = open_store(data)
    with pytest.raises(Unavailable, match="locked"):
        await store.start()
    await store.close()
    master.write_bytes(kept)
    store = open_store(data)
    await store.start()
    assert read_masters(master)[0].secret(b"web push") == store.secret(b"web push")
    await store.close()


async def test_damaged_secrets_say_so(tmp_path: Path) -> None:
    data = tmp_path / "data"
    create(data, shards=1)
    as_made_before(data)
    store = open_store(data)
    await store.start()
    await store.close()
    db = Database(data / "keys.db", write=True)
    db.run("UPDATE site_secret SET sealed=zeroblob(80) WHERE purpose=?", (b"web push",))
    db.close()
    store = open_store(data)
    await store.start()
    with pytest.raises(Unavailable, match="damaged"):
        store.secret(b"web push")
    assert store.secret(b"scram salts")
    await store.close()
