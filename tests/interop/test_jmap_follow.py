"""Another's JMAP library (jmaplib) follows an account: what it makes of changes by rules of its own (RFC 8620 §5.2, §5.6, §7) is what the server has."""

import asyncio
import imaplib
import json
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest
from aiohttp import web
from jmap.auth import BasicAuth
from jmap.client import JMAPClient
from jmap.push import EventSourceClient, PushKeyPair
from jmap.sync import ChangeStream
from jmap.sync.query import QuerySpec, QueryView
from tests.harness.https import https_server
from tests.harness.server import PASSWORD, Server
from tests.interop.conftest import Far, deliver

pytestmark = pytest.mark.interop
WHO: Final = "follower@example.test"
ROUNDS: Final = 12
T = TypeVar("T")


@pytest.fixture(scope="module")
def port(server: Server) -> int:
    """Where JMAP is, for an account that no other test uses."""
    server.command("account", "add", WHO, "--password-stdin", stdin=PASSWORD + "\n")
    return server.ports["http"]


def at(port: int) -> JMAPClient:
    return JMAPClient.connect(f"http://127.0.0.1:{port}/.well-known/jmap", auth=BasicAuth(WHO, PASSWORD))


def one(client: JMAPClient, call: Callable[[Any], Any]) -> Any:
    """The result of one call, in a request of its own."""
    with client.batch() as batch:
        handle = call(batch)
    return handle.result


def mail(box: str, subject: str, **more: Any) -> dict[str, Any]:
    return {
        "mailboxIds": {box: True}, "from": [{"email": WHO}], "subject": subject, "bodyStructure": {"partId": "1", "type": "text/plain"},
        "bodyValues": {"1": {"value": f"about {subject}"}}, **more,
    }  # fmt: skip


def until(look: Callable[[], T], within_s: float = 30.0) -> T:
    """What it sees, as soon as that is something."""
    end = time.monotonic() + within_s
    while not (seen := look()) and time.monotonic() < end:
        time.sleep(0.05)
    assert seen
    return seen


class Copy:
    """What the library keeps: the ids of all messages by ``Email/changes``, and lists by ``Email/queryChanges``."""

    def __init__(self, client: JMAPClient, asked: list[dict[str, Any]]) -> None:
        account = str(client.session.primary_accounts["urn:ietf:params:jmap:mail"])
        self._client = client
        self._asked = asked
        self.stream = ChangeStream(client, "Email")
        self.stream.seed(one(client, lambda b: b.mail.email.get(ids=[])).state)
        self.ids = set(self._now({}).ids)
        self.views = []
        for query in asked:
            spec = QuerySpec.build("Email", account, filter=query["filter"], sort=query["sort"], collapse_threads=query.get("collapseThreads", False))
            self.views.append(QueryView.from_query(spec, self._now(query)))
            assert self.views[-1].can_calculate_changes

    def _now(self, query: dict[str, Any]) -> Any:
        return one(self._client, lambda b: b.mail.email.query(calculate_total=True, **query))

    def _moved(self, query: dict[str, Any], since: str) -> Any:
        return one(self._client, lambda b: b.mail.email.query_changes(since_query_state=since, calculate_total=True, **query))

    def follow(self, most: int | None) -> None:
        moved = self.stream.catch_up(max_changes=most)
        self.ids = (self.ids | set(moved.created)) - set(moved.destroyed)
        for query, view in zip(self._asked, self.views, strict=True):
            view.apply(self._moved(query, view.query_state))

    def check(self) -> None:
        """That nothing else is there than what is kept."""
        assert self.ids == set(self._now({}).ids)
        for query, view in zip(self._asked, self.views, strict=True):
            now = self._now(query)
            assert (now.ids, now.total) == (view.ids, view.total), query


@pytest.mark.usefixtures("port")
def test_a_copy_follows_what_this_and_other_programs_do(server: Server, far: Far) -> None:
    chance = random.Random(20)
    with at(far(WHO)["http"]) as client, imaplib.IMAP4("127.0.0.1", server.ports["imap"]) as imap:
        imap.login(WHO, PASSWORD)
        imap.select()
        boxes = {box.role: box.id for box in one(client, lambda b: b.mail.mailbox.get(ids=None)).items if box.role}
        inbox, archive = boxes["inbox"], boxes["archive"]

        def make(count: int) -> None:
            made = one(client, lambda b: b.mail.email.set(create={f"c{number}": mail(
                inbox, f"{chance.choice(['plum', 'pear'])} {chance.randrange(50)}", receivedAt=f"2026-02-{chance.randrange(1, 28):02}T08:00:00Z",
                keywords={"$seen": True} if chance.random() < 0.5 else {},
            ) for number in range(count)}))  # fmt: skip
            assert not made.has_errors, made

        make(20)
        copy = Copy(client, [
            {"filter": {"inMailbox": inbox}, "sort": [{"property": "receivedAt", "isAscending": False}]},
            {"filter": {"inMailbox": inbox, "notKeyword": "$seen"}, "sort": [{"property": "subject"}]},
            {"filter": {"inMailbox": inbox}, "sort": [{"property": "receivedAt", "isAscending": False}], "collapseThreads": True},
            {"filter": {"operator": "OR", "conditions": [{"hasKeyword": "$flagged"}, {"subject": "plum"}]},
             "sort": [{"property": "hasKeyword", "keyword": "$flagged", "isAscending": False}, {"property": "size"}]},
            {"filter": {"text": "pear"}, "sort": [{"property": "from"}, {"property": "sentAt"}]},
        ])  # fmt: skip

        def update(patch: dict[str, Any]) -> None:
            chosen = chance.sample(sorted(copy.ids), 3)
            one(client, lambda b: b.mail.email.set(update=dict.fromkeys(chosen, patch)))

        deeds: list[Callable[[], object]] = [
            lambda: make(2),
            lambda: update({"keywords/$flagged": True, "keywords/$seen": None}),
            lambda: update({"keywords": {"$seen": True}}),
            lambda: update({"mailboxIds": {chance.choice([inbox, archive]): True}}),
            lambda: one(client, lambda b: b.mail.email.set(destroy=chance.sample(sorted(copy.ids), 2))),
            lambda: imap.store("1:3", "+FLAGS", r"(\Seen \Flagged)"),
            lambda: imap.append("INBOX", None, None, b"From: a@outside.test\r\nSubject: plum by IMAP\r\n\r\npear\r\n"),
            lambda: (imap.store("1", "+FLAGS", r"(\Deleted)"), imap.expunge()),
            lambda: deliver(server, "pear by SMTP", WHO),
        ]
        for most in chance.choices([None, 1, 3, 100], k=ROUNDS):
            for deed in chance.sample(deeds, 3):
                deed()
                imap.noop()
            copy.follow(most)
            copy.check()
        assert ROUNDS < len(copy.ids)


def test_who_comes_back_to_the_event_stream_hears_what_moved_meanwhile(port: int) -> None:
    with at(port) as client:
        drafts = next(box.id for box in one(client, lambda b: b.mail.mailbox.get(ids=None)).items if box.role == "drafts")
        account = str(client.session.primary_accounts["urn:ietf:params:jmap:mail"])
        stream = EventSourceClient(client, types=("Email",), ping=30)
        heard: list[Any] = []
        listening = threading.Thread(target=lambda: heard.append(next(stream.events())), daemon=True)
        listening.start()
        made = []

        def stir() -> bool:
            made.append(one(client, lambda b: b.mail.email.set(create={"d": mail(drafts, "stir")})))
            listening.join(0.5)
            return not listening.is_alive()

        until(stir)
        assert {"Email"} == set(heard[0].changed[account])
        assert stream.last_event_id
        missed = one(client, lambda b: b.mail.email.set(create={"d": mail(drafts, "missed")}))
        again: Any = next(stream.events())
        assert missed.new_state == again.changed[account]["Email"]


async def test_a_push_is_opened_with_the_keys_that_it_was_ordered_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    posts: list[bytes] = []

    async def take(request: web.Request) -> web.Response:
        assert "aes128gcm" == request.headers["Content-Encoding"]
        posts.append(await request.read())
        return web.Response(status=201)

    pair = PushKeyPair.generate()

    def opened(number: int) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(pair.decrypt(until(lambda: posts[number:])[0]))
        return told

    def follow(port: int) -> None:
        with Server(tmp_path / "server", workers=1, settings="[push]\nprivate = true").init([WHO]) as server, at(server.start().ports["http"]) as client:
            drafts = next(box.id for box in one(client, lambda b: b.mail.mailbox.get(ids=None)).items if box.role == "drafts")
            ordered = one(client, lambda b: b.core.push_subscription.set(create={"p": {
                "deviceClientId": "a library", "url": f"https://localhost:{port}/take", "types": ["Email"], "keys": {"p256dh": pair.keys.p256dh, "auth": pair.keys.auth},
            }}))  # fmt: skip
            ident = ordered.created_id("p")
            asked = opened(0)
            assert ("PushVerification", ident) == (asked["@type"], asked["pushSubscriptionId"])
            given = one(client, lambda b: b.core.push_subscription.set(update={ident: {"verificationCode": asked["verificationCode"]}}))
            assert not given.has_errors
            made = one(client, lambda b: b.mail.email.set(create={"d": mail(drafts, "pushed")}))
            told = opened(1)
            assert "StateChange" == told["@type"]
            assert [{"Email": made.new_state}] == list(told["changed"].values())
            assert 0 == server.stop()

    async with https_server(tmp_path, "/take", take) as (port, _):
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
        await asyncio.to_thread(follow, port)
