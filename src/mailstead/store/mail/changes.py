"""The change feed and what vanished: readers of the account's clock."""

from mailstead.model.change import Change, ChangeKind, ChangeOp, Changes, StateTooOld
from mailstead.model.uids import UidSet
from mailstead.store.engine.sqlite import Database
from mailstead.store.mail import read


def changes(db: Database, account: int, since: int, limit: int) -> Changes:
    """Whole modseqs only: ``upto`` never ends inside one. Raises ``StateTooOld``."""
    with db.snapshot():
        row = db.one("SELECT modseq, log_floor FROM account WHERE account_id=?", (account,))
        if row is None:
            read.modseq(db, account)
            return Changes(since, since, (), more=False)
        now, floor = row
        if since < floor or since > now:
            raise StateTooOld
        if since == now:
            return Changes(since, now, (), more=False)
        rows = db.all(
            "SELECT modseq, kind, object_id, uid, op FROM change WHERE account_id=? AND modseq>? ORDER BY modseq LIMIT ?",
            (account, since, limit + 1),
        )
        more = len(rows) > limit
        if more:
            last = rows[-1][0]
            if rows[0][0] == last:
                rows = db.all(
                    "SELECT modseq, kind, object_id, uid, op FROM change WHERE account_id=? AND modseq=?", (account, last)
                )
                upto = last
                more = last < now
            else:
                rows = [row for row in rows if row[0] != last]
                upto = rows[-1][0]
        else:
            upto = now
    return Changes(since, upto, tuple(Change(at, ChangeKind(kind), obj, uid, ChangeOp(op)) for at, kind, obj, uid, op in rows), more)


def vanished(db: Database, account: int, mailbox: int, since: int, uids: UidSet | None) -> UidSet:
    """UIDs of ``mailbox`` that went after ``since`` (RFC 7162 §3.2.5.1). When the log does not reach back: every UID
    below UIDNEXT that is not there."""
    with db.snapshot():
        row = db.one("SELECT log_floor FROM account WHERE account_id=?", (account,))
        if row is not None and since >= row[0]:
            gone = UidSet.of(found[0] for found in db.each(
                "SELECT uid FROM change WHERE account_id=? AND modseq>? AND kind=20 AND object_id=? AND op=3",
                (account, since, mailbox)))
        else:
            box = db.one("SELECT uid_next FROM mailbox WHERE account_id=? AND mailbox_id=?", (account, mailbox))
            gone = _holes(db, account, mailbox, box[0] if box else 1)
    return gone if uids is None else gone.intersection(uids)


def _holes(db: Database, account: int, mailbox: int, uid_next: int) -> UidSet:
    ranges: list[tuple[int, int]] = []
    at = 1
    for (uid,) in db.each("SELECT uid FROM entry WHERE account_id=? AND mailbox_id=? ORDER BY uid", (account, mailbox)):
        if uid > at:
            ranges.append((at, uid - 1))
        at = uid + 1
    if at < uid_next:
        ranges.append((at, uid_next - 1))
    return UidSet.of_ranges(ranges)
