"""What policy asks of the packages above it, which ``app`` hands in: the way out to other servers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mailstead.model.address import Envelope
from mailstead.model.dns import Answer, RecordType
from mailstead.model.status import EnhancedStatus
from mailstead.store.interface import DkimKey, Domain

Clock = Callable[[], int]
"""The wall clock, in milliseconds since 1970."""


class Lookups(Protocol):
    """The domain name system."""

    async def ask(self, name: str, kind: RecordType) -> Answer[Any]:
        """Raises ``Unavailable`` where it cannot be said whether there is an answer."""


class DomainRows(Protocol):
    """What the store's ``Directory`` knows of domains and their keys."""

    async def domains(self) -> list[Domain]: ...
    async def dkim_keys(self, domain: str) -> tuple[DkimKey, ...]: ...
    async def dkim_key_add(self, domain: str, selector: str, *, kind: str, record: str, secret: bytes) -> None: ...
    async def dkim_key_set(self, domain: str, selector: str, *, state: str) -> None: ...
    async def dkim_key_delete(self, domain: str, selector: str) -> None: ...


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
