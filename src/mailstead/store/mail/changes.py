"""The change feed and what vanished: readers of the account's clock."""

from collections.abc import Iterable
from itertools import chain
from typing import Any, Final

from mailstead.model.change import Change, ChangeKind, ChangeOp, Changes, StateTooOld
from mailstead.model.email import Kind, ObjectChanges, Position, States
from mailstead.model.uids import UidSet
from mailstead.store.engine.sqlite import Database
from mailstead.store.mail import emails, read
from mailstead.store.mail.clock import missing


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
_OF_KIND: Final = {
    Kind.EMAIL: ("email", "c.email_id, c.email_op", "c.kind=20 AND c.email_op>0"),
    Kind.THREAD: ("thread", "c.thread_id, c.thread_op", "c.kind=20 AND c.thread_op>0"),
    Kind.DELIVERY: ("delivery", "c.email_id, c.email_op", "c.kind=20 AND c.email_op=1"),
    Kind.MAILBOX: ("mailbox", "c.object_id, c.op", "c.kind IN (2, 5) AND c.object_id>0"),
}
_EVENTS: Final = {
    kind: f"SELECT a.epoch, a.modseq, a.{clock}_modseq, a.log_floor, c.modseq, {event} FROM account a LEFT JOIN change c"  # noqa: S608 - words of our own
    f" ON c.account_id=a.account_id AND c.modseq>?2 AND {where} WHERE a.account_id=?1 ORDER BY c.modseq"
    for kind, (clock, event, where) in _OF_KIND.items()
}
"""Where the account stands and what has happened, in one statement: of one moment without more, and what is asked most is one look-up."""
_IN_PAGES: Final = ", c.kind, c.object_id, c.uid"
"""The order within one modseq, which matters where a page may end there."""


def object_changes(db: Database, account: int, kind: Kind, since: Position, most: int) -> ObjectChanges:
    """What happened to the objects of a type after ``since``, at most ``most`` of them (0: all). Raises ``StateTooOld``.

    RFC 8620 §5.2. Events of the log never change, so a page may end anywhere among them: even one modseq's changes can be told
    in pages.
    """
    rows = db.each(_EVENTS[kind] + _IN_PAGES if most or since.skip else _EVENTS[kind], (account, since.modseq))
    row = next(rows, None)
    if row is None:
        raise missing(account)
    epoch, now, clock, floor, first, *_ = row
    end = Position(epoch, clock)
    if since.epoch != epoch or since.modseq > now or (is_news(since, end) and since.modseq < floor):
        del rows  # whoever holds the exception must not hold the snapshot
        raise StateTooOld
    return told(since, end, (more[4:] for more in chain((row,) if first is not None else (), rows)), most)


def is_news(since: Position, end: Position) -> bool:
    """Whether anything happened to a type that stands at ``end``."""
    return since != end and (since.modseq < end.modseq or since.skip > 0)


def told(since: Position, end: Position, events: Iterable[tuple[Any, ...]], most: int) -> ObjectChanges:
    """``end``: where the type stands; ``events`` after ``since``: modseq, object and what happened; at most ``most`` objects (0: all)."""
    if not is_news(since, end):
        return ObjectChanges(since, end, more=False, created=(), updated=(), destroyed=())
    return _folded(since, end, events, most)


def _folded(since: Position, end: Position, events: Iterable[tuple[Any, ...]], most: int) -> ObjectChanges:
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    at, taken = since.modseq, 0
    more_than_counts: set[int] = set()
    more = False
    for number, (modseq, ident, op) in enumerate(events):
        if modseq != at:
            at, taken = modseq, 0
        taken += 1
        if number < since.skip:
            continue
        if most and ident not in first and len(first) >= most:
            more, end = end != (page := Position(end.epoch, modseq - 1, taken - 1)), page
            break
        first.setdefault(ident, op)
        last[ident] = op
        if op != ChangeOp.COUNTS:
            more_than_counts.add(ident)
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
