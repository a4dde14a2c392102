"""FilterCondition trees and comparators, compiled to the one grammar (RFC 8620 §5.5, RFC 8621 §4.4.1-2).

``model.condition`` is what IMAP SEARCH compiles to as well. Depth and size are bounded before anything is built.
"""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final

from mailstead.model import condition as c
from mailstead.model import ids, limits
from mailstead.model.ids import EmailId, MailboxId
from mailstead.model.query import NEWEST_FIRST, Comparator, SortBy
from mailstead.protocol.jmap.mail.keywords import flag_of


class BadFilter(ValueError):
    """The filter is not one; ``unsupported`` names what is well formed and not known."""

    def __init__(self, why: str, *, unsupported: bool = False) -> None:
        super().__init__(why)
        self.unsupported = unsupported


_UTC: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?Z")
_QUOTED: Final = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'|(\S+)")
IN_THREAD: Final = "someInThread"
"""Our condition that some email of the thread meets a filter (docs/reference/jmap-extensions.md)."""
_FIELDS: Final = {field.value: field for field in c.Field}


def within(tree: dict[str, Any]) -> list[Any]:
    """The filters in a filter: what an operator joins, and what a thread is asked for."""
    inner = tree.get("conditions")
    return [*(inner if isinstance(inner, list) else []), *([tree[IN_THREAD]] if IN_THREAD in tree else [])]


def utc_ms(value: Any, name: str) -> int:
    """A UTCDate in milliseconds since 1970 (RFC 8620 §1.4)."""
    match = _UTC.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise BadFilter(f"{name} is no UTC date")
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    try:
        at = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        raise BadFilter(f"{name} is no date") from None
    return round(at.timestamp()) * 1000 + int(((match[7] or "0") + "00")[:3])


class Filters:
    """Compiles one filter. ``mailbox`` gives the number behind an id as the client wrote it (None: none of ours), ``noted`` the
    messages of conversations with a note in which a text stands."""

    def __init__(self, mailbox: Callable[[str], MailboxId | None], noted: Callable[[str], Iterable[EmailId]] = lambda _: ()) -> None:
        self._mailbox = mailbox
        self._noted = noted
        self._left = limits.JMAP_FILTER_CONDITIONS

    def condition(self, tree: Any, depth: int = 0) -> c.Condition:
        """Raises ``BadFilter``."""
        if tree is None:
            return c.EVERYTHING
        if not isinstance(tree, dict):
            raise BadFilter("a filter is an object")
        if depth >= limits.JMAP_FILTER_DEPTH:
            raise BadFilter(f"a filter is at most {limits.JMAP_FILTER_DEPTH} deep", unsupported=True)
        if "operator" in tree:
            return self._operator(tree, depth)
        self._left -= 1
        if self._left < 0:
            raise BadFilter(f"a filter has at most {limits.JMAP_FILTER_CONDITIONS} conditions", unsupported=True)
        parts = [part for name, value in tree.items() if value is not None for part in self._property(name, value, depth)]
        return parts[0] if len(parts) == 1 else c.And(tuple(parts))

    def _operator(self, tree: dict[str, Any], depth: int) -> c.Condition:
        inner = tree.get("conditions")
        if not isinstance(inner, list) or tree.keys() - {"operator", "conditions"}:
            raise BadFilter("a filter operator has an operator and conditions")
        parts = tuple(self.condition(part, depth + 1) for part in inner)
        match tree["operator"]:
            case "AND":
                return c.And(parts)
            case "OR":
                return c.Or(parts)
            case "NOT":
                return c.Not(c.Or(parts))  # none of them (RFC 8620 §5.5)
        raise BadFilter("a filter operator is AND, OR or NOT")

    def _property(self, name: str, value: Any, depth: int) -> list[c.Condition]:
        match name:
            case "someInThread":
                return [c.ThreadMeets(self.condition(value, depth + 1))]
            case "inMailbox":
                found = self._mailbox(_text(value, name))
                return [c.InMailbox(found) if found is not None else c.NOTHING]
            case "inMailboxOtherThan":
                if not isinstance(value, list):
                    raise BadFilter(f"{name} is a list of ids")
                known = [self._mailbox(_text(one, name)) for one in value]
                return [c.InOtherThan(frozenset(one for one in known if one is not None))]
            case "before":
                return [c.Received(before_ms=utc_ms(value, name))]
            case "after":
                return [c.Received(since_ms=utc_ms(value, name))]
            case "minSize":
                return [c.Size(at_least=_number(value, name))]
            case "maxSize":
                return [c.Size(below=_number(value, name))]
            case "hasKeyword":
                return [c.HasFlag(_flag(value, name))]
            case "notKeyword":
                return [c.Not(c.HasFlag(_flag(value, name)))]
            case "allInThreadHaveKeyword":
                return [c.ThreadHas(_flag(value, name), every=True)]
            case "someInThreadHaveKeyword":
                return [c.ThreadHas(_flag(value, name))]
            case "noneInThreadHaveKeyword":
                return [c.Not(c.ThreadHas(_flag(value, name)))]
            case "hasAttachment":
                if not isinstance(value, bool):
                    raise BadFilter(f"{name} is true or false")
                return [c.HasAttachment() if value else c.Not(c.HasAttachment())]
            case "note":  # ours, as all conditions about what mail itself does not know
                return [c.EmailIn(frozenset(self._noted(_text(value, name))))]
            case "header":
                return [_header(value)]
        field = _FIELDS.get(name)
        if field is None:
            raise BadFilter(f"{name} is no filter known here", unsupported=True)
        return list(words(field, _text(value, name)))


def words(field: c.Field, text: str) -> list[c.Condition]:
    """Words that begin words of the field, and quoted phrases that stand in it as they are (RFC 8621 §4.4.1)."""
    found: list[c.Condition] = []
    loose: list[str] = []
    for match in _QUOTED.finditer(text):
        phrase = match[1] if match[1] is not None else match[2]
        if phrase is None:
            loose.append(match[3])
        elif phrase.strip():
            found.append(c.Contains(field, re.sub(r"\\(.)", r"\1", phrase, flags=re.DOTALL)))
    if loose:
        found.append(c.Contains(field, " ".join(loose), words=True))
    return found


def _header(value: Any) -> c.Condition:
    if not isinstance(value, list) or not 1 <= len(value) <= 2 or not all(isinstance(one, str) for one in value):  # noqa: PLR2004
        raise BadFilter("header is a list of a name and, where wanted, a text")
    if not value[0] or any(len(one) > limits.JMAP_FILTER_TEXT for one in value):
        raise BadFilter("header names a field")
    return c.Header(value[0], value[1] if len(value) > 1 else "")


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or len(value) > limits.JMAP_FILTER_TEXT:
        raise BadFilter(f"{name} is a text of at most {limits.JMAP_FILTER_TEXT} characters")
    return value


def _number(value: Any, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 53:
        raise BadFilter(f"{name} is a number from 0")
    return value


def _flag(value: Any, name: str) -> str:
    flag = flag_of(value) if isinstance(value, str) else None
    if flag is None:
        raise BadFilter(f"{name} is a keyword")
    return flag


# ----------------------------------------------------------------------------------------------------------- order
SORTS: Final = tuple(one.value for one in SortBy)
COLLATIONS: Final = ("i;ascii-numeric", "i;ascii-casemap", "i;unicode-casemap")
_BY_KEYWORD: Final = frozenset((SortBy.KEYWORD, SortBy.ALL_IN_THREAD, SortBy.SOME_IN_THREAD))


def comparators(sort: Any) -> tuple[Comparator, ...]:
    """The sort argument of Email/query; None or [] is newest first. Raises ``BadFilter`` (``unsupported`` for an order that
    is not known)."""
    if sort is None or sort == []:
        return NEWEST_FIRST
    if not isinstance(sort, list) or len(sort) > limits.JMAP_SORT_COMPARATORS:
        raise BadFilter(f"sort is a list of at most {limits.JMAP_SORT_COMPARATORS} comparators")
    return tuple(map(_comparator, sort))


def _comparator(one: Any) -> Comparator:
    if not isinstance(one, dict) or not isinstance(one.get("property"), str):
        raise BadFilter("a comparator names a property")
    ascending = one.get("isAscending", True)
    if ascending is None:
        ascending = True
    if not isinstance(ascending, bool):
        raise BadFilter("isAscending is true or false")
    if one.get("collation") not in (None, *COLLATIONS):  # whatever JSON may hold, a set would want it hashed
        raise BadFilter("this collation is not known", unsupported=True)
    if one["property"] not in SORTS:
        raise BadFilter(f"emails cannot be sorted by {one['property'][:100]}", unsupported=True)
    by = SortBy(one["property"])
    if by not in _BY_KEYWORD:
        return Comparator(by, ascending)
    return Comparator(by, ascending, _flag(one.get("keyword"), "keyword"))


def mailbox_id(text: str) -> MailboxId | None:
    """The number behind a mailbox's id."""
    found = ids.from_wire(ids.MAILBOX, text)
    return MailboxId(found) if found is not None else None
