"""Our own dialogues (golden/*.txt), and the table that says which of them shows which capability."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.harness import transcript
from tests.harness.imap import ImapSite
from tests.harness.memory_stream import MemoryStream
from tests.harness.real_mail import real_store

from mailstead.model.ids import AccountId
from mailstead.protocol.imap import capability
from mailstead.protocol.imap.state import State

FOLDER = Path(__file__).parent


NAMES = sorted(path.stem for path in (FOLDER / "golden").glob("*.txt"))
_USED = {
    "IMAP4rev1": r"^C: \w+ FETCH 1 RFC822\.HEADER$", "LITERAL+": r"^C: .*\{\d+\+\}$", "SASL-IR": r"^C: \w+ AUTHENTICATE PLAIN \S+\nS: \w+ OK",
    "LOGINDISABLED": r"^C: (\w+) LOGIN .*\nS: \1 NO", "AUTH": r"^C: \w+ AUTHENTICATE PLAIN$", "UIDPLUS": r"^C: \w+ UID EXPUNGE \d",
    "ESEARCH": r"^C: .*SEARCH RETURN \(MIN MAX COUNT ALL\).*\nS: \* ESEARCH", "SEARCHRES": r"^C: .*RETURN \(SAVE\)(.|\n)*^C: \w+ FETCH \$",
    "LIST-EXTENDED": r"^C: \w+ LIST \(SUBSCRIBED RECURSIVEMATCH\)", "LIST-STATUS": r"^C: \w+ LIST .* RETURN \(.*STATUS \(",
    "CREATE-SPECIAL-USE": r"^C: \w+ CREATE \w+ \(USE", "STATUS=SIZE": r"^C: \w+ STATUS \w+ \(SIZE .*\nS: \* STATUS \w+ \(.*SIZE \d",
    "MULTIAPPEND": r"^S: \w+ OK \[APPENDUID \S+ 1:2\]", "OBJECTID": r"^C: \w+ FETCH 1 \(EMAILID THREADID\)",
}  # fmt: skip
"""What use of a capability looks like, where its name does not stand in a command."""
NEEDS_FAKE = {"qresync-forgotten"}
"""What only the store in memory can be told to do."""


async def _play(name: str, site: ImapSite, forget: Callable[[], None]) -> None:
    async def connect(session: int) -> MemoryStream:
        if session:
            return await site.session()
        return site.connect(is_loopback=name != "plain-channel")

    await transcript.play((FOLDER / "golden" / f"{name}.txt").read_text(), connect, forget)


@pytest.mark.parametrize("name", NAMES)
async def test_golden(name: str) -> None:
    async with ImapSite(message_size=100_000, tls=object()) as site:
        await _play(name, site, lambda: site.mail.forget_log(AccountId(1)))


@pytest.mark.parametrize("name", [name for name in NAMES if name not in NEEDS_FAKE])
async def test_golden_over_the_real_store(name: str, tmp_path: Path) -> None:
    async with (
        real_store(tmp_path, ["alice"]) as (store, accounts),
        ImapSite(message_size=100_000, tls=object(), mail=store.mail, watch=store.watch, accounts=accounts) as site,
    ):
        await _play(name, site, lambda: None)


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
    for word, name in table.items():
        text = (FOLDER / "golden" / f"{name}.txt").read_text()
        assert re.search(_USED.get(word, rf"^C: \w+ .*\b{re.escape(word)}\b"), text, re.MULTILINE), f"{name}.txt does not show {word} at work"
