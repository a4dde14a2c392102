"""The MPT transcripts (see mpt/SOURCE) through the driver, with "." between names (DECISIONS 23)."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.harness import mpt
from tests.harness.imap import ImapSite
from tests.harness.memory_stream import MemoryStream
from tests.harness.real_mail import real_store

FOLDER = Path(__file__).parent / "mpt"
PLAN: dict[str, Any] = json.loads((FOLDER / "plan.json").read_text())
"""The state in which a script begins: ``none``, ``login``, ``mailbox``. Where ours differs by intent: an object with the
``state``, the reason (``why``) and what the differing exchanges contain (``differs``)."""


NAMES = sorted(path.stem for path in FOLDER.glob("*.test") if path.stem != "SelectedStateSetup")


async def _play(name: str, site: ImapSite) -> None:
    plan = PLAN[name]
    state, differs = (plan, []) if isinstance(plan, str) else (plan["state"], plan["differs"])
    text = (FOLDER / f"{name}.test").read_text("utf-8", "surrogateescape")
    todo = mpt.steps(text)
    sessions = sorted({session for session, _, _ in todo})
    prelude: list[mpt.Step] = []
    if state != "none":
        for session in sessions:
            prelude += [(session, "C", "a001 LOGIN imapuser password"), (session, "S", "a001 OK .*")]
    if state == "mailbox":
        setup = mpt.steps((FOLDER / "SelectedStateSetup.test").read_text())
        prelude += [(sessions[0], kind, value) for _, kind, value in setup]

    async def connect() -> MemoryStream:
        stream = site.connect()
        await stream.hear_line()
        return stream

    wrong = await mpt.play(prelude + todo, connect)
    assert not [line for line in wrong if not any(mark in line for mark in differs)]


@pytest.mark.parametrize("name", NAMES)
async def test_mpt(name: str) -> None:
    async with ImapSite(separator=".", message_size=10 << 20) as site:
        await _play(name, site)


@pytest.mark.parametrize("name", NAMES)
async def test_mpt_over_the_real_store(name: str, tmp_path: Path) -> None:
    async with (
        real_store(tmp_path, ["imapuser"]) as (store, accounts),
        ImapSite(separator=".", message_size=10 << 20, mail=store.mail, watch=store.watch, accounts=accounts) as site,
    ):
        await _play(name, site)
