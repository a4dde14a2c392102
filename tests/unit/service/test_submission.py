"""What the submission agent mends, and whom it lets speak for whom."""

import pytest
from tests.harness.fake_mail import NOW_MS
from tests.harness.smtp import ALICE, FakeDirectory

from mailstead.mime import header
from mailstead.model import limits
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import TenantId
from mailstead.model.question import Principal
from mailstead.service import submission

PRINCIPAL = Principal(ALICE, TenantId(1), "alice", "alice@example.org")
WHOLE = b"From: alice@example.org\r\nDate: Tue, 14 Nov 2023 22:13:20 +0000\r\nMessage-ID: <1@x>\r\n\r\nbody\r\n"


async def prepared(octets: bytes) -> bytes:
    directory: object = FakeDirectory()
    done = await submission.prepared(
        octets, PRINCIPAL, directory, hostname="mx.example.org", now_ms=NOW_MS, new_id=lambda: 36 * 36 + 1,  # type: ignore[arg-type]
    )  # fmt: skip
    return done[:]


async def test_a_whole_message_stays_as_it_is() -> None:
    assert await prepared(WHOLE) == WHOLE


async def test_what_is_missing_is_added() -> None:
    assert await prepared(b"Subject: x\r\n\r\nbody\r\n") == (
        b"From: <alice@example.org>\r\nDate: Tue, 14 Nov 2023 22:13:20 +0000\r\nMessage-ID: <101@mx.example.org>\r\nSubject: x\r\n\r\nbody\r\n"
    )


@pytest.mark.parametrize("octets", [b"just text\r\n", b"\r\njust text\r\n"])
async def test_text_without_header_gets_one(octets: bytes) -> None:
    done = await prepared(octets)
    head, _, body = done.partition(b"\r\n\r\n")
    assert [name for name, _ in header.fields(head + b"\r\n")] == [b"From", b"Date", b"Message-ID"]
    assert body == b"just text\r\n"


async def test_bcc_does_not_leave() -> None:
    octets = WHOLE.replace(b"Date", b"bCC: a@b,\r\n c@d\r\nReturn-Path: <x>\r\nResent-Bcc: a@b\r\nDate")
    assert await prepared(octets) == WHOLE


async def test_bare_lf_is_mended() -> None:
    assert await prepared(WHOLE.replace(b"\r\n", b"\n")) == WHOLE
    assert await prepared(WHOLE.replace(b"body\r\n", b"\n.\nbody\n")) == WHOLE.replace(b"body", b"\r\n.\r\nbody")


@pytest.mark.parametrize(
    "value",
    [b"sales@example.org", b"A <alice+tag@EXAMPLE.ORG>", b"boss@corp <alice@example.org>", b'"boss@corp" <alice@example.org>', b"alice@example.org, sales@example.org"],
)  # fmt: skip
async def test_own_addresses_may_speak(value: bytes) -> None:
    octets = WHOLE.replace(b"alice@example.org", value)
    assert await prepared(octets) == octets


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (b"From: bob@example.org", Reason.SENDER_NOT_OWNED), (b"From: alice@example.org <bob@example.org>", Reason.SENDER_NOT_OWNED),
        (b"From: alice@example.org, bob@example.org", Reason.SENDER_NOT_OWNED), (b"From: team@example.org", Reason.SENDER_NOT_OWNED),
        (b"From: alice@example.org\r\nFrom: x@elsewhere.example", Reason.SENDER_NOT_OWNED), (b"From : bob@example.org", Reason.SENDER_NOT_OWNED),
        (b"fROM:\r\n bob@example.org", Reason.SENDER_NOT_OWNED), (b"From: alice@example.org\r\nSender: bob@example.org", Reason.SENDER_NOT_OWNED),
        (b"From: group: bob@example.org;", Reason.SENDER_NOT_OWNED), (b"From: boss", Reason.BAD_CONTENT), (b"From:", Reason.BAD_CONTENT),
        (b"From: alice@example.org, boss", Reason.BAD_CONTENT), (b"From: boss <boss>, alice@example.org", Reason.BAD_CONTENT),
        (b" From: boss@corp.example\r\nSubject: x\r\nFrom: alice@example.org", Reason.BAD_CONTENT),
        (b"From: undisclosed:;", Reason.BAD_CONTENT), (b"From: " + b"alice@example.org," * limits.MIME_ADDRESSES + b"bob@example.org", Reason.BAD_CONTENT),
        (b"X: y\r\n" * limits.MIME_HEADER_FIELDS + b"From: bob@example.org", Reason.BAD_CONTENT),
        (b"X: " + b"y" * limits.MIME_HEADER_BLOCK + b"\r\nFrom: bob@example.org", Reason.BAD_CONTENT),
    ],
)  # fmt: skip
async def test_others_do_not(fields: bytes, reason: Reason) -> None:
    with pytest.raises(Refusal) as refused:
        await prepared(WHOLE.replace(b"From: alice@example.org", fields))
    assert refused.value.reason is reason
