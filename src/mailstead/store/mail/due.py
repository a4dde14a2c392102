"""What is to happen at a time: a row for each, found by the owner of the shard when its time has come (DECISIONS 11).

A row is written and taken away in the transaction of what it belongs to, so that nothing is forgotten and nothing happens twice. What waits
for an answer names the thread: a message that enters it makes the row due at once (``filing.store``), and whoever looks after it decides.
"""

from typing import Any, ClassVar

from mailstead.store.engine.sqlite import Database
from mailstead.store.engine.writer import Tx
from mailstead.store.keys import Keys
from mailstead.store.mail.operation import OfAccount
from mailstead.store.seal import DUE, AccountKey


class SetDue(OfAccount):
    """Make a row due at ``at_ms``; 0: take it away. A row that is not there stays so."""

    kind: int
    object: int
    at_ms: int
    is_once: ClassVar = True

    def apply(self, tx: Tx, keys: Keys) -> None:  # noqa: ARG002 - the signature of all
        where = (self.account, self.kind, self.object)
        if self.at_ms:
            tx.db.run("UPDATE due SET at_ms=? WHERE account_id=? AND kind=? AND object_id=?", (self.at_ms, *where))
        else:
            tx.db.run("DELETE FROM due WHERE account_id=? AND kind=? AND object_id=?", where)


def put(tx: Tx, key: AccountKey, account: int, kind: int, ident: int, at_ms: int, thread: int, doc: bytes) -> None:
    """Write a row, or take it away (``at_ms`` 0)."""
    if not at_ms:
        tx.db.run("DELETE FROM due WHERE account_id=? AND kind=? AND object_id=?", (account, kind, ident))
        return
    tx.db.run(
        "INSERT OR REPLACE INTO due VALUES (?, ?, ?, ?, ?, ?, ?)",
        (account, kind, ident, at_ms, thread, key.number, key.seal(DUE, ident, doc, kind)),
    )


def wake_thread(tx: Tx, account: int, thread: int) -> None:
    """A message has entered a thread: what waits for one is looked at."""
    tx.db.run("UPDATE due SET at_ms=?1 WHERE account_id=?2 AND thread_id=?3 AND at_ms>?1", (tx.now_ms, account, thread))


# ------------------------------------------------------------------------------------------------------- reading
def due(db: Database, now_ms: int, limit: int) -> list[tuple[int, int, int]]:
    """(account, kind, object) of what is due."""
    return db.all("SELECT account_id, kind, object_id FROM due WHERE at_ms<=? ORDER BY at_ms LIMIT ?", (now_ms, limit))


def waiting(db: Database, kind: int) -> list[tuple[int, int]]:
    """(account, object) of everything of a kind."""
    return db.all("SELECT account_id, object_id FROM due WHERE kind=?", (kind,))


def docs(db: Database, account: int, keys: Keys, kind: int, idents: str) -> dict[int, tuple[int, bytes]]:
    """Object to (due at, document), of those among ``idents`` (a JSON list) that have a row."""
    rows: list[tuple[Any, ...]] = db.all(
        "SELECT d.object_id, d.at_ms, d.key_no, d.doc_enc FROM json_each(?3) j CROSS JOIN due d"
        " ON d.account_id=?1 AND d.kind=?2 AND d.object_id=j.value",
        (account, kind, idents),
    )
    return {ident: (at, keys.numbered(account, number).open(DUE, ident, sealed, kind)) for ident, at, number, sealed in rows}
