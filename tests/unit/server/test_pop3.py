"""What transcripts cannot show: broken connections, silence, storms, a store that fails."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.harness.pop3 import ALICE, MESSAGES, Pop3Site

from mailstead import telemetry
from mailstead.model import limits
from mailstead.model.errors import Unavailable
from mailstead.net.errors import Draining, Silent


@pytest.fixture
async def site() -> AsyncIterator[Pop3Site]:
    async with Pop3Site(tls=object()) as made:
        yield made


async def _ends(site: Pop3Site) -> None:
    async with asyncio.timeout(5):
        await asyncio.gather(*site.tasks)


async def _uids(site: Pop3Site) -> list[int]:
    inbox = await site.inbox()
    return list((await site.mail.select(ALICE, inbox.mailbox_id, take_recent=False)).uids)


async def test_a_broken_connection_deletes_nothing(site: Pop3Site) -> None:
    stream = await site.session()
    stream.say(b"DELE 1\r\nDELE 2\r\n")
    await stream.hear_line()
    await stream.hear_line()
    stream.leave()
    await _ends(site)
    assert await _uids(site) == [1, 2, 3]


async def test_silence_ends_the_session_without_a_word(site: Pop3Site, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = await site.session()
    stream.say(b"DELE 1\r\n")
    await stream.hear_line()
    assert stream._reader is not None
    stream._reader.set_exception(Silent("nothing"))
    await _ends(site)
    assert (bytes(stream.written), stream.is_closed) == (b"", True)
    assert await _uids(site) == [1, 2, 3]


async def test_silence_is_borne_for_ten_minutes_and_a_login_has_no_longer_in_all(site: Pop3Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 1939 §3. Before the login each command leaves less of the time."""
    assert limits.POP3_TIMEOUT_S >= 600.0
    stream = await site.session()
    await asyncio.sleep(0)
    assert limits.POP3_TIMEOUT_S == stream.patience_s
    monkeypatch.setattr(limits, "POP3_TIMEOUT_S", 0.0)
    late = site.connect()
    await late.hear_line()
    await asyncio.sleep(0)
    assert 1.0 == late.patience_s


async def test_a_server_about_to_stop_says_so(site: Pop3Site) -> None:
    stream = await site.session()
    await asyncio.sleep(0)
    assert stream._reader is not None
    stream._reader.set_exception(Draining("stop"))
    await _ends(site)
    assert await stream.hear_line() == b"-ERR [SYS/TEMP] The server is about to stop"


async def test_quit_marks_what_was_fetched_as_seen(site: Pop3Site) -> None:
    stream = await site.session()
    stream.say(b"RETR 2\r\nTOP 1 0\r\nQUIT\r\n")
    await _ends(site)
    assert (await site.inbox()).unseen == 2


async def test_a_store_that_fails_at_quit_is_told(site: Pop3Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: Any, **__: Any) -> None:
        raise Unavailable("later", "the owner is gone")

    monkeypatch.setattr(site.mail, "expunge", fails)
    stream = await site.session()
    stream.say(b"DELE 1\r\nQUIT\r\n")
    await stream.hear_line()
    assert await stream.hear_line() == b"-ERR [SYS/TEMP] Some deleted messages have not been removed"
    await _ends(site)


async def test_a_message_that_breaks_off_ends_the_connection(site: Pop3Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A short message must not look whole: no final dot."""
    whole = site.mail.octets

    async def breaks(account: Any, email_id: Any, start: int = 0, length: int | None = None) -> bytes:
        if start:
            raise Unavailable("later", "a damaged record")
        found: bytes = await whole(account, email_id, start, length)
        return found

    stream = await site.session()
    monkeypatch.setattr(site.mail, "octets", breaks)
    stream.say(b"RETR 1\r\nNOOP\r\n")
    with telemetry.capture() as seen:
        await _ends(site)
    assert b"\r\n.\r\n" not in stream.written
    assert stream.is_closed
    assert ("pop3.failed", "a damaged record") in [(name, fields["reason"]) for name, fields in seen if name == "pop3.failed"]


async def test_a_login_meets_a_store_that_fails(site: Pop3Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: Any) -> None:
        raise Unavailable("later", "the owner is gone")

    monkeypatch.setattr(site.mail, "mailbox", fails)
    stream = site.connect()
    stream.say(b"USER alice\r\nPASS secret\r\nSTAT\r\n")
    said = [await stream.hear_line() for _ in range(4)]
    assert said[2] == b"-ERR [SYS/TEMP] This cannot be done for now; try again later"
    assert said[3] == b"-ERR Log in first"


async def test_too_many_errors_end_the_session(site: Pop3Site) -> None:
    stream = site.connect()
    stream.say(b"NONSENSE\r\n" * 100)
    await _ends(site)
    assert bytes(stream.written).count(b"-ERR") == limits.POP3_ERRORS


async def test_who_is_banned_hears_it_at_once(site: Pop3Site) -> None:
    stream = site.connect(host="203.0.113.9")
    assert await stream.hear_line() == b"-ERR [SYS/TEMP] Too many failed logins from your address; try again later"
    await _ends(site)


async def test_what_comes_with_stls_does_not_count(site: Pop3Site) -> None:
    stream = site.connect(is_loopback=False)
    stream.say(b"STLS\r\nUSER alice\r\nPASS secret\r\n")
    await stream.hear_line()
    assert await stream.hear_line() == b"+OK Begin the handshake"
    stream.say(b"NOOP\r\n")
    assert await stream.hear_line() == b"-ERR Log in first"


async def test_messages_come_octet_by_octet(site: Pop3Site) -> None:
    stream = await site.session()
    stream.say(b"UTF8\r\nRETR 1\r\n")
    await stream.hear_line()
    first = await stream.hear_line()
    assert first == b"+OK %d octets" % len(MESSAGES[0])
    lines = []
    while (line := await stream.hear_line()) != b".":
        assert line is not None
        lines.append(line.removeprefix(b".") if line.startswith(b".") else line)
    assert b"\r\n".join(lines) + b"\r\n" == MESSAGES[0]
