"""The administrator's verbs on what a domain publishes: which records, whether they are there, and the keys behind them."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from mailstead import telemetry
from mailstead.model.errors import Reason, Refusal
from mailstead.service import typed
from mailstead.service.domains.check import BAD, Checker, Fetch
from mailstead.service.domains.keys import RETIRED, DomainKeys
from mailstead.service.domains.records import Record, records, sts_policy
from mailstead.service.ports import Clock, DomainRows, Lookups
from mailstead.service.queue.pools import Pool

POLICY_OCTETS: Final = 65_536
Row = dict[str, Any]


class Publishing:
    """``certificates`` gives ours as DER; ``is_trusted``: whether an authority vouches for them. ``lookups`` None: nothing can be asked."""

    def __init__(
        self, directory: DomainRows, *, hostname: str, now_ms: Clock, lookups: Lookups | None, fetch: Fetch | None = None,
        certificates: Callable[[], Sequence[bytes]] = tuple, is_trusted: bool = False, pools: Sequence[Pool] = (),
    ) -> None:  # fmt: skip
        self.keys = DomainKeys(directory, lookups, now_ms)
        self._directory = directory
        self._hostname = hostname
        self._now_ms = now_ms
        self._lookups = lookups
        self._fetch = fetch
        self._certificates = certificates
        self._is_trusted = is_trusted
        self._pools = pools

    async def _ours(self, name: str) -> str:
        domain = typed.domain_name(name)
        if all(one.name != domain for one in await self._directory.domains()):
            raise Refusal(Reason.NOT_FOUND, f"{domain} is not a domain of this server; add it with: mailstead domain add {domain}")
        return domain

    async def records(self, name: str) -> list[Record]:
        """What a domain should publish."""
        domain = await self._ours(name)
        keys = [key for key in await self._directory.dkim_keys(domain) if key.state != RETIRED]
        return records(domain, self._hostname, keys=keys, certificates=self._certificates()[:1], is_trusted=self._is_trusted, pools=self._pools)

    async def sts_policy(self, name: str) -> str:
        """The MTA-STS policy file of a domain of ours (RFC 8461 §3.2). NOT_FOUND."""
        await self._ours(name)
        return sts_policy(self._hostname, is_trusted=self._is_trusted).text()

    async def domain_dns(self, name: str) -> list[Row]:
        """The records to publish."""
        return [
            {"name": one.name, "type": one.type, "value": one.value, "why": one.why, "line": one.line()} for one in await self.records(name)
        ]

    async def domain_check(self, name: str) -> list[Row]:
        """Findings, and keys whose records are there begin to sign."""
        domain = await self._ours(name)
        if self._lookups is None:
            raise Refusal(Reason.UNSUPPORTED, "Nothing can be looked up here; see [dns] servers")
        checker = Checker(
            self._directory, self._lookups, hostname=self._hostname, now_ms=self._now_ms, fetch=self._fetch,
            certificates=self._certificates(), is_trusted=self._is_trusted, pools=self._pools,
        )  # fmt: skip
        found = await checker.check(domain)
        await self.keys.advance(domain)
        telemetry.event("domain.checked", domain=domain, reason=f"{sum(one.verdict == BAD for one in found)} of {len(found)} are bad")
        return [one.row() for one in found]

    async def domain_keys(self, name: str) -> list[Row]:
        """The keys that sign for a domain, without their secrets."""
        return await self.keys.rows(await self._ours(name))

    async def domain_rotate(self, name: str) -> list[Row]:
        """New keys; they take over when their records are in the DNS."""
        domain = await self._ours(name)
        await self.keys.rotate(domain)
        return await self.keys.rows(domain)

    async def domain_key_use(self, name: str, selector: str) -> list[Row]:
        """Sign with this key from now on, whatever the DNS shows here."""
        domain = await self._ours(name)
        await self.keys.use(domain, selector)
        telemetry.event("signing.key_used", domain=domain, selector=selector, reason="an administrator said so")
        return await self.keys.rows(domain)
