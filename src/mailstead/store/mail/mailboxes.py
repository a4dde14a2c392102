"""CREATE, RENAME, DELETE, roles and subscriptions (RFC 9051 §6.3.4-8).

UIDVALIDITY is the time of creation in seconds, or one more than the account's last: never reused, also not after a
deletion (RFC 9051 §2.3.1.1). Each mailbox's name is also put into the segment, so that a lost shard file can be rebuilt
with its folders.
"""

from typing import ClassVar, Final

from mailstead.model import limits
from mailstead.model.change import ChangeKind, ChangeOp
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import MailboxId
from mailstead.model.mailbox import INBOX, MailboxInfo, Role
from mailstead.store.blob import record
from mailstead.store.engine.sqlite import Database
from mailstead.store.engine.writer import Tx
from mailstead.store.keys import Keys
from mailstead.store.mail import clock, names, notes, removal, shares, tally
from mailstead.store.mail.operation import OfAccount
from mailstead.store.seal import PLACE, AccountKey

_CHUNK: Final = 500


# ---------------------------------------------------------------------------------------------------------- reading
def tree(db: Database, account: int, key: AccountKey) -> list[MailboxInfo]:
    """All mailboxes of a snapshot, parents first, siblings by name (INBOX first)."""
    rows = db.all(
        "SELECT mailbox_id, parent_id, name_enc, role, uid_validity, uid_next, modseq, total, unseen, deleted, octets,"
        " recent_uid, noselect, sort_order, emails, unread_emails, threads, unread_threads FROM mailbox WHERE account_id=?",
        (account,),
    )
    subscribed = {row[0] for row in db.all("SELECT name_key FROM subscription WHERE account_id=?", (account,))}
    below: dict[int, list[tuple[str, tuple[object, ...]]]] = {}
    for row in rows:
        below.setdefault(row[1], []).append((names.opened(key, row[0], row[2]), row))
    found: list[MailboxInfo] = []

    def walk(parent: int, path: tuple[str, ...]) -> None:
        for name, row in sorted(below.get(parent, ()), key=lambda pair: (pair[1][3] != Role.INBOX, pair[0])):
            here = (*path, name)
            found.append(_info(row, here, is_parent=row[0] in below, subscribed=path_key(key, here) in subscribed))
            walk(row[0], here)  # type: ignore[arg-type]

    walk(0, ())
    if not found:
        raise clock.missing(account)
    return found


def _info(row: tuple[object, ...], path: tuple[str, ...], *, is_parent: bool, subscribed: bool) -> MailboxInfo:
    (mailbox, parent, _, role, validity, uid_next, modseq, total, unseen, deleted, octets, recent, noselect, *counts) = row
    return MailboxInfo(
        MailboxId(mailbox), MailboxId(parent) if parent else None, path, Role(role), validity, uid_next, modseq,  # type: ignore[arg-type]
        total, unseen, deleted, octets, recent, subscribed, bool(noselect), is_parent, *counts,  # type: ignore[arg-type]
    )


def one(db: Database, account: int, key: AccountKey, mailbox: int) -> MailboxInfo | None:
    """One mailbox by id."""
    row = db.one(
        "SELECT mailbox_id, parent_id, name_enc, role, uid_validity, uid_next, modseq, total, unseen, deleted, octets,"
        " recent_uid, noselect, sort_order, emails, unread_emails, threads, unread_threads FROM mailbox WHERE account_id=? AND mailbox_id=?",
        (account, mailbox),
    )
    if row is None:
        return None
    path = [names.opened(key, mailbox, row[2])]
    parent = row[1]
    while parent:
        above = db.one("SELECT parent_id, name_enc FROM mailbox WHERE account_id=? AND mailbox_id=?", (account, parent))
        if above is None:
            break
        path.insert(0, names.opened(key, parent, above[1]))
        parent = above[0]
    here = tuple(path)
    is_parent = db.one("SELECT 1 FROM mailbox WHERE account_id=? AND parent_id=? LIMIT 1", (account, mailbox)) is not None
    is_subscribed = db.one(
        "SELECT 1 FROM subscription WHERE account_id=? AND name_key=?", (account, path_key(key, here))
    ) is not None
    return _info(row, here, is_parent=is_parent, subscribed=is_subscribed)


def path_key(key: AccountKey, path: tuple[str, ...]) -> bytes:
    """What a subscription is found by: it belongs to the name, not to the mailbox."""
    return key.hashed(PLACE, *(name.encode("utf-8", "surrogatepass") for name in path), size=16)


def subscriptions(db: Database, account: int, key: AccountKey) -> list[tuple[str, ...]]:
    """Subscribed paths."""
    rows = db.all("SELECT path_enc FROM subscription WHERE account_id=?", (account,))
    return sorted(tuple(key.open(PLACE, 0, sealed).decode("utf-8", "surrogatepass").split("\0")) for (sealed,) in rows)


# ---------------------------------------------------------------------------------------------------------- writing
def make(tx: Tx, account: int, key: AccountKey, modseq: int, *, mailbox: int, parent: int, path: tuple[str, ...],
         role: Role = Role.NONE, noselect: bool = False) -> int:
    """Write the row and its record; gives the UIDVALIDITY."""
    row = tx.db.one(
        "UPDATE account SET uid_validity_last=max(uid_validity_last+1, ?2), mailbox_modseq=?3 WHERE account_id=?1"
        " RETURNING uid_validity_last",
        (account, tx.now_ms // 1000, modseq),
    )
    validity = int(row[0]) if row else 1
    tx.db.run(
        "INSERT INTO mailbox VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, 0, 0, 0, 0, 0, ?, 0, 0, 0, 0, 0, 0, 0)",
        (account, mailbox, parent, names.sealed(key, mailbox, path[-1]), names.name_key(key, parent, path[-1]), int(role),
         validity, modseq, noselect),
    )
    clock.note(tx, account, modseq, ChangeKind.MAILBOX, mailbox, ChangeOp.CREATED)
    shares.inherit(tx, account, modseq, mailbox, parent)
    remember(tx, account, key, mailbox=mailbox, role=role, uid_validity=validity, path=path)
    return validity


def remember(tx: Tx, account: int, key: AccountKey, *, mailbox: int, role: Role, uid_validity: int, path: tuple[str, ...]) -> None:
    """Put the mailbox's name into the segment."""
    if tx.segments is not None:
        tx.segments.append(record.place_of(key, account, mailbox, int(role), uid_validity, path))


def subscribe(tx: Tx, account: int, key: AccountKey, path: tuple[str, ...]) -> None:
    sealed = key.seal(PLACE, 0, "\0".join(path).encode("utf-8", "surrogatepass"))
    tx.db.run("INSERT OR REPLACE INTO subscription VALUES (?, ?, ?)", (account, path_key(key, path), sealed))


class Create(OfAccount):
    """``ids``: fresh mailbox ids, one for each level of ``path``; parents that are missing are made."""

    path: tuple[str, ...]
    ids: tuple[int, ...]
    role: int
    returns: ClassVar = int

    def apply(self, tx: Tx, keys: Keys) -> int:
        """The mailbox's id."""
        account, key = self.account, keys.of(self.account)
        there = names.find(tx.db, account, key, self.path)
        if there:
            row = tx.db.one("SELECT noselect FROM mailbox WHERE account_id=? AND mailbox_id=?", (account, there))
            if row is None or not row[0]:
                raise Refusal(Reason.ALREADY_EXISTS, "There is a mailbox with this name already")
        count = tx.db.one("SELECT count(*) FROM mailbox WHERE account_id=?", (account,))
        if count and count[0] + len(self.path) > limits.MAILBOXES:
            raise Refusal(Reason.LIMIT, f"An account has at most {limits.MAILBOXES} mailboxes")
        role = Role(self.role)
        if role != Role.NONE and tx.db.one("SELECT 1 FROM mailbox WHERE account_id=? AND role=?", (account, self.role)):
            raise Refusal(Reason.ALREADY_EXISTS, "Another mailbox has this special use already")
        modseq = clock.tick(tx, account)
        if there:
            validity = _reopen(tx, account, there, modseq)
            remember(tx, account, key, mailbox=there, role=Role.NONE, uid_validity=validity, path=self.path)
            return there
        parent = 0
        for level in range(len(self.path)):
            here = self.path[: level + 1]
            found = names.find(tx.db, account, key, here)
            if not found:
                found = self.ids[level]
                is_last = level + 1 == len(self.path)
                make(tx, account, key, modseq, mailbox=found, parent=parent, path=here, role=role if is_last else Role.NONE)
            parent = found
        return parent


def _reopen(tx: Tx, account: int, mailbox: int, modseq: int) -> int:
    """A ``noselect`` remnant becomes a mailbox again, with a new UIDVALIDITY, which is given: its old UIDs are history."""
    row = tx.db.one(
        "UPDATE account SET uid_validity_last=max(uid_validity_last+1, ?2), mailbox_modseq=?3 WHERE account_id=?1"
        " RETURNING uid_validity_last",
        (account, tx.now_ms // 1000, modseq),
    )
    tx.db.run(
        "UPDATE mailbox SET noselect=0, uid_validity=?, modseq=? WHERE account_id=? AND mailbox_id=?",
        (row[0] if row else 1, modseq, account, mailbox),
    )
    clock.note(tx, account, modseq, ChangeKind.MAILBOX, mailbox, ChangeOp.UPDATED)
    return int(row[0]) if row else 1


class Rename(OfAccount):
    """``ids`` as in ``Create``, for missing parents of ``new`` and for the mailbox that takes INBOX's messages."""

    old: tuple[str, ...]
    new: tuple[str, ...]
    ids: tuple[int, ...]

    def apply(self, tx: Tx, keys: Keys) -> None:
        account, key = self.account, keys.of(self.account)
        mailbox = names.find(tx.db, account, key, self.old)
        if not mailbox:
            raise Refusal(Reason.NOT_FOUND, "There is no such mailbox")
        if names.find(tx.db, account, key, self.new):
            raise Refusal(Reason.ALREADY_EXISTS, "There is a mailbox with the new name already")
        if self.old != INBOX and self.new[: len(self.old)] == self.old:
            raise Refusal(Reason.INVALID, "A mailbox cannot be moved into itself")
        deep = 1 if self.old == INBOX else levels(tx.db, account, mailbox)
        if len(self.new) - 1 + deep > limits.MAILBOX_DEPTH:
            raise Refusal(Reason.INVALID, f"A mailbox can be at most {limits.MAILBOX_DEPTH} levels deep")
        count = tx.db.one("SELECT count(*) FROM mailbox WHERE account_id=?", (account,))
        if count and count[0] + len(self.new) - (self.old != INBOX) > limits.MAILBOXES:
            raise Refusal(Reason.LIMIT, f"An account has at most {limits.MAILBOXES} mailboxes")
        modseq = clock.tick(tx, account)
        parent = 0
        for level in range(len(self.new) - 1):
            here = self.new[: level + 1]
            found = names.find(tx.db, account, key, here)
            if not found:
                found = self.ids[level]
                make(tx, account, key, modseq, mailbox=found, parent=parent, path=here)
            parent = found
        before = tx.db.one("SELECT parent_id FROM mailbox WHERE account_id=? AND mailbox_id=?", (account, mailbox))
        if self.old == INBOX:
            make(tx, account, key, modseq, mailbox=self.ids[-1], parent=parent, path=self.new)
            _empty_into(tx, account, mailbox, self.ids[-1], modseq)
            return
        tx.db.run(
            "UPDATE mailbox SET parent_id=?, name_enc=?, name_key=?, modseq=? WHERE account_id=? AND mailbox_id=?",
            (parent, names.sealed(key, mailbox, self.new[-1]), names.name_key(key, parent, self.new[-1]), modseq, account, mailbox),
        )
        tx.db.run("UPDATE account SET mailbox_modseq=? WHERE account_id=?", (modseq, account))
        clock.note(tx, account, modseq, ChangeKind.MAILBOX, mailbox, ChangeOp.UPDATED, was_below=before[0] if before else None)
        remember_below(tx, account, key, mailbox, self.new)


def levels(db: Database, account: int, mailbox: int) -> int:
    """How deep the tree below and with ``mailbox`` is."""
    below: dict[int, list[int]] = {}
    for child, parent in db.all("SELECT mailbox_id, parent_id FROM mailbox WHERE account_id=?", (account,)):
        below.setdefault(parent, []).append(child)
    levels, edge = 0, [mailbox]
    while edge:
        levels, edge = levels + 1, [child for at in edge for child in below.get(at, ())]
    return levels


def remember_below(tx: Tx, account: int, key: AccountKey, mailbox: int, path: tuple[str, ...]) -> None:
    row = tx.db.one("SELECT role, uid_validity FROM mailbox WHERE account_id=? AND mailbox_id=?", (account, mailbox))
    if row is not None:
        remember(tx, account, key, mailbox=mailbox, role=Role(row[0]), uid_validity=row[1], path=path)
    for child, sealed in tx.db.all("SELECT mailbox_id, name_enc FROM mailbox WHERE account_id=? AND parent_id=?", (account, mailbox)):
        remember_below(tx, account, key, child, (*path, names.opened(key, child, sealed)))


def _empty_into(tx: Tx, account: int, source: int, target: int, modseq: int) -> None:
    """Every message of ``source`` moves to ``target`` (RFC 9051 §6.3.6: renaming INBOX)."""
    from mailstead.store.mail import filing

    while rows := tx.db.all(
        "SELECT uid, email_id, thread_id, flags, received_ms, size, more FROM entry WHERE account_id=? AND mailbox_id=?"
        " ORDER BY uid LIMIT ?", (account, source, _CHUNK),
    ):
        place = filing.room(
            tx, account, target, modseq, count=len(rows), octets=sum(row[5] for row in rows),
            unseen=sum(filing.unseen(row[3]) for row in rows), deleted=sum(filing.deleted(row[3]) for row in rows),
        )
        if place is None:
            return
        counts = tally.Tally(tx, account)
        counts.look({row[2] for row in rows})
        filing.enter(tx, counts, account, target, modseq, [(place.uid + n, *row[1:]) for n, row in enumerate(rows)], fresh=False)
        removal.remove(
            tx, counts, account, source, modseq, [(row[0], row[1], row[2], row[3], row[5]) for row in rows], keep_emails=True)
        counts.settle(modseq)


class Delete(OfAccount):
    """A mailbox with children stays as ``noselect``."""

    path: tuple[str, ...]

    def apply(self, tx: Tx, keys: Keys) -> None:
        account, key = self.account, keys.of(self.account)
        mailbox = names.find(tx.db, account, key, self.path)
        if not mailbox:
            raise Refusal(Reason.NOT_FOUND, "There is no such mailbox")
        if self.path == INBOX:
            raise Refusal(Reason.NOT_PERMITTED, "INBOX cannot be deleted")
        row = tx.db.one("SELECT noselect, octets, total FROM mailbox WHERE account_id=? AND mailbox_id=?", (account, mailbox))
        is_parent = tx.db.one("SELECT 1 FROM mailbox WHERE account_id=? AND parent_id=? LIMIT 1", (account, mailbox)) is not None
        above = tx.db.one("SELECT parent_id FROM mailbox WHERE account_id=? AND mailbox_id=?", (account, mailbox))
        if row is None or (row[0] and is_parent):
            raise Refusal(Reason.HAS_CHILDREN, "This name has mailboxes below it; delete those first")
        modseq = clock.tick(tx, account, octets=-row[1], messages=-row[2])
        while rows := tx.db.all(
            "SELECT uid, email_id, thread_id, flags, size FROM entry WHERE account_id=? AND mailbox_id=? ORDER BY uid LIMIT ?",
            (account, mailbox, _CHUNK),
        ):
            counts = tally.Tally(tx, account)
            counts.look({row[2] for row in rows})
            removal.remove(tx, counts, account, mailbox, modseq, rows)
            counts.settle(modseq)
            notes.forget(tx, keys, account, counts.ended())
        if is_parent:
            tx.db.run(
                "UPDATE mailbox SET noselect=1, role=0, modseq=? WHERE account_id=? AND mailbox_id=?", (modseq, account, mailbox)
            )
            clock.note(tx, account, modseq, ChangeKind.MAILBOX, mailbox, ChangeOp.UPDATED)
        else:
            tx.db.run("DELETE FROM mailbox WHERE account_id=? AND mailbox_id=?", (account, mailbox))
            clock.note(tx, account, modseq, ChangeKind.MAILBOX, mailbox, ChangeOp.DESTROYED, was_below=above[0] if above else None)
        shares.forget(tx, account, modseq, mailbox)
        tx.db.run("UPDATE account SET mailbox_modseq=? WHERE account_id=?", (modseq, account))


class SetRole(OfAccount):
    mailbox: int
    role: int

    def apply(self, tx: Tx, keys: Keys) -> None:  # noqa: ARG002 - the signature of all
        row = tx.db.one("SELECT role FROM mailbox WHERE account_id=? AND mailbox_id=?", (self.account, self.mailbox))
        if row is None:
            raise Refusal(Reason.NOT_FOUND, "There is no such mailbox")
        if row[0] == Role.INBOX or self.role == Role.INBOX:
            raise Refusal(Reason.NOT_PERMITTED, "INBOX keeps its role, and only it has it")
        modseq = clock.tick(tx, self.account)
        if self.role:
            for (other,) in tx.db.all("SELECT mailbox_id FROM mailbox WHERE account_id=? AND role=?", (self.account, self.role)):
                give_role(tx, self.account, modseq, other, 0)
        give_role(tx, self.account, modseq, self.mailbox, self.role)


def give_role(tx: Tx, account: int, modseq: int, mailbox: int, role: int) -> None:
    """Change a mailbox's role; which mailbox is the trash counts in unread threads."""
    before = tx.db.one("SELECT role FROM mailbox WHERE account_id=? AND mailbox_id=?", (account, mailbox))
    tx.db.run("UPDATE mailbox SET role=? WHERE account_id=? AND mailbox_id=?", (role, account, mailbox))
    if Role.TRASH in {role, before[0] if before else 0}:
        old = tx.db.all("SELECT mailbox_id, unread_threads FROM mailbox WHERE account_id=?", (account,))
        tally.recount(tx.db, account)
        new: dict[int, int] = dict(tx.db.all("SELECT mailbox_id, unread_threads FROM mailbox WHERE account_id=?", (account,)))
        for one_of, count in old:
            if count != new[one_of]:
                clock.note(tx, account, modseq, ChangeKind.MAILBOX, one_of, ChangeOp.COUNTS)
    tx.db.run("UPDATE account SET mailbox_modseq=? WHERE account_id=?", (modseq, account))
    clock.note(tx, account, modseq, ChangeKind.MAILBOX, mailbox, ChangeOp.UPDATED)


class Subscribe(OfAccount):
    path: tuple[str, ...]
    subscribed: bool

    def apply(self, tx: Tx, keys: Keys) -> None:
        key = keys.of(self.account)
        mailbox = names.find(tx.db, self.account, key, self.path)
        modseq = clock.tick(tx, self.account)
        if self.subscribed:
            subscribe(tx, self.account, key, self.path)
        else:
            tx.db.run("DELETE FROM subscription WHERE account_id=? AND name_key=?", (self.account, path_key(key, self.path)))
        clock.note(tx, self.account, modseq, ChangeKind.SUBSCRIPTION, mailbox, ChangeOp.UPDATED)
        if mailbox:
            tx.db.run("UPDATE account SET mailbox_modseq=? WHERE account_id=?", (modseq, self.account))


class TakeRecent(OfAccount):
    """SELECT: everything in the mailbox up to ``uid`` has been announced (RFC 3501 §2.3.2). Gives the value before, so
    that of two sessions one is told."""

    mailbox: int
    uid: int
    returns: ClassVar = int

    def apply(self, tx: Tx, keys: Keys) -> int:  # noqa: ARG002 - the signature of all
        row = tx.db.one("SELECT recent_uid FROM mailbox WHERE account_id=? AND mailbox_id=?", (self.account, self.mailbox))
        if row is None:
            raise Refusal(Reason.NOT_FOUND, "There is no such mailbox")
        if row[0] < self.uid:
            tx.db.run(
                "UPDATE mailbox SET recent_uid=? WHERE account_id=? AND mailbox_id=?", (self.uid, self.account, self.mailbox)
            )
        return int(row[0])
