"""The suppression list: what puts an address there, and the administrator's verbs."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mailstead import telemetry
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import SubmissionId, TenantId
from mailstead.service.suppressions import Suppressions, is_hard
from mailstead.store import create
from mailstead.store.home import Embedded
from mailstead.store.interface import Suppression

DAY_MS = 86_400_000


@pytest.mark.parametrize(("subject", "detail", "meaning", "expected"), [
    (1, 1, "", True), (1, 6, "", True), (1, 10, "", True), (2, 1, "", True), (0, 0, "no such recipient", True), (2, 0, "mailbox not in use", True),
    (2, 2, "mailbox full", False), (7, 1, "no such recipient", False), (3, 0, "no such recipient", False), (1, 2, "", False), (7, 1, "taken for spam", False), (0, 0, "", False),
])  # fmt: skip
def test_what_says_that_an_address_is_gone(subject: int, detail: int, meaning: str, expected: bool) -> None:
    assert expected == is_hard(subject, detail, meaning)


class World:
    def __init__(self, store: Embedded, clock: list[int]) -> None:
        self.store, self.clock = store, clock
        self.listed = Suppressions(store.outbound, now_ms=lambda: clock[0], lasts_days=30)

    async def bounced(self, address: str = "bob@there.example") -> None:
        await self.listed.bounced(TenantId(1), address, "550 5.1.1 nobody", submission=SubmissionId(5), account=7)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    create(tmp_path / "data", shards=1)
    clock = [1_795_600_000_000]
    store = Embedded(tmp_path / "data", now_ms=lambda: clock[0])
    await store.start()
    yield World(store, clock)
    await store.close()


async def reason(what: object) -> Reason:
    with pytest.raises(Refusal) as caught:
        await what  # type: ignore[misc] # a call of the service
    return caught.value.reason


async def test_a_bounce_expires_and_a_complaint_does_not(world: World) -> None:
    with telemetry.capture() as events:
        await world.bounced()
        await world.listed.complained(TenantId(1), "carol@there.example", "abuse", submission=SubmissionId(6), account=7)
    assert [("bob@there.example", "bounce", "s5"), ("carol@there.example", "complaint", "s6")] == [
        (fields["forward_path"], fields["kind"], fields["submission"]) for name, fields in events if name == "address.suppressed"
    ]
    assert Reason.SUPPRESSED is await reason(world.listed.check(TenantId(1), "bob@there.example"))
    world.clock[0] += 30 * DAY_MS
    await world.listed.check(TenantId(1), "bob@there.example")
    world.clock[0] += 3_000 * DAY_MS
    assert Reason.SUPPRESSED is await reason(world.listed.check(TenantId(1), "carol@there.example"))


async def test_it_can_be_turned_off(world: World) -> None:
    world.listed = Suppressions(world.store.outbound, now_ms=lambda: world.clock[0], lasts_days=0)
    await world.bounced()
    assert [] == await world.listed.suppression_list()


async def test_what_cannot_be_written_is_an_event(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_: Suppression) -> Suppression:
        raise Refusal(Reason.LIMIT, "full")

    monkeypatch.setattr(world.store.outbound, "suppress", broken)
    with telemetry.capture() as events:
        await world.listed.try_bounced(TenantId(1), "bob@there.example", "x", submission=SubmissionId(5), account=7)
    assert ["suppression.failed"] == [name for name, _ in events]


async def test_the_administrators_verbs(world: World) -> None:
    listed = world.listed
    await world.bounced()
    row = await listed.suppression_add("carol@there.example", reason="by telephone", days=7)
    assert ("manual", "by telephone", world.clock[0] + 7 * DAY_MS) == (row["reason"], row["detail"], row["expires_ms"])
    await listed.suppression_add("dave@there.example", tenant=2)
    assert ["bob@there.example", "carol@there.example", "dave@there.example"] == [one["address"] for one in await listed.suppression_list()]
    assert ["dave@there.example"] == [one["address"] for one in await listed.suppression_list(tenant=2)]
    assert ["carol@there.example"] == [one["address"] for one in await listed.suppression_list(after="1 bob@there.example", limit=1)]
    assert "550 5.1.1 nobody" == (await listed.suppression_show("BOB@there.example"))["detail"]
    await listed.suppression_remove("bob@there.example")
    for what in (listed.suppression_show("bob@there.example"), listed.suppression_remove("bob@there.example"), listed.suppression_remove("dave@there.example")):
        assert Reason.NOT_FOUND is await reason(what)
    for wrong in (listed.suppression_add("nobody"), listed.suppression_add("a@b.example", days=-1), listed.suppression_list(after="x"), listed.suppression_show("a b@c")):
        assert Reason.INVALID is await reason(wrong)


async def test_a_bounce_after_a_removal_counts_again(world: World) -> None:
    await world.bounced()
    await world.listed.suppression_remove("bob@there.example")
    await world.bounced()
    assert 1 == (await world.listed.suppression_show("bob@there.example"))["times"]
