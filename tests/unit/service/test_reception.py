"""Who may send to whom, and what is durable before the answer."""

import asyncio
from typing import Any

import pytest
from tests.harness.smtp import ALICE, BOB, FULL, MESSAGE_OCTETS, SmtpSite, over_quota

from mailstead import telemetry
from mailstead.model import limits
from mailstead.model.address import Address
from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.model.ids import TenantId
from mailstead.model.question import Principal
from mailstead.service.proof import Came
from mailstead.service.reception import Transaction

PRINCIPAL = Principal(ALICE, TenantId(1), "alice", "alice@example.org")
MESSAGE = b"From: alice@example.org\r\nMessage-ID: <1@x>\r\n\r\nbody\r\n"
SENDER = Address("alice", "example.org")


def address(text: str) -> Address:
    local, _, domain = text.rpartition("@")
    return Address(local, domain) if local else Address(domain, "")


async def begun(site: SmtpSite, *to: str, principal: Principal | None = None, sender: Address | None = SENDER, octets: int = 0) -> Transaction:
    transaction = await site.reception.begin(sender, principal, declared_octets=octets, options={"ret": "HDRS"})
    for one in to:
        await site.reception.add(transaction, address(one), {"notify": "NEVER"})
    return transaction


async def refused(what: Any) -> Reason:
    with pytest.raises(Refusal) as caught:
        await what
    return caught.value.reason


async def test_a_local_recipient_is_filed() -> None:
    site = SmtpSite()
    assert await site.reception.take(await begun(site, "Alice@EXAMPLE.org"), MESSAGE, b"Received: x\r\n") == [None]
    assert site.filed() == [b"Return-Path: <alice@example.org>\r\nDelivered-To: alice@example.org\r\nReceived: x\r\n" + MESSAGE]


async def test_postmaster_needs_no_domain() -> None:
    site = SmtpSite()
    await site.reception.take(await begun(site, "postmaster", sender=None), MESSAGE, b"")
    assert len(site.filed()) == 1


@pytest.mark.parametrize("to", ["postmaster", "PostMaster@example.org", "postmaster@MX.example.org"])
async def test_postmaster_is_an_administrator_where_nobody_has_that_name(to: str) -> None:
    """RFC 5321 §4.5.1: mail for it is always taken."""
    site = SmtpSite()
    site.directory.unknown = {"postmaster"}
    assert await refused(begun(site, to)) is Reason.NO_SUCH_RECIPIENT
    site = SmtpSite()
    site.directory.unknown = {"postmaster"}
    site.directory.admins = {BOB, FULL}
    for _ in range(2):
        assert await site.reception.take(await begun(site, to, sender=None), MESSAGE, b"") == [None]
    assert [octets.split(b"\r\n")[1] for octets in site.filed(BOB)] == [b"Delivered-To: bob@example.org"]
    site = SmtpSite()
    site.directory.unknown, site.directory.admins, site.directory.suspended = {"postmaster"}, {BOB}, {BOB}
    assert await refused(begun(site, to)) is Reason.NO_SUCH_RECIPIENT


@pytest.mark.parametrize("reason", [Reason.ACCOUNT_SUSPENDED, Reason.MAIL_LOOP])
async def test_a_group_that_was_reached_does_not_fail_for_a_member_that_never_can(reason: Reason) -> None:
    site = SmtpSite()
    site.mail.failing = {ALICE: Refusal(reason, "no")}
    with telemetry.capture() as events:
        assert await site.reception.take(await begun(site, "team@example.org"), MESSAGE, b"") == [None]
    assert [(fields["account"], fields["reason"]) for name, fields in events if name == "message.refused"] == [(ALICE, "no")]
    site.mail.failing[BOB] = Refusal(reason, "no")
    (outcome,) = await site.reception.take(await begun(site, "team@example.org"), MESSAGE.replace(b"<1", b"<2"), b"")
    assert isinstance(outcome, Refusal)


async def test_groups_reach_everybody_and_repeated_recipients_are_filed_once() -> None:
    site = SmtpSite()
    outcomes = await site.reception.take(await begun(site, "team@example.org", "bob@example.org", "BOB@example.org"), MESSAGE, b"")
    assert outcomes == [None] * 3
    assert len(site.filed(ALICE)) == 1
    assert sorted(octets.split(b"\r\n")[1] for octets in site.filed(BOB)) == [b"Delivered-To: bob@example.org", b"Delivered-To: team@example.org"]


async def test_all_recipients_are_filed_at_once() -> None:
    site = SmtpSite()
    inside, most = 0, 0
    deliver = site.mail.deliver

    async def slow(account: Any, filing: Any) -> Any:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0.01)
        inside -= 1
        return await deliver(account, filing)

    site.mail.deliver = slow
    await site.reception.take(await begun(site, "alice@example.org", "bob@example.org", "sales@example.org"), MESSAGE, b"")
    assert most == 3


@pytest.mark.parametrize(
    ("to", "principal", "reason"),
    [
        ("nobody@example.org", None, Reason.NO_SUCH_RECIPIENT), ("x@elsewhere.example", None, Reason.RELAY_DENIED), ("away@example.org", None, Reason.RELAY_DENIED),
        ("full@example.org", None, Reason.OVER_QUOTA), ("bob@example.org", None, Reason.ACCOUNT_SUSPENDED), ("x@[192.0.2.1]", None, Reason.RELAY_DENIED),
    ],
)  # fmt: skip
async def test_recipients_that_are_refused(to: str, principal: Principal | None, reason: Reason) -> None:
    site = SmtpSite()
    site.directory.suspended.add(BOB)
    assert await refused(begun(site, to, principal=principal)) is reason


async def test_a_site_without_way_out_says_so() -> None:
    site = SmtpSite(can_send_out=False)
    with pytest.raises(Refusal, match="smarthost"):
        await begun(site, "x@elsewhere.example", principal=PRINCIPAL)


async def test_room_is_looked_at_with_the_declared_size() -> None:
    site = SmtpSite()
    site.directory.quota_of = {ALICE: 1_000}

    async def quota(account: Any) -> Any:
        return type("Q", (), {"used_octets": 500, "used_messages": 1, "max_octets": 1_000, "max_messages": 0})

    site.mail.quota = quota
    await begun(site, "alice@example.org", octets=500)
    assert await refused(begun(site, "alice@example.org", octets=501)) is Reason.OVER_QUOTA


async def test_the_size_declared_and_senders_of_others_are_refused() -> None:
    site = SmtpSite()
    assert await refused(begun(site, octets=MESSAGE_OCTETS + 1)) is Reason.TOO_LARGE
    assert await refused(begun(site, principal=PRINCIPAL, sender=Address("bob", "example.org"))) is Reason.SENDER_NOT_OWNED
    await begun(site, principal=PRINCIPAL, sender=None)
    await begun(site, principal=PRINCIPAL, sender=Address("alice+x", "example.org"))


@pytest.mark.parametrize(("principal", "most"), [(None, limits.SMTP_RECIPIENTS), (PRINCIPAL, limits.SMTP_SUBMISSION_RECIPIENTS)])
async def test_a_transaction_has_so_many_recipients(principal: Principal | None, most: int) -> None:
    site = SmtpSite()
    transaction = await begun(site, *["alice@example.org"] * most, principal=principal)
    assert await refused(site.reception.add(transaction, Address("alice", "example.org"), {})) is Reason.TOO_MANY


async def test_a_message_that_goes_round_is_refused() -> None:
    site = SmtpSite()
    hop = b"Received: from x\r\n"
    assert await site.reception.take(await begun(site, "alice@example.org"), hop * limits.SMTP_RECEIVED_HOPS + MESSAGE, b"") == [None]
    taking = site.reception.take(await begun(site, "alice@example.org"), hop * (limits.SMTP_RECEIVED_HOPS + 1) + MESSAGE, b"")
    assert await refused(taking) is Reason.MAIL_LOOP


async def test_a_user_sends_to_the_world_through_the_queue() -> None:
    site = SmtpSite()
    transaction = await begun(site, "x@elsewhere.example", "bob@example.org", "away@example.org", principal=PRINCIPAL)
    assert await site.reception.take(transaction, MESSAGE, b"Received: x\r\n") == [None] * 3
    rows = list(site.outbox.rows.values())
    assert [row.forward_path for row in rows] == ["x@elsewhere.example", "someone@elsewhere.example"]
    assert rows[0].options == {"ret": "HDRS", "notify": "NEVER"}
    (octets,) = site.outbox.messages.values()
    assert octets.startswith(b"Received: x\r\n")
    assert octets.endswith(MESSAGE)
    assert len(site.filed(BOB)) == 1


async def test_a_retry_is_filed_and_queued_once_although_date_is_added_anew() -> None:
    site = SmtpSite()
    for _ in range(2):
        transaction = await begun(site, "x@elsewhere.example", "bob@example.org", principal=PRINCIPAL)
        assert await site.reception.take(transaction, MESSAGE, b"Received: x\r\n") == [None] * 2
    assert (len(site.outbox.rows), len(site.filed(BOB))) == (1, 1)


@pytest.mark.parametrize("failure", [Unavailable("later"), over_quota()])
async def test_nothing_leaves_while_a_local_recipient_fails(failure: Exception) -> None:
    site = SmtpSite()
    site.mail.failing[BOB] = failure
    transaction = await begun(site, "x@elsewhere.example", "bob@example.org", "alice@example.org", principal=PRINCIPAL)
    outcomes = await site.reception.take(transaction, MESSAGE, b"")
    assert outcomes == [None, failure, None]
    assert not site.outbox.rows
    assert len(site.filed(ALICE)) == 1


async def test_a_group_fails_for_now_when_one_member_does() -> None:
    site = SmtpSite()
    site.mail.failing = {ALICE: over_quota(), BOB: Unavailable("later")}
    (outcome,) = await site.reception.take(await begun(site, "team@example.org"), MESSAGE, b"")
    assert isinstance(outcome, Unavailable)


async def test_a_queue_that_cannot_be_written_is_no_acceptance() -> None:
    site = SmtpSite()
    site.outbox.failing = Unavailable("disk")
    with pytest.raises(Unavailable):
        await site.reception.take(await begun(site, "x@elsewhere.example", principal=PRINCIPAL), MESSAGE, b"")


BEFORE = b"Received: by evil.example\r\n"
AFTER = b"Authentication-Results: evil.example; none\r\n"
FORGED = BEFORE + b"Authentication-Results: mx.example.org;\r\n\tdkim=pass header.d=bank.example\r\n" + AFTER


async def test_nobody_outside_speaks_in_our_name() -> None:
    """RFC 8601 §5; the retry of the same octets is still known."""
    site = SmtpSite()
    with telemetry.capture() as events:
        for _ in range(2):
            transaction = await site.reception.begin(SENDER, None, declared_octets=0, options={}, came=Came("192.0.2.1", "there.example"))
            await site.reception.add(transaction, address("alice@example.org"), {})
            assert [None] == await site.reception.take(transaction, FORGED + MESSAGE, b"")
    (filed,) = site.filed()
    assert filed.endswith(b"Delivered-To: alice@example.org\r\n" + BEFORE + AFTER + MESSAGE)
    assert 2 == [name for name, _ in events].count("results.removed")


async def test_neighbours_and_users_are_left_as_they_are() -> None:
    site = SmtpSite()
    for principal in (None, PRINCIPAL):
        assert [None] == await site.reception.take(await begun(site, "bob@example.org", principal=principal), FORGED + MESSAGE.replace(b"1@x", b"%d@x" % bool(principal)), b"")
    assert all(FORGED in filed for filed in site.filed(BOB))
    assert 2 == len(site.filed(BOB))
