"""LIST with selection and return options, and LSUB (RFC 9051 §6.3.9, RFC 5258, RFC 5819, RFC 6154 §2, RFC 8440, RFC 3501 §6.3.9)."""

import re
from dataclasses import dataclass
from typing import Final

from mailstead.model.errors import Violation
from mailstead.protocol.imap.command import status
from mailstead.protocol.imap.tokens import Reader

_SELECTION: Final = frozenset({"SUBSCRIBED", "REMOTE", "RECURSIVEMATCH", "SPECIAL-USE"})
_RETURN: Final = frozenset({"SUBSCRIBED", "CHILDREN", "SPECIAL-USE", "MYRIGHTS"})
_PATTERNS: Final = 20
_PATTERN: Final = 1_000
_WILDCARDS: Final = 20
_RUNS: Final = re.compile(r"[*%]*\*[*%]*|%+")


@dataclass(frozen=True, slots=True)
class List:
    """``extended``: options or several patterns were given, so an empty pattern has no special meaning.

    ``status`` holds the items of ``RETURN (STATUS (…))``.
    """

    reference: str
    patterns: tuple[str, ...]
    selection: frozenset[str] = frozenset()
    returns: frozenset[str] = frozenset()
    status: tuple[str, ...] = ()
    extended: bool = False
    lsub: bool = False


def parse(reader: Reader, name: str) -> List:
    """``LIST [(selection)] reference pattern|(patterns) [RETURN (…)]``; ``LSUB reference pattern``."""
    reader.space()
    if name == "LSUB":
        reference = _bounded(reader.mailbox())
        reader.space()
        pattern = _pattern(reader)
        reader.end()
        return List(reference, (pattern,), lsub=True)
    selection: frozenset[str] = frozenset()
    extended = False
    if reader.peek() == ord("("):
        selection = _selection(reader)
        extended = True
        reader.space()
    reference = _bounded(reader.mailbox())
    reader.space()
    patterns: list[str] = []
    if reader.peek() == ord("("):
        extended = True
        for _ in reader.listed():
            patterns.append(_pattern(reader))
            if len(patterns) > _PATTERNS:
                raise Violation("Too many patterns")
    else:
        patterns.append(_pattern(reader))
    returns: frozenset[str] = frozenset()
    items: tuple[str, ...] = ()
    if reader.more():
        extended = True
        if reader.word() != "RETURN":
            raise Violation("Expected RETURN")
        reader.space()
        returns, items = _returns(reader)
        reader.end()
    return List(reference, tuple(patterns), selection, returns, items, extended)


def _pattern(reader: Reader) -> str:
    """A pattern, runs of wildcards made one; bounded, because matching takes its length times a name's."""
    return _bounded(reader.list_mailbox())


def _bounded(pattern: str) -> str:
    if "*" in pattern or "%" in pattern:
        pattern = _RUNS.sub(lambda run: "*" if "*" in run[0] else "%", pattern)
    if len(pattern) > _PATTERN or pattern.count("*") + pattern.count("%") > _WILDCARDS:
        raise Violation("The pattern is too long")
    return pattern


def _selection(reader: Reader) -> frozenset[str]:
    found: set[str] = set()
    for _ in reader.listed():
        option = reader.word()
        if option not in _SELECTION:
            raise Violation("That selection option is not known here")
        found.add(option)
    if "RECURSIVEMATCH" in found and not found & {"SUBSCRIBED", "SPECIAL-USE"}:
        # RFC 5258 §3.1: it modifies another option.
        raise Violation("RECURSIVEMATCH needs another selection option")
    return frozenset(found)


def _returns(reader: Reader) -> tuple[frozenset[str], tuple[str, ...]]:
    found: set[str] = set()
    items: tuple[str, ...] = ()
    for _ in reader.listed():
        option = reader.word()
        if option == "STATUS":
            reader.space()
            items = status.items(reader)
        elif option in _RETURN:
            found.add(option)
        else:
            raise Violation("That return option is not known here")
    return frozenset(found), items
