"""Bringing mail in: batches that may be repeated.

A reader thread prepares batches (read, normalised, named) while the store files the one before. A message's id is made from its
octets, the mailbox it goes to and its number among equals there, so that a repeat after an interruption skips what is
there already, wherever the source lies by then, and equal messages of one mailbox all arrive.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path as File
from typing import Any, Final, Protocol

from mailstead import telemetry
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId, MailboxId, OpId
from mailstead.model.mailbox import MailboxInfo
from mailstead.model.message import Appended, NewMessage
from mailstead.model.progress import Progress
from mailstead.service.transfer import tree
from mailstead.service.transfer.found import INBOX, Bad, Found, Path

BATCH_MESSAGES: Final = 128
BATCH_OCTETS: Final = 4 << 20
"""A batch is scanned on the loop's thread: small enough that other sessions do not notice."""
_FINDINGS: Final = 1000
"""More are counted, not listed."""
_ID: Final = 16


class Mail(Protocol):
    """The store's account data, as far as it is needed here."""

    async def mailbox(self, account: AccountId, path: Path) -> MailboxInfo | None: ...
    async def mailbox_create(self, account: AccountId, op: OpId, path: Path) -> MailboxInfo: ...
    async def subscribe(self, account: AccountId, path: Path, subscribed: bool) -> None: ...
    async def import_(self, account: AccountId, mailbox_id: MailboxId, messages: Any) -> Appended: ...


@dataclass(slots=True)
class Batch:
    """Messages of one mailbox, and what was found to be none on the way."""

    mailbox: Path
    messages: list[tuple[bytes, NewMessage]] = field(default_factory=list)
    where: list[str] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)
    octets: int = 0


class Names:
    """Ids of messages. Memory: 16 octets and a set's slot per message of the mailbox at hand."""

    def __init__(self) -> None:
        self._mailbox: Path | None = None
        self._key = b""
        self._seen: dict[bytes, int] = {}

    def of(self, mailbox: Path, octets: bytes) -> bytes:
        """The id of these octets in this mailbox."""
        if mailbox != self._mailbox:
            self._mailbox = mailbox
            self._key = hashlib.blake2b("\0".join(mailbox).encode(), digest_size=32).digest()
            self._seen = {}
        digest = hashlib.blake2b(octets, digest_size=_ID, key=self._key).digest()
        ordinal = self._seen.get(digest, 0)
        self._seen[digest] = ordinal + 1
        if not ordinal:
            return digest
        return hashlib.blake2b(b"%d" % ordinal, digest_size=_ID, key=digest).digest()


def batches(found: Iterator[Found | Bad], top: Path) -> Iterator[Batch]:
    """``top`` is where the source's own place goes; its folders go below it, or beside INBOX."""
    names = Names()
    batch = Batch(top)
    for one in found:
        if isinstance(one, Bad):
            batch.bad.append(one)
            continue
        mailbox = one.mailbox if top == INBOX and one.mailbox else top + one.mailbox
        is_full = len(batch.messages) >= BATCH_MESSAGES or batch.octets + len(one.octets) > BATCH_OCTETS
        if batch.messages and (is_full or mailbox != batch.mailbox):
            yield batch
            batch = Batch(mailbox)
        batch.mailbox = mailbox
        batch.messages.append((names.of(mailbox, one.octets), NewMessage(one.octets, one.flags, one.received_at_ms)))
        batch.where.append(one.where)
        batch.octets += len(one.octets)
    yield batch


class Importer:
    """One import into one account."""

    def __init__(self, mail: Mail, account: AccountId, progress: Progress) -> None:
        self._mail = mail
        self._account = account
        self._progress = progress
        self._mailboxes: dict[Path, MailboxId] = {}
        self._findings: list[str] = []
        self._skipped = 0
        self._imported = 0
        self._repeated = 0

    async def run(self, source: File, mailbox: Path) -> dict[str, Any]:
        """Everything of ``source``. Refusal NOT_FOUND, OVER_QUOTA; ``Unavailable``: repeat it later."""
        loop = asyncio.get_running_loop()
        total = await loop.run_in_executor(None, tree.size_octets, source)
        reader = batches(tree.read(source), mailbox)
        coming = loop.run_in_executor(None, next, reader, None)
        filing: asyncio.Task[None] | None = None
        done = 0
        try:
            while (batch := await coming) is not None:
                coming = loop.run_in_executor(None, next, reader, None)
                for bad in batch.bad:
                    self._skip(str(bad))
                target = await self._target(batch.mailbox) if batch.messages else None
                before, filing = filing, loop.create_task(self._file(batch, target)) if target is not None else None
                if before is not None:
                    await before  # while its commit runs, the next batch is being scanned
                done = min(total, done + batch.octets)
                self._progress("octets imported", done, total)
            if filing is not None:
                await filing
        finally:
            await asyncio.gather(coming, *([filing] if filing is not None else []), return_exceptions=True)
        telemetry.event(
            "mail.imported", account=self._account, imported=self._imported, repeated=self._repeated, skipped=self._skipped
        )
        more = self._skipped - len(self._findings)
        return {
            "imported": self._imported, "repeated": self._repeated,
            "skipped": [*self._findings, *([f"and {more} more"] if more else [])],
        }  # fmt: skip

    async def _file(self, batch: Batch, target: MailboxId) -> None:
        try:
            self._count(await self._mail.import_(self._account, target, batch.messages))
        except Refusal as refusal:
            _check_room(refusal, self._imported)
            await self._one_by_one(batch, target)

    async def _one_by_one(self, batch: Batch, target: MailboxId) -> None:
        """One of the batch was refused: all others go in, and it is named."""
        for message, where in zip(batch.messages, batch.where, strict=True):
            try:
                self._count(await self._mail.import_(self._account, target, [message]))
            except Refusal as refusal:
                _check_room(refusal, self._imported)
                self._skip(f"{where}: {refusal.public}")

    def _count(self, appended: Appended) -> None:
        repeated = appended.uids.count(0)
        self._repeated += repeated
        self._imported += len(appended.uids) - repeated

    def _skip(self, finding: str) -> None:
        self._skipped += 1
        if len(self._findings) < _FINDINGS:
            self._findings.append(finding)

    async def _target(self, path: Path) -> MailboxId:
        known = self._mailboxes.get(path)
        if known is not None:
            return known
        info = await self._mail.mailbox(self._account, path)
        if info is None or info.noselect:
            info = await self._mail.mailbox_create(self._account, OpId(secrets.token_bytes(16)), path)
            for depth in range(1, len(path) + 1):
                await self._mail.subscribe(self._account, path[:depth], subscribed=True)
        self._mailboxes[path] = info.mailbox_id
        return info.mailbox_id


def _check_room(refusal: Refusal, imported: int) -> None:
    if refusal.reason is Reason.OVER_QUOTA:
        raise Refusal(
            Reason.OVER_QUOTA,
            f"The account's room is full after {imported} messages; give it more with “mailstead account quota” and import again: "
            "what is there will be skipped",
        ) from refusal
    if refusal.reason in {Reason.NOT_FOUND, Reason.ACCOUNT_SUSPENDED}:
        raise refusal
