"""Our own dialogues (golden/*.txt), and the table that says which of them shows which keyword.

``python -m tests.transcript.smtp.test_golden`` writes the ``S:`` lines of all scripts anew, to be read before they are kept.
"""

import asyncio
import re
from pathlib import Path

import pytest
from tests.harness import transcript
from tests.harness.memory_stream import MemoryStream
from tests.harness.smtp import SmtpSite

from mailstead.protocol.smtp.server import Mode

_USED = {
    "PIPELINING": r"^C: MAIL .*\nC: RCPT", "CHUNKING": r"^C: BDAT .* LAST$", "DSN": r"^C: RCPT .* NOTIFY=", "ENHANCEDSTATUSCODES": r"^S: 550 5\.1\.1 ",
    "LIMITS": r"^S: 452 4\.5\.3 ", "FUTURERELEASE": r"^C: MAIL .* HOLDUNTIL=", "DELIVERBY": r"^C: MAIL .* BY=",
}  # fmt: skip
"""What use of a keyword looks like, where it is not named by the client."""
FOLDER = Path(__file__).parent
NAMES = sorted(path.stem for path in (FOLDER / "golden").glob("*.txt"))


def _site(name: str) -> SmtpSite:
    mode = Mode.SUBMISSION if name.startswith("submission") else Mode.LMTP if name.startswith("lmtp") else Mode.MX
    return SmtpSite(mode=mode)


async def _play(name: str, *, record: bool = False) -> list[str]:
    async with _site(name) as site:

        async def connect(session: int) -> MemoryStream:
            return site.connect(tls=name.startswith("submission") and session != 0)

        text = (FOLDER / "golden" / f"{name}.txt").read_text()
        return await transcript.play(text, connect, lambda: None, record=record)


@pytest.mark.parametrize("name", NAMES)
async def test_golden(name: str) -> None:
    await _play(name)


async def test_every_keyword_has_a_transcript_and_every_line_of_the_table_a_keyword() -> None:
    said: set[str] = set()
    for mode in Mode:
        for tls in (False, True):
            async with SmtpSite(mode=mode) as site:
                hello = b"LHLO a.example\r\n" if mode is Mode.LMTP else b"EHLO a.example\r\n"
                said |= {line[4:].split()[0] for line in (await site.talk(hello, tls=tls))[2:]}
    table: dict[str, str] = {}
    for line in (FOLDER / "capabilities.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            word, name = line.split()
            table[word] = name
    assert said == set(table)
    assert set(table.values()) <= set(NAMES)
    for word, name in table.items():
        text = (FOLDER / "golden" / f"{name}.txt").read_text()
        offer = re.search(rf"^S: 250[- ]{word}\b", text, re.MULTILINE)
        assert offer, f"{name}.txt does not show how {word} is offered"
        used = re.search(_USED.get(word, rf"^C: .*\b{word}\b"), text[offer.end() :], re.MULTILINE | re.IGNORECASE)
        assert used, f"{name}.txt does not show {word} at work"


if __name__ == "__main__":
    for script in set(NAMES) - {"pipelining"}:  # its batches would be taken apart
        written = asyncio.run(_play(script, record=True))
        (FOLDER / "golden" / f"{script}.txt").write_text("\n".join(written) + "\n")
