"""The change feed and what vanished: readers of the account's clock."""

from typing import Final

from mailstead.model.change import Change, ChangeKind, ChangeOp, Changes, StateTooOld
from mailstead.model.email import Kind, ObjectChanges, Position, States
from mailstead.model.uids import UidSet
from mailstead.store.engine.sqlite import Database
from mailstead.store.mail import emails, read


def changes(db: Database, account: int, since: int, limit: int) -> Changes:
    """Whole modseqs only: ``upto`` never ends inside one. Counters alone that moved are not told here. Raises ``StateTooOld``."""
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
            "SELECT modseq, kind, object_id, uid, op FROM change WHERE account_id=? AND modseq>? AND op<>4 ORDER BY modseq LIMIT ?",
            (account, since, limit + 1),
        )
        more = len(rows) > limit
        if more:
            last = rows[-1][0]
            if rows[0][0] == last:
                rows = db.all(
                    "SELECT modseq, kind, object_id, uid, op FROM change WHERE account_id=? AND modseq=? AND op<>4", (account, last)
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


# ------------------------------------------------------------------------------------------------- as JMAP sees it
_EVENTS: Final = {
    Kind.EMAIL: "SELECT modseq, email_id, email_op FROM change WHERE account_id=? AND modseq>? AND kind=20 AND email_op>0",
    Kind.THREAD: "SELECT modseq, thread_id, thread_op FROM change WHERE account_id=? AND modseq>? AND kind=20 AND thread_op>0",
    Kind.DELIVERY: "SELECT modseq, email_id, email_op FROM change WHERE account_id=? AND modseq>? AND kind=20 AND email_op=1",
    Kind.MAILBOX: "SELECT modseq, object_id, op FROM change WHERE account_id=? AND modseq>? AND kind IN (2, 5) AND object_id>0",
}
_IN_ORDER: Final = " ORDER BY modseq, kind, object_id, uid"


def object_changes(db: Database, account: int, kind: Kind, since: Position, most: int) -> ObjectChanges:
    """What happened to the objects of a type after ``since``, at most ``most`` of them (0: all). Raises ``StateTooOld``.

    RFC 8620 §5.2. Events of the log never change, so a page may end anywhere among them: even one modseq's changes can be told
    in pages.
    """
    with db.snapshot():
        now, floor = _judged(db, account, since)
        end = Position(now.epoch, now.of(kind))
        if since == end or (since.modseq >= end.modseq and not since.skip):
            return ObjectChanges(since, end, more=False, created=(), updated=(), destroyed=())
        if since.modseq < floor:
            raise StateTooOld
        first: dict[int, int] = {}
        last: dict[int, int] = {}
        at, taken = since.modseq, 0
        more_than_counts: set[int] = set()
        for number, (modseq, ident, op) in enumerate(db.each(_EVENTS[kind] + _IN_ORDER, (account, since.modseq))):
            if modseq != at:
                at, taken = modseq, 0
            taken += 1
            if number < since.skip:
                continue
            if most and ident not in first and len(first) >= most:
                end = Position(now.epoch, modseq - 1, taken - 1)
                break
            first.setdefault(ident, op)
            last[ident] = op
            if op != ChangeOp.COUNTS:
                more_than_counts.add(ident)
    return _folded(since, end, first, last, more=end != Position(now.epoch, now.of(kind)), more_than_counts=more_than_counts)


def _folded(since: Position, end: Position, first: dict[int, int], last: dict[int, int], *, more: bool, more_than_counts: set[int]) -> ObjectChanges:
    created, updated, destroyed = [], [], []
    for ident, op in first.items():
        if op == ChangeOp.CREATED:
            if last[ident] != ChangeOp.DESTROYED:
                created.append(ident)
        elif last[ident] == ChangeOp.DESTROYED:
            destroyed.append(ident)
        else:
            updated.append(ident)
    return ObjectChanges(
        since, end, more, tuple(created), tuple(updated), tuple(destroyed),
        frozenset(updated) - more_than_counts,
    )


def _judged(db: Database, account: int, since: Position) -> tuple[States, int]:
    """Where the account stands, and the floor of its log. Raises ``StateTooOld`` for a state that never was."""
    now = emails.states(db, account)
    row = db.one("SELECT log_floor FROM account WHERE account_id=?", (account,))
    if since.epoch != now.epoch or since.modseq > now.modseq:
        raise StateTooOld
    return now, row[0] if row else 0


def touched(db: Database, account: int, since: Position) -> tuple[States, dict[int, int]]:
    """Emails of which JMAP sees any change after ``since``, to their thread; what a query may answer differently now. Raises
    ``StateTooOld``."""
    with db.snapshot():
        now, floor = _judged(db, account, since)
        if since.modseq >= now.email:
            return now, {}
        if since.modseq < floor:
            raise StateTooOld
        return now, dict(db.all(
            "SELECT DISTINCT email_id, thread_id FROM change WHERE account_id=? AND modseq>? AND kind=20 AND email_op>0",
            (account, since.modseq),
        ))
