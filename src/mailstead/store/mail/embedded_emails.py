"""``interface.Emails`` on one machine: the email's side of what ``EmbeddedMail`` keeps."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, TypeVar

from mailstead.mime.scan import scan
from mailstead.model.change import StateTooOld
from mailstead.model.email import (
    EmailPatch,
    EmailRow,
    EmailsSet,
    Kind,
    MailboxPatch,
    MailboxSet,
    NewEmail,
    ObjectChanges,
    Position,
    StateMismatch,
    States,
)
from mailstead.model.ids import AccountId, EmailId, MailboxId, OpId, ThreadId
from mailstead.model.query import Answer, Query, QueryChanges, Window
from mailstead.store.engine.sqlite import Database
from mailstead.store.keys import Keys
from mailstead.store.mail import changes, emails, mailboxes, sight
from mailstead.store.mail.embedded import EmbeddedMail
from mailstead.store.mail.filing import Incoming
from mailstead.store.mail.guest_counts import GuestCounts
from mailstead.store.mail.operation import Operation
from mailstead.store.mail.set_emails import Creation, SetEmails
from mailstead.store.mail.set_mailboxes import DestroyMailbox, SetMailbox
from mailstead.store.mail.sight import Sight
from mailstead.store.search.answer import cost
from mailstead.store.search.find import TEXT
from mailstead.store.search.indexer import Indexer
from mailstead.store.search.query import Finder, list_mailbox, plain_mailbox

R = TypeVar("R")
_THREADS: Final = 4
_TURN: Final = 10
"""After so many messages made ready others have their turn."""


class EmbeddedEmails:
    """``mail`` finds the shard and takes operations to its owner."""

    def __init__(self, mail: EmbeddedMail, *, keys: Keys, finder: Finder, indexer: Indexer) -> None:
        self._mail = mail
        self._keys = keys
        self._finder = finder
        self._indexer = indexer
        self._opened = emails.Opened()
        self._counts = GuestCounts()
        self._threads = ThreadPoolExecutor(_THREADS, "query")

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _read(self, account: AccountId, look: Callable[[Database], R]) -> R:
        return self._mail.shard(account).read(look)

    # ---------------------------------------------------------------------------------------------------- reading
    async def states(self, account: AccountId, *, viewer: AccountId | None = None) -> States:
        if viewer is None:
            shard = self._mail.shard(account)
            found = shard.recent.states(account) if shard.recent is not None else None
            return shard.read(lambda db: emails.states(db, account)) if found is None else found
        return self._seen(account, viewer, lambda _, found: found.states)

    async def above(self, account: AccountId, viewer: AccountId) -> frozenset[MailboxId]:
        return self._seen(account, viewer, lambda _, found: found.above)  # type: ignore[return-value, arg-type]

    async def unread(self, account: AccountId, viewer: AccountId) -> dict[MailboxId, tuple[int, int]]:
        return self._seen(account, viewer, lambda db, found: self._counts.of(db, found, viewer))  # type: ignore[return-value, arg-type]

    def _seen(self, account: AccountId, viewer: AccountId, look: Callable[[Database, Sight], R]) -> R:
        """What ``look`` gives of one snapshot, and of what somebody sees in it."""
        def in_snapshot(db: Database) -> R:
            with db.snapshot():
                return look(db, sight.of(db, account, viewer))

        return self._read(account, in_snapshot)

    async def emails(
        self, account: AccountId, ids: Sequence[EmailId], *, content: bool, viewer: AccountId | None = None,
    ) -> tuple[States, dict[EmailId, EmailRow]]:  # fmt: skip
        def look(db: Database) -> tuple[States, dict[int, EmailRow]]:
            with db.snapshot():
                return emails.states(db, account), emails.emails(db, account, self._keys, self._opened, ids, content=content)

        def shared(db: Database, found: Sight) -> tuple[States, dict[int, EmailRow]]:
            return found.states, emails.emails(db, account, self._keys, self._opened, ids, content=content, within=found.read)

        return self._read(account, look) if viewer is None else self._seen(account, viewer, shared)  # type: ignore[return-value]

    async def threads(
        self, account: AccountId, ids: Sequence[ThreadId], *, viewer: AccountId | None = None,
    ) -> tuple[States, dict[ThreadId, tuple[EmailId, ...]]]:  # fmt: skip
        def look(db: Database) -> tuple[States, dict[int, tuple[int, ...]]]:
            with db.snapshot():
                return emails.states(db, account), emails.threads(db, account, ids)

        def shared(db: Database, found: Sight) -> tuple[States, dict[int, tuple[int, ...]]]:
            return found.states, emails.threads(db, account, ids, found.read)

        return self._read(account, look) if viewer is None else self._seen(account, viewer, shared)  # type: ignore[return-value]

    async def changes(self, account: AccountId, kind: Kind, since: Position, most: int, *, viewer: AccountId | None = None) -> ObjectChanges:
        if viewer is None:
            return self._recently(account, kind, since, most)
        return self._read(account, lambda db: sight.object_changes(db, account, viewer, kind, since, most))

    def _recently(self, account: AccountId, kind: Kind, since: Position, most: int) -> ObjectChanges:
        shard = self._mail.shard(account)
        recent = shard.recent
        if recent is None:
            return shard.read(lambda db: changes.object_changes(db, account, kind, since, most))
        found = recent.changes(account, kind, since, most)
        if found is None:
            shard.read(lambda db: recent.keep(db, account, since.modseq))
            found = recent.changes(account, kind, since, most)
        return shard.read(lambda db: changes.object_changes(db, account, kind, since, most)) if found is None else found

    async def query(self, account: AccountId, query: Query, window: Window, *, viewer: AccountId | None = None) -> Answer:
        mailbox = plain_mailbox(query, window)
        if mailbox is not None:
            return self._read(account, lambda db: list_mailbox(db, account, mailbox, query, window, viewer=viewer))
        self._keys.of(account)  # read here, so that the threads find it
        await self._index(account, query)
        shard = self._mail.shard(account)
        return await self._in_thread(partial(self._finder.query, shard, account, query, window, viewer=viewer))

    async def query_changes(
        self, account: AccountId, query: Query, since: Position, most: int, *, total: bool, viewer: AccountId | None = None,
    ) -> QueryChanges:  # fmt: skip
        now = await self.states(account, viewer=viewer)
        if since == Position(now.epoch, now.email) and not total:
            return QueryChanges(since, since, (), (), None)
        if since.epoch != now.epoch or since.modseq > now.modseq:
            raise StateTooOld
        self._keys.of(account)  # read here, so that the threads find it
        await self._index(account, query)
        shard = self._mail.shard(account)
        return await self._in_thread(partial(self._finder.query_changes, shard, account, query, since, most, total=total, viewer=viewer))

    async def _index(self, account: AccountId, query: Query) -> None:
        if self._mail.shard(account).writer is not None and cost(query.condition) >= TEXT:
            await self._indexer.before_search(account)

    async def _in_thread(self, ask: Callable[[], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._threads, ask)

    # ---------------------------------------------------------------------------------------------------- writing
    async def set(
        self, account: AccountId, op: OpId, *, if_state: str = "", create: Sequence[NewEmail] = (),
        update: Sequence[EmailPatch] = (), destroy: Sequence[EmailId] = (), viewer: AccountId | None = None,
    ) -> EmailsSet:
        paths: dict[MailboxId, tuple[str, ...]] = {}
        if create:
            self._mail.check_disk()
            key = self._keys.of(account)
            paths = {box.mailbox_id: box.path for box in self._read(account, lambda db: mailboxes.tree(db, account, key))}
        incoming: list[Incoming] = []
        for one in create:
            place = next((paths[box] for box in one.mailbox_ids if box in paths), ("INBOX",))
            incoming.append(await self._mail.prepare(
                account, one.octets, scan(one.octets), received_ms=one.received_at_ms, place=place,
                mailboxes=tuple(dict.fromkeys(one.mailbox_ids))))
            if len(incoming) % _TURN == 0:
                await asyncio.sleep(0)
        wanted = SetEmails(
            account, if_state,
            tuple(
                Creation(ready, tuple(one.mailbox_ids), tuple(one.keywords))
                for ready, one in zip(incoming, create, strict=True)
            ),
            tuple(update), tuple(destroy), viewer or 0,
        )
        done: EmailsSet | None = None
        try:
            done = await self._mail.write(account, wanted, op)
        finally:
            if done is not None or not create:
                self._mail.drop_objects(incoming, [made.email_id for made in done.made] if done else ())
        if done is None:
            raise StateMismatch
        return done

    async def mailbox_set(self, account: AccountId, op: OpId, mailbox_id: MailboxId | None, patch: MailboxPatch,
                          *, if_state: str = "") -> MailboxSet:
        ident = self._mail.new_id() if mailbox_id is None else mailbox_id
        return await self._mailbox(account, op, SetMailbox(account, if_state, ident, mailbox_id is None, patch))

    async def mailbox_destroy(self, account: AccountId, op: OpId, mailbox_id: MailboxId, *, with_emails: bool,
                              if_state: str = "") -> MailboxSet:
        return await self._mailbox(account, op, DestroyMailbox(account, if_state, mailbox_id, with_emails))

    async def _mailbox(self, account: AccountId, op: OpId, operation: Operation) -> MailboxSet:
        done: MailboxSet | None = await self._mail.write(account, operation, op)
        if done is None:
            raise StateMismatch
        return done
