"""Writes that cross to the owner of their file (DECISIONS 7).

A worker that does not own an account's shard sends the operation, as it is, to the worker that does, and waits for the
durable answer. If the owner dies meanwhile the same octets are sent again to its successor: an operation that must not
happen twice carries an op id, and its first result is kept in the ``op`` table of its shard (DECISIONS 5).
"""

from typing import Any, ClassVar, Final

import msgspec

from mailstead.model.errors import DiskReserve, Reason, Refusal, Unavailable
from mailstead.store.directory import operations as directory
from mailstead.store.directory import outbound_operations as outbound
from mailstead.store.directory import principals, shared
from mailstead.store.directory import web_operations as web
from mailstead.store.engine.writer import Tx
from mailstead.store.keys import Keys
from mailstead.store.mail import (
    accounts,
    answered,
    append,
    copy,
    deliver,
    due,
    expunge,
    flags,
    job_step,
    mailboxes,
    objects,
    set_emails,
    set_mailboxes,
    shares,
    submissions,
)
from mailstead.store.mail.operation import OfAccount, Operation
from mailstead.store.queue import operations as queue

DIRECTORY: Final = -1
KEYS: Final = -2
QUEUE: Final = -3


class Mend(Operation):
    """Rebuild the shard (``repair``); the owner does it outside any transaction."""

    returns: ClassVar = list[str]
    is_once: ClassVar = True


class Advance(Operation):
    """The shard is a copy from the past (``home.restored``)."""

    returns: ClassVar = list[str]
    is_once: ClassVar = True


class Rewrap(Operation):
    """In ``keys.db``: see ``keys.Keys.rewrap``."""

    after: int
    limit: int
    returns: ClassVar = tuple[int, int]
    is_once: ClassVar = True

    def apply(self, tx: Tx, keys: Keys) -> tuple[int, int]:
        return keys.rewrap(tx, self.after, self.limit)


AnyOperation = (
    deliver.Deliver | append.Append | copy.Copy | expunge.Expunge | flags.SetFlags
    | submissions.Submit | submissions.Cancel | submissions.Reschedule | submissions.Take | submissions.HandedOver | submissions.Report | submissions.Receive
    | submissions.Destroy | objects.SetObjects | job_step.JobStep | due.SetDue | answered.Answer
    | mailboxes.Create | mailboxes.Rename | mailboxes.Delete | mailboxes.SetRole | mailboxes.Subscribe | mailboxes.TakeRecent
    | set_emails.SetEmails | set_mailboxes.SetMailbox | set_mailboxes.DestroyMailbox
    | shares.SetShares | shares.SubscribeShare | shared.NoteShared
    | accounts.MakeAccount | accounts.SetAccount | accounts.RemoveAccount
    | directory.AddTenant | directory.AddDomain | directory.SetDomain | directory.AddDkimKey | directory.SetDkimKey | directory.SetStsPolicy
    | web.AddSession | web.TouchSession | web.DropSessions | web.SetTotp | web.UseTotp | directory.AddAccount | directory.AddAccounts | directory.SetAccountRow
    | directory.DropAccount | directory.SetCredential | directory.DropCredential | directory.SetAddress
    | directory.DropAddress | directory.MakeKey | directory.AdoptSecrets | directory.ShredKey | principals.AdvancePrincipals
    | outbound.SetTlsReport | outbound.Suppress | outbound.Unsuppress
    | queue.Enqueue | queue.Finish | queue.Own | queue.HoldRoute | queue.Steer | queue.Forget | Mend | Advance | Rewrap
)


class Request(msgspec.Struct, array_like=True):
    """``where``: a shard's number, or one of the files above. ``op_id`` b"": harmless to repeat."""

    where: int
    op_id: bytes
    operation: AnyOperation


class Answer(msgspec.Struct, array_like=True):
    """``kind``: "" done, "refusal", "unavailable" or "reserve"."""

    kind: str
    body: bytes = b""
    reason: str = ""
    public: str = ""
    cause: str = ""


encode = msgspec.msgpack.Encoder().encode
_requests = msgspec.msgpack.Decoder(Request)
_answers = msgspec.msgpack.Decoder(Answer)
_results: dict[Any, msgspec.msgpack.Decoder[Any]] = {}


def request(where: int, op_id: bytes, operation: Operation) -> bytes:
    return encode((where, b"" if operation.is_once else op_id, operation))


def read_request(octets: bytes) -> Request:
    return _requests.decode(octets)


def refused(exc: Exception) -> bytes:
    """An exception as an answer; what is not ours to say becomes "not available"."""
    if isinstance(exc, Refusal):
        return encode(Answer("refusal", reason=exc.reason.value, public=exc.public, cause=exc.cause))
    if isinstance(exc, Unavailable):
        kind = "reserve" if isinstance(exc, DiskReserve) else "unavailable"
        return encode(Answer(kind, public=exc.public, cause=exc.cause))
    return encode(Answer("unavailable", public="The message store failed", cause=f"{type(exc).__name__}: {exc}"))


def done(result: Any) -> bytes:
    return encode(Answer("", body=encode(result)))


def read_answer(octets: bytes, operation: Operation) -> Any:
    """The operation's result, or its exception."""
    answer = _answers.decode(octets)
    if answer.kind == "refusal":
        raise Refusal(Reason(answer.reason), answer.public, answer.cause)
    if answer.kind == "reserve":
        raise DiskReserve(answer.public, answer.cause)
    if answer.kind:
        raise Unavailable(answer.public, answer.cause)
    decoder = _results.get(type(operation))
    if decoder is None:
        decoder = _results[type(operation)] = msgspec.msgpack.Decoder(operation.returns)
    return decoder.decode(answer.body)


def once(tx: Tx, keys: Keys, op_id: bytes, operation: Operation) -> bytes:
    """Apply an operation that came from elsewhere, or give its first result again; the answer's body."""
    if not op_id or not isinstance(operation, OfAccount):
        return encode(operation.apply(tx, keys))
    row = tx.db.one("SELECT result FROM op WHERE account_id=? AND op_id=?", (operation.account, op_id))
    if row is not None:
        return bytes(row[0])
    result = encode(operation.apply(tx, keys))
    tx.db.run("INSERT INTO op VALUES (?, ?, ?, ?)", (operation.account, op_id, tx.now_ms, result))
    return result


read_news = msgspec.msgpack.Decoder(dict[int, int]).decode
