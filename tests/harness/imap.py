"""A small IMAP site for tests: the real driver over connections in memory, and a door that knows a few passwords."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Self

from tests.harness.fake_mail import FakeMail
from tests.harness.memory_stream import MemoryStream

from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId, TenantId
from mailstead.model.question import Origin, Principal
from mailstead.server.imap import imap_server
from mailstead.service.mailbox.append import Memory

ACCOUNTS = {"alice": AccountId(1), "bob": AccountId(2), "imapuser": AccountId(3)}


class FakeAccess:
    """Everybody's password is "secret" or "password"."""

    def __init__(self, accounts: dict[str, AccountId]) -> None:
        self.accounts = accounts

    def mechanisms(self, origin: Origin) -> tuple[str, ...]:
        return ("PLAIN",) if origin.is_encrypted or origin.is_loopback else ()

    async def authenticate(
        self, mechanism: str, initial: bytes | None, ask: Callable[[bytes], Awaitable[bytes]], origin: Origin
    ) -> Principal:
        answer = await ask(b"") if initial is None else initial
        _, login, password = answer.split(b"\0")
        return await self.login(login.decode(), password.decode(), origin)

    async def login(self, login: str, password: str, origin: Origin) -> Principal:
        if login not in self.accounts or password not in {"secret", "password"}:
            raise Refusal(Reason.AUTHENTICATION_FAILED, "Wrong")
        return Principal(self.accounts[login], TenantId(1), login, f"{login}@example.org")


class ImapSite:
    """Sessions over one store, the fake one unless ``mail`` and ``watch`` are given. Use as an async context manager."""

    def __init__(
        self, *, separator: str = "/", message_size: int = 1 << 20, tls: Any = None, mail: Any = None, watch: Any = None,
        accounts: dict[str, AccountId] | None = None, spool: Any = Memory, access: Any = None, jmap_url: str = "", sharing: Any = None,
    ) -> None:
        self.mail: Any = mail or FakeMail()
        settings = _Settings(separator, message_size)
        self.serve = imap_server(
            mail=self.mail, access=access or FakeAccess(accounts or ACCOUNTS), watch=watch or self.mail.watch, settings=settings, tls=tls, spool=spool,
            jmap_url=jmap_url, sharing=sharing,
        )
        self.tasks: list[asyncio.Task[None]] = []

    def connect(self, *, is_loopback: bool = True) -> MemoryStream:
        stream = MemoryStream(is_loopback=is_loopback)
        serving: Any = self.serve
        self.tasks.append(asyncio.get_running_loop().create_task(serving(stream)))
        return stream

    async def session(self, login: str = "alice") -> MemoryStream:
        """A connection that is logged in."""
        stream = self.connect()
        await stream.hear_line()
        stream.say(f"login LOGIN {login} secret\r\n".encode())
        assert b" OK " in (await stream.hear_until("login"))[-1]
        return stream

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


class _Settings:
    def __init__(self, separator: str, message_size: int) -> None:
        self.imap = type("Imap", (), {"separator": separator})
        self.limits = type("Limits", (), {"message_size": message_size})


async def ask(stream: MemoryStream, text: str, tag: str = "x") -> list[str]:
    """Send one command and give the lines of its answer."""
    stream.say(f"{tag} {text}\r\n".encode())
    return [line.decode() for line in await stream.hear_until(tag)]


__all__ = ["ACCOUNTS", "FakeAccess", "ImapSite", "ask"]
