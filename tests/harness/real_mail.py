"""The real store in a folder of a test, with a few accounts."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from mailstead.model.ids import AccountId
from mailstead.store import Embedded, create, open_store


@asynccontextmanager
async def real_store(folder: Path, logins: Sequence[str]) -> AsyncIterator[tuple[Embedded, dict[str, AccountId]]]:
    """A store of its own, and the accounts by local part."""
    data = folder / "data"
    data.mkdir()
    create(data, shards=1)
    store = open_store(data)
    await store.start()
    try:
        tenants = await store.directory.tenants()
        await store.directory.domain_add("example.org", tenants[0].tenant_id)
        accounts = {}
        for login in logins:
            account = await store.directory.account_add(f"{login}@example.org", argon2="x", scram=None)
            accounts[login] = account.account_id
        yield store, accounts
    finally:
        await store.close()
