"""The tokens of a script (RFC 5228 §8.1). Lines end in CRLF; a LF alone is taken as one, for editors write it."""

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mailstead.model import limits
from mailstead.protocol.sieve.errors import ScriptError

_BLANK: Final = re.compile(r"(?:[ \t\n]|\r\n|#[^\n]*(?:\n|\Z))+")
_TEXT: Final = re.compile(r"text:[ \t]*(?:#[^\n]*)?\r?\n", re.IGNORECASE)
_TEXT_END: Final = re.compile(r"^\.\r?$", re.MULTILINE)
_STUFFED: Final = re.compile(r"^\.\.", re.MULTILINE)
_QUOTED: Final = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_WORD: Final = re.compile(r":?[A-Za-z_][A-Za-z0-9_]*")
_NUMBER: Final = re.compile(r"([0-9]+)([KMGkmg]?)(?![A-Za-z0-9_])")
_SCALE: Final = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_DIGITS: Final = 19
_NUMBER_MOST: Final = (1 << 63) - 1


class Kind(enum.Enum):
    """The value is what a reader is told."""

    WORD = "a name"
    TAG = "a tag"
    NUMBER = "a number"
    STRING = "a string"
    SIGN = "a sign"
    END = "the end of the script"


@dataclass(frozen=True, slots=True)
class Token:
    """``text``: a name or tag in small letters and without its colon, a string's content, a sign, a number's digits. ``number``: a number's value."""

    kind: Kind
    text: str
    line: int
    column: int
    number: int = 0

    @property
    def shown(self) -> str:
        """As a reader of an error knows it."""
        if self.kind is Kind.WORD or self.kind is Kind.SIGN:
            return f'"{self.text[:60]}"'
        return f'":{self.text[:60]}"' if self.kind is Kind.TAG else str(self.kind.value)


class _Reader:
    """``line`` and ``begun``: the line that ``at`` is in, and where it begins."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line = 1
        self.begun = 0

    def go(self, to: int) -> None:
        """On to a place, counting lines."""
        lines = self.text.count("\n", self.at, to)
        if lines:
            self.line += lines
            self.begun = self.text.rindex("\n", self.at, to) + 1
        self.at = to

    def bad(self, why: str) -> ScriptError:
        return ScriptError(self.line, self.at - self.begun + 1, why)

    def blanks(self) -> None:
        """Over white space and comments."""
        while True:
            blank = _BLANK.match(self.text, self.at)
            if blank is not None:
                self.go(blank.end())
            elif self.text.startswith("/*", self.at):
                end = self.text.find("*/", self.at + 2)
                if end < 0:
                    raise self.bad("this comment has no end")
                self.go(end + 2)
            else:
                return

    def token(self) -> Token:
        """The token here."""
        text, line, column = self.text, self.line, self.at - self.begun + 1
        if self.at >= len(text):
            return Token(Kind.END, "", line, column)
        sign = text[self.at]
        if sign in "[](){},;":
            self.at += 1
            return Token(Kind.SIGN, sign, line, column)
        if sign == '"':
            quoted = _QUOTED.match(text, self.at)
            if quoted is None:
                raise self.bad("this string has no end")
            self.go(quoted.end())
            return Token(Kind.STRING, _ESCAPED.sub(r"\1", quoted[1]), line, column)
        number = _NUMBER.match(text, self.at)
        if number is not None:
            value = int(number[1]) * _SCALE[number[2].upper()] if len(number[1]) <= _DIGITS else _NUMBER_MOST + 1
            if value > _NUMBER_MOST:
                raise self.bad("this number is too large")
            self.go(number.end())
            return Token(Kind.NUMBER, number[0][:40], line, column, value)
        begin = _TEXT.match(text, self.at)
        if begin is not None:
            end = _TEXT_END.search(text, begin.end())
            if end is None:
                raise self.bad('this text has no end: a line with "." alone')
            inner = text[begin.end() : end.start()]
            self.go(end.end())
            return Token(Kind.STRING, _STUFFED.sub(".", inner), line, column)
        word = _WORD.match(text, self.at)
        if word is None:
            raise self.bad(f"{sign!a} has no meaning here")
        self.go(word.end())
        name = word[0].lower()
        return Token(Kind.TAG, name[1:], line, column) if name[0] == ":" else Token(Kind.WORD, name, line, column)


def tokens(octets: bytes) -> Iterator[Token]:
    """All tokens, the end among them. Raises ``ScriptError``."""
    if len(octets) > limits.SIEVE_SCRIPT:
        raise ScriptError(1, 1, f"a script has at most {limits.SIEVE_SCRIPT} octets")
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError as exc:
        reader = _Reader(octets[: exc.start].decode("utf-8"))
        reader.go(len(reader.text))
        raise reader.bad("this is no UTF-8") from None
    reader = _Reader(text)
    if "\0" in text:
        reader.go(text.index("\0"))
        raise reader.bad("a script has no NUL")
    for _ in range(limits.SIEVE_TOKENS):
        reader.blanks()
        token = reader.token()
        yield token
        if token.kind is Kind.END:
            return
    raise reader.bad(f"a script has at most {limits.SIEVE_TOKENS} words and signs")
