"""Fills the indexes of the accounts whose shards this process owns: in the background, in batches, never with a delivery.

An account's turn comes when 64 changes wait and no more have come for a second, when the oldest has waited for a minute, and before
a search (DECISIONS 14). So a stream of deliveries or an import has the processor to itself at first, and its messages are indexed in
large batches, which cost less each. What a batch cost is in its event, ``index.updated``.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mailstead import telemetry
from mailstead.model.errors import Refusal, Unavailable
from mailstead.store.blob.objects import Objects
from mailstead.store.blob.segments import SegmentReader
from mailstead.store.engine import sqlite
from mailstead.store.engine.sqlite import Database
from mailstead.store.keys import Keys
from mailstead.store.search import index
from mailstead.store.search.index import SearchIndex
from mailstead.store.search.material import Material
from mailstead.store.shard import Shard
from mailstead.store.stopping import Stopping

CHANGES: Final = 64
AFTER_S: Final = 60.0
QUIET_S: Final = 1.0
LOOK_S: Final = 0.5
BATCH: Final = 128
YIELD_S: Final = 0.0001
"""After each message the thread rests, or the loop would wait for the interpreter five milliseconds at a time."""
FIRST: Final = 2_000
"""Messages that a first search waits for; the rest is scanned and indexed later."""


def path_of(folder: Path, account: int) -> Path:
    """Where an account's index lies."""
    return folder / f"{account & 0xFF:02x}" / f"{account:x}.db"


@dataclass(slots=True)
class _Waiting:
    since_s: float
    latest_s: float
    changes: int = 0


class Indexer:
    """``shard_of`` says where an account lives. Once ``stopping`` has begun, what has been read is kept and the rest comes at the next start."""

    def __init__(self, folder: Path, keys: Keys, objects: Objects, shard_of: Callable[[int], Shard], stopping: Stopping | None = None) -> None:
        self.stopping = stopping or Stopping()
        self.folder = folder
        self._keys = keys
        self._objects = objects
        self._shard_of = shard_of
        self._waiting: dict[int, _Waiting] = {}
        self._thread = ThreadPoolExecutor(1, "index")
        self._ready = asyncio.Event()

    def changed(self, news: dict[int, int]) -> None:
        """A commit of this process moved these accounts."""
        now = time.monotonic()
        for account in news:
            waiting = self._waiting.get(account)
            if waiting is None:
                waiting = self._waiting[account] = _Waiting(now, now)
                self._ready.set()
            waiting.changes += 1
            waiting.latest_s = now

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._ready.wait()
            await asyncio.sleep(LOOK_S)
            now = time.monotonic()
            due = [
                account for account, waiting in self._waiting.items()
                if (waiting.changes >= CHANGES and now - waiting.latest_s >= QUIET_S) or now - waiting.since_s >= AFTER_S
            ]
            for account in due:
                self._waiting.pop(account, None)
                await self.update(account)
            if not self._waiting:
                self._ready.clear()

    async def update(self, account: int, most: int | None = None) -> None:
        """Bring an account's index up to date, or ``most`` messages further. Failures are told and wait for the next turn."""
        try:
            shard = self._shard_of(account)
            self._keys.of(account)  # read here, so that the thread finds it
            await asyncio.get_running_loop().run_in_executor(self._thread, self._fill_from, shard, account, most)
        except (Refusal, Unavailable) as exc:
            telemetry.event("index.failed", account=account, reason=exc.cause or exc.public)
        except Exception as exc:
            telemetry.defect("index", exc, account=account)

    async def before_search(self, account: int) -> None:
        """The first search of an account waits for its index, or for the first part of it; a later one for what is new."""
        waiting = self._waiting.pop(account, None)
        if waiting is not None or not path_of(self.folder, account).exists():
            await self.update(account, FIRST)

    def forget(self, account: int) -> None:
        """The account is gone."""
        self._waiting.pop(account, None)
        self._thread.submit(index.remove, path_of(self.folder, account))

    def close(self) -> None:
        self.stopping.begin()
        self._thread.shutdown(wait=True, cancel_futures=True)

    def fill(self, account: int, most: int | None = None) -> int:
        """Index what is new and drop what is gone, and return then; gives the number of messages added. Raises ``Unavailable``."""
        return self._fill_from(self._shard_of(account), account, most)

    # ------------------------------------------------------------------------------------------------- in the thread
    def _fill_from(self, shard: Shard, account: int, most: int | None) -> int:
        started, used = time.perf_counter(), time.thread_time()
        path = path_of(self.folder, account)
        search = SearchIndex.create(path, self._keys.of(account).index_key)
        segments = SegmentReader(shard.folder)
        try:
            db = shard.open_reader()
            try:
                added = self._fill(search, db, segments, account, most)
            finally:
                db.close()
        except sqlite.Failure as exc:
            if sqlite.is_damage(exc):
                search.close()
                index.remove(path)
            raise sqlite.unavailable(exc, path) from exc
        finally:
            segments.close()
            search.finish()
        if added:
            spent = time.thread_time() - used
            telemetry.count("index.messages", added)
            telemetry.count("index.cpu_microseconds", round(spent * 1_000_000))
            telemetry.event(
                "index.updated", account=account, messages=added, cpu_ms=round(spent * 1000, 1),
                wall_ms=round((time.perf_counter() - started) * 1000, 1), reason="background",
            )
        return added

    def _fill(self, search: SearchIndex, db: Database, segments: SegmentReader, account: int, most: int | None) -> int:
        now, came, gone = changes_since(db, account, search)
        added = 0
        wanted = search.missing(came)
        whole = most is None or len(wanted) <= most
        wanted = wanted if whole else wanted[:most]
        material = Material(db, segments, self._keys, self._objects, account)
        for start in range(0, len(wanted), BATCH):
            add = []
            for email in wanted[start : start + BATCH]:
                if self.stopping.has_begun:
                    break
                add.append((email, material.texts(email)))
                time.sleep(YIELD_S)
            search.write(add=add, remove_=(), upto=None)
            added += len(add)
            if self.stopping.has_begun:
                return added
        search.write(add=(), remove_=gone, upto=now if whole else None)
        return added


def changes_since(db: Database, account: int, search: SearchIndex) -> tuple[int, list[int], list[int]]:
    """(the account's modseq, messages that came since the index was complete, messages it holds that are gone)."""
    with db.snapshot():
        row = db.one("SELECT modseq, log_floor FROM account WHERE account_id=?", (account,))
        if row is None:
            return search.upto, [], []
        now, floor = row
        if search.upto < floor or search.upto > now:
            there = {email for (email,) in db.each("SELECT email_id FROM email WHERE account_id=?", (account,))}
            return now, sorted(there), [email for email in search.known() if email not in there]
        came: dict[int, None] = dict.fromkeys(search.unread())
        touched: set[int] = set()
        for email, op in db.each(
            "SELECT email_id, op FROM change WHERE account_id=? AND modseq>? AND kind=20 ORDER BY modseq", (account, search.upto)
        ):
            if op == 1:
                came[email] = None
            elif op == 3:
                touched.add(email)
        there = {
            email for email in came.keys() | touched
            if db.one("SELECT 1 FROM email WHERE account_id=? AND email_id=?", (account, email))
        }
    return now, [email for email in came if email in there], [email for email in (*came, *touched) if email not in there]
