"""A note is about a conversation and goes with its last message, in the transaction in which that is gone for good."""

from collections.abc import Iterable
from typing import Final

from mailstead.model import ids as wire
from mailstead.model.object import ObjectKind
from mailstead.store.engine.writer import Tx
from mailstead.store.keys import Keys
from mailstead.store.mail import clock, objects

_KIND: Final = int(ObjectKind.NOTE)


def forget(tx: Tx, keys: Keys, account: int, threads: Iterable[int]) -> None:
    """The notes on these conversations, of which nothing is left, are gone; what they said last is kept until the change log is cut, as of
    every object that is gone."""
    wanted = list(threads)
    if not wanted or not objects.has(tx.db, account, _KIND):
        return
    key = keys.of(account)
    for thread in wanted:
        ident = objects.number(key, _KIND, wire.to_wire(wire.THREAD, thread))
        where = (account, _KIND, ident)
        if tx.db.one("SELECT 1 FROM object WHERE account_id=? AND kind=? AND object_id=? AND gone=0", where) is not None:
            modseq = clock.tick(tx, account)
            tx.db.run("UPDATE object SET modseq=?, gone=1 WHERE account_id=? AND kind=? AND object_id=?", (modseq, *where))
