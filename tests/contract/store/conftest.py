"""The conformance suite's world: a fresh store with two accounts, asked in each of the ways a store can be asked.

Tests here know ``interface.Store`` and nothing behind it; another home joins by a way of opening it in ``WAYS``. After
each test ``verify`` must find nothing wrong.
"""

import itertools
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mailstead.model.ids import AccountId, DeliveryId, EmailId, MailboxId, OpId
from mailstead.model.mailbox import INBOX, Entry, MailboxInfo
from mailstead.model.message import Appended, Filed, Filing, NewMessage
from mailstead.model.uids import UidSet
from mailstead.store import create, open_store
from mailstead.store.interface import Account, Store

WAYS = ("one worker", "two workers, at the owner", "two workers, at the other")
DAY_MS = 24 * 3600 * 1000


class Clock:
    """The real time, and what a test puts on top of it."""

    def __init__(self) -> None:
        self.ahead_ms = 0

    def __call__(self) -> int:
        return time.time_ns() // 1_000_000 + self.ahead_ms


def message(subject: str = "hello", *, body: str = "Some text.", sender: str = "ann@example.org", date: str = "", more: str = "") -> bytes:
    """A message with a random id, CRLF lines."""
    lines = [
        f"From: {sender}", "To: bob@example.test", f"Subject: {subject}", f"Message-ID: <{os.urandom(8).hex()}@example.org>",
        f"Date: {date or 'Tue, 24 Nov 2026 10:00:00 +0000'}", *more.splitlines(), "", *body.splitlines(),
    ]
    return "".join(line + "\r\n" for line in lines).encode()


class World:
    """``store`` is the one that is asked; ``stores`` all of them; ``a`` and ``b`` two accounts in it."""

    a: AccountId
    b: AccountId

    def __init__(self, stores: list[Store], store: Store, clock: Clock, data: Path) -> None:
        self.stores = stores
        self.store = store
        self.clock = clock
        self.data = data
        self.mail = store.mail
        self.directory = store.directory
        self._ops = itertools.count(1)

    def op(self) -> OpId:
        return OpId(os.urandom(16))

    def delivery(self) -> DeliveryId:
        return DeliveryId(os.urandom(16))

    async def box(self, *path: str, account: AccountId | None = None) -> MailboxInfo:
        """The mailbox as it is now; made where it is missing."""
        account = account or self.a
        found = await self.mail.mailbox(account, path or INBOX)
        return found or await self.mail.mailbox_create(account, self.op(), path)

    async def inbox(self, account: AccountId | None = None) -> MailboxId:
        return (await self.box(account=account)).mailbox_id

    async def deliver(self, octets: bytes = b"", *, account: AccountId | None = None, **more: object) -> Filed:
        filing = Filing(self.delivery(), octets or message(), b"", **more)  # type: ignore[arg-type]
        return await self.mail.deliver(account or self.a, filing)

    async def append(self, mailbox: MailboxId, *flags: str, count: int = 1, octets: bytes = b"", account: AccountId | None = None) -> Appended:
        new = [NewMessage(octets or message(f"number {n}"), frozenset(flags)) for n in range(count)]
        return await self.mail.append(account or self.a, self.op(), mailbox, new)

    async def uids(self, mailbox: MailboxId, account: AccountId | None = None) -> list[int]:
        return [entry.uid for entry in await self.mail.entries(account or self.a, mailbox, UidSet.all())]

    async def entry(self, mailbox: MailboxId, uid: int) -> Entry:
        (found,) = await self.mail.entries(self.a, mailbox, UidSet.of([uid]))
        return found

    async def flags(self, mailbox: MailboxId, uid: int, account: AccountId | None = None) -> set[str]:
        """The flags of an entry by name."""
        (entry,) = await self.mail.entries(account or self.a, mailbox, UidSet.of([uid]))
        names = await self.mail.keywords(account or self.a)
        return {name for bit, name in names.items() if entry.flags & bit} | set(entry.more)

    async def octets(self, email: EmailId, account: AccountId | None = None) -> bytes:
        return await self.mail.octets(account or self.a, email)

    async def account(self, address: str, **more: int) -> Account:
        return await self.directory.account_add(address, argon2="$argon2id$x", scram=None, **more)  # type: ignore[arg-type]

    async def verify(self) -> list[str]:
        return await self.store.verify(repair=False, progress=lambda *_: None)


def stores_in(data: Path, workers: int, clock: Clock) -> list[Store]:
    """All workers of a data directory in one process, wired to each other."""
    stores: list[Store] = []

    async def send(worker: int, request: bytes) -> bytes:
        return await stores[worker].handle(request)  # type: ignore[attr-defined, no-any-return]

    def post(worker: int, news: bytes) -> None:
        stores[worker].take_news(news)  # type: ignore[attr-defined]

    stores.extend(
        open_store(data, worker=number, workers=workers, handover=send, post=post, now_ms=clock) for number in range(workers)
    )
    return stores


@pytest.fixture(params=WAYS)
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    clock = Clock()
    data = tmp_path / "data"
    create(data, shards=2)
    workers = 1 if request.param == WAYS[0] else 2
    stores = stores_in(data, workers, clock)
    for store in stores:
        await store.start()
    world = World(stores, stores[1] if request.param == WAYS[2] else stores[0], clock, data)
    try:
        (tenant,) = await world.directory.tenants()
        await world.directory.domain_add("example.test", tenant.tenant_id)
        found: list[AccountId] = []
        for number in itertools.count():
            account = await world.account(f"user{number}@example.test")
            if stores[0].shard_owner_is_here(account.shard):
                found.append(account.account_id)
            if len(found) == 2:
                break
        world.a, world.b = found
        yield world
        assert [] == await world.verify()
    finally:
        for store in stores:
            await store.close()
