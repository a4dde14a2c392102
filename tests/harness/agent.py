"""An agent as the scheduler uses it, without a scheduler: one line that is kept while it is open."""

from mailstead.model.address import Envelope, domain_key
from mailstead.service.ports import Agent, Attempt, Failed, Line, NoSession


class Bringing:
    """``deliver`` as one attempt of all recipients, whose domains are one."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self.line: Line | None = None
        self.opened = 0

    async def deliver(self, envelope: Envelope, octets: bytes, turn: int = 0) -> list[Attempt]:
        count = len(envelope.forward_paths)
        place = await self.agent.locate(domain_key(envelope.forward_paths[0].address.domain))
        if isinstance(place, Failed):
            return [place] * count
        if self.line is None or not self.line.is_open:
            await self.close()
            try:
                self.line = await self.agent.open(place, turn)
            except NoSession as exc:
                return [exc.failed] * count
            self.opened += 1
        return list(await self.line.deliver(envelope, octets))

    async def close(self) -> None:
        if self.line is not None:
            await self.line.close()
            self.line = None
