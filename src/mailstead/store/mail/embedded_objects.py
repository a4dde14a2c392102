"""``interface.KeptObjects`` on one machine."""

from collections.abc import Sequence

from mailstead.model.ids import AccountId, OpId
from mailstead.model.object import ObjectKind, ObjectStates, ObjectWrite
from mailstead.store.keys import Keys
from mailstead.store.mail import objects
from mailstead.store.mail.embedded import EmbeddedMail
from mailstead.store.seal import KEPT


class EmbeddedObjects:
    """``mail`` knows the accounts' shards."""

    def __init__(self, mail: EmbeddedMail, keys: Keys) -> None:
        self._mail = mail
        self._keys = keys

    async def of(self, account: AccountId, kind: ObjectKind) -> ObjectStates:
        return self._mail.shard(account).read(lambda db: objects.of(db, account, self._keys, kind))

    async def set(self, account: AccountId, op: OpId, kind: ObjectKind, writes: Sequence[ObjectWrite], *, at: int) -> bool:
        rows = [(one.object_id, one.doc, one.gone) for one in writes]
        done: bool = await self._mail.write(account, objects.SetObjects(account, int(kind), at, rows), op)
        return done

    def number(self, account: AccountId, kind: ObjectKind, name: str) -> int:
        digest = self._keys.of(account).hashed(KEPT, int(kind).to_bytes(2, "big"), name.encode(), size=8)
        return int.from_bytes(digest, "big") & ((1 << 63) - 1)
