"""A search over one mailbox, in a thread of its own with connections of its own.

What the index can tell narrows the messages down; what is newer than the index is looked at as well, and every message that
is left is judged. So an answer is complete, however far the index is behind (DECISIONS 14).
"""

from pathlib import Path
from typing import Final

from mailstead.model.condition import Condition
from mailstead.model.errors import Refusal, Unavailable
from mailstead.store.blob.objects import Objects
from mailstead.store.blob.segments import SegmentReader
from mailstead.store.engine import sqlite
from mailstead.store.engine.sqlite import Database
from mailstead.store.keys import Keys
from mailstead.store.mail import keywords, selection
from mailstead.store.search import answer
from mailstead.store.search.index import SearchIndex
from mailstead.store.search.indexer import changes_since, path_of
from mailstead.store.search.material import Material
from mailstead.store.shard import Shard, nonsense
from mailstead.store.stopping import Stopping

TEXT: Final = 2
"""Conditions of this cost and above read messages (``answer.cost``)."""


def find(shard: Shard, keys: Keys, objects: Objects, folder: Path, account: int, mailbox: int, condition: Condition,
         stopping: Stopping | None = None) -> list[int]:
    """UIDs of the mailbox that meet the condition, ascending. Damaged messages match by their rows alone. ``folder``: where
    the indexes are.

    Raises ``Unavailable``.
    """
    try:
        db = shard.open_reader()
        segments = SegmentReader(shard.folder)
        search = None
        try:
            if answer.cost(condition) >= TEXT:
                search = SearchIndex.open(path_of(folder, account), keys.of(account).index_key)
            candidates = _candidates(db, search, account, condition)
            with db.snapshot():
                return _find(db, Material(db, segments, keys, objects, account, stopping), keys, account, mailbox, condition, candidates)
        finally:
            if search is not None:
                search.close()
            segments.close()
            db.close()
    except (Refusal, Unavailable):
        raise
    except Exception as exc:
        raise nonsense(exc, shard.path) from exc


def _candidates(db: Database, search: SearchIndex | None, account: int, condition: Condition) -> tuple[set[int], int] | None:
    """The messages that may meet the condition as far as the index knows, and the modseq after which all may; None: any."""
    if search is None:
        return None
    try:
        narrowed = search.narrow(condition)
        if narrowed is None:
            return None
        now, came, _ = changes_since(db, account, search)
    except sqlite.Failure:
        return None
    return narrowed.union(came), now


def _find(db: Database, material: Material, keys: Keys, account: int, mailbox: int, condition: Condition,
          candidates: tuple[set[int], int] | None) -> list[int]:
    bits = {name.lower(): bit for bit, name in keywords.all_bits(db, account, keys.of(account)).items()}
    judge = answer.compile_(condition, bits)
    columns = "e.uid, e.email_id, e.thread_id, e.modseq, e.flags, e.more, e.received_ms, e.saved_ms, e.size"
    found = []
    for row in selection.rows(db, account, mailbox, answer.uids_in(condition), columns):
        # An entry made after the index was asked is judged in any case: its modseq says so until its flags change,
        # which makes it newer still.
        if candidates is not None and row[1] not in candidates[0] and row[3] <= candidates[1]:
            continue
        message = material.message((*row[:5], keywords.unpack_more(row[5]), *row[6:]), mailbox)
        if judge(message):
            found.append(row[0])
    return found
