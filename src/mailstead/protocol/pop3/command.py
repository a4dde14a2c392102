"""POP3 commands: the grammar, and which state allows what (RFC 1939 §3-7, RFC 2449 §4-6, RFC 2595 §4, RFC 5034, RFC 6856).

``GRAMMAR`` is the whole table: a keyword's states, how many arguments it takes, and how they are read. A line that does not
fit is a ``Violation`` with a sentence for the peer; nothing else comes out of here.
"""

import enum
from dataclasses import dataclass
from typing import Final

from mailstead.model import limits
from mailstead.model.errors import Violation


class State(enum.Enum):
    """RFC 1939 §3. UPDATE is not a state that takes commands."""

    AUTHORIZATION = "authorization"
    TRANSACTION = "transaction"


@dataclass(frozen=True, slots=True)
class Command:
    """One command that fits its grammar. ``number`` is a message number or count where the keyword has one."""

    keyword: str
    text: str = ""
    number: int = 0
    lines: int = 0
    initial: bytes | None = None
    """AUTH's initial response, still in base64."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a keyword's arguments are read: ``none``, ``text`` (the rest of the line), ``number``, ``number?``, ``top``,
    ``auth``, ``words``."""

    states: frozenset[State]
    arguments: str = "none"


_BOTH: Final = frozenset(State)
_BEFORE: Final = frozenset({State.AUTHORIZATION})
_AFTER: Final = frozenset({State.TRANSACTION})

GRAMMAR: Final[dict[str, Form]] = {
    "CAPA": Form(_BOTH),
    "QUIT": Form(_BOTH),
    "NOOP": Form(_AFTER),
    "STLS": Form(_BEFORE),
    "USER": Form(_BEFORE, "text"),
    "PASS": Form(_BEFORE, "text"),
    "AUTH": Form(_BEFORE, "auth"),
    "UTF8": Form(_BEFORE),
    "LANG": Form(_BOTH, "words"),
    "STAT": Form(_AFTER),
    "LIST": Form(_AFTER, "number?"),
    "UIDL": Form(_AFTER, "number?"),
    "RETR": Form(_AFTER, "number"),
    "DELE": Form(_AFTER, "number"),
    "TOP": Form(_AFTER, "top"),
    "RSET": Form(_AFTER),
}


def parse(line: bytes, state: State) -> Command:
    """The command on ``line`` (without its CRLF). Raises ``Violation``."""
    word, _, rest = line.partition(b" ")
    keyword = word.decode("ascii", "replace").upper()
    form = GRAMMAR.get(keyword)
    if form is None:
        raise Violation("That command is not known here")
    if state not in form.states:
        raise Violation("Log in first" if state is State.AUTHORIZATION else "You are logged in already")
    match form.arguments:
        case "none":
            if rest.strip():
                raise Violation(f"{keyword} takes no argument")
            return Command(keyword)
        case "text":
            if not rest:
                raise Violation(f"{keyword} needs an argument")
            return Command(keyword, text=_text(rest))
        case "words":
            return Command(keyword, text=_text(rest.strip()))
        case "auth":
            return _auth(rest)
        case _:
            return _numbers(keyword, form.arguments, rest.split())


def _text(octets: bytes) -> str:
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        raise Violation("The argument is neither ASCII nor UTF-8") from None


def _auth(rest: bytes) -> Command:
    words = rest.split(b" ")
    if len(words) > 2 or not words[0].isascii():  # noqa: PLR2004 - mechanism and initial response
        raise Violation("AUTH takes a mechanism and at most one response")
    return Command("AUTH", text=words[0].decode("ascii").upper(), initial=words[1] if len(words) > 1 else None)


def _numbers(keyword: str, arguments: str, words: list[bytes]) -> Command:
    wanted = {"number?": (0, 1), "number": (1, 1), "top": (2, 2)}[arguments]
    if not wanted[0] <= len(words) <= wanted[1]:
        raise Violation(f"{keyword} needs {'a message number and a number of lines' if arguments == 'top' else 'a message number'}")
    numbers = [int(word) if word.isdigit() and len(word) <= 10 else -1 for word in words]  # noqa: PLR2004 - 32 bits
    if any(number < 0 for number in numbers) or (numbers and numbers[0] == 0):
        raise Violation("That is not a message number")
    return Command(keyword, number=numbers[0] if numbers else 0, lines=numbers[1] if len(numbers) > 1 else 0)


def line_limit(*, in_auth: bool, state: State) -> int:
    """Longest line taken, CRLF included (RFC 2449 §4; RFC 5034 §4 for SASL responses)."""
    return limits.POP3_AUTH_LINE if in_auth or state is State.AUTHORIZATION else limits.POP3_LINE
