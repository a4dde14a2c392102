"""The account keys: read by every worker, written by the directory's owner.

The site has a key among them, and secrets of its own that come from it: they outlive a change of the master key. What used to come from the master
key itself was taken over, value for value, when the program that knew no better was replaced (``adopt``).
"""

import hashlib
import os
from collections import OrderedDict
from pathlib import Path
from typing import Final

from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.model.ids import AccountId
from mailstead.store.engine.files import Files, make_folder
from mailstead.store.engine.reading import Reading
from mailstead.store.engine.sqlite import Database
from mailstead.store.engine.writer import Tx
from mailstead.store.seal import KEY_OCTETS, SECRET, AccountKey, Damaged, MasterKey

SITE: Final = 1
"""The number of the site's own key; accounts and domains bear the time in theirs."""
ADOPTED: Final = (b"scram salts", b"web sessions", b"web push", b"image proxy", b"named servers")
"""Purposes whose secrets were derived from the master key once."""
_KEPT: Final = 20_000
_WHOLE: Final = b""
"""Names the row that says that all has been adopted, or that there was nothing to adopt."""


class Keys:
    """Account keys by account, opened with the master keys at hand."""

    def __init__(self, path: Path, master: Path, vfs: str = "") -> None:
        self._reading = Reading(path, vfs, cache_kib=4_000)
        self._master = master
        self.load()
        self._kept: OrderedDict[int, AccountKey] = OrderedDict()
        self._secrets: dict[bytes, bytes] = {}

    def load(self) -> None:
        """Read the master keys, at the start and when another process has begun to use a new one."""
        masters = read_masters(self._master)
        self._masters = {master.ident: master for master in masters}
        self._current = masters[0]

    def of(self, account: int) -> AccountKey:
        """The account's newest key. Raises ``Refusal`` for one that was shredded, ``Unavailable`` without its master."""
        key = self._kept.get(account)
        if key is None:
            key = self._read(account, None)
            self._kept[account] = key
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return key

    def numbered(self, account: int, number: int) -> AccountKey:
        """A certain key of the account."""
        key = self.of(account)
        return key if key.number == number else self._read(account, number)

    def _read(self, account: int, number: int | None) -> AccountKey:
        row = self._reading.look(lambda db: db.one(
            "SELECT key_no, wrapped, master_id FROM account_key WHERE account_id=? AND (?2 IS NULL OR key_no=?2) ORDER BY key_no DESC LIMIT 1",
            (account, number),
        ))  # fmt: skip
        if row is None or row[1] is None:
            raise Refusal(Reason.NOT_FOUND, "There is no such account", f"no key for account {account:x}")
        return AccountKey(account, row[0], self._unwrap(account, row[0], row[1], row[2]))

    def _unwrap(self, account: int, number: int, wrapped: bytes, ident: str) -> bytes:
        if ident not in self._masters:
            self.load()
        master = self._masters.get(ident)
        if master is None:
            raise _locked(ident)
        try:
            return master.unwrap(account, number, wrapped)
        except Damaged as exc:
            raise Unavailable("This account's key is damaged", f"{exc}: restore keys.db from a backup") from exc

    # -------------------------------------------------------------------------------------------- writing, at the owner
    def make(self, tx: Tx, account: int) -> None:
        """A first key for a new account; nothing when it has one."""
        wrapped = self._current.wrap(account, 1, os.urandom(KEY_OCTETS))
        tx.db.run("INSERT OR IGNORE INTO account_key VALUES (?, 1, ?, ?)", (account, wrapped, self._current.ident))

    def shred(self, tx: Tx, account: int) -> None:
        """Destroy all keys of the account: from now on its mail is noise, in every copy."""
        tx.db.run("PRAGMA secure_delete=1")
        tx.db.run("UPDATE account_key SET wrapped=NULL WHERE account_id=?", (account,))
        tx.leave_no_trace = True
        self.forget(account)

    def rewrap(self, tx: Tx, after: int, limit: int) -> tuple[int, int]:
        """Seal the next ``limit`` keys after account ``after`` by the current master; gives (the last account, how many)."""
        self.load()
        rows = tx.db.all(
            "SELECT account_id, key_no, wrapped, master_id FROM account_key WHERE account_id>? AND wrapped IS NOT NULL"
            " AND master_id<>? ORDER BY account_id LIMIT ?",
            (after, self._current.ident, limit),
        )
        for account, number, wrapped, ident in rows:
            again = self._current.wrap(account, number, self._unwrap(account, number, wrapped, ident))
            tx.db.run(
                "UPDATE account_key SET wrapped=?, master_id=? WHERE account_id=? AND key_no=?",
                (again, self._current.ident, account, number),
            )
        return (int(rows[-1][0]) if rows else after), len(rows)

    def adopt(self, tx: Tx) -> None:
        """Take over what was derived from the master key; nothing when that is done. Raises ``Unavailable`` where another master sealed the keys."""
        if tx.db.one("SELECT 1 FROM site_secret WHERE purpose=?", (_WHOLE,)):
            return
        self.load()
        for (ident,) in tx.db.all("SELECT DISTINCT master_id FROM account_key WHERE wrapped IS NOT NULL"):
            if ident not in self._masters:
                raise _locked(ident)
        self.make(tx, SITE)
        row = tx.db.one("SELECT key_no, wrapped, master_id FROM account_key WHERE account_id=? ORDER BY key_no DESC LIMIT 1", (SITE,))
        if row is None:
            raise RuntimeError("the site's key was not made")
        key = AccountKey(SITE, row[0], self._unwrap(SITE, *row))
        tx.db.many(
            "INSERT OR IGNORE INTO site_secret VALUES (?, ?)",
            ((purpose, key.seal(SECRET, _place(purpose), self._current.secret(purpose))) for purpose in ADOPTED),
        )
        tx.db.run("INSERT OR IGNORE INTO site_secret VALUES (?, X'')", (_WHOLE,))

    def has_adopted(self) -> bool:
        """Whether ``adopt`` has nothing left to do."""
        try:
            return self._reading.look(lambda db: db.one("SELECT 1 FROM site_secret WHERE purpose=?", (_WHOLE,))) is not None
        except Unavailable:  # the table is not there yet
            return False

    def secret(self, purpose: bytes) -> bytes:
        """32 octets that are the site's for this purpose (at most 16 octets of name): the same in every worker, over restarts and over a change of the master
        key. Raises ``Unavailable``."""
        found = self._secrets.get(purpose)
        if found is None:
            key = self.of(SITE)
            row = self._reading.look(lambda db: db.one("SELECT sealed FROM site_secret WHERE purpose=? AND purpose<>?", (purpose, _WHOLE)))
            try:
                found = key.open(SECRET, _place(purpose), row[0]) if row else key.hashed(purpose, b"secret", size=KEY_OCTETS)
            except Damaged as exc:
                raise Unavailable("The site's secrets are damaged", f"{exc}: restore keys.db from a backup") from exc
            self._secrets[purpose] = found
        return found

    def forget(self, account: AccountId | int) -> None:
        """Read the account's key anew next time."""
        self._kept.pop(account, None)

    def close(self) -> None:
        self._reading.close()
        self._kept.clear()


def _locked(ident: str) -> Unavailable:
    return Unavailable("This account's mail is locked", f"keys.db was sealed by master key {ident}, which is not configured: see [keys] master")


def _place(purpose: bytes) -> int:
    """What ties a sealed secret to its purpose."""
    return int.from_bytes(hashlib.blake2b(purpose, digest_size=8).digest()) >> 1


def begin_site(db: Database, master: Path) -> None:
    """A new site's own key; there is nothing to adopt."""
    newest = read_masters(master)[0]
    db.run("INSERT OR IGNORE INTO account_key VALUES (?, 1, ?, ?)", (SITE, newest.wrap(SITE, 1, os.urandom(KEY_OCTETS)), newest.ident))
    db.run("INSERT OR IGNORE INTO site_secret VALUES (?, X'')", (_WHOLE,))


def add_master(path: Path, files: Files) -> None:
    """A new master key in front of those in ``path``: it seals from now on, they still open."""
    lines = path.read_text("ascii").split()
    files.write_whole(path, "\n".join([os.urandom(KEY_OCTETS).hex(), *lines, ""]).encode())


def drop_masters(path: Path, files: Files) -> None:
    """Only the newest master key is left in ``path``."""
    files.write_whole(path, path.read_text("ascii").split()[0].encode() + b"\n")


def make_master(path: Path, files: Files) -> None:
    """A new master key in a file of its own (DECISIONS 18)."""
    make_folder(path.parent, files)
    files.write_whole(path, os.urandom(KEY_OCTETS).hex().encode() + b"\n")


def read_masters(path: Path) -> list[MasterKey]:
    """The master keys in ``path``, one a line: the first seals, the others still open (rotation)."""
    try:
        lines = path.read_text("ascii").split()
    except (OSError, ValueError) as exc:
        raise Unavailable("The master key cannot be read", f"{path}: {exc}; see [keys] master") from exc
    try:
        masters = [MasterKey(bytes.fromhex(line)) for line in lines]
    except ValueError as exc:
        raise Unavailable("The master key cannot be read", f"{path}: {exc}") from exc
    if not masters:
        raise Unavailable("The master key cannot be read", f"{path} is empty")
    return masters
