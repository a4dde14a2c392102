"""Which commands and tests there are, what they take, and which capability brings them: the one table.

Beside RFC 5228: copy (RFC 3894), body (RFC 5173), variables (RFC 5229), vacation (RFC 5230), vacation-seconds (RFC 6131), relational (RFC 5231),
imap4flags (RFC 5232), subaddress (RFC 5233), date and index (RFC 5260), reject and ereject (RFC 5429), mailbox (RFC 5490).
"""

import enum
from dataclasses import dataclass
from typing import Final


class Takes(enum.Enum):
    """The value is what a reader is told."""

    STRING = "a string"
    STRINGS = "a string or a list of strings"
    NUMBER = "a number"


class Means(enum.Enum):
    """What strings must be."""

    ANYTHING = 0
    ADDRESS = 1
    HEADER = 2
    ENVELOPE = 3
    DATE_PART = 4
    ZONE = 5
    COMPARATOR = 6
    RELATION = 7
    VARIABLE = 8


@dataclass(frozen=True, slots=True)
class Positional:
    takes: Takes
    means: Means = Means.ANYTHING


@dataclass(frozen=True, slots=True)
class Tag:
    """Of the tags of one ``group`` there is one at most. ``needs``: a capability beside the command's."""

    group: str
    value: Positional | None = None
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """``tests``: how many stand in it (None: one or more, in brackets). ``must``: a group of which one tag is there. ``variable_first``: a variable
    may come before the positional arguments, with the capability "variables"."""

    needs: str = ""
    tags: tuple[tuple[str, Tag], ...] = ()
    positional: tuple[Positional, ...] = ()
    tests: int | None = 0
    has_block: bool = False
    must: str = ""
    variable_first: bool = False


_STRING: Final = Positional(Takes.STRING)
_STRINGS: Final = Positional(Takes.STRINGS)
_NUMBER: Final = Positional(Takes.NUMBER)
_HEADERS: Final = Positional(Takes.STRINGS, Means.HEADER)
_RELATION: Final = Positional(Takes.STRING, Means.RELATION)
_MATCH: Final = (
    *((name, Tag("match")) for name in ("is", "contains", "matches")), *((name, Tag("match", _RELATION, "relational")) for name in ("count", "value")),
    ("comparator", Tag("comparator", Positional(Takes.STRING, Means.COMPARATOR))),
)  # fmt: skip
_PART: Final = (
    *((name, Tag("part")) for name in ("all", "localpart", "domain")), *((name, Tag("part", None, "subaddress")) for name in ("user", "detail")))
_INDEX: Final = (("index", Tag("index", _NUMBER, "index")), ("last", Tag("last", None, "index")))
_FLAGS: Final = (("flags", Tag("flags", _STRINGS, "imap4flags")),)
_COPY: Final = (("copy", Tag("copy", None, "copy")),)
_ZONE: Final = ("zone", Tag("zone", Positional(Takes.STRING, Means.ZONE)))
_DATE_PART: Final = Positional(Takes.STRING, Means.DATE_PART)
_IF: Final = Rule(tests=1, has_block=True)
_FLAGGING: Final = Rule("imap4flags", positional=(_STRINGS,), variable_first=True)

COMMANDS: Final[dict[str, Rule]] = {
    "require": Rule(positional=(_STRINGS,)), "if": _IF, "elsif": _IF, "else": Rule(has_block=True), "stop": Rule(), "discard": Rule(),
    "keep": Rule(tags=_FLAGS), "redirect": Rule(tags=_COPY, positional=(Positional(Takes.STRING, Means.ADDRESS),)),
    "fileinto": Rule("fileinto", (*_COPY, *_FLAGS, ("create", Tag("create", None, "mailbox"))), (_STRING,)),
    "reject": Rule("reject", positional=(_STRING,)), "ereject": Rule("ereject", positional=(_STRING,)),
    "vacation": Rule(
        "vacation", (
            ("days", Tag("period", _NUMBER)), ("seconds", Tag("period", _NUMBER, "vacation-seconds")), ("subject", Tag("subject", _STRING)),
            ("from", Tag("from", Positional(Takes.STRING, Means.ADDRESS))), ("addresses", Tag("addresses", Positional(Takes.STRINGS, Means.ADDRESS))),
            ("mime", Tag("mime")), ("handle", Tag("handle", _STRING)),
        ), (_STRING,)),
    "setflag": _FLAGGING, "addflag": _FLAGGING, "removeflag": _FLAGGING,
    "set": Rule(
        "variables", (
            ("lower", Tag("case")), ("upper", Tag("case")), ("lowerfirst", Tag("first")), ("upperfirst", Tag("first")), ("quotewildcard", Tag("quote")),
            ("length", Tag("length")),
        ), (Positional(Takes.STRING, Means.VARIABLE), _STRING)),
}  # fmt: skip

TESTS: Final[dict[str, Rule]] = {
    "true": Rule(), "false": Rule(), "not": Rule(tests=1), "allof": Rule(tests=None), "anyof": Rule(tests=None),
    "address": Rule(tags=(*_MATCH, *_PART, *_INDEX), positional=(_HEADERS, _STRINGS)),
    "envelope": Rule("envelope", (*_MATCH, *_PART), (Positional(Takes.STRINGS, Means.ENVELOPE), _STRINGS)),
    "header": Rule(tags=(*_MATCH, *_INDEX), positional=(_HEADERS, _STRINGS)), "exists": Rule(positional=(_HEADERS,)),
    "size": Rule(tags=(("over", Tag("limit")), ("under", Tag("limit"))), positional=(_NUMBER,), must="limit"),
    "hasflag": Rule("imap4flags", _MATCH, (_STRINGS,), variable_first=True),
    "string": Rule("variables", _MATCH, (_STRINGS, _STRINGS)),
    "body": Rule("body", (*_MATCH, ("raw", Tag("transform")), ("text", Tag("transform")), ("content", Tag("transform", _STRINGS))), (_STRINGS,)),
    "date": Rule(
        "date", (*_MATCH, *_INDEX, _ZONE, ("originalzone", Tag("zone"))), (Positional(Takes.STRING, Means.HEADER), _DATE_PART, _STRINGS)),
    "currentdate": Rule("date", (*_MATCH, _ZONE), (_DATE_PART, _STRINGS)),
    "mailboxexists": Rule("mailbox", positional=(_STRINGS,)),
}  # fmt: skip

COMPARATORS: Final = {"i;octet": "", "i;ascii-casemap": "", "i;ascii-numeric": "comparator-i;ascii-numeric"}
"""By name, the capability it needs (RFC 5228 §2.7.3)."""
RELATIONS: Final = frozenset(("gt", "ge", "lt", "le", "eq", "ne"))
DATE_PARTS: Final = frozenset((
    "year", "month", "day", "date", "julian", "hour", "minute", "second", "time", "iso8601", "std11", "zone", "weekday"))
CAPABILITIES: Final = tuple(sorted((
    "comparator-i;ascii-casemap", "comparator-i;ascii-numeric", "comparator-i;octet", "body", "copy", "date", "encoded-character", "envelope", "ereject",
    "fileinto", "imap4flags", "index", "mailbox", "reject", "relational", "subaddress", "vacation", "vacation-seconds", "variables")))
"""Those whose commands, tests, tags and arguments are checked here."""
IMPLIED: Final = {"vacation-seconds": "vacation"}
"""A capability that brings another one (RFC 6131 §2)."""
