"""The administrator's verbs on the queue: what they show, and what they take."""

import dataclasses
from typing import Any, cast

import pytest
from tests.harness.fake_mail import NOW_MS
from tests.harness.queue import FakeQueue

from mailstead import telemetry
from mailstead.agent.hop import Way
from mailstead.agent.router import Router
from mailstead.agent.smarthost import SmarthostAgent
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId, SubmissionId, TenantId
from mailstead.model.status import EnhancedStatus
from mailstead.service.ports import Failed
from mailstead.service.queue.control import QueueControl
from mailstead.service.queue.entrance import OPTIONAL, REQUIRED, VIA, Entrance, Queued, shown
from mailstead.service.queue.schedule import Route, Schedule
from mailstead.service.queue.shaping import Rules
from mailstead.store.interface import QueueEntry
from mailstead.store.seal import Damaged, Words

SECRET = "smtps://user:hunter2@relay.example:465"


class Queue(FakeQueue):
    def __init__(self) -> None:
        super().__init__()
        self.steered: list[tuple[str, list[str], str]] = []

    async def steer(self, what: str, entries: Any, *, route: str = "") -> int:
        self.steered.append((what, [one.forward_path for one in entries], route))
        return len(entries)

    async def find(self, wanted: Any, *, after: tuple[int, int] = (0, -1), limit: int = 1000) -> list[QueueEntry]:
        return [entry for key, entry in sorted(self.rows.items()) if key > after][:limit]


async def filled(*options: dict[str, str]) -> Queue:
    queue = Queue()
    for number, one in enumerate(options):
        await Entrance(queue, is_direct=True).put(
            Queued(b"%016d" % number, SubmissionId(number + 1), AccountId(1), TenantId(1), "a@example.org", [(f"u{number}@one.test", {}, False)], one, NOW_MS, NOW_MS + 10**6), b"x"
        )
    return queue


@pytest.mark.parametrize(("route", "seen"), [
    (VIA + SECRET, "via:smtps://user:…@relay.example:465"), (SECRET, "smtps://user:…@relay.example:465"), ("smtp://u:p@w:x@h:25", "smtp://u:…@h:25"),
    ("via:user:pw@host:25", "via:user:…@host:25"), ("via:host:25", "via:host:25"), ("smtp://host:25", "smtp://host:25"), ("one.test", "one.test"), ("@local", "@local"),
    ("lmtp://[::1]:24", "lmtp://[::1]:24"), (VIA + SECRET + REQUIRED, "via:smtps://user:…@relay.example:465" + REQUIRED),
])  # fmt: skip
def test_a_password_is_not_shown(route: str, seen: str) -> None:
    assert seen == shown(route)


async def test_a_password_is_in_no_event_and_no_listing() -> None:
    queue = await filled({})
    control = QueueControl(queue)
    with telemetry.capture() as events:
        await control.queue_reroute(SECRET, all=True)
    assert [("reroute", ["u0@one.test"], VIA + SECRET)] == queue.steered
    assert "hunter2" not in str(events)
    assert "relay.example" in str(events)
    (job,) = queue.waiting.values()
    queue.waiting[job.job_id] = dataclasses.replace(job, route=VIA + SECRET)
    assert "hunter2" not in str(await control.queue_list())
    assert "hunter2" not in str(await control.queue_show("s1"))


def test_a_server_that_cannot_be_found_is_named_without_its_password() -> None:
    schedule = Schedule(Rules(), load=lambda _: [], stretch=lambda *_: 0.0)
    route = Route(VIA + SECRET)
    site = schedule.lost(route, Failed("", 0, EnhancedStatus(4, 4, 4), "no"), NOW_MS)
    assert "hunter2" not in site.name


@pytest.mark.parametrize("to", ["http://x", "smtp://", "a b", "smtp://user:hunter2@[bad", "host:99999999", "smtp://user:hunter2@h:port"])
async def test_what_is_no_server_is_refused_before_it_waits_under_that_name(to: str) -> None:
    queue = await filled({})
    with pytest.raises(Refusal) as caught:
        await QueueControl(queue).queue_reroute(to, all=True)
    assert Reason.INVALID is caught.value.reason
    assert "hunter2" not in caught.value.public
    assert [] == queue.steered


async def test_what_was_said_of_tls_holds_on_another_way_too() -> None:
    queue = await filled({}, {"requiretls": "1"}, {"tlsoptional": "1"})
    await QueueControl(queue).queue_reroute("relay.example:25", all=True)
    assert {("u0@one.test", "via:relay.example:25"), ("u1@one.test", "via:relay.example:25" + REQUIRED), ("u2@one.test", "via:relay.example:25" + OPTIONAL)} == {
        (to, route) for _, recipients, route in queue.steered for to in recipients
    }
    queue.steered.clear()
    await QueueControl(queue).queue_reroute("", all=True)
    assert {("u0@one.test", "one.test"), ("u1@one.test", "one.test" + REQUIRED), ("u2@one.test", "one.test" + OPTIONAL)} == {
        (to, route) for _, recipients, route in queue.steered for to in recipients
    }


async def test_a_password_is_sealed_in_the_queue_and_opened_by_the_router() -> None:
    queue, words = await filled({}), Words(b"k" * 32)
    await QueueControl(queue, words.seal).queue_reroute("smtps://user:a%3A%40b@relay.example:465", all=True)
    ((_, _, route),) = queue.steered
    assert "a:@b" not in route
    assert "a%3A" not in route
    assert route.startswith("via:smtps://user:~")
    assert "via:smtps://user:…@relay.example:465" == shown(route)

    def reveal(sealed: str) -> str:
        try:
            return words.open(sealed)
        except Damaged as exc:
            raise ValueError("gone") from exc

    router = Router(here=cast("Any", None), out=None, base=Way("us.example"), reveal=reveal)
    agent = router._of(route + REQUIRED)
    assert isinstance(agent, SmarthostAgent)
    way = agent._sources.way("", "relay.example", "relay.example")
    assert way.credentials is not None
    assert ("user", "a:@b") == (way.credentials.user, way.credentials.secret)
    found = await router.locate(route.replace("~", "~x"))
    assert isinstance(found, Failed)
    assert (False, "gone") == (found.is_permanent, found.text)


async def test_a_server_without_a_password_is_kept_as_it_is() -> None:
    queue = await filled({})
    await QueueControl(queue, Words(b"k" * 32).seal).queue_reroute("relay.example:25", all=True)
    assert ["via:relay.example:25"] == [route for _, _, route in queue.steered]
