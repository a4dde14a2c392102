"""Plays transcripts in the MPT format over connections in memory, the wording of the server aside.

``C:`` lines are sent; ``S:`` lines are regular expressions for one server's wording, ``SUB {`` … ``}`` the same in any
order, ``SESSION: n`` switches connections. What is asked here is what the protocol asks: a tagged answer is OK where OK
was expected and not where it was not, and every expected untagged datum came, whatever the order of answers, of flags and
of FETCH items.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

from tests.harness.memory_stream import MemoryStream

_DATA: Final = re.compile(
    r"\d+ (FETCH|EXISTS|EXPUNGE)|(SEARCH|ESEARCH|LIST|LSUB|STATUS|NAMESPACE|VANISHED|ENABLED)\b", re.IGNORECASE
)
_STATUS: Final = re.compile(r"(\S+) (OK|NO|BAD)\b", re.IGNORECASE)
_PIECE: Final = re.compile(
    r'\\"(?:[^"\\]|\\[^"])*\\"|"(?:[^"\\]|\\[^"])*"|\\\(|\\\)|(?:\\\[|\[)[^\]]*\]|(?:\\[^()]|\([^()]*\)[?*]?|[^\s\\()])+'
)
_WORD: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[()]|[^\s()\[]*\[[^\]]*\](?:<\d+>)?|[^\s()]+')

Step = tuple[int, str, Any]
Tree = list[Any]


def steps(text: str) -> list[Step]:
    """(session, kind, value); kinds are ``C``, ``S``, ``REINIT``."""
    found: list[Step] = []
    session, lines = -1, iter(text.splitlines())
    for line in lines:
        if line.startswith(("C:", "S:")):
            found.append((session, line[0], line[3:]))
        elif line.startswith("SUB {"):
            for inner in lines:
                if inner.startswith("}"):
                    break
                found.append((session, "S", inner[3:]))
        elif line.startswith("SESSION"):
            session = int(line.partition(":")[2])
        elif line.startswith("REINIT"):
            found.append((session, "REINIT", None))
    return found


def _matches(pattern: str, line: str) -> bool:
    try:
        return re.fullmatch(pattern, line) is not None
    except re.error:
        return pattern == line


def _tree(words: list[str]) -> Tree:
    stack: list[Tree] = [[]]
    for word in words:
        if word in {"(", r"\("}:
            stack.append([])
        elif word in {")", r"\)"}:
            if len(stack) == 1:
                raise ValueError("unbalanced")
            done = stack.pop()
            stack[-1].append(done)
        else:
            stack[-1].append(word)
    if len(stack) != 1:
        raise ValueError("unbalanced")
    return stack[0]


def _same(want: Any, got: Any) -> bool:
    if isinstance(want, str) or isinstance(got, str):
        if not (isinstance(want, str) and isinstance(got, str)):
            return False
        bare = want.replace(r"\"", "").strip('"')
        return any(_matches("(?i)" + pattern, text) for pattern, text in ((want, got), (want, got.strip('"')), (bare, got.strip('"'))))
    return len(want) == len(got) and all(map(_same, want, got))


def _flags(items: Tree) -> list[str]:
    plain = (item.replace("\\\\", "\\").lower() for item in items if isinstance(item, str))
    return sorted(flag for flag in plain if flag != "\\recent")


def _pairs(items: Tree) -> dict[str, Any]:
    return {str(items[at]).replace("\\", "").upper(): items[at + 1] for at in range(0, len(items) - 1, 2)}


def _accepts(pattern: str, line: str) -> bool:
    if re.fullmatch(r"\\\* \d+ EXPUNGE", pattern):
        return re.fullmatch(r"\* \d+ EXPUNGE", line) is not None
    if _matches("(?i)" + pattern, line):
        return True
    squeezed = pattern.replace(r" \\Recent", "").replace(r"\\Recent ", "").replace(r"\\Recent", "")
    if _matches("(?i)" + squeezed, re.sub(r" ?\\Recent ?", "", line)):
        return True
    try:
        want, got = _tree(_PIECE.findall(pattern)), _tree(_WORD.findall(line))
    except ValueError:
        return False
    if len(want) > 3 and str(want[2]).upper() == "FETCH" and isinstance(want[3], list):
        if not (len(got) > 3 and got[1] == want[1] and str(got[2]).upper() == "FETCH" and isinstance(got[3], list)):
            return False
        mine, theirs = _pairs(want[3]), _pairs(got[3])
        for key, value in mine.items():
            if key not in theirs:
                return False
            if key == "FLAGS" and isinstance(value, list) and isinstance(theirs[key], list):
                if _flags(value) != _flags(theirs[key]):
                    return False
            elif not _same(value, theirs[key]):
                return False
        return True
    if len(want) > 2 and str(want[1]).upper() in {"LIST", "LSUB"} and isinstance(want[2], list) and len(got) == len(want):
        return _same(want[3:], got[3:])
    if len(want) > 3 and str(want[1]).upper() == "STATUS" and isinstance(want[-1], list) and isinstance(got[-1], list):
        mine, theirs = _pairs(want[-1]), _pairs(got[-1])
        return all(key in theirs and _same(value, theirs[key]) for key, value in mine.items()) and _same(want[2:-1], got[2:-1])
    return _same(want, got)


def _replies(lines: list[str]) -> list[list[str]]:
    """Lines grouped so that a reply with literals is one group."""
    groups: list[list[str]] = []
    open_octets = 0
    for line in lines:
        more = re.search(r"\{(\d+)\}$", line)
        if open_octets > 0:
            groups[-1].append(line)
            size = len(line.encode("utf-8", "surrogateescape")) + 2
            open_octets = (int(more[1]) if more else 0) if size > open_octets else open_octets - size
            continue
        groups.append([line])
        open_octets = int(more[1]) + 1 if more else 0
    return groups


def _expected(patterns: list[str]) -> list[list[str]]:
    groups: list[list[str]] = []
    for pattern in patterns:
        if groups and not re.match(r"\\[*+]|\S+ \(?(OK|NO|BAD)", pattern):
            groups[-1].append(pattern)
        else:
            groups.append([pattern])
    return groups


def _group_accepts(want: list[str], got: list[str]) -> bool:
    if len(want) == 1 and len(got) == 1:
        return _accepts(want[0], got[0])
    if len(want) != len(got):
        return False
    head, body = re.sub(r"\\Recent ?", "", want[0]), zip(want[1:-1], got[1:-1], strict=True)
    return all(a == b or _matches(a, b) for a, b in body) and (
        _matches("(?i)" + head, re.sub(r"\\Recent ?", "", got[0])) or re.findall(r"\{(\d+)", want[0]) == re.findall(r"\{(\d+)", got[0])
    )


async def play(todo: list[Step], connect: Callable[[], Awaitable[MemoryStream]]) -> list[str]:
    """What was not as expected, one sentence each."""
    streams: dict[int, MemoryStream] = {}
    wrong: list[str] = []
    at = 0
    while at < len(todo):
        session, kind, _ = todo[at]
        if session not in streams or kind == "REINIT":
            streams[session] = await connect()
            if kind == "REINIT":
                at += 1
                continue
        stream = streams[session]
        sent: list[str] = []
        expected: list[str] = []
        while at < len(todo) and todo[at][:2] == (session, "C"):
            sent.append(todo[at][2])
            at += 1
        while at < len(todo) and todo[at][:2] == (session, "S"):
            expected.append(todo[at][2])
            at += 1
        tags = [(m[1], m[2].upper()) for m in map(_STATUS.match, expected) if m and m[1] not in {r"\*", r"\+"}]
        for text in sent:
            stream.say(text.encode("utf-8", "surrogateescape") + b"\r\n")
        left = [tag for tag, _ in tags]
        waits_plus = any(pattern.startswith(r"\+") for pattern in expected) and not tags
        got: list[str] = []
        answers: dict[str, list[str]] = {}
        while left or waits_plus:
            try:
                octets = await stream.hear_line()
            except TimeoutError:
                break
            if octets is None:
                break
            line = octets.decode("utf-8", "surrogateescape")
            got.append(line)
            found = _STATUS.match(line)
            if waits_plus and (line.startswith("+") or found):
                break
            if found and found[1] in left:
                left.remove(found[1])
                answers.setdefault(found[1], []).append(found[2].upper())
        for tag, want in tags:
            have = answers[tag].pop(0) if answers.get(tag) else None
            if have is None or (have == "OK") != (want == "OK"):
                wrong.append(f"{(sent or ['-'])[0][:100]!r}: expected {want}, got {have} {got[-1:]}")
        if waits_plus and not any(line.startswith("+") for line in got):
            wrong.append(f"{sent[:1]}: no continuation {got}")
        have_groups = _replies(got)
        for group in _expected(expected):
            if not group[0].startswith(r"\* ") or not _DATA.match(group[0][3:]):
                continue
            match = next((candidate for candidate in have_groups if _group_accepts(group, candidate)), None)
            if match is None:
                near = [g for g in have_groups if g[0].split(" ")[1:3][-1:] == group[0].split(" ")[1:3][-1:]]
                wrong.append(f"{(sent or ['-'])[0][:80]!r}: expected {group[0]!r} got {[g[0] for g in near][:3]}")
            else:
                have_groups.remove(match)
    return wrong
