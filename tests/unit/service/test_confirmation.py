"""NOTIFY=SUCCESS for mail that was filed here."""

import pytest
from tests.harness.smtp import ALICE, BOB, SmtpSite

from mailstead.model.address import Address
from mailstead.model.errors import Unavailable
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
