"""The queue file: messages on their way to a next hop (STORAGE §7, embedded).

One row a recipient; the message once, sealed with the sender's key in pieces of 1 MiB. Owned by the directory's owner.
Enqueue is durable before it is answered and harmless to repeat. A message goes with its last recipient.
"""

from typing import Any, ClassVar, Final

import msgspec

from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId, SubmissionId
from mailstead.store.engine.sqlite import Database
from mailstead.store.engine.writer import Tx
from mailstead.store.interface import QueueEntry, QueueFilter
from mailstead.store.keys import Keys
from mailstead.store.mail.operation import Operation
from mailstead.store.seal import QUEUE

PIECE_OCTETS: Final = 1 << 20
_encode = msgspec.msgpack.Encoder().encode
_options = msgspec.msgpack.Decoder(dict[str, str]).decode
_COLUMNS: Final = (
    "e.entry_id, e.submission_id, m.account_id, m.reverse_path, e.forward_path, e.options, m.created_ms, m.expires_ms,"
    " e.due_ms, e.attempts, e.last_error, m.size, e.held"
)


class Enqueue(Operation):
    """``pieces`` are sealed; ``entries``: (id, forward path, options)."""

    submission: int
    account: int
    reverse_path: str
    expires_ms: int
    size: int
    key: int
    pieces: list[bytes]
    entries: list[tuple[int, str, dict[str, str]]]
    is_once: ClassVar = True

    def octets(self) -> int:
        return sum(map(len, self.pieces))

    def apply(self, tx: Tx, keys: Keys) -> None:  # noqa: ARG002 - the signature of all
        if tx.db.one("SELECT 1 FROM message WHERE submission_id=?", (self.submission,)):
            return
        tx.db.run(
            "INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (self.submission, self.account, self.reverse_path, tx.now_ms, self.expires_ms, self.size, self.key,
             len(self.pieces), len(self.entries)),
        )
        tx.db.many("INSERT INTO piece VALUES (?, ?, ?)", ((self.submission, n, piece) for n, piece in enumerate(self.pieces)))
        tx.db.many(
            "INSERT INTO entry VALUES (?, ?, ?, ?, ?, 0, '', 0)",
            ((entry, self.submission, path, _encode(options), tx.now_ms) for entry, path, options in self.entries),
        )


class Finish(Operation):
    """``done`` are gone; ``deferred``: (entry, due_ms, last_error)."""

    done: list[int]
    deferred: list[tuple[int, int, str]]
    is_once: ClassVar = True

    def apply(self, tx: Tx, keys: Keys) -> None:  # noqa: ARG002 - the signature of all
        tx.db.many(
            "UPDATE entry SET due_ms=?, last_error=?, attempts=attempts+1 WHERE entry_id=?",
            ((due, error[:500], entry) for entry, due, error in self.deferred),
        )
        for entry in self.done:
            row = tx.db.one("DELETE FROM entry WHERE entry_id=? RETURNING submission_id", (entry,))
            if row is None:
                continue
            left = tx.db.one("UPDATE message SET entries=entries-1 WHERE submission_id=? RETURNING entries", row)
            if left is not None and left[0] <= 0:
                tx.db.run("DELETE FROM message WHERE submission_id=?", row)
                tx.db.run("DELETE FROM piece WHERE submission_id=?", row)


class Steer(Operation):
    """``held``: not to be tried; else due now."""

    entries: list[int]
    held: bool
    returns: ClassVar = int
    is_once: ClassVar = True

    def apply(self, tx: Tx, keys: Keys) -> int:  # noqa: ARG002 - the signature of all
        found = 0
        for entry in self.entries:
            if self.held:
                tx.db.run("UPDATE entry SET held=1 WHERE entry_id=?", (entry,))
            else:
                tx.db.run("UPDATE entry SET held=0, due_ms=? WHERE entry_id=?", (tx.now_ms, entry))
            found += tx.db.changed()
        return found


class Forget(Operation):
    """Everything an account had waiting: its key is gone, nobody can read it."""

    account: int
    is_once: ClassVar = True

    def apply(self, tx: Tx, keys: Keys) -> None:  # noqa: ARG002 - the signature of all
        for (submission,) in tx.db.all("SELECT submission_id FROM message WHERE account_id=?", (self.account,)):
            for table in ("entry", "piece", "message"):
                tx.db.run(f"DELETE FROM {table} WHERE submission_id=?", (submission,))  # noqa: S608 - names of our own


def _entry(row: tuple[Any, ...]) -> QueueEntry:
    (entry, submission, account, reverse, forward, options, created, expires, due, attempts, error, size, held) = row
    return QueueEntry(
        entry, SubmissionId(submission), AccountId(account), reverse, forward, _options(options), created, expires, due,
        attempts, error, size, bool(held),
    )


def due(db: Database, now_ms: int, limit: int) -> list[QueueEntry]:
    """What may be tried now, longest due first."""
    return [_entry(row) for row in db.all(
        f"SELECT {_COLUMNS} FROM entry e JOIN message m USING (submission_id) WHERE e.held=0 AND e.due_ms<=?"  # noqa: S608
        " ORDER BY e.due_ms LIMIT ?", (now_ms, limit))]


def entries(db: Database, account: int | None, limit: int) -> list[QueueEntry]:
    """What waits, in order of arrival."""
    return [_entry(row) for row in db.all(
        f"SELECT {_COLUMNS} FROM entry e JOIN message m USING (submission_id)"  # noqa: S608
        " WHERE ?1 IS NULL OR m.account_id=?1 ORDER BY e.entry_id LIMIT ?2", (account, limit))]


def find(db: Database, wanted: QueueFilter, after: int, limit: int) -> list[QueueEntry]:
    """What waits and is meant, in order of arrival."""
    conditions, values = ["e.entry_id>?"], [after]  # type: tuple[list[str], list[Any]]
    if wanted.submissions:
        conditions.append(f"e.submission_id IN ({', '.join('?' * len(wanted.submissions))})")
        values += wanted.submissions
    if wanted.domain:
        conditions.append("lower(substr(e.forward_path, -length(?)-1)) = '@' || ?")
        values += [wanted.domain, wanted.domain]
    if wanted.sender:
        conditions.append("lower(m.reverse_path)=lower(?)")
        values.append(wanted.sender)
    if wanted.held is not None:
        conditions.append("e.held=?")
        values.append(int(wanted.held))
    return [_entry(row) for row in db.all(
        f"SELECT {_COLUMNS} FROM entry e JOIN message m USING (submission_id) WHERE {' AND '.join(conditions)}"  # noqa: S608
        " ORDER BY e.entry_id LIMIT ?", (*values, limit))]


def octets(db: Database, keys: Keys, entry: QueueEntry) -> bytes:
    """The message of an entry."""
    row = db.one("SELECT key_no FROM message WHERE submission_id=?", (entry.submission_id,))
    if row is None:
        raise Refusal(Reason.NOT_FOUND, "This message has left the queue")
    key = keys.numbered(entry.account_id, row[0])
    pieces = db.all("SELECT octets, number FROM piece WHERE submission_id=? ORDER BY number", (entry.submission_id,))
    return b"".join(key.open(QUEUE, entry.submission_id, piece, number) for piece, number in pieces)
