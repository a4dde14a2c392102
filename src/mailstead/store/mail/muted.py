"""Conversations that somebody has muted: what comes in goes to the archive, seen, and is muted too (RFC 9979 §2).

A thread is muted while any of its visible emails bears ``$muted``. It is looked at only for messages that answer something.
"""

from typing import Final

from mailstead.model import flags as model
from mailstead.model.mailbox import Role
from mailstead.store.engine.sqlite import Database
from mailstead.store.mail import keywords
from mailstead.store.seal import AccountKey

MUTED: Final = "$muted"
_ACCOUNTS: Final = 100_000
_known: dict[int, tuple[int, int]] = {}
"""Account to (its highest keyword, the bit of ``$muted`` or -1); a keyword's bit never changes."""


def is_muted(db: Database, account: int, key: AccountKey, refs: list[bytes]) -> bool:
    """Whether the thread that a message with these refs will enter is muted."""
    bit = _bit(db, account, key)
    if bit < 0:
        return False
    threads = {row[0] for ref in refs if (row := db.one("SELECT thread_id FROM thread_ref WHERE account_id=? AND ref=?", (account, ref)))}
    if not threads:
        return False
    rows = db.all(
        "SELECT flags, more FROM entry INDEXED BY entry_thread WHERE account_id=? AND thread_id=? AND flags&8=0", (account, min(threads)))
    if bit > model.LAST_ACCOUNT_BIT:
        return any(MUTED in keywords.unpack_more(more) for _, more in rows)
    return any(flags >> bit & 1 for flags, _ in rows)


def _bit(db: Database, account: int, key: AccountKey) -> int:
    row = db.one("SELECT max(bit) FROM keyword WHERE account_id=?", (account,))
    highest = -1 if row is None or row[0] is None else int(row[0])
    if highest < 0:
        return -1
    known = _known.get(account)
    if known is None or known[0] != highest:
        if len(_known) >= _ACCOUNTS:
            _known.clear()
        found = next((bit for bit, name in keywords.of_account(db, account, key).items() if name.lower() == MUTED), -1)
        known = _known[account] = (highest, found)
    return known[1]


def archive(db: Database, account: int) -> int:
    """The archive; 0: there is none."""
    row = db.one("SELECT mailbox_id FROM mailbox WHERE account_id=? AND role=? AND noselect=0", (account, int(Role.ARCHIVE)))
    return int(row[0]) if row else 0
