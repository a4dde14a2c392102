"""COPY and MOVE within an account: another entry of the same email (RFC 9051 §6.4.7-8, RFC 6851)."""

from typing import ClassVar

from mailstead.model.errors import Reason, Refusal
from mailstead.model.message import Copied
from mailstead.model.uids import UidSet
from mailstead.store.engine.writer import Tx
from mailstead.store.keys import Keys
from mailstead.store.mail import clock, filing, removal, selection, tally
from mailstead.store.mail.operation import OfAccount


class Copy(OfAccount):
    """Flags and INTERNALDATE are kept, EMAILID stays equal (RFC 8474 §4). ``is_move``: the source entries go, in the
    same transaction."""

    source: int
    uids: UidSet
    target: int
    is_move: bool
    returns: ClassVar = Copied

    def apply(self, tx: Tx, keys: Keys) -> Copied:  # noqa: ARG002 - the signature of all
        account = self.account
        target = tx.db.one(
            "SELECT uid_validity FROM mailbox WHERE account_id=? AND mailbox_id=? AND noselect=0", (account, self.target)
        )
        if target is None:
            raise Refusal(Reason.NOT_FOUND, "There is no such mailbox")
        if tx.db.one("SELECT 1 FROM mailbox WHERE account_id=? AND mailbox_id=?", (account, self.source)) is None:
            raise Refusal(Reason.NOT_FOUND, "There is no such mailbox")
        rows = list(
            selection.rows(
                tx.db, account, self.source, self.uids,
                "e.uid, e.email_id, e.thread_id, e.flags, e.received_ms, e.size, e.more",
            )
        )
        if not rows:
            now = tx.db.one("SELECT modseq FROM account WHERE account_id=?", (account,))
            return Copied(target[0], (), (), now[0] if now else 0)
        octets = sum(row[5] for row in rows)
        grown = (0, 0) if self.is_move else (octets, len(rows))
        modseq = clock.tick(tx, account, octets=grown[0], messages=grown[1])
        place = filing.room(
            tx, account, self.target, modseq, count=len(rows), octets=octets,
            unseen=sum(filing.unseen(row[3]) for row in rows), deleted=sum(filing.deleted(row[3]) for row in rows),
        )
        if place is None:
            raise Refusal(Reason.NOT_FOUND, "There is no such mailbox")
        counts = tally.Tally(tx, account)
        counts.look({row[2] for row in rows})
        filing.enter(
            tx, counts, account, self.target, modseq, [(place.uid + n, *row[1:]) for n, row in enumerate(rows)], fresh=False)
        if self.is_move:
            removal.remove(
                tx, counts, account, self.source, modseq, [(row[0], row[1], row[2], row[3], row[5]) for row in rows],
                keep_emails=True,
            )
        counts.settle(modseq)
        return Copied(
            place.uid_validity, tuple(row[0] for row in rows), tuple(range(place.uid, place.uid + len(rows))), modseq
        )
