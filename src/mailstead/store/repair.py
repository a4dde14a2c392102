"""A shard file anew: from what of it can still be read, the newest daily copy, and its segments (DECISIONS 8).

Account by account. One whose rows can all be read and agree with each other is taken over as it is, UIDs and all: it
notices nothing. Of any other the best source is taken (the damaged file row by row, or the daily copy), and then every
message that the segments and objects hold and that has no row is filed again, in the mailbox its record names, or INBOX.
Flags and moves since the copy may be lost and deleted mail may return; every mailbox of such an account gets a new
UIDVALIDITY, so that no client confuses old numbers with new ones.

The damaged file is kept beside the new one (``.damaged-<time>``): nothing is thrown away.
"""

import functools
import operator
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from mailstead.model import flags as model
from mailstead.model.errors import Refusal, Unavailable
from mailstead.model.mailbox import DEFAULT_MAILBOXES, Role
from mailstead.store.blob import record, segments
from mailstead.store.blob.objects import Objects, describe
from mailstead.store.engine import sqlite
from mailstead.store.engine.files import Files
from mailstead.store.engine.sqlite import Database
from mailstead.store.keys import Keys
from mailstead.store.mail import keywords, names, tally
from mailstead.store.mail.filing import OBJECT
from mailstead.store.salvage import (
    KEYS,
    TABLES,
    Held,
    Rows,
    agrees,
    as_held,
    find_again,
    is_grant,
    leave_out_objects,
    opens,
    that_open,
)
from mailstead.store.salvage import rows as read_rows
from mailstead.store.schema import migrate, shard
from mailstead.store.seal import DUE, KEPT, OUTBOX, PIECE, PLACE, WORD, AccountKey, Damaged

MODSEQ_AHEAD: Final = 1_000_000
_AHEAD_S: Final = 366 * 24 * 3600
"""A UIDVALIDITY further ahead than this is damage."""


@dataclass
class Found:
    """What the segments hold of one account: messages by id, mailbox names as last written."""

    messages: dict[int, Held] = field(default_factory=dict)
    places: dict[int, record.Place] = field(default_factory=dict)
    names: list[record.Place] = field(default_factory=list)
    """The same with all earlier names: a large message knows only the name of where it was meant for."""


@dataclass
class Outcome:
    """How it went: ``kept`` accounts as they were, ``rebuilt`` ones, ``refiled`` messages, ``damaged`` records."""

    kept: int = 0
    rebuilt: int = 0
    refiled: int = 0
    damaged: int = 0

    def sentences(self, name: str, aside: str) -> list[str]:
        return [
            f"{name} was rebuilt: {self.kept} accounts as they were, {self.rebuilt} from what could be read, with"
            f" {self.refiled} messages filed again from the segments; {self.damaged} records could not be read",
            f"in rebuilt accounts mailboxes have a new UIDVALIDITY, flags and moves may be older, and deleted mail may have"
            f" returned; the damaged file is kept as {aside}",
        ] if self.rebuilt else [f"{name} was rebuilt: all {self.kept} accounts as they were; the old file is kept as {aside}"]


def rebuild(path: Path, folder: Path, objects: Objects, keys: Keys, files: Files, *, accounts: Mapping[int, tuple[int, int, int]],
            snapshots: Path, now_ms: int) -> list[str]:
    """Make ``path`` anew; nobody has it open. ``accounts``: account → (tenant, max octets, max messages), all that live
    here. Gives what to tell the operator. Raises ``OSError``, ``Unavailable``."""
    outcome = Outcome()
    found = _in_segments(folder, outcome)
    _in_objects(objects, found, accounts)
    sources = [source for source in (path, *sorted(snapshots.glob("*.db"), reverse=True)) if source.exists()]
    new = path.with_name(path.name + ".rebuilt")
    for left in (new, Path(f"{new}-wal"), Path(f"{new}-shm")):
        left.unlink(missing_ok=True)
    db = Database(new, write=True)
    migrate(db, shard.STEPS)
    opened = [(source, _open(source, files)) for source in sources]
    for account, (tenant, max_octets, max_messages) in sorted(accounts.items()):
        with db.transaction():
            _account(db, account, (tenant, max_octets, max_messages), opened, found.get(account, Found()), keys, now_ms, outcome, path)
    with db.transaction():
        db.run("DELETE FROM segment")
        db.run("INSERT INTO segment SELECT segment, sum(stored), sum(stored) FROM email WHERE segment>=0 GROUP BY segment")
    for _, source in opened:
        if source is not None:
            _close(source)
    db.checkpoint()
    db.close()
    aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now_ms / 1000))}")
    for suffix in ("", "-wal", "-shm"):
        old = Path(f"{path}{suffix}")
        if old.exists():
            files.replace(old, Path(f"{aside}{suffix}"))
    files.replace(new, path)
    for left in (Path(f"{new}-wal"), Path(f"{new}-shm")):
        left.unlink(missing_ok=True)
    files.sync_folder(path.parent)
    return outcome.sentences(path.name, aside.name)


def _open(path: Path, files: Files) -> Database | None:
    try:
        db = Database(path, write=False, vfs=files.vfs)
        db.one("SELECT count(*) FROM sqlite_schema")
    except (Unavailable, *_FAILURES):
        return None
    return db


_FAILURES: Final = (sqlite.Failure,)


def _close(db: Database) -> None:
    try:
        db.close()
    except sqlite.Failure:
        pass


# ----------------------------------------------------------------------------------------------------- what there is
def _in_segments(folder: Path, outcome: Outcome) -> dict[int, Found]:
    found: dict[int, Found] = {}
    for number in segments.numbers(folder):
        for offset, octets in segments.records(folder / segments.name(number)):
            if octets is None:
                outcome.damaged += 1
                continue
            _, info, meta, body = record.read(octets)
            here = found.setdefault(info.account, Found())
            if isinstance(info, record.Place):
                here.places[info.mailbox] = info
                here.names.append(info)
            else:
                here.messages[info.email] = (info, octets[meta:body], number, offset, body, len(octets))
    return found


def _in_objects(objects: Objects, found: dict[int, Found], accounts: Mapping[int, Any]) -> None:
    for path in objects.all():
        try:
            info, meta = describe(path)
        except (Damaged, OSError):
            continue
        if info.account in accounts:
            here = found.setdefault(info.account, Found())
            here.messages[info.email] = (info, meta, OBJECT, 0, 0, sum(info.frames))


# ----------------------------------------------------------------------------------------------------- putting it in
def _account(db: Database, account: int, limits: tuple[int, int, int], sources: list[tuple[Path, Database | None]], found: Found,
             keys: Keys, now_ms: int, outcome: Outcome, path: Path) -> None:
    best: Rows | None = None
    for source, opened in sources:
        if opened is None:
            continue
        rows = read_rows(opened, account)
        if source == path and agrees(rows) and opens(rows, keys, account):
            leave_out_objects(rows, keys, account)
            find_again(rows, found.messages, keys, account)
            _insert(db, rows)
            tally.recount(db, account)
            outcome.kept += 1
            return
        if rows.tables.get("account") or rows.tables.get("email"):
            best = rows if best is None else _joined(best, rows)
    try:
        key = keys.of(account)
    except (Refusal, Unavailable):
        return
    outcome.rebuilt += 1
    outcome.refiled += _Rebuild(db, account, key, keys, limits, now_ms).run(best or Rows(), found)


def _joined(first: Rows, second: Rows) -> Rows:
    """The first source's rows, and what only the second has of mailboxes and emails' places."""
    for table in ("mailbox", "keyword", "subscription", "account"):
        have = {row[: KEYS[table]] for row in first.tables.get(table, ())}
        first.tables.setdefault(table, []).extend(
            row for row in second.tables.get(table, ()) if row[: KEYS[table]] not in have
        )
    have_email = {row[1] for row in first.tables.get("email", ())}
    added = [row for row in second.tables.get("email", ()) if row[1] not in have_email]
    first.tables.setdefault("email", []).extend(added)
    have_entry = {row[3] for row in first.tables.get("entry", ())}
    first.tables.setdefault("entry", []).extend(row for row in second.tables.get("entry", ()) if row[3] not in have_entry)
    return first


def _insert(db: Database, rows: Rows) -> None:
    for table, kinds in TABLES.items():
        marks = ", ".join("?" * len(kinds))
        db.many(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", rows.tables.get(table, ()))  # noqa: S608 - names of our own


class _Rebuild:
    """One account put together again."""

    def __init__(self, db: Database, account: int, key: AccountKey, keys: Keys, limits: tuple[int, int, int], now_ms: int) -> None:
        self._db = db
        self._account = account
        self._key = key
        self._keys = keys
        self._limits = limits
        self._now_ms = now_ms
        self._validity = now_ms // 1000
        self._made = 0
        self._bits = 0
        """Flags that have a name."""
        self._orders: dict[int, int] = {}
        self._named: dict[tuple[str, ...], int] = {}
        """Every name a mailbox ever had, to the mailbox."""

    def run(self, rows: Rows, found: Found) -> int:
        """Gives the number of messages that came from the segments alone."""
        account = self._account
        old = rows.tables.get("account") or [(account, self._limits[0], 1, shard.ACTIVE, 1, 0, 0, 0, *self._limits[1:], 0, 0, 0, 0, 0, 0)]
        state = old[0][3] if old[0][3] in shard.STATES.values() else shard.ACTIVE
        most = max([old[0][4], *(row[5] for row in rows.tables.get("entry", ())), *(row[8] for row in rows.tables.get("mailbox", ()))])
        modseq = min(most, 1 << 60) + MODSEQ_AHEAD
        validities = {row[6] for row in rows.tables.get("mailbox", ())} | {place.uid_validity for place in found.names}
        validities.add(old[0][10])
        self._validity = max(self._validity, *(value for value in validities if value < self._validity + _AHEAD_S), 0)
        words = that_open(rows.tables.get("keyword", []), self._key, WORD, has_id=True)
        self._bits = functools.reduce(
            operator.or_, (1 << row[1] for row in words if 0 <= row[1] <= model.LAST_ACCOUNT_BIT), (1 << model.FIRST_ACCOUNT_BIT) - 1)
        self._orders = {row[1]: row[19] for row in rows.tables.get("mailbox", ()) if 0 <= row[19] < 1 << 31}
        boxes = self._mailboxes(rows, found, modseq)
        known = {row[1]: row for row in rows.tables.get("mailbox", ())}
        refiled = self._messages(rows, found, boxes, modseq)
        self._db.many("INSERT OR IGNORE INTO keyword VALUES (?, ?, ?)", words)
        self._db.many("INSERT OR IGNORE INTO subscription VALUES (?, ?, ?)",
                      that_open(rows.tables.get("subscription", []), self._key, PLACE, has_id=False))
        self._db.many("INSERT OR IGNORE INTO thread_ref VALUES (?, ?, ?)", rows.tables.get("thread_ref", ()))
        self._db.many("INSERT OR IGNORE INTO delivery VALUES (?, ?, ?, ?)", rows.tables.get("delivery", ()))
        self._submissions(rows, modseq)
        self._kept_objects(rows, modseq)
        self._db.many("INSERT OR IGNORE INTO share VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (
            (*row[:5], modseq, modseq, modseq) for row in rows.tables.get("share", ()) if row[3] and boxes.get(row[1]) == row[1] and is_grant(row, known)))
        used = self._db.one("SELECT coalesce(sum(size),0), count(*) FROM entry WHERE account_id=?", (account,)) or (0, 0)
        self._db.run(
            "INSERT OR REPLACE INTO account VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?)",
            (account, self._limits[0], old[0][2] % (1 << 40) + 1, state, modseq, modseq, used[0], used[1], *self._limits[1:],
             self._validity + self._made, modseq, modseq, modseq, modseq, modseq, modseq),
        )
        tally.recount(self._db, account)
        return refiled

    def _submissions(self, rows: Rows, modseq: int) -> None:
        """What was waiting to leave: sending what was cancelled since is less bad than losing what was not."""
        for row in rows.tables.get("submission", ()):
            try:
                self._keys.numbered(self._account, row[8]).open(OUTBOX, row[1], row[10])
            except (Damaged, Refusal, Unavailable, OverflowError):
                continue
            self._db.run("INSERT OR IGNORE INTO submission VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row[:7], modseq, *row[8:]))
        self._db.many("INSERT OR IGNORE INTO submission_piece VALUES (?, ?, ?, ?)", rows.tables.get("submission_piece", ()))
        self._db.many("INSERT OR IGNORE INTO sent_ref VALUES (?, ?, ?)", rows.tables.get("sent_ref", ()))

    def _kept_objects(self, rows: Rows, modseq: int) -> None:
        """Settings and the like, those that open."""
        for row in rows.tables.get("object", ()):
            try:
                self._keys.numbered(self._account, row[6]).open(KEPT, row[2], row[7], row[1])
            except (Damaged, Refusal, Unavailable, OverflowError):
                continue
            self._db.run("INSERT OR IGNORE INTO object VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*row[:3], modseq, modseq, *row[5:]))
        for row in rows.tables.get("object_piece", ()):
            if self._unseals(row[4], PIECE, row[2], row[5], row[3]):
                self._db.run("INSERT OR IGNORE INTO object_piece VALUES (?, ?, ?, ?, ?, ?)", row)
        for row in rows.tables.get("due", ()):
            if self._unseals(row[5], DUE, row[2], row[6], row[1]):
                self._db.run("INSERT OR IGNORE INTO due VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        self._db.many("INSERT OR IGNORE INTO answered VALUES (?, ?, ?)", rows.tables.get("answered", ()))

    def _unseals(self, key: int, kind: bytes, ident: int, sealed: bytes, number: int) -> bool:
        try:
            self._keys.numbered(self._account, key).open(kind, ident, sealed, number)
        except (Damaged, Refusal, Unavailable, OverflowError):
            return False
        return True

    # -------------------------------------------------------------------------------------------------- mailboxes
    def _mailboxes(self, rows: Rows, found: Found, modseq: int) -> dict[int, int]:
        """Old mailbox id to the one that takes its messages."""
        boxes: dict[int, int] = {}
        paths: dict[tuple[str, ...], int] = {}
        known = {row[1]: row for row in rows.tables.get("mailbox", ())}
        # Parents first: a mailbox may be older than the one it lies in.
        for path, ident, row in sorted(((self._path_in(known, ident), ident, row) for ident, row in known.items()), key=_depth):
            if path and path not in paths:
                paths[path] = ident
                boxes[ident] = ident
                self._box(ident, path, paths, Role(row[5]) if 0 <= row[5] <= max(Role) else Role.NONE, modseq)
        for path, ident, place in sorted(((self._path_of(place), ident, place) for ident, place in found.places.items()), key=_depth):
            if ident in boxes or not path:
                continue
            if path in paths:
                boxes[ident] = paths[path]
                continue
            if not self._has_use(found, ident) and known:
                continue  # deleted or renamed since: nothing lies in it
            paths[path] = ident
            boxes[ident] = ident
            self._box(ident, path, paths, Role(place.role) if 0 <= place.role <= max(Role) else Role.NONE, modseq)
        for number, (name, role) in enumerate(DEFAULT_MAILBOXES):
            if (name,) not in paths:
                ident = (self._now_ms << 21) | (number + 1)
                paths[(name,)] = ident
                boxes[ident] = ident
                self._box(ident, (name,), paths, role, modseq)
        boxes[0] = paths[names.INBOX]
        for place in found.names:
            if place.mailbox in boxes:
                self._named[self._path_of(place)] = boxes[place.mailbox]
        self._named.update(paths)
        return boxes

    def _path_of(self, place: record.Place) -> tuple[str, ...]:
        """The name in a record; () for none that can be read."""
        try:
            return names.normal(record.path_of(self._key, place))
        except (Damaged, Refusal, ValueError):
            return ()

    def _has_use(self, found: Found, ident: int) -> bool:
        return any(message[0].mailbox == ident or ident in message[0].also for message in found.messages.values())

    def _path_in(self, known: dict[int, tuple[Any, ...]], ident: int) -> tuple[str, ...]:
        path: list[str] = []
        for _ in range(len(known) + 1):
            row = known.get(ident)
            if row is None:
                return () if ident else tuple(path)
            try:
                path.insert(0, names.opened(self._key, ident, row[3]))
            except (Damaged, ValueError):
                return ()
            ident = row[2]
            if not ident:
                return tuple(path)
        return ()

    def _box(self, ident: int, path: tuple[str, ...], paths: dict[tuple[str, ...], int], role: Role, modseq: int) -> None:
        parent = 0
        for level in range(1, len(path)):
            above = path[:level]
            if above not in paths:
                paths[above] = (self._now_ms << 21) | (len(paths) + 100)
                self._box(paths[above], above, paths, Role.NONE, modseq)
            parent = paths[above]
        role = Role.INBOX if path == names.INBOX else Role.NONE if role == Role.INBOX else role
        self._made += 1
        self._db.run(
            "INSERT OR IGNORE INTO mailbox VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ?, ?8, ?8)",
            (self._account, ident, parent, names.sealed(self._key, ident, path[-1]), names.name_key(self._key, parent, path[-1]),
             int(role), self._validity + self._made, modseq, self._orders.get(ident, 0)),
        )

    # -------------------------------------------------------------------------------------------------- messages
    def _messages(self, rows: Rows, found: Found, boxes: dict[int, int], modseq: int) -> int:
        entries: dict[int, list[tuple[Any, ...]]] = {}
        known = {row[1]: row for row in rows.tables.get("email", ())}
        for row in rows.tables.get("entry", ()):
            email_row = known.get(row[3])
            # An entry whose message's id was damaged speaks of another message now; its own is filed again.
            if email_row is None or email_row[2] == row[4] or email_row[3] == row[7]:
                entries.setdefault(row[3], []).append(row)
        next_uid: dict[int, int] = dict(self._db.all("SELECT mailbox_id, uid_next FROM mailbox WHERE account_id=?", (self._account,)))
        seen_delivery = {found.messages[email][0].delivery for email in known if email in found.messages}
        refiled = 0
        for email in sorted(known.keys() | found.messages.keys()):
            held = found.messages.get(email)
            stored = self._email(known.get(email), held)
            if stored is None:
                continue
            if email not in known and held is not None and held[0].delivery:
                if held[0].delivery in seen_delivery:
                    continue
                seen_delivery.add(held[0].delivery)
            where = [(boxes.get(entry[1], boxes[0]), entry[6], entry[8], entry[10]) for entry in entries.get(email, ())]
            if not where:
                flags, box = (held[0].flags, held[0].mailbox) if held else (0, 0)
                into = [boxes.get(box or self._meant_for(stored), boxes[0])]
                into += [boxes[also] for also in (held[0].also if held else ()) if also in boxes]
                where = [(one, flags, self._now_ms, None) for one in dict.fromkeys(into)]
                refiled += email not in known
            self._db.run(f"INSERT OR REPLACE INTO email VALUES ({', '.join('?' * 16)})", (*stored[:14], len(where), stored[15]))  # noqa: S608
            for box, flags, saved, more in where:
                uid = next_uid[box]
                next_uid[box] = uid + 1
                self._db.run(
                    "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (self._account, box, uid, email, stored[2], modseq, flags & self._bits, stored[3], saved, stored[5], _more(more)),
                )
        for box, uid in next_uid.items():
            self._db.run(
                "UPDATE mailbox SET uid_next=?, (total, unseen, deleted, octets)=(SELECT count(*), coalesce(sum(flags&1=0),0),"
                " coalesce(sum(flags&8<>0),0), coalesce(sum(size),0) FROM entry WHERE account_id=?2 AND mailbox_id=?3)"
                " WHERE account_id=?2 AND mailbox_id=?3",
                (uid, self._account, box),
            )
        return refiled

    def _meant_for(self, stored: tuple[Any, ...]) -> int:
        """The mailbox of a large message: it was written before its mailbox was asked."""
        try:
            meta = record.open_meta(self._keys.numbered(self._account, stored[8]), stored[1], stored[15])
        except (Damaged, Refusal, Unavailable):
            return 0
        return self._named.get(meta.place, 0)

    def _email(self, row: tuple[Any, ...] | None, held: Held | None) -> tuple[Any, ...] | None:
        """The email's row: as the record says where there is one, for it was checked against its checksum."""
        if held is not None:
            info, meta = held[:2]
            if not self._opens(info.key, info.email, meta):
                return row if row is not None and self._opens(row[8], row[1], row[15]) else None
            return as_held(row, self._account, held)
        return row if row is not None and self._opens(row[8], row[1], row[15]) else None

    def _opens(self, number: int, email: int, meta: bytes) -> bool:
        """Whether the message's envelope and structure can be read."""
        try:
            record.open_meta(self._keys.numbered(self._account, number), email, meta)
        except (Damaged, Refusal, Unavailable, OverflowError):
            return False
        return True


def _depth(one: tuple[tuple[str, ...], int, Any]) -> tuple[int, int]:
    return len(one[0]), one[1]


def _more(packed: bytes | None) -> bytes | None:
    """Keywords past the bits, where they can be read."""
    try:
        return packed if keywords.unpack_more(packed) else None
    except ValueError:
        return None
