"""Writes to the directory, as values for its owner (``mail.operation``). Each refuses before it changes anything."""

from typing import ClassVar, Final

from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import DomainId, TenantId
from mailstead.model.question import ScramVerifier
from mailstead.store.directory import principals, rows
from mailstead.store.engine.writer import Tx
from mailstead.store.interface import Account, Credential, Domain, Tenant
from mailstead.store.keys import Keys
from mailstead.store.mail.operation import Operation

DEFAULT_TENANT: Final = TenantId(1)


def _domain_of(addr: str) -> str:
    return addr.rpartition("@")[2]


def _tenant_of(tx: Tx, domain: str) -> int:
    row = tx.db.one("SELECT tenant_id FROM domain WHERE name=?", (domain,))
    if row is None:
        raise Refusal(Reason.NOT_FOUND, f"{domain} is not a domain of this server; add it with: mailstead domain add {domain}")
    return int(row[0])


class AddTenant(Operation):
    tenant: int
    name: str
    max_accounts: int
    max_octets: int
    returns: ClassVar = Tenant

    def apply(self, tx: Tx, keys: Keys) -> Tenant:  # noqa: ARG002 - the signature of all
        if tx.db.one("SELECT 1 FROM tenant WHERE name=?", (self.name,)):
            raise Refusal(Reason.ALREADY_EXISTS, f"There is a tenant {self.name} already")
        tx.db.run("INSERT INTO tenant VALUES (?, ?, ?, ?)", (self.tenant, self.name, self.max_accounts, self.max_octets))
        return Tenant(TenantId(self.tenant), self.name, self.max_accounts, self.max_octets)


class AddDomain(Operation):
    domain: int
    name: str
    tenant: int
    returns: ClassVar = Domain

    def apply(self, tx: Tx, keys: Keys) -> Domain:  # noqa: ARG002 - the signature of all
        if tx.db.one("SELECT 1 FROM domain WHERE name=?", (self.name,)):
            raise Refusal(Reason.ALREADY_EXISTS, f"{self.name} is a domain of this server already")
        if tx.db.one("SELECT 1 FROM tenant WHERE tenant_id=?", (self.tenant,)) is None:
            raise Refusal(Reason.NOT_FOUND, "There is no such tenant; see: mailstead tenant list")
        tx.db.run("INSERT INTO domain VALUES (?, ?, ?, '')", (self.domain, self.name, self.tenant))
        return Domain(DomainId(self.domain), TenantId(self.tenant), self.name)


class SetDomain(Operation):
    name: str
    catch_all: str
    returns: ClassVar = Domain

    def apply(self, tx: Tx, keys: Keys) -> Domain:  # noqa: ARG002 - the signature of all
        _tenant_of(tx, self.name)
        tx.db.run("UPDATE domain SET catch_all=? WHERE name=?", (self.catch_all, self.name))
        row = tx.db.one("SELECT domain_id, tenant_id FROM domain WHERE name=?", (self.name,))
        return Domain(DomainId(row[0] if row else 0), TenantId(row[1] if row else 0), self.name, self.catch_all)


class AddDkimKey(Operation):
    """``sealed``: the private key under the domain's own key."""

    domain: str
    selector: str
    kind: str
    record: str
    sealed: bytes

    def apply(self, tx: Tx, keys: Keys) -> None:  # noqa: ARG002 - the signature of all
        _tenant_of(tx, self.domain)
        if tx.db.one("SELECT 1 FROM dkim_key WHERE domain=? AND selector=?", (self.domain, self.selector)):
            raise Refusal(Reason.ALREADY_EXISTS, f"There is a key {self.selector} of {self.domain} already")
        tx.db.run(
            "INSERT INTO dkim_key VALUES (?, ?, ?, 'waiting', ?, ?, ?)",
            (self.domain, self.selector, self.kind, tx.now_ms, self.record, self.sealed),
        )


class SetDkimKey(Operation):
    """``state`` "": the key goes."""

    domain: str
    selector: str
    state: str

    def apply(self, tx: Tx, keys: Keys) -> None:  # noqa: ARG002 - the signature of all
        if self.state:
            tx.db.run(
                "UPDATE dkim_key SET state=?, changed_ms=? WHERE domain=? AND selector=?",
                (self.state, tx.now_ms, self.domain, self.selector),
            )
        else:
            tx.db.run("DELETE FROM dkim_key WHERE domain=? AND selector=?", (self.domain, self.selector))
        if not tx.db.changed():
            raise Refusal(Reason.NOT_FOUND, f"There is no key {self.selector} of {self.domain}")


class SetStsPolicy(Operation):
    domain: str
    policy_id: str
    policy: str
    expires_ms: int

    def apply(self, tx: Tx, keys: Keys) -> None:  # noqa: ARG002 - the signature of all
        tx.db.run("DELETE FROM sts_policy WHERE expires_ms<=?", (tx.now_ms,))
        tx.db.run("INSERT OR REPLACE INTO sts_policy VALUES (?, ?, ?, ?)", (self.domain, self.policy_id, self.policy, self.expires_ms))


class AddAccount(Operation):
    """The account's row, its address and its password: the last of the four steps (DECISIONS 11). ``tenant`` None: the
    domain's."""

    account: int
    address: str
    addr: str
    name: str
    tenant: int | None
    shard: int
    is_admin: bool
    max_octets: int
    max_messages: int
    argon2: str
    scram: ScramVerifier | None
    returns: ClassVar = Account

    def apply(self, tx: Tx, keys: Keys) -> Account:  # noqa: ARG002 - the signature of all
        domain = _domain_of(self.addr)
        tenant = _tenant_of(tx, domain)
        if self.tenant is not None and self.tenant != tenant:
            raise Refusal(Reason.NOT_PERMITTED, f"{domain} belongs to another tenant")
        if tx.db.one("SELECT 1 FROM address WHERE addr=?", (self.addr,)):
            raise Refusal(Reason.ALREADY_EXISTS, f"There is an account, alias or group {self.address} already")
        limit = tx.db.one("SELECT max_accounts FROM tenant WHERE tenant_id=?", (tenant,))
        if limit and limit[0]:
            count = tx.db.one("SELECT count(*) FROM account WHERE tenant_id=?", (tenant,))
            if count and count[0] >= limit[0]:
                raise Refusal(Reason.LIMIT, f"The tenant has {limit[0]} accounts, as many as it may")
        row = (
            self.account, tenant, self.address, self.name, "active", self.shard, 1, self.is_admin, tx.now_ms,
            self.max_octets, self.max_messages, 0,
        )
        tx.db.run(
            f"INSERT INTO account ({rows.ACCOUNT_COLUMNS}, addr) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            (*row, self.addr),
        )
        tx.db.run(
            "INSERT INTO address VALUES (?, ?, ?, ?, ?)", (self.addr, domain, rows.MAILBOX, self.account, b"")
        )
        tx.db.run(
            "INSERT INTO credential VALUES (?, ?, '', ?, ?, 1, ?)",
            (self.account, rows.MAIN_PASSWORD, self.argon2, rows.pack_scram(self.scram), tx.now_ms),
        )
        principals.note(tx, self.account)
        return rows.account(row)


class AddAccounts(Operation):
    """Several accounts, all or none."""

    accounts: list[AddAccount]
    returns: ClassVar = list[Account]

    def apply(self, tx: Tx, keys: Keys) -> list[Account]:
        return [one.apply(tx, keys) for one in self.accounts]


class SetAccountRow(Operation):
    """None: unchanged."""

    account: int
    name: str | None = None
    state: str | None = None
    is_admin: bool | None = None
    max_octets: int | None = None
    max_messages: int | None = None
    delete_after_ms: int | None = None
    returns: ClassVar = Account

    def apply(self, tx: Tx, keys: Keys) -> Account:  # noqa: ARG002 - the signature of all
        tx.db.run(
            "UPDATE account SET name=coalesce(?2, name), state=coalesce(?3, state), is_admin=coalesce(?4, is_admin),"
            " max_octets=coalesce(?5, max_octets), max_messages=coalesce(?6, max_messages),"
            " delete_after_ms=coalesce(?7, delete_after_ms), epoch=epoch+(?3 IS NOT NULL) WHERE account_id=?1",
            (self.account, self.name, self.state, self.is_admin, self.max_octets, self.max_messages, self.delete_after_ms),
        )
        row = tx.db.one(f"SELECT {rows.ACCOUNT_COLUMNS} FROM account WHERE account_id=?", (self.account,))  # noqa: S608
        if row is None:
            raise Refusal(Reason.NOT_FOUND, "There is no such account")
        if self.name is not None or self.state is not None:
            principals.note(tx, self.account)
        return rows.account(row)


class DropAccount(Operation):
    """The account's rows, addresses and credentials; its key is gone by now."""

    account: int

    def apply(self, tx: Tx, keys: Keys) -> None:  # noqa: ARG002 - the signature of all
        for table in ("credential", "web_session", "known_device", "totp", "address", "account"):
            tx.db.run(f"DELETE FROM {table} WHERE account_id=?", (self.account,))  # noqa: S608 - names of our own
        principals.note(tx, self.account)
        tx.db.run("DELETE FROM shared WHERE grantee=?1 OR owner=?1", (self.account,))


class SetCredential(Operation):
    """``credential`` None: a new app password, under ``fresh``."""

    account: int
    credential: int | None
    fresh: int
    label: str
    argon2: str
    scram: ScramVerifier | None
    returns: ClassVar = Credential

    def apply(self, tx: Tx, keys: Keys) -> Credential:  # noqa: ARG002 - the signature of all
        if tx.db.one("SELECT 1 FROM account WHERE account_id=?", (self.account,)) is None:
            raise Refusal(Reason.NOT_FOUND, "There is no such account")
        ident = self.fresh if self.credential is None else self.credential
        before = tx.db.one("SELECT revision FROM credential WHERE account_id=? AND credential_id=?", (self.account, ident))
        row = (ident, self.label, self.argon2, rows.pack_scram(self.scram), before[0] + 1 if before else 1, tx.now_ms)
        tx.db.run("INSERT OR REPLACE INTO credential VALUES (?, ?, ?, ?, ?, ?, ?)", (self.account, *row))
        return rows.credential(row)


class DropCredential(Operation):
    account: int
    credential: int

    def apply(self, tx: Tx, keys: Keys) -> None:  # noqa: ARG002 - the signature of all
        if self.credential == rows.MAIN_PASSWORD:
            raise Refusal(Reason.NOT_PERMITTED, "The main password can be changed, not removed")
        tx.db.run("DELETE FROM credential WHERE account_id=? AND credential_id=?", (self.account, self.credential))
        if not tx.db.changed():
            raise Refusal(Reason.NOT_FOUND, "There is no such app password")


class SetAddress(Operation):
    """An alias (one target) or group. An alias added twice gains a target; a group is replaced."""

    addr: str
    kind: int
    targets: tuple[str, ...]

    def apply(self, tx: Tx, keys: Keys) -> None:  # noqa: ARG002 - the signature of all
        domain = _domain_of(self.addr)
        _tenant_of(tx, domain)
        row = tx.db.one("SELECT kind, targets FROM address WHERE addr=?", (self.addr,))
        targets = self.targets
        if row is not None:
            if row[0] != self.kind:
                raise Refusal(Reason.ALREADY_EXISTS, f"{self.addr} is in use already: see mailstead account, alias and group list")
            if self.kind == rows.ALIAS:
                targets = tuple(dict.fromkeys((*rows.targets(row[1]), *targets)))
        tx.db.run(
            "INSERT OR REPLACE INTO address VALUES (?, ?, ?, 0, ?)", (self.addr, domain, self.kind, rows.pack_targets(targets))
        )
        tx.db.run("DELETE FROM target WHERE addr=?", (self.addr,))
        tx.db.many("INSERT OR IGNORE INTO target VALUES (?, ?)", ((target, self.addr) for target in targets))


class DropAddress(Operation):
    addr: str
    kind: int

    def apply(self, tx: Tx, keys: Keys) -> None:  # noqa: ARG002 - the signature of all
        tx.db.run("DELETE FROM address WHERE addr=? AND kind=?", (self.addr, self.kind))
        if not tx.db.changed():
            kind = "group" if self.kind == rows.GROUP else "alias"
            raise Refusal(Reason.NOT_FOUND, f"There is no {kind} {self.addr}; see: mailstead {kind} list")
        tx.db.run("DELETE FROM target WHERE addr=?", (self.addr,))


class MakeKey(Operation):
    """In ``keys.db``."""

    account: int
    is_once: ClassVar = True

    def apply(self, tx: Tx, keys: Keys) -> None:
        keys.make(tx, self.account)


class AdoptSecrets(Operation):
    """In ``keys.db``."""

    is_once: ClassVar = True

    def apply(self, tx: Tx, keys: Keys) -> None:
        keys.adopt(tx)


class ShredKey(Operation):
    """In ``keys.db``: no way back."""

    account: int
    is_once: ClassVar = True

    def apply(self, tx: Tx, keys: Keys) -> None:
        keys.shred(tx, self.account)
