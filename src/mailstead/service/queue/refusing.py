"""Where a message goes to whose recipient nothing is sent: it is refused, and its author hears of it like of any other refusal."""

from collections.abc import Sequence
from typing import Final

from mailstead.model.address import Envelope
from mailstead.model.status import EnhancedStatus
from mailstead.service.ports import Attempt, Failed, Peer, Place

TEXT: Final = "5.1.1 Nothing is sent to this address (suppressed): mail to it bounced or was complained about; an administrator can change that"
_STATUS: Final = EnhancedStatus(5, 1, 1)
_FOREVER_MS: Final = 1 << 60


class RefusingAgent:
    """``service.ports.Agent`` of suppressed recipients, and its only line."""

    peer = Peer("", "")
    is_open = True

    async def locate(self, route: str) -> Place | Failed:
        """See ``Agent``."""
        return Place(route, "nowhere", _FOREVER_MS, is_shared=True)

    async def open(self, place: Place, turn: int) -> "RefusingAgent":  # noqa: ARG002 - there is nothing to choose
        """See ``Agent``."""
        return self

    async def deliver(self, envelope: Envelope, octets: bytes) -> Sequence[Attempt]:  # noqa: ARG002 - whatever it is
        """See ``Line``."""
        return [Failed("", 550, _STATUS, TEXT)] * len(envelope.forward_paths)

    async def close(self) -> None:
        """Nothing to say goodbye to."""
