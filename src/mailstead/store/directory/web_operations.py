"""Writes of web sign-ins and second factors, as values for the directory's owner."""

from typing import ClassVar, Final

import msgspec

from mailstead.model.errors import Reason, Refusal
from mailstead.store.engine.writer import Tx
from mailstead.store.keys import Keys
from mailstead.store.mail.operation import Operation

COLUMNS: Final = "session_id, account_id, token, created_ms, seen_ms, expires_ms, address, agent, device, share"
_DEVICES: Final = 100
"""Remembered of one account."""
read_codes = msgspec.msgpack.Decoder(tuple[bytes, ...]).decode
_encode = msgspec.msgpack.Encoder().encode


class AddSession(Operation):
    """``row``: ``COLUMNS``."""

    row: tuple[int, int, bytes, int, int, int, str, str, bytes, bytes]

    def apply(self, tx: Tx, keys: Keys) -> None:  # noqa: ARG002 - the signature of all
        account, device = self.row[1], self.row[8]
        tx.db.run("DELETE FROM web_session WHERE expires_ms<=? OR session_id=?", (tx.now_ms, self.row[0]))
        tx.db.run(f"INSERT INTO web_session ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", self.row)  # noqa: S608 - names of our own
        tx.db.run("INSERT OR REPLACE INTO known_device VALUES (?, ?, ?)", (account, device, tx.now_ms))
        tx.db.run(
            "DELETE FROM known_device WHERE account_id=?1 AND device IN (SELECT device FROM known_device WHERE account_id=?1"
            " ORDER BY seen_ms DESC LIMIT -1 OFFSET ?2)", (account, _DEVICES),
        )  # fmt: skip


class TouchSession(Operation):
    session: int
    seen_ms: int
    expires_ms: int
    address: str

    def apply(self, tx: Tx, keys: Keys) -> None:  # noqa: ARG002 - the signature of all
        tx.db.run(
            "UPDATE web_session SET seen_ms=?, expires_ms=?, address=? WHERE session_id=?",
            (self.seen_ms, self.expires_ms, self.address, self.session),
        )


class DropSessions(Operation):
    """``session`` 0: all but ``but``."""

    account: int
    session: int
    but: int

    def apply(self, tx: Tx, keys: Keys) -> None:  # noqa: ARG002 - the signature of all
        if not self.session:
            tx.db.run("DELETE FROM web_session WHERE account_id=? AND session_id<>?", (self.account, self.but))
            return
        tx.db.run("DELETE FROM web_session WHERE account_id=? AND session_id=?", (self.account, self.session))
        if not tx.db.changed():
            raise Refusal(Reason.NOT_FOUND, "There is no such session")


class SetTotp(Operation):
    """``sealed`` b"": it goes."""

    account: int
    sealed: bytes
    recovery: tuple[bytes, ...]

    def apply(self, tx: Tx, keys: Keys) -> None:  # noqa: ARG002 - the signature of all
        if self.sealed:
            tx.db.run("INSERT OR REPLACE INTO totp VALUES (?, ?, 0, 0, ?)", (self.account, self.sealed, _encode(self.recovery)))
        else:
            tx.db.run("DELETE FROM totp WHERE account_id=?", (self.account,))


class UseTotp(Operation):
    """A step or a recovery code; ``confirms``: it counts from now on."""

    account: int
    step: int
    recovery: bytes
    confirms: bool
    returns: ClassVar = bool

    def apply(self, tx: Tx, keys: Keys) -> bool:  # noqa: ARG002 - the signature of all
        row = tx.db.one("SELECT last_step, recovery FROM totp WHERE account_id=?", (self.account,))
        if row is None:
            return False
        if self.recovery:
            codes = read_codes(row[1])
            if self.recovery not in codes:
                return False
            left = tuple(code for code in codes if code != self.recovery)
            tx.db.run("UPDATE totp SET recovery=? WHERE account_id=?", (_encode(left), self.account))
            return True
        if self.step <= row[0]:
            return False
        tx.db.run("UPDATE totp SET last_step=?, confirmed=max(confirmed, ?) WHERE account_id=?", (self.step, self.confirms, self.account))
        return True
