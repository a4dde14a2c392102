"""Small objects that an account keeps, and what falls due."""

from collections.abc import Sequence
from typing import Protocol

from mailstead.model.email import EmailDelta, EmailPatch, Fault, Position, Snooze
from mailstead.model.ids import AccountId, EmailId, OpId
from mailstead.model.object import Due, DueKind, ObjectKind, ObjectStates, ObjectWrite


class KeptObjects(Protocol):
    """Small objects of an account beside its mail: one sealed document each, typed changes in the account's clock (STORAGE §2)."""

    async def of(self, account: AccountId, kind: ObjectKind, ids: Sequence[int] | None = None, *, after: int = 0) -> ObjectStates:
        """Everything of a kind that changed beyond modseq ``after``, or those named that are known; those that are gone as well: a row is its own record of what happened to it."""

    async def states(self, account: AccountId, kinds: Sequence[ObjectKind]) -> list[Position]:
        """Where kinds stand; costs nothing, however many objects there are."""

    async def has(self, account: AccountId, kind: ObjectKind) -> bool:
        """Whether there ever was one of the kind; costs least."""

    async def set(self, account: AccountId, op: OpId, kind: ObjectKind, writes: Sequence[ObjectWrite], *, at: int) -> bool:
        """All of it or nothing, and only if the kind is still at modseq ``at``: whether it was. LIMIT, ACCOUNT_SUSPENDED."""

    def number(self, account: AccountId, kind: ObjectKind, name: str) -> int:
        """The id of an object that the client named."""

    async def piece(self, account: AccountId, kind: ObjectKind, ident: int, number: int) -> bytes | None:
        """What was written as a piece of an object."""

    async def step(
        self, account: AccountId, op: OpId, *, update: Sequence[EmailPatch], destroy: Sequence[EmailId], kind: ObjectKind,
        job: ObjectWrite, number: int, at: int,
    ) -> list[Fault] | None:
        """Change emails and write the job that does so, in one transaction; what was done to each becomes the job's piece ``number``. Faults in order;
        None, and nothing is done, where the kind is not at ``at``."""

    async def deltas(self, account: AccountId, kind: ObjectKind, ident: int, number: int) -> list[EmailDelta]:
        """What ``step`` wrote down."""

    async def due(self, now_ms: int, limit: int) -> list[Due]:
        """What has become due, of the shards this process owns."""

    async def waiting(self, kind: DueKind) -> list[tuple[AccountId, int]]:
        """Everything of a kind that will be due, of the shards this process owns."""

    async def set_due(self, account: AccountId, kind: DueKind, ident: int, at_ms: int) -> None:
        """Look at it again then; 0: never. Nothing where it is not waiting."""

    async def snoozes(self, account: AccountId, emails: Sequence[EmailId]) -> dict[EmailId, Snooze]:
        """Of those emails that wait for a time."""

    async def may_answer(self, account: AccountId, peer: str, *, again_after_ms: int) -> bool:
        """Whether somebody may get an automatic reply now; noted at once. ACCOUNT_SUSPENDED."""
