"""The tree of a script (RFC 5228 §8.2): commands and tests with their arguments, before anybody asks whether there are such."""

from collections.abc import Iterator
from dataclasses import dataclass

from mailstead.model import limits
from mailstead.protocol.sieve.errors import ScriptError
from mailstead.protocol.sieve.tokens import Kind, Token, tokens


@dataclass(frozen=True, slots=True)
class Argument:
    """A tag or number: ``token``. A string or list of strings: ``strings`` too; ``token`` is where it begins."""

    token: Token
    strings: tuple[Token, ...] = ()
    is_list: bool = False

    @property
    def is_tag(self) -> bool:
        return self.token.kind is Kind.TAG

    @property
    def is_number(self) -> bool:
        return self.token.kind is Kind.NUMBER


@dataclass(frozen=True, slots=True)
class Clause:
    """A test, or a command without its block. ``tests``: those that stand in it; ``in_brackets``: as a list."""

    word: Token
    arguments: tuple[Argument, ...]
    tests: tuple["Clause", ...] = ()
    in_brackets: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """``block``: None where it ends in a semicolon."""

    head: Clause
    block: tuple["Command", ...] | None


class _Parser:
    def __init__(self, found: Iterator[Token]) -> None:
        self._found = found
        self.token = next(found)

    def take(self) -> Token:
        """The token here; the next one comes up."""
        token = self.token
        if token.kind is not Kind.END:
            self.token = next(self._found)
        return token

    def bad(self, why: str) -> ScriptError:
        return ScriptError(self.token.line, self.token.column, why)

    def here(self, sign: str) -> bool:
        return self.token.kind is Kind.SIGN and self.token.text == sign

    def is_at(self, kind: Kind) -> bool:
        return self.token.kind is kind

    def taken(self, sign: str) -> bool:
        """Whether the sign is here; it is taken."""
        found = self.here(sign)
        if found:
            self.take()
        return found

    def commands(self, depth: int) -> tuple[Command, ...]:
        if depth > limits.SIEVE_NESTING:
            raise self.bad(f"blocks stand at most {limits.SIEVE_NESTING} deep in one another")
        found = []
        while self.token.kind is not Kind.END and not self.here("}"):
            if self.token.kind is not Kind.WORD:
                raise self.bad(f"a command is expected here, not {self.token.shown}")
            head = self.test(0)
            if self.taken(";"):
                found.append(Command(head, None))
                continue
            if not self.taken("{"):
                raise self.bad(f'";" or a block is expected after "{head.word.text[:60]}", not {self.token.shown}')
            block = self.commands(depth + 1)
            if not self.taken("}"):
                raise self.bad('"}" is missing')
            found.append(Command(head, block))
        return tuple(found)

    def test(self, depth: int) -> Clause:
        if depth > limits.SIEVE_NESTING:
            raise self.bad(f"tests stand at most {limits.SIEVE_NESTING} deep in one another")
        if not self.is_at(Kind.WORD):
            raise self.bad(f"a test is expected here, not {self.token.shown}")
        word, arguments = self.take(), []
        while (argument := self.argument()) is not None:
            arguments.append(argument)
        if self.is_at(Kind.WORD):
            return Clause(word, tuple(arguments), (self.test(depth + 1),))
        if not self.taken("("):
            return Clause(word, tuple(arguments))
        tests = [self.test(depth + 1)]
        while self.taken(","):
            tests.append(self.test(depth + 1))
        if not self.taken(")"):
            raise self.bad(f'"," or ")" is expected here, not {self.token.shown}')
        return Clause(word, tuple(arguments), tuple(tests), in_brackets=True)

    def argument(self) -> Argument | None:
        if self.is_at(Kind.TAG) or self.is_at(Kind.NUMBER):
            return Argument(self.take())
        if self.token.kind is Kind.STRING:
            token = self.take()
            return Argument(token, (token,))
        if not self.here("["):
            return None
        begin, found = self.take(), [self.string()]
        while self.taken(","):
            found.append(self.string())
        if not self.taken("]"):
            raise self.bad(f'"," or "]" is expected here, not {self.token.shown}')
        return Argument(begin, tuple(found), is_list=True)

    def string(self) -> Token:
        if self.token.kind is not Kind.STRING:
            raise self.bad(f"a string is expected here, not {self.token.shown}")
        return self.take()


def parsed(octets: bytes) -> tuple[Command, ...]:
    """The commands of a script. Raises ``ScriptError``."""
    parser = _Parser(tokens(octets))
    found = parser.commands(0)
    if parser.token.kind is not Kind.END:
        raise parser.bad('this "}" closes nothing')
    return found
