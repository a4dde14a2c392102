"""A supervisor over a store that holds nothing: run by the tests in a process of its own."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from mailstead.app import assemble, node
from mailstead.app.config import Settings, load
from mailstead.app.metrics import Metrics
from mailstead.app.operations import Operations
from mailstead.app.supervise import StartError, Supervisor
from mailstead.app.wire import Wire
from mailstead.model.errors import Reason, Refusal, Unavailable


class FakeStore:
    def __init__(self, worker: int, wire: Wire | None) -> None:
        self.worker = worker
        self.wire = wire

    async def start(self) -> None:
        if os.environ.get("FAIL") == "always":
            raise Unavailable("", "the disk is on fire")

    def secret(self, purpose: bytes) -> bytes:
        return purpose.ljust(32)

    async def close(self) -> None:
        return

    async def handle(self, request: bytes) -> bytes:
        return b"%d:" % self.worker + request

    def take_news(self, _payload: bytes) -> None:
        return

    async def verify(self, *, repair: bool, progress: Any) -> list[str]:
        progress("shards", 1, 2)
        assert self.wire is not None
        answer = await self.wire.handover(self.wire.workers - 1, b"hello")
        return [answer.decode(), str(repair)]


class FakeAdmin:
    def __init__(self) -> None:
        self.accounts: dict[str, dict[str, Any]] = {}

    async def account_add(self, address: str, password: str, *, name: str = "", quota: int = 0, admin: bool = False) -> dict[str, Any]:
        if address in self.accounts:
            raise Refusal(Reason.ALREADY_EXISTS, f"{address} is there already.")
        row = {"address": address, "name": name, "quota": quota, "is_admin": admin, "state": "active", "letters": len(password)}
        self.accounts[address] = row
        return row

    async def accounts_add(self, rows: list[list[Any]], *, progress: Any) -> list[dict[str, Any]]:
        progress("accounts", len(rows), len(rows))
        return [await self.account_add(address, password, name=name, quota=quota) for address, password, quota, name in rows]

    async def account_show(self, address: str) -> dict[str, Any]:
        if address == "die@example.test":
            os.kill(os.getpid(), signal.SIGKILL)
        if address not in self.accounts:
            raise Refusal(Reason.NOT_FOUND, f"There is no account {address}.")
        return self.accounts[address]

    async def account_quota(self, address: str, quota: int) -> dict[str, Any]:
        self.accounts[address]["quota"] = quota
        return self.accounts[address]

    async def domain_list(self) -> list[dict[str, str]]:
        return [{"name": "example.test"}]

    async def domain_add(self, name: str) -> dict[str, str]:
        raise Refusal(Reason.ALREADY_EXISTS, f"{name} is there already")

    async def account_list(self, *, domain: str = "") -> list[dict[str, Any]]:
        return [row for address, row in self.accounts.items() if address.endswith(domain)]


def _open(data: Path, settings: Settings, *, worker: int = 0, workers: int = 1, wire: Wire | None = None) -> Any:
    del workers, data, settings
    return FakeStore(worker, wire)


def _operations(store: Any, _settings: Settings, _logins: Any = None) -> Operations:
    return Operations(store, FakeAdmin(), None)


if __name__ == "__main__":
    node.Node._begin_sending = lambda *_: None  # type: ignore[method-assign]
    vars(assemble).update(open_store=_open, operations=_operations, access=lambda *_: None)
    vars(node).update(drivers=lambda one, *_: {"metrics": Metrics(one.snapshot).serve})
    folder = Path(sys.argv[1])
    try:
        sys.exit(Supervisor(folder, folder / "mailstead.toml", load(folder / "mailstead.toml"), int(sys.argv[2])).run())
    except StartError as exc:
        sys.exit(f"start: {exc}")
