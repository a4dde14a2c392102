"""An account's own rows in its shard: made, changed, removed."""

from typing import Final

from mailstead.model.errors import Reason, Refusal
from mailstead.model.mailbox import DEFAULT_MAILBOXES
from mailstead.store.engine.writer import Tx
from mailstead.store.keys import Keys
from mailstead.store.mail import mailboxes, names
from mailstead.store.mail.operation import OfAccount
from mailstead.store.schema.shard import ACTIVE

_TABLES: Final = ("mailbox", "subscription", "email", "entry", "keyword", "change", "thread_ref", "delivery", "op", "era",
                  "submission", "submission_piece", "sent_ref", "object", "object_piece", "due", "answered", "share", "account")
_FIRST_MODSEQ: Final = 1


class MakeAccount(OfAccount):
    """The account with its default mailboxes (DECISIONS 24); nothing when it is there. ``ids``: one for each mailbox."""

    tenant: int
    max_octets: int
    max_messages: int
    ids: tuple[int, ...]

    def apply(self, tx: Tx, keys: Keys) -> None:
        account = self.account
        if tx.db.one("SELECT 1 FROM account WHERE account_id=?", (account,)):
            return
        key = keys.of(account)
        tx.db.run(
            "INSERT INTO account VALUES (?1, ?2, 1, ?3, ?4, 0, 0, 0, ?5, ?6, 0, 0, ?4, ?4, ?4, ?4, ?4, 0)",
            (account, self.tenant, ACTIVE, _FIRST_MODSEQ, self.max_octets, self.max_messages),
        )
        for (name, role), mailbox in zip(DEFAULT_MAILBOXES, self.ids, strict=True):
            mailboxes.make(tx, account, key, _FIRST_MODSEQ, mailbox=mailbox, parent=0, path=(name,), role=role)
            mailboxes.subscribe(tx, account, key, names.normal((name,)))


class SetAccount(OfAccount):
    """None: unchanged. ``state`` as in ``schema.shard``."""

    state: int | None = None
    max_octets: int | None = None
    max_messages: int | None = None

    def apply(self, tx: Tx, keys: Keys) -> None:  # noqa: ARG002 - the signature of all
        row = tx.db.one(
            "UPDATE account SET state=coalesce(?2, state), max_octets=coalesce(?3, max_octets),"
            " max_messages=coalesce(?4, max_messages), epoch=epoch+(?2 IS NOT NULL) WHERE account_id=?1 RETURNING modseq",
            (self.account, self.state, self.max_octets, self.max_messages),
        )
        if row is None:
            raise Refusal(Reason.NOT_FOUND, "There is no such account")
        tx.news[self.account] = row[0]  # what the quotas say is a state of its own


class RemoveAccount(OfAccount):
    """All rows of an account whose key is gone. Its objects are left to the sweeper."""

    def apply(self, tx: Tx, keys: Keys) -> None:  # noqa: ARG002 - the signature of all
        account = self.account
        tx.is_upheaval = True
        for segment, octets in tx.db.all(
            "SELECT segment, sum(stored) FROM email WHERE account_id=? AND segment>=0 GROUP BY segment", (account,)
        ):
            tx.live[segment] = tx.live.get(segment, 0) - octets
        tx.db.run(
            "INSERT OR REPLACE INTO dropped SELECT account_id, email_id, ? FROM email WHERE account_id=? AND segment<0",
            (tx.now_ms, account),
        )
        for table in _TABLES:
            tx.db.run(f"DELETE FROM {table} WHERE account_id=?", (account,))  # noqa: S608 - names of our own
