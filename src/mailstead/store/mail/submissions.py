"""Submissions in the account's shard: the outbox (STORAGE §2 ``outbox``, §4 "outbox → queue").

A row for each submission with its octets in pieces, sealed; the octets go once the queue has them. Cancelling and handing over meet in
the row: whoever changes PENDING first has won, and the other finds it changed. Every move is a change of kind SUBMISSION.
"""

from typing import Any, ClassVar, Final

import msgspec

from mailstead.model.change import ChangeKind, ChangeOp
from mailstead.model.email import Fault, Position
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import EmailId, SubmissionId, ThreadId
from mailstead.model.submission import Hold, Progress, RecipientStatus, Submission
from mailstead.store.engine.sqlite import Database
from mailstead.store.engine.writer import Tx
from mailstead.store.keys import Keys
from mailstead.store.mail import clock, filing, keywords, tally
from mailstead.store.mail.filing import Incoming
from mailstead.store.mail.operation import OfAccount
from mailstead.store.mail.set_emails import SetEmails
from mailstead.store.seal import OUTBOX, QUEUE, AccountKey

PIECE_OCTETS: Final = 1 << 20
KEPT_MS: Final = 30 * 24 * 3600 * 1000
"""So long is known what became of a submission (RFC 8621 §7 leaves it to the server)."""
_REPLY: Final = 1_000
_NOTICES: Final = 50
_COLUMNS: Final = "submission_id, email_id, thread_id, created_ms, release_ms, hold, modseq, key_no, size, doc_enc"


class Recipient(msgspec.Struct, array_like=True):
    address: str
    options: dict[str, str]
    progress: int = 1
    hop: str = ""
    reply: str = ""
    at_ms: int = 0
    is_displayed: bool = False


class Doc(msgspec.Struct, array_like=True):
    """What is sealed of a submission."""

    identity: str
    reverse_path: str
    options: dict[str, str]
    recipients: list[Recipient]
    notices: list[int] = []
    receipts: list[int] = []


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Doc).decode


class Sent(msgspec.Struct):
    """The copy for the author: filed in the same transaction."""

    mailbox: int
    incoming: Incoming
    flags: tuple[str, ...]


class Submit(OfAccount):
    """``pieces`` are sealed, for the key numbered ``key``; ``ref``: a keyed hash of its Message-ID, b"" where it has none; ``mark``: what becomes of an email
    in the same step, never with ``sent``; ``if_state``: where the account's submissions must stand, as text, "": anywhere. Gives False where they do not. A
    submission that is there already stays as it is. ALREADY_EXISTS: the email was marked before."""

    submission: int
    email: int
    thread: int
    release_ms: int
    size: int
    key: int
    pieces: list[bytes]
    doc: Doc
    sent: Sent | None = None
    ref: bytes = b""
    mark: SetEmails | None = None
    if_state: str = ""
    returns: ClassVar = bool
    is_once: ClassVar = True

    def octets(self) -> int:
        return sum(map(len, self.pieces)) + (self.sent.incoming.octets() if self.sent else 0)

    def apply(self, tx: Tx, keys: Keys) -> bool:
        account, sent = self.account, self.sent
        if tx.db.one("SELECT 1 FROM submission WHERE account_id=? AND submission_id=?", (account, self.submission)):
            return True
        if self.if_state and self.if_state != str(state(tx.db, account)):
            return False
        if sent is not None and not tx.db.one(
            "SELECT 1 FROM mailbox WHERE account_id=? AND mailbox_id=? AND noselect=0", (account, sent.mailbox)
        ):
            raise Refusal(Reason.NOT_FOUND, "There is no such mailbox")
        if self.mark is not None:
            _mark(tx, keys, self.mark)
        key = keys.of(account)
        modseq = clock.tick(tx, account, octets=sent.incoming.info.size if sent else 0, messages=1 if sent else 0)
        email, thread = self.email, self.thread
        if sent is not None:
            email, thread = self._file(tx, keys, sent, modseq)
        tx.db.run(
            "INSERT INTO submission VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (account, self.submission, email, thread, tx.now_ms, max(self.release_ms, tx.now_ms), int(Hold.PENDING), modseq, self.key,
             self.size, key.seal(OUTBOX, self.submission, _encode(self.doc))),
        )
        tx.db.many(
            "INSERT INTO submission_piece VALUES (?, ?, ?, ?)",
            ((account, self.submission, number, piece) for number, piece in enumerate(self.pieces)),
        )
        if self.ref:
            tx.db.run("INSERT OR REPLACE INTO sent_ref VALUES (?, ?, ?)", (account, self.ref, self.submission))
        _moved(tx, account, modseq, self.submission, ChangeOp.CREATED)
        return True

    def _file(self, tx: Tx, keys: Keys, sent: Sent, modseq: int) -> tuple[int, int]:
        info = sent.incoming.info
        flags, more = keywords.bits(tx, self.account, keys.of(self.account), sent.flags)
        place = filing.room(
            tx, self.account, sent.mailbox, modseq, count=1, octets=info.size, unseen=filing.unseen(flags), deleted=filing.deleted(flags)
        )
        if place is None:
            raise Refusal(Reason.NOT_FOUND, "There is no such mailbox")
        counts = tally.Tally(tx, self.account)
        thread = filing.store(tx, counts, sent.incoming, mailbox=sent.mailbox, flags=flags)
        filing.enter(
            tx, counts, self.account, sent.mailbox, modseq,
            [(place.uid, info.email, thread, flags, info.received_ms, info.size, keywords.pack_more(more))], fresh=True,
        )
        counts.settle(modseq)
        return info.email, thread


def _mark(tx: Tx, keys: Keys, mark: SetEmails) -> None:
    done = mark.apply(tx, keys)
    fault = Fault.NOT_FOUND if done is None else done.updated[0]
    if fault is Fault.MARKED:
        raise Refusal(Reason.ALREADY_EXISTS, "This was done already")
    if fault is not Fault.NONE:
        raise Refusal(Reason.NOT_FOUND, "There is no such email", fault.value)


class Cancel(OfAccount):
    """Whether it was, or had been, cancelled: False once it began to leave. NOT_FOUND."""

    submission: int
    returns: ClassVar = bool
    is_once: ClassVar = True

    def apply(self, tx: Tx, keys: Keys) -> bool:  # noqa: ARG002 - the signature of all
        hold = _hold(tx, self.account, self.submission)
        if hold is not Hold.PENDING:
            return hold is Hold.CANCELED
        _move(tx, self.account, self.submission, "hold=4")
        _drop_pieces(tx, self.account, self.submission)
        return True


class Reschedule(OfAccount):
    """Whether it still waited and will go at ``release_ms`` now. NOT_FOUND."""

    submission: int
    release_ms: int
    returns: ClassVar = bool
    is_once: ClassVar = True

    def apply(self, tx: Tx, keys: Keys) -> bool:  # noqa: ARG002 - the signature of all
        if _hold(tx, self.account, self.submission) is not Hold.PENDING:
            return False
        _move(tx, self.account, self.submission, f"release_ms={max(int(self.release_ms), tx.now_ms)}")
        return True


class Take(OfAccount):
    """Whether it is to be handed over now: from here on it cannot be cancelled. ``now_ms`` is when it would have to be due."""

    submission: int
    returns: ClassVar = bool
    is_once: ClassVar = True

    def apply(self, tx: Tx, keys: Keys) -> bool:  # noqa: ARG002 - the signature of all
        row = tx.db.one(
            "SELECT hold, release_ms FROM submission WHERE account_id=? AND submission_id=?", (self.account, self.submission)
        )
        if row is None or row[0] == Hold.LEAVING:
            return row is not None
        if row[0] != Hold.PENDING or row[1] > tx.now_ms:
            return False
        _move(tx, self.account, self.submission, "hold=2")
        return True


class HandedOver(OfAccount):
    """The queue has it: its octets go."""

    submission: int
    is_once: ClassVar = True

    def apply(self, tx: Tx, keys: Keys) -> None:  # noqa: ARG002 - the signature of all
        row = tx.db.one("SELECT hold FROM submission WHERE account_id=? AND submission_id=?", (self.account, self.submission))
        if row is not None and row[0] == Hold.LEAVING:
            _move(tx, self.account, self.submission, "hold=3")
            _drop_pieces(tx, self.account, self.submission)


class Report(OfAccount):
    """What became of recipients: (address, progress, hop, reply, at_ms); ``notice``: an email that tells of it. Nothing where the submission is not known any
    more."""

    submission: int
    news: list[tuple[str, int, str, str, int]]
    notice: int = 0
    is_once: ClassVar = True

    def apply(self, tx: Tx, keys: Keys) -> None:
        known = _opened(tx, keys, self.account, self.submission)
        if known is None:
            return
        key, doc = known
        told = {address: (progress, hop, reply[:_REPLY], at) for address, progress, hop, reply, at in self.news}
        moved = False
        for one in doc.recipients:
            found = told.get(one.address)
            if found is None or one.progress >= Progress.DELIVERED or one.at_ms > found[3] or (one.progress, one.hop, one.reply) == found[:3]:
                continue
            one.progress, one.hop, one.reply, one.at_ms = found
            moved = True
        if self.notice and self.notice not in doc.notices:
            doc.notices = [*doc.notices, self.notice][-_NOTICES:]
            moved = True
        if not moved:
            return
        _rewrite(tx, key, self.account, self.submission, doc)


class Receive(OfAccount):
    """A disposition notification was filed as ``receipt``; ``displayed``: of which recipients it says that they were shown the message. Nothing where
    the submission is not known any more."""

    submission: int
    receipt: int
    displayed: list[str]
    is_once: ClassVar = True

    def apply(self, tx: Tx, keys: Keys) -> None:
        known = _opened(tx, keys, self.account, self.submission)
        if known is None:
            return
        key, doc = known
        seen = [one for one in doc.recipients if one.address in self.displayed and not one.is_displayed]
        if not seen and self.receipt in doc.receipts:
            return
        for one in seen:
            one.is_displayed = True
        if self.receipt not in doc.receipts:
            doc.receipts = [*doc.receipts, self.receipt][-_NOTICES:]
        _rewrite(tx, key, self.account, self.submission, doc)


class Destroy(OfAccount):
    """Forget a submission that has left or was cancelled. NOT_FOUND, IN_USE."""

    submission: int
    is_once: ClassVar = True

    def apply(self, tx: Tx, keys: Keys) -> None:  # noqa: ARG002 - the signature of all
        if _hold(tx, self.account, self.submission) in {Hold.PENDING, Hold.LEAVING}:
            raise Refusal(Reason.IN_USE, "The message has not left yet; cancel it first")
        modseq = clock.tick(tx, self.account)
        for table in ("submission", "sent_ref"):
            tx.db.run(f"DELETE FROM {table} WHERE account_id=? AND submission_id=?", (self.account, self.submission))  # noqa: S608 - names of our own
        _moved(tx, self.account, modseq, self.submission, ChangeOp.DESTROYED)


def _hold(tx: Tx, account: int, submission: int) -> Hold:
    row = tx.db.one("SELECT hold FROM submission WHERE account_id=? AND submission_id=?", (account, submission))
    if row is None:
        raise Refusal(Reason.NOT_FOUND, "There is no such submission")
    return Hold(row[0])


def _opened(tx: Tx, keys: Keys, account: int, submission: int) -> tuple[AccountKey, Doc] | None:
    """A submission's sealed part and the key that opened it; None: the submission is not known any more."""
    row = tx.db.one("SELECT key_no, doc_enc FROM submission WHERE account_id=? AND submission_id=?", (account, submission))
    if row is None:
        return None
    key = keys.numbered(account, row[0])
    return key, _decode(key.open(OUTBOX, submission, row[1]))


def _rewrite(tx: Tx, key: AccountKey, account: int, submission: int, doc: Doc) -> None:
    """The sealed part anew; readers are told."""
    sealed = key.seal(OUTBOX, submission, _encode(doc))
    tx.db.run("UPDATE submission SET doc_enc=? WHERE account_id=? AND submission_id=?", (sealed, account, submission))
    _move(tx, account, submission, "hold=hold")


def _move(tx: Tx, account: int, submission: int, change: str) -> None:
    modseq = clock.tick(tx, account)
    tx.db.run(
        f"UPDATE submission SET {change}, modseq=? WHERE account_id=? AND submission_id=?",  # noqa: S608 - words of our own
        (modseq, account, submission),
    )
    _moved(tx, account, modseq, submission, ChangeOp.UPDATED)


def _moved(tx: Tx, account: int, modseq: int, submission: int, op: ChangeOp) -> None:
    tx.db.run("UPDATE account SET submission_modseq=? WHERE account_id=?", (modseq, account))
    clock.note(tx, account, modseq, ChangeKind.SUBMISSION, submission, op)


def _drop_pieces(tx: Tx, account: int, submission: int) -> None:
    tx.db.run("DELETE FROM submission_piece WHERE account_id=? AND submission_id=?", (account, submission))


def prune(tx: Tx) -> None:
    """Forget what ended long ago; a reader of the change log hears of each."""
    rows = tx.db.all(
        "SELECT account_id, submission_id FROM submission WHERE hold>=3 AND release_ms<? LIMIT 500", (tx.now_ms - KEPT_MS,)
    )
    for account, submission in rows:
        try:
            Destroy(account, submission).apply(tx, None)  # type: ignore[arg-type] # it needs no keys
        except Refusal:
            continue  # a suspended account's wait


# ------------------------------------------------------------------------------------------------------- reading
def state(db: Database, account: int) -> Position:
    """When a submission of the account last moved."""
    row = db.one("SELECT epoch, submission_modseq FROM account WHERE account_id=?", (account,))
    if row is None:
        raise clock.missing(account)
    return Position(*row)


def find(db: Database, account: int, keys: Keys, ids: list[int] | None, after: int, limit: int) -> list[Submission]:
    """Those that are named, or all beyond ``after``, in order of their ids."""
    where, values = "submission_id>?", [account, after]  # type: tuple[str, list[Any]]
    if ids is not None:
        where += f" AND submission_id IN ({', '.join('?' * len(ids))})"
        values += ids
    rows = db.all(
        f"SELECT {_COLUMNS} FROM submission WHERE account_id=? AND {where} ORDER BY submission_id LIMIT ?",  # noqa: S608 - marks only
        (*values, limit),
    )
    return [_value(row, account, keys) for row in rows]


def of_ref(db: Database, account: int, keys: Keys, ref: bytes) -> Submission | None:
    """The last submission of the message with this Message-ID (see ``Submit``)."""
    row = db.one("SELECT submission_id FROM sent_ref WHERE account_id=? AND ref=?", (account, ref))
    return next(iter(find(db, account, keys, [row[0]], 0, 1)), None) if row is not None else None


def _value(row: tuple[Any, ...], account: int, keys: Keys) -> Submission:
    submission, email, thread, created, release, hold, modseq, key_no, size, sealed = row
    doc = _decode(keys.numbered(account, key_no).open(OUTBOX, submission, sealed))
    recipients = tuple(
        RecipientStatus(one.address, one.options, Progress(one.progress), one.hop, one.reply, one.at_ms, one.is_displayed) for one in doc.recipients
    )
    return Submission(
        SubmissionId(submission), EmailId(email), ThreadId(thread), doc.identity, doc.reverse_path, doc.options, recipients, created,
        release, Hold(hold), modseq, size, tuple(map(EmailId, doc.notices)), tuple(map(EmailId, doc.receipts)),
    )


def octets(db: Database, account: int, keys: Keys, submission: int) -> bytes:
    """The message, while it has not left. NOT_FOUND."""
    with db.snapshot():
        row = db.one("SELECT key_no, size FROM submission WHERE account_id=? AND submission_id=?", (account, submission))
        pieces = db.all(
            "SELECT number, octets FROM submission_piece WHERE account_id=? AND submission_id=? ORDER BY number", (account, submission)
        )
    if row is None or not pieces:
        raise Refusal(Reason.NOT_FOUND, "This message has left")
    key = keys.numbered(account, row[0])
    return b"".join(key.open(QUEUE, submission, piece, number) for number, piece in pieces)


def due(db: Database, now_ms: int, limit: int) -> list[tuple[int, int]]:
    """(account, submission) of what is to leave now."""
    return db.all("SELECT account_id, submission_id FROM submission WHERE hold<3 AND release_ms<=? ORDER BY release_ms LIMIT ?", (now_ms, limit))
