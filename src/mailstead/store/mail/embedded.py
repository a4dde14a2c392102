"""``interface.Mail`` on one machine: reads from this process's snapshots, writes to the shard's owner."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Final, TypeVar

from mailstead.mime.scan import Scan, scan, with_prefix
from mailstead.model.change import Changes
from mailstead.model.condition import Condition
from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.model.ids import AccountId, EmailId, Ids, MailboxId, OpId
from mailstead.model.mailbox import Entry, EntryRow, MailboxInfo, Role
from mailstead.model.message import Appended, Copied, Filed, Filing, FlagsStored, NewMessage, Octets
from mailstead.model.object import ObjectKind
from mailstead.model.uids import UidSet
from mailstead.store.blob.objects import Objects
from mailstead.store.directory.reader import Reader
from mailstead.store.engine.files import unavailable
from mailstead.store.engine.sqlite import Database
from mailstead.store.interface import Quota, Selected, Want
from mailstead.store.keys import Keys
from mailstead.store.mail import (
    append,
    changes,
    copy,
    deliver,
    expunge,
    filing,
    flags,
    keywords,
    mailboxes,
    names,
    read,
)
from mailstead.store.mail.operation import Operation
from mailstead.store.search.answer import cost
from mailstead.store.search.find import TEXT, find
from mailstead.store.search.indexer import Indexer
from mailstead.store.shard import Shard

R = TypeVar("R")
Write = Callable[[int, Operation, bytes], Awaitable[Any]]
_OPEN_IN_A_THREAD: Final = 256 << 10


class EmbeddedMail:
    """``write(shard, operation, op id)`` takes an operation to its owner; ``reserve`` raises ``DiskReserve``."""

    def __init__(self, *, directory: Reader, shards: list[Shard], keys: Keys, objects: Objects, ids: Ids, write: Write,
                 reserve: Callable[[], None], now_ms: Callable[[], int], pool: ThreadPoolExecutor,
                 indexer: Indexer) -> None:
        self._directory = directory
        self._shards = shards
        self._keys = keys
        self._objects = objects
        self._ids = ids
        self._write_to = write
        self.check_disk = reserve
        self._now_ms = now_ms
        self._pool = pool
        self._indexer = indexer
        self._last_scan: tuple[Octets, Scan] | None = None

    def shard(self, account: AccountId) -> Shard:
        """Where the account lives. NOT_FOUND, also for one that another worker has shredded."""
        row = self._directory.account(account)
        if row is None:
            self._keys.forget(account)
            raise Refusal(Reason.NOT_FOUND, "There is no such account")
        return self._shards[row.shard]

    def _read(self, account: AccountId, look: Callable[[Database], R]) -> R:
        return self.shard(account).read(look)

    async def write(self, account: AccountId, operation: Operation, op: bytes = b"") -> Any:
        """Have the owner of the account's shard make a change."""
        return await self._write_to(self.shard(account).number, operation, op)

    def new_id(self) -> int:
        return self._ids.next()

    def _new_ids(self, count: int) -> tuple[int, ...]:
        return tuple(self._ids.next() for _ in range(count))

    # ---------------------------------------------------------------------------------------------------- mailboxes
    async def mailboxes(self, account: AccountId) -> list[MailboxInfo]:
        key = self._keys.of(account)

        def look(db: Database) -> list[MailboxInfo]:
            with db.snapshot():
                return mailboxes.tree(db, account, key)

        return self._read(account, look)

    async def mailbox(self, account: AccountId, path: tuple[str, ...]) -> MailboxInfo | None:
        try:
            path = names.normal(path)
        except Refusal:
            return None
        key = self._keys.of(account)

        def look(db: Database) -> MailboxInfo | None:
            with db.snapshot():
                mailbox = names.find(db, account, key, path)
                return mailboxes.one(db, account, key, mailbox) if mailbox else None

        return self._read(account, look)

    async def mailbox_by_id(self, account: AccountId, mailbox_id: MailboxId) -> MailboxInfo | None:
        key = self._keys.of(account)
        return self._read(account, lambda db: mailboxes.one(db, account, key, mailbox_id))

    async def mailbox_create(self, account: AccountId, op: OpId, path: tuple[str, ...], *, role: Role = Role.NONE) -> MailboxInfo:
        path = names.normal(path)
        self.check_disk()
        made = await self.write(account, mailboxes.Create(account, path, self._new_ids(len(path)), int(role)), op)
        found = await self.mailbox_by_id(account, MailboxId(made))
        if found is None:
            raise Unavailable("The mailbox was removed meanwhile")
        return found

    async def mailbox_rename(self, account: AccountId, op: OpId, old: tuple[str, ...], new: tuple[str, ...]) -> None:
        new = names.normal(new)
        await self.write(account, mailboxes.Rename(account, names.normal(old), new, self._new_ids(len(new))), op)

    async def mailbox_delete(self, account: AccountId, op: OpId, path: tuple[str, ...]) -> None:
        await self.write(account, mailboxes.Delete(account, names.normal(path)), op)

    async def mailbox_role(self, account: AccountId, op: OpId, mailbox_id: MailboxId, role: Role) -> None:
        await self.write(account, mailboxes.SetRole(account, mailbox_id, int(role)), op)

    async def subscriptions(self, account: AccountId) -> list[tuple[str, ...]]:
        key = self._keys.of(account)
        return self._read(account, lambda db: mailboxes.subscriptions(db, account, key))

    async def subscribe(self, account: AccountId, path: tuple[str, ...], subscribed: bool) -> None:
        await self.write(account, mailboxes.Subscribe(account, names.normal(path), subscribed))

    # ---------------------------------------------------------------------------------------------------- reading
    async def select(self, account: AccountId, mailbox_id: MailboxId, *, take_recent: bool) -> Selected:
        found = self._read(account, lambda db: read.select(db, account, self._keys, mailbox_id))
        if take_recent and found.info.recent_uid < found.info.uid_next - 1:
            before = await self.write(account, mailboxes.TakeRecent(account, mailbox_id, found.info.uid_next - 1))
            return replace(found, info=replace(found.info, recent_uid=before))
        return found

    async def entries(self, account: AccountId, mailbox_id: MailboxId, uids: UidSet, *, changed_since: int = 0,
                      limit: int = 0) -> list[Entry]:
        return self._read(account, lambda db: read.entries(db, account, mailbox_id, uids, changed_since, limit))

    async def fetch(self, account: AccountId, mailbox_id: MailboxId, uids: UidSet, want: Want) -> list[EntryRow]:
        return self._read(account, lambda db: read.fetch(db, account, self._keys, mailbox_id, uids, want))

    async def octets(self, account: AccountId, email_id: EmailId, start: int = 0, length: int | None = None) -> bytes:
        shard = self.shard(account)
        return shard.read(
            lambda db: read.octets(db, account, self._keys, shard.segments, self._objects, email_id, start, length)
        )

    async def vanished(self, account: AccountId, mailbox_id: MailboxId, since: int, uids: UidSet | None = None) -> UidSet:
        return self._read(account, lambda db: changes.vanished(db, account, mailbox_id, since, uids))

    async def changes(self, account: AccountId, since: int, limit: int = 1000) -> Changes:
        return self._read(account, lambda db: changes.changes(db, account, since, limit))

    async def modseq(self, account: AccountId) -> int:
        return self._read(account, lambda db: read.modseq(db, account))

    async def keywords(self, account: AccountId) -> dict[int, str]:
        key = self._keys.of(account)
        return self._read(account, lambda db: keywords.all_bits(db, account, key))

    async def search(self, account: AccountId, condition: Condition, *, mailbox_id: MailboxId) -> list[int]:
        shard = self.shard(account)
        if shard.writer is not None and cost(condition) >= TEXT:
            await self._indexer.before_search(account)
        return await asyncio.get_running_loop().run_in_executor(
            self._pool, find, shard, self._keys, self._objects, self._indexer.folder, account, mailbox_id, condition, self._indexer.stopping
        )

    async def quota(self, account: AccountId) -> Quota:
        return self._read(account, lambda db: read.quota(db, account))

    # ---------------------------------------------------------------------------------------------------- writing
    def scanned(self, octets: Octets) -> Scan:
        """The scan of these octets; one message for many recipients is read once."""
        last = self._last_scan
        if last is not None and last[0] is octets:
            return last[1]
        found = scan(octets)
        self._last_scan = (octets, found)
        return found

    async def prepare(self, account: AccountId, octets: Octets, found: Scan, *, received_ms: int | None,
                       place: tuple[str, ...], delivery: bytes = b"",
                      mailboxes: Sequence[MailboxId] = ()) -> filing.Incoming:
        """A message made ready to be filed. ``place``: path of the mailbox it is meant for; ``mailboxes``: where it is to be
        filed, if that is known now."""
        key = self._keys.of(account)
        email = self._ids.next()
        at = self._now_ms() if received_ms is None else received_ms

        def ready() -> filing.Incoming:
            return filing.prepare(
                key, email, octets, found, received_ms=at, place=place, objects=self._objects, delivery=delivery,
                mailboxes=mailboxes,
            )

        try:
            if len(octets) <= _OPEN_IN_A_THREAD:
                return ready()
            return await asyncio.get_running_loop().run_in_executor(self._pool, ready)
        except OSError as exc:
            raise unavailable(exc) from exc

    async def deliver(self, account: AccountId, filing: Filing) -> Filed:
        filed = await self.deliver_unless(account, filing, ())
        if filed is None:
            raise RuntimeError("a delivery without a condition was not made")
        return filed

    async def deliver_unless(self, account: AccountId, filing_: Filing, kinds: Sequence[ObjectKind]) -> Filed | None:
        self.check_disk()
        shard = self.shard(account)
        found = self.scanned(filing_.octets)
        octets: Octets = filing_.octets
        if filing_.prefix:
            found = with_prefix(found, filing_.prefix)
            octets = filing.prefixed(filing_.prefix, filing_.octets)
        paths = names.possible(filing_.mailboxes)
        incoming = await self.prepare(
            account, octets, found, received_ms=filing_.received_at_ms, place=paths[0] if paths else names.INBOX,
            delivery=filing_.delivery_id,
        )
        filed: Filed | None = await self._write_to(
            shard.number,
            deliver.Deliver(account, filing_.delivery_id, incoming, paths, tuple(filing_.flags), filing_.discard, tuple(kinds), filing_.is_notice), b"",
        )
        if not incoming.body and (filed is None or filed.email_id != incoming.info.email):
            self._objects.drop(account, incoming.info.email)
        return filed

    async def append(self, account: AccountId, op: OpId, mailbox_id: MailboxId, messages: Sequence[NewMessage]) -> Appended:
        return await self._append(account, op, mailbox_id, messages, ())

    async def import_(self, account: AccountId, mailbox_id: MailboxId, messages: Sequence[tuple[bytes, NewMessage]]) -> Appended:
        return await self._append(account, b"", mailbox_id, [message for _, message in messages], tuple(ident for ident, _ in messages))

    async def _append(self, account: AccountId, op: bytes, mailbox_id: MailboxId, messages: Sequence[NewMessage],
                      idents: tuple[bytes, ...]) -> Appended:
        self.check_disk()
        box = await self.mailbox_by_id(account, mailbox_id)
        if box is None or box.noselect:
            raise Refusal(Reason.NOT_FOUND, "There is no such mailbox")
        incoming = [
            await self.prepare(
                account, message.octets, scan(message.octets), received_ms=message.received_at_ms, place=box.path,
                delivery=idents[number] if idents else b"",
            )
            for number, message in enumerate(messages)
        ]
        try:
            done: Appended = await self.write(account, append.Append(
                account, mailbox_id, tuple(incoming), tuple(tuple(message.flags) for message in messages), idents), op)
        except Refusal:
            self.drop_objects(incoming, ())
            raise
        self.drop_objects(incoming, done.email_ids)
        return done

    def drop_objects(self, incoming: list[filing.Incoming], kept: Sequence[int]) -> None:
        """Delete the files of large messages that were not filed after all."""
        for one in incoming:
            if not one.body and one.info.email not in kept:
                self._objects.drop(one.info.account, one.info.email)

    async def copy(self, account: AccountId, op: OpId, source: MailboxId, uids: UidSet, target: MailboxId) -> Copied:
        self.check_disk()
        done: Copied = await self.write(account, copy.Copy(account, source, uids, target, is_move=False), op)
        return done

    async def move(self, account: AccountId, op: OpId, source: MailboxId, uids: UidSet, target: MailboxId) -> Copied:
        done: Copied = await self.write(account, copy.Copy(account, source, uids, target, is_move=True), op)
        return done

    async def expunge(self, account: AccountId, op: OpId, mailbox_id: MailboxId, uids: UidSet | None,
                      *, only_deleted: bool = True) -> tuple[UidSet, int]:
        gone: tuple[UidSet, int] = await self.write(account, expunge.Expunge(account, mailbox_id, uids, only_deleted), op)
        return gone

    async def set_flags(self, account: AccountId, op: OpId, mailbox_id: MailboxId, uids: UidSet, *,
                        add: frozenset[str] = frozenset(), remove: frozenset[str] = frozenset(),
                        replace: frozenset[str] | None = None, unchanged_since: int | None = None) -> FlagsStored:
        done: FlagsStored = await self.write(account, flags.SetFlags(
            account, mailbox_id, uids, tuple(add), tuple(remove), None if replace is None else tuple(replace), unchanged_since), op)
        return done
