"""The way into our own mailboxes, for what comes through the queue."""

from typing import Any, cast

import pytest
from tests.harness.smtp import ALICE, BOB, FakeDirectory, SmtpMail, over_quota

from mailstead.model.address import Address, Envelope, ForwardPath, ReversePath
from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.service.delivery import Delivery
from mailstead.service.ports import Failed, Sent
from mailstead.service.queue.local import LocalAgent

MESSAGE = b"From: x@there.example\r\nMessage-ID: <1@x>\r\n\r\nbody\r\n"


class Forwards:
    def __init__(self) -> None:
        self.seen: list[tuple[str, tuple[str, ...], str, dict[str, str], dict[str, str]]] = []

    async def forward(self, message: Any, *, through: str, targets: Any, reverse_path: str, options: Any, of_message: Any, trace: bytes) -> None:
        self.seen.append((through, tuple(targets), reverse_path, dict(options), dict(of_message)))


class World:
    def __init__(self, *, forwards: bool = True) -> None:
        self.mail, self.forwards = SmtpMail(), Forwards()
        self.agent = LocalAgent(
            directory=cast("Any", FakeDirectory()), delivery=Delivery(cast("Any", self.mail)), hostname="mx.example.org",
            forwarding=cast("Any", self.forwards) if forwards else None,
        )  # fmt: skip

    async def bring(self, *to: str, **more: Any) -> list[Any]:
        done = await self.attempts([ForwardPath(Address(*one.rsplit("@", 1)), frozenset({"FAILURE"}), "rfc822;" + one) for one in to], **more)
        return [one.text if isinstance(one, Sent) else str(one.status) for one in done]

    async def attempts(self, paths: list[ForwardPath], **more: Any) -> list[Any]:
        place = await self.agent.locate("@local")
        assert not isinstance(place, Failed)
        line = await self.agent.open(place, 0)
        assert line.is_open
        done = await line.deliver(Envelope(ReversePath(Address("x", "there.example")), tuple(paths), **more), MESSAGE)
        await line.close()
        return list(done)


async def test_each_recipient_is_filed_once() -> None:
    world = World()
    for _ in range(2):
        assert ["2.0.0 Filed"] * 2 == await world.bring("alice@example.org", "team@example.org")
    assert [ALICE, ALICE, BOB] == sorted(account for account, _ in world.mail.filings), "what a crash had us file again is filed once"


@pytest.mark.parametrize(("exc", "status"), [
    (over_quota(), "4.2.2"), (Refusal(Reason.ACCOUNT_SUSPENDED, "no"), "5.2.1"), (Refusal(Reason.MAIL_LOOP, "no"), "5.4.6"), (Refusal(Reason.TOO_LARGE, "no"), "5.3.4"),
    (Refusal(Reason.INVALID, "no"), "5.0.0"), (Unavailable("later"), "4.3.0"),
])  # fmt: skip
async def test_what_stands_in_the_way_concerns_one_recipient(exc: Exception, status: str) -> None:
    world = World()
    world.mail.failing = {ALICE: exc}
    assert [status, "2.0.0 Filed", "5.1.1"] == await world.bring("alice@example.org", "bob@example.org", "nobody@example.org")


async def test_an_address_that_leads_elsewhere_is_passed_on() -> None:
    world = World()
    assert ["2.0.0 Forwarded"] == await world.bring("away@example.org", envid="E1", requiretls=True)
    assert [("away@example.org", ("someone@elsewhere.example",), "x@there.example", {"notify": "FAILURE", "orcpt": "rfc822;away@example.org"}, {"envid": "E1", "requiretls": "1"})] == world.forwards.seen
    assert [] == world.mail.filings


async def test_a_group_with_somebody_elsewhere_is_answered_for_here() -> None:
    """RFC 3461 §5.2.7.3 c: the members are not asked for a notice of success, the group has one."""
    world = World()
    for notify, onward in ({"SUCCESS"}, "NEVER"), ({"FAILURE", "SUCCESS"}, "FAILURE"):
        (sent,) = await world.attempts([ForwardPath(Address("press", "example.org"), frozenset(notify))])
        assert isinstance(sent, Sent)
        assert (True, False, "2.0.0 Expanded") == (sent.is_expanded, sent.passes_on_dsn, sent.text)
        assert {"notify": onward} == world.forwards.seen.pop()[3]
    assert {ALICE} == {account for account, _ in world.mail.filings}


async def test_where_there_is_no_way_out_it_says_so() -> None:
    assert ["5.4.4"] == await World(forwards=False).bring("away@example.org")


async def test_a_domain_that_is_not_ours_any_more_is_not_forwarded() -> None:
    world = World()
    assert ["5.4.4"] == await world.bring("x@gone.example")
    assert [] == world.forwards.seen
