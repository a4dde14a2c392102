"""Whether the commands of a script are such, with arguments they take and capabilities that were required (RFC 5228 §2, §3.2)."""

import re
from collections.abc import Sequence
from typing import Final

from mailstead.protocol.sieve.errors import ScriptError
from mailstead.protocol.sieve.rules import (
    CAPABILITIES,
    COMMANDS,
    COMPARATORS,
    DATE_PARTS,
    IMPLIED,
    RELATIONS,
    TESTS,
    Means,
    Positional,
    Rule,
    Takes,
)
from mailstead.protocol.sieve.syntax import Argument, Clause, Command
from mailstead.protocol.sieve.tokens import Token

_HEADER: Final = re.compile(r"[!-9;-~]{1,998}")
_ATOM: Final = r"[^\s<>()\[\]\\,;:@\"\x00-\x1f\x7f]"
_SPEC: Final = rf'(?:{_ATOM}{{1,256}}|"[^"\\\r\n]{{0,256}}")@(?:{_ATOM}{{1,255}}|\[[^\s\[\]\\]{{1,255}}\])'
_ADDRESS: Final = re.compile(rf"{_SPEC}|[^<>\r\n]{{0,500}}<{_SPEC}>")
_ZONE: Final = re.compile(r"[+-](?:0\d|1\d|2[0-3])[0-5]\d")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,255}")
_REFERENCE: Final = re.compile(r"\$\{(?:[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*|[0-9]+)\}")
_UNICODE: Final = re.compile(r"\$\{unicode:\s*([0-9A-F]+(?:\s+[0-9A-F]+)*)\s*\}", re.IGNORECASE)
_ENCODED: Final = re.compile(r"\$\{(?:unicode|hex):", re.IGNORECASE)
_CHARACTERS: Final = 0x110000
_SURROGATES: Final = range(0xD800, 0xE000)
_HEX_MOST: Final = 12
_LITERAL: Final = (Means.COMPARATOR, Means.VARIABLE, Means.RELATION)


def checked(commands: Sequence[Command]) -> None:
    """Raises ``ScriptError``."""
    _Check().block(commands, is_top=True)


def _bad(token: Token, why: str) -> ScriptError:
    return ScriptError(token.line, token.column, why)


class _Check:
    def __init__(self) -> None:
        self._required: set[str] = set()

    def block(self, commands: Sequence[Command], *, is_top: bool = False) -> None:
        """Commands in a row: what must come first, and after what."""
        before = ""
        for command in commands:
            word = command.head.word
            rule = COMMANDS.get(word.text)
            if rule is None:
                raise _bad(word, f'"{word.text[:60]}" is a test, not a command' if word.text in TESTS else f'there is no command "{word.text[:60]}"')
            if word.text == "require" and not (is_top and before in {"", "require"}):
                raise _bad(word, '"require" stands before every other command')
            if word.text in {"elsif", "else"} and before not in {"if", "elsif"}:
                raise _bad(word, f'"{word.text}" follows "if" or "elsif"')
            self._call(command.head, rule)
            if word.text == "require":
                self._require(command.head.arguments[0])
            if (command.block is not None) != rule.has_block:
                raise _bad(word, f'"{word.text}" needs a block' if rule.has_block else f'"{word.text}" has no block, it ends in ";"')
            if command.block is not None:
                self.block(command.block)
            before = word.text

    def _require(self, argument: Argument) -> None:
        for token in argument.strings:
            if token.text not in CAPABILITIES:
                raise _bad(token, f"the extension {token.text[:60]!a} is not known here")
            self._required.add(token.text)
            if token.text in IMPLIED:
                self._required.add(IMPLIED[token.text])

    def _need(self, token: Token, capability: str) -> None:
        if capability and capability not in self._required:
            raise _bad(token, f'{token.shown} needs require "{capability}"')

    def _test(self, test: Clause) -> None:
        word = test.word
        rule = TESTS.get(word.text)
        if rule is None:
            raise _bad(word, f'"{word.text[:60]}" is a command, not a test' if word.text in COMMANDS else f'there is no test "{word.text[:60]}"')
        self._call(test, rule)

    def _call(self, head: Clause, rule: Rule) -> None:
        """One command or test: arguments, then the tests in it."""
        word = head.word
        self._need(word, rule.needs)
        rest, used = self._tags(head, rule)
        if rule.must and rule.must not in used:
            raise _bad(word, f'"{word.text}" needs one of {", ".join(":" + name for name, tag in rule.tags if tag.group == rule.must)}')
        if "last" in used and "index" not in used:
            raise _bad(used["last"], '":last" stands beside ":index"')
        if rule.variable_first and len(rest) == len(rule.positional) + 1:
            if "variables" not in self._required:
                raise _bad(rest[0].token, 'the name of a variable needs require "variables"')
            several = Takes.STRINGS if word.text == "hasflag" else Takes.STRING
            self._value(rest.pop(0), Positional(several, Means.VARIABLE), word)
        for argument, wanted in zip(rest, rule.positional, strict=False):
            self._value(argument, wanted, word)
        if len(rest) > len(rule.positional):
            raise _bad(rest[len(rule.positional)].token, f'this is one argument too many for "{word.text}"')
        if len(rest) < len(rule.positional):
            raise _bad(word, f'"{word.text}" needs {rule.positional[len(rest)].takes.value} more')
        self._tests(head, rule)

    def _tests(self, head: Clause, rule: Rule) -> None:
        word, count = head.word, len(head.tests)
        if rule.tests == 0 and count:
            raise _bad(head.tests[0].word, f'"{word.text}" takes no test')
        if rule.tests == 1 and (count != 1 or head.in_brackets):
            raise _bad(word, f'"{word.text}" takes one test, without brackets')
        if rule.tests is None and not head.in_brackets:
            raise _bad(word, f'"{word.text}" takes tests in brackets')
        for test in head.tests:
            self._test(test)

    def _tags(self, head: Clause, rule: Rule) -> tuple[list[Argument], dict[str, Token]]:
        """What comes after the tags, and the groups that were used."""
        known, used = dict(rule.tags), dict[str, Token]()
        values: dict[str, str] = {}
        arguments = list(head.arguments)
        while arguments and arguments[0].is_tag:
            token = arguments.pop(0).token
            tag = known.get(token.text)
            if tag is None:
                raise _bad(token, f'"{head.word.text[:60]}" has no argument {token.shown}')
            self._need(token, tag.needs)
            if tag.group in used:
                raise _bad(token, f"{token.shown} cannot stand beside {used[tag.group].shown}")
            used[tag.group] = token
            values[tag.group] = token.text
            if tag.value is not None:
                if not arguments:
                    raise _bad(token, f"{token.shown} needs {tag.value.takes.value}")
                given = arguments.pop(0)
                self._value(given, tag.value, token)
                if tag.group == "comparator":
                    values[tag.group] = given.strings[0].text
        if values.get("comparator") == "i;ascii-numeric" and values.get("match") in {"contains", "matches"}:
            raise _bad(used["match"], f'{used["match"].shown} cannot be had with the comparator i;ascii-numeric')
        for argument in arguments:
            if argument.is_tag:
                raise _bad(argument.token, f"{argument.token.shown} stands before the arguments without a tag")
        return arguments, used

    def _value(self, argument: Argument, wanted: Positional, of: Token) -> None:
        fits = argument.is_number if wanted.takes is Takes.NUMBER else bool(argument.strings)
        if not fits or (wanted.takes is Takes.STRING and argument.is_list):
            raise _bad(argument.token, f"{of.shown} takes {wanted.takes.value} here")
        for token in argument.strings:
            self._string(token, wanted.means)

    def _string(self, token: Token, means: Means) -> None:
        text = token.text
        encoded = "encoded-character" in self._required and _ENCODED.search(text) is not None
        if encoded:
            self._characters(token)
        if means is Means.ANYTHING:
            return
        if encoded or ("variables" in self._required and _REFERENCE.search(text) is not None):
            if means in _LITERAL:
                raise _bad(token, "this stands here as it is, without a variable or an encoded character")
            return  # known when it runs
        why = self._fault(token, means)
        if why:
            raise _bad(token, why)

    def _fault(self, token: Token, means: Means) -> str:
        text = token.text
        shown = f"{text[:60]!a}"
        match means:
            case Means.ADDRESS if _ADDRESS.fullmatch(text) is None:
                return f"{shown} is no address"
            case Means.HEADER if _HEADER.fullmatch(text) is None:
                return f"{shown} is no name of a header field"
            case Means.ENVELOPE if text.lower() not in {"from", "to"}:
                return f'{shown} is no part of the envelope: "from" or "to"'
            case Means.DATE_PART if text.lower() not in DATE_PARTS:
                return f"{shown} is no part of a date"
            case Means.ZONE if _ZONE.fullmatch(text) is None:
                return f'{shown} is no time zone, such as "+0100"'
            case Means.RELATION if text not in RELATIONS:
                return f'{shown} is no relation: "gt", "ge", "lt", "le", "eq" or "ne"'
            case Means.VARIABLE if _VARIABLE.fullmatch(text) is None:
                return f"{shown} is no name of a variable"
            case Means.COMPARATOR:
                if text not in COMPARATORS:
                    return f"there is no comparator {shown}"
                if COMPARATORS[text] and COMPARATORS[text] not in self._required:
                    return f'the comparator {shown} needs require "{COMPARATORS[text]}"'
        return ""

    @staticmethod
    def _characters(token: Token) -> None:
        """RFC 5228 §2.4.2.4: each code must be a character's."""
        for found in _UNICODE.finditer(token.text):
            for code in found[1].split():
                number = int(code, 16) if len(code) <= _HEX_MOST else _CHARACTERS
                if number >= _CHARACTERS or number in _SURROGATES:
                    raise _bad(token, f"{code[:20]} is no character of Unicode")
