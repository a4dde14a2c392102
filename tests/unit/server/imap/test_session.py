"""What transcripts do not show: many sessions at once, slow and vanishing peers, failures below, the server's end."""

import asyncio
import time
from typing import Any

import pytest
from tests.harness.fake_mail import FakeMail
from tests.harness.imap import ImapSite, ask
from tests.harness.memory_stream import MemoryStream

from mailstead import telemetry
from mailstead.model import limits
from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.model.ids import AccountId, OpId
from mailstead.model.mailbox import INBOX
from mailstead.model.message import NewMessage
from mailstead.net.errors import Gone, Silent
from mailstead.server.imap import session as driver
from mailstead.server.imap.answers import CODES

ALICE = AccountId(1)
MESSAGE = b"Subject: a\r\n\r\nb\r\n"
_ops = iter(range(1_000_000))


async def put(mail: FakeMail, octets: bytes = MESSAGE, count: int = 1, account: AccountId = ALICE) -> None:
    info = await mail.mailbox(account, INBOX)
    assert info is not None
    await mail.append(account, OpId(b"%d" % next(_ops)), info.mailbox_id, [NewMessage(octets)] * count)


def test_every_refusal_has_a_code() -> None:
    assert set(Reason) == set(CODES)


# ------------------------------------------------------------------------------------------------------------- news
async def test_many_idle_sessions_hear_of_one_message_from_one_reading() -> None:
    async with ImapSite() as site:
        streams = [await site.session() for _ in range(50)]
        for stream in streams:
            await ask(stream, "SELECT INBOX")
            stream.say(b"i IDLE\r\n")
            assert b"+ idling" == await stream.hear_line()
        site.mail.calls.clear()
        start = time.perf_counter()
        await put(site.mail)
        for stream in streams:
            assert b"* 1 EXISTS" == await stream.hear_line()
        assert time.perf_counter() - start < 0.5
        assert 1 == site.mail.calls["changes"]


async def test_changes_elsewhere_are_no_news() -> None:
    async with ImapSite() as site:
        stream = await site.session()
        await ask(stream, "SELECT Trash")
        stream.say(b"i IDLE\r\n")
        await stream.hear_line()
        await put(site.mail)
        await asyncio.sleep(0.01)
        assert not stream.written
        stream.say(b"DONE\r\n")
        assert b"i OK IDLE completed" == await stream.hear_line()


async def test_done_and_news_at_the_same_moment() -> None:
    async with ImapSite() as site:
        stream = await site.session()
        await ask(stream, "SELECT INBOX")
        stream.say(b"i IDLE\r\n")
        await stream.hear_line()
        await put(site.mail)
        stream.say(b"DONE\r\nn NOOP\r\n")
        lines = await stream.hear_until("n")
        assert [b"* 1 EXISTS", b"* 1 RECENT", b"i OK IDLE completed", b"n OK NOOP completed"] == lines


async def test_a_lost_hint_is_made_up_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "_LOOK_EVERY_S", 0.0)
    async with ImapSite(watch=lambda _account, _news: lambda: None) as site:
        stream = await site.session()
        await ask(stream, "SELECT INBOX")
        await put(site.mail)
        assert "* 1 EXISTS" in await ask(stream, "NOOP")


async def test_who_leaves_is_forgotten() -> None:
    async with ImapSite() as site:
        streams = [await site.session() for _ in range(3)]
        assert 3 == site.mail.watchers(ALICE)
        await ask(streams[0], "LOGOUT")
        streams[1].leave()
        await ask(streams[2], "IDLE x")
        await asyncio.sleep(0.01)
        assert 1 == site.mail.watchers(ALICE)
        streams[2].say(b"i IDLE\r\n")
        await streams[2].hear_line()
        streams[2].leave()
        await asyncio.sleep(0.01)
        assert 0 == site.mail.watchers(ALICE)


async def test_deleting_a_mailbox_ends_the_sessions_that_have_it_selected() -> None:
    async with ImapSite() as site:
        one, two = await site.session(), await site.session()
        await ask(one, "CREATE work")
        await ask(one, "SELECT work")
        await ask(two, "SELECT work")
        two.say(b"i IDLE\r\n")
        await two.hear_line()
        assert ["x OK DELETE completed"] == await ask(one, "DELETE work")
        assert b"* BYE The selected mailbox has been deleted" == await two.hear_line()
        assert await two.hear_line() is None
        assert ["x BAD Select a mailbox first"] == await ask(one, "FETCH 1 UID")


# ------------------------------------------------------------------------------------------------------- large things
async def test_a_large_body_goes_out_in_pieces() -> None:
    octets = b"Subject: big\r\n\r\n" + b"0123456789abcde\n" * 50_000
    async with ImapSite() as site:
        await put(site.mail, octets)
        stream = await site.session()
        await ask(stream, "EXAMINE INBOX")
        site.mail.calls.clear()
        stream.say(b"f FETCH 1 (UID BODY[] FLAGS)\r\n")
        head = await stream.hear_line()
        assert b"* 1 FETCH (UID 1 BODY[] {%d}" % len(octets) == head
        while b"f OK" not in stream.written:
            await asyncio.sleep(0)
        body = bytes(stream.written)
        assert octets == body[: len(octets)]
        assert b" FLAGS (\\Recent))\r\nf OK FETCH completed\r\n" == body[len(octets) :]
        assert 5 == site.mail.calls["octets"]  # the header, to see whether it is ASCII, and four pieces


async def test_many_rows_are_asked_for_in_portions() -> None:
    async with ImapSite() as site:
        await put(site.mail, count=450)
        stream = await site.session()
        await ask(stream, "SELECT INBOX")
        assert 451 == len(await ask(stream, "FETCH 1:* (UID FLAGS)"))
        assert 3 == site.mail.calls["fetch"]


async def test_a_message_that_goes_before_its_octets_are_read_is_left_out() -> None:
    async with ImapSite() as site:
        await put(site.mail, count=2)
        stream = await site.session()
        await ask(stream, "EXAMINE INBOX")
        good = site.mail.octets

        async def octets(*args: Any) -> bytes:
            site.mail.octets = good
            raise Refusal(Reason.EXPUNGED, "The message is gone")

        site.mail.octets = octets
        lines = await ask(stream, "FETCH 1:2 BODY[TEXT]")
        assert ["* 2 FETCH (BODY[TEXT] {3}", "b", ")"] == lines[:3]
        assert "x NO [EXPUNGEISSUED]" in lines[3]


async def test_a_message_that_goes_in_the_middle_of_its_octets_ends_the_session() -> None:
    async with ImapSite() as site:
        await put(site.mail, b"Subject: big\r\n\r\n" + b"x" * 600_000)
        stream = await site.session()
        await ask(stream, "EXAMINE INBOX")
        good = site.mail.octets

        async def octets(account: Any, email: Any, start: int, length: int) -> bytes:
            if start:
                raise Refusal(Reason.EXPUNGED, "The message is gone")
            found: bytes = await good(account, email, start, length)
            return found

        site.mail.octets = octets
        stream.say(b"f FETCH 1 BODY[]\r\n")
        await stream.hear_line()
        for _ in range(100):
            await asyncio.sleep(0)
        assert stream.is_closed


# ------------------------------------------------------------------------------------------------------- failures
async def test_the_store_is_away() -> None:
    async with ImapSite() as site:
        stream = await site.session()

        async def mailboxes(*_: Any) -> Any:
            raise Unavailable("The store is away for a moment")

        site.mail.mailboxes = mailboxes
        assert ["x NO [UNAVAILABLE] The store is away for a moment"] == await ask(stream, 'LIST "" *')
        assert ["x OK NOOP completed"] == await ask(stream, "NOOP")


@pytest.mark.parametrize("method", ["mailbox", "append"])
async def test_the_store_is_away_in_an_append(method: str) -> None:
    async with ImapSite() as site:
        stream = await site.session()

        async def away(*_: Any) -> Any:
            raise Unavailable("The store is away for a moment")

        good = getattr(site.mail, method)
        setattr(site.mail, method, away)
        stream.say(b"a APPEND INBOX {3+}\r\nabc\r\nb NOOP\r\n")
        assert [b"a NO [UNAVAILABLE] The store is away for a moment", b"b OK NOOP completed"] == await stream.hear_until("b")
        setattr(site.mail, method, good)
        stream.say(b"a APPEND INBOX {3+}\r\nabc\r\n")
        assert b"a OK" in (await stream.hear_until("a"))[0]


async def test_a_defect_of_ours_is_told_and_logged() -> None:
    async with ImapSite() as site:
        stream = await site.session()

        async def mailboxes(*_: Any) -> Any:
            raise ZeroDivisionError

        site.mail.mailboxes = mailboxes
        with telemetry.capture() as seen:
            assert ["x NO [SERVERBUG] Something went wrong on our side"] == await ask(stream, 'LIST "" *')
        assert ["defect.found"] == [name for name, _ in seen]


async def test_a_message_with_nul_is_refused() -> None:
    async with ImapSite() as site:
        stream = await site.session()
        stream.say(b"a APPEND INBOX ~{3+}\r\na\0b {3+}\r\nabc\r\nb NOOP\r\n")
        lines = await stream.hear_until("b")
        assert lines[0].startswith(b"a NO [CANNOT]")
        assert 2 == len(lines)


async def test_over_quota_and_what_was_gathered_is_let_go() -> None:
    closed: list[int] = []

    class Spool:
        def __init__(self) -> None:
            self.octets = b""

        def write(self, octets: bytes | memoryview) -> None:
            self.octets += octets

        def finish(self) -> bytes:
            return self.octets

        def close(self) -> None:
            closed.append(1)

    async with ImapSite(spool=Spool) as site:
        site.mail.max_octets = 10
        stream = await site.session()
        stream.say(b"a APPEND INBOX {20+}\r\n" + b"x" * 20 + b"\r\n")
        assert b"a NO [OVERQUOTA] The account is full" == await stream.hear_line()
        stream.say(b"a APPEND INBOX {20+}\r\nxxxx")
        await asyncio.sleep(0.01)
        stream.leave()
        await asyncio.sleep(0.01)
        assert [1] == closed


# ------------------------------------------------------------------------------------------------------- the end
async def test_bound_failed_logins() -> None:
    async with ImapSite() as site:
        stream = site.connect()
        await stream.hear_line()
        for number in range(3):
            stream.say(b"a LOGIN alice wrong\r\n")
            assert b"a NO [AUTHENTICATIONFAILED]" in (await stream.hear_line() or b""), number
        assert b"* BYE Too many failed logins" == await stream.hear_line()
        assert await stream.hear_line() is None


async def test_bound_errors_end_the_session() -> None:
    async with ImapSite() as site:
        stream = site.connect()
        await stream.hear_line()
        stream.say(b"a BOGUS\r\n" * limits.IMAP_ERRORS)
        lines = [await stream.hear_line() for _ in range(limits.IMAP_ERRORS + 1)]
        assert b"* BYE Too many errors" == lines[-1]


class _Stub(MemoryStream):
    """Says what the driver waits for, and ends the wait."""

    def __init__(self, error: Exception) -> None:
        super().__init__(is_loopback=True)
        self.error = error
        self.timeouts: list[float] = []

    async def read(self, timeout_s: float) -> bytes:
        self.timeouts.append(timeout_s)
        if self._pending:
            return await super().read(timeout_s)
        raise self.error


@pytest.mark.parametrize(
    ("said", "timeout_s"), [(b"", limits.IMAP_LOGIN_TIMEOUT_S), (b"a LOGIN alice secret\r\n", limits.IMAP_IDLE_TIMEOUT_S),
                            (b"a LOGIN alice secret\r\nb SELECT INBOX\r\nc IDLE\r\n", limits.IMAP_IDLE_TIMEOUT_S)]
)  # fmt: skip
async def test_bounds_of_silence(said: bytes, timeout_s: float) -> None:
    async with ImapSite() as site:
        stream = _Stub(Silent("quiet"))
        stream.say(said)
        serve: Any = site.serve
        await serve(stream)
        assert timeout_s == pytest.approx(stream.timeouts[-1], abs=1.0)
        assert stream.written.endswith(b"* BYE Nothing was said for too long\r\n")
        assert stream.is_closed


async def test_talking_without_logging_in_is_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "IMAP_LOGIN_TIMEOUT_S", 0.05)
    async with ImapSite() as site:
        stream = site.connect()
        await stream.hear_line()
        async with asyncio.timeout(5):
            while not stream.is_closed:
                stream.say(b"a NOOP\r\n")
                await asyncio.sleep(0.01)
        assert b"BYE" in stream.written


async def test_the_server_stops() -> None:
    async with ImapSite() as site:
        idle, waiting, busy = await site.session(), await site.session(), await site.session()
        await ask(idle, "SELECT INBOX")
        idle.say(b"i IDLE\r\n")
        await idle.hear_line()
        for stream in (idle, waiting, busy):
            stream.is_draining = True
        for stream in (idle, waiting):
            stream.end_wait()
            assert b"* BYE [UNAVAILABLE] The server is about to stop" == await stream.hear_line()
            assert await stream.hear_line() is None
        assert ["x OK NOOP completed"] == await ask(busy, "NOOP")
        assert b"* BYE [UNAVAILABLE] The server is about to stop" == await busy.hear_line()


async def test_a_peer_that_vanishes_is_no_defect() -> None:
    async with ImapSite() as site:
        stream = _Stub(Gone("reset"))
        with telemetry.capture() as seen:
            serve: Any = site.serve
            await serve(stream)
        assert not [name for name, _ in seen if name == "defect.found"]


async def test_a_large_message_with_utf8_in_its_header() -> None:
    body = b"x" * 600_000
    async with ImapSite() as site:
        await put(site.mail, "Subject: Grüße\r\n\r\n".encode() + body)
        stream = await site.session()
        await ask(stream, "EXAMINE INBOX")
        made = b"Subject: =?utf-8?B?R3LDvMOfZQ==?=\r\n\r\n"
        stream.say(b"f FETCH 1 BODY[]\r\n")
        assert b"* 1 FETCH (BODY[] {%d}" % (len(made) + len(body)) == await stream.hear_line()
        while b"f OK" not in stream.written:
            await asyncio.sleep(0)
        assert made + body + b")\r\nf OK FETCH completed\r\n" == bytes(stream.written)


async def test_many_sections_of_one_message_are_not_held_together() -> None:
    body = b"0123456789" * 20_000
    async with ImapSite() as site:
        await put(site.mail, b"Subject: big\r\n\r\n" + body)
        stream = await site.session()
        await ask(stream, "EXAMINE INBOX")
        stream.say(b"f FETCH 1 (BODY[TEXT] BODY[TEXT]<0.199999> BODY[1] UID)\r\n")
        while b"f OK" not in stream.written:
            await asyncio.sleep(0)
        expected = b"* 1 FETCH (BODY[TEXT] {200000}\r\n%b BODY[TEXT]<0> {199999}\r\n%b BODY[1] {200000}\r\n%b UID 1)\r\nf OK FETCH completed\r\n"
        assert expected % (body, body[:-1], body) == bytes(stream.written)


async def test_a_part_that_cannot_be_decoded_is_left_out() -> None:
    async with ImapSite() as site:
        await put(site.mail, b"Content-Transfer-Encoding: x-odd\r\n\r\nabc\r\n")
        await put(site.mail)
        stream = await site.session()
        await ask(stream, "EXAMINE INBOX")
        lines = await ask(stream, "FETCH 1:2 (UID BINARY[1])")
        assert ["* 1 FETCH (UID 1)", "* 2 FETCH (UID 2 BINARY[1] {3}", "b", ")"] == lines[:4]
        assert "x NO [UNKNOWN-CTE] A part's transfer encoding is not known here" == lines[4]
