"""Small objects of an account as JMAP's drivers and our own timers use them."""

import os
from collections.abc import Sequence

from mailstead.model.email import EmailDelta, EmailPatch, Fault, Position, Snooze
from mailstead.model.ids import AccountId, EmailId, OpId
from mailstead.model.object import Due, DueKind, ObjectKind, ObjectStates, ObjectWrite
from mailstead.store.interface import Store


class Kept:
    """One for the process. The account is one that the driver has found the principal allowed to use."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def of(self, account: AccountId, kind: ObjectKind, ids: Sequence[int] | None = None, *, after: int = 0) -> ObjectStates:
        """See ``store.interface.KeptObjects.of``."""
        return await self._store.kept.of(account, kind, ids, after=after)

    async def state(self, account: AccountId, kind: ObjectKind) -> Position:
        """Where a kind stands."""
        return (await self._store.kept.states(account, (kind,)))[0]

    async def states(self, account: AccountId) -> dict[ObjectKind, Position]:
        """Where every kind stands."""
        kinds = tuple(ObjectKind)
        return dict(zip(kinds, await self._store.kept.states(account, kinds), strict=True))

    async def set(self, account: AccountId, kind: ObjectKind, writes: Sequence[ObjectWrite], *, at: int) -> bool:
        """See ``store.interface.KeptObjects.set``."""
        return await self._store.kept.set(account, OpId(os.urandom(16)), kind, writes, at=at)

    def number(self, account: AccountId, kind: ObjectKind, name: str) -> int:
        """The id of an object that the client named."""
        return self._store.kept.number(account, kind, name)

    async def piece(self, account: AccountId, kind: ObjectKind, ident: int, number: int) -> bytes | None:
        """See ``store.interface.KeptObjects.piece``."""
        return await self._store.kept.piece(account, kind, ident, number)

    async def step(
        self, account: AccountId, *, update: Sequence[EmailPatch], destroy: Sequence[EmailId], kind: ObjectKind, job: ObjectWrite, number: int,
        at: int,
    ) -> list[Fault] | None:
        """See ``store.interface.KeptObjects.step``."""
        return await self._store.kept.step(
            account, OpId(os.urandom(16)), update=update, destroy=destroy, kind=kind, job=job, number=number, at=at)

    async def deltas(self, account: AccountId, kind: ObjectKind, ident: int, number: int) -> list[EmailDelta]:
        """See ``store.interface.KeptObjects.deltas``."""
        return await self._store.kept.deltas(account, kind, ident, number)

    async def due(self, now_ms: int, limit: int) -> list[Due]:
        """See ``store.interface.KeptObjects.due``."""
        return await self._store.kept.due(now_ms, limit)

    async def waiting(self, kind: DueKind) -> list[tuple[AccountId, int]]:
        """See ``store.interface.KeptObjects.waiting``."""
        return await self._store.kept.waiting(kind)

    async def set_due(self, account: AccountId, kind: DueKind, ident: int, at_ms: int) -> None:
        """See ``store.interface.KeptObjects.set_due``."""
        await self._store.kept.set_due(account, kind, ident, at_ms)

    async def snoozes(self, account: AccountId, emails: Sequence[EmailId]) -> dict[EmailId, Snooze]:
        """See ``store.interface.KeptObjects.snoozes``."""
        return await self._store.kept.snoozes(account, emails)
