"""A data directory is founded once, whole, and may come back from a backup. Over the real store; policy is a stand-in."""

from pathlib import Path
from typing import Any

import pytest

from mailstead.app import assemble
from mailstead.app.config import Settings, load
from mailstead.app.found import FoundError, found
from mailstead.app.operations import Operations
from mailstead.app.restoring import restore
from mailstead.model.errors import Refusal
from mailstead.net import run
from mailstead.service.domains.publish import Publishing
from mailstead.store import Embedded


class Policy:
    """As little of ``service.admin`` as founding needs."""

    def __init__(self, store: Any, published: Publishing) -> None:
        self.store = store
        self.published = published

    async def domain_list(self) -> list[dict[str, Any]]:
        return [{"name": domain.name} for domain in await self.store.directory.domains()]

    async def domain_add(self, name: str) -> dict[str, Any]:
        tenant = (await self.store.directory.tenants())[0]
        await self.store.directory.domain_add(name, tenant.tenant_id)
        await self.published.keys.make(name)
        return {"name": name}

    async def account_list(self) -> list[dict[str, Any]]:
        return [{"address": account.address} for account in await self.store.directory.accounts()]

    async def account_add(self, address: str, **_more: Any) -> dict[str, Any]:
        await self.store.directory.account_add(address, argon2="x", scram=None)
        return {"address": address}


@pytest.fixture(autouse=True)
def _policy(monkeypatch: pytest.MonkeyPatch) -> None:
    def operations(store: Embedded, settings: Settings) -> Operations:
        published = assemble.publishing(store, settings)
        return Operations(store, Policy(store, published), None, publishing=published)

    monkeypatch.setattr(assemble, "operations", operations)


def _found(data: Path) -> list[str]:
    accounts = [{"address": "admin@example.test", "password": "x"}]
    return run(lambda: found(data, hostname="mail.example.test", domain="example.test", accounts=accounts, listen={"smtp": ["*:25"]}))


def _addresses(data: Path) -> list[str]:
    async def main() -> list[str]:
        store = assemble.open_store(data, load(data / "mailstead.toml", {}))
        await store.start()
        try:
            return [account.address for account in await store.directory.accounts()]
        finally:
            await store.close()

    return run(main)


def test_a_directory_is_founded_once(tmp_path: Path) -> None:
    data = tmp_path / "data"
    _found(data)
    settings = load(data / "mailstead.toml", {})
    assert ("mail.example.test", ("*:25",)) == (settings.hostname, settings.listen.smtp)
    assert (data / "tls" / "self-signed.pem").exists()
    assert ["admin@example.test"] == _addresses(data)
    with pytest.raises(FoundError, match="already"):
        _found(data)


def test_a_strange_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("x")
    with pytest.raises(FoundError, match="not empty"):
        _found(tmp_path)


def test_what_was_interrupted_is_finished(tmp_path: Path) -> None:
    data = tmp_path / "data"
    _found(data)
    (data / "mailstead.toml").unlink()
    (data / "founding").touch()
    _found(data)
    assert ["admin@example.test"] == _addresses(data)


@pytest.mark.parametrize("with_keys", [False, True])
def test_a_backup_comes_back(tmp_path: Path, with_keys: bool) -> None:
    data, copy, back = tmp_path / "data", tmp_path / "copy", tmp_path / "back"
    _found(data)

    async def main() -> None:
        store = assemble.open_store(data, load(data / "mailstead.toml", {}))
        await store.start()
        await store.backup(str(copy), with_keys=with_keys, progress=lambda *_: None)
        await store.close()

    run(main)
    if not with_keys:
        with pytest.raises(Refusal, match="--keys"):
            run(lambda: restore(copy, back, None))
    run(lambda: restore(copy, back, None if with_keys else data))
    assert ["admin@example.test"] == _addresses(back)
    (copy / "mailstead.toml").write_text("changed")
    with pytest.raises(Refusal, match="damaged"):
        run(lambda: restore(copy, tmp_path / "third", data))


def test_the_records_to_publish_are_given_with_the_keys_that_were_made(tmp_path: Path) -> None:
    text = "\n".join(_found(tmp_path / "data"))
    for word in ("MX    10 mail.example.test.", "v=spf1 mx -all", "_dmarc.example.test.", "_imaps._tcp.example.test.", "k=rsa; p=", "k=ed25519; p="):
        assert word in text
