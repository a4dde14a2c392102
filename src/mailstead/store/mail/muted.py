"""Conversations that somebody has muted: what comes in goes to the archive, seen, and is muted too (RFC 9979 §7.6).

A thread is muted while any of its visible emails bears ``$muted`` and none bears ``$followed``, which always wins (RFC 9979 §7.2). It is looked at only for
messages that answer something.
"""

from typing import Any, Final

from mailstead.model import flags as model
from mailstead.model.mailbox import Role
from mailstead.store.engine.sqlite import Database
from mailstead.store.mail import keywords
from mailstead.store.seal import AccountKey

MUTED: Final = "$muted"
FOLLOWED: Final = "$followed"
_ACCOUNTS: Final = 100_000
_known: dict[int, tuple[int, int, int]] = {}
"""Account to (its highest keyword, the bits of ``$muted`` and of ``$followed`` or -1); a keyword's bit never changes."""


def is_muted(db: Database, account: int, key: AccountKey, refs: list[bytes]) -> bool:
    """Whether the thread that a message with these refs will enter is muted."""
    muting, following = _bits(db, account, key)
    if muting < 0:
        return False
    threads = {row[0] for ref in refs if (row := db.one("SELECT thread_id FROM thread_ref WHERE account_id=? AND ref=?", (account, ref)))}
    if not threads:
        return False
    rows = db.all(
        "SELECT flags, more FROM entry INDEXED BY entry_thread WHERE account_id=? AND thread_id=? AND flags&8=0", (account, min(threads)))
    return any(_bears(row, muting, MUTED) for row in rows) and not any(_bears(row, following, FOLLOWED) for row in rows)


def _bears(row: tuple[Any, ...], bit: int, name: str) -> bool:
    """Whether an email (flags, further names) bears a keyword."""
    flags, more = row
    return name in keywords.unpack_more(more) if bit > model.LAST_ACCOUNT_BIT else bit >= 0 and bool(flags >> bit & 1)


def _bits(db: Database, account: int, key: AccountKey) -> tuple[int, int]:
    row = db.one("SELECT max(bit) FROM keyword WHERE account_id=?", (account,))
    highest = -1 if row is None or row[0] is None else int(row[0])
    if highest < 0:
        return -1, -1
    known = _known.get(account)
    if known is None or known[0] != highest:
        if len(_known) >= _ACCOUNTS:
            _known.clear()
        found = {name.lower(): bit for bit, name in keywords.of_account(db, account, key).items()}
        known = _known[account] = (highest, found.get(MUTED, -1), found.get(FOLLOWED, -1))
    return known[1], known[2]


def archive(db: Database, account: int) -> int:
    """The archive; 0: there is none."""
    row = db.one("SELECT mailbox_id FROM mailbox WHERE account_id=? AND role=? AND noselect=0", (account, int(Role.ARCHIVE)))
    return int(row[0]) if row else 0
