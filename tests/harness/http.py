"""The HTTP server over a real store on loopback, in this process, and a client for it."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from starlette.routing import BaseRoute

from mailstead.app import assemble
from mailstead.app.config import parse
from mailstead.model.ids import AccountId, TenantId, to_wire
from mailstead.model.web_session import WebSession
from mailstead.net import Listener, bind
from mailstead.protocol import sasl
from mailstead.protocol.sasl import scram
from mailstead.server.http import Parts, http_server
from mailstead.service import notice
from mailstead.service.access import Access
from mailstead.service.admin import Admin
from mailstead.service.emails import Emails
from mailstead.service.jobs import Jobs
from mailstead.service.kept import Kept
from mailstead.service.principals import Principals
from mailstead.service.push.states import TypeStates
from mailstead.service.sessions import WebSessions
from mailstead.service.sharing import Sharing
from mailstead.service.submissions import Sendings
from mailstead.service.unsubscribing import Unsubscribing
from mailstead.store import Embedded, create, open_store

PASSWORD = "correct horse battery"
USING = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail", "urn:ietf:params:jmap:submission"]


@dataclass
class Answer:
    status: int
    headers: Any
    body: bytes

    def json(self) -> Any:
        import json

        return json.loads(self.body)


class Web:
    """``alice`` and ``bob`` of ``example.test``, and a server."""

    def __init__(self, store: Embedded, port: int, client: aiohttp.ClientSession, accounts: dict[str, str]) -> None:
        self.store = store
        self.port = port
        self.client = client
        self.accounts = accounts
        self.base = f"http://127.0.0.1:{port}"

    def authorization(self, who: str = "alice", password: str = PASSWORD, scheme: str = "Basic") -> str:
        return f"{scheme} " + base64.b64encode(f"{who}@example.test:{password}".encode()).decode()

    async def ask(self, method: str, path: str, *, who: str = "alice", headers: dict[str, str] | None = None, data: Any = None) -> Answer:
        given = {**({"Authorization": self.authorization(who)} if who else {}), **(headers or {})}
        async with self.client.request(method, self.base + path, headers=given, data=data, allow_redirects=False) as response:
            return Answer(response.status, response.headers, await response.read())

    async def signed_in(self, who: str = "alice") -> dict[str, str]:
        """The headers of a browser that has signed in."""
        async with self.client.post(self.base + "/api/session", json={"login": f"{who}@example.test", "password": PASSWORD}) as answer:
            assert answer.status == 200
            cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in answer.cookies.items())
            return {"Cookie": cookie, "X-CSRF-Token": (await answer.json())["csrf"]}

    async def jmap(
        self, *calls: tuple[str, dict[str, Any]], who: str = "alice", using: list[str] | None = None, headers: dict[str, str] | None = None,
    ) -> list[tuple[str, Any, str]]:  # fmt: skip
        """Responses of one request; ``accountId`` is put in. ``headers``: who asks, in place of a password."""
        import json

        body = {
            "using": USING if using is None else using,
            "methodCalls": [[name, {"accountId": self.accounts[who], **given}, str(number)] for number, (name, given) in enumerate(calls)],
        }
        answer = await self.ask(
            "POST", "/jmap", who="" if headers else who, headers={"Content-Type": "application/json", **(headers or {})}, data=json.dumps(body))
        assert answer.status == 200, answer.body
        found: list[tuple[str, Any, str]] = [tuple(one) for one in answer.json()["methodResponses"]]
        return found


@asynccontextmanager
async def web_server(
    folder: Path, *, web: Path | None = None, message_octets: int = 1 << 20, fetch_image: Callable[[str], Awaitable[bytes]] | None = None,
    routes: Callable[[Embedded], Sequence[BaseRoute]] = lambda _: (), unsubscribing: Unsubscribing | None = None,
) -> AsyncIterator[Web]:
    create(folder / "data", shards=1)
    store = open_store(folder / "data")
    await store.start()
    access = Access(
        store.directory, begin=sasl.begin, verifier=scram.verifier, mechanisms=tuple(sasl.MECHANISMS), secret=b"x" * 32, cleartext_on_loopback=True
    )
    await store.directory.domain_add("example.test", TenantId(1))
    accounts = {}
    for name in ("alice", "bob"):
        argon2, verifier = await access.hash_password(PASSWORD)
        made = await store.directory.account_add(f"{name}@example.test", argon2=argon2, scram=verifier)
        accounts[name] = to_wire("a", made.account_id)

    async def ready() -> list[str]:
        return []

    async def tell(account: AccountId, address: str, session: WebSession) -> None:
        await notice.new_device(store.mail, "mail.example.test", account, address, session)

    sessions = WebSessions(
        store.web_logins, store.directory, access, secret=b"s" * 32, now_ms=store.now_ms, new_id=store.ids.next, notify=tell
    )

    emails, kept = Emails(store), Kept(store)
    sendings = Sendings(
        assemble.sending(store, parse('hostname = "mail.example.test"', {})), store.submissions, store.directory, store.mail)
    people = Principals(store.directory)
    sharing = Sharing(store, now_ms=store.now_ms, new_id=store.ids.next)
    server = http_server(Parts(
        principals=people, sharing=sharing, access=access, emails=emails, kept=kept, jobs=Jobs(emails, kept, new_id=store.ids.next, now_ms=store.now_ms), new_id=store.ids.next, uploads=store.uploads, spool=store.spool, watch=store.watch, hostname="mail.example.test",
        message_octets=message_octets, ready=ready, web=web or folder / "none", fetch_image=fetch_image, unsubscribing=unsubscribing, secret=b"i" * 32, web_sessions=sessions, owner=Admin(store, access),
        sendings=sendings, states=TypeStates(emails, kept, sendings, sharing), routes=routes(store),
    ))  # fmt: skip
    listener = Listener(bind("127.0.0.1:0"), server.serve, name="http")
    await listener.start()
    async with aiohttp.ClientSession() as client:
        try:
            yield Web(store, listener.local.port, client, accounts)
        finally:
            await listener.drain(2.0)
            access.close()
            await store.close()
