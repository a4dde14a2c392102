"""The administrator's verbs: tenants, domains, accounts, app passwords, aliases, groups.

Each takes and gives what JSON can carry, so that the command line, the control socket and later an interface over HTTP
share it. A ``Refusal`` says in one sentence what is wrong and what to do about it. Passwords come in clear, are hashed at
once (``service.access``) and kept nowhere.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import Any, Final, Protocol, TypeVar

from mailstead import telemetry
from mailstead.model import limits
from mailstead.model.address import Address, domain_key, key_of
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import CREDENTIAL, AccountId, CredentialId, TenantId, from_wire, to_wire
from mailstead.model.progress import Progress
from mailstead.model.question import ScramVerifier
from mailstead.service import typed
from mailstead.store.interface import Account, Credential, Directory, Domain, Quota, Tenant, shard_file

Row = dict[str, Any]
T = TypeVar("T")

DELETED_AFTER_MS: Final = 30 * 24 * 3600 * 1000
"""How long ``resume`` brings a deleted account back (DECISIONS 18)."""
APP_PASSWORDS: Final = 20
"""Of one account: a wrong password costs a hash for each."""
_CHUNK: Final = 500
_HASHING: Final = 4
"""Hashes asked for at once: enough for two threads, few enough that a login waits no longer than two of them."""
_MAIN: Final = CredentialId(0)
_PAGE: Final = 1000
_APP_PASSWORD: Final = "abcdefghjkmnpqrstuvwxyz23456789"  # noqa: S105 - its alphabet, without look-alikes


class Passwords(Protocol):
    """``service.access`` as it is seen from here."""

    async def hash_password(self, password: str, salt: bytes | None = None) -> tuple[str, ScramVerifier | None]: ...


class Mail(Protocol):
    """The store's account data, as far as it is needed here."""

    async def quota(self, account: Any) -> Quota: ...


class SignIns(Protocol):
    """The web UI's sign-ins, as far as they are needed here."""

    async def sessions_delete(self, account: AccountId) -> None: ...


class Store(Protocol):
    """The store, as far as it is needed here."""

    @property
    def web_logins(self) -> SignIns: ...

    @property
    def directory(self) -> Directory: ...
    @property
    def mail(self) -> Mail: ...


class Admin:
    """``now_ms`` is the wall clock; ``make_keys`` makes what signs for a new domain."""

    def __init__(
        self, store: Store, access: Passwords, now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        *, make_keys: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:  # fmt: skip
        self._make_keys = make_keys
        self._store = store
        self._directory = store.directory
        self._access = access
        self._now_ms = now_ms

    # ------------------------------------------------------------------------------------------------- tenants, domains
    async def tenant_add(self, name: str, max_accounts: int = 0, max_octets: int = 0) -> Row:
        """A customer of the site; limits of 0 are none."""
        if not name.strip():
            raise Refusal(Reason.INVALID, "A tenant needs a name")
        if any(tenant.name == name for tenant in await self._directory.tenants()):
            raise Refusal(Reason.ALREADY_EXISTS, f"There is a tenant {name} already; see: mailstead tenant list")
        made = await self._directory.tenant_add(name.strip(), max_accounts=max_accounts, max_octets=max_octets)
        telemetry.event("tenant.added", tenant=made.tenant_id)
        return _tenant(made)

    async def tenant_list(self) -> list[Row]:
        return [_tenant(tenant) for tenant in await self._directory.tenants()]

    async def domain_add(self, name: str, tenant: str = "") -> Row:
        """``tenant`` by name; "": the first one."""
        key = typed.domain_name(name)
        tenants = await self._directory.tenants()
        owner = next((one for one in tenants if one.name == tenant or not tenant), None)
        if owner is None:
            raise Refusal(Reason.NOT_FOUND, f"There is no tenant {tenant}; add it with: mailstead tenant add" if tenant
                          else "There is no tenant yet; add one with: mailstead tenant add NAME")  # fmt: skip
        made = await self._directory.domain_add(key, owner.tenant_id)
        telemetry.event("domain.added", domain=made.name, tenant=owner.tenant_id)
        if self._make_keys is not None:
            await self._make_keys(made.name)
        return _domain(made, {owner.tenant_id: owner.name})

    async def domain_list(self) -> list[Row]:
        names = {tenant.tenant_id: tenant.name for tenant in await self._directory.tenants()}
        return [_domain(domain, names) for domain in await self._directory.domains()]

    async def domain_set(self, name: str, catch_all: str) -> Row:
        """``catch_all`` "": mail for unknown addresses is refused."""
        if catch_all:
            typed.parts(catch_all)
        names = {tenant.tenant_id: tenant.name for tenant in await self._directory.tenants()}
        changed = await self._directory.domain_set(typed.domain_name(name), catch_all=catch_all)
        telemetry.event("domain.changed", domain=changed.name, catch_all=catch_all)
        return _domain(changed, names)

    # ------------------------------------------------------------------------------------------------- accounts
    async def account_add(self, address: str, password: str, name: str = "", quota: int = 0, admin: bool = False) -> Row:
        """An account with its default mailboxes. ``quota`` in octets, 0: no limit."""
        typed.plain_address(address)
        argon2, scram = await self._access.hash_password(password)
        made = await self._directory.account_add(
            address, name=name, argon2=argon2, scram=scram, max_octets=quota, is_admin=admin
        )
        telemetry.event("account.added", account=made.account_id, address=made.address)
        return _account(made)

    async def accounts_add(self, rows: Sequence[Sequence[Any]], progress: Progress | None = None) -> Row:
        """Many: (address, password, quota, name) each. Nothing is made when an address is wrong, twice in the list or
        there already; those made before a later failure stay, and ``added`` counts them."""
        await self._check_rows(rows)
        added = 0
        for start in range(0, len(rows), _CHUNK):
            chunk = rows[start : start + _CHUNK]
            hashes = await self._hashes([str(row[1]) for row in chunk], start, len(rows), progress)
            made = await self._directory.accounts_add([
                (str(row[0]), argon2, scram, int(row[2] or 0) if len(row) > 2 else 0, str(row[3]) if len(row) > 3 else "")
                for row, (argon2, scram) in zip(chunk, hashes, strict=True)
            ])
            added += len(made)
            telemetry.event("accounts.added", count=len(made))
        return {"added": added}

    async def _check_rows(self, rows: Sequence[Sequence[Any]]) -> None:
        domains = {domain.name for domain in await self._directory.domains()}
        seen: set[str] = set()
        for number, row in enumerate(rows, 1):
            local, domain = typed.plain_address(str(row[0]))
            key = Address(local, domain).key
            if domain_key(domain) not in domains:
                raise Refusal(Reason.NOT_FOUND, f"Row {number}: {domain} is not a domain of this server; add it with: mailstead domain add {domain}")
            if key in seen:
                raise Refusal(Reason.INVALID, f"Row {number}: {row[0]} is in the list twice")
            seen.add(key)
            if not limits.PASSWORD_LEAST <= len(str(row[1])) <= limits.PASSWORD:
                raise Refusal(Reason.INVALID, f"Row {number}: {row[0]} needs a password of {limits.PASSWORD_LEAST} to {limits.PASSWORD} characters")
            if await self._directory.account_by_address(str(row[0])) is not None:
                raise Refusal(Reason.ALREADY_EXISTS, f"Row {number}: there is an account {row[0]} already; take it out of the list")

    async def _hashes(
        self, passwords: list[str], before: int, total: int, progress: Progress | None
    ) -> list[tuple[str, ScramVerifier | None]]:
        turn = asyncio.Semaphore(_HASHING)
        done = before

        async def one(password: str) -> tuple[str, ScramVerifier | None]:
            nonlocal done
            async with turn:
                hashed = await self._access.hash_password(password)
            done += 1
            if progress is not None:
                progress("accounts", done, total)
            return hashed

        return await _all(one(password) for password in passwords)

    async def account_list(self, domain: str = "") -> list[Row]:
        return [_account(account) async for account in self._accounts(domain)]

    async def _accounts(self, domain: str) -> AsyncIterator[Account]:
        after = ""
        while True:
            page = await self._directory.accounts(domain=domain_key(domain) if domain else "", after=after, limit=_PAGE)
            for account in page:
                yield account
            if len(page) < _PAGE:
                return
            after = key_of(page[-1].address)

    async def account_show(self, address: str) -> Row:
        """State, room used, the shard file that holds it, addresses that lead here, app passwords."""
        account = await self._found(address)
        quota = await self._store.mail.quota(account.account_id)
        own = key_of(account.address)
        domain = own.rpartition("@")[2]
        aliases = [alias for alias, target in await self._directory.aliases() if key_of(target) == own]
        groups = [group for group, members in await self._directory.groups() if own in map(key_of, members)]
        catch_all = [f"@{one.name}" for one in await self._directory.domains() if one.catch_all and key_of(one.catch_all) == own]
        return {
            **_account(account), "used_octets": quota.used_octets, "used_messages": quota.used_messages, "domain": domain,
            "file": shard_file(account.shard),
            "aliases": [*aliases, *catch_all], "groups": groups,
            "app_passwords": [row["label"] for row in await self.app_password_list(address)],
        }  # fmt: skip

    async def account_set_password(self, address: str, password: str) -> Row:
        """The main password; app passwords stay, whoever is signed in to the web UI is out."""
        account = await self._found(address)
        argon2, scram = await self._access.hash_password(password, _salt(await self._credentials(address)))
        await self._directory.credential_set(account.account_id, credential=_MAIN, label="", argon2=argon2, scram=scram)
        await self._store.web_logins.sessions_delete(account.account_id)
        telemetry.event("password.changed", account=account.account_id, reason="by an administrator")
        return _account(account)

    async def account_quota(self, address: str, quota: int) -> Row:
        """Octets; 0: no limit."""
        if quota < 0:
            raise Refusal(Reason.INVALID, "A quota is a number of octets, or 0 for none")
        return await self._changed(address, "account.limited", max_octets=quota)

    async def account_suspend(self, address: str) -> Row:
        """No login and no new mail; nothing is deleted."""
        return await self._changed(address, "account.suspended", state="suspended")

    async def account_resume(self, address: str) -> Row:
        """End of a suspension, or of a deletion that is not due yet."""
        return await self._changed(address, "account.resumed", state="active", delete_after_ms=0)

    async def account_delete(self, address: str, now: bool = False) -> Row:
        """Suspended at once, shredded after 30 days; ``now``: shredded at once, with no way back."""
        if not now:
            return await self._changed(
                address, "account.deleted", state="suspended", delete_after_ms=self._now_ms() + DELETED_AFTER_MS
            )
        account = await self._found(address, may_be_wiping=True)
        await self._directory.account_shred(account.account_id)
        telemetry.event("account.shredded", account=account.account_id)
        return {**_account(account), "state": "gone"}

    async def accounts_sweep(self) -> Row:
        """Shred what is due: deleted accounts whose 30 days are over, and removals that a crash has interrupted. To be
        called now and then by the process that owns the directory."""
        shredded: list[str] = []
        for account in [account async for account in self._accounts("") if self._is_due(account)]:
            now = await self._directory.account(account.account_id)
            if now is not None and self._is_due(now):  # and has not been resumed meanwhile
                await self._directory.account_shred(account.account_id)
                telemetry.event("account.shredded", account=account.account_id, reason=now.state)
                shredded.append(account.address)
        return {"shredded": shredded}

    def _is_due(self, account: Account) -> bool:
        is_over = 0 < account.delete_after_ms <= self._now_ms()
        return account.state == "wiping" or (is_over and account.state == "suspended")

    async def _changed(self, address: str, event: str, **changes: Any) -> Row:
        account = await self._found(address)
        changed = await self._directory.account_set(account.account_id, **changes)
        telemetry.event(event, account=account.account_id)
        return _account(changed)

    async def _found(self, address: str, *, may_be_wiping: bool = False) -> Account:
        typed.parts(address)
        account = await self._directory.account_by_address(address)
        if account is None:
            raise Refusal(Reason.NOT_FOUND, f"There is no account {address}; see: mailstead account list")
        if account.state in {"wiping", "gone"} and not may_be_wiping:
            raise Refusal(Reason.NOT_PERMITTED, f"{address} is being deleted for good; nothing about it can be changed any more")
        return account

    # ------------------------------------------------------------------------------------------------- app passwords
    async def app_password_add(self, address: str, label: str) -> Row:
        """A new one, made here: ``password`` in the result is shown this once."""
        account = await self._found(address)
        record = await self._directory.login(address)
        present = await self._credentials(address)
        if len(present) >= APP_PASSWORDS:
            raise Refusal(Reason.LIMIT, f"{address} has {APP_PASSWORDS} app passwords, as many as it may; delete one first")
        if not label.strip() or any(credential.label == label.strip() for credential in present):
            raise Refusal(Reason.INVALID, f"Give the app password a name that {address} does not use yet")
        password = "-".join("".join(secrets.choice(_APP_PASSWORD) for _ in range(4)) for _ in range(5))
        argon2, scram = await self._access.hash_password(password, _salt(record.credentials if record is not None else ()))
        made = await self._directory.credential_set(
            account.account_id, credential=None, label=label.strip(), argon2=argon2, scram=scram
        )
        telemetry.event("password.added", account=account.account_id, credential=made.credential_id)
        return {**_credential(made), "password": password}

    async def app_password_list(self, address: str) -> list[Row]:
        await self._found(address)
        return [_credential(credential) for credential in await self._credentials(address)]

    async def app_password_delete(self, address: str, label: str) -> Row:
        """``label`` or the id of the list."""
        account = await self._found(address)
        ident = from_wire(CREDENTIAL, label)
        for credential in await self._credentials(address):
            if credential.label == label or credential.credential_id == ident:
                await self._directory.credential_delete(account.account_id, credential.credential_id)
                telemetry.event("password.deleted", account=account.account_id, credential=credential.credential_id)
                return _credential(credential)
        raise Refusal(Reason.NOT_FOUND, f"{address} has no app password {label}")

    async def _credentials(self, address: str) -> list[Credential]:
        record = await self._directory.login(address)
        return [one for one in record.credentials if one.credential_id != _MAIN] if record is not None else []

    # ------------------------------------------------------------------------------------------------- aliases, groups
    async def alias_add(self, address: str, target: str) -> Row:
        """``@domain`` as ``address`` is that domain's catch-all. ``is_dead``: the target is an address of ours that nobody has."""
        if address.startswith("@"):
            typed.domain_name(address[1:])
        else:
            await self._free(address)
        typed.parts(target)
        if key_of(address) == key_of(target):
            raise Refusal(Reason.INVALID, f"{address} cannot lead to itself")
        there = await self._directory.route(target)
        await self._directory.alias_add(address, target)
        telemetry.event("alias.added", address=address, target=target)
        return {"address": address, "target": target, "is_dead": there.is_local_domain and not (there.accounts or there.remote)}

    async def alias_list(self, domain: str = "") -> list[Row]:
        rows = [{"address": address, "target": target} for address, target in await self._directory.aliases(domain=domain)]
        wanted = domain_key(domain) if domain else ""
        rows += [
            {"address": f"@{one.name}", "target": one.catch_all}
            for one in await self._directory.domains() if one.catch_all and wanted in {"", one.name}
        ]  # fmt: skip
        return rows

    async def alias_delete(self, address: str) -> Row:
        if not address.startswith("@"):
            typed.parts(address)
        await self._directory.alias_delete(address)
        telemetry.event("alias.deleted", address=address)
        return {"address": address}

    async def group_set(self, address: str, members: Sequence[str]) -> Row:
        """Make it, or give it these members instead."""
        await self._free(address)
        if not members or len(members) > limits.GROUP_MEMBERS:
            raise Refusal(Reason.INVALID, f"A group has 1 to {limits.GROUP_MEMBERS} members")
        for member in members:
            typed.parts(member)
            if key_of(member) == key_of(address):
                raise Refusal(Reason.INVALID, f"{address} cannot be a member of itself")
        await self._directory.group_set(address, list(members))
        telemetry.event("group.changed", address=address, members=len(members))
        return {"address": address, "members": list(members)}

    async def group_list(self) -> list[Row]:
        return [{"address": address, "members": list(members)} for address, members in await self._directory.groups()]

    async def group_delete(self, address: str) -> Row:
        typed.parts(address)
        await self._directory.group_delete(address)
        telemetry.event("group.deleted", address=address)
        return {"address": address}

    async def _free(self, address: str) -> None:
        """That no account has this address, and that its form is right."""
        typed.plain_address(address)
        if await self._directory.account_by_address(address) is not None:
            raise Refusal(Reason.ALREADY_EXISTS, f"{address} is an account; choose another address")


# ----------------------------------------------------------------------------------------------------- values as rows
def _tenant(tenant: Tenant) -> Row:
    return {
        "tenant_id": int(tenant.tenant_id), "name": tenant.name, "max_accounts": tenant.max_accounts, "max_octets": tenant.max_octets,
    }  # fmt: skip


def _domain(domain: Domain, tenants: dict[TenantId, str]) -> Row:
    return {"name": domain.name, "tenant": tenants.get(domain.tenant_id, ""), "catch_all": domain.catch_all}


def _account(account: Account) -> Row:
    return {
        "address": account.address, "name": account.name, "state": account.state, "quota": account.max_octets,
        "max_messages": account.max_messages, "is_admin": account.is_admin, "created_at_ms": account.created_at_ms,
        "delete_after_ms": account.delete_after_ms, "account_id": to_wire("a", account.account_id),
    }  # fmt: skip


def _credential(credential: Credential) -> Row:
    return {
        "id": to_wire(CREDENTIAL, credential.credential_id), "label": credential.label, "created_at_ms": credential.created_at_ms,
    }  # fmt: skip


def _salt(credentials: Sequence[Credential]) -> bytes | None:
    """The salt that an account's passwords share (``protocol.sasl.scram``)."""
    return next((one.scram.salt for one in credentials if one.scram is not None), None)


async def _all(awaitables: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Their results; the first failure ends the others and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(awaitable) for awaitable in awaitables]
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [task.result() for task in tasks]
