"""Mailbox/set in the store: mailboxes by id, one change at a time (RFC 8621 §2.5)."""

from typing import ClassVar

from mailstead.model import limits
from mailstead.model.change import ChangeKind, ChangeOp
from mailstead.model.email import Fault, MailboxPatch, MailboxSet, Position
from mailstead.model.errors import Refusal
from mailstead.model.ids import MailboxId
from mailstead.model.mailbox import Role
from mailstead.store.engine.writer import Tx
from mailstead.store.keys import Keys
from mailstead.store.mail import clock, emails, mailboxes, names, notes, removal, shares, tally
from mailstead.store.mail.operation import OfAccount
from mailstead.store.seal import AccountKey

_CHUNK = 500


class SetMailbox(OfAccount):
    """Make (``mailbox`` is a fresh id and ``make`` true) or change a mailbox. ``if_state`` as in ``SetEmails``."""

    if_state: str
    mailbox: int
    make: bool
    patch: MailboxPatch
    returns: ClassVar = MailboxSet | None

    def apply(self, tx: Tx, keys: Keys) -> MailboxSet | None:
        if not _is_at(tx, self.account, self.if_state):
            return None
        key = keys.of(self.account)
        fault = self._judge(tx, key)
        if fault is Fault.NONE:
            self._do(tx, key, clock.tick(tx, self.account))
        return _outcome(tx, self.account, fault, self.mailbox)

    def _judge(self, tx: Tx, key: AccountKey) -> Fault:
        patch, db, account = self.patch, tx.db, self.account
        row = None
        if not self.make:
            row = db.one("SELECT parent_id, name_enc, role FROM mailbox WHERE account_id=? AND mailbox_id=?", (account, self.mailbox))
            if row is None:
                return Fault.NOT_FOUND
            if row[2] == Role.INBOX and _moves_inbox(patch):
                return Fault.FIXED
        elif _count(tx, account) >= limits.MAILBOXES:
            return Fault.LIMIT
        if patch.role is Role.INBOX and (row is None or row[2] != Role.INBOX):
            return Fault.ALREADY_EXISTS
        if patch.role and db.one(
            "SELECT 1 FROM mailbox WHERE account_id=? AND role=? AND mailbox_id<>?", (account, int(patch.role), self.mailbox)):
            return Fault.ALREADY_EXISTS
        return self._judge_place(tx, key, row)

    def _judge_place(self, tx: Tx, key: AccountKey, row: tuple[object, ...] | None) -> Fault:
        """Whether the mailbox can have its name where it shall be."""
        parent, name = self._place(key, row)
        above = _above(tx, self.account, parent)
        if above is None:
            return Fault.NO_PARENT
        if self.mailbox in above:
            return Fault.LOOP
        if self.patch.name is not None or self.make:
            try:
                if names.normal((name,)) != (name,) and not (parent and name.upper() == "INBOX"):
                    return Fault.BAD_NAME if name.upper() != "INBOX" else Fault.ALREADY_EXISTS
            except Refusal:
                return Fault.BAD_NAME
        levels = 1 if self.make else mailboxes.levels(tx.db, self.account, self.mailbox)
        if len(above) + levels > limits.MAILBOX_DEPTH:
            return Fault.LIMIT
        other = tx.db.one(
            "SELECT mailbox_id FROM mailbox WHERE account_id=? AND name_key=?", (self.account, names.name_key(key, parent, name)))
        return Fault.ALREADY_EXISTS if other is not None and other[0] != self.mailbox else Fault.NONE

    def _place(self, key: AccountKey, row: tuple[object, ...] | None) -> tuple[int, str]:
        """Parent and name as they shall be."""
        patch = self.patch
        parent = patch.parent_id if patch.parent_id is not None else int(row[0]) if row else 0  # type: ignore[call-overload]
        name = patch.name if patch.name is not None else names.opened(key, self.mailbox, row[1]) if row else ""  # type: ignore[arg-type]
        return int(parent), name

    def _do(self, tx: Tx, key: AccountKey, modseq: int) -> None:
        patch, db, account = self.patch, tx.db, self.account
        row = db.one("SELECT parent_id, name_enc, role FROM mailbox WHERE account_id=? AND mailbox_id=?", (account, self.mailbox))
        parent, name = self._place(key, row)
        path = (*_path(tx, account, key, parent), name)
        if row is None:
            mailboxes.make(tx, account, key, modseq, mailbox=self.mailbox, parent=parent, path=path, role=patch.role or Role.NONE)
        else:
            old = (*_path(tx, account, key, row[0]), names.opened(key, self.mailbox, row[1]))
            if path != old:
                db.run(
                    "UPDATE mailbox SET parent_id=?, name_enc=?, name_key=?, modseq=? WHERE account_id=? AND mailbox_id=?",
                    (parent, names.sealed(key, self.mailbox, name), names.name_key(key, parent, name), modseq, account, self.mailbox),
                )
                mailboxes.remember_below(tx, account, key, self.mailbox, path)
                self._resubscribe(tx, key, old, path)
            if patch.role is not None and patch.role != row[2]:
                mailboxes.give_role(tx, account, modseq, self.mailbox, int(patch.role))
        if patch.sort_order is not None:
            db.run("UPDATE mailbox SET sort_order=? WHERE account_id=? AND mailbox_id=?", (patch.sort_order, account, self.mailbox))
        if patch.is_subscribed is not None:
            if patch.is_subscribed:
                mailboxes.subscribe(tx, account, key, path)
            else:
                db.run(
                    "DELETE FROM subscription WHERE account_id=? AND name_key=?", (account, mailboxes.path_key(key, path)))
        if row is not None:
            clock.note(tx, account, modseq, ChangeKind.MAILBOX, self.mailbox, ChangeOp.UPDATED, was_below=None if row[0] == parent else row[0])
        db.run("UPDATE account SET mailbox_modseq=? WHERE account_id=?", (modseq, account))

    def _resubscribe(self, tx: Tx, key: AccountKey, old: tuple[str, ...], new: tuple[str, ...]) -> None:
        """A subscription belongs to the name; who moves a mailbox by its id means the mailbox, and what is below it."""
        for path in mailboxes.subscriptions(tx.db, self.account, key):
            if path[: len(old)] == old:
                tx.db.run(
                    "DELETE FROM subscription WHERE account_id=? AND name_key=?", (self.account, mailboxes.path_key(key, path)))
                mailboxes.subscribe(tx, self.account, key, (*new, *path[len(old):]))


class DestroyMailbox(OfAccount):
    """``with_emails``: emails in it are taken out, and destroyed where it was their last mailbox."""

    if_state: str
    mailbox: int
    with_emails: bool
    returns: ClassVar = MailboxSet | None

    def apply(self, tx: Tx, keys: Keys) -> MailboxSet | None:
        if not _is_at(tx, self.account, self.if_state):
            return None
        account, db = self.account, tx.db
        row = db.one("SELECT role, emails, octets, total, parent_id FROM mailbox WHERE account_id=? AND mailbox_id=?", (account, self.mailbox))
        if row is None:
            return _outcome(tx, account, Fault.NOT_FOUND, self.mailbox)
        if row[0] == Role.INBOX:
            return _outcome(tx, account, Fault.FIXED, self.mailbox)
        if db.one("SELECT 1 FROM mailbox WHERE account_id=? AND parent_id=? LIMIT 1", (account, self.mailbox)):
            return _outcome(tx, account, Fault.HAS_CHILD, self.mailbox)
        if row[1] and not self.with_emails:
            return _outcome(tx, account, Fault.HAS_EMAIL, self.mailbox)
        key = keys.of(account)
        path = _path(tx, account, key, self.mailbox)
        modseq = clock.tick(tx, account, octets=-row[2], messages=-row[3])
        while rows := db.all(
            "SELECT uid, email_id, thread_id, flags, size FROM entry WHERE account_id=? AND mailbox_id=? ORDER BY uid LIMIT ?",
            (account, self.mailbox, _CHUNK),
        ):
            counts = tally.Tally(tx, account)
            counts.look({found[2] for found in rows})
            removal.remove(tx, counts, account, self.mailbox, modseq, rows)
            counts.settle(modseq)
            notes.forget(tx, keys, account, counts.ended())
        if row[0]:
            mailboxes.give_role(tx, account, modseq, self.mailbox, 0)
        db.run("DELETE FROM mailbox WHERE account_id=? AND mailbox_id=?", (account, self.mailbox))
        db.run("DELETE FROM subscription WHERE account_id=? AND name_key=?", (account, mailboxes.path_key(key, path)))
        clock.note(tx, account, modseq, ChangeKind.MAILBOX, self.mailbox, ChangeOp.DESTROYED, was_below=row[4])
        shares.forget(tx, account, modseq, self.mailbox)
        db.run("UPDATE account SET mailbox_modseq=? WHERE account_id=?", (modseq, account))
        return _outcome(tx, account, Fault.NONE, self.mailbox)


def _is_at(tx: Tx, account: int, if_state: str) -> bool:
    now = emails.states(tx.db, account)
    return not if_state or if_state == str(Position(now.epoch, now.mailbox))


def _outcome(tx: Tx, account: int, fault: Fault, mailbox: int) -> MailboxSet:
    now = emails.states(tx.db, account)
    return MailboxSet(fault, MailboxId(mailbox), Position(now.epoch, now.mailbox))


def _moves_inbox(patch: MailboxPatch) -> bool:
    return (
        (patch.name is not None and patch.name != "INBOX") or bool(patch.parent_id)
        or (patch.role is not None and patch.role is not Role.INBOX)
    )


def _count(tx: Tx, account: int) -> int:
    row = tx.db.one("SELECT count(*) FROM mailbox WHERE account_id=?", (account,))
    return int(row[0]) if row else 0


def _above(tx: Tx, account: int, mailbox: int) -> list[int] | None:
    """``mailbox`` and its ancestors; None where it, or one of them, is not there."""
    found: list[int] = []
    while mailbox:
        row = tx.db.one("SELECT parent_id FROM mailbox WHERE account_id=? AND mailbox_id=?", (account, mailbox))
        if row is None or len(found) > limits.MAILBOX_DEPTH:
            return None
        found.append(mailbox)
        mailbox = row[0]
    return found


def _path(tx: Tx, account: int, key: AccountKey, mailbox: int) -> tuple[str, ...]:
    path: list[str] = []
    for ident in _above(tx, account, mailbox) or ():
        row = tx.db.one("SELECT name_enc FROM mailbox WHERE account_id=? AND mailbox_id=?", (account, ident))
        if row is not None:
            path.insert(0, names.opened(key, ident, row[0]))
    return tuple(path)
