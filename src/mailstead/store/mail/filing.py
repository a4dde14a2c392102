"""Putting a message into a mailbox: what delivery, APPEND, import and COPY have in common.

``Incoming`` is prepared by the worker that took the message in (scanned, compressed, sealed); the owner of the shard
appends it and writes the rows.
"""

import struct
from collections.abc import Sequence
from typing import Final

import msgspec

from mailstead.mime.scan import Scan
from mailstead.model import flags as model
from mailstead.model.message import SPOOL_ABOVE_OCTETS, Octets
from mailstead.store.blob import record
from mailstead.store.blob.objects import Objects
from mailstead.store.blob.record import Info, Meta
from mailstead.store.engine.writer import Tx
from mailstead.store.mail import due
from mailstead.store.mail.tally import Tally
from mailstead.store.seal import AccountKey

THREAD: Final = b"thread"
OBJECT: Final = -1
"""``email.segment`` of a message in a file of its own."""


class Incoming(msgspec.Struct):
    """A message made ready. ``body`` holds its sealed frames; empty: it is an object on disk already."""

    info: Info
    meta: bytes
    body: list[bytes]
    refs: list[bytes]
    """Keyed hashes under which its thread is found: the ids it names with its base subject, its own first."""

    def octets(self) -> int:
        return sum(map(len, self.body)) + len(self.meta)


def prepare(
    key: AccountKey, email: int, octets: Octets, scan: Scan, *, received_ms: int, place: tuple[str, ...],
    objects: Objects, delivery: bytes = b"", mailboxes: Sequence[int] = (),
) -> Incoming:
    """Scan result and octets as an ``Incoming``. Above 1 MiB the object is written here, durably: call it in a thread
    for those. ``mailboxes``: where it is to be filed, if that is known now. Raises ``OSError``."""
    subject = scan.base_subject.encode()
    refs = [key.hashed(THREAD, ref, subject) for ref in dict.fromkeys(filter(None, (scan.message_id, *scan.references)))]
    meta = record.sealed_meta(
        key, email,
        Meta(scan.envelope, scan.structure, scan.parts, scan.preview, scan.message_id, place, tuple(refs), scan.empty),
    )
    info = Info(
        account=key.account, email=email, key=key.number, thread=0, received_ms=received_ms,
        sent_ms=scan.sent_at_ms if scan.sent_at_ms is not None else received_ms, size=scan.size_octets,
        header=scan.header_octets, flags=0, attachment=scan.has_attachment, delivery=delivery, mailbox=mailboxes[0] if mailboxes else 0,
        meta=len(meta), frames=(), also=tuple(mailboxes[1:]),
    )
    if len(octets) > SPOOL_ABOVE_OCTETS:
        objects.put(key, info, meta, octets)
        return Incoming(info, meta, [], refs)
    body = list(record.frames(key, email, octets))
    info.frames = tuple(map(len, body))
    return Incoming(info, meta, body, refs)


def thread_of(tx: Tx, account: int, email: int, refs: list[bytes]) -> int:
    """The oldest thread that any of the refs belongs to, else a new one named after the email; all refs lead to it then."""
    if len(refs) == 1:
        tx.db.run("INSERT OR IGNORE INTO thread_ref VALUES (?, ?, ?)", (account, refs[0], email))
        if tx.db.changed():
            return email
    thread = 0
    known: set[bytes] = set()
    for ref in refs:
        row = tx.db.one("SELECT thread_id FROM thread_ref WHERE account_id=? AND ref=?", (account, ref))
        if row is not None:
            known.add(ref)
            thread = min(thread, row[0]) if thread else row[0]
    thread = thread or email
    for ref in refs:
        if ref not in known:
            tx.db.run("INSERT INTO thread_ref VALUES (?, ?, ?)", (account, ref, thread))
    return thread


def store(tx: Tx, tally: Tally, incoming: Incoming, *, mailbox: int, flags: int, entries: int = 1) -> int:
    """Append the octets and write the email's row, for so many entries; gives the thread, which ``tally`` has looked at. The
    caller has ticked the clock."""
    info = incoming.info
    account, email = info.account, info.email
    info.thread = thread = thread_of(tx, account, email, incoming.refs)
    if thread == email:
        tally.is_new(thread)
    else:
        tally.look((thread,))
        due.wake_thread(tx, account, thread)
    info.mailbox = mailbox
    info.flags = flags
    if incoming.body:
        pieces = record.assemble(info, incoming.meta, incoming.body)
        segment, offset, stored = tx.append(pieces)
        lead = record.lead(pieces)
    else:
        segment, offset, lead, stored = OBJECT, 0, 0, sum(info.frames)
    frames = struct.pack(f">{len(info.frames)}I", *info.frames) if len(info.frames) > 1 else None
    tx.db.run(
        "INSERT INTO email VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (account, email, thread, info.received_ms, info.sent_ms, info.size, info.header, info.attachment,
         info.key, segment, offset, lead, stored, frames, entries, incoming.meta),
    )
    return thread


class Place(msgspec.Struct):
    """Room made in a mailbox: the first UID and what COPYUID needs."""

    uid: int
    uid_validity: int


def room(tx: Tx, account: int, mailbox: int, modseq: int, *, count: int, octets: int, unseen: int, deleted: int) -> Place | None:
    """Take ``count`` UIDs of a mailbox and count the messages in; None: there is no such mailbox."""
    row = tx.db.one(
        "UPDATE mailbox SET uid_next=uid_next+?3, modseq=?4, total=total+?3, octets=octets+?5, unseen=unseen+?6,"
        " deleted=deleted+?7 WHERE account_id=?1 AND mailbox_id=?2 AND noselect=0 RETURNING uid_next, uid_validity",
        (account, mailbox, count, modseq, octets, unseen, deleted),
    )
    return Place(row[0] - count, row[1]) if row else None


def enter(tx: Tx, tally: Tally, account: int, mailbox: int, modseq: int,
          rows: list[tuple[int, int, int, int, int, int, bytes | None]], *, fresh: bool) -> None:
    """Entries as (uid, email, thread, flags, received_ms, size, more). ``fresh``: the emails were stored for these entries;
    else they gain one. ``tally`` has looked at the threads."""
    now = tx.now_ms
    for uid, email, thread, flags, received_ms, size, more in rows:
        tx.db.run(
            "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (account, mailbox, uid, email, thread, modseq, flags, received_ms, now, size, more),
        )
        if not fresh:
            tx.db.run("UPDATE email SET entries=entries+1 WHERE account_id=? AND email_id=?", (account, email))
        tally.entered(thread, mailbox, uid, email, flags)


def unseen(flags: int) -> int:
    """1 when the flags lack ``\\Seen``."""
    return 0 if flags & model.SEEN else 1


def deleted(flags: int) -> int:
    return 1 if flags & model.DELETED else 0


class Prefixed:
    """Header lines in front of a large message, without a copy of it; slices like ``Octets``."""

    def __init__(self, prefix: bytes, octets: Octets) -> None:
        self._prefix = prefix
        self._octets = octets

    def __len__(self) -> int:
        return len(self._prefix) + len(self._octets)

    def __getitem__(self, part: slice) -> bytes:
        start, stop, _ = part.indices(len(self))
        edge = len(self._prefix)
        if start >= edge:
            return self._octets[start - edge : stop - edge]
        return self._prefix[start:stop] + self._octets[: max(0, stop - edge)]


def prefixed(prefix: bytes, octets: Octets) -> Octets:
    """``prefix`` and ``octets`` as one message."""
    if isinstance(octets, bytes):
        return prefix + octets
    return Prefixed(prefix, octets)  # type: ignore[return-value]
