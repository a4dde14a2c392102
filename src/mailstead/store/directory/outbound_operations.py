"""Writes about TLS reports and suppressions, as values for the directory's owner."""

from typing import ClassVar, Final

from mailstead.store.engine.writer import Tx
from mailstead.store.keys import Keys
from mailstead.store.mail.operation import Operation

COLUMNS: Final = "tenant_id, address, reason, detail, created_ms, expires_ms, times"
Row = tuple[int, str, str, str, int, int, int]
_KEPT_MS: Final = 31 * 86_400_000
_GONE_MS: Final = 365 * 86_400_000
"""An entry that has expired is remembered for so long, so that the next bounce counts it."""
_LONGER: Final = 12
"""So many times the usual time at most."""
_WEIGHT: Final = {"bounce": 0, "complaint": 1, "manual": 2}


class SetTlsReport(Operation):
    day: str
    domain: str
    destination: str
    state: str
    attempts: int

    def apply(self, tx: Tx, keys: Keys) -> None:  # noqa: ARG002 - the signature of all
        tx.db.run("DELETE FROM tls_report WHERE at_ms<?", (tx.now_ms - _KEPT_MS,))
        tx.db.run(
            "INSERT OR REPLACE INTO tls_report VALUES (?, ?, ?, ?, ?, ?)",
            (self.day, self.domain, self.destination, self.state, self.attempts, tx.now_ms),
        )


class Suppress(Operation):
    """``lasts_ms`` 0: for good."""

    tenant: int
    addr: str
    address: str
    reason: str
    detail: str
    lasts_ms: int
    returns: ClassVar = Row

    def apply(self, tx: Tx, keys: Keys) -> Row:  # noqa: ARG002 - the signature of all
        expires = tx.now_ms + self.lasts_ms if self.lasts_ms else 0
        tx.db.run("DELETE FROM suppression WHERE expires_ms BETWEEN 1 AND ?", (tx.now_ms - _GONE_MS,))
        before = tx.db.one(f"SELECT {COLUMNS} FROM suppression WHERE tenant_id=? AND addr=?", (self.tenant, self.addr))  # noqa: S608 - names of our own
        row: Row = (self.tenant, self.address, self.reason, self.detail, tx.now_ms, expires, 1)
        if before is not None:
            _, _, reason, detail, created, until, times = before
            holds = not until or until > tx.now_ms
            if holds and _WEIGHT.get(reason, 0) > _WEIGHT.get(self.reason, 0):
                row = (self.tenant, self.address, reason, detail, created, until, times + 1)
            elif holds:
                row = (self.tenant, self.address, self.reason, self.detail, tx.now_ms, 0 if not until or not expires else max(until, expires), times + 1)
            else:
                # It was tried again and bounced again: next time it takes longer.
                longer = min(1 << min(times, 10), _LONGER) if self.reason == "bounce" else 1
                row = (*row[:5], tx.now_ms + self.lasts_ms * longer if self.lasts_ms else 0, times + 1)
        tx.db.run(
            "INSERT OR REPLACE INTO suppression (addr, tenant_id, address, reason, detail, created_ms, expires_ms, times) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (self.addr, *row),
        )
        return row


class Unsuppress(Operation):
    tenant: int
    addr: str
    returns: ClassVar = bool

    def apply(self, tx: Tx, keys: Keys) -> bool:  # noqa: ARG002 - the signature of all
        tx.db.run("DELETE FROM suppression WHERE tenant_id=? AND addr=? AND (expires_ms=0 OR expires_ms>?)", (self.tenant, self.addr, tx.now_ms))
        return bool(tx.db.changed())
