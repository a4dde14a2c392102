"""Which agent takes a route: this server itself, a server somebody has named (``queue reroute``), or the usual way out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from mailstead.agent.hop import Way
from mailstead.agent.smarthost import Smarthost, SmarthostAgent
from mailstead.model.status import EnhancedStatus
from mailstead.service.ports import Agent, Failed, Line, NoSession, Place
from mailstead.service.queue.entrance import HIDDEN, LOCAL, SUPPRESSED, VIA, parted
from mailstead.service.queue.pools import Pool
from mailstead.service.queue.refusing import RefusingAgent

_NO_WAY: Final = Failed("", 0, EnhancedStatus(4, 4, 4), "This server has no way to other servers: no [outbound] smarthost is set")


class Router:
    """``service.ports.Agent`` of all. ``out`` None: there is no way to other servers; what is in the queue all the same waits. ``reveal``
    opens the password of a server that somebody has named; ``ValueError`` where it cannot."""

    def __init__(
        self, *, here: Agent, out: Agent | None, base: Way, reveal: Callable[[str], str] | None = None, pools: Sequence[Pool] = ()
    ) -> None:
        self._reveal = reveal
        self._pools = pools
        self._here = here
        self._out = out
        self._base = base
        self._refusing = RefusingAgent()

    def _of(self, route: str) -> Agent | None:
        if route == LOCAL:
            return self._here
        if route == SUPPRESSED:
            return self._refusing
        if route.startswith(VIA):
            url = parted(route.removeprefix(VIA))[0]
            host = Smarthost.parse(url if "://" in url else f"smtp://{url}")
            if self._reveal is not None and host.password.startswith(HIDDEN):
                host = replace(host, password=self._reveal(host.password.removeprefix(HIDDEN)))
            return SmarthostAgent(host, self._base, self._pools)
        return self._out

    async def locate(self, route: str) -> Place | Failed:
        """See ``Agent``."""
        try:
            agent = self._of(route)
        except ValueError as exc:
            return Failed("", 0, EnhancedStatus(4, 4, 4), str(exc))
        if agent is None:
            return _NO_WAY
        found = await agent.locate(route)
        if isinstance(found, Failed):
            return found
        return Place(found.site, found.name, found.until_ms, found.hosts, found.is_shared, _Way(agent, found))

    async def open(self, place: Place, turn: int) -> Line:
        """See ``Agent``."""
        way = place.way
        if not isinstance(way, _Way):
            raise NoSession(_NO_WAY)
        return await way.agent.open(way.place, turn)


@dataclass(frozen=True, slots=True)
class _Way:
    agent: Agent
    place: Place
