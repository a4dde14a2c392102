"""What policy asks of the packages above it, which ``app`` hands in: the way out to other servers.

A *route* is where a message is to go, by name; a *place* is what a route leads to at the moment; its ``site`` names the servers that
stand behind it, whoever else's mail they take. A *line* is a connection to one of them over which messages go one after the other.
"""

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mailstead.mailauth.tlsrpt import PolicyKey
from mailstead.model.address import Envelope
from mailstead.model.dns import Answer, RecordType, Tlsa
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
class Peer:
    """Who was spoken to. ``tls`` "": in the clear. ``certificate``: SHA-256 of the peer's, in hexadecimal. ``assurance``: by what the peer's
    identity was made sure (``dane``, ``sts``, ``pkix``), "" by nothing."""

    name: str
    address: str
    tls: str = ""
    cipher: str = ""
    certificate: str = ""
    assurance: str = ""
    source: str = ""
    """The address from which it was called, as far as it is known: behind a proxy it is not."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The next hop has taken over for this recipient. ``hop`` is its name.

    ``passes_on_dsn``: it will also send the notices that were asked for (RFC 3461 §5.2.1). ``is_final``: it is in a mailbox. ``keeps_time``: it knows by when
    the message is to be delivered (RFC 2852). ``is_expanded``: it became several, not all of them here (RFC 3461 §5.2.7.3).
    """

    hop: str
    text: str
    passes_on_dsn: bool
    code: int = 250
    peer: Peer | None = None
    is_final: bool = False
    keeps_time: bool = False
    is_expanded: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """Not taken. ``status`` says whether trying again may help; ``code`` 0: no reply was heard."""

    hop: str
    code: int
    status: EnhancedStatus
    text: str
    peer: Peer | None = None

    @property
    def is_permanent(self) -> bool:
        return self.status.is_permanent


Attempt = Sent | Failed
"""What became of one recipient in one attempt."""


class NoSession(Exception):  # noqa: N818 - says what there is
    """No server of a place was reached or would speak with us; none has seen an envelope. ``failed`` holds for every recipient."""

    def __init__(self, failed: Failed, tls_failure: str = "") -> None:
        super().__init__(failed.text)
        self.failed = failed
        self.tls_failure = tls_failure
        """A word of RFC 8460 §4.3 where TLS was the reason."""


class TlsMode(enum.Enum):
    """What a connection needs before a message goes over it."""

    OPPORTUNISTIC = "opportunistic"
    """TLS where it is offered, whoever it is; else in the clear (RFC 7435)."""
    ENCRYPTED = "encrypted"
    """TLS, whoever it is."""
    VERIFIED = "verified"
    """TLS, and a certificate that a known authority has issued for one of ``names`` (or the host's own)."""
    DANE = "dane"
    """TLS, and a certificate that one of ``tlsa`` vouches for (RFC 7672)."""


@dataclass(frozen=True, slots=True)
class TlsPolicy:
    """What is asked of one host. ``source`` names where that was laid down (``dane``, ``sts``, ``settings``), for the record."""

    mode: TlsMode = TlsMode.OPPORTUNISTIC
    names: tuple[str, ...] = ()
    tlsa: tuple[Tlsa, ...] = ()
    source: str = ""
    key: PolicyKey | None = None
    """Under which sessions are reported (RFC 8460 §4.4)."""
    is_testing: bool = False
    """A failure is reported, and the message goes nevertheless (RFC 8461 §5)."""
    is_required: bool = False
    """The server must itself promise to require TLS (RFC 8689 §4.2.1)."""
    server_name: str = ""
    """What the hello of TLS asks for; "": the host's name."""


OPPORTUNISTIC = TlsPolicy()


class TlsPolicies(Protocol):
    """Who knows what a domain and a host ask for."""

    async def of(self, domain: str, host: str, *, is_secure: bool) -> TlsPolicy | Failed:
        """``host``: an exchanger of ``domain``; ``is_secure``: DNSSEC has vouched for that. ``Failed`` (temporary): nothing may be sent there
        now. Never raises for the network's sake."""

    def tell(self, host: str, address: str, policy: TlsPolicy, failure: str, reason: str, *, source: str = "") -> None:
        """How a session from ``source`` went: ``failure`` "" where it was as the policy wants, else a word of RFC 8460 §4.3; ``reason`` says more."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a route leads to. ``site``: equal for all routes that end at the same servers; ``name`` for people; ``until_ms``: when to ask
    again; ``is_shared``: other schedulers send there too; ``hosts``: the names of its servers; ``way``: the agent's own."""

    site: str
    name: str
    until_ms: int
    hosts: tuple[str, ...] = ()
    is_shared: bool = False
    way: object = None


class Line(Protocol):
    """One connection."""

    peer: Peer
    is_open: bool
    """Whether another message may go over it."""

    async def deliver(self, envelope: Envelope, octets: bytes) -> Sequence[Attempt]:
        """One outcome for each forward path, in order. Never raises for the hop's or the network's sake."""

    async def close(self) -> None:
        """Say goodbye."""


class Agent(Protocol):
    """Finds places and opens lines."""

    async def locate(self, route: str) -> Place | Failed:
        """Where a route leads now. Never raises for the network's sake."""

    async def open(self, place: Place, turn: int) -> Line:
        """A line to a server of the place; ``turn`` 0, 1 … begins with another one of those that are as good. Raises ``NoSession``."""
