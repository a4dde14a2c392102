"""Somebody with whom mailboxes are shared, who only applies changes, ends with what is in their sight, and never hears of anything else.

The histories of ``test_emails``, in an account of which a guest sees some mailboxes: grants come and go, and the guest writes too. What is in sight is
worked out here from the entries alone.
"""

import os
import random
from pathlib import Path
from typing import Any

import pytest
from tests.property.test_emails import Client, World, queries_of

from mailstead.model import flags as bits
from mailstead.model.email import EmailPatch, Kind, NewEmail, Position
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId, EmailId, MailboxId, TenantId
from mailstead.model.mailbox import INBOX, MailboxInfo
from mailstead.model.message import NewMessage
from mailstead.model.sharing import ALL, NONE, Grant, Right
from mailstead.model.uids import UidSet
from mailstead.store import Embedded, create, open_store

STEPS = 150
SEEDS = range(int(os.environ.get("SEEDS", "6")))


class Emails:
    """``store.emails`` as a guest asks it."""

    def __init__(self, store: Embedded, guest: AccountId) -> None:
        self._emails = store.emails
        self._guest = guest

    def __getattr__(self, name: str) -> Any:
        ask = getattr(self._emails, name)
        return lambda *values, **more: ask(*values, **more, viewer=self._guest)


class Mail:
    """Mailboxes as a guest sees them: those above what they were given by name alone."""

    def __init__(self, store: Embedded, guest: AccountId) -> None:
        self._store = store
        self._guest = guest

    async def mailboxes(self, account: AccountId) -> list[MailboxInfo]:
        rights = await rights_of(self._store, account, self._guest)
        boxes = {box.mailbox_id: box for box in await self._store.mail.mailboxes(account)}
        above: set[MailboxId] = set()
        for box in rights:
            at = boxes[box].parent_id
            while at is not None:
                above.add(at)
                at = boxes[at].parent_id
        return [
            box if rights.get(box.mailbox_id, NONE) & Right.READ else MailboxInfo(
                box.mailbox_id, box.parent_id, box.path, box.role, 0, 0, 0, 0, 0, 0, 0, 0, subscribed=False, noselect=False, has_children=False,
                sort_order=box.sort_order)
            for box in boxes.values() if box.mailbox_id in above | rights.keys()
        ]  # fmt: skip


class Seen:
    """The store as a guest sees it."""

    def __init__(self, store: Embedded, guest: AccountId) -> None:
        self.emails = Emails(store, guest)
        self.mail = Mail(store, guest)
        self.finder = store.finder


async def rights_of(store: Embedded, account: AccountId, guest: AccountId) -> dict[MailboxId, Right]:
    return {one.mailbox_id: one.rights for one in await store.shares.of(account, grantee=guest)}


class Guest(Client):
    """``is_in``: something is shared with them, as far as they know. Subscriptions are the owner's here and not compared."""

    is_in = False

    def __init__(self, store: Embedded, account: AccountId, guest: AccountId, chance: random.Random, queries: list[Any]) -> None:
        super().__init__(Seen(store, guest), account, chance, queries)  # type: ignore[arg-type]
        self.whole = store
        self.guest = guest

    async def _box(self) -> dict[int, tuple[object, ...]]:
        return {ident: (*values[:4], None, *values[5:]) for ident, values in (await super()._box()).items()}

    async def learn(self) -> None:
        try:
            if not self.is_in:
                now = await self.store.emails.states(self.account)
                self.emails, self.threads = {}, {}
                await self.begin()
                # What is there already is told from before anything was.
                self.states = {kind: Position(now.epoch, 1) for kind in Kind}
                self.boxes = await self._box()
                self.is_in = True
            await super().learn()
        except Refusal as exc:
            if exc.reason is not Reason.NOT_FOUND:
                raise
            assert {} == await rights_of(self.whole, self.account, self.guest)
            self.is_in = False

    async def compare(self) -> None:
        if not self.is_in:
            return
        await super().compare()
        rights = await rights_of(self.whole, self.account, self.guest)
        found: dict[int, tuple[set[int], int, int, set[str]]] = {}
        for box in await self.whole.mail.mailboxes(self.account):
            if rights.get(box.mailbox_id, NONE) & Right.READ:
                for entry in await self.whole.mail.entries(self.account, box.mailbox_id, UidSet.all()):
                    if not entry.flags & bits.DELETED:
                        boxes, any_of, all_of, more = found.get(entry.email_id, (set(), 0, ~0, set()))
                        found[entry.email_id] = boxes | {box.mailbox_id}, any_of | entry.flags, all_of & entry.flags, more | set(entry.more)
        assert self.emails.keys() == found.keys()
        for email, (boxes, any_of, all_of, _) in found.items():
            assert (tuple(sorted(boxes)), (any_of & ~bits.SEEN) | (all_of & bits.SEEN)) == self.emails[email][:2]


class Shared(World):
    """What can happen to an account that shares."""

    guest: AccountId

    async def step(self) -> None:
        deeds = [self.give, self.give, self.take, self.guests_set, self.guests_set, self.guests_create, super().step, super().step, super().step, super().step]
        try:
            await self.chance.choice(deeds)()
        except Refusal:
            return

    async def give(self) -> None:
        rights = self.chance.choice((Right.READ, ALL, Right.ADD, Right.READ | Right.SEEN, Right.READ | Right.REMOVE | Right.ADD, ALL))
        await self.store.shares.set(self.account, self.op(), [Grant(await self.box(), self.guest, rights)])

    async def take(self) -> None:
        rights = await rights_of(self.store, self.account, self.guest)
        if rights:
            await self.store.shares.set(self.account, self.op(), [Grant(self.chance.choice(list(rights)), self.guest, NONE)])

    async def guests_set(self) -> None:
        patches = []
        before = {box.mailbox_id: list(await self.mail.entries(self.account, box.mailbox_id, UidSet.all()))
                  for box in await self.mail.mailboxes(self.account)}
        rights = await rights_of(self.store, self.account, self.guest)
        emails = await self.emails()
        for email in emails:
            box = frozenset([await self.box()])
            patches.append(self.chance.choice((
                EmailPatch(email, add_keywords=self.some_flags() - {"\\Deleted"}, remove_keywords=self.some_flags()),
                EmailPatch(email, mailbox_ids=box), EmailPatch(email, add_mailboxes=box), EmailPatch(email, remove_mailboxes=box))))
        destroy = [EmailId(one) for one in emails[:1]] if self.chance.random() < 0.2 else []
        await self.store.emails.set(self.account, self.op(), update=patches, destroy=destroy, viewer=self.guest)
        for ident, entries in before.items():
            right = rights.get(ident, NONE)
            now = list(await self.mail.entries(self.account, ident, UidSet.all()))
            if not right & Right.READ:
                assert entries == now[: len(entries)], "what is not seen is not touched"
            if not right & Right.ADD:
                assert {entry.uid for entry in now} <= {entry.uid for entry in entries}
            if not right & Right.REMOVE:
                assert {entry.uid for entry in entries} <= {entry.uid for entry in now}
            flags = {entry.uid: entry.flags for entry in entries}
            for entry in now:
                changed = entry.flags ^ flags.get(entry.uid, entry.flags)
                assert not changed & bits.SEEN or right & Right.SEEN
                assert not changed & ~bits.SEEN or right & Right.KEYWORDS

    async def guests_create(self) -> None:
        await self.store.emails.set(
            self.account, self.op(), create=[NewEmail(self.octets(), (await self.box(),), self.some_flags() - {"\\Deleted"}, 10**9)], viewer=self.guest)


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_guest_who_applies_changes_ends_with_what_is_in_sight(seed: int, tmp_path: Path) -> None:
    create(tmp_path / "data", shards=1)
    store = open_store(tmp_path / "data")
    await store.start()
    try:
        await store.directory.domain_add("example.test", TenantId(1))
        account, guest = [(await store.directory.account_add(f"{name}@example.test", argon2="x", scram=None)).account_id for name in ("a", "b")]
        chance = random.Random(seed)
        world = Shared(store, account, chance)
        world.guest = guest
        client = Guest(store, account, guest, chance, await queries_of(store, account))
        for number in range(STEPS):
            await world.step()
            if chance.random() < 0.3:
                await client.learn()
            if number % 10 == 9:
                await client.learn()
                await client.compare()
        inbox = await store.mail.mailbox(account, INBOX)
        assert inbox is not None
        await store.shares.set(account, world.op(), [Grant(inbox.mailbox_id, guest, ALL)])
        await store.mail.append(account, world.op(), inbox.mailbox_id, [NewMessage(world.octets())])
        await client.learn()
        await client.compare()
        assert client.emails
        assert 0 == client.refused
        assert [] == await store.verify(repair=False, progress=lambda *_: None)
    finally:
        await store.close()


