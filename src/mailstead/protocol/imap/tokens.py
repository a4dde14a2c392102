"""IMAP's tokens: what commands are made of (RFC 9051 §9).

A ``Reader`` walks over one whole command: its line or lines with the literals in their places (``{5}`` CRLF and five
octets). It copies nothing but the tokens that it gives out, and every token is one regular expression without
backtracking. A mismatch is a ``Violation`` with a sentence for the peer.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

from mailstead.model import limits
from mailstead.model.errors import Violation
from mailstead.model.uids import UidSet
from mailstead.protocol.imap import mutf7

_CLOSE: Final = ord(")")
STAR: Final = 0
"""``*`` in a ``Sequence``: the greatest number there is."""

_ATOM: Final = re.compile(rb'[^\x00-\x20(){%*"\\\]\x7f-\xff]+')
_ASTRING_ATOM: Final = re.compile(rb'[^\x00-\x20(){%*"\\\x7f-\xff]+')
_LIST_ATOM: Final = re.compile(rb'[^\x00-\x20(){"\\\x7f]+')
_MAILBOX_ATOM: Final = re.compile(rb'[^\x00-\x20(){%*"\\\x7f]+')
_QUOTED: Final = re.compile(rb'"([^"\\\r\n\x00]*(?:\\["\\][^"\\\r\n\x00]*)*)"')
_ESCAPE: Final = re.compile(rb'\\(["\\])')
_LITERAL: Final = re.compile(rb"(~?)\{(\d{1,10})\+?\}\r\n")
_NUMBER: Final = re.compile(rb"\d{1,20}")
_SET: Final = re.compile(rb"(?:\d{1,10}|\*)(?::(?:\d{1,10}|\*))?(?:,(?:\d{1,10}|\*)(?::(?:\d{1,10}|\*))?)*")
_FLAG: Final = re.compile(rb'\\?[^\x00-\x20(){%*"\\\]\x7f-\xff]+')
_DATE: Final = re.compile(rb'"?(\d{1,2})-([A-Za-z]{3})-(\d{4})"?')
_DATE_TIME: Final = re.compile(rb'"([ \d]?\d)-([A-Za-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)"')
MONTHS: Final = (b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec")
_MAX_32: Final = 0xFFFFFFFF
_MAX_63: Final = (1 << 63) - 1
_MAX_MS: Final = 253_402_300_800_000


@dataclass(frozen=True, slots=True)
class Sequence:
    """A set of message numbers or UIDs as sent: ranges with ``STAR``, or ``$`` (``is_saved``, RFC 9051 §6.4.4.1)."""

    ranges: tuple[tuple[int, int], ...] = ()
    is_saved: bool = False

    def resolve(self, greatest: int) -> UidSet:
        """The numbers, ``*`` being ``greatest``; an empty mailbox (0) has none for ``*``."""
        return UidSet.of_ranges(
            (low or greatest, high or greatest) for low, high in self.ranges if greatest or (low and high)
        )

    @property
    def explicit(self) -> int:
        """The greatest number named; 0 when there is only ``*``."""
        return max((max(pair) for pair in self.ranges), default=0)

    def __str__(self) -> str:
        if self.is_saved:
            return "$"
        return ",".join(
            f"{low or '*'}" if low == high else f"{low or '*'}:{high or '*'}" for low, high in self.ranges
        )


SAVED: Final = Sequence(is_saved=True)


class Reader:
    """Reads one command. ``utf8``: mailbox names are UTF-8 and not modified UTF-7 (RFC 9051 §5.1, RFC 6855 §3)."""

    __slots__ = ("at", "octets", "utf8")

    def __init__(self, octets: bytes, at: int = 0, *, utf8: bool = False) -> None:
        self.octets = octets
        self.at = at
        self.utf8 = utf8

    # ------------------------------------------------------------------------------------------------ punctuation
    def peek(self) -> int:
        """The next octet's value, -1 at the end."""
        return self.octets[self.at] if self.at < len(self.octets) else -1

    def take(self, octets: bytes) -> bool:
        """Whether ``octets`` come next; if so they are passed over."""
        if self.octets.startswith(octets, self.at):
            self.at += len(octets)
            return True
        return False

    def expect(self, octets: bytes) -> None:
        """Pass over ``octets``."""
        if not self.take(octets):
            name = {b" ": "a space", b"(": "an opening parenthesis", b")": "a closing parenthesis"}.get(octets)
            raise Violation(f"Expected {name or octets.decode('ascii', 'replace')}")

    def space(self) -> None:
        """One or more spaces: the grammar wants one, clients send more."""
        if not self.take(b" "):
            raise Violation("An argument is missing" if self.at >= len(self.octets) else "Expected a space")
        while self.take(b" "):
            pass

    @property
    def at_end(self) -> bool:
        """Nothing is left."""
        return self.at >= len(self.octets)

    def more(self) -> bool:
        """Pass over the space before another argument; False at the end of the command."""
        if self.at_end:
            return False
        self.space()
        return not self.at_end

    def end(self) -> None:
        """Nothing but blanks may be left."""
        if self.octets[self.at :].strip(b" "):
            raise Violation("There is more on the line than the command takes")

    # ------------------------------------------------------------------------------------------------ words
    def match(self, pattern: "re.Pattern[bytes]") -> "re.Match[bytes] | None":
        """The match of ``pattern`` here, passed over."""
        found = pattern.match(self.octets, self.at)
        if found is not None:
            self.at = found.end()
        return found

    def atom(self) -> str:
        """An atom; ASCII."""
        found = self.match(_ATOM)
        if found is None:
            raise Violation("Expected an atom")
        return found[0].decode("ascii")

    def word(self) -> str:
        """An atom in upper case: keywords of the protocol."""
        return self.atom().upper()

    def string(self) -> bytes:
        """A quoted string or a literal."""
        found = self.match(_QUOTED)
        if found is not None:
            text = found[1]
            return _ESCAPE.sub(rb"\1", text) if b"\\" in text else text
        return self.literal()

    def literal(self) -> bytes:
        """``{n}`` and its octets; ``~{n}`` as well (RFC 3516 §4.4)."""
        found = self.match(_LITERAL)
        if found is None:
            raise Violation("Expected a string")
        size = int(found[2])
        octets = self.octets[self.at : self.at + size]
        if len(octets) != size:
            raise Violation("The literal is cut off")
        if not found[1] and b"\0" in octets:
            raise Violation("A literal must not hold NUL")
        self.at += size
        return octets

    def astring(self) -> bytes:
        """An atom (``]`` allowed) or a string."""
        found = self.match(_ASTRING_ATOM)
        return found[0] if found is not None else self.string()

    def text(self) -> str:
        """An astring as text: UTF-8."""
        return as_text(self.astring())

    def nstring(self) -> bytes | None:
        """A string or NIL."""
        if self.octets[self.at : self.at + 3].upper() == b"NIL":
            self.at += 3
            return None
        return self.string()

    def mailbox(self) -> str:
        """A mailbox name, decoded, not yet cut at separators."""
        found = self.match(_MAILBOX_ATOM)
        return self.name(found[0] if found is not None else self.string())

    def list_mailbox(self) -> str:
        """A mailbox name in which ``%`` and ``*`` may stand."""
        found = self.match(_LIST_ATOM)
        return self.name(found[0] if found is not None else self.string())

    def name(self, wire: bytes) -> str:
        """The name behind its wire form."""
        try:
            name = wire.decode("utf-8") if self.utf8 else mutf7.decode(wire)
        except ValueError:
            raise Violation("The mailbox name is not encoded as it must be") from None
        if any(character < " " or character == "\x7f" for character in name):
            raise Violation("The mailbox name holds a control character")
        return name

    # ------------------------------------------------------------------------------------------------ numbers
    def number(self, *, least: int = 0, most: int = _MAX_32) -> int:
        """A number between both ends."""
        found = self.match(_NUMBER)
        value = int(found[0]) if found is not None else -1
        if not least <= value <= most:
            raise Violation("Expected a number")
        return value

    def modseq(self, *, least: int = 0) -> int:
        """A 63-bit number (RFC 7162 §7)."""
        return self.number(least=least, most=_MAX_63)

    def sequence(self) -> Sequence:
        """A set of numbers (RFC 9051 §9, sequence-set)."""
        if self.take(b"$"):
            return SAVED
        found = self.match(_SET)
        if found is None:
            raise Violation("Expected a set of message numbers")
        text = found[0]
        if text.count(b",") >= limits.IMAP_SET_RANGES:
            raise Violation("The set has too many ranges")
        ranges: list[tuple[int, int]] = []
        for piece in text.split(b","):
            low_text, colon, high_text = piece.partition(b":")
            low = STAR if low_text == b"*" else int(low_text)
            high = low if not colon else STAR if high_text == b"*" else int(high_text)
            if (low == 0 and low_text != b"*") or (colon and high == 0 and high_text != b"*") or max(low, high) > _MAX_32:
                raise Violation("Zero is not a message number" if max(low, high) <= _MAX_32 else "The number is too large")
            ranges.append((low, high))
        return Sequence(tuple(ranges))

    def known_uids(self) -> UidSet:
        """A set without ``*`` (RFC 7162 §7, known-uids)."""
        found = self.sequence()
        if found.is_saved or any(not low or not high for low, high in found.ranges):
            raise Violation("This set must not hold * or $")
        return UidSet.of_ranges(found.ranges)

    # ------------------------------------------------------------------------------------------------ compounds
    def listed(self) -> Iterator[None]:
        """``( … )``: yields before each element; blanks inside the parentheses are passed over, clients send them."""
        self.expect(b"(")
        self._blanks()
        while not self.take(b")"):
            yield
            if self.peek() != _CLOSE:
                self.space()

    def _blanks(self) -> None:
        while self.take(b" "):
            pass

    def flag(self) -> str:
        """A flag or keyword, as sent."""
        found = self.match(_FLAG)
        if found is None:
            raise Violation("Expected a flag")
        if len(found[0]) > limits.KEYWORD_NAME:
            raise Violation("The keyword is too long")
        return found[0].decode("ascii")

    def flags(self) -> frozenset[str]:
        """``(flag …)``."""
        found: set[str] = set()
        for _ in self.listed():
            found.add(self.flag())
            if len(found) > limits.KEYWORDS:
                raise Violation("Too many flags")
        return frozenset(found)

    def date(self) -> date:
        """``1-Feb-1994``, quoted or not."""
        found = self.match(_DATE)
        if found is None:
            raise Violation("Expected a date")
        try:
            return date(int(found[3]), _month(found[2]), int(found[1]))
        except ValueError:
            raise Violation("There is no such date") from None

    def date_time(self) -> int:
        """``"17-Jul-1996 02:44:25 -0700"`` as milliseconds since 1970 (RFC 9051 §9, date-time)."""
        found = self.match(_DATE_TIME)
        if found is None:
            raise Violation("Expected a date and time")
        offset = timedelta(hours=int(found[8]), minutes=int(found[9]))
        try:
            moment = datetime(
                int(found[3]), _month(found[2]), int(found[1]), int(found[4]), int(found[5]), min(int(found[6]), 59),
                tzinfo=timezone(-offset if found[7] == b"-" else offset),
            )  # fmt: skip
            value = int((moment - _EPOCH).total_seconds()) * 1000
        except (ValueError, OverflowError):
            raise Violation("There is no such time") from None
        if not -_MAX_MS < value < _MAX_MS:
            raise Violation("There is no such time")
        return value


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _month(name: bytes) -> int:
    return MONTHS.index(name.lower()) + 1


def as_text(octets: bytes) -> str:
    """UTF-8 (or ASCII) octets as text."""
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        raise Violation("The argument is neither ASCII nor UTF-8") from None
