"""Filing for one account: identity, trace, loops, plus addresses."""

from typing import Any

import pytest
from tests.harness.smtp import ALICE, BOB, SmtpMail

from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId, OpId
from mailstead.model.message import Filed
from mailstead.service.delivery import Delivery, Received, header_of, written

MESSAGE = b"Message-ID: <1@x>\r\nSubject: hi\r\n\r\nbody\r\n"


async def file(mail: Any, octets: bytes = MESSAGE, account: AccountId = ALICE, **more: str) -> Filed:
    how = {"address": "alice@example.org", "detail": "", "reverse_path": "x@y", "forward_path": "alice@example.org"} | more
    return await Delivery(mail).file(Received.of(octets), account, trace=b"Received: from x\r\n", **how)


async def test_the_trace_stands_in_front() -> None:
    mail = SmtpMail()
    await file(mail)
    ((_, filing),) = mail.filings
    assert filing.prefix == b"Return-Path: <x@y>\r\nDelivered-To: alice@example.org\r\nReceived: from x\r\n"
    assert filing.octets == MESSAGE


@pytest.mark.parametrize(
    ("address", "expected"),
    [("", ""), ("a@b", "a@b"), ("a.b+c@d.example", "a.b+c@d.example"), ("ä@b", "ä@b"), ("a@[IPv6:::1]", "a@[IPv6:::1]"), ("a b@c", '"a b"@c'),
     ("a> x@c", '"a> x"@c'), ("a@b@c", '"a@b"@c'), ('a"\\@c', '"a\\"\\\\"@c'), (".a@c", '".a"@c'), ("a.@c", '"a."@c'), ("a..b@c", '"a..b"@c')],
)  # fmt: skip
async def test_addresses_are_quoted_where_they_must_be(address: str, expected: str) -> None:
    assert written(address) == expected
    mail = SmtpMail()
    await file(mail, reverse_path=address)
    ((_, filing),) = mail.filings
    assert filing.prefix.startswith(b"Return-Path: <" + expected.encode() + b">\r\n")


async def test_the_same_again_is_known_and_anything_else_is_not() -> None:
    mail = SmtpMail()
    first = await file(mail)
    again = await file(mail, forward_path="ALICE@example.org")
    assert (first.duplicate, again.duplicate, again.uid) == (False, True, first.uid)
    assert not (await file(mail, MESSAGE + b"more\r\n")).duplicate
    assert not (await file(mail, reverse_path="")).duplicate
    assert not (await file(mail, forward_path="sales@example.org")).duplicate
    assert not (await file(mail, account=BOB)).duplicate


async def test_without_message_id_nothing_is_a_repeat() -> None:
    mail = SmtpMail()
    for _ in range(2):
        assert not (await file(mail, b"Subject: alarm\r\n\r\nMessage-ID: <in the body>\r\n")).duplicate


@pytest.mark.parametrize("trace", [b"Delivered-To:  Alice@Example.org \r\n", b"X: y\r\nDELIVERED-TO :\r\n\talice@example.org\r\n"])
async def test_a_message_that_was_here_goes_no_further(trace: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        await file(SmtpMail(), trace + MESSAGE)
    assert refused.value.reason is Reason.MAIL_LOOP
    await file(SmtpMail(), b"Delivered-To: bob@example.org\r\n" + MESSAGE + b"Delivered-To: alice@example.org\r\n")


async def test_plus_files_into_a_mailbox_without_role() -> None:
    mail = SmtpMail()
    news = await mail.mailbox_create(ALICE, OpId(b"1"), ("News",))
    await mail.mailbox_create(ALICE, OpId(b"2"), ("a", "b"))
    inbox = await mail.mailbox(ALICE, ("INBOX",))
    assert inbox is not None
    for detail, mailbox in [("news", news), ("junk", inbox), ("sent", inbox), ("b", inbox), ("none", inbox), ("", inbox)]:
        assert (await file(mail, forward_path=f"alice+{detail}@example.org", detail=detail)).mailbox_id == mailbox.mailbox_id


def test_trace_is_counted_in_the_header_only() -> None:
    message = Received.of(b"Received: a\r\nRECEIVED: b\r\n\r\nReceived: c\r\n")
    assert message.hops == 2
    assert header_of(b"\r\nReceived: c\r\n\r\n") == b""
    assert header_of(b"A: b") == b"A: b"
