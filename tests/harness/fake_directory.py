"""A directory in memory that keeps the promises of ``store.interface.Directory``: for tests of what stands above it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tests.harness.fake_mail import FakeMail

from mailstead.model.address import Address, domain_key
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId, CredentialId, DomainId, MailboxId, OpId, TenantId
from mailstead.model.message import Appended, NewMessage
from mailstead.model.question import ScramVerifier
from mailstead.store.interface import Account, Credential, DkimKey, Domain, LoginRecord, Routed, Tenant


def key_of(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return Address(local, domain).key


class FakeDirectory:
    """One tenant, ``default``, and the domain ``example.org`` to begin with."""

    def __init__(self) -> None:
        self._next = 100
        self._tenants = [Tenant(TenantId(1), "default")]
        self._domains = {"example.org": Domain(DomainId(1), TenantId(1), "example.org")}
        self._accounts: dict[str, Account] = {}
        self._credentials: dict[int, dict[int, Credential]] = {}
        self._aliases: dict[str, list[str]] = {}
        self._groups: dict[str, tuple[str, ...]] = {}
        self.shredded: list[AccountId] = []
        self.now_ms = 0
        self._dkim: dict[tuple[str, str], DkimKey] = {}
        self._dkim_rows: dict[str, tuple[DkimKey, ...]] = {}

    def _id(self) -> int:
        self._next += 1
        return self._next

    # ---------------------------------------------------------------------------------------------------- signing keys
    async def dkim_keys(self, domain: str) -> tuple[DkimKey, ...]:
        rows = tuple(key for (name, _), key in sorted(self._dkim.items()) if name == domain)
        if self._dkim_rows.get(domain, ()) != rows:
            self._dkim_rows[domain] = rows
        return self._dkim_rows.get(domain, rows)

    async def dkim_key_add(self, domain: str, selector: str, *, kind: str, record: str, secret: bytes) -> None:
        self._dkim[domain, selector] = DkimKey(domain, selector, kind, "waiting", self.now_ms, record, secret)

    async def dkim_key_set(self, domain: str, selector: str, *, state: str) -> None:
        if (domain, selector) not in self._dkim:
            raise Refusal(Reason.NOT_FOUND, f"There is no key {selector}")
        self._dkim[domain, selector] = replace(self._dkim[domain, selector], state=state, changed_at_ms=self.now_ms)

    async def dkim_key_delete(self, domain: str, selector: str) -> None:
        del self._dkim[domain, selector]

    # ---------------------------------------------------------------------------------------------------- look-ups
    async def login(self, login: str) -> LoginRecord | None:
        address = login if "@" in login else f"{login}@example.org"
        account = self._accounts.get(key_of(address))
        if account is None:
            return None
        return LoginRecord(account, tuple(self._credentials[account.account_id].values()))

    async def account(self, account: AccountId) -> Account | None:
        return next((one for one in self._accounts.values() if one.account_id == account), None)

    async def account_by_address(self, address: str) -> Account | None:
        return self._accounts.get(key_of(address))

    async def route(self, address: str) -> Routed:
        """As far as an operator's commands ask: accounts, aliases and groups are addresses that somebody has."""
        key = key_of(address)
        if key.rpartition("@")[2] not in self._domains:
            return Routed(is_local_domain=False, remote=(address,))
        account = self._accounts.get(key)
        if account is not None:
            return Routed(is_local_domain=True, accounts=((account.account_id, address),))
        return Routed(is_local_domain=True, remote=tuple(self._aliases.get(key, ())) or self._groups.get(key, ()))

    async def accounts(
        self, *, tenant: TenantId | None = None, domain: str = "", after: str = "", limit: int = 1000
    ) -> list[Account]:
        keys = [key for key in sorted(self._accounts) if key > after and (not domain or key.endswith("@" + domain_key(domain)))]
        return [self._accounts[key] for key in keys[:limit]]

    async def tenants(self) -> list[Tenant]:
        return list(self._tenants)

    async def domains(self, *, tenant: TenantId | None = None) -> list[Domain]:
        return [one for one in self._domains.values() if tenant in {None, one.tenant_id}]

    async def aliases(self, *, domain: str = "") -> list[tuple[str, str]]:
        return [(alias, target) for alias, targets in sorted(self._aliases.items()) for target in targets if alias.endswith(domain)]

    async def groups(self) -> list[tuple[str, tuple[str, ...]]]:
        return sorted(self._groups.items())

    # ---------------------------------------------------------------------------------------------------- writing
    async def tenant_add(self, name: str, *, max_accounts: int = 0, max_octets: int = 0) -> Tenant:
        self._tenants.append(Tenant(TenantId(self._id()), name, max_accounts, max_octets))
        return self._tenants[-1]

    async def domain_add(self, name: str, tenant: TenantId) -> Domain:
        if name in self._domains:
            raise Refusal(Reason.ALREADY_EXISTS, f"{name} is a domain of this server already")
        self._domains[name] = Domain(DomainId(self._id()), tenant, name)
        return self._domains[name]

    async def domain_set(self, name: str, *, catch_all: str) -> Domain:
        if name not in self._domains:
            raise Refusal(Reason.NOT_FOUND, f"{name} is not a domain of this server")
        self._domains[name] = replace(self._domains[name], catch_all=catch_all)
        return self._domains[name]

    async def account_add(
        self, address: str, *, name: str = "", argon2: str, scram: ScramVerifier | None, tenant: TenantId | None = None,
        max_octets: int = 0, max_messages: int = 0, is_admin: bool = False,
    ) -> Account:  # fmt: skip
        key = key_of(address)
        domain = self._domains.get(key.rpartition("@")[2])
        if domain is None:
            raise Refusal(Reason.NOT_FOUND, "That is not a domain of this server; add it with: mailstead domain add")
        if key in self._accounts or key in self._aliases or key in self._groups:
            raise Refusal(Reason.ALREADY_EXISTS, f"There is an account, alias or group {address} already")
        ident = AccountId(self._id())
        self._accounts[key] = Account(
            ident, domain.tenant_id, address, name, "active", 0, 1, is_admin, 0, max_octets, max_messages
        )
        self._credentials[ident] = {0: Credential(CredentialId(0), "", argon2, scram, 1, 0)}
        return self._accounts[key]

    async def accounts_add(self, rows: Sequence[tuple[str, str, ScramVerifier | None, int, str]]) -> list[Account]:
        return [
            await self.account_add(address, argon2=argon2, scram=scram, max_octets=octets, name=name)
            for address, argon2, scram, octets, name in rows
        ]

    async def account_set(self, account: AccountId, **changes: Any) -> Account:
        key = next(key for key, one in self._accounts.items() if one.account_id == account)
        self._accounts[key] = replace(self._accounts[key], **changes)
        return self._accounts[key]

    async def account_shred(self, account: AccountId) -> None:
        self._accounts = {key: one for key, one in self._accounts.items() if one.account_id != account}
        self.shredded.append(account)

    async def credential_set(
        self, account: AccountId, *, credential: CredentialId | None, label: str, argon2: str, scram: ScramVerifier | None
    ) -> Credential:
        ident = CredentialId(self._id()) if credential is None else credential
        before = self._credentials[account].get(ident)
        made = Credential(ident, label, argon2, scram, before.revision + 1 if before else 1, 0)
        self._credentials[account][ident] = made
        return made

    async def credential_delete(self, account: AccountId, credential: CredentialId) -> None:
        del self._credentials[account][credential]

    async def alias_add(self, address: str, target: str) -> None:
        if address.startswith("@"):
            await self.domain_set(domain_key(address[1:]), catch_all=target)
        else:
            self._aliases.setdefault(key_of(address), []).append(target)

    async def alias_delete(self, address: str) -> None:
        if self._aliases.pop(key_of(address), None) is None:
            raise Refusal(Reason.NOT_FOUND, f"There is no alias {address}")

    async def group_set(self, address: str, members: Sequence[str]) -> None:
        self._groups[key_of(address)] = tuple(members)

    async def group_delete(self, address: str) -> None:
        if self._groups.pop(key_of(address), None) is None:
            raise Refusal(Reason.NOT_FOUND, f"There is no group {address}")


class ImportingMail(FakeMail):
    """``FakeMail`` that remembers the ids of imports."""

    def __init__(self) -> None:
        super().__init__()
        self._ids: set[tuple[AccountId, bytes]] = set()
        self._batch = 0

    async def import_(self, account: AccountId, mailbox_id: MailboxId, messages: Sequence[tuple[bytes, NewMessage]]) -> Appended:
        self._called("import_")
        new = [(ident, message) for ident, message in messages if (account, ident) not in self._ids]
        self._batch += 1
        done = await self.append(account, OpId(b"import %d" % self._batch), mailbox_id, [message for _, message in new])
        self._ids.update((account, ident) for ident, _ in new)
        uids = iter(done.uids)
        fresh = {ident for ident, _ in new}
        return replace(done, uids=tuple(next(uids) if ident in fresh else 0 for ident, _ in messages))


class SignIns:
    """Whose sessions were ended."""

    def __init__(self) -> None:
        self.ended: list[AccountId] = []

    async def sessions_delete(self, account: AccountId) -> None:
        self.ended.append(account)


class FakeStore:
    """``directory`` and ``mail`` together."""

    def __init__(self) -> None:
        self.directory: Any = FakeDirectory()
        self.mail: Any = ImportingMail()
        self.web_logins = SignIns()
