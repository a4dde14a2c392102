"""The embedded home: one data directory, this process's share of it.

::

    dir.db            directory            queue-00.db   the outbound queue
    keys.db           account keys         keys/         the master key, unless it is kept elsewhere
    mail-NNN.db       account data         seg/NNN/      its messages       obj/   large ones
    run/              locks and sockets    tmp/          messages on their way in

Worker i of n owns the shards s with s mod n = i; worker 0 also the directory, the keys and the queue. To own is to hold
the lock and to have the writer. Everybody reads everything (snapshots of the write-ahead log).
"""

import asyncio
import itertools
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from mailstead import telemetry
from mailstead.model.errors import DiskReserve, Reason, Refusal, Unavailable
from mailstead.model.ids import AccountId, Ids
from mailstead.model.progress import Progress
from mailstead.store import backup, handover, repair, verify
from mailstead.store.blob.objects import Objects
from mailstead.store.directory.embedded import EmbeddedDirectory
from mailstead.store.directory.operations import DEFAULT_TENANT, AdoptSecrets
from mailstead.store.directory.outbound import EmbeddedOutbound
from mailstead.store.directory.principals import AdvancePrincipals
from mailstead.store.directory.reader import Reader
from mailstead.store.directory.web import EmbeddedWebLogins
from mailstead.store.engine import sqlite
from mailstead.store.engine.files import Files, make_folder, unavailable
from mailstead.store.engine.lock import Lock
from mailstead.store.engine.sqlite import Database
from mailstead.store.engine.writer import Tx, Writer
from mailstead.store.interface import News, shard_file
from mailstead.store.keys import Keys, add_master, begin_site, drop_masters, make_master
from mailstead.store.mail.embedded import EmbeddedMail
from mailstead.store.mail.embedded_emails import EmbeddedEmails
from mailstead.store.mail.embedded_objects import EmbeddedObjects
from mailstead.store.mail.embedded_shares import EmbeddedShares
from mailstead.store.mail.operation import Operation
from mailstead.store.maintenance import Maintenance
from mailstead.store.queue import operations as queue
from mailstead.store.queue.embedded import EmbeddedQueue
from mailstead.store.schema import directory, migrate, shard, upgrade
from mailstead.store.seal import Words
from mailstead.store.search.indexer import Indexer
from mailstead.store.search.query import Finder
from mailstead.store.shard import Shard
from mailstead.store.spool import FileSpool
from mailstead.store.stopping import Stopping
from mailstead.store.submitting import EmbeddedSubmissions
from mailstead.store.uploads import Uploads
from mailstead.telemetry.record import ERROR

Send = Callable[[int, bytes], Awaitable[bytes]]
Post = Callable[[int, bytes], None]
LOCK_WAIT_S: Final = 30.0
_TRY_AGAIN_S: Final = 1.0
_TRY_AGAIN_MOST_S: Final = 30.0
_LOOK_AT_DISK_MS: Final = 1_000
_MASTER: Final = "keys/master.key"
_REWRAP: Final = 500


def clock_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def create(data: Path, *, shards: int = 4, files: Files | None = None, master: Path | None = None) -> None:
    """Make a data directory. Refuses one that is there already (ALREADY_EXISTS)."""
    files = files or Files()
    if (data / "dir.db").exists():
        raise Refusal(Reason.ALREADY_EXISTS, f"{data} is a mailstead data directory already")
    for folder in ("run", "tmp", "seg", "obj", "idx"):
        make_folder(data / folder, files)
    if master is None:
        master = data / _MASTER
    if not master.exists():
        make_master(master, files)
    for path, steps in (
        (data / "keys.db", directory.KEY_STEPS), (data / "queue-00.db", directory.QUEUE_STEPS),
        *((data / shard_file(number), shard.STEPS) for number in range(shards)),
    ):
        db = Database(path, write=True, vfs=files.vfs)
        migrate(db, steps)
        if steps is directory.KEY_STEPS:
            with db.transaction():
                begin_site(db, master)
        db.close()
    # The directory comes last: a data directory is one when it has it.
    unfinished = data / "dir.db.new"
    for left in (unfinished, Path(f"{unfinished}-wal"), Path(f"{unfinished}-shm")):
        left.unlink(missing_ok=True)
    db = Database(unfinished, write=True, vfs=files.vfs)
    migrate(db, directory.STEPS)
    with db.transaction():
        db.run("INSERT INTO site VALUES ('shards', ?)", (str(shards),))
        db.run("INSERT INTO tenant VALUES (?, 'default', 0, 0)", (int(DEFAULT_TENANT),))
    db.checkpoint()
    db.close()
    files.replace(unfinished, data / "dir.db")
    files.sync_folder(data)


class Embedded:
    """See ``interface.Store``. ``send(worker, request)`` reaches another worker and brings its answer; ``post`` sends it
    news and does not wait."""

    def __init__(
        self, data: Path, *, worker: int = 0, workers: int = 1, send: Send | None = None, post: Post | None = None,
        now_ms: Callable[[], int] = clock_ms, files: Files | None = None, master: Path | None = None,
        disk_reserve: int = 0, lock_wait_s: float = LOCK_WAIT_S,
    ) -> None:
        self.data = data
        self._lock_wait_s = lock_wait_s
        self._failed: dict[int, str] = {}
        """Shards of ours that could not be opened, and why."""
        self._has_failed = asyncio.Event()
        self._opening = asyncio.Lock()
        """One shard at a time is closed, mended and opened anew."""
        self.worker = worker
        self.workers = workers
        self.files = files or Files()
        self.now_ms = now_ms
        self._send = send
        self._post = post
        self._reserve_octets = disk_reserve
        self._looked_ms = 0
        self._is_low = False
        self._watchers: dict[int, set[News]] = {}
        self._locks: list[Lock] = []
        self._chores: list[asyncio.Task[None]] = []
        self._writers: dict[int, Writer] = {}
        self.pool = ThreadPoolExecutor(2, "store")
        vfs = self.files.vfs
        self.reader = Reader(data / "dir.db", vfs, now_ms)
        self.shards = [Shard(data, number, self.files) for number in range(_shards_of(data, vfs))]
        self._master = master or data / _MASTER
        self.keys = Keys(data / "keys.db", self._master, vfs)
        self.objects = Objects(data / "obj", self.files)
        self._stopping = Stopping()
        ids = Ids(worker, now_ms)
        self.ids = ids
        self.indexer = Indexer(data / "idx", self.keys, self.objects, lambda account: self.mail.shard(AccountId(account)), self._stopping)
        self.web_logins = EmbeddedWebLogins(self.reader, self.write, self.keys)
        self.outbound = EmbeddedOutbound(self.reader, self.write, self.keys)
        self.uploads = Uploads(data / "up", self.files, self.keys, self.pool, self.check_disk)
        self.directory = EmbeddedDirectory(self.reader, self.write, ids, len(self.shards), self._forget, self.keys)
        self.mail = EmbeddedMail(
            directory=self.reader, shards=self.shards, keys=self.keys, objects=self.objects, ids=ids, write=self.write,
            reserve=self.check_disk, now_ms=now_ms, pool=self.pool, indexer=self.indexer,
        )
        self.submissions = EmbeddedSubmissions(self.mail, self.shards, self.keys, self.objects, self.write, self.check_disk)
        self.kept = EmbeddedObjects(self.mail, self.shards, self.keys)
        self.shares = EmbeddedShares(self.mail, self.reader, self._note)
        self.finder = Finder(self.keys, self.objects, data / "idx", self._stopping)
        self.emails = EmbeddedEmails(self.mail, keys=self.keys, finder=self.finder, indexer=self.indexer)
        self.maintenance = Maintenance(data, self.keys, self.objects, self.files, now_ms, self._stopping)
        self._queue_watchers: list[Callable[[bool], None]] = []
        self.queue = EmbeddedQueue(
            data / "queue-00.db", vfs, self.keys, owner=f"{worker} {os.urandom(8).hex()}", worker=worker, workers=workers,
            write=lambda operation: self.write(handover.QUEUE, operation), reserve=self.check_disk,
        )

    # ------------------------------------------------------------------------------------------------------- life
    async def start(self) -> None:
        """Take what this process owns. Raises ``Unavailable`` when an earlier owner does not go."""
        make_folder(self.data / "run", self.files)
        make_folder(self.data / "tmp", self.files)
        if self.worker == 0:
            self._locks.append(await Lock.taken(self.data / "run" / "directory.lock", wait_s=self._lock_wait_s))
            for where, name, steps in (
                (handover.DIRECTORY, "dir.db", directory.STEPS), (handover.KEYS, "keys.db", directory.KEY_STEPS),
                (handover.QUEUE, "queue-00.db", directory.QUEUE_STEPS),
            ):
                def opened(db: Database, steps: Sequence[str] = steps, where: int = where) -> None:
                    upgrade(db, steps)
                    if where == handover.QUEUE:
                        queue.bring_forward(db, self._domain_names)

                writer = Writer(
                    self.data / name, vfs=self.files.vfs, opened=opened, segments=None, now_ms=self.now_ms, committed=self._committed,
                )
                writer.start()
                self._writers[where] = writer
        await asyncio.gather(*(self._own(one) for one in self.shards if self.owner(one.number) == self.worker))
        if not self.keys.has_adopted():
            await self.write(handover.KEYS, AdoptSecrets())
        self._chores = [
            asyncio.create_task(self.maintenance.run(lambda: self.shards)), asyncio.create_task(self.indexer.run()),
            asyncio.create_task(self._regain()),
        ]

    def _domain_names(self) -> frozenset[str]:
        """Our domains, read in a writer's thread: the reader is the loop's."""
        db = Database(self.data / "dir.db", write=False, vfs=self.files.vfs)
        try:
            return frozenset(row[0] for row in db.all("SELECT name FROM domain"))
        finally:
            db.close()

    async def _own(self, one: Shard, *, wait_s: float | None = None) -> None:
        """A shard that cannot be opened is unavailable; the others go on, and it is tried again unless its file is damaged."""
        try:
            await one.own(self.now_ms, self._committed, wait_s=self._lock_wait_s if wait_s is None else wait_s)
        except Unavailable as exc:
            if self._failed.get(one.number) != exc.cause:
                telemetry.event("shard.failed", shard=one.number, reason=exc.cause, level=ERROR)
            if exc.__cause__ is None or not sqlite.is_damage(exc.__cause__):
                self._failed[one.number] = exc.cause
                self._has_failed.set()
        else:
            if self._failed.pop(one.number, None) is not None:
                telemetry.event("shard.regained", shard=one.number, reason="what kept it from being opened is gone")
        if one.writer is not None and one.writer.is_open:
            self._writers[one.number] = one.writer

    async def _regain(self) -> None:
        """Try shards again that could not be opened: until an earlier owner is gone, a disk is there again, a file has come back."""
        while True:
            await self._has_failed.wait()
            self._has_failed.clear()
            pause_s = _TRY_AGAIN_S
            while self._failed:
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _TRY_AGAIN_MOST_S)
                async with self._opening:
                    for number in tuple(self._failed):
                        await self.shards[number].close()
                        await self._own(self.shards[number], wait_s=0.0)

    def owned(self) -> list[Shard]:
        """The shards this process writes."""
        return [one for one in self.shards if one.number in self._writers]

    async def close(self) -> None:
        self._stopping.begin()
        for chore in self._chores:
            chore.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)
        self.indexer.close()
        self.emails.close()
        for one in self.shards:
            await one.close()
        self.reader.close()
        self.queue.close()
        self.keys.close()
        for writer in self._writers.values():
            await writer.close()
        self.pool.shutdown()
        for lock in self._locks:
            lock.release()
        self._locks.clear()

    def owner(self, where: int) -> int:
        """The worker that writes this file."""
        return where % self.workers if where >= 0 else 0

    def shard_owner_is_here(self, account_shard: int) -> bool:
        return self.owner(account_shard) == self.worker

    def secret(self, purpose: bytes) -> bytes:
        """See ``keys.Keys.secret``."""
        return self.keys.secret(purpose)

    def words(self, purpose: bytes) -> Words:
        """Seals short secrets of the site for one purpose."""
        return Words(self.secret(purpose))

    def spool(self) -> FileSpool:
        return FileSpool(self.data / "tmp")

    def check_disk(self) -> None:
        """Raises ``DiskReserve`` when the disk has less room than the reserve (DECISIONS 17)."""
        if not self._reserve_octets:
            return
        now = self.now_ms()
        if not 0 <= now - self._looked_ms < _LOOK_AT_DISK_MS:
            self._looked_ms = now
            self._is_low = self.files.free_octets(self.data) < self._reserve_octets
        if self._is_low:
            raise DiskReserve("The server's disk is nearly full; try again later", "below [limits] disk_reserve")

    # ------------------------------------------------------------------------------------------------------- writing
    async def write(self, where: int, operation: Operation, op_id: bytes = b"") -> Any:
        """Have the owner of ``where`` make the change; the result is durable."""
        writer = self._writers.get(where)
        if writer is not None:
            return await writer.do(lambda tx: operation.apply(tx, self.keys), operation.octets())
        owner = self.owner(where)
        if owner == self.worker or self._send is None:
            raise Unavailable("This part of the message store is not available", f"file {where} could not be opened")
        telemetry.count("store.handed_over", 1)
        answer = await self._send(owner, handover.request(where, op_id, operation))
        return handover.read_answer(answer, operation)

    async def _note(self, operation: Operation) -> None:
        """A write to the directory, seen here at once."""
        try:
            await self.write(handover.DIRECTORY, operation)
        finally:
            self.reader.forget()

    async def handle(self, request: bytes) -> bytes:
        """A request from another worker; gives the answer's octets, also for failures."""
        try:
            wanted = handover.read_request(request)
            if isinstance(wanted.operation, handover.Mend):
                return handover.done(await self._mend(wanted.where))
            if isinstance(wanted.operation, handover.Advance):
                return handover.done(await self._advance(wanted.where))
            writer = self._writers.get(wanted.where)
            if writer is None:
                raise Unavailable("This part of the message store is not available", f"worker {self.worker} does not own {wanted.where}")
            op_id, operation = wanted.op_id, wanted.operation
            body = await writer.do(lambda tx: handover.once(tx, self.keys, op_id, operation), operation.octets())
        except asyncio.CancelledError:
            raise
        except Exception as exc:
            return handover.refused(exc)
        return handover.encode(handover.Answer("", body=body))

    # ------------------------------------------------------------------------------------------------------- care
    async def backup(self, target: str, *, with_keys: bool, progress: Progress) -> None:
        """See ``backup``; while everything goes on."""
        def run() -> None:
            backup.backup(self.data, Path(target), self.files, with_keys=with_keys, progress=self._stopping.told(progress))

        try:
            await asyncio.get_running_loop().run_in_executor(self.pool, run)
        except OSError as exc:
            raise unavailable(exc) from exc

    async def rotate_master(self, progress: Progress) -> int:
        """Seal every account key by a new master key and forget the old one; gives the number of accounts. May be repeated
        after a failure at any point: until the last step both masters are in the file."""
        try:
            add_master(self._master, self.files)
            self.keys.load()
            total, done, after = self.reader.count(), 0, 0
            while count := await self.write(handover.KEYS, handover.Rewrap(after, _REWRAP)):
                after, sealed = count
                done += sealed
                progress("keys", done, total)
                if sealed < _REWRAP:
                    break
            drop_masters(self._master, self.files)
            self.keys.load()
        except OSError as exc:
            raise unavailable(exc) from exc
        return done

    async def verify(self, *, repair: bool, progress: Progress) -> list[str]:
        """See ``interface.Store.verify``. With ``repair`` each shard with findings is made anew by its owner, wherever it
        runs, and looked at again: the findings that are left follow the account of what was done."""
        loop = asyncio.get_running_loop()
        findings: list[str] = []
        for name in ("dir.db", "keys.db"):
            path = self.data / name
            findings += await loop.run_in_executor(self.pool, lambda path=path: list(verify.whole_file(path, self.files)))  # type: ignore[misc]
        findings += await loop.run_in_executor(
            self.pool, lambda: list(verify.queue(self.data / "queue-00.db", self.files, self.keys)))
        placed = self._placed()
        for one in self.shards:
            here = placed[one.number]

            def look(one: Shard = one, here: dict[int, int] = here) -> list[str]:
                return list(itertools.islice(verify.shard(one, self.keys, self.objects, here, self._stopping.told(progress)), verify.MOST_FINDINGS))

            wrong = await loop.run_in_executor(self.pool, look)
            self._stopping.check()
            if wrong and repair:
                findings += await self._care(one.number, handover.Mend())
                wrong = await loop.run_in_executor(self.pool, look)
            findings += wrong
        return findings

    async def restored(self) -> None:
        """This directory is a copy from the past: raise every epoch and modseq and give every mailbox a new UIDVALIDITY
        (DECISIONS 9)."""
        for one in self.shards:
            await self._care(one.number, handover.Advance())
        await self.write(handover.DIRECTORY, AdvancePrincipals())

    async def _care(self, number: int, what: "handover.Mend | handover.Advance") -> list[str]:
        owner = self.owner(number)
        if owner == self.worker or self._send is None:
            return await (self._mend(number) if isinstance(what, handover.Mend) else self._advance(number))
        answer = await self._send(owner, handover.request(number, b"", what))
        done: list[str] = handover.read_answer(answer, what)
        return done

    def _placed(self) -> list[dict[int, int]]:
        placed: list[dict[int, int]] = [{} for _ in self.shards]
        after = ""
        while batch := self.reader.accounts(None, "", after, 1_000):
            for account in batch:
                placed[account.shard][account.account_id] = account.max_octets
            after = batch[-1].address
        return placed

    async def _mend(self, number: int) -> list[str]:
        """Rebuild a shard this process owns. Its accounts are unavailable meanwhile."""
        async with self._opening:
            return await self._mended(number)

    async def _mended(self, number: int) -> list[str]:
        one = self.shards[number]
        self._failed.pop(number, None)
        self._writers.pop(number, None)
        await one.close()
        accounts = {
            account: (row.tenant_id, row.max_octets, row.max_messages)
            for account in self._placed()[number] if (row := self.reader.account(AccountId(account))) is not None
        }
        def run() -> list[str]:
            return repair.rebuild(
                one.path, one.folder, self.objects, self.keys, self.files, accounts=accounts,
                snapshots=self.data / "snapshot" / one.path.stem, now_ms=self.now_ms(),
            )

        try:
            return await asyncio.get_running_loop().run_in_executor(self.pool, run)
        except OSError as exc:
            raise unavailable(exc) from exc
        finally:
            await self._own(one)

    async def _advance(self, number: int) -> list[str]:
        def apply(tx: Tx) -> None:
            ahead = repair.MODSEQ_AHEAD
            tx.db.run(
                "UPDATE account SET epoch=epoch+1, modseq=modseq+?1, log_floor=modseq+?1, mailbox_modseq=modseq+?1,"
                " email_modseq=modseq+?1, thread_modseq=modseq+?1, delivery_modseq=modseq+?1, submission_modseq=modseq+?1,"
                " uid_validity_last=max(uid_validity_last, ?2)+(SELECT count(*) FROM mailbox m WHERE m.account_id=account.account_id)",
                (ahead, tx.now_ms // 1000),
            )
            tx.db.run(
                "UPDATE mailbox SET modseq=(SELECT modseq FROM account a WHERE a.account_id=mailbox.account_id),"
                " uid_validity=(SELECT uid_validity_last FROM account a WHERE a.account_id=mailbox.account_id)"
                " -(SELECT count(*) FROM mailbox o WHERE o.account_id=mailbox.account_id AND o.mailbox_id<mailbox.mailbox_id)"
            )
            tx.db.run("DELETE FROM op")

        writer = self._writers.get(number)
        if writer is None:
            raise Unavailable("This part of the message store is not available", f"shard {number} could not be opened")
        await writer.do(apply)
        return []

    # ------------------------------------------------------------------------------------------------------- news
    def watch(self, account: AccountId, news: News) -> Callable[[], None]:
        """See ``interface.Store.watch``."""
        self._watchers.setdefault(account, set()).add(news)

        def stop() -> None:
            listening = self._watchers.get(account)
            if listening is not None:
                listening.discard(news)
                if not listening:
                    del self._watchers[account]

        return stop

    def _forget(self, account: int) -> None:
        """An account is gone for good."""
        self.keys.forget(account)
        self.indexer.forget(account)
        self.uploads.forget(account)

    def watch_queue(self, news: Callable[[bool], None]) -> None:
        """See ``interface.Store.watch_queue``."""
        self._queue_watchers.append(news)

    def _committed(self, news: dict[int, int]) -> None:
        if queue.CAME not in news and queue.STEERED not in news:
            self.indexer.changed(news)
        if self._post is not None and self.workers > 1:
            octets = handover.encode(news)
            for worker in range(self.workers):
                if worker != self.worker:
                    self._post(worker, octets)
        self._tell(news)

    def take_news(self, octets: bytes) -> None:
        """News another worker posted."""
        self._tell(handover.read_news(octets))

    def _tell(self, news: dict[int, int]) -> None:
        for account, modseq in news.items():
            if account < 0:
                for watcher in self._queue_watchers:
                    watcher(account == queue.STEERED)
                continue
            for listener in tuple(self._watchers.get(account, ())):
                listener(AccountId(account), modseq)


def _shards_of(data: Path, vfs: str) -> int:
    path = data / "dir.db"
    if not path.exists():
        raise Unavailable(
            "This is not a mailstead data directory", f"{data} has no dir.db; make one with: mailstead init --data {data} …"
        )
    db = Database(path, write=False, vfs=vfs)
    try:
        row = db.one("SELECT value FROM site WHERE name='shards'")
        if row is None:
            raise Unavailable("The message store's directory is damaged", f"{path.name} has lost its contents; restore it from a backup")
        return int(row[0])
    except sqlite.Failure as exc:
        raise sqlite.unavailable(exc, path) from exc
    finally:
        db.close()


