"""The newest part of the change log of accounts that are asked for it, in the memory of the process that writes it.

Who has just heard of a change asks what it was, and everybody who looks at mail asks again and again whether there is anything new: what they are told was
written here a moment ago. So it is read once more inside the transaction that wrote it, where it lies at hand, and kept once that is durable; ``changes`` and
``states`` then need no database. While a transaction that moves an account is being committed nobody knows which of its two ends holds: then the database is
asked, as it is for anything older and in every other process.

Bounded: so many accounts, so many changes of each, and an account that nobody asks about while it moves on is let go.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, Final

from mailstead.model.change import ChangeKind, ChangeOp
from mailstead.model.email import Kind, ObjectChanges, Position, States
from mailstead.store.engine.sqlite import Database, Row
from mailstead.store.engine.writer import Tx
from mailstead.store.mail import changes
from mailstead.store.mail.clock import missing

_ACCOUNTS: Final = 2_000
_CHANGES: Final = 100
"""Of one account."""
_UNASKED: Final = 20
"""After so many commits about which nobody has asked an account is let go."""
_STATES: Final = 7
_ENTRY: Final = int(ChangeKind.ENTRY)
_CREATED: Final = int(ChangeOp.CREATED)
_NEWER: Final = (
    "SELECT a.epoch, a.modseq, a.email_modseq, a.mailbox_modseq, a.thread_modseq, a.delivery_modseq, a.share_modseq,"
    " c.modseq, c.kind, c.object_id, c.op, c.email_id, c.email_op, c.thread_id, c.thread_op FROM account a LEFT JOIN change c"
    " ON c.account_id=a.account_id AND c.modseq>?2 AND c.kind IN (2, 5, 20) WHERE a.account_id=?1"
    " ORDER BY c.modseq, c.kind, c.object_id, c.uid LIMIT ?3"
)


class _Tail:
    """Of one account: where it stands, and every change after ``since``."""

    __slots__ = ("rows", "since", "states", "unasked")

    def __init__(self, since: int, states: States, rows: list[Row]) -> None:
        self.since = since
        self.states = states
        self.rows = rows
        self.unasked = 0

    def and_then(self, newer: "_Tail") -> "_Tail":
        """This and what came after it."""
        if newer.since != self.states.modseq or len(self.rows) + len(newer.rows) > _CHANGES:
            found = newer
        else:
            found = _Tail(self.since, newer.states, self.rows + newer.rows)
        found.unasked = self.unasked + 1
        return found


class Recent:
    """Of one shard; ``engine.writer.Log``. All is called on the loop."""

    def __init__(self) -> None:
        self._tails: OrderedDict[int, _Tail] = OrderedDict()
        self._under_way: dict[int, _Tail | None] = {}
        """Accounts that move in a transaction that is being committed, and what they have come to if it holds; None: nobody asks about them."""
        self._is_upheaval = False

    # ---------------------------------------------------------------------------------------------------- asking
    def states(self, account: int) -> States | None:
        """Where each type stands; None: the database knows."""
        tail = self._asked(account)
        return tail.states if tail is not None else None

    def changes(self, account: int, kind: Kind, since: Position, most: int) -> ObjectChanges | None:
        """See ``changes.object_changes``; None: the database knows."""
        tail = self._asked(account)
        if tail is None or since.epoch != tail.states.epoch or since.modseq > tail.states.modseq:
            return None
        end = Position(since.epoch, tail.states.of(kind))
        if not changes.is_news(since, end):
            return changes.told(since, end, (), most)
        return changes.told(since, end, _of_kind(tail.rows, kind, since.modseq), most) if since.modseq >= tail.since else None

    def _asked(self, account: int) -> _Tail | None:
        tail = self._tails.get(account)
        if tail is None or account in self._under_way:
            return None
        tail.unasked = 0
        return tail

    def keep(self, db: Database, account: int, since: int) -> None:
        """From now on keep what happens to an account; if that is little, from ``since`` on."""
        if account in self._tails or account in self._under_way or self._is_upheaval:
            return
        self._tails[account] = _read(db, account, since)
        if len(self._tails) > _ACCOUNTS:
            self._tails.popitem(last=False)

    # ---------------------------------------------------------------------------------------------------- writing
    def begun(self, tx: Tx) -> None:
        """See ``engine.writer.Log``."""
        if tx.is_upheaval:
            self._tails.clear()
            self._is_upheaval = True
        self._under_way = {
            account: None if (tail := self._tails.get(account)) is None else _read(tx.db, account, tail.states.modseq) for account in tx.news
        }

    def ended(self, tx: Tx, *, is_done: bool) -> None:  # noqa: ARG002 - one is under way at a time
        """See ``engine.writer.Log``."""
        for account, newer in self._under_way.items():
            tail = self._tails.pop(account, None)
            if is_done and tail is not None and newer is not None and tail.unasked < _UNASKED:
                self._tails[account] = tail.and_then(newer)
        self._under_way = {}
        self._is_upheaval = False


def _read(db: Database, account: int, since: int) -> _Tail:
    """All after ``since``; where that is much, nothing but where the account stands."""
    rows = db.all(_NEWER, (account, since, _CHANGES + 1))
    if not rows:
        raise missing(account)
    states = States(*rows[0][:_STATES])
    if len(rows) > _CHANGES or since > states.modseq:
        return _Tail(states.modseq, states, [])
    return _Tail(since, states, [row[_STATES:] for row in rows if row[_STATES] is not None])


def _of_kind(rows: Iterable[Row], kind: Kind, since: int) -> list[tuple[Any, ...]]:
    """(modseq, object, what happened) of those that concern a type, as the database would give them."""
    match kind:
        case Kind.EMAIL:
            return [(row[0], row[4], row[5]) for row in rows if row[0] > since and row[1] == _ENTRY and row[5] > 0]
        case Kind.THREAD:
            return [(row[0], row[6], row[7]) for row in rows if row[0] > since and row[1] == _ENTRY and row[7] > 0]
        case Kind.DELIVERY:
            return [(row[0], row[4], row[5]) for row in rows if row[0] > since and row[1] == _ENTRY and row[5] == _CREATED]
        case Kind.MAILBOX:
            return [(row[0], row[2], row[3]) for row in rows if row[0] > since and row[1] != _ENTRY and row[2] > 0]
