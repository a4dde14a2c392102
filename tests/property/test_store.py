"""One account against a model of it: any sequence of operations gives what the model says, also after closing and opening.

The model is a dictionary of mailboxes with lists of messages; after every step everything a client can see is compared
with it: UIDs, flags, modseqs, counters, quota, what changed and what vanished.
"""

import asyncio
import itertools
import os
import shutil
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mailstead.model import flags as bits
from mailstead.model.change import Change, ChangeKind, ChangeOp
from mailstead.model.condition import HasFlag, Size
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId, DeliveryId, MailboxId, OpId
from mailstead.model.message import Filing, NewMessage
from mailstead.model.uids import UidSet
from mailstead.store import Embedded, create, open_store
from mailstead.store.interface import Want

NAMES = ("INBOX", "Archive", "one", "two", "drei", "Kästen")
FLAGS = ("\\Seen", "\\Deleted", "\\Flagged", "work", "later", *(f"k{number}" for number in range(60)))
Path_ = tuple[str, ...]
paths = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map(tuple)
flag_sets = st.frozensets(st.sampled_from(FLAGS), max_size=3)
uid_sets = st.one_of(
    st.just(UidSet.all()), st.lists(st.integers(1, 30), max_size=6).map(UidSet.of),
    st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30)), max_size=2).map(UidSet.of_ranges))


@dataclass
class Message:
    octets: bytes
    flags: frozenset[str]
    modseq: int
    email: int
    delivery: bytes = b""


@dataclass
class Box:
    """``messages`` by UID. ``gone``: UID to the modseq at which it vanished."""

    mailbox_id: int
    uid_validity: int
    uid_next: int = 1
    modseq: int = 0
    noselect: bool = False
    messages: dict[int, Message] = field(default_factory=dict)
    gone: dict[int, int] = field(default_factory=dict)

    def add(self, message: Message) -> int:
        self.messages[self.uid_next] = message
        self.uid_next += 1
        return self.uid_next - 1


class OneAccount(RuleBasedStateMachine):
    """The store's home is in ``self.folder``; ``run`` brings a coroutine to its loop."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="mailstead-"))
        self.loop = asyncio.new_event_loop()
        self.boxes: dict[Path_, Box] = {}
        self.validities: set[int] = set()
        self.modseq = 0
        self.numbers = itertools.count()
        self.deliveries: dict[bytes, bytes] = {}
        self.seen_at = 0

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    async def _open(self) -> None:
        self.store: Embedded = open_store(self.folder / "data")
        await self.store.start()
        self.mail = self.store.mail

    @initialize()
    def start(self) -> None:
        create(self.folder / "data", shards=1)

        async def begin() -> None:
            await self._open()
            await self.store.directory.domain_add("example.test", (await self.store.directory.tenants())[0].tenant_id)
            self.account: AccountId = (
                await self.store.directory.account_add("a@example.test", argon2="x", scram=None)).account_id
            for info in await self.mail.mailboxes(self.account):
                self.boxes[info.path] = Box(info.mailbox_id, info.uid_validity, modseq=info.highest_modseq)
                self.validities.add(info.uid_validity)
            self.modseq = self.seen_at = await self.mail.modseq(self.account)

        self.run(begin())
        self.make(("one", "two"))
        self.append(("INBOX",), frozenset({"work"}), 3)
        self.append(("one", "two"), frozenset({"\\Seen", "k3"}), 2)
        self.append(("Archive",), frozenset({"\\Deleted"}), 2)
        self.deliver(("one",), 0)

    def teardown(self) -> None:
        async def end() -> None:
            findings = await self.store.verify(repair=False, progress=lambda *_: None)
            await self.store.close()
            assert [] == findings

        try:
            if hasattr(self, "store"):
                self.run(end())
        finally:
            self.loop.close()
            shutil.rmtree(self.folder)

    # ------------------------------------------------------------------------------------------------------- helpers
    def op(self) -> OpId:
        return OpId(os.urandom(16))

    def octets(self) -> bytes:
        number = next(self.numbers)
        return f"Subject: number {number}\r\nMessage-ID: <{number}@x>\r\n\r\n{'x' * (number % 40)}\r\n".encode()

    def new_modseq(self) -> int:
        self.modseq += 1
        return self.modseq

    def pick(self, path: Path_) -> Box:
        """A mailbox that can be selected: this one, or the INBOX."""
        box = self.boxes.get(_normal(path))
        return box if box is not None and not box.noselect else self.boxes["INBOX",]

    # --------------------------------------------------------------------------------------------------------- rules
    @rule(path=paths, flags=flag_sets, count=st.integers(1, 3))
    def append(self, path: Path_, flags: frozenset[str], count: int) -> None:
        box = self.pick(path)
        new = [self.octets() for _ in range(count)]
        done = self.run(self.mail.append(
            self.account, self.op(), MailboxId(box.mailbox_id), [NewMessage(octets, flags) for octets in new]))
        modseq = self.new_modseq()
        uids = [box.add(Message(octets, flags, modseq, email)) for octets, email in zip(new, done.email_ids, strict=True)]
        box.modseq = modseq
        assert (box.uid_validity, tuple(uids), modseq) == (done.uid_validity, done.uids, done.modseq)

    @rule(path=paths, number=st.integers(0, 6))
    def deliver(self, path: Path_, number: int) -> None:
        ident = DeliveryId(bytes([number]) * 16)
        octets = self.deliveries.setdefault(ident, self.octets())
        filed = self.run(self.mail.deliver(self.account, Filing(ident, octets, b"", (path,))))
        there = [message for box in self.boxes.values() for message in box.messages.values() if message.delivery == ident]
        assert bool(there) == filed.duplicate
        if there:
            assert {filed.email_id} == {message.email for message in there}
            return
        box = self.pick(path)
        modseq = self.new_modseq()
        uid = box.add(Message(octets, frozenset(), modseq, filed.email_id, ident))
        box.modseq = modseq
        assert (box.mailbox_id, uid, modseq) == (filed.mailbox_id, filed.uid, filed.modseq)

    @rule(path=paths, uids=uid_sets, add=flag_sets, remove=flag_sets, replace=st.none() | flag_sets, back=st.none() | st.integers(0, 8))
    def set_flags(self, path: Path_, uids: UidSet, add: frozenset[str], remove: frozenset[str], replace: frozenset[str] | None,
                  back: int | None) -> None:
        box = self.pick(path)
        since = None if back is None else self.modseq - back
        done = self.run(self.mail.set_flags(
            self.account, self.op(), MailboxId(box.mailbox_id), uids, add=add, remove=remove, replace=replace, unchanged_since=since))
        wanted = {uid: message for uid, message in box.messages.items() if uid in uids}
        refused = {uid for uid, message in wanted.items() if since is not None and message.modseq > since}
        changing = {
            uid: (message.flags - remove) | add if replace is None else replace
            for uid, message in wanted.items() if uid not in refused
        }
        moving = {uid for uid, flags in changing.items() if flags != box.messages[uid].flags}
        modseq = self.new_modseq() if moving else self.modseq
        for uid in moving:
            box.messages[uid].flags, box.messages[uid].modseq = changing[uid], modseq
        if moving:
            box.modseq = modseq
        assert tuple(sorted(refused)) == done.refused
        assert {uid: box.messages[uid].modseq for uid in changing} == {uid: at for uid, (at, _) in done.changed.items()}
        assert modseq == done.modseq

    @rule(source=paths, into=paths, uids=uid_sets, is_move=st.booleans())
    def copy_or_move(self, source: Path_, into: Path_, uids: UidSet, is_move: bool) -> None:
        first, second = self.pick(source), self.pick(into)
        verb = self.mail.move if is_move else self.mail.copy
        done = self.run(verb(self.account, self.op(), MailboxId(first.mailbox_id), uids, MailboxId(second.mailbox_id)))
        wanted = sorted(uid for uid in first.messages if uid in uids)
        if wanted:
            modseq = self.new_modseq()
            new = []
            for uid in wanted:
                old = first.messages[uid]
                new.append(second.add(Message(old.octets, old.flags, modseq, old.email, old.delivery)))
                if is_move:
                    del first.messages[uid]
                    first.gone[uid] = modseq
            second.modseq = modseq
            if is_move:
                first.modseq = modseq
            assert tuple(new) == done.target
        assert (tuple(wanted), second.uid_validity, self.modseq) == (done.source, done.uid_validity, done.modseq)

    @rule(path=paths, uids=st.none() | uid_sets, only_deleted=st.booleans())
    def expunge(self, path: Path_, uids: UidSet | None, only_deleted: bool) -> None:
        box = self.pick(path)
        gone, modseq = self.run(self.mail.expunge(
            self.account, self.op(), MailboxId(box.mailbox_id), uids, only_deleted=only_deleted))
        wanted = [
            uid for uid, message in box.messages.items()
            if (uids is None or uid in uids) and (not only_deleted or "\\Deleted" in message.flags)
        ]
        if wanted:
            at = box.modseq = self.new_modseq()
            for uid in wanted:
                del box.messages[uid]
                box.gone[uid] = at
        assert (UidSet.of(wanted), self.modseq) == (gone, modseq)

    @rule(path=paths)
    def make(self, path: Path_) -> None:
        path = _normal(path)
        there = self.boxes.get(path)
        if there is not None and not there.noselect:
            assert Reason.ALREADY_EXISTS is self.refused(self.mail.mailbox_create(self.account, self.op(), path))
            return
        made = self.run(self.mail.mailbox_create(self.account, self.op(), path))
        modseq = self.new_modseq()
        for level in range(1, len(path) + 1):
            here = path[:level]
            if here not in self.boxes or here == path:
                self._made(here, modseq)
        assert made.mailbox_id == self.boxes[path].mailbox_id

    def _made(self, path: Path_, modseq: int) -> None:
        info = self.run(self.mail.mailbox(self.account, path))
        assert info.uid_validity > max(self.validities)
        self.validities.add(info.uid_validity)
        before = self.boxes.get(path)
        if before is not None:  # a remnant: its UIDs go on under the new UIDVALIDITY
            before.noselect, before.uid_validity, before.modseq = False, info.uid_validity, modseq
        else:
            self.boxes[path] = Box(info.mailbox_id, info.uid_validity, modseq=modseq)

    @rule(path=paths)
    def delete(self, path: Path_) -> None:
        path = _normal(path)
        box = self.boxes.get(path)
        has_children = any(other[:-1] == path for other in self.boxes)
        work = self.mail.mailbox_delete(self.account, self.op(), path)
        if box is None:
            assert Reason.NOT_FOUND is self.refused(work)
        elif path == ("INBOX",):
            assert Reason.NOT_PERMITTED is self.refused(work)
        elif box.noselect and has_children:
            assert Reason.HAS_CHILDREN is self.refused(work)
        else:
            self.run(work)
            modseq = self.new_modseq()
            if has_children:
                box.gone.update(dict.fromkeys(box.messages, modseq))
                box.messages.clear()
                box.noselect, box.modseq = True, modseq
            else:
                del self.boxes[path]

    @rule(old=paths, new=paths)
    def rename(self, old: Path_, new: Path_) -> None:
        old, new = _normal(old), _normal(new)
        work = self.mail.mailbox_rename(self.account, self.op(), old, new)
        if old not in self.boxes:
            assert Reason.NOT_FOUND is self.refused(work)
            return
        if new in self.boxes:
            assert Reason.ALREADY_EXISTS is self.refused(work)
            return
        if old != ("INBOX",) and new[: len(old)] == old:
            assert Reason.INVALID is self.refused(work)
            return
        self.run(work)
        modseq = self.new_modseq()
        for level in range(1, len(new)):
            if new[:level] not in self.boxes:
                self._made(new[:level], modseq)
        if old == ("INBOX",):
            inbox = self.boxes["INBOX",]
            self._made(new, modseq)
            for uid, message in sorted(inbox.messages.items()):
                self.boxes[new].add(Message(message.octets, message.flags, modseq, message.email, message.delivery))
                inbox.gone[uid] = modseq
            if inbox.messages:
                inbox.modseq = modseq
            inbox.messages.clear()
            return
        for path in [path for path in self.boxes if path[: len(old)] == old]:
            self.boxes[(*new, *path[len(old) :])] = self.boxes.pop(path)
        self.boxes[new].modseq = modseq

    @rule()
    def reopen(self) -> None:
        async def again() -> None:
            await self.store.close()
            await self._open()

        self.run(again())

    @precondition(lambda self: bool(self.boxes))
    @rule()
    def care(self) -> None:
        self.run(self.store.maintenance.round(self.store.owned()[0], unlink_after_s=0))

    @precondition(lambda self: bool(self.boxes))
    @rule(path=paths, flag=st.sampled_from(FLAGS), size=st.integers(60, 110))
    def search(self, path: Path_, flag: str, size: int) -> None:
        box = self.pick(path)
        ident = MailboxId(box.mailbox_id)
        assert [uid for uid, one in box.messages.items() if flag in one.flags] == self.run(
            self.mail.search(self.account, HasFlag(flag), mailbox_id=ident))
        assert [uid for uid, one in box.messages.items() if len(one.octets) >= size] == self.run(
            self.mail.search(self.account, Size(at_least=size), mailbox_id=ident))

    def refused(self, work: Coroutine[Any, Any, Any]) -> Reason:
        with pytest.raises(Refusal) as refusal:
            self.run(work)
        return refusal.value.reason

    # ---------------------------------------------------------------------------------------------------- comparison
    @precondition(lambda self: bool(self.boxes))
    @invariant()
    def what_is_seen_is_the_model(self) -> None:
        self.run(self._compare())

    async def _compare(self) -> None:
        assert self.modseq == await self.mail.modseq(self.account)
        infos = {info.path: info for info in await self.mail.mailboxes(self.account)}
        assert set(self.boxes) == set(infos)
        names = await self.mail.keywords(self.account)
        used = [0, 0]
        for path, box in self.boxes.items():
            info = infos[path]
            assert info == await self.mail.mailbox_by_id(self.account, info.mailbox_id)
            messages = box.messages.values()
            sizes = sum(len(message.octets) for message in messages)
            used = [used[0] + sizes, used[1] + len(box.messages)]
            assert (
                box.mailbox_id, box.uid_validity, box.uid_next, box.modseq, box.noselect, len(box.messages), sizes,
                sum("\\Seen" not in one.flags for one in messages), sum("\\Deleted" in one.flags for one in messages),
                any(other[:-1] == path for other in self.boxes),
            ) == (
                info.mailbox_id, info.uid_validity, info.uid_next, info.highest_modseq, info.noselect, info.total, info.size_octets,
                info.unseen, info.deleted, info.has_children,
            ), path
            rows = await self.mail.fetch(self.account, info.mailbox_id, UidSet.all(), Want())
            assert {uid: (one.modseq, one.email, one.flags, len(one.octets)) for uid, one in box.messages.items()} == {
                row.entry.uid: (
                    row.entry.modseq, row.entry.email_id,
                    frozenset(name for bit, name in names.items() if row.entry.flags & bit) | set(row.entry.more),
                    row.size_octets)
                for row in rows
            }, path
            since = max(self.seen_at, self.modseq - 4)
            assert [uid for uid, one in sorted(box.messages.items()) if one.modseq > since] == [
                entry.uid for entry in await self.mail.entries(self.account, info.mailbox_id, UidSet.all(), changed_since=since)]
            assert UidSet.of(uid for uid, at in box.gone.items() if at > since) == await self.mail.vanished(
                self.account, info.mailbox_id, since)
            if box.messages:
                uid = max(box.messages)
                assert box.messages[uid].octets == await self.mail.octets(self.account, rows[-1].entry.email_id)
        quota = await self.mail.quota(self.account)
        assert used == [quota.used_octets, quota.used_messages]
        since = max(self.seen_at, self.modseq - 3)
        changes: list[Change] = []
        upto, more = since, True
        while more:
            feed = await self.mail.changes(self.account, upto)
            changes += feed.changes
            upto, more = feed.upto, feed.more
        told = {
            (change.object_id, change.uid) for change in changes
            if change.kind is ChangeKind.ENTRY and change.op in {ChangeOp.CREATED, ChangeOp.UPDATED}
        }
        assert {
            (box.mailbox_id, uid) for box in self.boxes.values() for uid, one in box.messages.items() if one.modseq > since
        } <= told
        assert self.modseq == upto


def _normal(path: Path_) -> Path_:
    return path


assert bits.LAST_ACCOUNT_BIT - bits.FIRST_ACCOUNT_BIT + 1 < len(FLAGS)  # some keywords lie past the bits
OneAccount.TestCase.settings = settings(
    deadline=None, max_examples=int(os.environ.get("MAILSTEAD_EXAMPLES", "60")), stateful_step_count=40,
    suppress_health_check=list(HealthCheck))
TestOneAccount = OneAccount.TestCase
