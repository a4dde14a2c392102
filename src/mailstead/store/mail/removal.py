"""Taking entries away: what EXPUNGE, MOVE and DELETE of a mailbox have in common.

An email goes with its last entry. Its octets stay in the segment until compaction; they stop counting as live in this
transaction. An object's file is noted in ``dropped`` and deleted later by the sweeper (STORAGE R3: row first).
"""

from mailstead.model import flags as model
from mailstead.store.engine.writer import Tx
from mailstead.store.mail.filing import OBJECT
from mailstead.store.mail.tally import Tally

Row = tuple[int, int, int, int, int]
"""(uid, email, thread, flags, size) of an entry."""


def remove(tx: Tx, tally: Tally, account: int, mailbox: int, modseq: int, rows: list[Row], *, keep_emails: bool = False) -> None:
    """Remove these entries of a mailbox; ``tally`` has looked at their threads. ``keep_emails``: they have been entered elsewhere (MOVE), so an email
    loses one entry and never its last. The account's quota is the caller's (``clock.tick``)."""
    for uid, email, thread, _, _ in rows:
        tx.db.run("DELETE FROM entry WHERE account_id=? AND mailbox_id=? AND uid=?", (account, mailbox, uid))
        tally.left(thread, mailbox, uid, email)
        left = tx.db.one(
            "UPDATE email SET entries=entries-1 WHERE account_id=? AND email_id=? RETURNING entries, segment, stored",
            (account, email),
        )
        if left is not None and left[0] <= 0 and not keep_emails:
            _drop(tx, account, email, left[1], left[2])
    tx.db.run(
        "UPDATE mailbox SET modseq=?, total=total-?, octets=octets-?, unseen=unseen-?, deleted=deleted-?"
        " WHERE account_id=? AND mailbox_id=?",
        (modseq, len(rows), sum(row[4] for row in rows), sum(not row[3] & model.SEEN for row in rows),
         sum(bool(row[3] & model.DELETED) for row in rows), account, mailbox),
    )


def _drop(tx: Tx, account: int, email: int, segment: int, stored: int) -> None:
    tx.db.run("DELETE FROM email WHERE account_id=? AND email_id=?", (account, email))
    if segment == OBJECT:
        tx.db.run("INSERT OR REPLACE INTO dropped VALUES (?, ?, ?)", (account, email, tx.now_ms))
    else:
        tx.live[segment] = tx.live.get(segment, 0) - stored
