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
from mailstead.protocol.jmap.mail.email import Envelopes
from mailstead.server.http.jmap import (
    blob_get,
    blob_upload,
    client_settings,
    email,
    email_set,
    mailbox,
    quota,
    snippet,
    thread,
)
from mailstead.server.http.jmap.standard import MethodError
from mailstead.service.emails import Emails
from mailstead.service.kept import Kept
from mailstead.store import Embedded, create, open_store

METHODS: dict[str, Callable[..., Any]] = {
    "Mailbox/get": mailbox.get, "Mailbox/changes": mailbox.changes, "Mailbox/query": mailbox.query,
    "Mailbox/queryChanges": mailbox.query_changes, "Mailbox/set": mailbox.set_, "Thread/get": thread.get, "Thread/changes": thread.changes,
    "Email/get": email.get, "Email/changes": email.changes, "Email/query": email.query, "Email/queryChanges": email.query_changes,
    "Email/set": email_set.set_, "Email/import": email_set.import_, "Email/copy": email_set.copy, "Email/parse": email.parse,
    "SearchSnippet/get": snippet.get, "Quota/get": quota.get, "Quota/changes": quota.changes, "Quota/query": quota.query,
    "Quota/queryChanges": quota.query_changes, "Blob/upload": blob_upload.upload, "Blob/get": blob_get.get, "Blob/lookup": blob_get.lookup,
    "ClientSettings/get": client_settings.get, "ClientSettings/changes": client_settings.changes, "ClientSettings/set": client_settings.set_,
}


class Shared:
    """What the methods share; ``uploads`` by account and id."""

    def __init__(self, store: Embedded) -> None:
        self.emails = Emails(store)
        self.kept = Kept(store)
        self.envelopes = Envelopes()
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

    def other_account(self, account_id: str) -> AccountId | None:
        return self.others.get(account_id)


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

    async def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """The response's arguments; ``MethodError`` as it is raised."""
        call = OneCall(self.shared, self.account, self.account_id, arguments, self.created, self.may_write, self.others)
        found: dict[str, Any] = await METHODS[method](call)
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
