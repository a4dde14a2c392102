"""``interface.Submissions`` on one machine."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from mailstead.model.email import Position, StateMismatch
from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.model.ids import AccountId, EmailId, MailboxId, SubmissionId
from mailstead.model.message import NewMessage, Octets
from mailstead.model.submission import NO_EMAIL, NewSubmission, RecipientStatus, Submission
from mailstead.store.blob.objects import Objects
from mailstead.store.keys import Keys
from mailstead.store.mail import submissions
from mailstead.store.mail.embedded import EmbeddedMail
from mailstead.store.mail.operation import Operation
from mailstead.store.mail.set_emails import SetEmails
from mailstead.store.seal import OUTBOX, QUEUE
from mailstead.store.shard import Shard

_NAMED: Final = 500


class EmbeddedSubmissions:
    """``mail`` knows the accounts' shards and prepares copies; ``write(shard, operation, op id)`` takes an operation to its owner."""

    def __init__(self, mail: EmbeddedMail, shards: list[Shard], keys: Keys, objects: Objects,
                 write: Callable[[int, Operation, bytes], Awaitable[Any]], reserve: Callable[[], None]) -> None:
        self._mail = mail
        self._shards = shards
        self._keys = keys
        self._objects = objects
        self._write_to = write
        self._reserve = reserve

    async def _write(self, account: AccountId, operation: Operation) -> Any:
        return await self._write_to(self._mail.shard(account).number, operation, b"")

    async def submit(self, account: AccountId, new: NewSubmission, octets: Octets, *,
                     sent: tuple[MailboxId, NewMessage] | None = None, if_state: str = "") -> Submission:
        self._reserve()
        key = self._keys.of(account)
        step = submissions.PIECE_OCTETS
        pieces = [
            key.seal(QUEUE, new.submission_id, octets[start : start + step], number)
            for number, start in enumerate(range(0, max(len(octets), 1), step))
        ]
        copy_: submissions.Sent | None = None
        if sent is not None:
            box = await self._mail.mailbox_by_id(account, sent[0])
            if box is None or box.noselect:
                raise Refusal(Reason.NOT_FOUND, "There is no such mailbox")
            incoming = await self._mail.prepare(
                account, sent[1].octets, self._mail.scanned(sent[1].octets), received_ms=sent[1].received_at_ms, place=box.path
            )
            copy_ = submissions.Sent(box.mailbox_id, incoming, tuple(sent[1].flags))
        doc = submissions.Doc(
            new.identity, new.reverse_path, dict(new.options), [submissions.Recipient(address, dict(options)) for address, options in new.recipients]
        )
        mark = SetEmails(account, "", (), (new.marks,), ()) if new.marks is not None else None
        done: bool = await self._write(account, submissions.Submit(
            account, new.submission_id, new.email_id, new.thread_id, new.release_at_ms, len(octets), key.number, pieces, doc, copy_,
            key.hashed(OUTBOX, new.message_id.encode()) if new.message_id else b"", mark, if_state))
        found = await self.find(account, ids=[new.submission_id])
        if copy_ is not None and not copy_.incoming.body and (not found or found[0].email_id != copy_.incoming.info.email):
            self._objects.drop(account, copy_.incoming.info.email)
        if not done:
            raise StateMismatch
        if not found:
            raise Unavailable("The submission was removed meanwhile")
        return found[0]

    async def find(self, account: AccountId, *, ids: Sequence[SubmissionId] | None = None, after: int = 0,
                          limit: int = 1000) -> list[Submission]:
        if ids is not None and len(ids) > _NAMED:
            found: list[Submission] = []
            for at in range(0, len(ids), _NAMED):
                found += await self.find(account, ids=ids[at : at + _NAMED], after=after, limit=limit)
            return found[:limit]
        named = None if ids is None else [int(one) for one in ids]
        return self._mail.shard(account).read(lambda db: submissions.find(db, account, self._keys, named, after, limit))

    async def state(self, account: AccountId) -> Position:
        return self._mail.shard(account).read(lambda db: submissions.state(db, account))

    async def octets(self, account: AccountId, submission: SubmissionId) -> bytes:
        return self._mail.shard(account).read(lambda db: submissions.octets(db, account, self._keys, submission))

    async def cancel(self, account: AccountId, submission: SubmissionId) -> bool:
        done: bool = await self._write(account, submissions.Cancel(account, submission))
        return done

    async def reschedule(self, account: AccountId, submission: SubmissionId, release_at_ms: int) -> bool:
        done: bool = await self._write(account, submissions.Reschedule(account, submission, release_at_ms))
        return done

    async def take(self, account: AccountId, submission: SubmissionId) -> bool:
        done: bool = await self._write(account, submissions.Take(account, submission))
        return done

    async def handed_over(self, account: AccountId, submission: SubmissionId) -> None:
        await self._write(account, submissions.HandedOver(account, submission))

    async def report(self, account: AccountId, submission: SubmissionId, news: Sequence[RecipientStatus], *, notice: EmailId = NO_EMAIL) -> None:
        rows = [(one.address, int(one.progress), one.hop, one.reply, one.at_ms) for one in news]
        await self._write(account, submissions.Report(account, submission, rows, notice))

    async def receive(self, account: AccountId, submission: SubmissionId, receipt: EmailId, displayed: Sequence[str]) -> None:
        await self._write(account, submissions.Receive(account, submission, receipt, list(displayed)))

    async def of_message(self, account: AccountId, message_id: str) -> Submission | None:
        ref = self._keys.of(account).hashed(OUTBOX, message_id.encode())
        return self._mail.shard(account).read(lambda db: submissions.of_ref(db, account, self._keys, ref))

    async def destroy(self, account: AccountId, submission: SubmissionId) -> None:
        await self._write(account, submissions.Destroy(account, submission))

    async def due(self, now_ms: int, limit: int) -> list[tuple[AccountId, SubmissionId]]:
        found: list[tuple[int, int]] = []
        for shard in self._shards:
            if shard.writer is not None:
                found += shard.read(lambda db: submissions.due(db, now_ms, limit))
        return [(AccountId(account), SubmissionId(submission)) for account, submission in found[:limit]]
