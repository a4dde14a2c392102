"""SEARCH, by number or UID, with ESEARCH's results (RFC 9051 §6.4.4, RFC 4731, RFC 5182, RFC 7162 §3.1.5, RFC 8514 §4.3).

The program becomes a tree of ``Key``: what only the session can know (message numbers, ``$``, ``RECENT``) stays as
``Numbers`` and ``Recent``, the rest is already a condition of the model.
"""

import codecs
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from mailstead.model import condition as c
from mailstead.model import ids, limits
from mailstead.model.errors import Violation
from mailstead.model.ids import EmailId, ThreadId
from mailstead.protocol.imap.tokens import Reader, Sequence

_DAY_MS: Final = 86_400_000
_EPOCH: Final = date(1970, 1, 1)
_RESULTS: Final = frozenset({"MIN", "MAX", "ALL", "COUNT", "SAVE"})


class BadCharset(Violation):
    """A charset that we do not search in: answered with NO [BADCHARSET] (RFC 9051 §7.1)."""


@dataclass(frozen=True, slots=True)
class Every:
    """All of ``parts``."""

    parts: tuple["Key", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One or both."""

    left: "Key"
    right: "Key"


@dataclass(frozen=True, slots=True)
class Negated:
    """Not this."""

    part: "Key"


@dataclass(frozen=True, slots=True)
class Numbers:
    """Messages of this set; ``uid``: of UIDs. ``$`` is neither."""

    messages: Sequence
    uid: bool


@dataclass(frozen=True, slots=True)
class Recent:
    """``\\Recent`` in this session (RFC 3501 §2.3.2)."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A condition of the model."""

    condition: c.Condition


Key = Every | Either | Negated | Numbers | Recent | Leaf


@dataclass(frozen=True, slots=True)
class Search:
    """``results`` None: no RETURN was given. An empty RETURN () means ALL (RFC 4731 §3.1)."""

    uid: bool
    key: Key
    results: frozenset[str] | None = None
    wants_modseq: bool = False
    names_charset: bool = False


def parse(reader: Reader, name: str) -> Search:
    """``SEARCH [RETURN (…)] [CHARSET c] key …``."""
    reader.space()
    results: frozenset[str] | None = None
    if _next_word(reader) == "RETURN":
        reader.word()
        reader.space()
        results = _results(reader)
        reader.space()
    charset = "utf-8"
    names_charset = _next_word(reader) == "CHARSET"
    if names_charset:
        reader.word()
        reader.space()
        charset = _charset(reader.astring())
        reader.space()
    program = _Program(reader, charset)
    keys = [program.key(0)]
    while reader.more():
        keys.append(program.key(0))
    key = keys[0] if len(keys) == 1 else Every(tuple(keys))
    return Search(name.startswith("UID "), key, results, program.wants_modseq, names_charset)


def _next_word(reader: Reader) -> str:
    at = reader.at
    end = reader.octets.find(b" ", at)
    return reader.octets[at : end if end >= 0 else len(reader.octets)][:8].decode("ascii", "replace").upper()


def _results(reader: Reader) -> frozenset[str]:
    found: set[str] = set()
    for _ in reader.listed():
        option = reader.word()
        if option not in _RESULTS:
            raise Violation("That return option is not known here")
        found.add(option)
    return frozenset(found or {"ALL"})


def _charset(label: bytes) -> str:
    name = label.decode("ascii", "replace").lower()
    if name in {"us-ascii", "utf-8"}:
        return "utf-8"
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError):
        raise BadCharset("That charset is not known here") from None
    if not info.name.startswith(("iso8859-", "cp125", "koi8", "utf-8", "ascii")):
        raise BadCharset("That charset is not known here")
    return info.name


def _day(day: date) -> int:
    return (day - _EPOCH).days * _DAY_MS


class _Program:
    """Reads search keys, counting them."""

    def __init__(self, reader: Reader, charset: str) -> None:
        self.reader = reader
        self.charset = charset
        self.wants_modseq = False
        self._count = 0

    def key(self, depth: int) -> Key:
        """One key."""
        reader = self.reader
        self._count += 1
        if self._count > limits.IMAP_SEARCH_KEYS:
            raise Violation("Too many search keys")
        if depth > limits.IMAP_DEPTH:
            raise Violation("The search is nested too deeply")
        peek = reader.peek()
        if peek == ord("("):
            keys = [self.key(depth + 1) for _ in reader.listed()]
            if not keys:
                raise Violation("Expected a search key")
            return keys[0] if len(keys) == 1 else Every(tuple(keys))
        if peek >= 0 and chr(peek) in "0123456789*$":
            return Numbers(reader.sequence(), uid=False)
        word = reader.word()
        found = _PLAIN.get(word)
        if found is not None:
            return found
        read = _WITH_ARGUMENT.get(word)
        if read is not None:
            reader.space()
            return read(self)
        match word:
            case "NOT":
                reader.space()
                return Negated(self.key(depth + 1))
            case "OR":
                reader.space()
                left = self.key(depth + 1)
                reader.space()
                return Either(left, self.key(depth + 1))
            case _:
                raise Violation("That search key is not known here")

    def text(self) -> str:
        """An astring in the search's charset."""
        octets = self.reader.astring()
        try:
            return octets.decode(self.charset)
        except UnicodeDecodeError:
            raise Violation("The text is not in the charset of the search") from None

    def modseq(self) -> Key:
        """``MODSEQ [entry type] n``: there are no per-flag modseqs here (RFC 7162 §3.1.5)."""
        reader = self.reader
        self.wants_modseq = True
        if reader.peek() == ord('"'):
            reader.string()
            reader.space()
            if reader.word() not in {"PRIV", "SHARED", "ALL"}:
                raise Violation("Expected priv, shared or all")
            reader.space()
        return Leaf(c.ModSeqAtLeast(reader.modseq()))

    def header(self) -> Key:
        """``HEADER name text``."""
        name = self.reader.text()
        self.reader.space()
        return Leaf(c.Header(name, self.text()))


def _flag(name: str) -> Key:
    return Leaf(c.HasFlag(name))


_SEEN: Final = _flag("\\Seen")
_PLAIN: Final[dict[str, Key]] = {
    "ALL": Leaf(c.EVERYTHING),
    "ANSWERED": _flag("\\Answered"),
    "DELETED": _flag("\\Deleted"),
    "DRAFT": _flag("\\Draft"),
    "FLAGGED": _flag("\\Flagged"),
    "SEEN": _SEEN,
    "UNANSWERED": Negated(_flag("\\Answered")),
    "UNDELETED": Negated(_flag("\\Deleted")),
    "UNDRAFT": Negated(_flag("\\Draft")),
    "UNFLAGGED": Negated(_flag("\\Flagged")),
    "UNSEEN": Negated(_SEEN),
    "RECENT": Recent(),
    "NEW": Every((Recent(), Negated(_SEEN))),
    "OLD": Negated(Recent()),
    "SAVEDATESUPPORTED": Leaf(c.EVERYTHING),
}


def _contains(where: c.Field) -> "Callable[[_Program], Key]":
    return lambda program: Leaf(c.Contains(where, program.text()))


Window = type[c.Received] | type[c.Sent] | type[c.Saved]


def _before(kind: Window) -> "Callable[[_Program], Key]":
    return lambda program: Leaf(kind(before_ms=_day(program.reader.date())))


def _since(kind: Window) -> "Callable[[_Program], Key]":
    return lambda program: Leaf(kind(since_ms=_day(program.reader.date())))


def _on(kind: Window) -> "Callable[[_Program], Key]":
    def read(program: _Program) -> Key:
        start = _day(program.reader.date())
        return Leaf(kind(start, start + _DAY_MS))

    return read


def _object_id(program: _Program, letter: str) -> int | None:
    return ids.from_wire(letter, program.reader.text())


def _email(program: _Program) -> Key:
    number = _object_id(program, ids.EMAIL)
    return Leaf(c.NOTHING if number is None else c.EmailIs(EmailId(number)))


def _thread(program: _Program) -> Key:
    number = _object_id(program, ids.THREAD)
    return Leaf(c.NOTHING if number is None else c.ThreadIs(ThreadId(number)))


_MAX_63: Final = (1 << 63) - 1
_WITH_ARGUMENT: Final[dict[str, "Callable[[_Program], Key]"]] = {
    "BCC": _contains(c.Field.BCC),
    "BODY": _contains(c.Field.BODY),
    "CC": _contains(c.Field.CC),
    "FROM": _contains(c.Field.FROM),
    "SUBJECT": _contains(c.Field.SUBJECT),
    "TEXT": _contains(c.Field.TEXT),
    "TO": _contains(c.Field.TO),
    "HEADER": _Program.header,
    "KEYWORD": lambda program: _flag(program.reader.flag()),
    "UNKEYWORD": lambda program: Negated(_flag(program.reader.flag())),
    "BEFORE": _before(c.Received),
    "ON": _on(c.Received),
    "SINCE": _since(c.Received),
    "SENTBEFORE": _before(c.Sent),
    "SENTON": _on(c.Sent),
    "SENTSINCE": _since(c.Sent),
    "SAVEDBEFORE": _before(c.Saved),
    "SAVEDON": _on(c.Saved),
    "SAVEDSINCE": _since(c.Saved),
    "LARGER": lambda program: Leaf(c.Size(at_least=program.reader.number(most=_MAX_63) + 1)),
    "SMALLER": lambda program: Leaf(c.Size(below=program.reader.number(most=_MAX_63))),
    "UID": lambda program: Numbers(program.reader.sequence(), uid=True),
    "MODSEQ": _Program.modseq,
    "EMAILID": _email,
    "THREADID": _thread,
}
