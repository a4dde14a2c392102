"""Small objects of an account as JMAP's drivers use them."""

import os
from collections.abc import Sequence

from mailstead.model.ids import AccountId, OpId
from mailstead.model.object import ObjectKind, ObjectStates, ObjectWrite
from mailstead.store.interface import Store


class Kept:
    """One for the process. The account is one that the driver has found the principal allowed to use."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def of(self, account: AccountId, kind: ObjectKind) -> ObjectStates:
        """See ``store.interface.KeptObjects.of``."""
        return await self._store.kept.of(account, kind)

    async def set(self, account: AccountId, kind: ObjectKind, writes: Sequence[ObjectWrite], *, at: int) -> bool:
        """See ``store.interface.KeptObjects.set``."""
        return await self._store.kept.set(account, OpId(os.urandom(16)), kind, writes, at=at)

    def number(self, account: AccountId, kind: ObjectKind, name: str) -> int:
        """The id of an object that the client named."""
        return self._store.kept.number(account, kind, name)
