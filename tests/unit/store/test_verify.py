"""Every invariant has a finding when it does not hold, and every finding that a repair can mend is mended without loss."""

from pathlib import Path
from typing import Any

import pytest
from tests.harness.picture import filled, opened, picture

from mailstead.store.engine.sqlite import Database

INBOX = "(SELECT mailbox_id FROM mailbox WHERE role=1)"
A_MESSAGE = "email_id=(SELECT min(email_id) FROM entry WHERE mailbox_id=" + INBOX + ")"


def quiet(*_: Any) -> None:
    """No progress is shown."""


def spoil(data: Path, statement: str) -> None:
    db = Database(data / "mail-000.db", write=True)
    for one in statement.split(";"):
        db.run(one)
    db.close()


@pytest.mark.parametrize(("statement", "finding"), [
    ("UPDATE mailbox SET unseen=unseen+1 WHERE role=1", "unseen"),
    ("UPDATE mailbox SET total=total-1 WHERE role=1", "messages,"),
    ("UPDATE mailbox SET octets=octets+1 WHERE role=1", "octets, but holds"),
    ("UPDATE mailbox SET unread_threads=unread_threads+1 WHERE role=1", "threads ("),
    ("UPDATE account SET used_octets=used_octets+1", "octets in"),
    ("UPDATE account SET used_messages=used_messages-1", "octets in"),
    ("UPDATE email SET entries=entries+1 WHERE " + A_MESSAGE, "entries, but has"),
    ("DELETE FROM email WHERE " + A_MESSAGE, "has no message"),
    ("UPDATE entry SET size=size+1 WHERE " + A_MESSAGE, "differs from its message"),
    ("UPDATE entry SET mailbox_id=99 WHERE mailbox_id=" + INBOX + " AND " + A_MESSAGE, "in mailbox 99, which is not there"),
    ("UPDATE mailbox SET uid_next=1 WHERE role=1", "not below its next UID 1"),
    ("UPDATE account SET modseq=1", "is at modseq 1, but"),
    ("INSERT INTO share SELECT account_id, 99, 7, 1, 0, 0, 0, 1 FROM account", "shares mailbox 99"),
    ("UPDATE mailbox SET role=0 WHERE role=1", "has no INBOX"),
    ("UPDATE mailbox SET uid_validity=0 WHERE role=1", "UIDVALIDITY 0"),
    ("UPDATE segment SET live=live+1", "live octets"),
    ("UPDATE mailbox SET name_enc=zeroblob(60) WHERE role=6", "the name of mailbox"),
    ("UPDATE subscription SET path_enc=zeroblob(60)", "a subscription"),
    ("UPDATE keyword SET name_enc=zeroblob(60)", "the name of keyword"),
    ("UPDATE email SET meta_enc=zeroblob(80) WHERE " + A_MESSAGE, "its envelope and structure are damaged"),
    ("UPDATE email SET size=size+1 WHERE " + A_MESSAGE + ";UPDATE entry SET size=size+1 WHERE " + A_MESSAGE, "its octets are fewer or more"),
    ("UPDATE email SET (offset, lead, stored)=(SELECT offset, lead, stored FROM email WHERE NOT " + A_MESSAGE + " AND segment=1 LIMIT 1) WHERE "
     + A_MESSAGE, "is another's"),
    ("UPDATE email SET offset=offset+1 WHERE " + A_MESSAGE, "its text is damaged"),
    ("UPDATE email SET offset='x' WHERE " + A_MESSAGE, "its row makes no sense"),
    ("UPDATE email SET key_no=9 WHERE " + A_MESSAGE, "its key cannot be had"),
    ("DELETE FROM account", "is placed here, but is not here"),
])  # fmt: skip
async def test_a_broken_invariant_is_found_and_mended(tmp_path: Path, statement: str, finding: str) -> None:
    data = tmp_path / "data"
    (account,) = await filled(data, accounts=1, messages=8, shards=1)
    store = opened(data)
    await store.start()
    before = await picture(store, account)
    await store.close()
    spoil(data, statement)
    store = opened(data)
    await store.start()
    told = await store.verify(repair=False, progress=quiet)
    assert any(finding in one and one.startswith("mail-000.db") for one in told), told
    await store.verify(repair=True, progress=quiet)
    assert [] == await store.verify(repair=False, progress=quiet)
    after = await picture(store, account)
    assert set(before.octets()) <= set(after.octets())
    assert len(after.octets()) <= len(before.octets()) + 3, "what was expunged may return, and nothing else"
    await store.close()
