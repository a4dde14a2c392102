"""Jobs: one change of many emails, carried out in steps, which can be taken back as a whole.

Which emails it is about is settled when a job is made: their ids are the pieces of its document, some hundred in each. Every step changes the emails of
one piece, puts in its place what was done to each, and moves the job on, in one transaction (``store.mail.job_step``). Taking back is a job
too: it goes through the other's pieces and does the opposite; so it can be taken back itself. Nothing depends on who made it or on this process.
"""

import secrets
from collections.abc import Callable, Sequence
from typing import Final, Literal

import msgspec

from mailstead import telemetry
from mailstead.model import limits
from mailstead.model.email import EmailPatch, Fault, Position, StateMismatch
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId, EmailId, MailboxId
from mailstead.model.object import DueKind, KeptObject, ObjectKind, ObjectWrite
from mailstead.model.query import Query, Window
from mailstead.service.emails import Emails
from mailstead.service.kept import Kept

KIND: Final = ObjectKind.JOB
KEPT_MS: Final = 30 * 24 * 3600 * 1000
"""So long a job can be taken back after it was made."""
_TRIES: Final = 20
_FINISHED_KEPT: Final = 500
_STEPS: Final = 10


class Patch(msgspec.Struct, omit_defaults=True):
    """``model.email.EmailPatch`` without the email."""

    keywords: tuple[str, ...] | None = None
    add_keywords: tuple[str, ...] = ()
    remove_keywords: tuple[str, ...] = ()
    mailbox_ids: tuple[int, ...] | None = None
    add_mailboxes: tuple[int, ...] = ()
    remove_mailboxes: tuple[int, ...] = ()

    @staticmethod
    def of(patch: EmailPatch) -> "Patch":
        return Patch(
            None if patch.keywords is None else tuple(sorted(patch.keywords)), tuple(sorted(patch.add_keywords)), tuple(sorted(patch.remove_keywords)),
            None if patch.mailbox_ids is None else tuple(sorted(patch.mailbox_ids)), tuple(sorted(patch.add_mailboxes)),
            tuple(sorted(patch.remove_mailboxes)),
        )

    def on(self, email: EmailId) -> EmailPatch:
        return EmailPatch(
            email, None if self.keywords is None else frozenset(self.keywords), frozenset(self.add_keywords), frozenset(self.remove_keywords),
            None if self.mailbox_ids is None else frozenset(map(MailboxId, self.mailbox_ids)), frozenset(map(MailboxId, self.add_mailboxes)),
            frozenset(map(MailboxId, self.remove_mailboxes)),
        )


class Job(msgspec.Struct, omit_defaults=True):
    """What is kept of one. ``next``: the piece that comes next of ``pieces``; ``of``: the job it takes back, 0: none."""

    kind: Literal["update", "destroy", "undo"]
    made_ms: int
    total: int
    pieces: int
    patch: Patch | None = None
    of: int = 0
    next: int = 0
    done: int = 0
    failed: int = 0
    state: Literal["running", "done", "cancelled"] = "running"
    token: str = ""
    is_undone: bool = False
    given: msgspec.Raw = msgspec.Raw(b"null")
    """The change as the client wrote it."""

    def write(self, ident: int, pieces: tuple[tuple[int, bytes], ...] = (), *, now_ms: int = 1) -> ObjectWrite:
        return ObjectWrite(ident, encode(self), due_at_ms=now_ms if self.state == "running" else 0, pieces=pieces)

    def may_undo(self, now_ms: int) -> bool:
        return bool(self.token) and not self.is_undone and now_ms < self.made_ms + KEPT_MS


encode: Final = msgspec.json.Encoder().encode
decode: Final = msgspec.json.Decoder(Job).decode
_ids: Final = msgspec.msgpack.Decoder(list[int]).decode
_pack: Final = msgspec.msgpack.Encoder().encode


class Jobs:
    """One for the process. ``soon`` is told when one was made."""

    def __init__(
        self, emails: Emails, kept: Kept, *, new_id: Callable[[], int], now_ms: Callable[[], int], soon: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self._emails = emails
        self._kept = kept
        self._new_id = new_id
        self._now_ms = now_ms
        self.soon = soon

    async def emails_of(self, account: AccountId, query: Query) -> list[EmailId]:
        """What a query finds now. LIMIT."""
        found = await self._emails.query(account, query, Window(limit=limits.JOB_EMAILS + 1))
        if len(found.ids) > limits.JOB_EMAILS:
            raise Refusal(Reason.LIMIT, f"A job changes at most {limits.JOB_EMAILS} emails")
        return [EmailId(ident) for ident in found.ids]

    async def make(self, account: AccountId, emails: Sequence[EmailId], patch: EmailPatch | None, *, given: bytes, at: Position | None = None) -> tuple[int, Job]:
        """A job that changes (``patch``) or destroys (None) these emails; durable when this returns. ``at``: where the account's jobs must stand; raises
        ``StateMismatch``. LIMIT, ACCOUNT_SUSPENDED."""
        step = limits.JOB_STEP
        pieces = tuple((n, _pack(list(emails[at : at + step]))) for n, at in enumerate(range(0, len(emails), step)))
        one = Job(
            "destroy" if patch is None else "update", self._now_ms(), len(emails), len(pieces), None if patch is None else Patch.of(patch),
            token="" if patch is None else secrets.token_urlsafe(16), state="running" if pieces else "done", given=msgspec.Raw(given),
        )
        ident = self._new_id()
        await self._add(account, ident, one, pieces, at)
        return ident, one

    async def undo(self, account: AccountId, token: str) -> tuple[int, Job]:
        """The job that takes back another. What that has not done yet it does not do any more. NOT_FOUND (also too old), INVALID (it was taken back)."""
        for _ in range(_TRIES):
            found = await self._kept.of(account, KIND)
            for row in found.objects:
                old = None if row.gone else decode(row.doc)
                if old is not None and old.token and secrets.compare_digest(old.token.encode(), token.encode()):
                    break
            else:
                raise Refusal(Reason.NOT_FOUND, "There is nothing to take back under this token")
            if old is None or not old.may_undo(self._now_ms()):
                raise Refusal(Reason.INVALID, "This was taken back already, or is too long ago")
            old.is_undone = True
            if old.state == "running":
                old.state = "cancelled"
            one = Job(
                "undo", self._now_ms(), old.done, old.next, of=row.object_id, token=secrets.token_urlsafe(16), state="running" if old.next else "done")
            ident = self._new_id()
            writes = [old.write(row.object_id), one.write(ident, now_ms=self._now_ms())]
            if await self._kept.set(account, KIND, writes, at=found.state.modseq):
                telemetry.event("job.made", account=account, kind=one.kind, emails=one.total, reason="to take another back")
                self.soon()
                return ident, one
        raise Refusal(Reason.IN_USE, "Too much is going on; try again")

    async def cancel(self, account: AccountId, ident: int) -> Job:
        """Do no more of it; what is done stays done. NOT_FOUND."""
        for _ in range(_TRIES):
            found = await self._kept.of(account, KIND, [ident])
            if not found.objects or found.objects[0].gone:
                raise Refusal(Reason.NOT_FOUND, "There is no such job")
            one = decode(found.objects[0].doc)
            if one.state != "running":
                return one
            one.state = "cancelled"
            if await self._kept.set(account, KIND, [one.write(ident)], at=found.state.modseq):
                return one
        raise Refusal(Reason.IN_USE, "Too much is going on; try again")

    async def forget(self, account: AccountId, ident: int) -> None:
        """It, and how to take it back; one that runs ends here."""
        for _ in range(_TRIES):
            found = await self._kept.of(account, KIND, [ident])
            if not found.objects or found.objects[0].gone:
                return
            if await self._kept.set(account, KIND, [ObjectWrite(ident, found.objects[0].doc, gone=True, due_at_ms=0)], at=found.state.modseq):
                return
        raise Refusal(Reason.IN_USE, "Too much is going on; try again")

    async def _add(self, account: AccountId, ident: int, one: Job, pieces: tuple[tuple[int, bytes], ...], at: Position | None) -> None:
        for _ in range(_TRIES):
            found = await self._kept.of(account, KIND)
            if at is not None and found.state != at:
                raise StateMismatch
            writes = [one.write(ident, pieces, now_ms=self._now_ms()), *_forgotten(found.objects, self._now_ms())]
            if await self._kept.set(account, KIND, writes, at=found.state.modseq):
                telemetry.event("job.made", account=account, kind=one.kind, emails=one.total, reason="asked for")
                self.soon()
                return
        raise Refusal(Reason.IN_USE, "Too much is going on; try again")

    # ------------------------------------------------------------------------------------------------- steps
    async def go_on(self, account: AccountId, ident: int) -> None:
        """The next steps of one that is due; others have their turn between."""
        for _ in range(_STEPS):
            found = await self._kept.of(account, KIND, [ident])
            one = decode(found.objects[0].doc) if found.objects and not found.objects[0].gone else None
            if one is None or one.state != "running":
                await self._kept.set_due(account, DueKind.JOB, ident, 0)
                return
            patches, destroy = await self._piece(account, ident, one)
            number, one.next = one.next, one.next + 1
            if one.next >= one.pieces:
                one.state = "done"
            many = len(patches) + len(destroy)
            before = (one.done, one.failed)
            one.done = before[0] + many
            faults = await self._kept.step(
                account, update=patches, destroy=destroy, kind=KIND, job=one.write(ident), number=number, at=found.state.modseq)
            if faults is None:
                continue  # something about jobs has changed: look again
            failed = sum(fault not in {Fault.NONE, Fault.NOT_FOUND} for fault in faults)
            if failed:
                await self._count(account, ident, failed)
            if one.state == "done":
                telemetry.event("job.done", account=account, kind=one.kind, emails=one.done, reason="carried out")
                return
        self.soon()

    async def _piece(self, account: AccountId, ident: int, one: Job) -> tuple[list[EmailPatch], list[EmailId]]:
        if one.kind == "undo":
            return [delta.undone() for delta in await self._kept.deltas(account, KIND, one.of, one.next)], []
        octets = await self._kept.piece(account, KIND, ident, one.next)
        ids = [EmailId(number) for number in _ids(octets)] if octets is not None else []
        return ([one.patch.on(email) for email in ids], []) if one.patch is not None else ([], ids)

    async def _count(self, account: AccountId, ident: int, failed: int) -> None:
        """Those that could not be changed: known after the step, so written after it; a number, no more."""
        for _ in range(_TRIES):
            found = await self._kept.of(account, KIND, [ident])
            if not found.objects or found.objects[0].gone:
                return
            one = decode(found.objects[0].doc)
            one.failed += failed
            if await self._kept.set(account, KIND, [one.write(ident)], at=found.state.modseq):
                return


def _forgotten(objects: Sequence[KeptObject], now_ms: int) -> list[ObjectWrite]:
    """Jobs that cannot be taken back any more, and the oldest of too many."""
    ended = [(one, job) for one in objects if not one.gone and (job := decode(one.doc)).state != "running"]
    ended.sort(key=lambda pair: pair[1].made_ms)
    over = max(0, len(ended) - _FINISHED_KEPT)
    return [
        ObjectWrite(one.object_id, one.doc, gone=True, due_at_ms=0)
        for n, (one, job) in enumerate(ended) if n < over or now_ms >= job.made_ms + KEPT_MS
    ]
