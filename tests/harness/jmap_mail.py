"""The mail methods of JMAP over a real store, without HTTP around them."""

import itertools
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mailstead.model.ids import AccountId, DeliveryId, OpId, TenantId, to_wire
from mailstead.model.mailbox import INBOX
from mailstead.model.message import Filed, Filing, Octets
from mailstead.model.object import DueKind
from mailstead.protocol.jmap.mail.email import Envelopes
from mailstead.server.http.jmap import contacts, dispatch, methods, principal, session, sieve
from mailstead.server.http.jmap.standard import MethodError, Source
from mailstead.service.emails import Emails
from mailstead.service.jobs import Jobs
from mailstead.service.kept import Kept
from mailstead.service.principals import Principals
from mailstead.service.reminders import Reminders
from mailstead.service.sharing import Sharing
from mailstead.service.snoozing import Snoozing
from mailstead.service.unsubscribing import Unsubscribing
from mailstead.service.waking import Waking
from mailstead.store import Embedded, create, open_store

METHODS: dict[str, Callable[..., Any]] = {name: named.run for name, named in methods.METHODS.items()}


class Shared:
    """What the methods share; ``uploads`` by account and id."""

    def __init__(self, store: Embedded) -> None:
        self.emails = Emails(store)
        self.kept = Kept(store)
        self.jobs = Jobs(self.emails, self.kept, new_id=store.ids.next, now_ms=store.now_ms)
        self.principals = Principals(store.directory)
        self.sharing = Sharing(store, now_ms=store.now_ms, new_id=store.ids.next)
        self.new_id = store.ids.next
        self.capabilities_of = lambda account, reach: principal.capabilities(account) if reach is None else principal.owned(reach.owner.account_id)
        self.envelopes = Envelopes()
        self.unsubscribing: Unsubscribing | None = None
        self.message_octets = 1 << 20
        self.uploads: dict[tuple[AccountId, str], bytes] = {}
        self._numbers = itertools.count(1)

    async def upload(self, account: AccountId, blob_id: str) -> bytes | None:
        return self.uploads.get((account, blob_id))

    async def keep(self, account: AccountId, octets: Octets) -> str:
        ident = f"u{len(self.uploads)}"
        self.uploads[(account, ident)] = octets[:]
        return ident

    def now(self) -> datetime:
        return datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)

    def soon(self) -> None:
        """Nobody waits here: see ``Jmap.wake``."""

    def message_id(self) -> str:
        return f"{next(self._numbers)}.made@example.test"

    def boundary(self) -> str:
        return f"=_boundary-{next(self._numbers)}"


@dataclass
class OneCall:
    """See ``server.http.jmap.standard.Call``."""

    mailing: Shared
    account: AccountId
    account_id: str
    arguments: dict[str, Any]
    created: dict[str, str] = field(default_factory=dict)
    may_write: bool = True
    others: dict[str, AccountId] = field(default_factory=dict)
    implicit: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    viewer: AccountId | None = None
    using: frozenset[str] = frozenset()

    async def source(self, account_id: str) -> Source | None:
        found = self.others.get(account_id)
        return None if found is None else Source(found, self.mailing)


class Jmap:
    """One account as its owner sees it. ``other`` is another's."""

    def __init__(self, store: Embedded, shared: Shared, account: AccountId) -> None:
        self.store = store
        self.shared = shared
        self.account = account
        self.account_id = to_wire("a", account)
        self.created: dict[str, str] = {}
        self.others: dict[str, AccountId] = {}
        self.may_write = True
        self.using = frozenset((session.PLUS, dispatch.MAIL, sieve.CAPABILITY, contacts.CAPABILITY))
        self.implicit: list[tuple[str, dict[str, Any]]] = []

    async def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """The response's arguments; ``MethodError`` as it is raised."""
        call = OneCall(self.shared, self.account, self.account_id, arguments, self.created, self.may_write, self.others, using=self.using)
        found: dict[str, Any] = await METHODS[method](call)
        self.implicit = call.implicit
        assert found["accountId"] == self.account_id
        return found

    async def error(self, method: str, **arguments: Any) -> str:
        """The kind of error the method answers with."""
        try:
            await self.call(method, **arguments)
        except MethodError as exc:
            return exc.kind
        raise AssertionError(f"{method} was not refused")

    async def box(self, role: str = "inbox") -> str:
        """The id of the mailbox with a role."""
        found = await self.call("Mailbox/get")
        return str(next(one["id"] for one in found["list"] if one["role"] == role))

    async def make_box(self, name: str, **values: Any) -> str:
        found = await self.call("Mailbox/set", create={"x": {"name": name, **values}})
        assert found["notCreated"] is None
        return str(found["created"]["x"]["id"])

    def put(self, octets: bytes) -> str:
        """Upload."""
        blob_id = f"u{len(self.shared.uploads)}"
        self.shared.uploads[(self.account, blob_id)] = octets
        return blob_id

    async def import_(self, octets: bytes, *boxes: str, **values: Any) -> str:
        given = {"blobId": self.put(octets), "mailboxIds": dict.fromkeys(boxes or (await self.box(),), True), **values}
        found = await self.call("Email/import", emails={"x": given})
        assert found["notCreated"] is None
        return str(found["created"]["x"]["id"])

    async def draft(self, **values: Any) -> str:
        """The id of an email made with Email/set."""
        found = await self.call("Email/set", create={"x": {"mailboxIds": {await self.box(): True}, **values}})
        assert found["notCreated"] is None, found["notCreated"]
        return str(found["created"]["x"]["id"])

    async def one(self, ident: str, *properties: str, **arguments: Any) -> dict[str, Any]:
        """An email."""
        found = await self.call("Email/get", ids=[ident], properties=list(properties) or None, **arguments)
        (email_,) = found["list"]
        return dict(email_)

    async def deliver(self, octets: bytes) -> Filed:
        return await self.store.mail.deliver(self.account, Filing(DeliveryId(os.urandom(16)), octets, b"", (INBOX,)))

    async def wake(self, at: datetime) -> int:
        """Carry out what is due at a time, until nothing is; how much it was."""
        now_ms = int(at.timestamp() * 1000)
        shared, store = self.shared, self.store
        reminders = Reminders(shared.emails, shared.kept, store.directory, lambda: now_ms)
        waking = Waking(shared.kept, {
            DueKind.SNOOZE: Snoozing(shared.emails, shared.kept).wake, DueKind.REMINDER: reminders.look, DueKind.JOB: shared.jobs.go_on,
        }, lambda: now_ms)
        count = 0
        while found := await shared.kept.due(now_ms, 100):
            count += len(found)
            for one in found:
                await waking.carry_out(one)
        return count

    def op(self) -> OpId:
        return OpId(os.urandom(16))


@asynccontextmanager
async def jmap_store(folder: Path) -> AsyncIterator[tuple[Jmap, Jmap]]:
    """A store with two accounts; nothing is wrong with it at the end."""
    create(folder / "data", shards=1)
    store = open_store(folder / "data")
    await store.start()
    try:
        await store.directory.domain_add("example.test", TenantId(1))
        shared = Shared(store)
        accounts = [
            Jmap(store, shared, (await store.directory.account_add(f"{name}@example.test", argon2="x", scram=None)).account_id)
            for name in ("a", "b")
        ]
        yield accounts[0], accounts[1]
        assert await store.verify(repair=False, progress=lambda *_: None) == []
    finally:
        await store.close()
