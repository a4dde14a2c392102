"""Looking into the queue."""

from collections.abc import Collection, Sequence
from typing import Any, Final

import msgspec

from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId, SubmissionId, TenantId
from mailstead.store.engine.sqlite import Database
from mailstead.store.interface import (
    QueueEntry,
    QueueFilter,
    QueueHold,
    QueueJob,
    QueueMessage,
    QueueRecipient,
    QueueWaiting,
)
from mailstead.store.keys import Keys
from mailstead.store.queue.operations import read_rcpts
from mailstead.store.seal import QUEUE

_COLUMNS: Final = (
    "j.job_id, j.shard, j.route, j.domain, j.prio, j.due_ms, j.check_ms, j.attempts, j.held, j.rcpts, m.submission_id, m.account_id, m.tenant_id,"
    " m.reverse_path, m.options, m.created_ms, m.expires_ms, m.size, m.is_reported, m.number"
)
_TABLES: Final = "q_job j JOIN q_mail m ON m.number=j.mail"
_options = msgspec.msgpack.Decoder(dict[str, str]).decode
_NONE: Final[dict[str, str]] = {}


def _job(row: tuple[Any, ...]) -> QueueJob:
    (job, shard, route, domain, prio, due, check, attempts, held, rcpts, submission, account, tenant, reverse, options, created, expires,
     size, is_reported, number) = row
    message = QueueMessage(
        SubmissionId(submission), AccountId(account), TenantId(tenant), reverse, _options(options) if options else _NONE, created, expires,
        size, bool(is_reported), number,
    )
    recipients = tuple(QueueRecipient(one.number, one.address, one.options, one.error) for one in read_rcpts(rcpts))
    return QueueJob(job, shard, route, domain, prio, due, check, attempts, bool(held), message, recipients)


def newer(db: Database, after: int, shards: Collection[int], limit: int) -> tuple[list[QueueWaiting], int]:
    """What waits beyond number ``after``, of ``limit`` jobs of all shards, and the last number that was looked at."""
    row = db.one("SELECT max(job_id) FROM (SELECT job_id FROM q_job WHERE job_id>? ORDER BY job_id LIMIT ?)", (after, limit))
    if row is None or row[0] is None:
        return [], after
    marks = ", ".join("?" * len(shards))
    rows = db.each(
        f"SELECT job_id, shard, route, prio, tenant_id, account_id, due_ms FROM q_job WHERE held=0 AND shard IN ({marks})"  # noqa: S608
        " AND job_id>? AND job_id<=? ORDER BY job_id", (*shards, after, row[0]),
    )
    return list(map(QueueWaiting._make, rows)), int(row[0])


def newest(db: Database) -> int:
    """The highest number given so far."""
    row = db.one("SELECT seq FROM sqlite_sequence WHERE name='q_job'")
    return int(row[0]) if row else 0


def jobs(db: Database, numbers: Sequence[int]) -> list[QueueJob]:
    """These jobs, as far as they are still there; in order of their numbers."""
    marks = ", ".join("?" * len(numbers))
    return [_job(row) for row in db.all(f"SELECT {_COLUMNS} FROM {_TABLES} WHERE j.job_id IN ({marks})", tuple(numbers))]  # noqa: S608


def aged(db: Database, now_ms: int, shards: Collection[int], limit: int) -> list[QueueJob]:
    """Jobs at whose age somebody has to look."""
    marks = ", ".join("?" * len(shards))
    return [_job(row) for row in db.all(
        f"SELECT {_COLUMNS} FROM {_TABLES} WHERE j.check_ms<=? AND j.held=0 AND j.shard IN ({marks})"  # noqa: S608
        " ORDER BY j.check_ms LIMIT ?", (now_ms, *shards, limit))]


def holds(db: Database) -> list[QueueHold]:
    """What is known about sites."""
    return [QueueHold(*row) for row in db.all("SELECT site, hold_until_ms, failures, reason, shaping, at_ms FROM q_route")]


def find(db: Database, wanted: QueueFilter, after: tuple[int, int], limit: int) -> list[QueueEntry]:
    """Recipients that are meant, in order of arrival of their jobs."""
    conditions, values = ["j.job_id>=?"], [after[0]]  # type: tuple[list[str], list[Any]]
    if wanted.submissions:
        marks = ", ".join("?" * len(wanted.submissions))
        conditions.append(f"j.mail IN (SELECT mail FROM q_known WHERE submission_id IN ({marks}))")  # noqa: S608
        values += wanted.submissions
    if wanted.domain:
        conditions.append("j.domain=?")
        values.append(wanted.domain)
    if wanted.sender:
        conditions.append("lower(m.reverse_path)=lower(?)")
        values.append(wanted.sender)
    if wanted.account is not None:
        conditions.append("j.account_id=?")
        values.append(wanted.account)
    if wanted.tenant is not None:
        conditions.append("j.tenant_id=?")
        values.append(wanted.tenant)
    if wanted.held is not None:
        conditions.append("j.held=?")
        values.append(int(wanted.held))
    found: list[QueueEntry] = []
    for row in db.each(
        f"SELECT {_COLUMNS} FROM {_TABLES} WHERE {' AND '.join(conditions)} ORDER BY j.job_id",  # noqa: S608
        tuple(values),
    ):
        job = _job(row)
        for recipient in job.recipients:
            if (job.job_id, recipient.number) <= after:
                continue
            found.append(job.entry(recipient))
            if len(found) >= limit:
                return found
    return found


def octets(db: Database, keys: Keys, message: QueueMessage) -> bytes:
    """A message. NOT_FOUND."""
    submission = message.submission_id
    row = db.one("SELECT account_id, key_no, pieces, body FROM q_mail WHERE number=? AND submission_id=?", (message.number, submission))
    if row is None:
        raise Refusal(Reason.NOT_FOUND, "This message has left the queue")
    account, number, count, body = row
    key = keys.numbered(account, number)
    if not count:
        return key.open(QUEUE, submission, body, 0)
    pieces = db.all("SELECT octets, number FROM q_piece WHERE submission_id=? ORDER BY number", (submission,))
    return b"".join(key.open(QUEUE, submission, piece, number) for piece, number in pieces)


def counts(db: Database) -> tuple[int, int, int]:
    """(messages, jobs, jobs that are held)."""
    row = db.one("SELECT (SELECT count(*) FROM q_mail), (SELECT count(*) FROM q_job), (SELECT count(*) FROM q_job WHERE held=1)")
    return (int(row[0]), int(row[1]), int(row[2])) if row else (0, 0, 0)
