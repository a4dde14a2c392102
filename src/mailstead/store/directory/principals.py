"""Who of a tenant there is, with a record of changes: what JMAP's Principal has its states from (RFC 9670 §2).

A row for each account there ever was, which is also the record of its last change, by a clock of the tenant (as ``mail.objects`` does). It is written in
the transaction that makes, renames, suspends or removes the account. One that is not active is gone. ``site.principals`` is the epoch: a
directory from the past begins another (DECISIONS 9).
"""

from mailstead.model.email import Position
from mailstead.model.object import KeptObject, ObjectStates
from mailstead.model.person import Person
from mailstead.store.engine.sqlite import Database
from mailstead.store.engine.writer import Tx
from mailstead.store.keys import Keys
from mailstead.store.mail.operation import Operation

AGREES = (
    "SELECT a.account_id FROM account a LEFT JOIN principal p ON p.account_id=a.account_id AND p.tenant_id=a.tenant_id"
    " WHERE coalesce(p.gone, 2)<>(a.state<>'active') UNION ALL SELECT p.account_id FROM principal p LEFT JOIN account a ON a.account_id=p.account_id"
    " WHERE p.gone=0 AND a.account_id IS NULL")
"""Accounts of which the record of changes says something else than the directory."""


def note(tx: Tx, account: int) -> None:
    """Something of the account was changed that others see: its name, or whether it is there."""
    there = tx.db.one("SELECT tenant_id, state='active' FROM account WHERE account_id=?", (account,))
    known = tx.db.one("SELECT tenant_id, made, gone FROM principal WHERE account_id=?", (account,))
    is_there, was_there = bool(there and there[1]), bool(known and not known[2])
    row = there or known
    if row is None or not (is_there or was_there):
        return
    tenant = row[0]
    last = tx.db.one("SELECT max(modseq) FROM principal WHERE tenant_id=?", (tenant,))
    modseq = int(last[0] or 0) + 1 if last else 1
    made = known[1] if known is not None and was_there else modseq
    tx.db.run("INSERT OR REPLACE INTO principal VALUES (?, ?, ?, ?, ?)", (account, tenant, made, modseq, int(not is_there)))


class AdvancePrincipals(Operation):
    """The directory is a copy from the past."""

    def apply(self, tx: Tx, keys: Keys) -> None:  # noqa: ARG002 - the signature of all
        tx.db.run("UPDATE site SET value=CAST(value AS INTEGER)+1 WHERE name='principals'")


def state(db: Database, tenant: int) -> Position:
    """Where the tenant's record of changes stands."""
    row = db.one("SELECT value, (SELECT max(modseq) FROM principal WHERE tenant_id=?) FROM site WHERE name='principals'", (tenant,))
    return Position(int(row[0]), row[1] or 0) if row else Position(0, 0)


def of(db: Database, tenant: int) -> tuple[ObjectStates, dict[int, Person]]:
    """All that were ever there, in order of their last change (their documents are empty), and those that are."""
    with db.snapshot():
        now = state(db, tenant)
        rows = db.all(
            "SELECT p.account_id, p.made, p.modseq, p.gone, a.name, a.address FROM principal p LEFT JOIN account a ON a.account_id=p.account_id"
            " WHERE p.tenant_id=? ORDER BY p.modseq", (tenant,))
    return (
        ObjectStates(now, tuple(KeptObject(ident, made, modseq, bool(gone), b"") for ident, made, modseq, gone, _, _ in rows)),
        {ident: Person(name, address) for ident, _, _, gone, name, address in rows if not gone},
    )


def one(db: Database, account: int) -> tuple[KeptObject, Person | None] | None:
    """One account's record, and who it is while it is there."""
    row = db.one(
        "SELECT p.made, p.modseq, p.gone, a.name, a.address FROM principal p LEFT JOIN account a ON a.account_id=p.account_id WHERE p.account_id=?", (account,))
    if row is None:
        return None
    made, modseq, gone, name, address = row
    return KeptObject(account, made, modseq, bool(gone), b""), None if gone else Person(name, address)


def count(db: Database, tenant: int) -> int:
    """How many there are."""
    row = db.one("SELECT count(*) FROM principal WHERE tenant_id=? AND gone=0", (tenant,))
    return int(row[0]) if row else 0
