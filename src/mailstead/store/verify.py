"""Does the store keep its promises? Every invariant is recomputed, every checksum and seal is tried.

Read-only, from one snapshot a shard, while the server runs. A finding is one sentence that names file or account. What
``repair`` can mend it says so.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from mailstead.model.errors import Refusal, Unavailable
from mailstead.model.progress import Progress
from mailstead.model.sharing import ALL
from mailstead.store.blob import record
from mailstead.store.blob.objects import Objects, describe
from mailstead.store.blob.segments import SegmentReader
from mailstead.store.directory import principals
from mailstead.store.engine import sqlite
from mailstead.store.engine.files import Files
from mailstead.store.engine.sqlite import Database
from mailstead.store.keys import Keys
from mailstead.store.mail.filing import OBJECT
from mailstead.store.schema import shard as schema
from mailstead.store.seal import BODY, DUE, KEPT, NAME, PIECE, PLACE, QUEUE, WORD, Damaged
from mailstead.store.shard import Shard

MOST_FINDINGS: Final = 1_000
_EACH: Final = 500

_COUNTERS: Final = (
    (
        "mailbox {1} of account {0:x} counts {2} messages, {3} unseen, {4} deleted, {5} octets, but holds {6}, {7}, {8}, {9}",
        "SELECT m.account_id, m.mailbox_id, m.total, m.unseen, m.deleted, m.octets, count(e.uid),"
        " coalesce(sum(e.flags&1=0),0), coalesce(sum(e.flags&8<>0),0), coalesce(sum(e.size),0)"
        " FROM mailbox m LEFT JOIN entry e ON e.account_id=m.account_id AND e.mailbox_id=m.mailbox_id"
        " GROUP BY m.account_id, m.mailbox_id HAVING m.total<>count(e.uid) OR m.unseen<>coalesce(sum(e.flags&1=0),0)"
        " OR m.deleted<>coalesce(sum(e.flags&8<>0),0) OR m.octets<>coalesce(sum(e.size),0)",
    ),
    (
        "mailbox {1} of account {0:x} counts {2} emails ({3} unread) in {4} threads ({5} unread), but holds {6} ({7}) in {8} ({9})",
        "SELECT m.account_id, m.mailbox_id, m.emails, m.unread_emails, m.threads, m.unread_threads, coalesce(c.emails, 0),"  # noqa: S608
        " coalesce(c.unread_emails, 0), coalesce(c.threads, 0), coalesce(c.unread_threads, 0) FROM mailbox m"
        f" LEFT JOIN ({schema.COUNTED.format(of_account='')}) c ON c.account_id=m.account_id AND c.mailbox_id=m.mailbox_id"
        " WHERE (m.emails, m.unread_emails, m.threads, m.unread_threads)<>(coalesce(c.emails, 0), coalesce(c.unread_emails, 0),"
        " coalesce(c.threads, 0), coalesce(c.unread_threads, 0))",
    ),
    (
        "account {0:x} counts {1} octets in {2} messages, but holds {3} in {4}",
        "SELECT a.account_id, a.used_octets, a.used_messages, coalesce(sum(e.size),0), count(e.uid)"
        " FROM account a LEFT JOIN entry e USING (account_id) GROUP BY a.account_id"
        " HAVING a.used_octets<>coalesce(sum(e.size),0) OR a.used_messages<>count(e.uid)",
    ),
    (
        "message {1:x} of account {0:x} counts {2} entries, but has {3}",
        "SELECT m.account_id, m.email_id, m.entries, count(e.uid) FROM email m LEFT JOIN entry e INDEXED BY entry_thread ON"
        " e.account_id=m.account_id AND e.thread_id=m.thread_id AND e.email_id=m.email_id"
        " GROUP BY m.account_id, m.email_id HAVING m.entries<>count(e.uid) OR m.entries=0",
    ),
    (
        "entry {2} in mailbox {1} of account {0:x} has no message",
        "SELECT e.account_id, e.mailbox_id, e.uid FROM entry e LEFT JOIN email m ON m.account_id=e.account_id"
        " AND m.email_id=e.email_id WHERE m.email_id IS NULL",
    ),
    (
        "entry {2} in mailbox {1} of account {0:x} differs from its message in size, thread or date",
        "SELECT e.account_id, e.mailbox_id, e.uid FROM entry e JOIN email m ON m.account_id=e.account_id"
        " AND m.email_id=e.email_id WHERE m.size<>e.size OR m.thread_id<>e.thread_id",
    ),
    (
        "entry {2} of account {0:x} is in mailbox {1}, which is not there",
        "SELECT e.account_id, e.mailbox_id, e.uid FROM entry e LEFT JOIN mailbox m ON m.account_id=e.account_id"
        " AND m.mailbox_id=e.mailbox_id WHERE m.mailbox_id IS NULL",
    ),
    (
        "mailbox {1} of account {0:x} has a message with UID {2}, which is not below its next UID {3}",
        "SELECT m.account_id, m.mailbox_id, max(e.uid), m.uid_next FROM mailbox m JOIN entry e ON"
        " e.account_id=m.account_id AND e.mailbox_id=m.mailbox_id GROUP BY m.account_id, m.mailbox_id"
        " HAVING max(e.uid)>=m.uid_next",
    ),
    (
        "account {0:x} is at modseq {1}, but something of it was changed at {2}",
        "SELECT a.account_id, a.modseq, max(coalesce((SELECT max(modseq) FROM entry e WHERE e.account_id=a.account_id),0),"
        " coalesce((SELECT max(modseq) FROM mailbox b WHERE b.account_id=a.account_id),0),"
        " coalesce((SELECT max(modseq) FROM change c WHERE c.account_id=a.account_id),0),"
        " coalesce((SELECT max(modseq) FROM share s WHERE s.account_id=a.account_id),0)) AS most"
        " FROM account a GROUP BY a.account_id HAVING most>a.modseq",
    ),
    (
        "account {0:x} shares mailbox {1} with {2:x} by the rights {3}, which cannot be",
        "SELECT s.account_id, s.mailbox_id, s.grantee, s.rights FROM share s LEFT JOIN mailbox m ON m.account_id=s.account_id"  # noqa: S608 - numbers of our own
        f" AND m.mailbox_id=s.mailbox_id WHERE (m.mailbox_id IS NULL AND s.rights<>0) OR s.rights & ~{int(ALL)} OR s.grantee=s.account_id",
    ),
    (
        "account {0:x} has no INBOX",
        "SELECT a.account_id FROM account a LEFT JOIN mailbox m ON m.account_id=a.account_id AND m.role=1"
        " WHERE m.mailbox_id IS NULL",
    ),
    (
        "mailbox {1} of account {0:x} has the UIDVALIDITY {2} and the next UID {3}, which cannot be",
        "SELECT account_id, mailbox_id, uid_validity, uid_next FROM mailbox WHERE typeof(uid_validity)<>'integer'"
        " OR typeof(uid_next)<>'integer' OR uid_validity NOT BETWEEN 1 AND 4294967295 OR uid_next NOT BETWEEN 1 AND 4294967295",
    ),
    (
        "segment {0} counts {1} live octets, but rows refer to {2}",
        "SELECT s.number, s.live, coalesce(sum(m.stored),0) FROM segment s LEFT JOIN email m ON m.segment=s.number"
        " GROUP BY s.number HAVING s.live<>coalesce(sum(m.stored),0)",
    ),
)


def shard(one: Shard, keys: Keys, objects: Objects, accounts: dict[int, int], progress: Progress) -> Iterator[str]:
    """Findings of one shard. ``accounts``: those that the directory places here, with the octets they may use."""
    try:
        db = one.open_reader()
    except Unavailable as exc:
        yield f"{one.path.name} cannot be opened: {exc.cause}; mailstead verify --repair rebuilds it"
        return
    try:
        with db.snapshot():
            for text in db.check():
                yield f"{one.path.name}: {text}; mailstead verify --repair rebuilds it"
            yield from _counters(db, one.path)
            yield from _accounts(db, one, accounts)
            yield from _names(db, one.path, keys)
            yield from _messages(db, one, keys, objects, progress)
    except Exception as exc:  # rows that make no sense are what we are looking for
        yield f"{one.path.name}: {type(exc).__name__}: {exc}; mailstead verify --repair rebuilds it"
    finally:
        try:
            db.close()
        except sqlite.Failure:
            pass


def _counters(db: Database, path: Path) -> Iterator[str]:
    for sentence, sql in _COUNTERS:
        for row in db.all(sql + " LIMIT 100"):
            yield f"{path.name}: {sentence.format(*row)}"


def _accounts(db: Database, one: Shard, accounts: dict[int, int]) -> Iterator[str]:
    here = {row[0] for row in db.all("SELECT account_id FROM account")}
    for account in accounts.keys() - here:
        yield f"{one.path.name}: account {account:x} is placed here, but is not here; mailstead verify --repair restores it"


def _names(db: Database, path: Path, keys: Keys) -> Iterator[str]:
    """What is sealed beside the messages: names of mailboxes, subscriptions and keywords."""
    for what, kind, sql in (
        ("the name of mailbox", NAME, "SELECT account_id, mailbox_id, name_enc FROM mailbox"),
        ("a subscription", PLACE, "SELECT account_id, 0, path_enc FROM subscription"),
        ("the name of keyword", WORD, "SELECT account_id, bit, name_enc FROM keyword"),
    ):
        for account, ident, sealed in db.each(sql):
            try:
                keys.of(account).open(kind, ident, sealed)
            except (Damaged, TypeError, OverflowError):
                yield f"{path.name}: {what} {ident} of account {_hex(account)} is damaged; mailstead verify --repair rebuilds it"
            except (Refusal, Unavailable) as exc:
                yield f"{path.name}: account {_hex(account)}: its key cannot be had: {exc.cause or exc.public}"
    for what, kind, sql in (
        ("an object", KEPT, "SELECT account_id, kind, object_id, key_no, doc_enc FROM object"),
        ("a piece of object", PIECE, "SELECT account_id, number, object_id, key_no, doc_enc FROM object_piece"),
        ("what is due of object", DUE, "SELECT account_id, kind, object_id, key_no, doc_enc FROM due"),
    ):
        for account, part, ident, number, sealed in db.each(sql):
            try:
                keys.numbered(account, number).open(kind, ident, sealed, part)
            except (Damaged, TypeError, OverflowError):
                yield f"{path.name}: {what} {ident} of account {_hex(account)} is damaged; mailstead verify --repair leaves it out"
            except (Refusal, Unavailable) as exc:
                yield f"{path.name}: account {_hex(account)}: its key cannot be had: {exc.cause or exc.public}"


def _messages(db: Database, one: Shard, keys: Keys, objects: Objects, progress: Progress) -> Iterator[str]:
    total = (db.one("SELECT count(*) FROM email") or (0,))[0]
    segments = SegmentReader(one.folder)
    try:
        for done, row in enumerate(db.each(
            "SELECT account_id, email_id, size, key_no, segment, offset, lead, stored, frames, meta_enc FROM email"
            " ORDER BY segment, offset"
        )):
            if done % _EACH == 0:
                progress(one.path.name, done, total)
            try:
                wrong = _message(row, keys, segments, objects)
            except (TypeError, ValueError, OverflowError) as exc:
                wrong = f"its row makes no sense ({exc}); mailstead verify --repair reads it anew"
            if wrong:
                yield f"{one.path.name}: message {_hex(row[1])} of account {_hex(row[0])}: {wrong}"
        progress(one.path.name, total, total)
    finally:
        segments.close()


def _hex(ident: Any) -> str:
    return f"{ident:x}" if isinstance(ident, int) else repr(ident)


def _message(row: tuple[Any, ...], keys: Keys, segments: SegmentReader, objects: Objects) -> str:
    account, email, size, key_no, segment, offset, lead, stored, _, meta = row
    try:
        key = keys.numbered(account, key_no)
    except (Refusal, Unavailable) as exc:
        return f"its key cannot be had: {exc.cause or exc.public}"
    try:
        record.open_meta(key, email, meta)
    except Damaged:
        return "its envelope and structure are damaged in the shard file; mailstead verify --repair reads them anew"
    try:
        if segment == OBJECT:
            info, _ = describe(objects.path(account, email))
            frames = [objects.read(account, email, sum(info.frames[:n]), length) for n, length in enumerate(info.frames)]
        else:
            octets = segments.read(segment, offset, stored)
            _, found, _, body = record.read(octets)
            if not isinstance(found, record.Info) or (found.account, found.email) != (account, email) or body != lead:
                return f"the record at {segment}:{offset} is another's"
            info = found
            frames, at = [], body
            for length in info.frames:
                frames.append(octets[at : at + length])
                at += length
        if sum(len(key.open(BODY, email, frame, number)) for number, frame in enumerate(frames)) != size:
            return "its octets are fewer or more than its size says"
    except (Damaged, OSError) as exc:
        return f"its text is damaged on disk and cannot be read ({exc})"
    return ""


def whole_file(path: Path, files: Files) -> Iterator[str]:
    """Findings of a database that has no invariants of its own to check."""
    try:
        db = Database(path, write=False, vfs=files.vfs)
    except Unavailable as exc:
        yield f"{path.name} cannot be opened: {exc.cause}"
        return
    try:
        wrong = db.check()
        for text in wrong:
            yield f"{path.name}: {text}"
        if path.name == "dir.db" and not wrong:
            for (account,) in db.all(principals.AGREES + " LIMIT 100"):
                yield f"{path.name}: account {_hex(account)} is not as the record of changes of principals has it"
    finally:
        db.close()


def queue(path: Path, files: Files, keys: Keys) -> Iterator[str]:
    """Findings of the queue file."""
    try:
        db = Database(path, write=False, vfs=files.vfs)
    except Unavailable as exc:
        yield f"{path.name} cannot be opened: {exc.cause}"
        return
    try:
        with db.snapshot():
            for text in db.check():
                yield f"{path.name}: {text}"
            for mail, submission, account, number, jobs in db.each("SELECT number, submission_id, account_id, key_no, jobs FROM q_mail"):
                count = db.one("SELECT count(*) FROM q_job WHERE mail=?", (mail,))
                if count is None or count[0] != jobs:
                    yield f"{path.name}: message {submission:x} counts {jobs} jobs, but has {count[0] if count else 0}"
                try:
                    key = keys.numbered(account, number)
                    for piece, octets in db.all(
                        "SELECT number, octets FROM q_piece WHERE submission_id=?"
                        " UNION ALL SELECT 0, body FROM q_mail WHERE number=? AND body IS NOT NULL", (submission, mail),
                    ):
                        key.open(QUEUE, submission, octets, piece)
                except (Damaged, Refusal, Unavailable) as exc:
                    yield f"{path.name}: message {submission:x} cannot be opened: {exc}"
    except sqlite.Failure as exc:
        yield f"{path.name}: {type(exc).__name__}: {exc}"
    finally:
        db.close()
