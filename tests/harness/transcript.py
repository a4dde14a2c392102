"""Golden transcripts: a dialogue as the test (STYLE §3.5).

``C:`` lines are sent, ``S:`` lines must come, in this order and no others. ``<...>`` stands for anything, ``<name>`` for one
word that is remembered: it must be the same wherever it stands again, and ``C:`` lines may send it. ``SESSION n`` switches
connections (each is logged in as alice, but for 0, which is not). ``FORGET`` makes the store forget its log of changes.
``#`` begins a comment. In the end nothing more may wait on any connection.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Final

from tests.harness.memory_stream import MemoryStream

_HOLE: Final = re.compile(r"<(\.\.\.|[a-z]+\d*)>")


class Mismatch(AssertionError):
    """A line that is not as written."""


async def play(
    text: str, connect: Callable[[int], Awaitable[MemoryStream]], forget: Callable[[], None], *, record: bool = False
) -> list[str]:
    """Play a transcript. ``record``: gives the script with what really came for each ``S:``, for writing new ones."""
    names: dict[str, str] = {}
    streams: dict[int, MemoryStream] = {}
    session = 1
    written: list[str] = []

    async def current() -> MemoryStream:
        if session not in streams:
            streams[session] = await connect(session)
        return streams[session]

    def noted(lines: list[str], at: int) -> list[str]:
        """What was said, as ``S:`` lines; those with names that stand in the script already teach us the names."""
        templates: list[str] = []
        while at < len(script) and script[at].startswith("S:"):
            templates.append(script[at][3:])
            at += 1
        return [f"S: {next((t for t in templates if '<' in t and _fits(t, line, names)), line)}" for line in lines]

    script = text.splitlines()
    for number, line in enumerate(script, 1):
        kind, _, value = line.partition(" ")
        if record and kind != "S:":
            written.append(line)
        if kind == "SESSION":
            session = int(value)
            await current()
            if record:
                await asyncio.sleep(0.02)
                written += noted(_waiting(await current()), number)
        elif kind == "FORGET":
            forget()
        elif kind == "C:":
            sent = _HOLE.sub(lambda match: names.get(match[1], match[0]), value)
            (await current()).say(sent.encode() + b"\r\n")
            if record:
                await asyncio.sleep(0.02)
                written += noted(_waiting(await current()), number)
        elif kind == "S:" and not record:
            octets = await (await current()).hear_line()
            said = "(the server has closed)" if octets is None else octets.decode()
            if not _fits(value, said, names):
                rest = _waiting(await current())
                raise Mismatch(f"line {number}: expected {value!r}\n   got {said!r}\n   then {rest}")
    for _ in range(20):
        await asyncio.sleep(0)
    for which, stream in streams.items():
        rest = _waiting(stream)
        if rest and not record:
            raise Mismatch(f"session {which} said more: {rest}")
    return written


def _waiting(stream: MemoryStream) -> list[str]:
    lines = bytes(stream.written).decode().split("\r\n")
    stream.written.clear()
    return [*lines[:-1], *([lines[-1]] if lines[-1] else [])]


def _fits(pattern: str, said: str, names: dict[str, str]) -> bool:
    taken: list[str] = []

    def hole(match: "re.Match[str]") -> str:
        name = match[1]
        if name == "...":
            return ".*"
        if name in names:
            return re.escape(names[name])
        if name in taken:
            return f"(?P={name})"
        taken.append(name)
        return rf"(?P<{name}>[^\s\])]+)"

    parts: list[str] = []
    at = 0
    for match in _HOLE.finditer(pattern):
        parts += [re.escape(pattern[at : match.start()]), hole(match)]
        at = match.end()
    found = re.fullmatch("".join(parts) + re.escape(pattern[at:]), said)
    if found is None:
        return False
    names.update(found.groupdict())
    return True
