"""Giving space back: a segment of which less than half is still referred to is rewritten (STORAGE §5).

What rows still refer to is appended to the open segment and the rows are switched, a few megabytes a transaction, between
the deliveries. A file nobody refers to any more is unlinked a minute later; a reader that comes too late finds the row's
new place (``mail.read``). A backup holds ``run/backup.lock`` and compaction waits.
"""

import asyncio
import fcntl
import os
from pathlib import Path
from typing import Final

from mailstead import telemetry
from mailstead.model.mailbox import Role
from mailstead.store.blob import record, segments
from mailstead.store.engine.files import Files
from mailstead.store.engine.writer import Tx, Writer
from mailstead.store.keys import Keys
from mailstead.store.mail import mailboxes
from mailstead.store.seal import Damaged
from mailstead.store.shard import Shard

STEP_OCTETS: Final = 4 << 20
UNLINK_AFTER_S: Final = 60.0
LEAST_OCTETS: Final = 1 << 20
"""A smaller segment is left alone unless nothing of it is live."""


class BackupLock:
    """Shared by backups, exclusive for compaction; dropped by the kernel with the process."""

    def __init__(self, path: Path, *, exclusive: bool) -> None:
        self._fd = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, (fcntl.LOCK_EX | fcntl.LOCK_NB) if exclusive else fcntl.LOCK_SH)
        except OSError:
            os.close(self._fd)
            raise

    def release(self) -> None:
        os.close(self._fd)


def wanting(shard: Shard, open_number: int, *, share: float = 0.5) -> list[int]:
    """The closed segments of which less than ``share`` is live."""
    counted = {row[0]: row[1:] for row in shard.read(lambda db: db.all("SELECT number, live, written FROM segment"))}
    found = []
    for number in segments.numbers(shard.folder):
        if number >= open_number:
            continue
        live = counted.get(number, (0, 0))[0]
        size = (shard.folder / segments.name(number)).stat().st_size
        if live <= 0 or (size >= LEAST_OCTETS and live < share * size):
            found.append(number)
    return found


async def compact(shard: Shard, writer: Writer, keys: Keys, files: Files, number: int, *, unlink_after_s: float = UNLINK_AFTER_S) -> int:
    """Rewrite one closed segment; gives the octets of the file that went. Damaged stretches that rows refer to keep the
    file: they are ``verify``'s business."""
    path = shard.folder / segments.name(number)
    size = path.stat().st_size
    batch: list[tuple[int, bytes]] = []
    held = 0
    for offset, octets in segments.records(path):
        if octets is None:
            continue
        batch.append((offset, octets))
        held += len(octets)
        if held >= STEP_OCTETS:
            await _move(writer, keys, number, batch)
            batch, held = [], 0
            await asyncio.sleep(0)
    await _move(writer, keys, number, batch)
    left = shard.read(lambda db: db.one("SELECT 1 FROM email WHERE segment=? LIMIT 1", (number,)))
    if left is not None:
        telemetry.event("segment.kept", shard=shard.number, segment=number, reason="rows refer to damaged records")
        return 0
    await asyncio.sleep(unlink_after_s)
    files.unlink(path)
    shard.segments.sweep()
    await writer.do(lambda tx: tx.db.run("DELETE FROM segment WHERE number=?", (number,)))
    telemetry.event("segment.compacted", shard=shard.number, segment=number, octets=size, reason="less than half was live")
    return size


async def _move(writer: Writer, keys: Keys, number: int, batch: list[tuple[int, bytes]]) -> None:
    def apply(tx: Tx) -> None:
        for offset, octets in batch:
            _, info, _, _ = record.read(octets)
            if isinstance(info, record.Place):
                _again(tx, keys, info)
                continue
            here = tx.db.one(
                "SELECT stored FROM email WHERE account_id=? AND email_id=? AND segment=? AND offset=?",
                (info.account, info.email, number, offset),
            )
            if here is None:
                continue
            segment, new, _ = tx.append([octets])
            tx.live[number] = tx.live.get(number, 0) - here[0]
            tx.db.run(
                "UPDATE email SET segment=?, offset=? WHERE account_id=? AND email_id=?", (segment, new, info.account, info.email)
            )

    if batch:
        await writer.do(apply, sum(len(octets) for _, octets in batch))


def _again(tx: Tx, keys: Keys, place: record.Place) -> None:
    """The mailbox's name as it is now, so that an old one never comes after it."""
    try:
        info = mailboxes.one(tx.db, place.account, keys.of(place.account), place.mailbox)
    except (Exception, Damaged):  # a shredded account's names need no keeping
        return
    if info is not None:
        mailboxes.remember(
            tx, place.account, keys.of(place.account), mailbox=place.mailbox, role=Role(info.role),
            uid_validity=info.uid_validity, path=info.path,
        )
