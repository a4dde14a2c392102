"""What can happen to an account.

Every mutation raises the account's modseq by one and appends records of this shape in the same transaction. IMAP
(CONDSTORE, QRESYNC, IDLE), JMAP ``/changes``, push and the search index are readers of this one feed.
"""

import enum
from dataclasses import dataclass


class ChangeKind(enum.IntEnum):
    """Which type of object moved. Values are stored: never renumber."""

    EMAIL = 1
    MAILBOX = 2
    THREAD = 3
    SUBMISSION = 4
    SUBSCRIPTION = 5
    ENTRY = 20


class ChangeOp(enum.IntEnum):
    """What happened to it. ``COUNTS`` is a mailbox of which only the counters moved (RFC 8621 §2.2)."""

    CREATED = 1
    UPDATED = 2
    DESTROYED = 3
    COUNTS = 4


@dataclass(frozen=True, slots=True)
class Change:
    """``object_id`` is the mailbox id for ``ENTRY``, where ``uid`` says which; else ``uid`` is 0."""

    modseq: int
    kind: ChangeKind
    object_id: int
    uid: int
    op: ChangeOp


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes after ``since``, ordered; complete up to ``upto``. ``more``: ask again with ``since=upto``."""

    since: int
    upto: int
    changes: tuple[Change, ...]
    more: bool


class StateTooOld(Exception):  # noqa: N818 - it is news, not an error of ours
    """The log no longer reaches back to the state asked for."""
