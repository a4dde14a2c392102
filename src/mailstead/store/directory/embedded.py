"""``interface.Directory`` on one machine: reads from the cache, writes to the owner."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from mailstead.model.address import domain_key, key_of
from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.model.ids import AccountId, CredentialId, Ids, TenantId
from mailstead.model.mailbox import DEFAULT_MAILBOXES
from mailstead.model.object import KeptObject, ObjectStates
from mailstead.model.person import Person
from mailstead.model.question import ScramVerifier
from mailstead.store.directory import operations as ops
from mailstead.store.directory import rows
from mailstead.store.directory.reader import Reader
from mailstead.store.handover import DIRECTORY, KEYS, QUEUE
from mailstead.store.interface import Account, Credential, DkimKey, Domain, LoginRecord, Routed, Tenant
from mailstead.store.keys import Keys
from mailstead.store.mail import accounts
from mailstead.store.mail.operation import Operation
from mailstead.store.queue import operations as queue
from mailstead.store.schema.shard import STATES
from mailstead.store.seal import Damaged

Write = Callable[[int, Operation], Awaitable[Any]]
_Wanted = tuple[str, str, "TenantId | None", bool, int, int, str, "ScramVerifier | None"]
"""(address, name, tenant, is_admin, max octets, max messages, argon2, scram)."""
_CHUNK: Final = 500
_DKIM: Final = b"dkim"
_SPREAD: Final = 0x9E3779B97F4A7C15
"""Mixes an id's bits, so that accounts made in a row fall on all shards."""


class EmbeddedDirectory:
    """``write(where, operation)`` takes an operation to its owner."""

    def __init__(
        self, reader: Reader, write: Write, ids: Ids, shards: int, forget_key: Callable[[int], None], keys: Keys
    ) -> None:
        self._keys = keys
        self._reader = reader
        self._write_to = write
        self._ids = ids
        self._shards = shards
        self._forget_key = forget_key

    async def _write(self, operation: Operation) -> Any:
        try:
            return await self._write_to(DIRECTORY, operation)
        finally:
            self._reader.forget()

    # -------------------------------------------------------------------------------------------------------- look-ups
    async def route(self, address: str) -> Routed:
        return self._reader.route(address)

    async def owns(self, account: AccountId, address: str) -> bool:
        return self._reader.owns(account, address)

    async def login(self, login: str) -> LoginRecord | None:
        return self._reader.login(login)

    async def account(self, account: AccountId) -> Account | None:
        return self._reader.account(account)

    async def people(self, tenant: TenantId) -> tuple[ObjectStates, dict[int, Person]]:
        return self._reader.people(tenant)

    async def person(self, account: AccountId) -> tuple[KeptObject, Person | None] | None:
        return self._reader.person(account)

    async def account_by_address(self, address: str) -> Account | None:
        return self._reader.account_by_address(address)

    async def accounts(self, *, tenant: TenantId | None = None, domain: str = "", after: str = "", limit: int = 1000) -> list[Account]:
        return self._reader.accounts(tenant, domain, after, limit)

    async def tenants(self) -> list[Tenant]:
        return self._reader.tenants()

    async def domains(self, *, tenant: TenantId | None = None) -> list[Domain]:
        return self._reader.domains(tenant)

    async def aliases(self, *, domain: str = "") -> list[tuple[str, str]]:
        return [(addr, target) for addr, targets in self._reader.listed(rows.ALIAS, domain) for target in targets]

    async def groups(self) -> list[tuple[str, tuple[str, ...]]]:
        return self._reader.listed(rows.GROUP, "")

    # -------------------------------------------------------------------------------------------------------- writing
    async def tenant_add(self, name: str, *, max_accounts: int = 0, max_octets: int = 0) -> Tenant:
        found: Tenant = await self._write(ops.AddTenant(self._ids.next(), name, max_accounts, max_octets))
        return found

    async def domain_add(self, name: str, tenant: TenantId) -> Domain:
        found: Domain = await self._write(ops.AddDomain(self._ids.next(), domain_key(name), tenant))
        return found

    async def domain_set(self, name: str, *, catch_all: str) -> Domain:
        found: Domain = await self._write(ops.SetDomain(domain_key(name), catch_all))
        return found

    async def dkim_keys(self, domain: str) -> tuple[DkimKey, ...]:
        found = self._reader.domain(domain_key(domain))
        if found is None:
            return ()
        ident = found.domain_id

        def opened(sealed: bytes) -> bytes:
            try:
                return self._keys.of(ident).open(_DKIM, ident, sealed)
            except Damaged as exc:
                raise Unavailable("A signing key is damaged", f"{found.name}: {exc}; restore keys.db and dir.db from one backup") from exc

        return self._reader.dkim_keys(found.name, opened)

    async def dkim_key_add(self, domain: str, selector: str, *, kind: str, record: str, secret: bytes) -> None:
        found = self._reader.domain(domain_key(domain))
        if found is None:
            raise Refusal(Reason.NOT_FOUND, f"{domain} is not a domain of this server; add it with: mailstead domain add {domain}")
        # A domain has a key of its own, like an account: it is sealed by the master, and rotated with it.
        await self._write_to(KEYS, ops.MakeKey(found.domain_id))
        sealed = self._keys.of(found.domain_id).seal(_DKIM, found.domain_id, secret)
        await self._write(ops.AddDkimKey(found.name, selector, kind, record, sealed))

    async def dkim_key_set(self, domain: str, selector: str, *, state: str) -> None:
        await self._write(ops.SetDkimKey(domain_key(domain), selector, state))

    async def dkim_key_delete(self, domain: str, selector: str) -> None:
        await self._write(ops.SetDkimKey(domain_key(domain), selector, ""))

    async def sts_policy(self, domain: str) -> tuple[str, str, int] | None:
        return self._reader.sts_policy(domain_key(domain))

    async def sts_policy_set(self, domain: str, policy_id: str, text: str, expires_at_ms: int) -> None:
        await self._write(ops.SetStsPolicy(domain_key(domain), policy_id, text, expires_at_ms))

    async def account_add(
        self, address: str, *, name: str = "", argon2: str, scram: ScramVerifier | None, tenant: TenantId | None = None,
        max_octets: int = 0, max_messages: int = 0, is_admin: bool = False,
    ) -> Account:
        (made,) = await self._add([(address, name, tenant, is_admin, max_octets, max_messages, argon2, scram)])
        return made

    async def accounts_add(self, rows_: Sequence[tuple[str, str, ScramVerifier | None, int, str]]) -> list[Account]:
        made: list[Account] = []
        for start in range(0, len(rows_), _CHUNK):
            made += await self._add([
                (address, name, None, False, octets, 0, argon2, scram)
                for address, argon2, scram, octets, name in rows_[start : start + _CHUNK]
            ])
        return made

    async def _add(self, wanted: list[_Wanted]) -> list[Account]:
        """All or none: the keys and the mailboxes are made first; without the directory's rows nobody finds them."""
        adding: list[tuple[ops.AddAccount, accounts.MakeAccount]] = []
        seen: set[str] = set()
        for address, name, tenant, is_admin, max_octets, max_messages, argon2, scram in wanted:
            addr = key_of(address)
            name_of_domain = addr.rpartition("@")[2]
            domain = self._reader.domain(name_of_domain)
            if domain is None:
                raise Refusal(
                    Reason.NOT_FOUND, f"{name_of_domain} is not a domain of this server; add it with: mailstead domain add {name_of_domain}")
            if addr in seen or self._reader.address(addr) is not None:
                raise Refusal(Reason.ALREADY_EXISTS, f"There is an account, alias or group {address} already")
            seen.add(addr)
            account = self._ids.next()
            shard = (account * _SPREAD >> 32 & 0xFFFF) % self._shards
            adding.append((
                ops.AddAccount(account, address, addr, name, tenant, shard, is_admin, max_octets, max_messages, argon2, scram),
                accounts.MakeAccount(
                    account, domain.tenant_id, max_octets, max_messages, tuple(self._ids.next() for _ in DEFAULT_MAILBOXES)),
            ))
        await asyncio.gather(*(self._write_to(KEYS, ops.MakeKey(row.account)) for row, _ in adding))
        await asyncio.gather(*(self._write_to(row.shard, make) for row, make in adding))
        made: list[Account] = await self._write(ops.AddAccounts([row for row, _ in adding]))
        return made

    async def account_set(self, account: AccountId, *, name: str | None = None, state: str | None = None,
                          is_admin: bool | None = None, max_octets: int | None = None, max_messages: int | None = None,
                          delete_after_ms: int | None = None) -> Account:
        before = self._reader.account(account)
        if before is None:
            raise Refusal(Reason.NOT_FOUND, "There is no such account")
        if state is not None or max_octets is not None or max_messages is not None:
            await self._write_to(before.shard, accounts.SetAccount(
                account, STATES[state] if state else None, max_octets, max_messages))
        found: Account = await self._write(ops.SetAccountRow(
            account, name, state, is_admin, max_octets, max_messages, delete_after_ms))
        return found

    async def account_shred(self, account: AccountId) -> None:
        before = self._reader.account(account)
        if before is None:
            raise Refusal(Reason.NOT_FOUND, "There is no such account")
        try:
            await self.account_set(account, state="wiping")
        except Refusal as exc:  # an earlier attempt has removed the rows already
            if exc.reason is not Reason.NOT_FOUND:
                raise
        await self._write_to(KEYS, ops.ShredKey(account))
        self._forget_key(account)
        await self._write_to(QUEUE, queue.Forget(account))
        await self._write_to(before.shard, accounts.RemoveAccount(account))
        await self._write(ops.DropAccount(account))

    async def credential_set(self, account: AccountId, *, credential: CredentialId | None, label: str, argon2: str,
                             scram: ScramVerifier | None) -> Credential:
        found: Credential = await self._write(ops.SetCredential(account, credential, self._ids.next(), label, argon2, scram))
        return found

    async def credential_delete(self, account: AccountId, credential: CredentialId) -> None:
        await self._write(ops.DropCredential(account, credential))

    async def alias_add(self, address: str, target: str) -> None:
        if address.startswith("@"):
            await self.domain_set(address[1:], catch_all=target)
            return
        await self._write(ops.SetAddress(key_of(address), rows.ALIAS, (self._target(target),)))

    async def alias_delete(self, address: str) -> None:
        if address.startswith("@"):
            await self.domain_set(address[1:], catch_all="")
            return
        await self._write(ops.DropAddress(key_of(address), rows.ALIAS))

    async def group_set(self, address: str, members: Sequence[str]) -> None:
        await self._write(ops.SetAddress(key_of(address), rows.GROUP, tuple(dict.fromkeys(map(self._target, members)))))

    async def group_delete(self, address: str) -> None:
        await self._write(ops.DropAddress(key_of(address), rows.GROUP))

    def _target(self, target: str) -> str:
        """Our own addresses in the form they are found by, others as they are."""
        key = key_of(target)
        return key if self._reader.domain(key.rpartition("@")[2]) is not None else target
