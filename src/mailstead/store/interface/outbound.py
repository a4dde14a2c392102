"""What the store remembers of sending that belongs to no account: which TLS reports have been sent, which addresses are suppressed.

A part of the directory, beside ``directory``. Reads are cached: at most 5 s stale.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from mailstead.model.ids import AccountId, DomainId, TenantId


@dataclass(frozen=True, slots=True)
class TlsReportState:
    """How far the report of one day and domain to one destination is. ``state``: ``trying`` (a process was about to hand it over), ``sent``,
    ``failed``. ``domain`` and ``destination`` "": the whole day, ``sent`` when nothing is left to do."""

    domain: str
    destination: str
    state: str
    attempts: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Suppression:
    """An address to which a tenant sends nothing. ``reason``: ``bounce``, ``complaint`` or ``manual``; ``detail``: the words of it;
    ``expires_at_ms`` 0: never; ``times``: how often it was put there."""

    tenant_id: TenantId
    address: str
    reason: str
    detail: str
    created_at_ms: int
    expires_at_ms: int = 0
    times: int = 1


class Outbound(Protocol):
    """Reports and suppressions."""

    async def tls_reports(self, day: str) -> list[TlsReportState]:
        """Of one day (``YYYY-MM-DD``)."""

    async def tls_report_set(self, day: str, domain: str, destination: str, *, state: str, attempts: int) -> None:
        """Durable; what is older than a month is forgotten."""

    async def domain_account(self, domain: DomainId) -> AccountId:
        """Under which number a domain's own mail (reports, forwards) is kept in the queue; it has a key of its own from now on."""

    async def domain_secret(self, domain: DomainId, purpose: bytes) -> bytes:
        """32 octets that are the domain's for this purpose: the same in every worker, over restarts and over a change of the master key."""

    async def suppression(self, tenant: TenantId, address: str) -> Suppression | None:
        """None where it is not, or not any more."""

    async def suppressions(self, tenant: TenantId | None = None, *, after: tuple[int, str] = (0, ""), limit: int = 1_000) -> Sequence[Suppression]:
        """In order of tenant and address key, those that hold."""

    async def suppress(self, one: Suppression) -> Suppression:
        """Put it there; a bounce of one that was there within a year and has expired lasts twice as long each time. One that is there keeps the later expiry, and ``complaint`` or ``manual`` stay what they are before a ``bounce``. Gives what holds."""

    async def unsuppress(self, tenant: TenantId, address: str) -> bool:
        """False: it was not there."""
