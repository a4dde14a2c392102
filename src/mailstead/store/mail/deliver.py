"""Delivery: a message into a mailbox, exactly once for its delivery id (STORAGE §4, DECISIONS 3 and 4)."""

from typing import ClassVar, Final

from mailstead.model import flags as model
from mailstead.model.ids import EmailId, MailboxId, ThreadId
from mailstead.model.message import Filed
from mailstead.store.engine.writer import Tx
from mailstead.store.keys import Keys
from mailstead.store.mail import clock, filing, keywords, muted, names, objects, tally
from mailstead.store.mail.filing import Incoming
from mailstead.store.mail.operation import OfAccount

REMEMBERED_MS: Final = 7 * 24 * 3600 * 1000
_INBOXES: Final = 200_000
_inboxes: dict[int, int] = {}
"""Account to its INBOX: it is never deleted; an id that has gone stale (a rebuilt shard) is looked up anew."""


class Deliver(OfAccount):
    """``mailboxes`` are tried in order, INBOX at last. ``discard``: only remember the id. ``unless``: kinds of objects of which one
    that the account keeps has nothing be filed; None tells it. ``is_notice``: whether the conversation is muted does not matter."""

    delivery_id: bytes
    incoming: Incoming
    mailboxes: tuple[tuple[str, ...], ...]
    flags: tuple[str, ...]
    discard: bool
    unless: tuple[int, ...] = ()
    is_notice: bool = False
    returns: ClassVar = Filed | None
    is_once: ClassVar = True

    def octets(self) -> int:
        return self.incoming.octets()

    def apply(self, tx: Tx, keys: Keys) -> Filed | None:
        account = self.account
        before = _seen(tx, account, self.delivery_id)
        if before is not None:
            return before
        if self.unless and objects.has_any(tx.db, account, self.unless):
            return None
        if self.discard:
            clock.check_room(tx, account, 0, 0)
            _remember(tx, account, self.delivery_id, 0)
            return Filed(False, EmailId(0), ThreadId(0), MailboxId(0), 0, 0)
        info = self.incoming.info
        key = keys.of(account)
        is_seen = model.DELETED not in map(model.SYSTEM_BITS.get, map(model.canonical, self.flags))
        modseq = clock.tick(tx, account, octets=info.size, messages=1, of_all=is_seen)
        is_muted = not self.is_notice and len(self.incoming.refs) > 1 and muted.is_muted(tx.db, account, key, self.incoming.refs)
        words = (*self.flags, "\\Seen", muted.MUTED) if is_muted else self.flags
        flags, more = keywords.bits(tx, account, key, words, must=False) if words else (0, ())
        mailbox, place = self._place(tx, key, modseq, flags, first=muted.archive(tx.db, account) if is_muted and self._is_for_inbox() else 0)
        counts = tally.Tally(tx, account, is_ticked=is_seen)
        thread = filing.store(tx, counts, self.incoming, mailbox=mailbox, flags=flags)
        filing.enter(
            tx, counts, account, mailbox, modseq,
            [(place.uid, info.email, thread, flags, info.received_ms, info.size, keywords.pack_more(more))], fresh=True,
        )
        counts.settle(modseq)
        _remember(tx, account, self.delivery_id, info.email)
        return Filed(False, EmailId(info.email), ThreadId(thread), MailboxId(mailbox), place.uid, modseq)

    def _is_for_inbox(self) -> bool:
        return not self.mailboxes or self.mailboxes[0] == names.INBOX

    def _place(self, tx: Tx, key: names.AccountKey, modseq: int, flags: int, *, first: int) -> tuple[int, filing.Place]:
        """``first``: a mailbox before all others; 0: none."""
        size = self.incoming.info.size
        if first:
            place = filing.room(
                tx, self.account, first, modseq, count=1, octets=size, unseen=filing.unseen(flags), deleted=filing.deleted(flags))
            if place:
                return first, place
        for path in (*self.mailboxes, names.INBOX):
            known = _inboxes.get(self.account, 0) if path == names.INBOX else 0
            for mailbox in (known, 0) if known else (0,):
                found = mailbox or names.find(tx.db, self.account, key, path)
                if not found:
                    continue
                place = filing.room(
                    tx, self.account, found, modseq, count=1, octets=size,
                    unseen=filing.unseen(flags), deleted=filing.deleted(flags),
                )
                if place:
                    if path == names.INBOX:
                        if len(_inboxes) > _INBOXES:
                            _inboxes.clear()
                        _inboxes[self.account] = found
                    return found, place
        raise RuntimeError(f"account {self.account:x} has no INBOX")


def _seen(tx: Tx, account: int, delivery: bytes) -> Filed | None:
    """The first filing under this id, while its message is still there or a rule ate it (DECISIONS 3)."""
    row = tx.db.one("SELECT email_id, at FROM delivery WHERE account_id=? AND delivery_id=?", (account, delivery))
    if row is None or row[1] < tx.now_ms - REMEMBERED_MS:
        return None
    email = row[0]
    if not email:
        return Filed(True, EmailId(0), ThreadId(0), MailboxId(0), 0, 0)
    found = tx.db.one(
        "SELECT e.thread_id, n.mailbox_id, n.uid, n.modseq FROM email e CROSS JOIN entry n INDEXED BY entry_thread ON n.account_id=e.account_id"
        " AND n.thread_id=e.thread_id AND n.email_id=e.email_id WHERE e.account_id=? AND e.email_id=? LIMIT 1",
        (account, email),
    )
    if found is None:
        return None
    return Filed(True, EmailId(email), ThreadId(found[0]), MailboxId(found[1]), found[2], found[3])


def _remember(tx: Tx, account: int, delivery: bytes, email: int) -> None:
    tx.db.run("INSERT OR REPLACE INTO delivery VALUES (?, ?, ?, ?)", (account, delivery, email, tx.now_ms))
