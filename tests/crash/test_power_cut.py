"""The power fails at any operation on the disk: what was acknowledged is there, exactly once.

A child works on the store over a disk that forgets what was not synced (``harness.lossy``) and notes in a ledger, outside
that disk, what it began and what was acknowledged. At a random operation the power is cut, in one of three ways; the
child is gone with its memory. The store is opened on what survived, compared with the ledger, message by message and
octet by octet, and the next child goes on with the same accounts, repeating first what it does not know the outcome of.

That the proof can fail is proven too: without any one of the syncs it must.
"""

import asyncio
import hashlib
import json
import os
import random
import signal
import sys
import traceback
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.harness.lossy import HOWS, Disk, LossyFiles

from mailstead.model.errors import Unavailable
from mailstead.model.ids import AccountId, DeliveryId, MailboxId, OpId
from mailstead.model.message import Filing, NewMessage
from mailstead.model.uids import UidSet
from mailstead.store import Embedded, compaction, create, open_store
from mailstead.store.blob.segments import SegmentWriter
from mailstead.store.engine.files import AppendFile
from mailstead.store.engine.sqlite import Database

CUTS = int(os.environ.get("MAILSTEAD_CUTS", "100"))
SEED = int(os.environ.get("MAILSTEAD_CUT_SEED", "1"))
CUTS_EACH = 5
ACCOUNTS = 3
TASKS = 4
BOXES = (("INBOX",), ("Archive",), ("Trash",))
LARGE = (1 << 20) + 5_000
DEADLINE_S = 60


def octets_of(token: str) -> bytes:
    """The message of this name; one in forty is large."""
    digest = hashlib.sha256(token.encode()).digest()
    size = LARGE if digest[0] < 6 else int.from_bytes(digest[1:3], "big") % 12_000
    body = hashlib.shake_128(digest).hexdigest(size // 2)
    lines = "\r\n".join(body[start : start + 70] for start in range(0, len(body), 70))
    return f"From: a@example.org\r\nSubject: {token}\r\nX-Token: {token}\r\n\r\n{lines}\r\n".encode()


def token_of(octets: bytes) -> str:
    start = octets.index(b"X-Token: ") + 9
    return octets[start : octets.index(b"\r\n", start)].decode()


# ------------------------------------------------------------------------------------------------------------- the ledger
Place = tuple[str, int, tuple[str, ...]]
"""(mailbox, UID, flags); UID 0: not known."""


@dataclass
class Ledger:
    """What was begun and what was acknowledged: a line before and a line after each act. It lies outside the lossy disk."""

    path: Path
    places: dict[tuple[int, str], Place | None] = field(default_factory=dict)
    """(account, token) to the acknowledged place; None: expunged."""
    doubt: dict[tuple[int, str], list[Place | None]] = field(default_factory=dict)
    """What else may be, for acts without an acknowledgement."""
    begun: dict[str, dict[str, Any]] = field(default_factory=dict)
    uids: dict[tuple[int, str, int], str] = field(default_factory=dict)
    modseq: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    acknowledged: int = 0

    def read(self) -> "Ledger":
        for line in self.path.read_text().splitlines() if self.path.exists() else ():
            self._take(json.loads(line))
        return self

    def _take(self, line: dict[str, Any]) -> None:
        account = line["account"]
        if not line["done"]:
            self.begun[line["act"]] = line
            for token, place in line["tokens"].items():
                self.doubt.setdefault((account, token), []).append(_place(place))
            return
        begun = self.begun.pop(line["act"], None)
        self.acknowledged += 1
        self.modseq[account] = max(self.modseq[account], line["modseq"])
        for token, place in line["tokens"].items():
            now = _place(place)
            self.places[account, token] = now
            self.doubt.pop((account, token), None)
            if now is not None:
                self.saw(account, now[0], now[1], token)
        assert begun is not None

    def saw(self, account: int, box: str, uid: int, token: str) -> None:
        """A UID means one message for good."""
        assert token == self.uids.setdefault((account, box, uid), token), f"UID {uid} of {box} was used twice"


def _place(place: list[Any] | None) -> Place | None:
    return None if place is None else (place[0], place[1], tuple(place[2]))


class Writer:
    """The child's side of the ledger."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def begin(self, act: str, account: int, tokens: dict[str, Place | None], **more: Any) -> None:
        self._line(act=act, account=account, done=False, tokens=tokens, **more)

    def done(self, act: str, account: int, tokens: dict[str, Place | None], modseq: int) -> None:
        self._line(act=act, account=account, done=True, tokens=tokens, modseq=modseq)

    def _line(self, **line: Any) -> None:
        os.write(self._fd, json.dumps(line).encode() + b"\n")


# --------------------------------------------------------------------------------------------------------------- the child
class Worker:
    """Works on its own messages of one account, one act after another."""

    def __init__(self, store: Embedded, ledger: Writer, account: AccountId, name: str, rng: random.Random,
                 boxes: dict[str, MailboxId], mine: dict[str, Place]) -> None:
        self.mail = store.mail
        self.ledger = ledger
        self.account = account
        self.name = name
        self.rng = rng
        self.boxes = boxes
        self.mine = mine
        self.count = 0

    def token(self) -> str:
        self.count += 1
        return f"{self.name}-{self.count}"

    async def act(self) -> None:
        kinds = ["deliver", "deliver", "deliver", "append"] + (["flags", "flags", "move", "expunge"] if self.mine else [])
        await getattr(self, self.rng.choice(kinds))(self.token())

    async def deliver(self, token: str) -> None:
        self.ledger.begin(token, self.account, {token: ("INBOX", 0, ())}, deliver=True)
        await self.delivered(token)

    async def delivered(self, token: str) -> None:
        filed = await self.mail.deliver(self.account, Filing(delivery_of(token), octets_of(token), b""))
        place = ("INBOX", filed.uid, ())
        self.ledger.done(token, self.account, {token: place}, filed.modseq)
        self.mine[token] = place

    async def append(self, act: str) -> None:
        box = self.rng.choice(list(self.boxes))
        tokens = [f"{act}.{number}" for number in range(self.rng.randint(1, 4))]
        self.ledger.begin(act, self.account, dict.fromkeys(tokens, (box, 0, ("\\Seen",))))
        new = [NewMessage(octets_of(token), frozenset({"\\Seen"})) for token in tokens]
        done = await self.mail.append(self.account, OpId(os.urandom(16)), self.boxes[box], new)
        places: dict[str, Place] = {token: (box, uid, ("\\Seen",)) for token, uid in zip(tokens, done.uids, strict=True)}
        self.ledger.done(act, self.account, dict(places), done.modseq)
        self.mine.update(places)

    async def flags(self, act: str) -> None:
        token = self.rng.choice(list(self.mine))
        box, uid, _ = self.mine[token]
        flags = tuple(sorted(self.rng.sample(["\\Flagged", "\\Answered", "work", "later"], 2)))
        self.ledger.begin(act, self.account, {token: (box, uid, flags)})
        done = await self.mail.set_flags(
            self.account, OpId(os.urandom(16)), self.boxes[box], UidSet.of([uid]), replace=frozenset(flags))
        self.ledger.done(act, self.account, {token: (box, uid, flags)}, done.modseq)
        self.mine[token] = (box, uid, flags)

    async def move(self, act: str) -> None:
        token = self.rng.choice(list(self.mine))
        box, uid, flags = self.mine[token]
        target = self.rng.choice(list(self.boxes))
        self.ledger.begin(act, self.account, {token: (target, 0, flags)})
        done = await self.mail.move(self.account, OpId(os.urandom(16)), self.boxes[box], UidSet.of([uid]), self.boxes[target])
        place = (target, done.target[0], flags)
        self.ledger.done(act, self.account, {token: place}, done.modseq)
        self.mine[token] = place

    async def expunge(self, act: str) -> None:
        token = self.rng.choice(list(self.mine))
        box, uid, _ = self.mine.pop(token)
        self.ledger.begin(act, self.account, {token: None})
        _, modseq = await self.mail.expunge(
            self.account, OpId(os.urandom(16)), self.boxes[box], UidSet.of([uid]), only_deleted=False)
        self.ledger.done(act, self.account, {token: None}, modseq)


def delivery_of(token: str) -> DeliveryId:
    return DeliveryId(hashlib.blake2b(token.encode(), digest_size=16).digest())


async def work(data: Path, ledger: Path, files: LossyFiles, accounts: list[int], seed: int) -> None:
    """Until the power goes."""
    rng = random.Random(seed)
    known = Ledger(ledger).read()
    writer = Writer(ledger)
    store = open_store(data, files=files)
    await store.start()
    workers = []
    for account in map(AccountId, accounts):
        boxes = {box.path[0]: box.mailbox_id for box in await store.mail.mailboxes(account) if box.path in BOXES}
        for number in range(TASKS):
            mine: dict[str, Place] = {}
            workers.append(Worker(store, writer, account, f"{account:x}-{seed}-{number}", random.Random(rng.random()), boxes, mine))
    repeating = [
        workers[accounts.index(line["account"]) * TASKS].delivered(act) for act, line in known.begun.items() if line.get("deliver")
    ]
    await asyncio.gather(*repeating)

    async def forever(worker: Worker) -> None:
        while True:
            await worker.act()

    async def care() -> None:
        compaction.LEAST_OCTETS = 1  # type: ignore[misc]
        while True:
            for shard in store.owned():
                await store.maintenance.round(shard, unlink_after_s=0)
            await asyncio.sleep(0.02)

    await asyncio.gather(care(), *map(forever, workers))


def child(data: Path, ledger: Path, accounts: list[int], how: str, at: int, seed: int, spoil: Callable[[], None] | None) -> int:
    """Fork one, let it work until the cut; gives its exit status (0: the power was cut)."""
    graves = data.parent / f"graves-{seed}"
    graves.mkdir()
    pid = os.fork()
    if pid:
        status = os.waitpid(pid, 0)[1]
        for path in data.glob("*-shm"):  # memory, which the power took along
            path.unlink()
        return status
    try:
        signal.alarm(DEADLINE_S)
        disk = Disk(graves)

        def step(number: int) -> None:
            if number == at:
                disk.power_cut(how, random.Random(seed))
                os._exit(0)

        disk.on_step = step
        if spoil is not None:
            spoil()
        asyncio.run(work(data, ledger, LossyFiles(disk), accounts, seed))
    except BaseException:
        traceback.print_exc(file=sys.__stderr__)
    os._exit(1)


# --------------------------------------------------------------------------------------------------------------- the check
async def check(data: Path, ledger_path: Path, accounts: list[int], boxes_before: dict[tuple[int, str], int]) -> int:
    """What survived against the ledger; gives the number of acts acknowledged so far."""
    ledger = Ledger(ledger_path).read()
    store = open_store(data)
    await store.start()
    settled: list[dict[str, Any]] = []
    try:
        for account in map(AccountId, accounts):
            assert await store.mail.modseq(account) >= ledger.modseq[account]
            found: dict[str, list[Place]] = defaultdict(list)
            names = await store.mail.keywords(account)
            for box in await store.mail.mailboxes(account):
                name = box.path[0]
                assert boxes_before.setdefault((account, name), box.uid_validity) == box.uid_validity
                for entry in await store.mail.entries(account, box.mailbox_id, UidSet.all()):
                    octets = await store.mail.octets(account, entry.email_id)
                    token = token_of(octets)
                    assert octets_of(token) == octets
                    ledger.saw(account, name, entry.uid, token)
                    flags = tuple(sorted(word for bit, word in names.items() if entry.flags & bit))
                    found[token].append((name, entry.uid, flags))
                seen = [uid for (owner, path, uid) in ledger.uids if (owner, path) == (account, name)]
                assert box.uid_next > max(seen, default=0)
            tokens = {token for owner, token in (*ledger.places, *ledger.doubt) if owner == account}
            assert set(found) <= tokens
            for token in tokens:
                now = found.get(token, [])
                assert len(now) <= 1, f"{token} is there {len(now)} times"
                may_be = ledger.doubt.get((account, token), [])[:]
                may_be.append(ledger.places.get((account, token)))
                there = now[0] if now else None
                assert any(_agrees(wanted, there) for wanted in may_be), f"{token}: {there} is none of {may_be}"
                if (account, token) in ledger.doubt and (there is not None or not token_is_begun(ledger, token)):
                    settled.append({"account": account, "token": token, "place": there})
        assert [] == await store.verify(repair=False, progress=lambda *_: None)
    finally:
        await store.close()
    _settle(ledger_path, ledger, settled)
    return ledger.acknowledged


def token_is_begun(ledger: Ledger, token: str) -> bool:
    """A delivery that will be repeated."""
    return bool(ledger.begun.get(token, {}).get("deliver"))


def _agrees(wanted: Place | None, there: Place | None) -> bool:
    if wanted is None or there is None:
        return wanted is there
    return wanted[0] == there[0] and wanted[1] in {0, there[1]} and wanted[2] == there[2]


def _settle(path: Path, ledger: Ledger, settled: list[dict[str, Any]]) -> None:
    """What is found is the truth from now on."""
    writer = Writer(path)
    for number, one in enumerate(settled):
        act = f"settle-{os.path.getsize(path)}-{number}"
        if one["token"] in ledger.begun:
            continue
        writer.begin(act, one["account"], {one["token"]: one["place"]})
        writer.done(act, one["account"], {one["token"]: one["place"]}, 0)


async def prepare(data: Path) -> list[int]:
    create(data, shards=2)
    store = open_store(data)
    await store.start()
    (tenant,) = await store.directory.tenants()
    await store.directory.domain_add("example.test", tenant.tenant_id)
    made = [
        (await store.directory.account_add(f"u{number}@example.test", argon2="x", scram=None)).account_id for number in range(ACCOUNTS)
    ]
    await store.close()
    return [int(account) for account in made]


def cuts(folder: Path, seed: int, count: int, *, spoil: Callable[[], None] | None = None, how: str = "") -> int:
    """Cut the power ``count`` times over one store; gives the acts acknowledged."""
    rng = random.Random(seed)
    folder.mkdir(exist_ok=True)
    data, ledger = folder / f"data-{seed}", folder / f"ledger-{seed}"
    accounts = asyncio.run(prepare(data))
    boxes: dict[tuple[int, str], int] = {}
    acknowledged = 0
    for number in range(count):
        at = int(10 ** rng.uniform(0.3, 3.0))
        status = child(data, ledger, accounts, how or rng.choice(HOWS), at, seed * 1000 + number, spoil)
        if spoil is None:
            assert 0 == status
        if number + 1 == count or rng.random() < 0.7:  # else the next cut may fall into the recovery from this one
            acknowledged = asyncio.run(check(data, ledger, accounts, boxes))
    print(f"seed {seed}: {count} cuts, {acknowledged} acts acknowledged")
    return acknowledged


# --------------------------------------------------------------------------------------------------------------- the proofs
@pytest.mark.parametrize("seed", range(SEED, SEED + CUTS // CUTS_EACH))
def test_what_was_acknowledged_survives_a_power_cut(tmp_path: Path, seed: int) -> None:
    assert cuts(tmp_path, seed, CUTS_EACH) > 0


def no_segment_sync() -> None:
    SegmentWriter.sync = lambda self: self._unsynced.clear()  # type: ignore[method-assign]


def no_folder_sync() -> None:
    LossyFiles.sync_folder = lambda self, folder: None  # type: ignore[method-assign]


def no_object_sync() -> None:
    from tests.harness import lossy

    real = lossy._LossyAppend.sync

    def sync(self: AppendFile) -> None:
        if self.path.suffix != ".obj":
            real(self)  # type: ignore[arg-type]

    lossy._LossyAppend.sync = sync  # type: ignore[method-assign]


def _synchronous(wanted: str) -> None:
    real = Database.run

    def run(self: Database, sql: str, values: Any = ()) -> None:
        real(self, sql.replace("synchronous=FULL", f"synchronous={wanted}"), values)

    Database.run = run  # type: ignore[method-assign]


def no_database_sync() -> None:
    _synchronous("OFF")


def no_sync_of_commits() -> None:
    _synchronous("NORMAL")


@pytest.mark.parametrize("spoil", [no_segment_sync, no_folder_sync, no_object_sync, no_database_sync, no_sync_of_commits])
def test_the_proof_fails_without_a_sync(tmp_path: Path, spoil: Callable[[], None]) -> None:
    for seed in range(1, 20):
        assert cuts(tmp_path / "control", seed, 2, how="all") >= 0
        try:
            cuts(tmp_path / "spoilt", seed, 2, spoil=spoil, how="all")
        except (AssertionError, Unavailable):
            return
    raise AssertionError("the proof did not notice that a sync was missing")


def test_a_data_directory_cut_short_can_be_made_again(tmp_path: Path) -> None:
    for at in range(1, 5_000, 7):
        data, graves = tmp_path / f"data-{at}", tmp_path / f"graves-{at}"
        graves.mkdir()
        pid = os.fork()
        if not pid:
            try:
                disk = Disk(graves)

                def step(number: int, disk: Disk = disk, at: int = at) -> None:
                    if number == at:
                        disk.power_cut(HOWS[at % 3], random.Random(at))
                        os._exit(0)

                disk.on_step = step
                create(data, shards=2, files=LossyFiles(disk))
            except BaseException:
                traceback.print_exc(file=sys.__stderr__)
                os._exit(1)
            os._exit(3)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        assert status in {0, 3}
        if not (data / "dir.db").exists():
            assert 0 == status
            create(data, shards=2)
        asyncio.run(look(data))
        if status == 3:
            return
    raise AssertionError("creation was never finished")


async def look(data: Path) -> None:
    """The directory works."""
    store = open_store(data)
    await store.start()
    (tenant,) = await store.directory.tenants()
    await store.directory.domain_add("example.test", tenant.tenant_id)
    made = await store.directory.account_add("a@example.test", argon2="x", scram=None)
    await store.mail.deliver(made.account_id, Filing(delivery_of("x"), octets_of("x"), b""))
    assert [] == await store.verify(repair=False, progress=lambda *_: None)
    await store.close()
