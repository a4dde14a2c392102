"""TLS reports and suppressions on one machine: see ``store.interface.outbound``."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from mailstead.model.address import key_of
from mailstead.model.errors import Refusal
from mailstead.model.ids import AccountId, DomainId, TenantId
from mailstead.store.directory import outbound_operations as ops
from mailstead.store.directory.operations import MakeKey
from mailstead.store.directory.reader import Reader
from mailstead.store.engine.sqlite import Database
from mailstead.store.handover import DIRECTORY, KEYS
from mailstead.store.interface import Suppression, TlsReportState
from mailstead.store.keys import Keys
from mailstead.store.mail.operation import Operation
from mailstead.store.seal import AccountKey

Write = Callable[[int, Operation], Awaitable[Any]]


class EmbeddedOutbound:
    """``write`` takes an operation to its owner."""

    def __init__(self, reader: Reader, write: Write, keys: Keys) -> None:
        self._keys = keys
        self._reader = reader
        self._write_to = write

    async def _write(self, operation: Operation) -> Any:
        try:
            return await self._write_to(DIRECTORY, operation)
        finally:
            self._reader.forget()

    # ------------------------------------------------------------------------------------------------- reports
    async def tls_reports(self, day: str) -> list[TlsReportState]:
        """See ``store.interface.Outbound``."""
        def read(db: Database) -> list[TlsReportState]:
            return [TlsReportState(*row) for row in db.all(
                "SELECT domain, destination, state, attempts, at_ms FROM tls_report WHERE day=? ORDER BY domain, destination", (day,))]

        return list(self._reader.cached(("tls reports", day), read))

    async def tls_report_set(self, day: str, domain: str, destination: str, *, state: str, attempts: int) -> None:
        await self._write(ops.SetTlsReport(day, domain, destination, state, attempts))

    async def domain_account(self, domain: DomainId) -> AccountId:
        """See ``store.interface.Outbound``."""
        await self._key(domain)
        return AccountId(domain)

    async def domain_secret(self, domain: DomainId, purpose: bytes) -> bytes:
        return (await self._key(domain)).hashed(purpose, b"secret", size=32)

    async def _key(self, number: int) -> AccountKey:
        try:
            return self._keys.of(number)
        except Refusal:  # there is none yet
            await self._write_to(KEYS, MakeKey(number))
            return self._keys.of(number)

    # ------------------------------------------------------------------------------------------------- suppressions
    async def suppression(self, tenant: TenantId, address: str) -> Suppression | None:
        """See ``store.interface.Outbound``. That a tenant has none is remembered; single addresses are not, there are too many."""
        if not self._reader.cached(("suppressions", tenant), lambda db: db.one("SELECT 1 FROM suppression WHERE tenant_id=?", (tenant,)) is not None):
            return None
        addr = key_of(address)

        def read(db: Database) -> Suppression | None:
            row = db.one(f"SELECT {ops.COLUMNS} FROM suppression WHERE tenant_id=? AND addr=?", (tenant, addr))  # noqa: S608 - names of our own
            return _suppression(row) if row else None

        found = self._reader.uncached(read)
        return None if found is None or 0 < found.expires_at_ms <= self._reader.now_ms() else found

    async def suppressions(self, tenant: TenantId | None = None, *, after: tuple[int, str] = (0, ""), limit: int = 1_000) -> Sequence[Suppression]:
        """See ``store.interface.Outbound``."""
        def read(db: Database) -> tuple[Suppression, ...]:
            return tuple(_suppression(row) for row in db.all(
                f"SELECT {ops.COLUMNS} FROM suppression WHERE (?1 IS NULL OR tenant_id=?1) AND (tenant_id, addr)>(?2, ?3)"  # noqa: S608 - names of our own
                " AND (expires_ms=0 OR expires_ms>?4) ORDER BY tenant_id, addr LIMIT ?5",
                (tenant, after[0], key_of(after[1]) if after[1] else "", self._reader.now_ms(), limit)))

        return self._reader.uncached(read)

    async def suppress(self, one: Suppression) -> Suppression:
        lasts = max(1, one.expires_at_ms - one.created_at_ms) if one.expires_at_ms else 0
        return _suppression(await self._write(ops.Suppress(
            one.tenant_id, key_of(one.address), one.address, one.reason, one.detail[:500], lasts)))

    async def unsuppress(self, tenant: TenantId, address: str) -> bool:
        return bool(await self._write(ops.Unsuppress(tenant, key_of(address))))


def _suppression(row: Sequence[Any]) -> Suppression:
    return Suppression(TenantId(row[0]), *row[1:])
