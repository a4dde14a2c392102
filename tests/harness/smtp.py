"""A small SMTP site for tests: machine, driver and policy are the real ones; store and connections are in memory.

Accounts: alice, bob and full (whose mailbox is full) at example.org. ``sales`` is an alias of alice, ``team`` a group of alice
and bob, ``away`` an alias of somebody elsewhere, ``press`` a group of alice and somebody elsewhere. The password is "secret".
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, Self, cast

from tests.harness.fake_mail import NOW_MS, FakeMail
from tests.harness.memory_stream import MemoryStream
from tests.harness.pop3 import FakeAccess
from tests.harness.queue import FakeQueue, FakeSubmissions

from mailstead.model.address import Address, fold_local
from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.model.ids import AccountId, DomainId, TenantId
from mailstead.model.mailbox import INBOX
from mailstead.model.message import SPOOL_ABOVE_OCTETS, Filed, Filing, Octets
from mailstead.model.question import Origin
from mailstead.net.tls import TlsInfo
from mailstead.protocol.smtp.server import Mode
from mailstead.server.smtp import smtp_server
from mailstead.service.delivery import Delivery
from mailstead.service.queue.entrance import Entrance
from mailstead.service.reception import Reception
from mailstead.service.sending import Sending
from mailstead.store.interface import Account, Domain, Quota, Routed

ALICE: Final = AccountId(1)
BOB: Final = AccountId(2)
FULL: Final = AccountId(3)
_NAMES: Final = {"alice": ALICE, "bob": BOB, "full": FULL, "postmaster": ALICE}
MESSAGE_OCTETS: Final = 200_000


class FakeDirectory:
    """``Directory.route`` and ``owns`` over a few names."""

    def __init__(self) -> None:
        self.suspended: set[AccountId] = set()
        self.quota_of: dict[AccountId, int] = {FULL: 1}
        self.unknown: set[str] = set()
        self.admins: set[AccountId] = set()

    async def route(self, address: str) -> Routed:
        local, _, domain = address.rpartition("@")
        if Address(local, domain).key.rpartition("@")[2] != "example.org":
            return Routed(False, remote=(address,))
        local = fold_local(local)
        if local == "team":
            return Routed(True, ((ALICE, "team@example.org"), (BOB, "team@example.org")))
        if local == "sales":
            return Routed(True, ((ALICE, "sales@example.org"),))
        if local == "press":
            return Routed(True, ((ALICE, "press@example.org"),), remote=("someone@elsewhere.example",))
        if local == "away":
            return Routed(True, remote=("someone@elsewhere.example",))
        name, _, detail = local.partition("+")
        account = None if name in self.unknown else _NAMES.get(name)
        return Routed(True) if account is None else Routed(True, ((account, f"{name}@example.org"),), detail=detail)

    async def owns(self, account: AccountId, address: str) -> bool:
        found = await self.route(address)
        return len(found.accounts) == 1 and found.accounts[0][0] == account

    async def account(self, account: AccountId) -> Account | None:
        name = next((name for name, number in _NAMES.items() if number == account), None)
        if name is None:
            return None
        state = "suspended" if account in self.suspended else "active"
        most = self.quota_of.get(account, 0)
        return Account(account, TenantId(1), f"{name}@example.org", name, state, 0, 1, account in self.admins, 0, most, 0)

    async def accounts(self, *, domain: str = "", after: str = "", limit: int = 1000) -> list[Account]:
        names = sorted(name for name in _NAMES if name != "postmaster" and f"{name}@example.org" > after and domain in {"", "example.org"})
        found = [await self.account(_NAMES[name]) for name in names[:2]]
        return [account for account in found if account is not None]

    async def domains(self, *, tenant: TenantId | None = None) -> list[Domain]:
        return [Domain(DomainId(1), TenantId(1), "example.org")]


class SmtpMail(FakeMail):
    """``FakeMail`` whose deliveries can be made to fail, and which remembers delivery ids."""

    def __init__(self) -> None:
        super().__init__()
        self.filings: list[tuple[AccountId, Filing]] = []
        self.failing: dict[AccountId, Exception] = {}
        self.known: dict[tuple[AccountId, bytes], Filed] = {}

    async def deliver(self, account: AccountId, filing: Filing) -> Filed:
        await asyncio.sleep(0)
        if account in self.failing:
            raise self.failing[account]
        before = self.known.get((account, filing.delivery_id))
        if before is not None:
            return replace(before, duplicate=True)
        self.filings.append((account, filing))
        filed = self.known[account, filing.delivery_id] = await super().deliver(account, filing)
        return filed

    async def quota(self, account: AccountId) -> Quota:
        return Quota(2, 1, 1, 0) if account == FULL else await super().quota(account)


class MemorySpool:
    """``store.interface.Spool`` in memory; ``failing`` is raised by writes."""

    failing: Unavailable | None = None

    def __init__(self) -> None:
        self.size = 0
        self._pieces: list[bytes] = []

    def write(self, octets: bytes | memoryview) -> None:
        if self.failing is not None:
            raise self.failing
        self.size += len(octets)
        assert self.size <= SPOOL_ABOVE_OCTETS + MESSAGE_OCTETS
        self._pieces.append(bytes(octets))

    def finish(self) -> Octets:
        return b"".join(self._pieces)

    def close(self) -> None:
        self._pieces.clear()


class SmtpAccess(FakeAccess):
    """Alice's login, as POP3 has it; the hosts of ``safe`` need no TLS."""

    async def authenticate(self, mechanism: str, initial: bytes | None, ask: Any, origin: Origin) -> Any:
        principal = await super().authenticate(mechanism, initial, ask, origin)
        return replace(principal, account_id=ALICE)


class SmtpSite:
    """Connections to one site. Use as an async context manager."""

    def __init__(self, *, mode: Mode = Mode.MX, tls: object = True, can_send_out: bool = True, message_octets: int = MESSAGE_OCTETS) -> None:
        self.directory = cast("Any", FakeDirectory())
        self.mail = cast("Any", SmtpMail())
        self.outbox = cast("Any", FakeQueue())
        self.submissions = cast("Any", FakeSubmissions())
        self.spool_of: Callable[[], Any] = MemorySpool
        self.ids = iter(range(1_000, 1_000_000))
        entrance = Entrance(self.outbox, is_direct=True)
        self.sending = Sending(
            directory=self.directory, submissions=self.submissions, entrance=entrance, hostname="mx.example.org", can_send_out=can_send_out,
            new_id=lambda: next(self.ids), now_ms=lambda: NOW_MS,
        )
        self.reception = Reception(
            directory=self.directory, mail=self.mail, entrance=entrance, sending=self.sending, delivery=Delivery(self.mail),
            hostname="mx.example.org",
            message_octets=message_octets, can_send_out=can_send_out, new_id=lambda: next(self.ids), now_ms=lambda: NOW_MS,
        )
        context: Any = tls
        self.serve: Any = smtp_server(
            mode=mode, reception=self.reception, access=SmtpAccess(), spool=self.spool, tls=context, now_ms=lambda: NOW_MS
        )
        self.tasks: list[asyncio.Task[None]] = []

    def spool(self) -> Any:
        return self.spool_of()

    def connect(self, *, is_loopback: bool = False, host: str = "192.0.2.1", tls: bool = False) -> MemoryStream:
        stream = MemoryStream(is_loopback=is_loopback, host=host)
        if tls:
            stream.tls = TlsInfo("TLSv1.3", "TLS_AES_128_GCM_SHA256", 128, "", b"", None)
        self.tasks.append(asyncio.get_running_loop().create_task(self._session(stream)))
        return stream

    async def _session(self, stream: MemoryStream) -> None:
        await self.serve(stream)
        await stream.close()

    async def talk(self, octets: bytes, **how: Any) -> list[str]:
        """A whole session: everything sent at once, all reply lines."""
        stream = self.connect(**how)
        stream.say(octets)
        stream.leave()
        lines: list[str] = []
        while (line := await stream.hear_line()) is not None:
            lines.append(line.decode())
        return lines

    def filed(self, account: AccountId = ALICE) -> list[bytes]:
        """What was filed for an account, as it is stored."""
        return [filing.prefix + filing.octets for number, filing in self.mail.filings if number == account]

    async def inbox(self, account: AccountId = ALICE) -> Any:
        return await self.mail.mailbox(account, INBOX)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


def over_quota() -> Refusal:
    return Refusal(Reason.OVER_QUOTA, "The mailbox is full")
