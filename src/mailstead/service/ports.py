"""What policy asks of the packages above it, which ``app`` hands in: the way out to other servers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from mailstead.model.address import Envelope
from mailstead.model.status import EnhancedStatus


@dataclass(frozen=True, slots=True)
class Sent:
    """The next hop has taken over for this recipient. ``hop`` is its name.

    ``passes_on_dsn``: it will also send the notices that were asked for (RFC 3461 §5.2.1).
    """

    hop: str
    text: str
    passes_on_dsn: bool


@dataclass(frozen=True, slots=True)
class Failed:
    """Not taken. ``status`` says whether trying again may help; ``code`` 0: no reply was heard."""

    hop: str
    code: int
    status: EnhancedStatus
    text: str

    @property
    def is_permanent(self) -> bool:
        return self.status.is_permanent


Attempt = Sent | Failed
"""What became of one recipient in one attempt."""


class DeliveryAgent(Protocol):
    """Brings a message to the next hop."""

    async def deliver(self, envelope: Envelope, octets: bytes) -> Sequence[Attempt]:
        """One outcome for each forward path, in order. Never raises for the hop's or the network's sake."""

    async def close(self) -> None:
        """Give up connections that are kept for the next message."""
