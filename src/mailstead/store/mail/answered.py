"""To whom an automatic reply went, so that nobody gets one after the other (RFC 3834 §2)."""

from typing import ClassVar

from mailstead.store.engine.writer import Tx
from mailstead.store.keys import Keys
from mailstead.store.mail import clock
from mailstead.store.mail.operation import OfAccount


class Answer(OfAccount):
    """Whether ``peer`` (a keyed hash) may get an automatic reply now; if so that is noted, before it is sent: rather none than two."""

    peer: bytes
    again_after_ms: int
    returns: ClassVar = bool
    is_once: ClassVar = True

    def apply(self, tx: Tx, keys: Keys) -> bool:  # noqa: ARG002 - the signature of all
        clock.check_room(tx, self.account, 0, 0)
        row = tx.db.one("SELECT at FROM answered WHERE account_id=? AND peer=?", (self.account, self.peer))
        if row is not None and tx.now_ms < row[0] + self.again_after_ms:
            return False
        tx.db.run("DELETE FROM answered WHERE account_id=? AND at<?", (self.account, tx.now_ms - self.again_after_ms))
        tx.db.run("INSERT OR REPLACE INTO answered VALUES (?, ?, ?)", (self.account, self.peer, tx.now_ms))
        return True


def forget(tx: Tx, account: int) -> None:
    """A new absence: everybody may be answered again."""
    tx.db.run("DELETE FROM answered WHERE account_id=?", (account,))
