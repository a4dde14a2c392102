"""A small POP3 site for tests: the real driver over connections in memory, with three messages in alice's INBOX."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Self

from tests.harness.fake_mail import FakeMail
from tests.harness.memory_stream import MemoryStream

from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId, OpId, TenantId
from mailstead.model.mailbox import INBOX
from mailstead.model.message import NewMessage
from mailstead.model.question import Origin, Principal
from mailstead.server.pop3 import pop3_server

MESSAGES = (
    b"From: ann@example.org\r\nSubject: Dots\r\n\r\n.\r\n..two\r\nend\r\n",
    b"From: bob@example.org\r\nSubject: Second\r\n\r\none\r\ntwo\r\nthree\r\n",
    "From: J\u00f8rgen <j@example.org>\r\nSubject: Gr\u00fc\u00dfe\r\n\r\nb\u00f8dy\r\n".encode(),
)
ALICE = AccountId(1)


class FakeAccess:
    """Alice's password is "secret"; mallory is suspended; 203.0.113.9 is banned."""

    def mechanisms(self, origin: Origin) -> tuple[str, ...]:
        return ("PLAIN", "LOGIN") if origin.is_encrypted or origin.is_loopback else ()

    def banned(self, origin: Origin) -> bool:
        return origin.host == "203.0.113.9"

    async def authenticate(
        self, mechanism: str, initial: bytes | None, ask: Callable[[bytes], Awaitable[bytes]], origin: Origin
    ) -> Principal:
        if mechanism == "LOGIN":
            login = initial or await ask(b"Username:")
            password = await ask(b"Password:")
        else:
            _, login, password = (await ask(b"") if initial is None else initial).split(b"\0")
        return await self.login(login.decode(), password.decode(), origin)

    async def login(self, login: str, password: str, origin: Origin) -> Principal:
        if login == "mallory":
            raise Refusal(Reason.ACCOUNT_SUSPENDED, "This account is suspended")
        if login != "alice" or password != "secret":
            raise Refusal(Reason.AUTHENTICATION_FAILED, "The login or password is wrong")
        return Principal(ALICE, TenantId(1), login, "alice@example.org")


class Pop3Site:
    """Sessions over one fake store. Use as an async context manager."""

    def __init__(self, *, tls: Any = None) -> None:
        self.mail: Any = FakeMail()
        self.serve = pop3_server(mail=self.mail, access=FakeAccess(), tls=tls)
        self.tasks: list[asyncio.Task[None]] = []

    def connect(self, *, is_loopback: bool = True, host: str = "192.0.2.1") -> MemoryStream:
        stream = MemoryStream(is_loopback=is_loopback, host=host)
        serving: Any = self.serve
        self.tasks.append(asyncio.get_running_loop().create_task(serving(stream)))
        return stream

    async def session(self) -> MemoryStream:
        """A connection that is logged in."""
        stream = self.connect()
        await stream.hear_line()
        stream.say(b"USER alice\r\nPASS secret\r\n")
        await stream.hear_line()
        assert (await stream.hear_line() or b"").startswith(b"+OK")
        return stream

    async def inbox(self) -> Any:
        return await self.mail.mailbox(ALICE, INBOX)

    async def __aenter__(self) -> Self:
        inbox = await self.inbox()
        for number, octets in enumerate(MESSAGES):
            await self.mail.append(ALICE, OpId(b"%d" % number), inbox.mailbox_id, [NewMessage(octets)])
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
