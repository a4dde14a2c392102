"""EXPUNGE: entries go for good (RFC 9051 §6.4.3, RFC 4315 §2.1)."""

from typing import ClassVar

from mailstead.model import flags as model
from mailstead.model.errors import Reason, Refusal
from mailstead.model.uids import UidSet
from mailstead.store.engine.writer import Tx
from mailstead.store.keys import Keys
from mailstead.store.mail import clock, notes, removal, selection, tally
from mailstead.store.mail.operation import OfAccount


class Expunge(OfAccount):
    """``uids`` None: all. ``only_deleted``: those flagged ``\\Deleted``."""

    mailbox: int
    uids: UidSet | None
    only_deleted: bool
    returns: ClassVar = tuple[UidSet, int]

    def apply(self, tx: Tx, keys: Keys) -> tuple[UidSet, int]:
        account = self.account
        row = tx.db.one("SELECT 1 FROM mailbox WHERE account_id=? AND mailbox_id=?", (account, self.mailbox))
        if row is None:
            raise Refusal(Reason.NOT_FOUND, "There is no such mailbox")
        more = f" AND e.flags & {model.DELETED}" if self.only_deleted else ""
        rows: list[removal.Row] = list(
            selection.rows(tx.db, account, self.mailbox, self.uids, "e.uid, e.email_id, e.thread_id, e.flags, e.size", more)
        )
        if not rows:
            now = tx.db.one("SELECT modseq FROM account WHERE account_id=?", (account,))
            return UidSet(), now[0] if now else 0
        modseq = clock.tick(tx, account, octets=-sum(row[4] for row in rows), messages=-len(rows))
        counts = tally.Tally(tx, account)
        counts.look({row[2] for row in rows})
        removal.remove(tx, counts, account, self.mailbox, modseq, rows)
        counts.settle(modseq)
        notes.forget(tx, keys, account, counts.ended())
        return UidSet.of(row[0] for row in rows), modseq
