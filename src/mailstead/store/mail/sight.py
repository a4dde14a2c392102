"""An account as somebody sees it with whom some of its mailboxes are shared.

To them the account holds the entries of the mailboxes that they may read (``Sight.read``) and nothing else: an email is there while an entry in one of these
is, its keywords are merged over these entries alone, a thread has these emails. Mailboxes above those they know of are shown by their names
(``Sight.above``; RFC 8621 §2: ``mayReadItems`` is false there).

States are theirs too: the last modseq at which something in their sight moved, so that what goes on elsewhere in the account is not told. What is unread
is counted over their sight as well (``mail.guest_counts``), so with any entry their mailboxes may have moved. Changes are
computed from the same log as the owner's (``changes``), and from the grants, which say what came into their sight and left it. They are told in the order
of the last thing that happened to each object, so that a page may end at any object: ``skip`` is its number then. After a page everything that is there
is told as created: who asks may have been told of it or not.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from mailstead.model.change import ChangeOp, StateTooOld
from mailstead.model.email import Kind, ObjectChanges, Position, States
from mailstead.model.errors import Reason, Refusal
from mailstead.store.engine.sqlite import Database
from mailstead.store.mail import clock, emails, shares
from mailstead.store.mail.shares import READ, Share

_CREATED: Final = int(ChangeOp.CREATED)
_UPDATED: Final = int(ChangeOp.UPDATED)
_DESTROYED: Final = int(ChangeOp.DESTROYED)
_COUNTS: Final = int(ChangeOp.COUNTS)


@dataclass(frozen=True, slots=True)
class Sight:
    """``rights``: of mailboxes with any. ``shares``: all rows, those without rights as well. ``states`` are the grantee's."""

    account: int
    rights: dict[int, int]
    read: frozenset[int]
    above: frozenset[int]
    shares: list[Share]
    states: States


def of(db: Database, account: int, grantee: int) -> Sight:
    """From the snapshot that is open. NOT_FOUND where nothing is shared with them."""
    rows = shares.rows(db, account, grantee)
    rights = {row.mailbox: row.rights for row in rows if row.rights}
    if not rights:
        raise Refusal(Reason.NOT_FOUND, "There is no such account")
    boxes = {box: tuple(more) for box, *more in db.all("SELECT mailbox_id, parent_id, modseq, formed, counted FROM mailbox WHERE account_id=?", (account,))}
    read = frozenset(box for box, found in rights.items() if found & READ and box in boxes)
    above = frozenset(_above({box: more[0] for box, more in boxes.items()}, rights)) - rights.keys()
    now = db.one("SELECT epoch, modseq FROM account WHERE account_id=?", (account,))
    if now is None:
        raise clock.missing(account)
    granted = max(row.modseq for row in rows)
    entries = max((boxes[box][1] for box in read), default=0)
    formed = max((boxes[box][2] for box in (*rights, *above) if box in boxes), default=0)
    counted = max((boxes[box][3] for box in read), default=0)
    email = max(granted, entries)
    return Sight(account, rights, read, above, rows, States(now[0], now[1], email, max(email, formed, counted), email, email, granted))


def _above(parents: dict[int, int], boxes: Iterable[int]) -> set[int]:
    """What these mailboxes lie in."""
    found: set[int] = set()
    for box in boxes:
        at = parents.get(box, 0)
        while at and at not in found:
            found.add(at)
            at = parents.get(at, 0)
    return found


# ------------------------------------------------------------------------------------------------------- changes
@dataclass(slots=True)
class _Item:
    """What happened to an object: when last, and what that means now."""

    at: int
    op: int


def object_changes(db: Database, account: int, grantee: int, kind: Kind, since: Position, most: int) -> ObjectChanges:
    """``changes.object_changes`` for a grantee. Raises ``StateTooOld``, NOT_FOUND."""
    with db.snapshot():
        sight = of(db, account, grantee)
        end = Position(sight.states.epoch, sight.states.of(kind))
        begin = _begin(db, sight, since, end)
        if begin is None:
            return ObjectChanges(since, end, more=False, created=(), updated=(), destroyed=())
        items = _items(db, sight, kind, begin, is_first=not since.skip)
    return _paged(items, since, end, most)


def touched(db: Database, sight: Sight, since: Position) -> dict[int, int]:
    """Emails that may have moved in the grantee's sight after ``since``, to their thread. Raises ``StateTooOld``."""
    begin = _begin(db, sight, since, Position(sight.states.epoch, sight.states.email))
    return {} if begin is None else {email: one.thread for email, one in _emails(db, sight, begin).items()}


def _items(db: Database, sight: Sight, kind: Kind, since: int, *, is_first: bool) -> dict[int, _Item]:
    match kind:
        case Kind.MAILBOX:
            return _mailboxes(db, sight, since)
        case Kind.THREAD:
            return _threads(db, sight, since, is_first=is_first)
        case Kind.EMAIL:
            return {email: one.item for email, one in _emails(db, sight, since).items()}
        case Kind.DELIVERY:
            return {email: one.item for email, one in _emails(db, sight, since).items() if one.item.op == _CREATED or not is_first}


def _begin(db: Database, sight: Sight, since: Position, end: Position) -> int | None:
    """The modseq after which to look; None: nothing has happened. Raises ``StateTooOld``."""
    row = db.one("SELECT log_floor FROM account WHERE account_id=?", (sight.account,))
    if since.epoch != end.epoch or since.modseq > sight.states.modseq:
        raise StateTooOld
    if since.modseq >= end.modseq and not since.skip:
        return None
    begin = since.modseq - 1 if since.skip else since.modseq
    if row is None or begin < row[0]:
        raise StateTooOld
    return begin


def _paged(items: dict[int, _Item], since: Position, end: Position, most: int) -> ObjectChanges:
    order = sorted((one.at, ident) for ident, one in items.items())
    if since.skip:
        order = [pair for pair in order if pair > (since.modseq, since.skip)]
    page = order[:most] if most else order
    more = len(page) < len(order)
    told: dict[int, list[int]] = {_CREATED: [], _UPDATED: [], _DESTROYED: []}
    counted: list[int] = []
    for _, ident in page:
        op = items[ident].op
        if op == _COUNTS:
            op = _UPDATED
            counted.append(ident)
        told[_CREATED if op == _UPDATED and since.skip else op].append(ident)
    new = Position(end.epoch, page[-1][0], page[-1][1]) if more else end
    return ObjectChanges(since, new, more, tuple(told[_CREATED]), tuple(told[_UPDATED]), tuple(told[_DESTROYED]), frozenset(counted))


# ------------------------------------------------------------------------------------------------------- emails
@dataclass(slots=True)
class _Email:
    """An email of which something happened, and its thread."""

    thread: int
    item: _Item


@dataclass(slots=True)
class _Seen:
    """What the log and the grants say of emails, before it is looked where they are now."""

    gained: set[int]
    """Mailboxes that came into sight."""
    first: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    """(mailbox, uid) → (email, the first that happened to it), of entries that are or were in sight."""
    beyond: set[int] = field(default_factory=set)
    """Emails of which something lies, or happened, out of sight."""
    shown: set[int] = field(default_factory=set)
    """Emails that became visible to the owner."""
    turned: set[int] = field(default_factory=set)
    """Emails in mailboxes that came into sight or left it, which may have been there before."""


def _emails(db: Database, sight: Sight, since: int) -> dict[int, _Email]:
    """What happened after ``since`` to emails that were or are in sight."""
    turned = {row.mailbox: row.read_at for row in sight.shares if row.read_at > since}
    lost = {box: at for box, at in turned.items() if box not in sight.read}
    seen = _Seen(gained=turned.keys() - lost.keys())
    found: dict[int, _Email] = {}
    late: set[tuple[int, int]] = set()
    """Entries that came into a mailbox after it was lost."""
    for modseq, box, uid, op, email, thread, email_op in db.each(
        "SELECT modseq, object_id, uid, op, email_id, thread_id, email_op FROM change WHERE account_id=? AND modseq>? AND kind=20 ORDER BY modseq",
        (sight.account, since),
    ):
        if email_op == _CREATED:
            seen.shown.add(email)
        if box not in sight.read and modseq > lost.get(box, 0):
            seen.beyond.add(email)
            if op == _CREATED and box in lost:
                late.add((box, uid))
            elif op == _DESTROYED and box in lost and (box, uid) not in late:  # it was there when the mailbox was lost
                found.setdefault(email, _Email(thread, _Item(lost[box], 0)))
                if seen.first.get((box, uid), (0, 0))[1] != _CREATED:
                    seen.turned.add(email)
            continue
        seen.first.setdefault((box, uid), (email, op))
        found.setdefault(email, _Email(thread, _Item(modseq, 0))).item.at = modseq
    for box, at in turned.items():
        for uid, email, thread in db.each("SELECT uid, email_id, thread_id FROM entry WHERE account_id=? AND mailbox_id=?", (sight.account, box)):
            if (box, uid) in late:
                continue
            item = found.setdefault(email, _Email(thread, _Item(at, 0))).item
            item.at = max(item.at, at)
            if seen.first.get((box, uid), (0, 0))[1] != _CREATED:
                seen.turned.add(email)
    _judge(db, sight, found, seen)
    return {email: one for email, one in found.items() if one.item.op}


def _judge(db: Database, sight: Sight, found: dict[int, _Email], seen: _Seen) -> None:
    """What the events of each email come to: it is there and certainly was, it is there and perhaps was not, or it is not there any more."""
    there: dict[int, list[tuple[int, int]]] = {}
    for email, box, uid in emails.places(db, sight.account, found):
        if box in sight.read:
            there.setdefault(email, []).append((box, uid))
        else:
            seen.beyond.add(email)
    began_before: set[int] = set()
    was_there: set[int] = set()
    for (box, _), (email, op) in seen.first.items():
        if op != _CREATED:
            began_before.add(email)
            # Flags of an entry may have hidden it (``\Deleted``): the owner's view says that they did not, where it is the same as the grantee's.
            if box not in seen.gained and email not in seen.shown and email not in seen.beyond:
                was_there.add(email)
    for email, one in found.items():
        places = there.get(email)
        if places is None:
            one.item.op = _DESTROYED if email in began_before or email in seen.turned else 0
        elif email in was_there or any(place not in seen.first and place[0] not in seen.gained for place in places):
            one.item.op = _UPDATED
        else:
            one.item.op = _CREATED


def _threads(db: Database, sight: Sight, since: int, *, is_first: bool) -> dict[int, _Item]:
    """A thread has changed where an email came into it or left it. After a first page what an email was before says nothing."""
    found = _emails(db, sight, since)
    items: dict[int, _Item] = {}
    for one in found.values():
        if one.item.op != _UPDATED or not is_first:
            item = items.setdefault(one.thread, _Item(0, _CREATED))
            item.at = max(item.at, one.item.at)
            if one.item.op == _DESTROYED:
                item.op = _UPDATED
    now = emails.threads(db, sight.account, items, sight.read)
    for thread, item in items.items():
        if thread not in now:
            item.op = _DESTROYED
        elif any(email not in found or found[email].item.op != _CREATED for email in now[thread]):
            item.op = _UPDATED
    return items


# ------------------------------------------------------------------------------------------------------- mailboxes
def _mailboxes(db: Database, sight: Sight, since: int) -> dict[int, _Item]:
    """Mailboxes in sight that changed, came or went; those above them with them."""
    parents: dict[int, int] = dict(db.all("SELECT mailbox_id, parent_id FROM mailbox WHERE account_id=?", (sight.account,)))
    log = db.all(
        "SELECT modseq, object_id, op, email_id FROM change WHERE account_id=? AND modseq>? AND kind=2 ORDER BY modseq", (sight.account, since))
    known = sight.rights.keys() | sight.above
    items: dict[int, _Item] = {}

    def put(box: int, at: int, op: int) -> None:
        item = items.setdefault(box, _Item(at, op))
        item.at = max(item.at, at)
        item.op = min(item.op, op, key=_STRENGTH.index)

    def put_above(box: int, at: int) -> None:
        """``box`` and what it lies in was, or is now, above something in sight."""
        while box > 0:
            if box in sight.above:
                put(box, at, _CREATED)
            elif box not in known:
                put(box, at, _DESTROYED)
            box = parents.get(box, 0)

    for row in sight.shares:
        if row.modseq > since:
            if row.mailbox in known:
                put(row.mailbox, row.modseq, _CREATED if row.seen_at > since and row.rights else _UPDATED)
            elif row.seen_at > since:
                put(row.mailbox, row.seen_at, _DESTROYED)
            if row.seen_at > since:
                put_above(parents.get(row.mailbox, 0), row.seen_at)
    interesting = known | {row.mailbox for row in sight.shares if row.seen_at > since}
    for modseq, box, op, old_parent in reversed(log):
        if box in interesting:
            if op == _COUNTS:
                if box in sight.read:
                    put(box, modseq, _COUNTS)
            elif box in known:
                put(box, modseq, _CREATED if op == _CREATED else _UPDATED)
            if old_parent and op != _COUNTS:
                put_above(parents.get(box, 0), modseq)
                put_above(old_parent, modseq)
                interesting = interesting | {old_parent, *_above(parents, [old_parent])}
    threads: dict[int, int] = {}
    for one in _emails(db, sight, since).values():
        threads[one.thread] = max(threads.get(one.thread, 0), one.item.at)
    for box, thread in db.all(
        "SELECT DISTINCT n.mailbox_id, n.thread_id FROM json_each(?2) j CROSS JOIN entry n INDEXED BY entry_thread"
        " ON n.account_id=?1 AND n.thread_id=j.value", (sight.account, json.dumps(list(threads))),
    ):
        if box in sight.read:
            put(box, threads[thread], _COUNTS)
    return items


_STRENGTH: Final = (_DESTROYED, _CREATED, _UPDATED, _COUNTS)
"""Of what happened to one mailbox the first of these is told."""
