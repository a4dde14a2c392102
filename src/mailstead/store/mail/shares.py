"""Grants: what somebody else may do in a mailbox (RFC 4314 §2, RFC 9670 §4).

A row for a mailbox and a grantee. One that was taken back stays, without rights, as long as the change log reaches back: ``read_at`` and ``seen_at`` say
since when the grantee may, or may no longer, read the mailbox and know of it, so that they are told exactly what came into their sight and left it.
A change of what a mailbox shares is a change of the mailbox; a new mailbox shares what the one above it does (RFC 4314 §4).
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from mailstead.model import limits
from mailstead.model.change import ChangeKind, ChangeOp
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId, MailboxId
from mailstead.model.sharing import ALL, Grant, Granted, Right
from mailstead.store.engine.sqlite import Database
from mailstead.store.engine.writer import Tx
from mailstead.store.keys import Keys
from mailstead.store.mail import clock
from mailstead.store.mail.operation import OfAccount

NO_MAILBOX: Final = "There is no such mailbox"
READ: Final = int(Right.READ)
SHARE: Final = int(Right.SHARE)


@dataclass(frozen=True, slots=True)
class Share:
    """A row of one grantee."""

    mailbox: int
    rights: int
    subscribed: bool
    seen_at: int
    read_at: int
    modseq: int


# ---------------------------------------------------------------------------------------------------------- reading
def of(db: Database, account: int, grantee: int | None = None) -> list[Grant]:
    """Grants that give something."""
    more, values = (" AND grantee=?", (account, grantee)) if grantee is not None else ("", (account,))
    return [
        Grant(MailboxId(mailbox), AccountId(who), Right(rights), bool(subscribed)) for mailbox, who, rights, subscribed in db.all(
            f"SELECT mailbox_id, grantee, rights, subscribed FROM share WHERE account_id=?{more} AND rights<>0 ORDER BY mailbox_id, grantee", values)  # noqa: S608
    ]


def rows(db: Database, account: int, grantee: int) -> list[Share]:
    """All of a grantee's rows, those without rights as well."""
    return [Share(mailbox, rights, bool(subscribed), *at) for mailbox, rights, subscribed, *at in db.all(
        "SELECT mailbox_id, rights, subscribed, seen_at, read_at, modseq FROM share WHERE account_id=? AND grantee=?", (account, grantee))]


def rights(db: Database, account: int, grantee: int) -> dict[int, int]:
    """Mailbox to rights, where there are any."""
    return dict(db.all("SELECT mailbox_id, rights FROM share WHERE account_id=? AND grantee=? AND rights<>0", (account, grantee)))


# ---------------------------------------------------------------------------------------------------------- writing
class SetShares(OfAccount):
    """``tenant``: of all grantees. ``by`` 0: the owner. ``grants``: (mailbox, grantee, rights)."""

    tenant: int
    by: int
    grants: tuple[tuple[int, int, int], ...]
    returns: ClassVar = tuple[Granted, ...]

    def apply(self, tx: Tx, keys: Keys) -> tuple[Granted, ...]:  # noqa: ARG002 - the signature of all
        account, db = self.account, tx.db
        self._judge(tx)
        changed: dict[tuple[int, int], tuple[int, int]] = {}
        for mailbox, grantee, wanted in self.grants:
            row = db.one("SELECT rights FROM share WHERE account_id=? AND mailbox_id=? AND grantee=?", (account, mailbox, grantee))
            old = row[0] if row else 0
            if wanted != old:
                changed[(mailbox, grantee)] = (old, wanted)
        if not changed:
            return ()
        self._check_room(tx, changed)
        modseq = clock.tick(tx, account)
        for (mailbox, grantee), (old, new) in changed.items():
            _put(tx, account, modseq, mailbox, grantee, old, new)
        for mailbox in dict.fromkeys(mailbox for mailbox, _ in changed):
            clock.note(tx, account, modseq, ChangeKind.MAILBOX, mailbox, ChangeOp.UPDATED)
        db.run("UPDATE account SET share_modseq=?1, mailbox_modseq=?1 WHERE account_id=?2", (modseq, account))
        return tuple(
            Granted(MailboxId(mailbox), AccountId(grantee), Right(old), Right(new)) for (mailbox, grantee), (old, new) in changed.items())

    def _judge(self, tx: Tx) -> None:
        account, db = self.account, tx.db
        row = db.one("SELECT tenant_id FROM account WHERE account_id=?", (account,))
        if row is None:
            raise clock.missing(account)
        if row[0] != self.tenant:
            raise Refusal(Reason.NOT_PERMITTED, "A mailbox is shared with people of one's own tenant only")
        mine = rights(db, account, self.by) if self.by else {}
        for mailbox, grantee, wanted in self.grants:
            if (self.by and mailbox not in mine) or not db.one("SELECT 1 FROM mailbox WHERE account_id=? AND mailbox_id=?", (account, mailbox)):
                raise Refusal(Reason.NOT_FOUND, NO_MAILBOX)
            if self.by and not mine[mailbox] & SHARE:
                raise Refusal(Reason.NOT_PERMITTED, "You may not share this mailbox")
            if grantee == account or wanted & ~ALL:
                raise Refusal(Reason.INVALID, "The owner of a mailbox may do everything in it")

    def _check_room(self, tx: Tx, changed: dict[tuple[int, int], tuple[int, int]]) -> None:
        fresh = [mailbox for (mailbox, _), (old, _) in changed.items() if not old]
        row = tx.db.one("SELECT count(*) FROM share WHERE account_id=?", (self.account,))
        if fresh and row is not None and row[0] + len(fresh) > limits.SHARES:
            raise Refusal(Reason.LIMIT, f"An account has at most {limits.SHARES} grants")
        for mailbox in dict.fromkeys(fresh):
            row = tx.db.one("SELECT count(*) FROM share WHERE account_id=? AND mailbox_id=? AND rights<>0", (self.account, mailbox))
            if row is not None and row[0] + fresh.count(mailbox) > limits.SHARES_PER_MAILBOX:
                raise Refusal(Reason.LIMIT, f"A mailbox is shared with at most {limits.SHARES_PER_MAILBOX} people")


def _put(tx: Tx, account: int, modseq: int, mailbox: int, grantee: int, old: int, new: int, *, subscribed: bool = True) -> None:
    """Write one grant. ``subscribed``: whether who could not read the mailbox before wants to see it from now on."""
    row = tx.db.one(
        "SELECT subscribed, seen_at, read_at FROM share WHERE account_id=? AND mailbox_id=? AND grantee=?", (account, mailbox, grantee))
    wanted, seen_at, read_at = row or (0, modseq, modseq)
    tx.db.run(
        "INSERT OR REPLACE INTO share VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (account, mailbox, grantee, new, bool(new & READ) and bool(wanted if old & READ else subscribed),
         modseq if bool(old) != bool(new) else seen_at, modseq if (old ^ new) & READ else read_at, modseq),
    )  # fmt: skip


class SubscribeShare(OfAccount):
    """The grantee's own wish: nothing changes for anybody else."""

    grantee: int
    mailbox: int
    subscribed: bool

    def apply(self, tx: Tx, keys: Keys) -> None:  # noqa: ARG002 - the signature of all
        where = (self.account, self.mailbox, self.grantee)
        row = tx.db.one("SELECT rights, subscribed FROM share WHERE account_id=? AND mailbox_id=? AND grantee=?", where)
        if row is None or not row[0] & READ:
            raise Refusal(Reason.NOT_FOUND, NO_MAILBOX)
        if bool(row[1]) != self.subscribed:
            modseq = clock.tick(tx, self.account)
            tx.db.run(
                "UPDATE share SET subscribed=?, modseq=? WHERE account_id=? AND mailbox_id=? AND grantee=?", (self.subscribed, modseq, *where))
            tx.db.run("UPDATE account SET share_modseq=? WHERE account_id=?", (modseq, self.account))


def inherit(tx: Tx, account: int, modseq: int, mailbox: int, parent: int) -> None:
    """A mailbox has been made: it shares what the one above it shares. RFC 4314 §4."""
    if not parent or not _ever(tx, account):
        return
    for grantee, wanted, subscribed in tx.db.all(
        "SELECT grantee, rights, subscribed FROM share WHERE account_id=? AND mailbox_id=? AND rights<>0", (account, parent)):
        _put(tx, account, modseq, mailbox, grantee, 0, wanted, subscribed=bool(subscribed))
        tx.db.run("UPDATE account SET share_modseq=? WHERE account_id=?", (modseq, account))


def forget(tx: Tx, account: int, modseq: int, mailbox: int) -> None:
    """A mailbox goes, and its grants with it."""
    if not _ever(tx, account):
        return
    for grantee, had in tx.db.all("SELECT grantee, rights FROM share WHERE account_id=? AND mailbox_id=? AND rights<>0", (account, mailbox)):
        _put(tx, account, modseq, mailbox, grantee, had, 0)
        tx.db.run("UPDATE account SET share_modseq=? WHERE account_id=?", (modseq, account))


def _ever(tx: Tx, account: int) -> bool:
    """Whether anything was ever shared."""
    row = tx.db.one("SELECT share_modseq FROM account WHERE account_id=?", (account,))
    return bool(row and row[0])


def prune(tx: Tx, account: int, floor: int) -> None:
    """Forget grants that were taken back before the log begins."""
    tx.db.run("DELETE FROM share WHERE account_id=? AND rights=0 AND modseq<=?", (account, floor))
