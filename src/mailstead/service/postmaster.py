"""Who reads what is meant for the postmaster of a domain (RFC 5321 §4.5.1): where nobody has that name, an administrator."""

import asyncio
from typing import Final

from mailstead.model.address import domain_key
from mailstead.service.ports import Clock
from mailstead.store.interface import Directory, Routed

NAME: Final = "postmaster"
_KNOWN_MS: Final = 60_000


class Postmasters:
    """Known for a while, for strangers may ask often."""

    def __init__(self, directory: Directory, now_ms: Clock) -> None:
        self._directory = directory
        self._now_ms = now_ms
        self._known: dict[str, tuple[int, Routed]] = {}

    async def administrator(self, domain: str) -> Routed:
        """An administrator of the domain itself, else of the site; no accounts where there is none."""
        now, domain = self._now_ms(), domain_key(domain)
        until_ms, found = self._known.get(domain, (0, Routed(is_local_domain=True)))
        if now < until_ms:
            return found
        found = Routed(is_local_domain=True)
        for scope in (domain, ""):
            page = await self._directory.accounts(domain=scope)
            while page and not found.accounts:
                for account in page:
                    if account.is_admin and account.state == "active":
                        found = Routed(True, ((account.account_id, account.address),))
                        break
                await asyncio.sleep(0)
                page = await self._directory.accounts(domain=scope, after=page[-1].address)
            if found.accounts:
                break
        self._known[domain] = now + _KNOWN_MS, found
        return found

    async def of(self, domain: str) -> Routed:
        """Whoever reads mail for the postmaster of a domain of ours."""
        routed = await self._directory.route(f"{NAME}@{domain}")
        return routed if routed.accounts else await self.administrator(domain)
