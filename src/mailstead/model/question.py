"""What pure code may ask of the world.

Pure code that needs the world is a generator: it yields a question and is sent the answer. A SASL exchange
(``protocol.sasl``) yields the questions of logins below; ``service.access`` answers them. ``mailauth`` yields tuples of ``LookUp``. A test
is a list of both.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field

from mailstead.model.dns import RecordType
from mailstead.model.ids import AccountId, TenantId


@dataclass(frozen=True, slots=True)
class Challenge:
    """Send these octets to the peer; the answer is the peer's response (``bytes``). RFC 4422 §3.4."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class CheckPassword:
    """Is this the password? The answer is a ``Principal``; a wrong one raises ``Refusal`` and is never answered."""

    authzid: str
    login: str
    password: str


@dataclass(frozen=True, slots=True)
class FetchVerifiers:
    """SCRAM verifiers of a login; the answer is ``ScramVerifiers`` (made-up ones for an unknown login, RFC 7677)."""

    login: str


@dataclass(frozen=True, slots=True)
class ScramVerifier:
    """RFC 5802 §3: StoredKey and ServerKey under ``salt`` and ``iterations``. ``tag`` says whose it is."""

    salt: bytes
    iterations: int
    stored_key: bytes
    server_key: bytes
    tag: int


@dataclass(frozen=True, slots=True)
class ScramProven:
    """The peer has proved that it knows the password behind ``verifier``; the answer is a ``Principal``.

    Where the verifier was made up the exchange fails before it gets here.
    """

    authzid: str
    login: str
    verifier: ScramVerifier


@dataclass(frozen=True, slots=True)
class ScramFailed:
    """The proof was wrong; the answer never comes: ``Refusal`` is raised after counting the failure."""

    login: str


Question = Challenge | CheckPassword | FetchVerifiers | ScramProven | ScramFailed


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is logged in. ``credential_id`` 0 is the main password, else an app password."""

    account_id: AccountId
    tenant_id: TenantId
    login: str
    address: str
    credential_id: int = 0
    revision: int = 0
    """The credential's revision: a cached login with an older one is void."""
    session_id: int = 0
    """Of the web session that speaks; 0: none does."""


Answer = bytes | ScramVerifier | Principal
Exchange = Generator[Question, Answer | None, Principal]
"""A SASL exchange: yields questions, is sent answers, returns who it is."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a login comes from: for limits, bans and the log."""

    host: str
    is_loopback: bool
    is_encrypted: bool
    protocol: str
    """``smtp``, ``imap``, ``pop3``, ``lmtp``, ``http``."""
    binding: Mapping[str, bytes] = field(default_factory=dict)
    """Channel bindings by type (RFC 5929); empty without TLS."""
    limit_key: str = ""
    """What failures are counted by: the IPv4 address, or the /64 of an IPv6 address."""


@dataclass(frozen=True, slots=True)
class LookUp:
    """Records of a type at a name of the DNS (A-labels); the answer is a ``model.dns.Answer``, None where it could not be had."""

    name: str
    type: RecordType
