"""Who is here: tenants, domains, accounts, addresses, credentials."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from mailstead.model.ids import AccountId, CredentialId, DomainId, TenantId
from mailstead.model.object import KeptObject, ObjectStates
from mailstead.model.person import Person
from mailstead.model.question import ScramVerifier


@dataclass(frozen=True, slots=True)
class Tenant:
    """A customer of the site. ``max_*`` 0: no limit."""

    tenant_id: TenantId
    name: str
    max_accounts: int = 0
    max_octets: int = 0


@dataclass(frozen=True, slots=True)
class Domain:
    """``name`` is the lower-case A-label."""

    domain_id: DomainId
    tenant_id: TenantId
    name: str
    catch_all: str = ""


@dataclass(frozen=True, slots=True)
class DkimKey:
    """A key that signs for a domain. ``state``: ``waiting`` (for its record to be in the DNS), ``signing``, ``retired`` (its record must
    stay while mail that it signed is under way)."""

    domain: str
    selector: str
    kind: str
    """``rsa`` or ``ed25519``."""
    state: str
    changed_at_ms: int
    record: str
    """The TXT record to publish at ``selector._domainkey.domain``."""
    secret: bytes
    """The private key (PKCS #8, DER): never shown, never logged."""

    def __repr__(self) -> str:
        return f"DkimKey({self.selector}._domainkey.{self.domain}, {self.kind}, {self.state})"


def shard_file(number: int) -> str:
    """The name of a shard's file in the data directory."""
    return f"mail-{number:03d}.db"


@dataclass(frozen=True, slots=True)
class Account:
    """An account as the directory knows it. ``state`` is ``active``, ``suspended``, ``wiping`` or ``gone``."""

    account_id: AccountId
    tenant_id: TenantId
    address: str
    """Its primary address, as given (``key`` form is unique)."""
    name: str
    state: str
    shard: int
    epoch: int
    is_admin: bool
    created_at_ms: int
    max_octets: int
    max_messages: int
    delete_after_ms: int = 0


@dataclass(frozen=True, slots=True)
class Routed:
    """What an address leads to, aliases and groups resolved (bounded by ``limits.GROUP_*``).

    ``accounts``: (account, the local address through which it was reached). ``remote``: addresses elsewhere.
    Both empty: no such recipient. ``is_local_domain`` False: the domain is not ours and ``remote`` holds the address.
    """

    is_local_domain: bool
    accounts: tuple[tuple[AccountId, str], ...] = ()
    remote: tuple[str, ...] = ()
    detail: str = ""
    """The part after ``+`` where it was split off."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A secret at rest. ``credential_id`` 0 is the main password; others are app passwords with a ``label``."""

    credential_id: CredentialId
    label: str
    argon2: str
    """PHC string."""
    scram: ScramVerifier | None
    revision: int
    created_at_ms: int


@dataclass(frozen=True, slots=True)
class LoginRecord:
    """What is needed to check a login. ``has_second_factor``: the main password alone lets nobody in (DECISIONS 25)."""

    account: Account
    credentials: tuple[Credential, ...]
    has_second_factor: bool = False


class Directory(Protocol):
    """Tenants, domains, addresses, accounts, credentials, placement. Reads are cached: at most 5 s stale, 2 s for no."""

    async def route(self, address: str) -> Routed:
        """Where mail for ``address`` (``local@domain``) goes: exact, then without ``+detail``, then catch-all."""

    async def owns(self, account: AccountId, address: str) -> bool:
        """Whether the account may send as ``address``: its own addresses, aliases to it, ``+detail`` of these."""

    async def login(self, login: str) -> LoginRecord | None:
        """By full address (or alias), or by local part where the site has one domain (DECISIONS 25)."""

    async def account(self, account: AccountId) -> Account | None: ...
    async def people(self, tenant: TenantId) -> tuple[ObjectStates, dict[int, Person]]:
        """The accounts of a tenant that ever were, by their last change and without documents, and those that are active; each change of a name, and
        each coming and going, has a modseq of its own. Of a tenant with more than ``limits.PEOPLE`` accounts: none."""

    async def person(self, account: AccountId) -> tuple[KeptObject, Person | None] | None:
        """One account's record of changes, and who it is while it is active; None: there never was one."""

    async def account_by_address(self, address: str) -> Account | None: ...
    async def accounts(self, *, tenant: TenantId | None = None, domain: str = "", after: str = "", limit: int = 1000) -> list[Account]:
        """In order of address key, starting after ``after``."""

    async def tenant_add(self, name: str, *, max_accounts: int = 0, max_octets: int = 0) -> Tenant: ...
    async def tenants(self) -> list[Tenant]: ...
    async def domain_add(self, name: str, tenant: TenantId) -> Domain: ...
    async def domains(self, *, tenant: TenantId | None = None) -> list[Domain]: ...
    async def domain_set(self, name: str, *, catch_all: str) -> Domain: ...
    async def dkim_keys(self, domain: str) -> tuple[DkimKey, ...]:
        """In order of selector; empty for a domain that is not ours. The same object until something changes: callers may compare by identity."""

    async def dkim_key_add(self, domain: str, selector: str, *, kind: str, record: str, secret: bytes) -> None:
        """A new key, ``waiting``; its secret is sealed at rest. NOT_FOUND, ALREADY_EXISTS."""

    async def dkim_key_set(self, domain: str, selector: str, *, state: str) -> None:
        """NOT_FOUND."""

    async def dkim_key_delete(self, domain: str, selector: str) -> None: ...
    async def sts_policy(self, domain: str) -> tuple[str, str, int] | None:
        """The MTA-STS policy of somebody's domain as it was last fetched: (id, text, expires ms)."""

    async def sts_policy_set(self, domain: str, policy_id: str, text: str, expires_at_ms: int) -> None:
        """Remember it; those that have expired are forgotten."""

    async def account_add(
        self, address: str, *, name: str = "", argon2: str, scram: ScramVerifier | None, tenant: TenantId | None = None,
        max_octets: int = 0, max_messages: int = 0, is_admin: bool = False,
    ) -> Account:
        """Key, account row with default mailboxes, placement, address: in that order (DECISIONS 11). ALREADY_EXISTS."""

    async def accounts_add(self, rows: Sequence[tuple[str, str, ScramVerifier | None, int, str]]) -> list[Account]:
        """Many at once: (address, argon2, scram, max_octets, name); group-committed. All or none per chunk of 500."""

    async def account_set(self, account: AccountId, *, name: str | None = None, state: str | None = None,
                          is_admin: bool | None = None, max_octets: int | None = None, max_messages: int | None = None,
                          delete_after_ms: int | None = None) -> Account:
        """A changed state takes effect for every write at once, for reads and logins within 5 s."""

    async def account_shred(self, account: AccountId) -> None:
        """Destroy the key, then the rows (STORAGE §13). No way back."""

    async def credential_set(self, account: AccountId, *, credential: CredentialId | None, label: str, argon2: str,
                             scram: ScramVerifier | None) -> Credential:
        """``credential`` 0: the main password; None: a new app password. Raises the revision."""

    async def credential_delete(self, account: AccountId, credential: CredentialId) -> None: ...
    async def alias_add(self, address: str, target: str) -> None:
        """``target``: an address here or elsewhere. ``@domain`` as ``address`` is the catch-all."""

    async def alias_delete(self, address: str) -> None: ...
    async def aliases(self, *, domain: str = "") -> list[tuple[str, str]]: ...
    async def group_set(self, address: str, members: Sequence[str]) -> None: ...
    async def group_delete(self, address: str) -> None: ...
    async def groups(self) -> list[tuple[str, tuple[str, ...]]]: ...
