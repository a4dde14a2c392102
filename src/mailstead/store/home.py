"""The embedded home: one data directory, this process's share of it.

::

    dir.db            directory            queue-00.db   the outbound queue
    keys.db           account keys         keys/         the master key, unless it is kept elsewhere
    mail-NNN.db       account data         seg/NNN/      its messages       obj/   large ones
    run/              locks and sockets    tmp/          messages on their way in

Each worker owns some of these files (``owning``); everybody reads everything (snapshots of the write-ahead log).
"""

import asyncio
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from mailstead import telemetry
from mailstead.model.errors import DiskReserve, Unavailable
from mailstead.model.ids import AccountId, Ids
from mailstead.model.progress import Progress
from mailstead.store import handover
from mailstead.store.blob.objects import Objects
from mailstead.store.care import Care, Send
from mailstead.store.creation import MASTER, shards_of
from mailstead.store.directory.embedded import EmbeddedDirectory
from mailstead.store.directory.operations import AdoptSecrets
from mailstead.store.directory.outbound import EmbeddedOutbound
from mailstead.store.directory.reader import Reader
from mailstead.store.directory.web import EmbeddedWebLogins
from mailstead.store.engine.files import Files
from mailstead.store.engine.version import Version
from mailstead.store.interface import News
from mailstead.store.keys import Keys
from mailstead.store.mail.embedded import EmbeddedMail
from mailstead.store.mail.embedded_emails import EmbeddedEmails
from mailstead.store.mail.embedded_objects import EmbeddedObjects
from mailstead.store.mail.embedded_shares import EmbeddedShares
from mailstead.store.mail.operation import Operation
from mailstead.store.maintenance import Maintenance
from mailstead.store.owning import LOCK_WAIT_S, Owning
from mailstead.store.queue import operations as queue
from mailstead.store.queue.embedded import EmbeddedQueue
from mailstead.store.seal import Words
from mailstead.store.search.indexer import Indexer
from mailstead.store.search.query import Finder
from mailstead.store.shard import Shard
from mailstead.store.spool import FileSpool
from mailstead.store.stopping import Stopping
from mailstead.store.submitting import EmbeddedSubmissions
from mailstead.store.uploads import Uploads
from mailstead.store.watching import Watching

Post = Callable[[int, bytes], None]
_LOOK_AT_DISK_MS: Final = 1_000


def clock_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class Embedded:
    """See ``interface.Store``. ``send(worker, request)`` reaches another worker and brings its answer; ``post`` sends it
    news and does not wait."""

    def __init__(
        self, data: Path, *, worker: int = 0, workers: int = 1, send: Send | None = None, post: Post | None = None,
        now_ms: Callable[[], int] = clock_ms, files: Files | None = None, master: Path | None = None,
        disk_reserve: int = 0, lock_wait_s: float = LOCK_WAIT_S,
    ) -> None:
        self.data = data
        self.worker = worker
        self.workers = workers
        self.files = files or Files()
        self.now_ms = now_ms
        self._send = send
        self._post = post
        self._reserve_octets = disk_reserve
        self._looked_ms = 0
        self._is_low = False
        self._watching = Watching()
        self._chores: list[asyncio.Task[None]] = []
        self.pool = ThreadPoolExecutor(2, "store")
        vfs = self.files.vfs
        self._commits = Version(data / "run" / "directory.version")
        self.reader = Reader(data / "dir.db", vfs, now_ms, self._commits)
        self.shards = [Shard(data, number, self.files) for number in range(shards_of(data, vfs))]
        self._owning = Owning(
            data, self.shards, self.files, worker=worker, workers=workers, now_ms=now_ms, committed=self._committed,
            lock_wait_s=lock_wait_s, version=self._commits)
        self._writers = self._owning.writers
        master = master or data / MASTER
        self.keys = Keys(data / "keys.db", master, vfs)
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
        self._care = Care(
            data, master=master, files=self.files, keys=self.keys, objects=self.objects, reader=self.reader, shards=self.shards,
            owning=self._owning, write=self.write, send=send, pool=self.pool, stopping=self._stopping, now_ms=now_ms)
        self.queue = EmbeddedQueue(
            data / "queue-00.db", vfs, self.keys, owner=f"{worker} {os.urandom(8).hex()}", worker=worker, workers=workers,
            write=lambda operation: self.write(handover.QUEUE, operation), reserve=self.check_disk,
        )

    # ------------------------------------------------------------------------------------------------------- life
    async def start(self) -> None:
        """Take what this process owns. Raises ``Unavailable`` when an earlier owner does not go."""
        await self._owning.take()
        if not self.keys.has_adopted():
            await self.write(handover.KEYS, AdoptSecrets())
        self._chores = [
            asyncio.create_task(self.maintenance.run(lambda: self.shards)), asyncio.create_task(self.indexer.run()),
            asyncio.create_task(self._owning.regain()),
        ]

    def owned(self) -> list[Shard]:
        """The shards this process writes."""
        return self._owning.shards()

    async def close(self) -> None:
        self._stopping.begin()
        for chore in self._chores:
            chore.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)
        self.indexer.close()
        self.emails.close()
        self.finder.close()
        for one in self.shards:
            await one.close()
        self.reader.close()
        self.queue.close()
        self.keys.close()
        await self._owning.close()
        self.pool.shutdown()
        self._owning.release()
        self._commits.close()

    def owner(self, where: int) -> int:
        """The worker that writes this file."""
        return self._owning.owner(where)

    def shard_owner_is_here(self, account_shard: int) -> bool:
        return self._owning.is_here(account_shard)

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
            if isinstance(wanted.operation, handover.Mend | handover.Advance):
                return handover.done(await self._care.do(wanted.where, wanted.operation))
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
        """See ``Care.backup``."""
        await self._care.backup(target, with_keys=with_keys, progress=progress)

    async def rotate_master(self, progress: Progress) -> int:
        """See ``Care.rotate_master``."""
        return await self._care.rotate_master(progress)

    async def verify(self, *, repair: bool, progress: Progress) -> list[str]:
        """See ``Care.verify``."""
        return await self._care.verify(repair=repair, progress=progress)

    async def restored(self) -> None:
        """See ``Care.restored``."""
        await self._care.restored()

    def _forget(self, account: int) -> None:
        """An account is gone for good."""
        self.keys.forget(account)
        self.indexer.forget(account)
        self.finder.forget(account)
        self.uploads.forget(account)

    # ------------------------------------------------------------------------------------------------------- news
    def watch(self, account: AccountId, news: News) -> Callable[[], None]:
        """See ``interface.Store.watch``."""
        return self._watching.account(account, news)

    def watch_queue(self, news: Callable[[bool], None]) -> None:
        """See ``interface.Store.watch_queue``."""
        self._watching.queue(news)

    def _committed(self, news: dict[int, int]) -> None:
        if queue.CAME not in news and queue.STEERED not in news:
            self.indexer.changed(news)
        if self._post is not None and self.workers > 1:
            octets = handover.encode(news)
            for worker in range(self.workers):
                if worker != self.worker:
                    self._post(worker, octets)
        self._watching.tell(news)

    def take_news(self, octets: bytes) -> None:
        """News another worker posted."""
        self._watching.tell(handover.read_news(octets))
