"""Addresses to which a tenant sends nothing any more, because mail to them bounced for good or was complained about.

Sending on to such addresses is what large receivers judge a sender by. A bounce suppresses for ``[outbound] suppress_days``, a complaint until somebody
takes it off; both are events of the message that brought them about. Only what is certain counts: an answer that we heard ourselves, or a notice
that proves where it comes from (``reports.incoming``).
"""

import time
from typing import Any, Final

from mailstead import telemetry
from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.model.ids import SUBMISSION, SubmissionId, TenantId, to_wire
from mailstead.service import typed
from mailstead.service.ports import Clock
from mailstead.store.interface import Outbound, Suppression

BOUNCE: Final = "bounce"
COMPLAINT: Final = "complaint"
MANUAL: Final = "manual"
_DAY_MS: Final = 86_400_000
_GONE: Final = frozenset({(1, 1), (1, 6), (1, 10), (2, 1)})
"""Details of class 5 that say of the address itself that it takes no mail (RFC 3463 §3.2, §3.3, RFC 7505)."""
_WORDS: Final = frozenset({"no such recipient", "mailbox not in use"})
_POLICY: Final = 7
Row = dict[str, Any]


def is_hard(subject: int, detail: int, meaning: str) -> bool:
    """Whether a permanent refusal says that the address does not exist. ``meaning``: a word of the rules."""
    return (subject, detail) in _GONE or (meaning in _WORDS and subject not in {_POLICY, 3, 6})


class Suppressions:
    """``lasts_days`` of a bounce; 0: bounces suppress nothing."""

    def __init__(self, outbound: Outbound, *, now_ms: Clock, lasts_days: int = 30) -> None:
        self._outbound = outbound
        self._now_ms = now_ms
        self._lasts_ms = lasts_days * _DAY_MS

    async def of(self, tenant: TenantId, address: str) -> Suppression | None:
        """Why the tenant sends nothing there; None: it does."""
        return await self._outbound.suppression(tenant, address)

    async def check(self, tenant: TenantId, address: str) -> None:
        """SUPPRESSED."""
        found = await self.of(tenant, address)
        if found is not None:
            raise Refusal(Reason.SUPPRESSED, said(found), f"{address}: {found.reason}: {found.detail}")

    async def bounced(self, tenant: TenantId, address: str, detail: str, *, submission: SubmissionId, account: int) -> None:
        """A message to the address came back for good."""
        if self._lasts_ms:
            await self._put(BOUNCE, tenant, address, detail, self._lasts_ms, submission, account)

    async def complained(self, tenant: TenantId, address: str, detail: str, *, submission: SubmissionId, account: int) -> None:
        """The recipient has called a message unwanted."""
        await self._put(COMPLAINT, tenant, address, detail, 0, submission, account)

    async def _put(self, reason: str, tenant: TenantId, address: str, detail: str, lasts_ms: int, submission: SubmissionId, account: int) -> None:
        """Raises ``Unavailable``."""
        now = self._now_ms()
        done = await self._outbound.suppress(Suppression(tenant, address, reason, detail, now, now + lasts_ms if lasts_ms else 0))
        telemetry.event(
            "address.suppressed", account=account, tenant=tenant, submission=to_wire(SUBMISSION, submission), forward_path=address, kind=done.reason,
            until_ms=done.expires_at_ms, reason=detail,
        )  # fmt: skip

    async def try_bounced(self, tenant: TenantId, address: str, detail: str, *, submission: SubmissionId, account: int) -> None:
        """As ``bounced``; what cannot be written now is an event and no more."""
        try:
            await self.bounced(tenant, address, detail, submission=submission, account=account)
        except (Refusal, Unavailable) as exc:
            telemetry.event("suppression.failed", tenant=tenant, forward_path=address, reason=exc.cause or exc.public)

    # ------------------------------------------------------------------------------------------------- administrators
    async def suppression_list(self, tenant: int | None = None, limit: int = 1_000, after: str = "") -> list[Row]:
        """In order of tenant and address; ``after``: ``tenant address`` of the last one seen."""
        number, _, address = after.partition(" ")
        if after and not number.isdigit():
            raise Refusal(Reason.INVALID, "“after” is a tenant's number and an address")
        found = await self._outbound.suppressions(
            None if tenant is None else TenantId(tenant), after=(int(number), address) if after else (0, ""), limit=min(max(1, limit), 100_000)
        )
        return [_row(one) for one in found]

    async def suppression_show(self, address: str, tenant: int = 1) -> Row:
        """NOT_FOUND."""
        typed.parts(address)
        found = await self.of(TenantId(tenant), address)
        if found is None:
            raise Refusal(Reason.NOT_FOUND, f"{address} is not suppressed for tenant {tenant}.")
        return _row(found)

    async def suppression_add(self, address: str, tenant: int = 1, reason: str = "", days: int = 0) -> Row:
        """By hand; ``days`` 0: until it is taken off."""
        typed.parts(address)
        now = self._now_ms()
        if not 0 <= days <= 36_500:  # noqa: PLR2004 - a hundred years
            raise Refusal(Reason.INVALID, "Days are a number from 0 (for good) to 36500.")
        done = await self._outbound.suppress(Suppression(TenantId(tenant), address, MANUAL, reason[:500] or "by the administrator", now, now + days * _DAY_MS if days else 0))
        telemetry.event("address.suppressed", tenant=tenant, forward_path=address, kind=MANUAL, until_ms=done.expires_at_ms, reason=done.detail)
        return _row(done)

    async def suppression_remove(self, address: str, tenant: int = 1) -> Row:
        """Mail goes there again. NOT_FOUND."""
        typed.parts(address)
        if not await self._outbound.unsuppress(TenantId(tenant), address):
            raise Refusal(Reason.NOT_FOUND, f"{address} is not suppressed for tenant {tenant}.")
        telemetry.event("address.unsuppressed", tenant=tenant, forward_path=address, reason="by the administrator")
        return {"address": address, "tenant": tenant}


def said(one: Suppression) -> str:
    """For whoever wanted to send there."""
    since = time.strftime("%Y-%m-%d", time.gmtime(one.created_at_ms / 1000))
    word = {BOUNCE: "mail to it bounced", COMPLAINT: "its owner complained about mail"}.get(one.reason, "an administrator decided so")
    return f"Nothing is sent to this address, for {word} on {since} (suppressed); an administrator can change that"


def _row(one: Suppression) -> Row:
    return {
        "tenant": int(one.tenant_id), "address": one.address, "reason": one.reason, "detail": one.detail, "created_ms": one.created_at_ms,
        "expires_ms": one.expires_at_ms, "times": one.times,
    }  # fmt: skip
