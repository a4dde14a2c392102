"""Our own dialogues (golden/*.txt), and the table that says which of them shows which capability."""

from pathlib import Path

import pytest
from tests.harness import transcript
from tests.harness.imap import ImapSite
from tests.harness.memory_stream import MemoryStream

from mailstead.model.ids import AccountId
from mailstead.protocol.imap import capability
from mailstead.protocol.imap.state import State

FOLDER = Path(__file__).parent


@pytest.mark.parametrize("name", sorted(path.stem for path in (FOLDER / "golden").glob("*.txt")))
async def test_golden(name: str) -> None:
    async with ImapSite(message_size=100_000, tls=object()) as site:

        async def connect(session: int) -> MemoryStream:
            if session:
                return await site.session()
            return site.connect(is_loopback=name != "plain-channel")

        def forget() -> None:
            site.mail.forget_log(AccountId(1))

        await transcript.play((FOLDER / "golden" / f"{name}.txt").read_text(), connect, forget)


def _advertised() -> set[str]:
    before = capability.words(
        State.NOT_AUTHENTICATED, mechanisms=("PLAIN",), starttls=True, login=False, append_limit=1
    )  # fmt: skip
    after = capability.words(State.AUTHENTICATED, mechanisms=(), starttls=False, login=True, append_limit=1)
    return {word.partition("=")[0] if word.startswith(("APPENDLIMIT", "AUTH=")) else word for word in (*before, *after)}


def test_every_capability_has_a_transcript_and_every_transcript_line_a_capability() -> None:
    table: dict[str, str] = {}
    for line in (FOLDER / "capabilities.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            word, name = line.split()
            table[word] = name
    assert set(table) == _advertised()
    missing = {name for name in table.values() if not (FOLDER / "golden" / f"{name}.txt").exists()}
    assert not missing
