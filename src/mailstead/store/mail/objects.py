"""Objects in the account's shard: a row each, which is also the record of its last change.

Each object that a write touches gets a modseq of its own, so what changed after a state can be told in pages of any size; a row that is
gone stays as long as the change log reaches back (``prune``), so that it can be told.
"""

import json
from typing import ClassVar, Final

from mailstead.model import limits
from mailstead.model.email import Position
from mailstead.model.errors import Reason, Refusal
from mailstead.model.object import KeptObject, ObjectKind, ObjectStates
from mailstead.store.engine.sqlite import Database
from mailstead.store.engine.writer import Tx
from mailstead.store.keys import Keys
from mailstead.store.mail import answered, clock, due
from mailstead.store.mail.operation import OfAccount
from mailstead.store.seal import KEPT, PIECE, AccountKey

Write = tuple[int, bytes, bool, int | None, int, tuple[tuple[int, bytes], ...]]
"""(object, document, gone, due at, thread, pieces): see ``model.object.ObjectWrite``."""


_ROWS: Final = (
    "SELECT object_id, made, modseq, gone, key_no, doc_enc FROM object WHERE account_id=?1 AND kind=?2 AND modseq>?3 ORDER BY modseq")
_NAMED: Final = (
    "SELECT object_id, made, modseq, gone, key_no, doc_enc FROM object WHERE account_id=?1 AND kind=?2"
    " AND object_id IN (SELECT value FROM json_each(?3)) ORDER BY modseq")


class SetObjects(OfAccount):
    """False, and nothing is done, where the kind is not at modseq ``at``."""

    kind: int
    at: int
    writes: list[Write]
    returns: ClassVar = bool

    def octets(self) -> int:
        return sum(len(one[1]) + sum(len(doc) for _, doc in one[5]) for one in self.writes)

    def apply(self, tx: Tx, keys: Keys) -> bool:
        account, kind, db = self.account, self.kind, tx.db
        if at(db, account, kind) != self.at:
            return False
        known: dict[int, int] = dict(db.all("SELECT object_id, gone FROM object WHERE account_id=? AND kind=?", (account, kind)))
        live = sum(not gone for gone in known.values())
        fresh = sum(known.get(one[0], 1) and not one[2] for one in self.writes)
        most = limits.CONTACTS if kind == ObjectKind.CONTACT else limits.KEPT_OBJECTS
        ever = len(known.keys() | {one[0] for one in self.writes})
        if fresh and (live + fresh > most or ever > limits.KEPT_OBJECTS_EVER):
            raise Refusal(Reason.LIMIT, f"There are at most {most} of these in an account")
        key = keys.of(account)
        if kind == ObjectKind.VACATION:
            answered.forget(tx, account)
        for write in self.writes:
            self._put(tx, key, write, is_new=bool(known.get(write[0], 1)))
        return True

    def _put(self, tx: Tx, key: AccountKey, write: Write, *, is_new: bool) -> None:
        account, kind, db = self.account, self.kind, tx.db
        ident, doc, gone, due_at, thread, pieces = write
        modseq = clock.tick(tx, account)
        sealed = key.seal(KEPT, ident, doc, kind)
        if is_new:
            db.run(
                "INSERT OR REPLACE INTO object VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (account, kind, ident, modseq, modseq, int(gone), key.number, sealed),
            )
        else:
            db.run(
                "UPDATE object SET modseq=?, gone=?, key_no=?, doc_enc=? WHERE account_id=? AND kind=? AND object_id=?",
                (modseq, int(gone), key.number, sealed, account, kind, ident),
            )
        if gone:
            db.run("DELETE FROM object_piece WHERE account_id=? AND kind=? AND object_id=?", (account, kind, ident))
        for number, piece in pieces:
            db.run(
                "INSERT OR REPLACE INTO object_piece VALUES (?, ?, ?, ?, ?, ?)",
                (account, kind, ident, number, key.number, key.seal(PIECE, ident, piece, number)),
            )
        if gone or due_at is not None:
            due.put(tx, key, account, kind, ident, 0 if gone else due_at or 0, thread, b"")


def number(key: AccountKey, kind: int, name: str) -> int:
    """The number of an object that is found by its name."""
    return int.from_bytes(key.hashed(KEPT, kind.to_bytes(2, "big"), name.encode(), size=8), "big") & ((1 << 63) - 1)


def at(db: Database, account: int, kind: int) -> int:
    """The modseq at which an object of the kind last changed."""
    row = db.one("SELECT max(modseq) FROM object WHERE account_id=? AND kind=?", (account, kind))
    return int(row[0] or 0) if row else 0


def has(db: Database, account: int, kind: int) -> bool:
    """Whether there ever was an object of the kind."""
    return db.one("SELECT 1 FROM object WHERE account_id=? AND kind=? LIMIT 1", (account, kind)) is not None


def has_any(db: Database, account: int, kinds: tuple[int, ...]) -> bool:
    """Whether there ever was an object of one of the kinds."""
    marks = "?, " * (len(kinds) - 1) + "?"
    return db.one(f"SELECT 1 FROM object WHERE account_id=? AND kind IN ({marks}) LIMIT 1", (account, *kinds)) is not None  # noqa: S608 - marks


def states(db: Database, account: int, kinds: list[int]) -> list[Position]:
    """Where kinds stand, without a look at what there is."""
    with db.snapshot():
        row = db.one("SELECT epoch FROM account WHERE account_id=?", (account,))
        if row is None:
            raise clock.missing(account)
        return [Position(row[0], at(db, account, kind)) for kind in kinds]


def of(db: Database, account: int, keys: Keys, kind: int, ids: list[int] | None = None, after: int = 0) -> ObjectStates:
    """See ``interface.KeptObjects.of``."""
    with db.snapshot():
        row = db.one("SELECT epoch, log_floor FROM account WHERE account_id=?", (account,))
        if row is None:
            raise clock.missing(account)
        state = Position(row[0], at(db, account, kind))
        rows = db.all(_ROWS, (account, kind, after)) if ids is None else db.all(_NAMED, (account, kind, json.dumps(ids)))
    return ObjectStates(
        state,
        tuple(
            KeptObject(ident, made, modseq, bool(gone), keys.numbered(account, number).open(KEPT, ident, sealed, kind))
            for ident, made, modseq, gone, number, sealed in rows
        ),
        row[1],
    )


def piece(db: Database, account: int, keys: Keys, kind: int, ident: int, number: int) -> bytes | None:
    """One piece of an object; None: there is none such."""
    row = db.one(
        "SELECT key_no, doc_enc FROM object_piece WHERE account_id=? AND kind=? AND object_id=? AND number=?", (account, kind, ident, number))
    return None if row is None else keys.numbered(account, row[0]).open(PIECE, ident, row[1], number)


def prune(tx: Tx, account: int, floor: int) -> None:
    """Forget what was gone at ``floor``, but for the last change of each kind, which is its state."""
    tx.db.run(
        "DELETE FROM object WHERE account_id=?1 AND gone=1 AND modseq<=?2 AND modseq<"
        "(SELECT max(o.modseq) FROM object o WHERE o.account_id=?1 AND o.kind=object.kind)",
        (account, floor),
    )
