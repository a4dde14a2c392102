"""What a change of entries means for emails, threads and the mailboxes' JMAP counters.

IMAP sees entries: a message in a mailbox, with flags of its own. JMAP sees emails: a message that is in a set of mailboxes and
has one set of keywords. DECISIONS 1 says how one becomes the other: an entry flagged ``\\Deleted`` is invisible; ``$seen`` holds
if every visible entry has it, any other keyword if one has it.

A write that touches entries opens a ``Tally``, lets it look at the threads concerned, tells it each entry that comes, goes or
changes its flags, and settles it. Settling writes the change log and moves what the emails before and after give different:
the counters (RFC 8621 §2), which are of whole threads, and the last modseq of each JMAP type. It all happens in the
transaction that causes it (STORAGE R7).
"""

import json
from collections.abc import Iterable
from typing import Final

from mailstead.model import flags as model
from mailstead.model.change import ChangeOp
from mailstead.model.mailbox import Role
from mailstead.store.engine.sqlite import Database
from mailstead.store.engine.writer import Tx
from mailstead.store.schema import shard

EMAIL: Final = 1
THREAD: Final = 2
_MATTERS: Final = model.SEEN | model.DRAFT | model.DELETED
_CREATED: Final = int(ChangeOp.CREATED)
_UPDATED: Final = int(ChangeOp.UPDATED)
_DESTROYED: Final = int(ChangeOp.DESTROYED)

Counts = tuple[int, int, int, int]
"""(emails, unread emails, threads, unread threads)."""
Entries = dict[tuple[int, int], tuple[int, int]]
"""(mailbox, uid) → (email, flags): one thread's entries."""
Row = tuple[int, int, int, int, int, bytes | None]
"""thread, mailbox, uid, email, flags, keywords past the bits."""


class Tally:
    """One account's, for one transaction. ``is_ticked``: the clock has moved every type already (``clock.tick`` of all)."""

    def __init__(self, tx: Tx, account: int, *, is_ticked: bool = False) -> None:
        self._tx = tx
        self._account = account
        self._is_ticked = is_ticked
        self._before: dict[int, Entries] = {}
        self._after: dict[int, Entries] = {}
        self._events: list[tuple[int, int, int, int, int]] = []
        self._trash = -1

    def look(self, threads: Iterable[int]) -> list[Row]:
        """Read the entries of these threads as they are now; before anything of them changes. Gives those that had not been read before."""
        wanted = [thread for thread in threads if thread not in self._before]
        for thread in wanted:
            self._before[thread] = {}
        if len(wanted) == 1:
            rows = self._tx.db.all(
                "SELECT thread_id, mailbox_id, uid, email_id, flags, more FROM entry INDEXED BY entry_thread WHERE account_id=? AND thread_id=?",
                (self._account, wanted[0]),
            )
        elif wanted:
            rows = self._tx.db.all(
                "SELECT n.thread_id, n.mailbox_id, n.uid, n.email_id, n.flags, n.more FROM json_each(?2) j CROSS JOIN entry n"
                " INDEXED BY entry_thread ON n.account_id=?1 AND n.thread_id=j.value",
                (self._account, json.dumps(wanted)),
            )
        else:
            return []
        for thread, mailbox, uid, email, flags, _ in rows:
            self._before[thread][(mailbox, uid)] = (email, flags)
        for thread in wanted:
            self._after[thread] = self._before[thread].copy()
        return rows

    def is_new(self, thread: int) -> None:
        """Nothing is in this thread yet; it need not be looked at."""
        self._before[thread] = {}
        self._after[thread] = {}

    def entered(self, thread: int, mailbox: int, uid: int, email: int, flags: int) -> None:
        """An entry has come."""
        self._after[thread][(mailbox, uid)] = (email, flags)
        self._events.append((mailbox, uid, _CREATED, email, thread))

    def left(self, thread: int, mailbox: int, uid: int, email: int) -> None:
        """An entry has gone."""
        del self._after[thread][(mailbox, uid)]
        self._events.append((mailbox, uid, _DESTROYED, email, thread))

    def flagged(self, thread: int, mailbox: int, uid: int, email: int, flags: int) -> None:
        """An entry has these flags now."""
        self._after[thread][(mailbox, uid)] = (email, flags)
        self._events.append((mailbox, uid, _UPDATED, email, thread))

    def ended(self) -> list[int]:
        """The threads that had messages and have none any more."""
        return [thread for thread, entries in self._after.items() if not entries and self._before[thread]]

    def settle(self, modseq: int) -> None:
        """Write the log, the counters and the types' modseqs. Nothing when nothing has happened."""
        if not self._events:
            return
        account, db = self._account, self._tx.db
        emails, threads = self._meanings()
        moved = 0
        rows = []
        for mailbox, uid, op, email, thread in self._events:
            email_op = emails.get(email, 0)
            thread_op = threads.get(thread, 0)
            moved |= (EMAIL if email_op else 0) | (THREAD if thread_op else 0)
            rows.append((account, modseq, mailbox, uid, op, email, thread, email_op, thread_op))
        if len(rows) == 1:
            db.run("INSERT INTO change VALUES (?, ?, 20, ?, ?, ?, ?, ?, ?, ?)", rows[0])
        else:
            db.many("INSERT INTO change VALUES (?, ?, 20, ?, ?, ?, ?, ?, ?, ?)", rows)
        counted = self._count(modseq)
        if (moved or counted) and not self._is_ticked:
            db.run(
                "UPDATE account SET email_modseq=CASE WHEN ?3&1 THEN ?2 ELSE email_modseq END,"
                " thread_modseq=CASE WHEN ?3&2 THEN ?2 ELSE thread_modseq END,"
                " mailbox_modseq=CASE WHEN ?4 THEN ?2 ELSE mailbox_modseq END WHERE account_id=?1",
                (account, modseq, moved, counted),
            )

    def _meanings(self) -> tuple[dict[int, int], dict[int, int]]:
        """What happened to each email touched and to each thread, as ``ChangeOp``; 0 or missing: nothing that JMAP sees."""
        emails: dict[int, int] = {}
        threads: dict[int, int] = {}
        touched: dict[int, set[int]] = {}
        for _, _, _, email, thread in self._events:
            touched.setdefault(thread, set()).add(email)
        for thread, of_thread in touched.items():
            if len(of_thread) == 1 and self._before[thread].keys() == self._after[thread].keys() and self._is_plain(thread):
                emails.update(dict.fromkeys(of_thread, _UPDATED))
                continue
            was = {email for email, flags in self._before[thread].values() if not flags & model.DELETED}
            now = {email for email, flags in self._after[thread].values() if not flags & model.DELETED}
            for email in of_thread:
                emails[email] = _meaning(email in was, email in now)
            threads[thread] = 0 if was == now else _meaning(bool(was), bool(now))
        return emails, threads

    def _is_plain(self, thread: int) -> bool:
        """Whether nothing in a thread was or is out of JMAP's sight."""
        for entries in (self._before[thread], self._after[thread]):
            for _, flags in entries.values():
                if flags & model.DELETED:
                    return False
        return True

    def _count(self, modseq: int) -> bool:
        """Move the mailboxes' counters; whether any moved."""
        moved: dict[int, list[int]] = {}
        for thread, before in self._before.items():
            after = self._after[thread]
            if not _may_count(before, after):
                continue
            for sign, entries in ((-1, before), (1, after)):
                for mailbox, counts in counted(entries, self._trash_of(entries)).items():
                    sums = moved.setdefault(mailbox, [0, 0, 0, 0])
                    for n in range(4):
                        sums[n] += sign * counts[n]
        db = self._tx.db
        found = False
        for mailbox, sums in moved.items():
            if any(sums):
                found = True
                db.run(
                    "UPDATE mailbox SET emails=emails+?, unread_emails=unread_emails+?, threads=threads+?,"
                    " unread_threads=unread_threads+?, counted=? WHERE account_id=? AND mailbox_id=?",
                    (*sums, modseq, self._account, mailbox),
                )
                db.run(
                    "INSERT OR IGNORE INTO change VALUES (?, ?, 2, ?, 0, 4, 0, 0, 0, 0)", (self._account, modseq, mailbox)
                )
        return found

    def _trash_of(self, entries: Entries) -> int:
        """The trash mailbox, where it can matter: it does not to a thread that is in one mailbox."""
        if len({mailbox for mailbox, _ in entries}) < 2:  # noqa: PLR2004
            return 0
        if self._trash < 0:
            row = self._tx.db.one(
                "SELECT mailbox_id FROM mailbox WHERE account_id=? AND role=?", (self._account, int(Role.TRASH)))
            self._trash = row[0] if row else 0
        return self._trash


def _meaning(was: bool, now: bool) -> int:
    if was:
        return _UPDATED if now else _DESTROYED
    return _CREATED if now else 0


def _may_count(before: Entries, after: Entries) -> bool:
    """Whether two states of a thread can give different counters."""
    if before.keys() != after.keys():
        return True
    for place, (_, flags) in before.items():  # noqa: SIM110 - each email of a set comes here
        if (flags ^ after[place][1]) & _MATTERS:
            return True
    return False


def counted(entries: Entries, trash: int) -> dict[int, Counts]:
    """What one thread adds to each mailbox's counters.

    An email is unread without ``$seen`` and ``$draft``. A thread is unread in a mailbox in which it has an email, if any of its
    emails is; for the trash only emails in the trash count, for any other mailbox only those outside (RFC 8621 §2).
    """
    if len(entries) == 1:
        ((mailbox, _), (_, flags)), = entries.items()
        if flags & model.DELETED:
            return {}
        unread = 0 if flags & (model.SEEN | model.DRAFT) else 1
        return {mailbox: (1, unread, 1, unread)}
    places: dict[int, set[int]] = {}
    merged: dict[int, tuple[int, int]] = {}
    for (mailbox, _), (email, flags) in entries.items():
        if flags & model.DELETED:
            continue
        places.setdefault(mailbox, set()).add(email)
        all_of, any_of = merged.get(email, (~0, 0))
        merged[email] = (all_of & flags, any_of | flags)
    unread_emails = {
        email for email, (all_of, any_of) in merged.items() if not all_of & model.SEEN and not any_of & model.DRAFT}
    trashed = bool(unread_emails & places.get(trash, set()))
    alive = any(unread_emails & found for mailbox, found in places.items() if mailbox != trash)
    return {
        mailbox: (len(found), len(found & unread_emails), 1, int(trashed if mailbox == trash else alive))
        for mailbox, found in places.items()
    }


def recount(db: Database, account: int) -> None:
    """Make the counters of an account anew, from its entries."""
    db.run("UPDATE mailbox SET emails=0, unread_emails=0, threads=0, unread_threads=0 WHERE account_id=?", (account,))
    db.run(
        "UPDATE mailbox SET emails=c.emails, unread_emails=c.unread_emails, threads=c.threads,"  # noqa: S608 - names of our own
        f" unread_threads=c.unread_threads FROM ({shard.COUNTED.format(of_account=' AND account_id=?1')}) AS c"
        " WHERE c.account_id=mailbox.account_id AND c.mailbox_id=mailbox.mailbox_id",
        (account,),
    )
