"""News for idling sessions: what the bell writes itself, and what it leaves to the session's own task."""

import asyncio

import pytest
from tests.harness.imap import ImapSite, ask
from tests.harness.memory_stream import MemoryStream
from tests.unit.server.imap.test_session import put

from mailstead.model.errors import Unavailable


async def idling(site: ImapSite) -> MemoryStream:
    stream = await site.session()
    await ask(stream, "SELECT INBOX")
    stream.say(b"i IDLE\r\n")
    assert b"+ idling" == await stream.hear_line()
    return stream


async def test_new_mail_wakes_no_task(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ImapSite() as site:
        streams = [await idling(site) for _ in range(3)]
        woken: list[MemoryStream] = []
        monkeypatch.setattr(MemoryStream, "end_wait", woken.append)
        for number in (1, 2):
            await put(site.mail)
            for stream in streams:
                assert b"* %d EXISTS" % number == await stream.hear_line()
                assert b"* %d RECENT" % number == await stream.hear_line()
        assert not woken
        for stream in streams:
            stream.say(b"DONE\r\n")
            assert b"i OK IDLE completed" == await stream.hear_line()


async def test_a_peer_that_is_behind_is_left_to_its_task() -> None:
    async with ImapSite() as site:
        stream = await idling(site)
        stream.is_full = True
        await put(site.mail)
        assert b"* 1 EXISTS" == await stream.hear_line()


async def test_flags_and_expunges_come_through() -> None:
    async with ImapSite() as site:
        await put(site.mail, count=2)
        stream = await idling(site)
        other = await site.session()
        await ask(other, "SELECT INBOX")
        await ask(other, "STORE 1 +FLAGS (\\Deleted)")
        assert b"* 1 FETCH (FLAGS (\\Deleted \\Recent))" == await stream.hear_line()
        await ask(other, "EXPUNGE")
        assert b"* 1 EXPUNGE" == await stream.hear_line()


async def test_a_failure_below_is_found_by_each_session(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ImapSite() as site:
        streams = [await idling(site) for _ in range(2)]

        async def fails(*_: object) -> None:
            await asyncio.sleep(0)
            raise Unavailable("not now")

        with monkeypatch.context() as patch:
            patch.setattr(site.mail, "changes", fails)
            await put(site.mail)
            for stream in streams:
                line = await stream.hear_line()
                assert line is not None
                assert not line.startswith(b"* 1 EXISTS")


async def test_news_while_the_answer_was_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ImapSite() as site:
        stream = await idling(site)
        asked = site.mail.changes
        gate = asyncio.Event()

        async def slow(*given: object) -> object:
            found = await asked(*given)
            await gate.wait()
            return found

        monkeypatch.setattr(site.mail, "changes", slow)
        await put(site.mail)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await put(site.mail)
        gate.set()
        heard = [await stream.hear_line() for _ in range(4)]
        assert [b"* 1 EXISTS", b"* 1 RECENT", b"* 2 EXISTS", b"* 2 RECENT"] == heard



