"""The account's clock: one modseq for everything, counted up by every change and written out in the change log.

The account's row is touched first by every operation (STORAGE R2): it fences accounts that moved or are suspended, holds
the quota, and orders all writers of the account. Counters move in the statement that causes it (R7).
"""

from typing import Final

from mailstead.model.change import ChangeKind, ChangeOp
from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.store.engine.writer import Tx
from mailstead.store.schema.shard import ACTIVE, SUSPENDED

TOP: Final = -1
"""In place of what a mailbox lay in: it was at the top."""
_OF_ALL: Final = ", email_modseq=modseq+1, thread_modseq=modseq+1, delivery_modseq=modseq+1, mailbox_modseq=modseq+1"


def tick(tx: Tx, account: int, *, octets: int = 0, messages: int = 0, of_all: bool = False) -> int:
    """The modseq of a new change; ``octets`` and ``messages`` are what it adds to (or takes off) the quota.

    ``of_all``: every JMAP type of mail moves with it, as with a delivery; else ``tally`` says which. Refuses before it changes
    anything: NOT_FOUND, ACCOUNT_SUSPENDED, OVER_QUOTA. What only frees is never refused.
    """
    row = tx.db.one(
        "UPDATE account SET modseq=modseq+1, used_octets=used_octets+?2, used_messages=used_messages+?3"  # noqa: S608 - our own
        f"{_OF_ALL if of_all else ''} WHERE account_id=?1 AND state=1 AND (?2<=0 OR max_octets=0 OR used_octets+?2<=max_octets)"
        " AND (?3<=0 OR max_messages=0 OR used_messages+?3<=max_messages) RETURNING modseq",
        (account, octets, messages),
    )
    if row is None:
        raise _why(tx, account)
    tx.news[account] = row[0]
    return int(row[0])


def _why(tx: Tx, account: int) -> Exception:
    row = tx.db.one("SELECT state, used_octets, max_octets FROM account WHERE account_id=?", (account,))
    if row is None:  # the directory knows it: it is being removed, or its rows are damaged
        return missing(account)
    if row[0] == SUSPENDED:
        return Refusal(Reason.ACCOUNT_SUSPENDED, "This account is suspended")
    if row[0] != ACTIVE:
        return Unavailable("This account is being moved or removed", f"account {account:x} is in state {row[0]}")
    return Refusal(Reason.OVER_QUOTA, "The mailbox is full", f"account {account:x} uses {row[1]} of {row[2]} octets")


def missing(account: int) -> Unavailable:
    """The directory places an account here, and it is not here. In doubt that will pass (``model.errors``)."""
    return Unavailable("This account is not available right now", f"account {account:x} has no row; run mailstead verify --repair")


def check_room(tx: Tx, account: int, octets: int, messages: int) -> None:
    """Refuse OVER_QUOTA and the like without changing anything."""
    row = tx.db.one(
        "SELECT state=1 AND (?2<=0 OR max_octets=0 OR used_octets+?2<=max_octets)"
        " AND (?3<=0 OR max_messages=0 OR used_messages+?3<=max_messages) FROM account WHERE account_id=?1",
        (account, octets, messages),
    )
    if row is None or not row[0]:
        raise _why(tx, account)


def note(tx: Tx, account: int, modseq: int, kind: ChangeKind, obj: int, op: ChangeOp, *, was_below: int | None = None) -> None:
    """A change of something that is not an entry; ``tally.Tally`` notes those. ``was_below``: what a mailbox lay in, where it lies
    there no longer; 0: it was at the top."""
    tx.db.run(
        "INSERT OR REPLACE INTO change VALUES (?, ?, ?, ?, 0, ?, ?, 0, 0, 0)", (account, modseq, int(kind), obj, int(op), 0 if was_below is None else was_below or TOP)
    )
    if kind is ChangeKind.MAILBOX:
        column = "counted" if op is ChangeOp.COUNTS else "formed"
        tx.db.run(f"UPDATE mailbox SET {column}=? WHERE account_id=? AND mailbox_id=?", (modseq, account, obj))  # noqa: S608 - names of our own
