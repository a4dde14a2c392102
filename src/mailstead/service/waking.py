"""What happens at its time with nobody there: snoozed mail wakes, reminders fire, jobs go on.

The owner of a shard looks every second for what is due in it. What is due is carried out and, in the same transaction, no longer due; so it
happens once, also when the server was down at the time. Something that fails is looked at again later, ever less often.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from mailstead import telemetry
from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.model.ids import AccountId
from mailstead.model.object import Due, DueKind
from mailstead.service.kept import Kept

POLL_S: Final = 1.0
_AT_ONCE: Final = 200
_AGAIN_MS: Final = 60_000
_AGAIN_SUSPENDED_MS: Final = 3_600_000

Carry = Callable[[AccountId, int], Awaitable[None]]
"""Carries out what is due of an object, and sees to it that it is not due any more."""


class Waking:
    """``carry``: who carries out each kind."""

    def __init__(self, kept: Kept, carry: Mapping[DueKind, Carry], now_ms: Callable[[], int]) -> None:
        self._kept = kept
        self._carry = carry
        self._now_ms = now_ms
        self._soon = asyncio.Event()

    def wake(self) -> None:
        """Something is due now; do not wait for the next look."""
        self._soon.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                due = await self._kept.due(self._now_ms(), _AT_ONCE)
            except (Refusal, Unavailable) as exc:
                telemetry.event("timer.deferred", reason=exc.cause or exc.public)
                due = []
            for one in due:
                await self.carry_out(one)
            if len(due) == _AT_ONCE:
                await asyncio.sleep(0)
                continue
            try:
                async with asyncio.timeout(POLL_S):
                    await self._soon.wait()
            except TimeoutError:
                pass
            self._soon.clear()

    async def carry_out(self, one: Due) -> None:
        """What cannot be done now is put off."""
        try:
            await self._carry[one.kind](one.account, one.object_id)
        except (Refusal, Unavailable) as exc:
            is_suspended = isinstance(exc, Refusal) and exc.reason is Reason.ACCOUNT_SUSPENDED
            telemetry.event("timer.deferred", account=one.account, kind=one.kind.name.lower(), reason=exc.cause or exc.public)
            await self._put_off(one, _AGAIN_SUSPENDED_MS if is_suspended else _AGAIN_MS)
        except Exception as exc:
            telemetry.defect("timer", exc, account=one.account)
            await self._put_off(one, _AGAIN_MS)

    async def _put_off(self, one: Due, by_ms: int) -> None:
        try:
            await self._kept.set_due(one.account, one.kind, one.object_id, self._now_ms() + by_ms)
        except (Refusal, Unavailable) as exc:
            telemetry.event("timer.deferred", account=one.account, kind=one.kind.name.lower(), reason=exc.cause or exc.public)
