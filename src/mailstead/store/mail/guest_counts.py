"""What is unread in an account to somebody with whom some of its mailboxes are shared.

The counters that ``mail.tally`` keeps are the owner's: a conversation is unread there for an email that lies out of a guest's sight, too, and an email in
two mailboxes for an entry that they do not see. To a guest only the entries in their sight count (RFC 8621 §2, over what ``mail.sight`` shows).
"""

import json
from typing import Final

from mailstead.model.mailbox import Role
from mailstead.store.engine.sqlite import Database
from mailstead.store.mail import tally
from mailstead.store.mail.sight import Sight

_KEPT: Final = 256

_Key = tuple[int, int, int, frozenset[int]]
"""(epoch, mailboxes' state, emails' state, mailboxes that they may read)."""


class GuestCounts:
    """Counts once for each state: ``of`` is asked with every list of mailboxes."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, int], tuple[_Key, dict[int, tuple[int, int]]]] = {}

    def of(self, db: Database, sight: Sight, viewer: int) -> dict[int, tuple[int, int]]:
        """(unread emails, unread threads) by mailbox, of those with any. From the snapshot that is open."""
        key = (sight.states.epoch, sight.states.mailbox, sight.states.email, sight.read)
        found = self._kept.get((sight.account, viewer))
        if found is not None and found[0] == key:
            return found[1]
        if len(self._kept) >= _KEPT:
            self._kept.clear()
        counts = counted(db, sight)
        self._kept[(sight.account, viewer)] = (key, counts)
        return counts


def counted(db: Database, sight: Sight) -> dict[int, tuple[int, int]]:
    """See ``GuestCounts.of``."""
    threads: set[int] = set()
    trash = 0
    for box, unseen, role in db.all("SELECT mailbox_id, unseen, role FROM mailbox WHERE account_id=?", (sight.account,)):
        trash = box if role == Role.TRASH else trash
        if unseen and box in sight.read:
            threads.update(thread for (thread,) in db.each(
                "SELECT thread_id FROM entry WHERE account_id=? AND mailbox_id=? AND flags&9=0", (sight.account, box)))  # neither seen nor deleted
    entries: dict[int, tally.Entries] = {}
    for thread, box, uid, email, flags in db.each(
        "SELECT n.thread_id, n.mailbox_id, n.uid, n.email_id, n.flags FROM json_each(?2) j CROSS JOIN entry n INDEXED BY entry_thread"
        " ON n.account_id=?1 AND n.thread_id=j.value", (sight.account, json.dumps(sorted(threads))),
    ):
        if box in sight.read:
            entries.setdefault(thread, {})[(box, uid)] = (email, flags)
    found: dict[int, tuple[int, int]] = {}
    for one in entries.values():
        for box, (_, emails, _, is_unread) in tally.counted(one, trash).items():
            before = found.get(box, (0, 0))
            found[box] = (before[0] + emails, before[1] + is_unread)
    return found
