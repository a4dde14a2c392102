"""Entries of one mailbox by UID: the ranges a client names, as rows."""

from collections.abc import Iterator
from typing import Final

from mailstead.model.uids import UidSet
from mailstead.store.engine.sqlite import Database, Row

_RANGES: Final = 400
"""Above this many ranges the whole span is read and sifted."""


def rows(db: Database, account: int, mailbox: int, uids: UidSet | None, columns: str, more: str = "") -> Iterator[Row]:
    """``columns`` of ``entry e`` for these UIDs (None: all) in order; ``uid`` must come first. ``more`` is further SQL
    (" AND …"); ``{join}`` has been put between by the caller where wanted."""
    sql = f"SELECT {columns} FROM entry e WHERE e.account_id=? AND e.mailbox_id=? AND e.uid BETWEEN ? AND ?{more} ORDER BY e.uid"  # noqa: S608
    if uids is None:
        yield from db.each(sql, (account, mailbox, 1, 0xFFFFFFFF))
    elif len(uids.ranges) <= _RANGES:
        for low, high in uids.ranges:
            yield from db.each(sql, (account, mailbox, low, high))
    else:
        low, high = uids.ranges[0][0], uids.ranges[-1][1]
        for row in db.each(sql, (account, mailbox, low, high)):
            if row[0] in uids:
                yield row
