"""``interface.KeptObjects`` on one machine."""

import json
from collections.abc import Sequence

from mailstead.model.email import EmailDelta, EmailPatch, Fault, Position, Snooze
from mailstead.model.ids import AccountId, EmailId, OpId
from mailstead.model.object import Due, DueKind, ObjectKind, ObjectStates, ObjectWrite
from mailstead.store.keys import Keys
from mailstead.store.mail import answered, due, job_step, objects
from mailstead.store.mail.embedded import EmbeddedMail
from mailstead.store.mail.set_emails import SetEmails, decode_snooze
from mailstead.store.seal import KEPT
from mailstead.store.shard import Shard


class EmbeddedObjects:
    """``mail`` knows the accounts' shards."""

    def __init__(self, mail: EmbeddedMail, shards: list[Shard], keys: Keys) -> None:
        self._mail = mail
        self._shards = shards
        self._keys = keys

    async def of(self, account: AccountId, kind: ObjectKind, ids: Sequence[int] | None = None, *, after: int = 0) -> ObjectStates:
        wanted = None if ids is None else list(ids)
        return self._mail.shard(account).read(lambda db: objects.of(db, account, self._keys, kind, wanted, after))

    async def states(self, account: AccountId, kinds: Sequence[ObjectKind]) -> list[Position]:
        return self._mail.shard(account).read(lambda db: objects.states(db, account, [int(kind) for kind in kinds]))

    async def has(self, account: AccountId, kind: ObjectKind) -> bool:
        return self._mail.shard(account).read(lambda db: objects.has(db, account, int(kind)))

    async def set(self, account: AccountId, op: OpId, kind: ObjectKind, writes: Sequence[ObjectWrite], *, at: int) -> bool:
        done: bool = await self._mail.write(account, _set(account, kind, writes, at), op)
        return done

    def number(self, account: AccountId, kind: ObjectKind, name: str) -> int:
        return objects.number(self._keys.of(account), int(kind), name)

    async def piece(self, account: AccountId, kind: ObjectKind, ident: int, number: int) -> bytes | None:
        return self._mail.shard(account).read(lambda db: objects.piece(db, account, self._keys, kind, ident, number))

    # ---------------------------------------------------------------------------------------------------- jobs
    async def step(
        self, account: AccountId, op: OpId, *, update: Sequence[EmailPatch], destroy: Sequence[EmailId], kind: ObjectKind,
        job: ObjectWrite, number: int, at: int,
    ) -> list[Fault] | None:
        change = SetEmails(account, "", (), tuple(update), tuple(destroy))
        done: list[Fault] | None = await self._mail.write(
            account, job_step.JobStep(account, change, _set(account, kind, [job], at), number), op)
        return done

    async def deltas(self, account: AccountId, kind: ObjectKind, ident: int, number: int) -> list[EmailDelta]:
        found = await self.piece(account, kind, ident, number)
        return [] if found is None else job_step.decode(found)

    # ---------------------------------------------------------------------------------------------------- what is due
    async def due(self, now_ms: int, limit: int) -> list[Due]:
        found: list[tuple[int, int, int]] = []
        for shard in self._shards:
            if shard.writer is not None:
                found += shard.read(lambda db: due.due(db, now_ms, limit))
        return [Due(AccountId(account), DueKind(kind), ident) for account, kind, ident in found[:limit]]

    async def waiting(self, kind: DueKind) -> list[tuple[AccountId, int]]:
        found: list[tuple[int, int]] = []
        for shard in self._shards:
            if shard.writer is not None:
                found += shard.read(lambda db: due.waiting(db, kind))
        return [(AccountId(account), ident) for account, ident in found]

    async def set_due(self, account: AccountId, kind: DueKind, ident: int, at_ms: int) -> None:
        await self._mail.write(account, due.SetDue(account, int(kind), ident, at_ms), OpId(b""))

    async def snoozes(self, account: AccountId, emails: Sequence[EmailId]) -> dict[EmailId, Snooze]:
        rows = self._mail.shard(account).read(
            lambda db: due.docs(db, account, self._keys, DueKind.SNOOZE, json.dumps(list(emails))))
        return {EmailId(email): decode_snooze(doc) for email, (_, doc) in rows.items()}

    async def may_answer(self, account: AccountId, peer: str, *, again_after_ms: int) -> bool:
        digest = self._keys.of(account).hashed(KEPT, b"answered", peer.casefold().encode())
        done: bool = await self._mail.write(account, answered.Answer(account, digest, again_after_ms), OpId(b""))
        return done


def _set(account: AccountId, kind: ObjectKind, writes: Sequence[ObjectWrite], at: int) -> objects.SetObjects:
    rows = [(one.object_id, one.doc, one.gone, one.due_at_ms, one.thread_id, one.pieces) for one in writes]
    return objects.SetObjects(account, int(kind), at, rows)
