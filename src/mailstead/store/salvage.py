"""What of an account's rows can still be read from a shard file, and whether it is whole.

A damaged file gives rows that end too early, that are of the wrong kind, or that contradict each other. A row is taken only
when each of its values is of the kind its column holds; around a page that cannot be read rows are looked for from the
other end. An account is whole when everything was readable, fits together and opens.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from mailstead.model.errors import Refusal, Unavailable
from mailstead.model.mailbox import Role
from mailstead.model.sharing import ALL
from mailstead.store.blob import record
from mailstead.store.engine import sqlite
from mailstead.store.engine.sqlite import Database
from mailstead.store.keys import Keys
from mailstead.store.mail import keywords
from mailstead.store.schema import shard
from mailstead.store.seal import DUE, KEPT, NAME, PIECE, PLACE, WORD, AccountKey, Damaged

TABLES: Final = {
    "account": "iiiiiiiiiiiiiiiiii", "mailbox": "iiibbiiiiiiiiiiiiiiiii", "subscription": "ibb", "email": "iiiiiiiiiiiiinib",
    "entry": "iiiiiiiiiin", "keyword": "iib", "change": "iiiiiiiiii", "thread_ref": "ibi", "delivery": "ibii", "op": "ibib",
    "dropped": "iii", "era": "iii", "submission": "iiiiiiiiiib", "submission_piece": "iiib", "object": "iiiiiiib",
    "object_piece": "iiiiib", "due": "iiiiiib", "answered": "ibi", "sent_ref": "ibi", "share": "iiiiiiii",
}
"""The kinds of a table's columns: integer, blob, blob or null."""
KEYS: Final = {
    "account": 1, "mailbox": 2, "subscription": 2, "email": 2, "entry": 3, "keyword": 2, "change": 5, "thread_ref": 2,
    "delivery": 2, "op": 2, "dropped": 2, "era": 2, "submission": 2, "submission_piece": 3, "object": 3,
    "object_piece": 4, "due": 3, "answered": 2, "sent_ref": 2, "share": 3,
}
"""How many of the first columns make the key."""
_NEEDED: Final = ("account", "mailbox", "email", "entry", "keyword", "subscription")
_KINDS: Final[dict[str, tuple[type, ...]]] = {"i": (int,), "b": (bytes,), "n": (bytes, type(None))}
_UID_MOST: Final = (1 << 32) - 1
_MODSEQ_MOST: Final = 1 << 60


@dataclass
class Rows:
    """One account's rows from one source. ``whole``: all of them could be read."""

    tables: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    whole: bool = True


def rows(db: Database, account: int) -> Rows:
    """All that can be read of an account."""
    found = Rows()
    for table, kinds in TABLES.items():
        got: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        order = ", ".join(f"{n + 1}" for n in range(KEYS[table]))
        for sql in (
            f"SELECT * FROM {table} WHERE account_id=? ORDER BY {order}",  # noqa: S608 - names of our own
            f"SELECT * FROM {table} WHERE account_id=? ORDER BY " + order.replace(",", " DESC,") + " DESC",  # noqa: S608
        ):
            try:
                for found_row in db.each(sql, (account,)):
                    row = (*found_row, *(0,) * (len(kinds) - len(found_row)))  # a copy of an older version has fewer columns
                    if _fits(row, kinds, account):
                        got.setdefault(row[: KEYS[table]], row)
                    elif table in _NEEDED:
                        found.whole = False
            except (sqlite.Failure, UnicodeDecodeError):
                if table in _NEEDED:
                    found.whole = False
            else:
                break
        found.tables[table] = sorted(got.values(), key=lambda row: row[: KEYS[table]])
    return found


def _fits(row: tuple[Any, ...], kinds: str, account: int) -> bool:
    return (
        len(row) == len(kinds) and row[0] == account
        and all(isinstance(value, _KINDS[kind]) for value, kind in zip(row, kinds, strict=True))
    )


def agrees(found: Rows) -> bool:
    """Whether the rows of an account say the same: counters, UIDs, references."""
    tables = found.tables
    if not found.whole or len(tables["account"]) != 1:
        return False
    account = tables["account"][0]
    emails = {row[1]: row for row in tables["email"]}
    boxes = {row[1]: row for row in tables["mailbox"]}
    counted = {box: [0, 0, 0, 0] for box in boxes}
    entries: dict[int, int] = {}
    octets = 0
    for _, box, uid, email, thread, modseq, flags, received, _, size, _ in tables["entry"]:
        if box not in boxes or email not in emails or not 1 <= uid < boxes[box][7] or modseq > account[4]:
            return False
        if (emails[email][2], emails[email][5], emails[email][3]) != (thread, size, received):
            return False
        count = counted[box]
        count[0] += 1
        count[1] += not flags & 1
        count[2] += bool(flags & 8)
        count[3] += size
        octets += size
        entries[email] = entries.get(email, 0) + 1
    return (
        all(tuple(counted[box]) == tuple(boxes[box][9:13]) for box in boxes)
        and all(_is_box(row, boxes, account) for row in boxes.values())
        and all(entries.get(email, 0) == row[14] for email, row in emails.items())
        and (account[6], account[7]) == (octets, len(tables["entry"]))
        and all(is_grant(row, boxes) and max(row[5:]) <= account[4] for row in tables["share"])
        and account[3] in shard.STATES.values() and 0 < account[4] < _MODSEQ_MOST
        and [Role.INBOX] == [row[5] for row in boxes.values() if row[5] == Role.INBOX]
    )


def is_grant(row: tuple[Any, ...], boxes: dict[int, tuple[Any, ...]]) -> bool:
    """Whether a row of ``share`` can be: of a mailbox that is there, unless it is one that was taken back."""
    return (row[1] in boxes or not row[3]) and row[2] != row[0] and 0 <= row[3] <= ALL and row[4] in {0, 1} and min(row[5:]) >= 0


def _is_box(row: tuple[Any, ...], boxes: dict[int, tuple[Any, ...]], account: tuple[Any, ...]) -> bool:
    return (
        (not row[2] or row[2] in boxes) and 0 <= row[5] <= max(Role) and row[14] in {0, 1} and row[8] <= account[4]
        and 0 < row[6] <= min(account[10], _UID_MOST) and 0 < row[7] <= _UID_MOST and 0 <= row[13] < row[7]
    )


def opens(found: Rows, keys: Keys, account: int) -> bool:
    """Whether what is sealed in the rows can be opened."""
    try:
        key = keys.of(account)
        for kind, table, ident in ((NAME, "mailbox", True), (WORD, "keyword", True), (PLACE, "subscription", False)):
            for row in found.tables[table]:
                key.open(kind, row[1] if ident else 0, row[3] if table == "mailbox" else row[2])
        for row in found.tables["email"]:
            record.open_meta(keys.numbered(account, row[8]), row[1], row[15])
        for row in found.tables["entry"]:
            keywords.unpack_more(row[10])
    except (Damaged, Refusal, Unavailable, ValueError, OverflowError):
        return False
    return True


def leave_out_objects(found: Rows, keys: Keys, account: int) -> None:
    """Take out small objects that cannot be opened. Nobody can be told of each, so the account's history begins anew (its epoch)."""
    lost = False
    for table, kind, key, ident, part, sealed in (("object", KEPT, 6, 2, 1, 7), ("object_piece", PIECE, 4, 2, 3, 5), ("due", DUE, 5, 2, 1, 6)):
        good = []
        for row in found.tables.get(table, ()):
            try:
                keys.numbered(account, row[key]).open(kind, row[ident], row[sealed], row[part])
            except (Damaged, OverflowError):
                lost = True
                continue
            except (Refusal, Unavailable):
                pass  # the key is not here: nobody can say
            good.append(row)
        found.tables[table] = good
    if lost:
        (row,) = found.tables["account"]
        found.tables["account"] = [(*row[:2], row[2] + 1, *row[3:])]


Held = tuple[record.Info, bytes, int, int, int, int]
"""A record as it lies on disk: (info, sealed metadata, segment, offset, lead, stored)."""


def as_held(row: tuple[Any, ...] | None, account: int, held: Held) -> tuple[Any, ...]:
    """An email's row as its record says, which was checked against its checksum; what the record does not know (thread, entries) as in ``row``."""
    info, meta, segment, offset, lead, stored = held
    frames = b"".join(length.to_bytes(4, "big") for length in info.frames) if len(info.frames) > 1 else None
    thread, entries = (row[2], row[14]) if row is not None else (info.thread or info.email, 1)
    return (account, info.email, thread, info.received_ms, info.sent_ms, info.size, info.header, info.attachment,
            info.key, segment, offset, lead, stored, frames, entries, meta)


def find_again(found: Rows, messages: Mapping[int, Held], keys: Keys, account: int) -> None:
    """Correct rows of emails that agree with their entries but not with the record: a damaged place would be the loss of a message that is there."""
    for number, row in enumerate(found.tables["email"]):
        held = messages.get(row[1])
        if held is None or (held[0].size, held[0].received_ms) != (row[5], row[3]):
            continue
        right = as_held(row, account, held)
        if right == row:
            continue
        try:
            record.open_meta(keys.numbered(account, right[8]), right[1], right[15])
        except (Damaged, Refusal, Unavailable, OverflowError):
            continue
        found.tables["email"][number] = right


def that_open(found: list[tuple[Any, ...]], key: AccountKey, kind: bytes, *, has_id: bool) -> list[tuple[Any, ...]]:
    """The keywords or subscriptions that can be opened."""
    good = []
    for row in found:
        try:
            key.open(kind, row[1] if has_id else 0, row[2])
        except (Damaged, OverflowError):
            continue
        good.append(row)
    return good
