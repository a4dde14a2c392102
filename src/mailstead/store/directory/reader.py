"""Reading the directory, with a cache that another process's commit empties.

Every look-up is kept until somebody commits (``engine.version``), so that nothing is stale in any process, and a busy worker pays a dict look-up (STORAGE §3).
What no writer of ours has written is found by SQLite's own count of changes, which is looked at every second: within the 5 s that are promised (2 s for "no such
address").
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from mailstead.model import limits
from mailstead.model.address import domain_key, fold_local, key_of
from mailstead.model.ids import AccountId, DomainId, TenantId
from mailstead.model.object import KeptObject, ObjectStates
from mailstead.model.person import Person
from mailstead.model.sharing import SharedAccount
from mailstead.store.directory import principals, rows, shared
from mailstead.store.engine.reading import Reading
from mailstead.store.engine.sqlite import Database
from mailstead.store.engine.version import Version
from mailstead.store.interface import Account, DkimKey, Domain, LoginRecord, Routed, Tenant

R = TypeVar("R")
_LOOK_MS: Final = 1_000
_TENANTS: Final = 50
"""Whose people are kept in memory."""
_KEPT: Final = 200_000


class Reader:
    """All look-ups. Raises ``Unavailable`` when the file is. ``version``: of the file."""

    def __init__(self, path: Path, vfs: str, now_ms: Callable[[], int], version: Version) -> None:
        self._reading = Reading(path, vfs)
        self._read = self._reading.look
        self._commits = version
        self._seen = -1
        self.now_ms = now_ms
        self._cache: dict[Any, Any] = {}
        self._version = -1
        self._looked_ms = 0
        self._people: dict[int, tuple[ObjectStates, dict[int, Person]]] = {}

    def forget(self) -> None:
        """This process has just written: see it at once."""
        self._cache = {}
        self._looked_ms = 0

    def close(self) -> None:
        self._cache = {}
        self._reading.close()

    def cached(self, what: tuple[Any, ...], read: Callable[[Database], R]) -> R:
        """What ``read`` gave for ``what``, until the directory changes."""
        commits = self._commits.now()
        if commits & 1:  # what is read now may be of before or of after, and the next look-up of the other
            return self._read(read)
        if commits != self._seen:
            self._seen = commits
            self._cache = {}
        now = self.now_ms()
        if not 0 <= now - self._looked_ms < _LOOK_MS:
            self._looked_ms = now
            version = self._read(Database.data_version)
            if version != self._version or len(self._cache) > _KEPT:
                self._version = version
                self._cache = {}
        cache = self._cache  # another one from the next change on: what was read before it does not come into that
        found = cache.get(what, self)
        if found is self:
            found = cache[what] = self._read(read)
        return found  # type: ignore[no-any-return]

    def uncached(self, read: Callable[[Database], R]) -> R:
        """What ``read`` gives now."""
        return self._read(read)

    # ------------------------------------------------------------------------------------------------------- look-ups
    def account(self, account: int) -> Account | None:
        return self.cached(("account", account), lambda db: _account(db, "account_id=?", account))

    def account_by_address(self, address: str) -> Account | None:
        addr = key_of(address)
        return self.cached(("addr", addr), lambda db: _account(db, "addr=?", addr))

    def accounts(self, tenant: int | None, domain: str, after: str, limit: int) -> list[Account]:
        return self._read(lambda db: [rows.account(row) for row in db.all(
            f"SELECT {rows.ACCOUNT_COLUMNS} FROM account WHERE (?1 IS NULL OR tenant_id=?1)"  # noqa: S608
            " AND (?2='' OR substr(addr, -length(?2)-1)='@' || ?2) AND addr>?3 ORDER BY addr LIMIT ?4",
            (tenant, domain_key(domain), key_of(after) if after else "", limit))])

    def people(self, tenant: int) -> tuple[ObjectStates, dict[int, Person]]:
        """See ``interface.Directory.people``. Never stale, so that a state that one worker gave is none of the future to another."""
        def read(db: Database) -> tuple[ObjectStates, dict[int, Person]]:
            now = principals.state(db, tenant)
            found = self._people.get(tenant)
            if found is None or found[0].state != now:
                if len(self._people) >= _TENANTS:
                    self._people.clear()
                found = self._people[tenant] = (
                    principals.of(db, tenant) if principals.count(db, tenant) <= limits.PEOPLE else (ObjectStates(now, ()), {}))
            return found

        return self._read(read)

    def person(self, account: int) -> tuple[KeptObject, Person | None] | None:
        """See ``interface.Directory.person``."""
        return self._read(lambda db: principals.one(db, account))

    def shared_with(self, grantee: int) -> tuple[SharedAccount, ...]:
        """See ``interface.Shares.with_``. Who was just told that something is shared asks for it at once, and another worker answers."""
        return self.cached(("shared", grantee), lambda db: shared.with_(db, grantee))

    def count(self) -> int:
        row = self._read(lambda db: db.one("SELECT count(*) FROM account"))
        return row[0] if row else 0

    def tenants(self) -> list[Tenant]:
        return self._read(lambda db: [Tenant(TenantId(row[0]), *row[1:]) for row in db.all(
            "SELECT tenant_id, name, max_accounts, max_octets FROM tenant ORDER BY tenant_id")])

    def domains(self, tenant: int | None) -> list[Domain]:
        return self.cached(("domains", tenant), lambda db: [
            Domain(DomainId(row[0]), TenantId(row[1]), row[2], row[3]) for row in db.all(
                "SELECT domain_id, tenant_id, name, catch_all FROM domain WHERE ?1 IS NULL OR tenant_id=?1 ORDER BY name",
                (tenant,))])

    def domain(self, name: str) -> Domain | None:
        def read(db: Database) -> Domain | None:
            row = db.one("SELECT domain_id, tenant_id, name, catch_all FROM domain WHERE name=?", (name,))
            return Domain(DomainId(row[0]), TenantId(row[1]), row[2], row[3]) if row else None

        return self.cached(("domain", name), read)

    def dkim_keys(self, domain: str, opened: Callable[[bytes], bytes]) -> tuple[DkimKey, ...]:
        """``opened`` unseals a private key."""
        def read(db: Database) -> tuple[DkimKey, ...]:
            return tuple(
                DkimKey(domain, selector, kind, state, changed_ms, record, opened(sealed))
                for selector, kind, state, changed_ms, record, sealed in db.all(
                    "SELECT selector, kind, state, changed_ms, record, sealed FROM dkim_key WHERE domain=? ORDER BY selector", (domain,)
                )
            )

        return self.cached(("dkim", domain), read)

    def sts_policy(self, domain: str) -> tuple[str, str, int] | None:
        """(id, text, expires ms)."""
        def read(db: Database) -> tuple[str, str, int] | None:
            row = db.one("SELECT policy_id, policy, expires_ms FROM sts_policy WHERE domain=?", (domain,))
            return (row[0], row[1], row[2]) if row else None

        return self.cached(("sts", domain), read)

    def address(self, addr: str) -> tuple[int, int, tuple[str, ...]] | None:
        """(kind, account, targets) of an address."""
        def read(db: Database) -> tuple[int, int, tuple[str, ...]] | None:
            row = db.one("SELECT kind, account_id, targets FROM address WHERE addr=?", (addr,))
            return (row[0], row[1], rows.targets(row[2])) if row else None

        return self.cached(("address", addr), read)

    def listed(self, kind: int, domain: str) -> list[tuple[str, tuple[str, ...]]]:
        return self._read(lambda db: [(row[0], rows.targets(row[1])) for row in db.all(
            "SELECT addr, targets FROM address WHERE kind=?1 AND (?2='' OR domain=?2) ORDER BY addr",
            (kind, domain_key(domain)))])

    def pointing_at(self, addr: str) -> list[tuple[str, int]]:
        """Aliases and groups that name this address: (address, kind)."""
        return self.cached(("pointing", addr), lambda db: [(row[0], row[1]) for row in db.all(
            "SELECT t.addr, a.kind FROM target t JOIN address a ON a.addr=t.addr WHERE t.target=?", (addr,))])

    def login(self, login: str) -> LoginRecord | None:
        """See ``interface.Directory.login``."""
        return self.cached(("login", login), lambda _: self._login(login))

    def _login(self, login: str) -> LoginRecord | None:
        if "@" not in login:
            domains = self.domains(None)
            if len(domains) != 1:
                return None
            login = f"{login}@{domains[0].name}"
        account = self.account_by_address(login)
        if account is None:
            found = self.address(key_of(login))
            if found is None or found[0] != rows.ALIAS or len(found[2]) != 1:
                return None
            account = self.account_by_address(found[2][0])
            if account is None:
                return None
        ident = account.account_id
        credentials = self.cached(("credentials", ident), lambda db: tuple(rows.credential(row) for row in db.all(
            "SELECT credential_id, label, argon2, scram, revision, created_ms FROM credential WHERE account_id=?"
            " ORDER BY credential_id", (ident,))))
        second = self.cached(("second", ident), lambda db: db.one("SELECT 1 FROM totp WHERE account_id=? AND confirmed", (ident,)) is not None)
        return LoginRecord(account, credentials, second)

    # --------------------------------------------------------------------------------------------------------- routing
    def route(self, address: str) -> Routed:
        """See ``interface.Directory.route``."""
        local, _, domain = address.rpartition("@")
        domain = domain_key(domain)
        if self.domain(domain) is None:
            return Routed(is_local_domain=False, remote=(address,))
        key, cache = ("route", fold_local(local), domain), self._cache
        found = cache.get(key)
        if found is None:
            found = cache[key] = self._route(fold_local(local), domain)
        return found

    def _route(self, local: str, domain: str) -> Routed:
        detail = ""
        addr = f"{local}@{domain}"
        found = self.address(addr)
        if found is None and "+" in local:
            base, _, detail = local.partition("+")
            found = self.address(f"{base}@{domain}")
            if found is not None:
                addr = f"{base}@{domain}"
        if found is None:
            detail = ""
            ours = self.domain(domain)
            target = ours.catch_all if ours else ""
            found = (rows.ALIAS, 0, (target,)) if target else self.address(f"@{domain}")
        if found is None:
            return Routed(is_local_domain=True)
        accounts: dict[AccountId, str] = {}
        remote: dict[str, None] = {}
        self._expand(addr, found, accounts, remote, {addr}, 0)
        is_direct = found[0] == rows.MAILBOX
        return Routed(True, tuple(accounts.items()), tuple(remote), detail if is_direct or len(accounts) == 1 else "")

    def _expand(self, addr: str, found: tuple[int, int, tuple[str, ...]], accounts: dict[AccountId, str],
                remote: dict[str, None], seen: set[str], depth: int) -> None:
        kind, account, targets = found
        if kind == rows.MAILBOX:
            accounts.setdefault(AccountId(account), addr)
            return
        if depth >= limits.GROUP_DEPTH:
            return
        for target in targets:
            if len(accounts) + len(remote) >= limits.GROUP_MEMBERS:
                return
            key = key_of(target)
            if key in seen:
                continue
            seen.add(key)
            domain = key.rpartition("@")[2]
            if self.domain(domain) is None:
                remote.setdefault(target)
                continue
            below = self.address(key)
            if below is None and "+" in key:
                base = key.partition("+")[0]
                below = self.address(f"{base}@{domain}")
            if below is not None:
                self._expand(key, below, accounts, remote, seen, depth + 1)

    def owns(self, account: int, address: str) -> bool:
        """See ``interface.Directory.owns``."""
        ours = self.account(account)
        if ours is None:
            return False
        addr = key_of(address)
        local, _, domain = addr.rpartition("@")
        candidates = {addr}
        if "+" in local:
            candidates.add(f"{local.partition('+')[0]}@{domain}")
        own = key_of(ours.address)
        if own in candidates:
            return True
        seen = {own}
        edge = [own]
        for _ in range(limits.GROUP_DEPTH):
            edge = [above for at in edge for above, kind in self.pointing_at(at) if kind == rows.ALIAS and above not in seen]
            if candidates.intersection(edge):
                return True
            if not edge:
                break
            seen.update(edge)
        return False


def _account(db: Database, where: str, value: Any) -> Account | None:
    row = db.one(f"SELECT {rows.ACCOUNT_COLUMNS} FROM account WHERE {where}", (value,))  # noqa: S608 - words of our own
    return rows.account(row) if row else None
