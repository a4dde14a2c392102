"""Who shares something with somebody: a hint that finds the grants, which lie with the mailboxes (``mail.shares``).

It is written before what is granted and after what is taken back, so that a crash may leave one too many and never one too few. ``revision`` grows with each
note and stays when nothing is shared any more, so that it never says the same of two different things.
"""

from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId
from mailstead.model.sharing import SharedAccount
from mailstead.store.engine.sqlite import Database
from mailstead.store.engine.writer import Tx
from mailstead.store.keys import Keys
from mailstead.store.mail.operation import Operation


class NoteShared(Operation):
    """``there``: whether something is shared."""

    owner: int
    grantees: tuple[tuple[int, bool], ...]

    def apply(self, tx: Tx, keys: Keys) -> None:  # noqa: ARG002 - the signature of all
        for grantee, _ in self.grantees:
            row = tx.db.one(
                "SELECT a.tenant_id=b.tenant_id FROM account a, account b WHERE a.account_id=? AND b.account_id=?", (self.owner, grantee))
            if row is None or not row[0]:
                raise Refusal(Reason.NOT_PERMITTED, "A mailbox is shared with people of one's own tenant only")
        tx.db.many(
            "INSERT INTO shared VALUES (?, ?, 1, ?) ON CONFLICT (grantee, owner) DO UPDATE SET revision=revision+1, there=excluded.there",
            [(grantee, self.owner, there) for grantee, there in self.grantees],
        )


def with_(db: Database, grantee: int) -> tuple[SharedAccount, ...]:
    """In order of the owners' ids."""
    return tuple(
        SharedAccount(AccountId(owner), revision) for owner, revision in db.all(
            "SELECT owner, revision FROM shared WHERE grantee=? AND there=1 ORDER BY owner", (grantee,)))
