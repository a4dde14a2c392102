"""A search over one mailbox, in a thread of its own with a connection of its own."""

from functools import partial

from mailstead.model.condition import Condition
from mailstead.model.errors import Refusal, Unavailable
from mailstead.store.blob.objects import Objects
from mailstead.store.blob.segments import SegmentReader
from mailstead.store.engine.sqlite import Database
from mailstead.store.keys import Keys
from mailstead.store.mail import keywords, read, selection
from mailstead.store.search import answer
from mailstead.store.shard import Shard, nonsense


def find(shard: Shard, keys: Keys, objects: Objects, account: int, mailbox: int, condition: Condition) -> list[int]:
    """UIDs of the mailbox that meet the condition, ascending. Damaged messages match by their rows alone.

    Raises ``Unavailable``.
    """
    try:
        db = shard.open_reader()
        segments = SegmentReader(shard.folder)
        try:
            with db.snapshot():
                return _find(db, segments, keys, objects, account, mailbox, condition)
        finally:
            segments.close()
            db.close()
    except (Refusal, Unavailable):
        raise
    except Exception as exc:
        raise nonsense(exc, shard.path) from exc


def _find(db: Database, segments: SegmentReader, keys: Keys, objects: Objects, account: int, mailbox: int,
          condition: Condition) -> list[int]:
    bits = {name.lower(): bit for bit, name in keywords.all_bits(db, account, keys.of(account)).items()}
    judge = answer.compile_(condition, bits)

    def email_row(email: int) -> tuple[int, int, bool]:
        row = db.one("SELECT sent_ms, header, attachment FROM email WHERE account_id=? AND email_id=?", (account, email))
        return (row[0], row[1], bool(row[2])) if row else (0, 0, False)

    def packed_parts(email: int) -> bytes:
        meta = read.meta_of(db, account, keys, email)
        return meta.parts if meta else b"text\tplain\tus-ascii\t7bit\t\t0\t0\t0\t0"

    def octets(email: int, start: int, end: int) -> bytes:
        try:
            return read.octets(db, account, keys, segments, objects, email, start, end - start)
        except Unavailable:
            return b""

    def places(email: int, thread: int) -> set[int]:
        return {row[0] for row in db.all(
            "SELECT mailbox_id FROM entry WHERE account_id=? AND thread_id=? AND email_id=?", (account, thread, email))}

    columns = "e.uid, e.email_id, e.thread_id, e.modseq, e.flags, e.more, e.received_ms, e.saved_ms, e.size"
    found = []
    for uid, email, thread, modseq, flags, more, received, saved, size in selection.rows(
        db, account, mailbox, answer.uids_in(condition), columns
    ):
        message = answer.Message(
            uid, email, thread, mailbox, modseq, flags, keywords.unpack_more(more), received, saved, size,
            partial(email_row, email), partial(packed_parts, email), partial(octets, email),
            partial(places, email, thread),
        )
        if judge(message):
            found.append(uid)
    return found


