"""STORE: flags of entries, with UNCHANGEDSINCE judged under the account's clock (RFC 9051 §6.4.6, RFC 7162 §3.1.3)."""

from typing import ClassVar

from mailstead.model import flags as model
from mailstead.model.message import FlagsStored
from mailstead.model.uids import UidSet
from mailstead.store.engine.writer import Tx
from mailstead.store.keys import Keys
from mailstead.store.mail import clock, keywords, selection, tally
from mailstead.store.mail.operation import OfAccount


class SetFlags(OfAccount):
    """``replace`` None: ``add`` and ``remove`` apply. Entries whose flags do not change keep their modseq."""

    mailbox: int
    uids: UidSet
    add: tuple[str, ...]
    remove: tuple[str, ...]
    replace: tuple[str, ...] | None
    unchanged_since: int | None
    returns: ClassVar = FlagsStored

    def apply(self, tx: Tx, keys: Keys) -> FlagsStored:
        account = self.account
        key = keys.of(account)
        rows = list(
            selection.rows(tx.db, account, self.mailbox, self.uids, "e.uid, e.email_id, e.modseq, e.flags, e.more, e.thread_id")
        )
        refused = ()
        if self.unchanged_since is not None:
            refused = tuple(row[0] for row in rows if row[2] > self.unchanged_since)
            rows = [row for row in rows if row[2] <= self.unchanged_since]
        if self.replace is None:
            add, more_add = keywords.bits(tx, account, key, self.add)
            drop, more_drop = keywords.bits(tx, account, key, self.remove, make=False)
        else:
            add, more_add = keywords.bits(tx, account, key, self.replace)
            drop, more_drop = ~0, ()
        changed: dict[int, tuple[int, int]] = {}
        moved: list[tuple[int, int, int, bytes | None, int]] = []
        unseen = deleted = 0
        for uid, email, modseq, flags, more, thread in rows:
            new = ((flags & ~drop) | add) & ((1 << 63) - 1)
            new_more = more
            if more is not None or more_add:
                had = set(keywords.unpack_more(more))
                kept = set() if self.replace is not None else had - set(more_drop)
                new_more = keywords.pack_more(tuple(sorted(kept | set(more_add))))
            if new == flags and new_more == more:
                changed[uid] = (modseq, flags)
                continue
            moved.append((uid, email, new, new_more, thread))
            unseen += (not new & model.SEEN) - (not flags & model.SEEN)
            deleted += bool(new & model.DELETED) - bool(flags & model.DELETED)
        if not moved:
            now = tx.db.one("SELECT modseq FROM account WHERE account_id=?", (account,))
            return FlagsStored(now[0] if now else 0, changed, refused)
        modseq = clock.tick(tx, account)
        counts = tally.Tally(tx, account)
        counts.look({row[4] for row in moved})
        tx.db.many(
            "UPDATE entry SET modseq=?, flags=?, more=? WHERE account_id=? AND mailbox_id=? AND uid=?",
            ((modseq, new, more, account, self.mailbox, uid) for uid, _, new, more, _ in moved),
        )
        tx.db.run(
            "UPDATE mailbox SET modseq=?, unseen=unseen+?, deleted=deleted+? WHERE account_id=? AND mailbox_id=?",
            (modseq, unseen, deleted, account, self.mailbox),
        )
        for uid, email, new, _, thread in moved:
            counts.flagged(thread, self.mailbox, uid, email, new)
        counts.settle(modseq)
        changed.update((uid, (modseq, new)) for uid, _, new, _, _ in moved)
        return FlagsStored(modseq, dict(sorted(changed.items())), refused)
