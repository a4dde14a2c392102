"""What is kept of the log says what the log says, whatever happens to the account, and nothing where that is not certain."""

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.harness.real_mail import real_store

from mailstead.model.change import StateTooOld
from mailstead.model.email import EmailPatch, Kind, MailboxPatch, ObjectChanges, Position
from mailstead.model.errors import Unavailable
from mailstead.model.ids import AccountId, DeliveryId, EmailId, MailboxId, OpId
from mailstead.model.message import Filing, NewMessage
from mailstead.store import Embedded, open_store
from mailstead.store.engine.sqlite import Database
from mailstead.store.engine.writer import Tx
from mailstead.store.mail import changes, emails, recent
from mailstead.store.mail.accounts import RemoveAccount
from mailstead.store.mail.recent import Recent

STEPS = 60


def op() -> OpId:
    return OpId(os.urandom(16))


def letter(subject: str = "x") -> bytes:
    return f"From: a@b.test\r\nMessage-ID: <{os.urandom(8).hex()}@b.test>\r\nSubject: {subject}\r\n\r\ntext\r\n".encode()


class World:
    """An account of a store, and things that may happen to it."""

    def __init__(self, store: Embedded, account: AccountId) -> None:
        self.store = store
        self.account = account
        self.boxes: list[MailboxId] = []
        self.emails: list[EmailId] = []

    async def deliver(self) -> None:
        filed = await self.store.mail.deliver(self.account, Filing(DeliveryId(os.urandom(16)), letter(), b""))
        self.emails.append(filed.email_id)

    async def append(self, count: int) -> None:
        inbox = (await self.store.mail.mailboxes(self.account))[0].mailbox_id
        done = await self.store.mail.append(self.account, op(), inbox, [NewMessage(letter(str(n)), frozenset()) for n in range(count)])
        self.emails += done.email_ids

    async def step(self, chance: random.Random) -> None:
        """One change, or several in one."""
        kind = chance.randrange(8)
        if kind <= 1 or not self.emails:
            await self.deliver()
        elif kind == 2:
            await self.append(chance.choice((1, 3, 12)))
        elif kind == 3:
            some = chance.sample(self.emails, min(4, len(self.emails)))
            keyword = frozenset({chance.choice(("\\Seen", "work"))})
            await self.store.emails.set(self.account, op(), update=[EmailPatch(email, add_keywords=keyword) for email in some])
        elif kind == 4:
            await self.store.emails.set(self.account, op(), destroy=[self.emails.pop(chance.randrange(len(self.emails)))])
        elif kind == 5:
            made = await self.store.emails.mailbox_set(self.account, op(), None, MailboxPatch(name=os.urandom(4).hex(), is_subscribed=chance.random() < 0.5))
            self.boxes.append(made.mailbox_id)
        elif kind == 6 and self.boxes:
            await self.store.emails.mailbox_set(self.account, op(), chance.choice(self.boxes), MailboxPatch(name=os.urandom(4).hex()))
        elif self.boxes:
            await self.store.emails.mailbox_destroy(self.account, op(), self.boxes.pop(), with_emails=True)


async def outcome(asked: Any) -> ObjectChanges | type:
    """An answer, or how it was refused."""
    try:
        found: ObjectChanges = await asked if not callable(asked) else asked()
    except (StateTooOld, Unavailable) as exc:
        return type(exc)
    return found


def look(store: Embedded, account: AccountId) -> Callable[[Callable[[Database], Any]], Any]:
    """Reads the shard past everything that is kept."""
    shard = store.mail.shard(account)
    return shard.read


@pytest.mark.parametrize("seed", range(3))
async def test_every_position_is_answered_as_the_log_answers_it(tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "_CHANGES", 25)  # so that now and then it is too much
    chance = random.Random(seed)
    async with real_store(tmp_path, ["alice"]) as (store, accounts):
        account = accounts["alice"]
        world = World(store, account)
        from_memory = 0
        for _ in range(STEPS):
            await world.step(chance)
            now = await store.emails.states(account)
            assert now == look(store, account)(lambda db: emails.states(db, account))
            for _ in range(6):
                kind, most = chance.choice(list(Kind)), chance.choice((0, 0, 1, 2, 5))
                back = chance.choice((0, 0, 1, 1, 2, 3, 5, 9, 30)) - (chance.random() < 0.05)
                since = Position(now.epoch + (chance.random() < 0.05), max(0, now.modseq - back), chance.choice((0, 0, 0, 1, 2)))
                told = await outcome(store.emails.changes(account, kind, since, most))
                assert told == await outcome(lambda: look(store, account)(lambda db: changes.object_changes(db, account, kind, since, most)))  # noqa: B023
                kept = store.mail.shard(account).recent
                assert kept is not None
                from_memory += kept.changes(account, kind, since, most) is not None
        assert from_memory > STEPS


async def test_what_was_just_written_takes_no_statement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with real_store(tmp_path, ["alice"]) as (store, accounts):
        account = accounts["alice"]
        world = World(store, account)
        await world.deliver()
        states = await store.emails.states(account)
        since = Position(states.epoch, states.email)
        assert (await store.emails.changes(account, Kind.EMAIL, since, 0)).created == ()
        await world.deliver()

        def no_reading(_: object) -> None:
            raise AssertionError("the database was asked")

        monkeypatch.setattr(store.mail.shard(account), "read", no_reading)
        for _ in range(2):
            assert (await store.emails.changes(account, Kind.EMAIL, since, 0)).created == (world.emails[-1],)
        assert (await store.emails.states(account)).email == states.modseq + 1


async def test_what_another_process_has_written_is_read(tmp_path: Path) -> None:
    """Only the one that writes keeps anything; the others ask the database each time."""
    async with real_store(tmp_path, ["alice"]) as (store, accounts):
        account = accounts["alice"]
        world = World(store, account)
        other = open_store(tmp_path / "data", worker=1, workers=2)
        for _ in range(20):
            states = await other.emails.states(account)
            await world.deliver()
            for one in (other, store):
                found = await one.emails.changes(account, Kind.EMAIL, Position(states.epoch, states.email), 0)
                assert found.created == (world.emails[-1],)
        await other.close()


class Under:
    """A transaction as far as what is kept sees it."""

    def __init__(self, store: Embedded, account: AccountId, kept: Recent, *, is_upheaval: bool = False) -> None:
        self._kept = kept
        self._store = store
        self._account = account
        self._is_upheaval = is_upheaval

    def begin(self) -> Tx:
        tx: Tx = self._store.mail.shard(self._account).read(lambda db: Tx(db, 0, None, {self._account: 1}, is_upheaval=self._is_upheaval))
        self._kept.begun(tx)
        return tx


async def test_while_a_commit_is_under_way_nothing_is_said_and_if_it_fails_nothing_is_kept(tmp_path: Path) -> None:
    async with real_store(tmp_path, ["alice", "bob"]) as (store, accounts):
        account, other = accounts["alice"], accounts["bob"]
        read = look(store, account)
        kept = Recent()
        read(lambda db: kept.keep(db, account, 0))
        read(lambda db: kept.keep(db, other, 0))
        since = Position(0, 0)
        for is_done in (True, False):
            assert kept.states(account) is not None
            tx = Under(store, account, kept).begin()
            assert kept.states(account) is None
            assert kept.changes(account, Kind.EMAIL, since, 0) is None
            read(lambda db: kept.keep(db, account, 0))
            assert kept.states(account) is None
            assert kept.states(other) is not None
            kept.ended(tx, is_done=is_done)
            assert (kept.states(account) is not None) == is_done
        assert kept.states(other) is not None
        tx = Under(store, account, kept, is_upheaval=True).begin()
        read(lambda db: kept.keep(db, other, 0))
        assert kept.states(other) is None
        kept.ended(tx, is_done=True)
        assert kept.states(other) is None
        read(lambda db: kept.keep(db, other, 0))
        assert kept.states(other) is not None


async def test_an_account_that_nobody_asks_about_is_let_go_and_so_is_one_of_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with real_store(tmp_path, ["alice", "bob"]) as (store, accounts):
        account, other = accounts["alice"], accounts["bob"]
        world = World(store, account)
        kept = store.mail.shard(account).recent
        assert kept is not None
        await store.emails.changes(account, Kind.EMAIL, Position(1, 1), 0)
        for _ in range(recent._UNASKED):
            await world.deliver()
        assert account in kept._tails
        for _ in range(2):
            await world.deliver()
        assert account not in kept._tails
        monkeypatch.setattr(recent, "_ACCOUNTS", 1)
        for one in (account, other):
            await store.emails.changes(one, Kind.EMAIL, Position(1, 1), 0)
        assert [*kept._tails] == [other]


async def test_an_account_that_is_gone_and_one_whose_history_was_not_continued(tmp_path: Path) -> None:
    async with real_store(tmp_path, ["alice", "bob"]) as (store, accounts):
        account, other = accounts["alice"], accounts["bob"]
        states = await store.emails.states(other)
        for one in (account, other):
            await store.emails.changes(one, Kind.EMAIL, Position(states.epoch, states.email), 0)
        await store.restored()
        after = await store.emails.states(other)
        assert after.epoch > states.epoch
        assert await outcome(store.emails.changes(other, Kind.EMAIL, Position(states.epoch, states.email), 0)) is StateTooOld
        await store.emails.changes(other, Kind.EMAIL, Position(after.epoch, after.email), 0)
        await store.write(0, RemoveAccount(other))
        assert await outcome(store.emails.changes(other, Kind.EMAIL, Position(after.epoch, after.email), 0)) is Unavailable
