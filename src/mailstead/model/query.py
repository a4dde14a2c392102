"""A question about emails: which, in what order, and which stretch of the answer (RFC 8620 §5.5, RFC 8621 §4.4)."""

import enum
from dataclasses import dataclass

from mailstead.model.condition import EVERYTHING, Condition
from mailstead.model.email import Position
from mailstead.model.ids import EmailId


class SortBy(enum.Enum):
    """What emails can be sorted by (RFC 8621 §4.4.2)."""

    RECEIVED = "receivedAt"
    SENT = "sentAt"
    SIZE = "size"
    FROM = "from"
    TO = "to"
    SUBJECT = "subject"
    KEYWORD = "hasKeyword"
    ALL_IN_THREAD = "allInThreadHaveKeyword"
    SOME_IN_THREAD = "someInThreadHaveKeyword"


@dataclass(frozen=True, slots=True)
class Comparator:
    """``keyword`` is a flag's name, for the last three of ``SortBy``; without it comes before with it."""

    by: SortBy
    ascending: bool = True
    keyword: str = ""


NEWEST_FIRST = (Comparator(SortBy.RECEIVED, ascending=False),)


@dataclass(frozen=True, slots=True)
class Query:
    """``collapse``: of each thread only the email that comes first. Emails that compare equal lie as they were received."""

    condition: Condition = EVERYTHING
    sort: tuple[Comparator, ...] = NEWEST_FIRST
    collapse: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """Which stretch of the answer. ``position`` below 0 counts from the end; ``anchor`` goes before it. ``total``: count all."""

    position: int = 0
    anchor: EmailId | None = None
    anchor_offset: int = 0
    limit: int = 256
    total: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """Emails in order; ``position`` is the first one's place in the whole answer. ``total`` None: not asked for."""

    state: Position
    ids: tuple[int, ...]
    position: int
    total: int | None


@dataclass(frozen=True, slots=True)
class QueryChanges:
    """Take ``removed`` out, then put each of ``added`` (place, email; ascending) in, and the old answer is the new one.

    RFC 8620 §5.6. ``removed`` may name emails that were in neither answer.
    """

    old: Position
    new: Position
    removed: tuple[int, ...]
    added: tuple[tuple[int, int], ...]
    total: int | None


class AnchorNotFound(Exception):  # noqa: N818 - it is news, not an error of ours
    """The anchor is not in the answer (RFC 8620 §5.5)."""


class TooManyChanges(Exception):  # noqa: N818 - it is news, not an error of ours
    """More changed than the asker wants to hear of (RFC 8620 §5.6)."""


def stretch(ids: "list[int]", window: Window) -> tuple[int, "list[int]"]:
    """The window of a whole answer: its first place and its ids. Raises ``AnchorNotFound``."""
    if window.anchor is not None:
        try:
            start = max(0, ids.index(window.anchor) + window.anchor_offset)
        except ValueError:
            raise AnchorNotFound from None
    elif window.position < 0:
        start = max(0, len(ids) + window.position)
    else:
        start = window.position
    return start, ids[start : start + window.limit]
