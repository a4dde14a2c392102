"""Objects in the account's shard: a row each, which is also the record of its last change.

Each object that a write touches gets a modseq of its own, so what changed after a state can be told in pages of any size; a row that is
gone stays, so it can be told for as long as the account's history is not broken off (its epoch).
"""

from typing import ClassVar

from mailstead.model import limits
from mailstead.model.email import Position
from mailstead.model.errors import Reason, Refusal
from mailstead.model.object import KeptObject, ObjectStates
from mailstead.store.engine.sqlite import Database
from mailstead.store.engine.writer import Tx
from mailstead.store.keys import Keys
from mailstead.store.mail import clock
from mailstead.store.mail.operation import OfAccount
from mailstead.store.seal import KEPT


class SetObjects(OfAccount):
    """``writes``: (object, document, gone). False, and nothing is done, where the kind is not at modseq ``at``."""

    kind: int
    at: int
    writes: list[tuple[int, bytes, bool]]
    returns: ClassVar = bool

    def octets(self) -> int:
        return sum(len(doc) for _, doc, _ in self.writes)

    def apply(self, tx: Tx, keys: Keys) -> bool:
        account, kind, db = self.account, self.kind, tx.db
        if _at(db, account, kind) != self.at:
            return False
        known: dict[int, int] = dict(db.all("SELECT object_id, gone FROM object WHERE account_id=? AND kind=?", (account, kind)))
        fresh = sum(ident not in known for ident, _, _ in self.writes)
        if fresh and len(known) + fresh > limits.KEPT_OBJECTS:
            raise Refusal(Reason.LIMIT, f"There are at most {limits.KEPT_OBJECTS} of these in an account")
        key = keys.of(account)
        for ident, doc, gone in self.writes:
            modseq = clock.tick(tx, account)
            sealed = key.seal(KEPT, ident, doc, kind)
            if known.get(ident, 1):
                db.run(
                    "INSERT OR REPLACE INTO object VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (account, kind, ident, modseq, modseq, int(gone), key.number, sealed),
                )
            else:
                db.run(
                    "UPDATE object SET modseq=?, gone=?, key_no=?, doc_enc=? WHERE account_id=? AND kind=? AND object_id=?",
                    (modseq, int(gone), key.number, sealed, account, kind, ident),
                )
        return True


def _at(db: Database, account: int, kind: int) -> int:
    row = db.one("SELECT max(modseq) FROM object WHERE account_id=? AND kind=?", (account, kind))
    return int(row[0] or 0) if row else 0


def of(db: Database, account: int, keys: Keys, kind: int) -> ObjectStates:
    """See ``interface.KeptObjects.of``."""
    with db.snapshot():
        row = db.one("SELECT epoch FROM account WHERE account_id=?", (account,))
        if row is None:
            raise clock.missing(account)
        rows = db.all(
            "SELECT object_id, made, modseq, gone, key_no, doc_enc FROM object WHERE account_id=? AND kind=? ORDER BY modseq", (account, kind)
        )
    found = tuple(
        KeptObject(ident, made, modseq, bool(gone), keys.numbered(account, number).open(KEPT, ident, sealed, kind))
        for ident, made, modseq, gone, number, sealed in rows
    )
    return ObjectStates(Position(row[0], found[-1].modseq if found else 0), found)
