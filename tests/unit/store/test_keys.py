"""The account keys under the master key: made, rotated while another process runs, shredded."""

from pathlib import Path

import pytest

from mailstead.model.errors import Refusal, Unavailable
from mailstead.model.ids import TenantId
from mailstead.model.message import NewMessage
from mailstead.model.uids import UidSet
from mailstead.store import create, open_store
from mailstead.store.keys import read_masters

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
    assert await store.rotate_master(lambda *_: None) == 7
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
