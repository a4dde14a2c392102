"""Which agent takes a route."""

from typing import Any, cast

import pytest

from mailstead.agent.hop import Way
from mailstead.agent.router import Router
from mailstead.model.status import EnhancedStatus
from mailstead.service.ports import Failed, NoSession, Place
from mailstead.service.queue.entrance import LOCAL, REQUIRED, SUPPRESSED, VIA
from mailstead.service.queue.refusing import RefusingAgent

NO = Failed("", 0, EnhancedStatus(4, 4, 3), "not now")


class Agent:
    def __init__(self, name: str) -> None:
        self.name = name
        self.opened: list[tuple[str, int]] = []
        self.answer: Place | Failed = Place(name, name, 5, hosts=(name,), way="its own")

    async def locate(self, route: str) -> Place | Failed:
        return self.answer

    async def open(self, place: Place, turn: int) -> Any:
        self.opened.append((str(place.way), turn))
        return self


@pytest.fixture
def agents() -> tuple[Agent, Agent, Router]:
    here, out = Agent("here"), Agent("out")
    return here, out, Router(here=cast("Any", here), out=cast("Any", out), base=Way("us.example"))


async def test_each_route_has_its_agent(agents: tuple[Agent, Agent, Router]) -> None:
    here, out, router = agents
    for route, agent in ((LOCAL, here), ("there.example", out), ("there.example" + REQUIRED, out)):
        place = await router.locate(route)
        assert isinstance(place, Place)
        assert (agent.name, 5, (agent.name,)) == (place.site, place.until_ms, place.hosts)
        line: object = await router.open(place, 3)
        assert agent is line
        assert ("its own", 3) == agent.opened[-1], "it gets back what it gave"


async def test_a_named_server_is_a_smarthost_of_its_own(agents: tuple[Agent, Agent, Router]) -> None:
    router = agents[2]
    found = [await router.locate(VIA + url) for url in ("relay.example:2525", "smtps://u:p@relay.example", "lmtp://relay.example:24", "relay.example:2525" + REQUIRED)]
    assert ["relay.example:2525", "relay.example:465", "relay.example:24", "relay.example:2525" + REQUIRED] == [one.site for one in found if isinstance(one, Place)]


async def test_what_names_no_server_waits(agents: tuple[Agent, Agent, Router]) -> None:
    found = await agents[2].locate(VIA + "http://x")
    assert isinstance(found, Failed)
    assert not found.is_permanent


async def test_suppressed_recipients_are_refused(agents: tuple[Agent, Agent, Router]) -> None:
    place = await agents[2].locate(SUPPRESSED)
    assert isinstance(place, Place)
    assert isinstance(await agents[2].open(place, 0), RefusingAgent)


async def test_without_a_way_out_mail_waits_and_local_mail_does_not(agents: tuple[Agent, Agent, Router]) -> None:
    router = Router(here=cast("Any", agents[0]), out=None, base=Way("us.example"))
    found = await router.locate("there.example")
    assert isinstance(found, Failed)
    assert "4.4.4" == str(found.status)
    assert isinstance(await router.locate(LOCAL), Place)
    with pytest.raises(NoSession):
        await router.open(Place("x", "x", 0), 0)


async def test_what_an_agent_cannot_find_is_passed_on(agents: tuple[Agent, Agent, Router]) -> None:
    agents[1].answer = NO
    assert NO is await agents[2].locate("there.example")
