"""Taking care of a data directory while it works: copies, a new master key, looking it through, mending it, and what follows a return to the past."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from mailstead.model.errors import Unavailable
from mailstead.model.ids import AccountId
from mailstead.model.progress import Progress
from mailstead.store import backup, handover, repair, verify
from mailstead.store.blob.objects import Objects
from mailstead.store.directory.principals import AdvancePrincipals
from mailstead.store.directory.reader import Reader
from mailstead.store.engine.files import Files, unavailable
from mailstead.store.engine.writer import Tx
from mailstead.store.keys import Keys, add_master, drop_masters
from mailstead.store.mail.operation import Operation
from mailstead.store.owning import Owning
from mailstead.store.shard import Shard
from mailstead.store.stopping import Stopping

Write = Callable[[int, Operation], Awaitable[Any]]
Send = Callable[[int, bytes], Awaitable[bytes]]
_REWRAP: Final = 500


class Care:
    """``write`` has the owner of a file make a change; ``send`` reaches another worker, None where there is none."""

    def __init__(
        self, data: Path, *, master: Path, files: Files, keys: Keys, objects: Objects, reader: Reader, shards: Sequence[Shard], owning: Owning,
        write: Write, send: Send | None, pool: ThreadPoolExecutor, stopping: Stopping, now_ms: Callable[[], int],
    ) -> None:
        self._data = data
        self._master = master
        self._files = files
        self._keys = keys
        self._objects = objects
        self._reader = reader
        self._shards = shards
        self._owning = owning
        self._write = write
        self._send = send
        self._pool = pool
        self._stopping = stopping
        self._now_ms = now_ms

    async def backup(self, target: str, *, with_keys: bool, progress: Progress) -> None:
        """See ``backup``; while everything goes on."""
        def run() -> None:
            backup.backup(self._data, Path(target), self._files, with_keys=with_keys, progress=self._stopping.told(progress))

        try:
            await asyncio.get_running_loop().run_in_executor(self._pool, run)
        except OSError as exc:
            raise unavailable(exc) from exc

    async def rotate_master(self, progress: Progress) -> int:
        """Seal every account key by a new master key and forget the old one; gives the number of accounts. May be repeated
        after a failure at any point: until the last step both masters are in the file."""
        try:
            add_master(self._master, self._files)
            self._keys.load()
            total, done, after = self._reader.count(), 0, 0
            while count := await self._write(handover.KEYS, handover.Rewrap(after, _REWRAP)):
                after, sealed = count
                done += sealed
                progress("keys", done, total)
                if sealed < _REWRAP:
                    break
            drop_masters(self._master, self._files)
            self._keys.load()
        except OSError as exc:
            raise unavailable(exc) from exc
        return done

    async def verify(self, *, repair: bool, progress: Progress) -> list[str]:
        """See ``interface.Store.verify``. With ``repair`` each shard with findings is made anew by its owner, wherever it
        runs, and looked at again: the findings that are left follow the account of what was done."""
        loop = asyncio.get_running_loop()
        findings: list[str] = []
        for name in ("dir.db", "keys.db"):
            path = self._data / name
            findings += await loop.run_in_executor(self._pool, lambda path=path: list(verify.whole_file(path, self._files)))  # type: ignore[misc]
        findings += await loop.run_in_executor(
            self._pool, lambda: list(verify.queue(self._data / "queue-00.db", self._files, self._keys)))
        placed = self._placed()
        for one in self._shards:
            here = placed[one.number]

            def look(one: Shard = one, here: dict[int, int] = here) -> list[str]:
                return list(itertools.islice(verify.shard(one, self._keys, self._objects, here, self._stopping.told(progress)), verify.MOST_FINDINGS))

            wrong = await loop.run_in_executor(self._pool, look)
            self._stopping.check()
            if wrong and repair:
                findings += await self._by_owner(one.number, handover.Mend())
                wrong = await loop.run_in_executor(self._pool, look)
            findings += wrong
        return findings

    async def restored(self) -> None:
        """This directory is a copy from the past: raise every epoch and modseq and give every mailbox a new UIDVALIDITY
        (DECISIONS 9)."""
        for one in self._shards:
            await self._by_owner(one.number, handover.Advance())
        await self._write(handover.DIRECTORY, AdvancePrincipals())

    async def _by_owner(self, number: int, what: "handover.Mend | handover.Advance") -> list[str]:
        if self._owning.is_here(number) or self._send is None:
            return await self.do(number, what)
        answer = await self._send(self._owning.owner(number), handover.request(number, b"", what))
        done: list[str] = handover.read_answer(answer, what)
        return done

    async def do(self, number: int, what: "handover.Mend | handover.Advance") -> list[str]:
        """What another worker asks of us, or we of ourselves, in a shard of ours; gives what was done."""
        if isinstance(what, handover.Mend):
            return await self._owning.anew(number, self._rebuilt)
        return await self._advanced(number)

    def _placed(self) -> list[dict[int, int]]:
        """The accounts of each shard, with how much each may hold."""
        placed: list[dict[int, int]] = [{} for _ in self._shards]
        after = ""
        while batch := self._reader.accounts(None, "", after, 1_000):
            for account in batch:
                placed[account.shard][account.account_id] = account.max_octets
            after = batch[-1].address
        return placed

    async def _rebuilt(self, one: Shard) -> list[str]:
        accounts = {
            account: (row.tenant_id, row.max_octets, row.max_messages)
            for account in self._placed()[one.number] if (row := self._reader.account(AccountId(account))) is not None
        }

        def run() -> list[str]:
            return repair.rebuild(
                one.path, one.folder, self._objects, self._keys, self._files, accounts=accounts,
                snapshots=self._data / "snapshot" / one.path.stem, now_ms=self._now_ms(),
            )

        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, run)
        except OSError as exc:
            raise unavailable(exc) from exc

    async def _advanced(self, number: int) -> list[str]:
        def apply(tx: Tx) -> None:
            ahead = repair.MODSEQ_AHEAD
            tx.is_upheaval = True
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

        writer = self._owning.writers.get(number)
        if writer is None:
            raise Unavailable("This part of the message store is not available", f"shard {number} could not be opened")
        await writer.do(apply)
        return []
