"""NOTIFY=SUCCESS for mail that was filed here."""

from typing import Any

import pytest
from tests.harness.smtp import ALICE, BOB, SmtpSite

from mailstead import telemetry
from mailstead.model.address import Address
from mailstead.model.dns import Answer, RecordType
from mailstead.model.errors import Unavailable
from mailstead.model.ids import TenantId
from mailstead.model.question import Principal
from mailstead.service.proof import Came
from mailstead.service.reception import Outcome

MESSAGE = b"From: x@y.example\r\nMessage-ID: <1@x>\r\nSubject: hi\r\n\r\nbody\r\n"


async def take(site: SmtpSite, sender: Address | None, *to: str, notify: str = "SUCCESS") -> list[Outcome]:
    transaction = await site.reception.begin(sender, None, declared_octets=0, options={"envid": "E1"})
    for one in to:
        await site.reception.add(transaction, Address(*one.split("@")), {"notify": notify})
    return await site.reception.take(transaction, MESSAGE, b"")


async def test_an_author_of_this_site_finds_it_in_the_inbox_once() -> None:
    site = SmtpSite()
    for _ in range(2):
        assert await take(site, Address("alice", "example.org"), "bob@example.org", "bob+x@example.org") == [None, None]
    (notice,) = site.filed(ALICE)
    assert notice.startswith(b"Return-Path: <>\r\n")
    assert b"Action: delivered" in notice
    assert b"Original-Envelope-Id: E1" in notice
    assert notice.count(b"Final-Recipient:") == 2
    assert b"Subject: hi" in notice
    assert b"body" not in notice


async def test_an_author_elsewhere_gets_it_through_the_queue() -> None:
    site = SmtpSite()
    await take(site, Address("x", "y.example"), "bob@example.org")
    (row,) = site.outbox.rows.values()
    assert (row.reverse_path, row.forward_path, row.account_id, row.options["notify"]) == ("", "x@y.example", BOB, "NEVER")


async def test_of_a_group_with_somebody_elsewhere_one_notice_says_that_it_was_expanded() -> None:
    """RFC 3461 §5.2.7.3 c: what goes on asks for no notice of success."""
    site = SmtpSite()
    transaction = await site.reception.begin(Address("bob", "example.org"), Principal(BOB, TenantId(1), "bob", "bob@example.org"), declared_octets=0, options={})
    await site.reception.add(transaction, Address("press", "example.org"), {"notify": "FAILURE,SUCCESS"})
    for _ in range(2):
        assert await site.reception.take(transaction, MESSAGE.replace(b"x@y.example", b"bob@example.org"), b"") == [None]
    (notice,) = site.filed(BOB)
    assert b"Action: expanded" in notice
    assert b"Final-Recipient: rfc822; press@example.org" in notice
    assert b"elsewhere.example" not in notice
    (row,) = site.outbox.rows.values()
    assert ("someone@elsewhere.example", "FAILURE") == (row.forward_path, row.options["notify"])
    assert len(site.filed(ALICE)) == 1


@pytest.mark.parametrize(("sender", "notify"), [(None, "SUCCESS"), (Address("alice", "example.org"), "NEVER"), (Address("alice", "example.org"), "FAILURE")])
async def test_nobody_else_is_told(sender: Address | None, notify: str) -> None:
    site = SmtpSite()
    await take(site, sender, "bob@example.org", notify=notify)
    assert not site.filed(ALICE)
    assert not site.outbox.rows


async def test_without_a_way_out_it_is_not_promised_and_not_sent() -> None:
    async with SmtpSite(can_send_out=False) as site:
        assert not any("DSN" in line for line in await site.talk(b"EHLO a\r\n"))
        await take(site, Address("x", "y.example"), "bob@example.org")
        assert not site.outbox.rows


async def test_what_failed_is_not_confirmed_and_a_lost_notice_harms_nobody() -> None:
    site = SmtpSite()
    site.mail.failing[BOB] = Unavailable("x")
    await take(site, Address("alice", "example.org"), "bob@example.org")
    assert not site.filed(ALICE)
    site.mail.failing = {ALICE: Unavailable("x")}
    assert await take(site, Address("alice", "example.org"), "bob@example.org") == [None]


class Names:
    """y.example says that 192.0.2.1 may send for it."""

    async def ask(self, name: str, kind: RecordType) -> Answer[bytes]:
        return Answer(name, (b"v=spf1 ip4:192.0.2.1 -all",) if (name, kind) == ("y.example", RecordType.TXT) else ())


@pytest.mark.parametrize(("sender", "came", "principal", "is_told"), [
    (Address("x", "y.example"), Came("192.0.2.1", "mx.y.example"), None, True), (Address("x", "y.example"), Came("192.0.2.2", "mx.y.example"), None, False),
    (Address("x", "y.example"), None, None, False), (Address("x", "z.example"), Came("192.0.2.1", "mx.y.example"), None, False),
    (Address("alice", "example.org"), Came("192.0.2.2", "x"), None, True), (Address("alice", "example.org"), None, Principal(ALICE, TenantId(1), "alice", "alice@example.org"), True),
])  # fmt: skip
async def test_strangers_hear_only_if_they_are_proved(sender: Address, came: Came | None, principal: Principal | None, is_told: bool) -> None:
    """No backscatter: MAIL may name anybody."""
    site = SmtpSite()
    lookups: Any = Names()
    site.reception._confirmation._lookups = lookups
    transaction = await site.reception.begin(sender, principal, declared_octets=0, options={}, came=came)
    await site.reception.add(transaction, Address("bob", "example.org"), {"notify": "SUCCESS"})
    with telemetry.capture() as events:
        assert [None] == await site.reception.take(transaction, MESSAGE.replace(b"x@y.example", str(sender).encode()), b"")
    assert is_told is bool(site.outbox.rows or site.filed(ALICE))
    assert is_told is ("notice.kept" not in [name for name, _ in events])
