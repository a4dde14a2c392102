"""What happens to the queue, as values for its writer."""

import zlib
from collections.abc import Callable, Collection
from typing import Any, ClassVar, Final

import msgspec

from mailstead.model.address import domain_key
from mailstead.model.errors import Unavailable
from mailstead.store.engine.sqlite import Database
from mailstead.store.engine.writer import Tx
from mailstead.store.keys import Keys
from mailstead.store.mail.operation import Operation

SHARDS: Final = 16
PIECE_OCTETS: Final = 1 << 20
CAME: Final = -1
"""In the news of a commit: there are new jobs."""
STEERED: Final = -2
"""In the news of a commit: somebody has changed what waits."""
ACCEPTED_MS: Final = 14 * 24 * 3600 * 1000
"""So long an accept id is remembered."""
_LOCAL: Final = "@local"
_ACCEPT_OCTETS: Final = 8
"""So much of an accept id tells one from the other of the same submission."""
_PRUNE_EVERY: Final = 256
_PRUNE_ROWS: Final = 4_096
_SPREAD: Final = 0x9E3779B97F4A7C15
_encode = msgspec.msgpack.Encoder().encode
_options = msgspec.msgpack.Decoder(dict[str, str]).decode


class Rcpt(msgspec.Struct, array_like=True, omit_defaults=True):
    """A recipient. ``number``: its place in the message; ``error``: what the last try gave."""

    number: int
    address: str
    options: dict[str, str] = {}
    error: str = ""


class NewJob(msgspec.Struct, array_like=True):
    """``check_ms``: when somebody has to look at its age next."""

    shard: int
    route: str
    domain: str
    prio: int
    due_ms: int
    check_ms: int
    rcpts: list[Rcpt]


class Enqueue(Operation):
    """``pieces`` are sealed. Known ``accept`` ids change nothing, also after the message has left.

    Rows go to the end of each tree; only ``q_known``, where a submission is found again, has its place by a number that may be a hash.
    """

    accept: bytes
    submission: int
    account: int
    tenant: int
    reverse_path: str
    options: dict[str, str]
    created_ms: int
    expires_ms: int
    size: int
    key: int
    is_reported: bool
    pieces: list[bytes]
    jobs: list[NewJob]
    is_once: ClassVar = True

    def octets(self) -> int:
        return sum(map(len, self.pieces))

    def apply(self, tx: Tx, keys: Keys) -> None:  # noqa: ARG002 - the signature of all
        accept = self.accept[-_ACCEPT_OCTETS:]
        known = tx.db.one("SELECT accept, mail FROM q_known WHERE submission_id=?", (self.submission,))
        if known is not None and (known[0] in {accept, b""} or tx.db.one("SELECT 1 FROM q_mail WHERE number=?", (known[1],))):
            return
        is_short = len(self.pieces) == 1
        row = tx.db.one(
            "INSERT INTO q_mail VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING number",
            (self.submission, self.account, self.tenant, self.reverse_path, _encode(self.options) if self.options else None, self.created_ms,
             self.expires_ms, self.size, self.key, self.is_reported, len(self.jobs), 0 if is_short else len(self.pieces),
             self.pieces[0] if is_short else None),
        )
        mail = int(row[0]) if row else 0
        tx.db.run("INSERT OR REPLACE INTO q_known VALUES (?, ?, ?, ?)", (self.submission, mail, accept, tx.now_ms))
        if not is_short:
            tx.db.many("INSERT INTO q_piece VALUES (?, ?, ?)", ((self.submission, n, piece) for n, piece in enumerate(self.pieces)))
        for job in self.jobs:
            tx.db.run(
                "INSERT INTO q_job VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?)",
                (job.shard, mail, self.account, self.tenant, job.route, job.domain, job.prio, job.due_ms, job.check_ms,
                 _encode(job.rcpts)),
            )
        tx.news[CAME] = 1
        if mail % _PRUNE_EVERY == 0:
            # A few of all, wherever chance has it: whatever is old is met sooner or later, and nobody waits for a pass through all.
            tx.db.run(
                "DELETE FROM q_known WHERE submission_id IN (SELECT submission_id FROM (SELECT * FROM q_known WHERE submission_id>=?"
                " ORDER BY submission_id LIMIT ?) k WHERE k.at<? AND NOT EXISTS (SELECT 1 FROM q_mail WHERE number=k.mail))",
                (mail * _SPREAD >> 1 & (1 << 63) - 1, _PRUNE_ROWS, tx.now_ms - ACCEPTED_MS),
            )


class Deferred(msgspec.Struct, array_like=True):
    """A job that is tried again."""

    job: int
    due_ms: int
    check_ms: int
    attempts: int
    rcpts: list[Rcpt]


class Finish(Operation):
    """Results of one owner, all or nothing. ``fences``: (shard, epoch) under which they were reached; refused as a whole when one is old."""

    fences: list[tuple[int, int]]
    done: list[int]
    deferred: list[Deferred]
    is_once: ClassVar = True

    def apply(self, tx: Tx, keys: Keys) -> None:  # noqa: ARG002 - the signature of all
        for shard, epoch in self.fences:
            row = tx.db.one("SELECT epoch FROM q_shard WHERE shard=?", (shard,))
            if row is None or row[0] != epoch:
                raise Unavailable("", f"queue shard {shard} has another owner now")
        tx.db.many(
            "UPDATE q_job SET due_ms=?, check_ms=?, attempts=?, rcpts=? WHERE job_id=?",
            ((one.due_ms, one.check_ms, one.attempts, _encode(one.rcpts), one.job) for one in self.deferred),
        )
        _remove(tx.db, self.done)


def _remove(db: Database, jobs: list[int]) -> int:
    count = 0
    for job in jobs:
        row = db.one("DELETE FROM q_job WHERE job_id=? RETURNING mail", (job,))
        if row is None:
            continue
        count += 1
        gone = db.one("DELETE FROM q_mail WHERE number=? AND jobs<=1 RETURNING submission_id, pieces", row)
        if gone is None:
            db.run("UPDATE q_mail SET jobs=jobs-1 WHERE number=?", row)
        elif gone[1]:
            db.run("DELETE FROM q_piece WHERE submission_id=?", gone[:1])
    return count


class Own(Operation):
    """``owner`` takes these shards: gives (shard, its new epoch)."""

    owner: str
    shards: list[int]
    returns: ClassVar = list[tuple[int, int]]
    is_once: ClassVar = True

    def apply(self, tx: Tx, keys: Keys) -> list[tuple[int, int]]:  # noqa: ARG002 - the signature of all
        found = []
        for shard in self.shards:
            row = tx.db.one(
                "INSERT INTO q_shard VALUES (?1, ?2, 1, 0) ON CONFLICT (shard) DO UPDATE SET epoch=epoch+(owner<>?2), owner=?2"
                " RETURNING epoch", (shard, self.owner),
            )
            found.append((shard, int(row[0]) if row else 0))
        return found


class HoldRoute(Operation):
    """A whole site put off (STORAGE R10): one row. ``until_ms`` 0: no longer. ``shaping``: what was learnt about it."""

    site: str
    until_ms: int
    failures: int
    reason: str
    shaping: bytes
    is_once: ClassVar = True

    def apply(self, tx: Tx, keys: Keys) -> None:  # noqa: ARG002 - the signature of all
        tx.db.run(
            "INSERT OR REPLACE INTO q_route VALUES (?, ?, ?, ?, ?, ?)",
            (self.site, self.until_ms, self.failures, self.reason[:500], self.shaping, tx.now_ms),
        )


class Steer(Operation):
    """``what``: ``hold``, ``release`` (what is held is due now), ``retry`` (due now), ``delete``, ``reroute`` (to ``route``). ``entries``: (job,
    numbers of recipients; none: all). A job of which only some recipients are meant is cut in two. How many recipients that were."""

    what: str
    entries: list[tuple[int, list[int]]]
    route: str = ""
    returns: ClassVar = int
    is_once: ClassVar = True

    def apply(self, tx: Tx, keys: Keys) -> int:  # noqa: ARG002 - the signature of all
        count = 0
        for job, numbers in self.entries:
            row = tx.db.one("SELECT rcpts FROM q_job WHERE job_id=?", (job,))
            if row is None:
                continue
            rcpts = read_rcpts(row[0])
            meant = [one for one in rcpts if not numbers or one.number in numbers]
            rest = [one for one in rcpts if numbers and one.number not in numbers]
            if not meant:
                continue
            count += len(meant)
            if rest:
                job = _cut(tx.db, job, meant, rest)
            match self.what:
                case "hold":
                    tx.db.run("UPDATE q_job SET held=1 WHERE job_id=?", (job,))
                case "release" | "retry":
                    tx.db.run("UPDATE q_job SET held=CASE WHEN ?='retry' THEN held ELSE 0 END, due_ms=? WHERE job_id=?", (self.what, tx.now_ms, job))
                case "reroute":
                    tx.db.run("UPDATE q_job SET route=?, due_ms=? WHERE job_id=?", (self.route, tx.now_ms, job))
                case _:
                    _remove(tx.db, [job])
        tx.news[STEERED] = 1
        return count


def _cut(db: Database, job: int, meant: list[Rcpt], rest: list[Rcpt]) -> int:
    """A job of their own for ``meant``; its number."""
    db.run("UPDATE q_job SET rcpts=? WHERE job_id=?", (_encode(rest), job))
    row = db.one(
        "INSERT INTO q_job SELECT NULL, shard, mail, account_id, tenant_id, route, domain, prio, due_ms, check_ms, attempts, held, ?"
        " FROM q_job WHERE job_id=? RETURNING job_id, mail", (_encode(meant), job),
    )
    if row is None:
        raise RuntimeError("the job went away")
    db.run("UPDATE q_mail SET jobs=jobs+1 WHERE number=?", (row[1],))
    return int(row[0])


class Forget(Operation):
    """Everything an account had waiting: its key is gone, nobody can read it."""

    account: int
    is_once: ClassVar = True

    def apply(self, tx: Tx, keys: Keys) -> None:  # noqa: ARG002 - the signature of all
        for number, submission in tx.db.all("SELECT number, submission_id FROM q_mail WHERE account_id=?", (self.account,)):
            tx.db.run("DELETE FROM q_job WHERE mail=?", (number,))
            tx.db.run("DELETE FROM q_piece WHERE submission_id=?", (submission,))
            tx.db.run("DELETE FROM q_mail WHERE number=?", (number,))
        tx.news[STEERED] = 1


read_rcpts = msgspec.msgpack.Decoder(list[Rcpt]).decode


def bring_forward(db: Database, ours: Callable[[], Collection[str]] = tuple) -> None:
    """What the first schema had waiting, as jobs: one for each recipient, all of a domain in its shard, so that one scheduler has them. ``ours`` gives the domains
    whose mail ends here (bounces to our own authors waited among the rest)."""
    rows: list[tuple[Any, ...]] = db.all("SELECT submission_id FROM message")
    local = ours() if rows else ()
    for (submission,) in rows:
        with db.transaction():
            row = db.one("SELECT account_id, reverse_path, created_ms, expires_ms, size, key_no, pieces FROM message WHERE submission_id=?", (submission,))
            if row is None:
                continue
            account, reverse_path, created, expires, size, key, pieces = row
            entries = db.all("SELECT forward_path, options, due_ms, attempts, last_error, held FROM entry WHERE submission_id=?", (submission,))
            mail = 0
            if entries:
                row = db.one(
                    "INSERT INTO q_mail VALUES (NULL, ?, ?, 0, ?, NULL, ?, ?, ?, ?, 0, ?, ?, NULL) RETURNING number",
                    (submission, account, reverse_path, created, expires, size, key, len(entries), pieces),
                )
                mail = int(row[0]) if row else 0
                db.run("INSERT OR REPLACE INTO q_known VALUES (?, ?, X'', ?)", (submission, mail, created))
                db.run("INSERT OR IGNORE INTO q_piece SELECT submission_id, number, octets FROM piece WHERE submission_id=?", (submission,))
            for number, (path, options, due, attempts, error, held) in enumerate(entries):
                domain = domain_key(path.rpartition("@")[2])
                db.run(
                    "INSERT INTO q_job VALUES (NULL, ?, ?, ?, 0, ?, ?, 0, ?, ?, ?, ?, ?)",
                    (zlib.crc32(domain.encode()) % SHARDS, mail, account, _LOCAL if domain in local else domain, domain, due, expires, attempts, held,
                     _encode([Rcpt(number, path, _options(options), error)])),
                )
            for table in ("entry", "piece", "message"):
                db.run(f"DELETE FROM {table} WHERE submission_id=?", (submission,))  # noqa: S608 - names of our own
