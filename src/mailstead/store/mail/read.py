"""Reading a mailbox from one snapshot: selection, entries, rows, octets."""

import struct
from array import array

from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.model.mailbox import Entry, EntryRow
from mailstead.model.uids import UidSet
from mailstead.store.blob import record
from mailstead.store.blob.objects import Objects
from mailstead.store.blob.segments import SegmentReader
from mailstead.store.engine.sqlite import Database, Row
from mailstead.store.interface import Quota, Selected, Want
from mailstead.store.keys import Keys
from mailstead.store.mail import clock, keywords, mailboxes, selection
from mailstead.store.mail.filing import OBJECT
from mailstead.store.seal import BODY, FRAME_OCTETS, Damaged


def select(db: Database, account: int, keys: Keys, mailbox: int) -> Selected:
    """NOT_FOUND for no mailbox or one that cannot be selected."""
    key = keys.of(account)
    with db.snapshot():
        info = mailboxes.one(db, account, key, mailbox)
        if info is None or info.noselect:
            raise Refusal(Reason.NOT_FOUND, "There is no such mailbox")
        uids = array("Q", (row[0] for row in db.each(
            "SELECT uid FROM entry WHERE account_id=? AND mailbox_id=? ORDER BY uid", (account, mailbox))))
        first = db.one(
            "SELECT uid FROM entry WHERE account_id=? AND mailbox_id=? AND flags&1=0 ORDER BY uid LIMIT 1", (account, mailbox)
        ) if info.unseen else None
        words = keywords.of_account(db, account, key)
        now = modseq(db, account)
    return Selected(info, now, uids, tuple(words.values()), first[0] if first else 0)


def modseq(db: Database, account: int) -> int:
    row = db.one("SELECT modseq FROM account WHERE account_id=?", (account,))
    if row is None:
        raise clock.missing(account)
    return int(row[0])


def entries(db: Database, account: int, mailbox: int, uids: UidSet | None, changed_since: int, limit: int) -> list[Entry]:
    """In order of UID."""
    more = f" AND e.modseq>{int(changed_since)}" if changed_since else ""
    found: list[Entry] = []
    for uid, email, at, flags, words in selection.rows(
        db, account, mailbox, uids, "e.uid, e.email_id, e.modseq, e.flags, e.more", more
    ):
        found.append(Entry(uid, email, at, flags, keywords.unpack_more(words)))
        if limit and len(found) >= limit:
            break
    return found


_ROW = "e.uid, e.email_id, e.modseq, e.flags, e.more, e.thread_id, e.received_ms, e.saved_ms, e.size"


def fetch(db: Database, account: int, keys: Keys, mailbox: int, uids: UidSet, want: Want) -> list[EntryRow]:
    """In order of UID. A message whose metadata are damaged comes without them rather than not at all."""
    if not (want.envelope or want.structure or want.parts or want.preview):
        return [
            EntryRow(Entry(uid, email, at, flags, keywords.unpack_more(words)), thread, received, saved, size)
            for uid, email, at, flags, words, thread, received, saved, size
            in selection.rows(db, account, mailbox, uids, _ROW)
        ]
    found: list[EntryRow] = []
    for uid, email, at, flags, words, thread, received, saved, size in selection.rows(db, account, mailbox, uids, _ROW):
        entry = Entry(uid, email, at, flags, keywords.unpack_more(words))
        meta = meta_of(db, account, keys, email)
        if meta is None:
            found.append(EntryRow(entry, thread, received, saved, size))
        else:
            found.append(EntryRow(
                entry, thread, received, saved, size, meta.envelope, meta.structure, meta.parts, meta.preview,
            ))
    return found


def meta_of(db: Database, account: int, keys: Keys, email: int) -> record.Meta | None:
    """The stored scan of a message; None where it is gone or damaged."""
    row = db.one("SELECT key_no, meta_enc FROM email WHERE account_id=? AND email_id=?", (account, email))
    if row is None:
        return None
    try:
        return record.open_meta(keys.numbered(account, row[0]), email, row[1])
    except Damaged:
        return None


def octets(
    db: Database, account: int, keys: Keys, segments: SegmentReader, objects: Objects, email: int, start: int, length: int | None
) -> bytes:
    """A range of the stored message. EXPUNGED, ``Unavailable`` (octets damaged).

    Compaction may move a message between the look at its row and the look at its octets: then the row is asked again.
    """
    row = None
    while True:
        before = row
        row = db.one(
            "SELECT size, key_no, segment, offset, lead, stored, frames FROM email WHERE account_id=? AND email_id=?",
            (account, email),
        )
        if row is None:
            raise Refusal(Reason.EXPUNGED, "This message has been removed")
        try:
            return _range(row, account, keys, segments, objects, email, start, length)
        except Damaged as exc:
            if row == before:
                raise Unavailable(
                    "The text of this message is damaged on the server's disk",
                    f"message {email:x} of account {account:x}: {exc}",
                ) from exc


def _range(
    row: Row, account: int, keys: Keys, segments: SegmentReader, objects: Objects, email: int, start: int, length: int | None
) -> bytes:
    size, key_no, segment, offset, lead, stored, packed = row
    end = size if length is None else min(size, start + length)
    if start >= end:
        return b""
    key = keys.numbered(account, key_no)
    frames = struct.unpack(f">{len(packed) // 4}I", packed) if packed else (stored - lead,)
    pieces: list[bytes] = []
    at = offset + lead
    for number, stored_octets in enumerate(frames):
        low = number * FRAME_OCTETS
        if low >= end:
            break
        if low + FRAME_OCTETS > start:
            if segment == OBJECT:
                sealed = objects.read(account, email, at, stored_octets)
            else:
                sealed = segments.read(segment, at, stored_octets)
            pieces.append(key.open(BODY, email, sealed, number)[max(0, start - low) : end - low])
        at += stored_octets
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def quota(db: Database, account: int) -> Quota:
    row = db.one(
        "SELECT used_octets, used_messages, max_octets, max_messages FROM account WHERE account_id=?", (account,)
    )
    if row is None:
        raise clock.missing(account)
    return Quota(*row)


