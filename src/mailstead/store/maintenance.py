"""The owner's chores: old ids and the old end of the change log go, dropped files are deleted, segments compacted, each
shard is copied once a day (three copies are kept: what ``repair`` starts from, DECISIONS 8)."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from mailstead import telemetry
from mailstead.model.errors import Unavailable
from mailstead.store.blob.objects import Objects
from mailstead.store.compaction import BackupLock, compact, wanting
from mailstead.store.engine.files import Files, make_folder
from mailstead.store.engine.sqlite import Database
from mailstead.store.engine.writer import Tx, Writer
from mailstead.store.keys import Keys
from mailstead.store.mail import objects, shares, submissions
from mailstead.store.mail.deliver import REMEMBERED_MS
from mailstead.store.shard import Shard
from mailstead.store.stopping import Stopping

ROUND_S: Final = 60.0
OPS_KEPT_MS: Final = 3_600_000
DAY_MS: Final = 24 * 3_600_000
CHANGES_KEPT_DAYS: Final = 30
SNAPSHOTS_KEPT: Final = 3
_CHUNK: Final = 2_000


class Maintenance:
    """The chores of the shards one process owns. ``round`` does them once; ``run`` for as long as the store is open."""

    def __init__(self, data: Path, keys: Keys, objects: Objects, files: Files, now_ms: Callable[[], int], stopping: Stopping | None = None) -> None:
        self._stopping = stopping
        self._data = data
        self._keys = keys
        self._objects = objects
        self._files = files
        self._now_ms = now_ms

    async def run(self, shards: Callable[[], list[Shard]]) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(ROUND_S)
            for shard in shards():
                try:
                    await self.round(shard)
                except Unavailable as exc:
                    telemetry.event("maintenance.failed", shard=shard.number, reason=exc.cause)
                except asyncio.CancelledError:
                    raise
                except Exception as exc:
                    telemetry.defect("maintenance", exc, shard=shard.number)

    async def round(self, shard: Shard, *, unlink_after_s: float = 60.0) -> None:
        """Everything that is due for one shard; of another's there is only an open file to let go."""
        shard.segments.sweep()
        writer = shard.writer
        if writer is None or not writer.is_open:
            return
        now = self._now_ms()
        await self._prune(shard, writer, now)
        await self._delete_dropped(shard, writer)
        await self._snapshot(shard.path, now)
        segments = writer.segments
        if segments is None:
            return
        todo = wanting(shard, segments.number)
        if not todo:
            return
        try:
            lock = BackupLock(self._data / "run" / "backup.lock", exclusive=True)
        except OSError:
            return
        try:
            for number in todo:
                await compact(shard, writer, self._keys, self._files, number, unlink_after_s=unlink_after_s)
        finally:
            lock.release()

    async def _prune(self, shard: Shard, writer: Writer, now: int) -> None:
        day = now // DAY_MS
        due = shard.read(lambda db: (
            db.one("SELECT 1 FROM op WHERE at<? LIMIT 1", (now - OPS_KEPT_MS,)),
            db.one("SELECT 1 FROM delivery WHERE at<? LIMIT 1", (now - REMEMBERED_MS,)),
            db.one("SELECT 1 FROM account a WHERE NOT EXISTS (SELECT 1 FROM era e WHERE e.account_id=a.account_id AND e.day=?) LIMIT 1", (day,)),
            db.one("SELECT 1 FROM submission WHERE hold>=3 AND release_ms<? LIMIT 1", (now - submissions.KEPT_MS,)),
        ))

        def prune(tx: Tx) -> None:
            tx.db.run("DELETE FROM op WHERE at<?", (now - OPS_KEPT_MS,))
            tx.db.run("DELETE FROM delivery WHERE at<?", (now - REMEMBERED_MS,))

        def note_day(tx: Tx) -> list[tuple[int, int]]:
            tx.db.run("INSERT OR IGNORE INTO era SELECT account_id, ?, modseq FROM account", (day,))
            return tx.db.all(
                "SELECT e.account_id, max(e.modseq) FROM era e JOIN account a USING (account_id)"
                " WHERE e.day<=? GROUP BY e.account_id HAVING max(e.modseq)>a.log_floor", (day - CHANGES_KEPT_DAYS,),
            )

        def cut(tx: Tx, account: int, floor: int) -> None:
            tx.db.run("UPDATE account SET log_floor=max(log_floor, ?) WHERE account_id=?", (floor, account))
            tx.db.run("DELETE FROM change WHERE account_id=? AND modseq<=?", (account, floor))
            tx.db.run("DELETE FROM era WHERE account_id=? AND day<?", (account, day - CHANGES_KEPT_DAYS))
            objects.prune(tx, account, floor)
            shares.prune(tx, account, floor)

        if due[0] or due[1]:
            await writer.do(prune)
        if due[3]:
            await writer.do(submissions.prune)
        if due[2]:
            for account, floor in await writer.do(note_day):
                await writer.do(lambda tx, account=account, floor=floor: cut(tx, account, floor))  # type: ignore[misc]

    async def _delete_dropped(self, shard: Shard, writer: Writer) -> None:
        rows = shard.read(lambda db: db.all("SELECT account_id, email_id FROM dropped LIMIT ?", (_CHUNK,)))
        for account, email in rows:
            self._objects.drop(account, email)
        if rows:
            await writer.do(lambda tx: tx.db.many("DELETE FROM dropped WHERE account_id=? AND email_id=?", rows))

    async def _snapshot(self, path: Path, now: int) -> None:
        folder = self._data / "snapshot" / path.stem
        today = time.strftime("%Y%m%d", time.gmtime(now / 1000))
        target = folder / f"{today}.db"
        if target.exists():
            return
        make_folder(folder, self._files)
        await asyncio.get_running_loop().run_in_executor(None, copy_database, path, target, self._files, self._stopping)
        for old in sorted(folder.glob("*.db"))[:-SNAPSHOTS_KEPT]:
            old.unlink(missing_ok=True)

    async def snapshots(self, shards: list[Shard], names: tuple[str, ...]) -> None:
        """Today's copies of these shards and files, where they are missing."""
        now = self._now_ms()
        for path in [shard.path for shard in shards] + [self._data / name for name in names]:
            await self._snapshot(path, now)


def copy_database(path: Path, target: Path, files: Files, stopping: Stopping | None = None) -> None:
    """A consistent copy of a database in use; it appears under its name when it is whole. For a thread. Raises ``Unavailable`` where ``stopping`` has begun."""
    db = Database(path, write=False, vfs=files.vfs)
    new = target.with_suffix(".new")
    new.unlink(missing_ok=True)
    try:
        for _ in db.copy_to(new):
            if stopping is not None:
                stopping.check()
            time.sleep(0)
        files.replace(new, target)
        files.sync_folder(target.parent)
    finally:
        db.close()
        new.unlink(missing_ok=True)
