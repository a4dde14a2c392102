"""How the way to another server must be secured: DANE before MTA-STS before whatever it offers (RFC 7672, RFC 8461 §2, RFC 7435).

``Transport.of`` is asked once for each host of a route. DANE counts where DNSSEC has vouched for the exchangers, for the host's
addresses and for its TLSA records; what ought to be secure and cannot be looked up makes the host unusable for now, never
unsecured (RFC 7672 §2.1). A policy of MTA-STS is fetched when its id changes and believed until it expires, also when its record
vanishes meanwhile (RFC 8461 §3.3, §5.1); it is kept in the directory, so that a restart does not forget it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

from mailstead import telemetry
from mailstead.mailauth import dane, mtasts
from mailstead.mailauth.dane import Match
from mailstead.mailauth.mtasts import Policy
from mailstead.mailauth.tags import Malformed
from mailstead.mailauth.tlsrpt import PolicyKey
from mailstead.model.dns import Answer, RecordType, Tlsa
from mailstead.model.errors import Unavailable
from mailstead.model.status import EnhancedStatus
from mailstead.service.ports import Clock, Failed, Lookups, TlsMode, TlsPolicy

AGAIN_AFTER_MS: Final = 5 * 60_000
"""A policy that could not be fetched is not asked for again before (RFC 8461 §3.3)."""
RENEW_BEFORE: Final = 4
"""A policy is fetched anew when less than a quarter of its time is left."""
_NOT_ALLOWED: Final = EnhancedStatus(4, 7, 5)
_NOT_KNOWN: Final = EnhancedStatus(4, 7, 5)
Fetch = Callable[[str], Awaitable[bytes]]
"""The policy file of a host. Raises ``Unavailable``."""


@dataclass(frozen=True, slots=True)
class KeptPolicy:
    """A policy as it is remembered."""

    policy_id: str
    policy: Policy
    expires_at_ms: int


class PolicyCache(Protocol):
    """Where policies outlive a restart."""

    async def sts_policy(self, domain: str) -> tuple[str, str, int] | None:
        """(id, text, expires ms)."""

    async def sts_policy_set(self, domain: str, policy_id: str, text: str, expires_at_ms: int) -> None: ...


class Names(Lookups, Protocol):
    """Look-ups of records and of addresses behind aliases."""

    async def addresses(self, name: str) -> Answer[str]: ...


class Transport:
    """``fetch`` None: MTA-STS is not looked at."""

    def __init__(self, names: Names, cache: PolicyCache, *, fetch: Fetch | None, now_ms: Clock, port: int = 25) -> None:
        self._names = names
        self._cache = cache
        self._fetch = fetch
        self._now_ms = now_ms
        self._port = port
        self._failed: dict[str, tuple[int, str]] = {}
        self._fetching: dict[str, asyncio.Task[KeptPolicy | None]] = {}

    # ------------------------------------------------------------------------------------------------- one host
    async def of(self, domain: str, host: str, *, is_secure: bool) -> TlsPolicy | Failed:
        """See ``ports.TlsPolicies``."""
        named = await self._dane(domain, host) if is_secure else None
        if named is not None:
            return named
        kept = await self.policy(domain)
        if kept is None or kept.policy.mode == "none":
            return TlsPolicy(key=PolicyKey("no-policy-found", domain))
        policy = kept.policy
        key = PolicyKey("sts", domain, tuple(policy.text().split("\r\n")[:-1]), policy.mx)
        is_testing = policy.mode != "enforce"
        found = TlsPolicy(TlsMode.VERIFIED, (host,), source="sts", key=key, is_testing=is_testing)
        if not policy.allows(host):
            reason = f"The MTA-STS policy of {domain} does not allow {host}"
            self.tell(host, "", found, "validation-failure", reason)
            if not is_testing:
                return Failed(host, 0, _NOT_ALLOWED, reason)
        return found

    async def _dane(self, domain: str, host: str) -> TlsPolicy | Failed | None:
        key = PolicyKey("tlsa", domain)
        try:
            found = await self._names.addresses(host)
            # RFC 7672 §2.2.2: behind aliases that are all secure the records of the last name come first; where only the first alias is, the exchanger's own count.
            bases = (found.name, host.lower()) if found.is_secure else (host.lower(),)
            if not found.is_secure and not await self._is_secure_alias(host, found.name):
                return None
            for base in dict.fromkeys(bases):
                answer = await self._names.ask(f"_{self._port}._tcp.{base}", RecordType.TLSA)
                if answer.records and answer.is_secure:
                    return self._named(domain, host, base, answer.records)
        except (Unavailable, ValueError) as exc:
            cause = exc.cause or exc.public if isinstance(exc, Unavailable) else str(exc)
            reason = f"The TLSA records of {host} cannot be looked up now: {cause}"
            self.tell(host, "", TlsPolicy(TlsMode.DANE, source="dane", key=key), "dnssec-invalid", reason)
            return Failed(host, 0, _NOT_KNOWN, reason)
        return None

    async def _is_secure_alias(self, host: str, target: str) -> bool:
        """Whether ``host`` is an alias by a record that is secure, though what it leads to is not."""
        if target == host.lower():
            return False
        alias = await self._names.ask(host, RecordType.CNAME)
        return bool(alias.records) and alias.is_secure

    def _named(self, domain: str, host: str, base: str, records: Sequence[Tlsa]) -> TlsPolicy:
        strings = tuple(f"{one.usage} {one.selector} {one.matching} {one.data.hex()}" for one in records)
        key = PolicyKey("tlsa", domain, strings)
        usable = dane.usable(records)
        if not usable:
            return TlsPolicy(TlsMode.ENCRYPTED, source="dane", key=key)
        # RFC 7671 §3: the server is asked for the certificate of the name at which its records stand.
        return TlsPolicy(TlsMode.DANE, tuple(dict.fromkeys((domain, host, base))), usable, "dane", key, server_name=base)

    # ------------------------------------------------------------------------------------------------- MTA-STS
    async def policy(self, domain: str) -> KeptPolicy | None:
        """The policy that holds for a domain now; None: it has none, or it cannot be had and none is remembered."""
        if self._fetch is None or domain.startswith("["):
            return None
        now = self._now_ms()
        kept = await self._remembered(domain, now)
        try:
            wanted = mtasts.policy_id((await self._names.ask(mtasts.record_name(domain), RecordType.TXT)).records)
        except (Unavailable, ValueError):
            wanted = ""
        if not wanted:
            return kept
        if kept is not None and wanted == kept.policy_id and kept.expires_at_ms - now > kept.policy.max_age_s * 1000 // RENEW_BEFORE:
            return kept
        failed = self._failed.get(domain)
        if failed is not None and now - failed[0] < AGAIN_AFTER_MS:
            return kept
        task = self._fetching.get(domain)
        if task is None:
            task = self._fetching[domain] = asyncio.ensure_future(self._fetched(domain, wanted, self._fetch))
            task.add_done_callback(lambda _: self._fetching.pop(domain, None))
        return await asyncio.shield(task) or kept

    async def _remembered(self, domain: str, now: int) -> KeptPolicy | None:
        try:
            row = await self._cache.sts_policy(domain)
            if row is None or row[2] <= now:
                return None
            return KeptPolicy(row[0], Policy.parse(row[1].encode()), row[2])
        except (Unavailable, Malformed):
            return None

    async def _fetched(self, domain: str, policy_id: str, fetch: Fetch) -> KeptPolicy | None:
        now = self._now_ms()
        try:
            policy = Policy.parse(await fetch(mtasts.policy_host(domain)))
        except (Unavailable, Malformed) as exc:
            why = exc.cause or exc.public if isinstance(exc, Unavailable) else str(exc)
            result = "sts-policy-fetch-error" if isinstance(exc, Unavailable) else "sts-policy-invalid"
            self._failed[domain] = now, result
            if len(self._failed) > 10_000:  # noqa: PLR2004 - of many domains the oldest failures are forgotten
                del self._failed[next(iter(self._failed))]
            telemetry.event("sts.failed", domain=domain, result=result, reason=why)
            return None
        self._failed.pop(domain, None)
        kept = KeptPolicy(policy_id, policy, now + policy.max_age_s * 1000)
        telemetry.event("sts.fetched", domain=domain, mode=policy.mode, reason=f"its id is {policy_id}")
        try:
            await self._cache.sts_policy_set(domain, policy_id, policy.text(), kept.expires_at_ms)
        except Unavailable as exc:
            telemetry.event("sts.failed", domain=domain, result="", reason=f"not remembered: {exc.cause or exc.public}")
        return kept

    def fetch_failure(self, domain: str) -> str:
        """Why the policy of a domain could not be had lately: a word of RFC 8460 §4.3; "" where nothing failed."""
        failed = self._failed.get(domain)
        return failed[1] if failed is not None else ""

    # ------------------------------------------------------------------------------------------------- reports
    def tell(self, host: str, address: str, policy: TlsPolicy, failure: str, reason: str, *, source: str = "") -> None:
        """One event a session: the daily reports are made of them (RFC 8460)."""
        key = policy.key or PolicyKey("no-policy-found", "")
        if not key.domain:
            return
        telemetry.event(
            "tls.failed" if failure else "tls.session", domain=key.domain, hop=host, address=address, policy=key.kind,
            strings="\n".join(key.strings), mx="\n".join(key.mx_hosts), result=failure, reason=reason,
            source=source,
        )  # fmt: skip


def checked(policy: TlsPolicy, chain: Sequence[bytes], now_ms: int) -> Match:
    """Whether what a server showed is what DANE wants (RFC 7672 §3)."""
    return dane.match(policy.tlsa, chain, policy.names, datetime.fromtimestamp(now_ms / 1000, UTC))
