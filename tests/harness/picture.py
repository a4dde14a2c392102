"""A store with something in it, and what is to be seen of it: what damage and repair are measured by."""

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

from mailstead.model.ids import AccountId, DeliveryId, OpId
from mailstead.model.mailbox import Role
from mailstead.model.message import Filing, NewMessage
from mailstead.model.uids import UidSet
from mailstead.store import Embedded, create, open_store
from mailstead.store.interface import Want


@dataclass
class Box:
    """One mailbox: ``messages`` by UID: (SHA-256 of the octets, flags, INTERNALDATE)."""

    uid_validity: int
    uid_next: int
    role: Role
    subscribed: bool
    messages: dict[int, tuple[str, frozenset[str], int]] = field(default_factory=dict)


@dataclass
class Picture:
    """One account."""

    modseq: int
    boxes: dict[tuple[str, ...], Box]

    def octets(self) -> list[str]:
        """Digests of all messages, sorted."""
        return sorted(one[0] for box in self.boxes.values() for one in box.messages.values())

    def without_flags(self) -> dict[tuple[str, ...], dict[int, str]]:
        return {path: {uid: one[0] for uid, one in box.messages.items()} for path, box in self.boxes.items()}


async def picture(store: Embedded, account: int) -> Picture:
    """What a client would see."""
    ident = AccountId(account)
    names = await store.mail.keywords(ident)
    found = Picture(await store.mail.modseq(ident), {})
    for info in await store.mail.mailboxes(ident):
        box = found.boxes[info.path] = Box(info.uid_validity, info.uid_next, info.role, info.subscribed)
        if info.noselect:
            continue
        rows = await store.mail.fetch(ident, info.mailbox_id, UidSet.all(), Want(envelope=True, structure=True, parts=True))
        assert info.total == len(rows)
        for row in rows:
            octets = await store.mail.octets(ident, row.entry.email_id)
            assert len(octets) == row.size_octets
            assert row.envelope
            assert row.parts
            flags = frozenset(name for bit, name in names.items() if row.entry.flags & bit) | set(row.entry.more)
            box.messages[row.entry.uid] = (hashlib.sha256(octets).hexdigest(), flags, row.received_at_ms)
    return found


def letter(number: int, size: int = 800) -> bytes:
    """A message that no other is like."""
    text = os.urandom(size // 2).hex()
    return f"From: a@example.org\r\nSubject: letter {number}\r\nMessage-ID: <{os.urandom(6).hex()}@x>\r\n\r\n{text}\r\n".encode()


def opened(data: Path, **more: object) -> Embedded:
    return open_store(data, **more)  # type: ignore[arg-type]


async def filled(data: Path, *, accounts: int = 6, messages: int = 30, shards: int = 2) -> dict[int, int]:
    """Make a store with accounts of all kinds of content; gives account to shard. It is closed again."""
    create(data, shards=shards)
    store = open_store(data)
    await store.start()
    (tenant,) = await store.directory.tenants()
    await store.directory.domain_add("example.test", tenant.tenant_id)
    placed: dict[int, int] = {}
    while len(placed) < accounts or len(set(placed.values())) < shards:
        made = await store.directory.account_add(f"user{len(placed)}@example.test", argon2="x", scram=None)
        placed[made.account_id] = made.shard
    for account in map(AccountId, placed):
        await _fill(store, account, messages)
    assert [] == await store.verify(repair=False, progress=lambda *_: None)
    await store.close()
    return placed


async def _fill(store: Embedded, account: AccountId, messages: int) -> None:
    mail = store.mail

    def op() -> OpId:
        return OpId(os.urandom(16))

    inbox = (await mail.mailboxes(account))[0].mailbox_id
    lists = (await mail.mailbox_create(account, op(), ("Lists", "Büro"))).mailbox_id
    archive = (await mail.mailbox(account, ("Archive",)))
    assert archive is not None
    for number in range(messages):
        await mail.deliver(account, Filing(DeliveryId(os.urandom(16)), letter(number, 200 + number * 40), b"Return-Path: <>\r\n"))
    await mail.append(account, op(), lists, [
        NewMessage(letter(number), frozenset({"\\Seen", f"word{number}"}), 1_500_000_000_000 + number) for number in range(messages // 3)])
    await mail.append(account, op(), lists, [NewMessage(letter(0, 1_200_000), frozenset({"\\Flagged"}))])
    await mail.append(account, op(), lists, [NewMessage(letter(0, 200_000))])
    await mail.set_flags(account, op(), inbox, UidSet.of_ranges([(1, messages // 2)]), add=frozenset({"\\Seen", "Important"}))
    await mail.copy(account, op(), inbox, UidSet.of([1, 2]), archive.mailbox_id)
    await mail.move(account, op(), inbox, UidSet.of([3, 4]), lists)
    await mail.expunge(account, op(), inbox, UidSet.of([5, 6]), only_deleted=False)
    await mail.mailbox_rename(account, op(), ("Lists",), ("Listen",))
    await mail.mailbox_create(account, op(), ("Empty",))
    await mail.subscribe(account, ("Empty",), True)
