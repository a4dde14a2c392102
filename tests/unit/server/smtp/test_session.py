"""The driver: one write for a batch, answers after what is durable, faults, slow and impatient peers."""

import asyncio
import re
from typing import Any

import pytest
from tests.harness.memory_stream import MemoryStream
from tests.harness.smtp import ALICE, BOB, MESSAGE_OCTETS, MemorySpool, SmtpSite, over_quota

from mailstead import telemetry
from mailstead.model import limits
from mailstead.model.errors import DiskReserve, Reason, Refusal, Unavailable
from mailstead.net.errors import Draining, Gone, Silent
from mailstead.protocol.smtp.server import Mode
from mailstead.server.smtp.answers import REPLIES, verdict

HELLO = b"EHLO client.example\r\n"
TO_ALICE = b"MAIL FROM:<x@y.example>\r\nRCPT TO:<alice@example.org>\r\n"
LOGIN = HELLO + b"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n"
BODY = b"Subject: hi\r\n\r\nbody\r\n"


def codes(lines: list[str]) -> list[str]:
    return [line[:9] for line in lines if line[3:4] == " "]


async def test_the_answers_to_a_batch_leave_in_one_write() -> None:
    async with SmtpSite() as site:
        stream = site.connect()
        await stream.hear_line()
        writes: list[bytes] = []
        stream.write = lambda octets: writes.append(bytes(octets))  # type: ignore[method-assign]
        stream.say(HELLO + TO_ALICE + b"DATA\r\n")
        await asyncio.sleep(0.01)
        stream.say(BODY + b".\r\nNOOP\r\nRSET\r\nQUIT\r\n")
        await asyncio.gather(*site.tasks)
        assert [octets.count(b"\r\n") for octets in writes if octets] == [13, 4]


async def test_the_answer_comes_after_the_message_is_durable() -> None:
    async with SmtpSite() as site:
        gate = asyncio.Event()
        deliver = site.mail.deliver

        async def slow(account: Any, filing: Any) -> Any:
            await gate.wait()
            return await deliver(account, filing)

        site.mail.deliver = slow
        stream = site.connect()
        stream.say(HELLO + TO_ALICE + b"DATA\r\n" + BODY + b".\r\n")
        await asyncio.sleep(0.02)
        assert b"2.0.0" not in stream.written
        gate.set()
        await asyncio.sleep(0.02)
        assert b"250 2.0.0 Accepted" in stream.written
        assert len(site.filed()) == 1


@pytest.mark.parametrize("octets", [b"a\nb", b"a\rb", b"a\0b", b"\n.\nMAIL FROM:<evil@x>"])
@pytest.mark.parametrize("how", ["data", "bdat"])
async def test_unclean_messages_from_strangers_end_the_session(octets: bytes, how: str) -> None:
    async with SmtpSite() as site:
        message = b"Subject: x\r\n\r\n" + octets + b"\r\n"
        sent = b"DATA\r\n" + message + b".\r\n" if how == "data" else b"BDAT %d LAST\r\n%b" % (len(message), message)
        said = await site.talk(HELLO + TO_ALICE + sent + b"MAIL FROM:<x@y.example>\r\n")
        assert said[-1].startswith("550 5.5.2")
        assert not site.filed()


async def test_unclean_messages_of_users() -> None:
    async with SmtpSite(mode=Mode.SUBMISSION) as site:
        envelope = b"MAIL FROM:<alice@example.org>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n"
        said = await site.talk(
            LOGIN + envelope + b"Subject: x\n\nbare\n.\nlf\r\n.\r\n" + envelope + b"a\rb\r\n.\r\n" + envelope + b"a\0b\r\n.\r\nQUIT\r\n", tls=True
        )
        assert codes(said)[-9:] == [
            "250 2.1.0", "250 2.1.5", "354 End w", "550 5.5.2", "250 2.1.0", "250 2.1.5", "354 End w", "550 5.5.2", "221 2.0.0",
        ]  # fmt: skip
        (filed,) = site.filed(BOB)
        assert filed.endswith(b"\r\n\r\nbare\r\n.\r\nlf\r\n")


@pytest.mark.parametrize("how", ["data", "bdat"])
async def test_what_is_too_large_is_refused_at_its_end_and_never_held(how: str) -> None:
    async with SmtpSite() as site:
        stream = site.connect()
        message = (b"x" * 998 + b"\r\n") * (MESSAGE_OCTETS // 1000 + 1)
        stream.say(HELLO + TO_ALICE + (b"DATA\r\n" if how == "data" else b"BDAT %d LAST\r\n" % (len(message) * 10)))
        for _ in range(10):
            stream.say(message)
            await asyncio.sleep(0)
        stream.say((b".\r\n" if how == "data" else b"") + TO_ALICE + b"QUIT\r\n")
        await asyncio.gather(*site.tasks)
        said = stream.written.decode().splitlines()
        assert [line[:9] for line in said[-4:]] == ["552 5.3.4", "250 2.1.0", "250 2.1.5", "221 2.0.0"]


async def test_a_line_past_the_bound_is_refused() -> None:
    async with SmtpSite(message_octets=4 << 20) as site:
        long = b"x" * (limits.SMTP_TEXT_LINE + 10) + b"\r\n"
        site.spool_of = _Roomy
        said = await site.talk(HELLO + TO_ALICE + b"DATA\r\n" + long + b".\r\n" + TO_ALICE + b"DATA\r\n" + long[10:] + b".\r\nQUIT\r\n")
        assert codes(said)[-7:] == [
            "354 End w", "550 5.6.0", "250 2.1.0", "250 2.1.5", "354 End w", "250 2.0.0", "221 2.0.0",
        ]  # fmt: skip


class _Roomy(MemorySpool):
    def write(self, octets: bytes | memoryview) -> None:
        self.size += len(octets)
        self._pieces.append(bytes(octets))


async def test_a_spool_that_fails_is_a_temporary_failure_and_the_session_goes_on() -> None:
    async with SmtpSite() as site:

        class Full(MemorySpool):
            failing = Unavailable("There is no room for now")

        site.spool_of = Full
        said = await site.talk(HELLO + TO_ALICE + b"DATA\r\n" + BODY + b".\r\nNOOP\r\nQUIT\r\n")
        assert codes(said)[-3:] == ["451 4.3.0", "250 2.0.0", "221 2.0.0"]


@pytest.mark.parametrize(
    ("failure", "code"),
    [(Unavailable("x"), "451 4.3.0"), (DiskReserve("x"), "452 4.3.1"), (over_quota(), "452 4.2.2"), (RuntimeError("defect"), "451 4.3.0"),
     (Refusal(Reason.ACCOUNT_SUSPENDED, "x"), "550 5.2.1")],
)  # fmt: skip
async def test_failures_at_the_end(failure: Exception, code: str) -> None:
    async with SmtpSite() as site:
        site.mail.failing[ALICE] = failure
        said = await site.talk(HELLO + TO_ALICE + b"DATA\r\n" + BODY + b".\r\nQUIT\r\n")
        assert codes(said)[-2:] == [code, "221 2.0.0"]


async def test_lmtp_answers_for_each_recipient() -> None:
    async with SmtpSite(mode=Mode.LMTP) as site:
        site.mail.failing[BOB] = over_quota()
        said = await site.talk(
            b"LHLO a\r\n" + TO_ALICE + b"RCPT TO:<bob@example.org>\r\nRCPT TO:<alice@example.org>\r\nRCPT TO:<nobody@example.org>\r\nDATA\r\n" + BODY + b".\r\nQUIT\r\n"
        )
        assert codes(said)[-4:] == ["250 2.0.0", "452 4.2.2", "250 2.0.0", "221 2.0.0"]
        assert len(site.filed()) == 1


def test_one_verdict_for_many_recipients() -> None:
    gone, full, down = Refusal(Reason.ACCOUNT_SUSPENDED, "x"), over_quota(), Unavailable("x")
    assert verdict([None, None]).startswith(b"250 ")
    assert verdict([None, gone]).startswith(b"451 4.2.1")
    assert verdict([gone, gone]).startswith(b"550 5.2.1")
    assert verdict([gone, down]).startswith(b"451 4.3.0")
    assert verdict([None, full]).startswith(b"452 4.2.2")


def test_every_refusal_has_an_answer() -> None:
    assert set(REPLIES) == set(Reason)
    assert all(str(code)[0] == status[0] for code, status in REPLIES.values())


async def test_a_banned_host_is_sent_away() -> None:
    async with SmtpSite() as site:
        assert (await site.talk(HELLO, host="203.0.113.9"))[0].startswith("421 4.7.0")


async def test_whoever_tries_out_addresses_waits_and_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr("mailstead.server.smtp.session.asyncio.sleep", sleep)
    async with SmtpSite() as site:
        said = await site.talk(HELLO + b"MAIL FROM:<x@y.example>\r\n" + b"RCPT TO:<nobody@example.org>\r\n" * 100)
        assert codes(said).count("550 5.1.1") == limits.SMTP_ERRORS
        assert waits.count(limits.AUTH_TARPIT_S) > 10


@pytest.mark.parametrize(("to", "code"), [(b"alice", "452 4.5.3"), (b"full", "452 4.2.2")])
async def test_what_is_no_guessing_is_answered_at_once(to: bytes, code: str) -> None:
    async with SmtpSite() as site:
        rcpt = b"RCPT TO:<" + to + b"@example.org>\r\n"
        said = codes(await site.talk(HELLO + b"MAIL FROM:<x@y.example>\r\n" + rcpt * (limits.SMTP_RECIPIENTS + 30)))
    assert said[-30:] == [code] * 30


async def test_a_connection_has_so_many_transactions() -> None:
    async with SmtpSite() as site:
        said = await site.talk(HELLO + b"MAIL FROM:<x@y.example>\r\nRSET\r\n" * (limits.SMTP_TRANSACTIONS + 1))
        assert codes(said)[-1] == "421 4.7.0"
        assert codes(said).count("250 2.1.0") == limits.SMTP_TRANSACTIONS


@pytest.mark.parametrize(("mode", "most"), [(Mode.MX, limits.SMTP_RECIPIENTS), (Mode.SUBMISSION, limits.SMTP_SUBMISSION_RECIPIENTS)])
async def test_a_transaction_has_so_many_recipients(mode: Mode, most: int) -> None:
    async with SmtpSite(mode=mode) as site:
        start = LOGIN + b"MAIL FROM:<alice@example.org>\r\n" if mode is Mode.SUBMISSION else HELLO + b"MAIL FROM:<>\r\n"
        said = codes(await site.talk(start + b"RCPT TO:<bob@example.org>\r\n" * (most + 1), tls=mode is Mode.SUBMISSION))
        assert said.count("250 2.1.5") == most
        assert said[-1] == "452 4.5.3"


class _Ends(MemoryStream):
    """A peer that says something and then fails."""

    def __init__(self, said: bytes, end: Exception) -> None:
        super().__init__()
        self.waits: list[float] = []
        self._said, self._end = said, end

    async def read(self, timeout_s: float) -> bytes:
        self.waits.append(timeout_s)
        if self._said:
            octets, self._said = self._said, b""
            return octets
        raise self._end


@pytest.mark.parametrize(
    ("end", "last"), [(Silent("x"), "421 4.4.2"), (Draining("x"), "421 4.3.2"), (Gone("x"), "354 End w"), (RuntimeError("defect"), "421 4.3.0")]
)
async def test_ends(end: Exception, last: str) -> None:
    site = SmtpSite()
    stream = _Ends(HELLO + TO_ALICE + b"DATA\r\nhalf", end)
    await site.serve(stream)
    assert codes(stream.written.decode().splitlines())[-1] == last
    assert stream.waits == [limits.SMTP_COMMAND_TIMEOUT_S, limits.SMTP_DATA_TIMEOUT_S]
    assert not site.filed()


async def test_what_was_said_before_tls_is_forgotten() -> None:
    async with SmtpSite(mode=Mode.SUBMISSION) as site:
        stream = site.connect(is_loopback=True)
        stream.say(LOGIN + b"STARTTLS\r\nMAIL FROM:<alice@example.org>\r\n")
        await asyncio.sleep(0.02)
        stream.written.clear()
        stream.say(HELLO + b"MAIL FROM:<alice@example.org>\r\nQUIT\r\n")
        await asyncio.gather(*site.tasks)
        assert codes(stream.written.decode().splitlines())[-2:] == ["530 5.7.0", "221 2.0.0"]


@pytest.mark.parametrize(
    ("hello", "mail", "how", "expected"),
    [
        (b"EHLO a.example", b"", {}, b"from a.example ([192.0.2.1])\r\n\tby mx.example.org with ESMTP;"),
        (b"HELO a;b(c", b"", {}, b"from unknown ([192.0.2.1])\r\n\tby mx.example.org with SMTP;"),
        (b"EHLO \xff", b"", {}, b"from unknown "), (b"EHLO [IPv6:2001:db8::2]", b"", {"host": "2001:db8::2"}, b"from [IPv6:2001:db8::2] ([IPv6:2001:db8::2])"),
        (b"EHLO a", b"", {"host": "unix"}, b"from a\r\n\tby mx.example.org with ESMTP;"), (b"EHLO a", b" SMTPUTF8", {}, b"with UTF8SMTP;"), (b"EHLO a", b"", {"tls": True}, b"with ESMTPS (TLSv1.3 TLS_AES_128_GCM_SHA256);"),
    ],
)  # fmt: skip
async def test_the_received_line(hello: bytes, mail: bytes, how: dict[str, Any], expected: bytes) -> None:
    async with SmtpSite() as site:
        await site.talk(hello + b"\r\n" + TO_ALICE.replace(b">\r\n", b">" + mail + b"\r\n", 1) + b"DATA\r\n" + BODY + b".\r\nQUIT\r\n", **how)
        (filed,) = site.filed()
        assert b"\r\nReceived: " in filed
        assert expected in filed


async def test_every_decision_is_an_event_with_its_reason() -> None:
    with telemetry.capture() as events:
        async with SmtpSite() as site:
            await site.talk(HELLO + TO_ALICE + b"RCPT TO:<nobody@example.org>\r\nDATA\r\n" + BODY + b".\r\n" + TO_ALICE + b"DATA\r\na\nb\r\n.\r\n")
    names = [name for name, _ in events]
    assert names == ["recipient.refused", "message.filed", "message.accepted", "message.refused"]
    assert all(fields["reason"] for _, fields in events)
    assert "smuggling" in str(events[-1][1]["reason"])


@pytest.mark.parametrize(
    ("mode", "sent", "how", "expected"),
    [
        (Mode.MX, HELLO, {"host": "203.0.113.9"}, ("connection.refused", "banned for guessing")),
        (Mode.MX, HELLO + b"MAIL FROM:<x@y.example> SIZE=999999999\r\n", {}, ("sender.refused", "A message may have at most")),
        (Mode.SUBMISSION, LOGIN + b"MAIL FROM:<bob@example.org>\r\n", {"tls": True}, ("sender.refused", "bob@example.org is not")),
        (Mode.MX, b"BOGUS\r\n" * limits.SMTP_ERRORS, {}, ("connection.refused", "Too many errors")),
        (Mode.MX, b"NOOP\r\n" * 300, {}, ("connection.refused", "Too many commands")),
        (Mode.MX, HELLO + b"MAIL FROM:<>\r\nRSET\r\n" * 99 + b"BDAT x\r\n", {}, ("connection.refused", "Say BDAT")),
    ],
)  # fmt: skip
async def test_whoever_is_sent_away_is_an_event(mode: Mode, sent: bytes, how: dict[str, Any], expected: tuple[str, str]) -> None:
    with telemetry.capture() as events:
        async with SmtpSite(mode=mode) as site:
            await site.talk(sent, **how)
    name, fields = events[-1]
    assert name == expected[0]
    assert str(fields["reason"]).startswith(expected[1])


async def test_a_refused_message_is_told_once_for_each_recipient() -> None:
    with telemetry.capture() as events:
        async with SmtpSite() as site:
            site.mail.failing[ALICE] = over_quota()
            await site.talk(HELLO + TO_ALICE + b"DATA\r\n" + BODY + b".\r\nQUIT\r\n")
    assert [name for name, _ in events] == ["message.refused"]


@pytest.mark.parametrize(("first", "again"), [(b"", b"NOOP\r\n"), (HELLO + b"AUTH PLAIN\r\n", b"x")])
async def test_a_user_logs_in_in_time_however_often_it_speaks(monkeypatch: pytest.MonkeyPatch, first: bytes, again: bytes) -> None:
    monkeypatch.setattr("mailstead.server.smtp.session._LOGIN_WITHIN_S", 0.05)
    with telemetry.capture() as events:
        async with SmtpSite(mode=Mode.SUBMISSION) as site:
            stream = site.connect(tls=True)
            stream.say(first)
            async with asyncio.timeout(5):
                while not stream.is_closed:
                    stream.say(again)
                    await asyncio.sleep(0.01)
            assert codes(stream.written.decode().splitlines())[-1] == "421 4.4.2"
            assert ("connection.refused", "no login in time") in [(name, fields["reason"]) for name, fields in events]
            stream = site.connect(tls=True)
            stream.say(LOGIN)
            await asyncio.sleep(0.1)
            stream.say(b"NOOP\r\nQUIT\r\n")
            await asyncio.gather(*site.tasks)
            assert codes(stream.written.decode().splitlines())[-2:] == ["250 2.0.0", "221 2.0.0"]


@pytest.mark.parametrize("then", [b"BDAT 0 LAST\r\n", b"RSET\r\n", b""])
async def test_a_chunk_that_was_not_kept_is_not_confirmed(then: bytes) -> None:
    with telemetry.capture() as events:
        async with SmtpSite() as site:
            chunk = b"x" * 998 + b"\r\n"
            many = b"BDAT %d\r\n%b" % (len(chunk) * 150, chunk * 150)
            said = codes(await site.talk(HELLO + TO_ALICE + many + many + b"BDAT 3\r\nabc" + then))
    last = {b"B": ["552 5.3.4"], b"R": ["250 2.0.0"], b"": []}[then[:1]]
    assert said[-3 - len(last) :] == ["250 2.0.0", "552 5.3.4", "552 5.3.4", *last]
    assert [name for name, _ in events] == ["message.refused"]


@pytest.mark.parametrize(("mode", "hello", "is_kept"), [(Mode.MX, b"EHLO", False), (Mode.LMTP, b"LHLO", True)])
async def test_only_neighbours_may_say_in_our_name_how_a_message_was_authenticated(mode: Mode, hello: bytes, is_kept: bool) -> None:
    """RFC 8601 §5: LMTP comes from within."""
    field = b"Authentication-Results: mx.example.org; dkim=pass header.d=bank.example\r\n"
    async with SmtpSite(mode=mode) as site:
        await site.talk(hello + b" there.example\r\nMAIL FROM:<a@there.example>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\n" + field + b"Subject: x\r\n\r\nx\r\n.\r\nQUIT\r\n")
        (filed,) = site.filed()
    assert is_kept is (field in filed)
    assert filed.endswith(b"Subject: x\r\n\r\nx\r\n")


async def test_the_received_line_names_the_priority() -> None:
    """A clause of RFC 6710."""
    async with SmtpSite(mode=Mode.SUBMISSION) as site:
        said = b"MAIL FROM:<alice@example.org> MT-PRIORITY=4\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nSubject: x\r\n\r\nx\r\n.\r\nQUIT\r\n"
        await site.talk(LOGIN + said, tls=True)
        (filed,) = site.filed(BOB)
    assert re.search(rb"\tby mx.example.org with ESMTPSA \(TLSv1.3 [A-Z0-9_]+\)\r\n\tpriority 4;\r\n\t", filed)
