"""A client that only applies changes ends with what the server has, whatever IMAP, JMAP and deliveries do in between.

Random histories of one account, from a seed. The client holds every email, thread and mailbox and the answers of some queries; it
hears of changes at random moments, in pages of random size. No state inside the retention time may be refused.
"""

import os
import random
from pathlib import Path

import pytest

from mailstead.model import condition as c
from mailstead.model.change import StateTooOld
from mailstead.model.email import EmailPatch, Kind, MailboxPatch, NewEmail, Position
from mailstead.model.errors import Refusal
from mailstead.model.ids import AccountId, DeliveryId, EmailId, MailboxId, OpId, TenantId, ThreadId
from mailstead.model.mailbox import INBOX, Role
from mailstead.model.message import Filing, NewMessage
from mailstead.model.query import Comparator, Query, SortBy, Window
from mailstead.model.uids import UidSet
from mailstead.store import Embedded, create, open_store

STEPS = 120
SEEDS = range(int(os.environ.get("SEEDS", "6")))
FLAGS = ("\\Seen", "\\Deleted", "\\Flagged", "\\Draft", "work")
WORDS = ("alpha", "beta", "gamma")


class Client:
    """What it knows, and how it learns."""

    def __init__(self, store: Embedded, account: AccountId, chance: random.Random, queries: list[Query]) -> None:
        self.store = store
        self.account = account
        self.chance = chance
        self.refused = 0
        self.states: dict[Kind, Position] = {}
        self.emails: dict[int, tuple[object, ...]] = {}
        self.threads: dict[int, tuple[int, ...]] = {}
        self.boxes: dict[int, tuple[object, ...]] = {}
        self.answers: dict[Query, tuple[Position, list[int]]] = {}
        self.queries = queries

    async def begin(self) -> None:
        now = await self.store.emails.states(self.account)
        for kind in Kind:
            self.states[kind] = Position(now.epoch, now.of(kind))
        for query in self.queries:
            answer = await self.store.emails.query(self.account, query, Window(limit=10_000))
            self.answers[query] = (answer.state, list(answer.ids))

    async def _email(self, ids: list[int]) -> dict[int, tuple[object, ...]]:
        _, found = await self.store.emails.emails(self.account, [EmailId(one) for one in ids], content=False)
        return {email: (row.mailbox_ids, row.flags, row.more, row.thread_id) for email, row in found.items()}

    async def _box(self) -> dict[int, tuple[object, ...]]:
        return {
            box.mailbox_id: (box.path[-1], box.parent_id, box.role, box.sort_order, box.subscribed, box.emails, box.unread_emails,
                             box.threads, box.unread_threads)
            for box in await self.store.mail.mailboxes(self.account)}

    async def learn(self) -> None:
        for kind in (Kind.EMAIL, Kind.THREAD, Kind.MAILBOX):
            more = True
            while more:
                try:
                    told = await self.store.emails.changes(self.account, kind, self.states[kind], self.chance.choice((0, 1, 3, 50)))
                except StateTooOld:
                    self.refused += 1
                    return
                more, self.states[kind] = told.more, told.new
                assert not set(told.created) & set(told.updated) | set(told.created) & set(told.destroyed)
                await self._apply(kind, told.created + told.updated, told.destroyed, only_counts=told.only_counts)
        for query, (since, ids) in list(self.answers.items()):
            try:
                told_of = await self.store.emails.query_changes(self.account, query, since, 0, total=False)
            except StateTooOld:
                self.refused += 1
                return
            gone = set(told_of.removed)
            ids[:] = [email for email in ids if email not in gone]
            for place, email in told_of.added:
                ids.insert(place, email)
            self.answers[query] = (told_of.new, ids)

    async def _apply(self, kind: Kind, put: tuple[int, ...], gone: tuple[int, ...], *, only_counts: bool) -> None:
        if kind is Kind.EMAIL:
            for email in gone:
                self.emails.pop(email, None)
            self.emails.update(await self._email(list(put)))
        elif kind is Kind.THREAD:
            for thread in gone:
                self.threads.pop(thread, None)
            _, found = await self.store.emails.threads(self.account, [ThreadId(one) for one in put])
            self.threads.update(found)  # type: ignore[arg-type]
        else:
            for box in gone:
                self.boxes.pop(box, None)
            now = await self._box()
            for box in put:
                if box in now:
                    self.boxes[box] = (*self.boxes[box][:5], *now[box][5:]) if only_counts else now[box]

    async def compare(self) -> None:
        everything = await self.store.emails.query(self.account, Query(), Window(limit=10_000))
        truth = await self._email(list(everything.ids))
        assert truth == self.emails
        _, threads = await self.store.emails.threads(self.account, [ThreadId(row[3]) for row in truth.values()])  # type: ignore[arg-type]
        assert threads == self.threads
        assert await self._box() == self.boxes
        for query, (state, ids) in self.answers.items():
            answer = await self.store.emails.query(self.account, query, Window(limit=10_000, total=True))
            assert (answer.state, list(answer.ids), answer.total) == (state, ids, len(ids)), query
        self.store.finder.forget(self.account)
        for query, (_, ids) in self.answers.items():
            answer = await self.store.emails.query(self.account, query, Window(limit=10_000))
            assert list(answer.ids) == ids, query


class World:
    """One account and what can happen to it."""

    def __init__(self, store: Embedded, account: AccountId, chance: random.Random) -> None:
        self.store = store
        self.mail = store.mail
        self.account = account
        self.chance = chance
        self.ids: list[str] = []

    def op(self) -> OpId:
        return OpId(os.urandom(16))

    def octets(self) -> bytes:
        ident = f"{len(self.ids)}@x"
        lines = [f"From: {self.chance.choice(WORDS)}@example.org", f"Subject: {self.chance.choice(('', 'Re: '))}{self.chance.choice(WORDS)}",
                 f"Message-ID: <{ident}>"]
        if self.ids and self.chance.random() < 0.6:
            lines.append(f"In-Reply-To: <{self.chance.choice(self.ids)}>")
        self.ids.append(ident)
        return "\r\n".join([*lines, "", self.chance.choice(WORDS) + " text", ""]).encode()

    def some_flags(self) -> frozenset[str]:
        return frozenset(self.chance.sample(FLAGS, self.chance.randrange(3)))

    async def box(self) -> MailboxId:
        return self.chance.choice([box.mailbox_id for box in await self.mail.mailboxes(self.account) if not box.noselect])

    async def uids(self, box: MailboxId) -> UidSet:
        there = [entry.uid for entry in await self.mail.entries(self.account, box, UidSet.all())]
        return UidSet.of(self.chance.sample(there, min(len(there), self.chance.randrange(1, 4))))

    async def emails(self) -> list[EmailId]:
        answer = await self.store.emails.query(self.account, Query(), Window(limit=10_000))
        return [EmailId(one) for one in self.chance.sample(answer.ids, min(len(answer.ids), self.chance.randrange(1, 4)))]

    async def step(self) -> None:
        deeds = [self.deliver, self.deliver, self.append, self.copy, self.move, self.flag, self.flag, self.expunge, self.set, self.set,
                 self.destroy, self.create, self.make_box, self.change_box, self.drop_box, self.role]
        try:
            await self.chance.choice(deeds)()
        except Refusal:
            return

    async def deliver(self) -> None:
        path = self.chance.choice([box.path for box in await self.mail.mailboxes(self.account)])
        await self.mail.deliver(self.account, Filing(
            DeliveryId(os.urandom(16)), self.octets(), b"", (path, INBOX), self.some_flags(), self.chance.randrange(10**9, 10**9 + 20)))

    async def append(self) -> None:
        new = [NewMessage(self.octets(), self.some_flags(), self.chance.randrange(10**9, 10**9 + 20)) for _ in range(self.chance.randrange(1, 4))]
        await self.mail.append(self.account, self.op(), await self.box(), new)

    async def copy(self) -> None:
        source = await self.box()
        await self.mail.copy(self.account, self.op(), source, await self.uids(source), await self.box())

    async def move(self) -> None:
        source = await self.box()
        await self.mail.move(self.account, self.op(), source, await self.uids(source), await self.box())

    async def flag(self) -> None:
        box = await self.box()
        await self.mail.set_flags(self.account, self.op(), box, await self.uids(box), add=self.some_flags(), remove=self.some_flags())

    async def expunge(self) -> None:
        await self.mail.expunge(self.account, self.op(), await self.box(), None)

    async def set(self) -> None:
        patches = []
        for email in await self.emails():
            boxes = frozenset([await self.box()])
            patches.append(self.chance.choice((
                EmailPatch(email, add_keywords=self.some_flags() - {"\\Deleted"}, remove_keywords=self.some_flags()),
                EmailPatch(email, keywords=self.some_flags() - {"\\Deleted"}),
                EmailPatch(email, mailbox_ids=boxes), EmailPatch(email, add_mailboxes=boxes),
                EmailPatch(email, remove_mailboxes=boxes, add_keywords=frozenset({"\\Seen"})))))
        await self.store.emails.set(self.account, self.op(), update=patches)

    async def destroy(self) -> None:
        await self.store.emails.set(self.account, self.op(), destroy=(await self.emails())[:2])

    async def create(self) -> None:
        await self.store.emails.set(self.account, self.op(), create=[
            NewEmail(self.octets(), (await self.box(), await self.box()), self.some_flags() - {"\\Deleted"}, 10**9)])

    async def make_box(self) -> None:
        if len(await self.mail.mailboxes(self.account)) < 12:
            parent = self.chance.choice((MailboxId(0), await self.box()))
            await self.store.emails.mailbox_set(self.account, self.op(), None, MailboxPatch(f"b{self.chance.randrange(6)}", parent))

    async def change_box(self) -> None:
        await self.store.emails.mailbox_set(self.account, self.op(), await self.box(), self.chance.choice((
            MailboxPatch(name=f"c{self.chance.randrange(6)}"), MailboxPatch(parent_id=await self.box()),
            MailboxPatch(sort_order=self.chance.randrange(9), is_subscribed=self.chance.random() < 0.5))))

    async def drop_box(self) -> None:
        if self.chance.random() < 0.5:
            await self.store.emails.mailbox_destroy(self.account, self.op(), await self.box(), with_emails=True)
        else:
            box = await self.mail.mailbox_by_id(self.account, await self.box())
            assert box is not None
            await self.mail.mailbox_delete(self.account, self.op(), box.path)

    async def role(self) -> None:
        await self.mail.mailbox_role(self.account, self.op(), await self.box(), self.chance.choice((Role.TRASH, Role.NONE, Role.ARCHIVE)))


async def queries_of(store: Embedded, account: AccountId) -> list[Query]:
    inbox = await store.mail.mailbox(account, INBOX)
    assert inbox is not None
    newest = (Comparator(SortBy.RECEIVED, ascending=False),)
    return [
        Query(c.InMailbox(inbox.mailbox_id)), Query(c.InMailbox(inbox.mailbox_id), collapse=True),
        Query(c.InMailbox(inbox.mailbox_id), (Comparator(SortBy.RECEIVED),), collapse=True),
        Query(c.Not(c.HasFlag("\\Seen")), newest), Query(c.ThreadHas("\\Flagged"), newest, collapse=True),
        Query(c.ThreadHas("\\Seen", every=True), (Comparator(SortBy.SUBJECT), Comparator(SortBy.SIZE, ascending=False))),
        Query(c.And((c.InMailbox(inbox.mailbox_id), c.Not(c.ThreadMeets(c.And((c.InMailbox(inbox.mailbox_id), c.HasFlag("\\Flagged"))))))), newest, collapse=True),
        Query(c.And((c.InMailbox(inbox.mailbox_id), c.Contains(c.Field.TEXT, "alp", words=True))), newest),
        Query(c.InOtherThan(frozenset({inbox.mailbox_id})), (Comparator(SortBy.SOME_IN_THREAD, ascending=False, keyword="work"), *newest)),
        Query(c.EVERYTHING, (Comparator(SortBy.FROM, ascending=False), Comparator(SortBy.KEYWORD, keyword="\\Draft")), collapse=True),
    ]


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_client_that_applies_changes_ends_with_what_is_there(seed: int, tmp_path: Path) -> None:
    create(tmp_path / "data", shards=1)
    store = open_store(tmp_path / "data")
    await store.start()
    try:
        await store.directory.domain_add("example.test", TenantId(1))
        account = (await store.directory.account_add("a@example.test", argon2="x", scram=None)).account_id
        chance = random.Random(seed)
        client = Client(store, account, chance, await queries_of(store, account))
        client.boxes = await client._box()
        await client.begin()
        world = World(store, account, chance)
        for number in range(STEPS):
            await world.step()
            if chance.random() < 0.3:
                await client.learn()
            if number % 20 == 19:
                await client.learn()
                await client.compare()
        assert client.refused == 0
        assert await store.verify(repair=False, progress=lambda *_: None) == []
    finally:
        await store.close()
