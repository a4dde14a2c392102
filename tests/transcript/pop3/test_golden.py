"""Our own dialogues (golden/*.txt), and the table that says which of them shows which capability."""

import re
from pathlib import Path

import pytest
from tests.harness import transcript
from tests.harness.memory_stream import MemoryStream
from tests.harness.pop3 import Pop3Site

FOLDER = Path(__file__).parent
_USED = {
    "RESP-CODES": r"^S: -ERR \[SYS/PERM\]", "AUTH-RESP-CODE": r"^S: -ERR \[AUTH\]", "PIPELINING": r"^C: PASS .*\nC: STAT\nC: LIST", "SASL": r"^C: AUTH PLAIN",
    "EXPIRE": r"^SESSION 3\nC: STAT\nS: \+OK 2 ", "IMPLEMENTATION": r"^S: IMPLEMENTATION Mailstead",
}  # fmt: skip
"""What use of a capability looks like, where it is no command of that name."""
IN_CLEAR = {"stls", "plain-channel"}


@pytest.mark.parametrize("name", sorted(path.stem for path in (FOLDER / "golden").glob("*.txt")))
async def test_golden(name: str) -> None:
    async with Pop3Site(tls=object()) as site:

        async def connect(session: int) -> MemoryStream:
            return await site.session() if session else site.connect(is_loopback=name not in IN_CLEAR)

        await transcript.play((FOLDER / "golden" / f"{name}.txt").read_text(), connect, lambda: None)


async def _capabilities(stream: MemoryStream) -> set[str]:
    stream.say(b"CAPA\r\n")
    assert (await stream.hear_line() or b"").startswith(b"+OK")
    words: set[str] = set()
    while (line := await stream.hear_line()) not in {b".", None}:
        words.add((line or b"").decode().split()[0])
    return words


async def test_every_capability_has_a_transcript_and_every_line_of_the_table_a_capability() -> None:
    async with Pop3Site(tls=object()) as site:
        before = site.connect()
        await before.hear_line()
        advertised = await _capabilities(before) | await _capabilities(await site.session())
    table: dict[str, str] = {}
    for line in (FOLDER / "capabilities.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            word, name = line.split()
            table[word] = name
    assert advertised == set(table)
    assert not {name for name in table.values() if not (FOLDER / "golden" / f"{name}.txt").exists()}
    for word, name in table.items():
        text = (FOLDER / "golden" / f"{name}.txt").read_text()
        assert re.search(_USED.get(word, rf"^C: {word}\b"), text, re.MULTILINE), f"{name}.txt does not show {word} at work"
