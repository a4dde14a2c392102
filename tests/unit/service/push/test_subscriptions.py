"""Telling push subscriptions: the code first, then what moved; what a push service answers."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import http_ece  # type: ignore[import-untyped]
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from tests.harness.http import Web, web_server
from tests.harness.https import https_server

from mailstead.app.assemble import credentials_of
from mailstead.model.dns import Answer
from mailstead.model.ids import AccountId, OpId, from_wire
from mailstead.model.message import NewMessage
from mailstead.model.object import DueKind, ObjectKind
from mailstead.model.sharing import NONE, Right
from mailstead.net.https import Https
from mailstead.service.emails import Emails
from mailstead.service.kept import Kept
from mailstead.service.push.encryption import Vapid, base64url, public_point
from mailstead.service.push.states import TypeStates
from mailstead.service.push.subscriptions import Pusher, decode
from mailstead.service.sharing import Sharing

URL = "https://push.example.test/device"


class Service:
    """A push service: ``answers`` are given in turn, the last for good."""

    def __init__(self, *answers: int) -> None:
        self.answers = list(answers) or [201]
        self.taken: asyncio.Queue[tuple[str, bytes, Mapping[str, str]]] = asyncio.Queue()

    async def post(self, url: str, octets: bytes, headers: Mapping[str, str]) -> tuple[int, float]:
        await self.taken.put((url, octets, headers))
        return (self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]), 0.0

    async def next(self) -> Any:
        async with asyncio.timeout(5):
            return json.loads((await self.taken.get())[1])


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Web]:
    async with web_server(tmp_path) as found:
        yield found


Made = Callable[..., Awaitable[Pusher]]


@pytest.fixture
async def pusher(site: Web) -> AsyncIterator[Made]:
    """Makes a pusher over the site's store."""
    made: list[Pusher] = []

    async def make(post: Any) -> Pusher:
        kept = Kept(site.store)
        one = Pusher(kept, TypeStates(Emails(site.store), kept, None).of, site.store.watch, post, Vapid(b"x", "mailto:x@y"), site.store.now_ms, credentials_of(site.store))
        made.append(one)
        return one

    yield make
    for one in made:
        await one.close()


async def carry_out(site: Web, pusher: Pusher, at_ms: int | None = None) -> int:
    found = [one for one in await site.store.kept.due(at_ms or site.store.now_ms(), 10) if one.kind is DueKind.PUSH]
    for one in found:
        await pusher.look(one.account, one.object_id)
    return len(found)


async def subscribe(site: Web, *, headers: dict[str, str] | None = None, **more: Any) -> str:
    ((_, done, _),) = await site.jmap(("PushSubscription/set", {"create": {"x": {"deviceClientId": "d1", "url": URL, **more}}}), headers=headers)
    assert done["notCreated"] is None, done
    return str(done["created"]["x"]["id"])


async def draft(site: Web) -> None:
    ((_, boxes, _),) = await site.jmap(("Mailbox/get", {}))
    ((_, done, _),) = await site.jmap(("Email/set", {"create": {"x": {"mailboxIds": {boxes["list"][0]["id"]: True}, "subject": "x"}}}))
    assert done["created"]


async def test_the_code_comes_first_and_then_what_moved(site: Web, pusher: Made) -> None:
    service = Service()
    one = await pusher(service.post)
    ident = await subscribe(site, types=["Email"])
    assert 1 == await carry_out(site, one)
    told = await service.next()
    assert ("PushVerification", ident) == (told["@type"], told["pushSubscriptionId"])
    await draft(site)
    ((_, wrong, _),) = await site.jmap(("PushSubscription/set", {"update": {ident: {"verificationCode": "guess"}}}))
    assert ["verificationCode"] == wrong["notUpdated"][ident]["properties"]
    await site.jmap(("PushSubscription/set", {"update": {ident: {"verificationCode": told["verificationCode"]}}}))
    assert service.taken.empty()
    assert 1 == await carry_out(site, one)
    told = await service.next()
    ((_, now, _),) = await site.jmap(("Email/get", {"ids": []}))
    assert {"@type": "StateChange", "changed": {site.accounts["alice"]: {"Email": now["state"]}}} == told, "what moved since the code was sent"
    ((_, found, _),) = await site.jmap(("PushSubscription/get", {"ids": [ident]}))
    assert ("d1", ["Email"]) == (found["list"][0]["deviceClientId"], found["list"][0]["types"])
    await asyncio.sleep(0.05)
    assert service.taken.empty()
    await site.jmap(("PushSubscription/set", {"update": {ident: {"types": ["Email", "Mailbox"]}}}))
    await draft(site)
    assert 1 == await carry_out(site, one)
    told = await service.next()
    ((_, now, _),) = await site.jmap(("Email/get", {"ids": []}))
    assert now["state"] == told["changed"][site.accounts["alice"]]["Email"], "what moves while a change of it begins anew is not lost"
    restarted = await pusher(service.post)
    await one.close()
    await restarted.start()
    await asyncio.sleep(0.05)
    await draft(site)
    assert "StateChange" == (await service.next())["@type"]


async def test_what_the_push_service_does_not_know_goes(site: Web, pusher: Made) -> None:
    service = Service(410)
    one = await pusher(service.post)
    ident = await subscribe(site)
    await carry_out(site, one)
    await service.next()
    async with asyncio.timeout(5):
        while (await site.jmap(("PushSubscription/get", {})))[0][1]["list"]:
            await asyncio.sleep(0.01)
    ((_, found, _),) = await site.jmap(("PushSubscription/get", {"ids": [ident]}))
    assert [ident] == found["notFound"]


async def test_it_runs_out(site: Web, pusher: Made) -> None:
    one = await pusher(Service().post)
    await subscribe(site, expires="2999-01-01T00:00:00Z")
    await carry_out(site, one)
    assert 0 == await carry_out(site, one)
    one._now_ms = lambda: site.store.now_ms() + 8 * 86_400_000
    assert 1 == await carry_out(site, one, one._now_ms())
    assert [] == (await site.jmap(("PushSubscription/get", {})))[0][1]["list"]


async def test_what_cannot_be_is_refused(site: Web) -> None:
    whole = {"deviceClientId": "d", "url": URL}
    for bad, name in (
        ({"url": "http://push.example.test/"}, "url"), ({"url": "https://user@push.example.test/"}, "url"), ({"url": 1}, "url"), ({"deviceClientId": ""}, "deviceClientId"),
        ({"keys": {"p256dh": "x", "auth": "y"}}, "keys"), ({"types": "Email"}, "types"), ({"expires": "soon"}, "expires"), ({"verificationCode": "x"}, "verificationCode"),
    ):
        ((_, done, _),) = await site.jmap(("PushSubscription/set", {"create": {"x": {**whole, **bad}}}))
        assert [name] == done["notCreated"]["x"]["properties"], bad
    ((_, shown, _), (_, done, _)) = await site.jmap(
        ("PushSubscription/get", {"properties": ["url"]}), ("PushSubscription/set", {"update": {"o1": {}}, "destroy": ["o1"]}))
    assert ("forbidden", "notFound", "notFound") == (shown["type"], done["notUpdated"]["o1"]["type"], done["notDestroyed"]["o1"]["type"])


async def test_without_the_password_it_was_made_with_it_ends(site: Web, pusher: Made) -> None:
    service = Service()
    one = await pusher(service.post)
    bob = await site.store.directory.login("bob@example.test")
    assert bob is not None
    alice = AccountId(from_wire("a", site.accounts["alice"]) or 0)
    made = await site.store.directory.credential_set(alice, credential=None, label="phone", argon2=bob.credentials[0].argon2, scram=None)
    ident = await subscribe(site)
    kept = Kept(site.store)
    found = await kept.of(alice, ObjectKind.PUSH)
    (row,) = found.objects
    subscription = decode(row.doc)
    subscription.credential, subscription.is_verified = made.credential_id, True
    await kept.set(alice, ObjectKind.PUSH, [subscription.write(row.object_id, due_at_ms=1)], at=found.state.modseq)
    await carry_out(site, one)
    await asyncio.sleep(0.05)
    await draft(site)
    assert "StateChange" == (await service.next())["@type"]
    await site.store.directory.credential_delete(alice, made.credential_id)
    await gone(site)
    assert [ident] == (await site.jmap(("PushSubscription/get", {"ids": [ident]})))[0][1]["notFound"]


async def gone(site: Web) -> None:
    async with asyncio.timeout(10):
        while (await site.jmap(("PushSubscription/get", {})))[0][1]["list"]:
            await draft(site)
            await asyncio.sleep(0.2)


async def test_with_its_web_session_it_ends(site: Web, pusher: Made) -> None:
    service = Service()
    one = await pusher(service.post)
    headers, other = await site.signed_in(), await site.signed_in()
    ident = await subscribe(site, headers=headers)
    await carry_out(site, one)
    code = (await service.next())["verificationCode"]
    await site.jmap(("PushSubscription/set", {"update": {ident: {"verificationCode": code}}}), headers=headers)
    assert 204 == (await site.ask("DELETE", "/api/session", who="", headers=other)).status
    await carry_out(site, one)
    await asyncio.sleep(0.05)
    await draft(site)
    assert "StateChange" == (await service.next())["@type"]
    assert 204 == (await site.ask("DELETE", "/api/session", who="", headers=headers)).status
    await gone(site)


class Names:
    """A resolver."""

    async def addresses(self, name: str) -> Answer[str]:
        raise AssertionError(name)


async def test_over_the_wire_encrypted_for_the_device(tmp_path: Path, site: Web, pusher: Made) -> None:
    got: asyncio.Queue[tuple[dict[str, str], bytes]] = asyncio.Queue()

    async def take(request: web.Request) -> web.Response:
        await got.put((dict(request.headers), await request.read()))
        return web.Response(status=201)

    async with https_server(tmp_path, "/device", take) as (port, trusting):
        trusting.check_hostname = False
        device, auth = ec.generate_private_key(ec.SECP256R1()), bytes(range(16))
        keys = {"p256dh": base64url(public_point(device.public_key())), "auth": base64url(auth)}
        await subscribe(site, url=f"https://127.0.0.1:{port}/device", keys=keys)
        strict = await pusher(Https(Names(), context=trusting).send)
        assert (0, 0.0) == await Https(Names(), context=trusting).send(f"https://127.0.0.1:{port}/device", b"", {})
        del strict
        one = await pusher(Https(Names(), context=trusting, allows_private=True).send)
        await carry_out(site, one)
        async with asyncio.timeout(5):
            headers, octets = await got.get()
        assert ("aes128gcm", "application/json", "86400") == (headers["Content-Encoding"], headers["Content-Type"], headers["TTL"])
        assert headers["Authorization"].startswith("vapid t=")
        message = json.loads(http_ece.decrypt(octets, private_key=device, auth_secret=auth, version="aes128gcm"))
        assert "PushVerification" == message["@type"]


async def test_a_device_hears_of_what_others_share_until_they_do_not(site: Web) -> None:
    sharing = Sharing(site.store, now_ms=site.store.now_ms, new_id=site.store.ids.next)
    kept, service = Kept(site.store), Service()
    pusher = Pusher(
        kept, TypeStates(Emails(site.store), kept, None, sharing).of, site.store.watch, service.post, Vapid(b"x", "mailto:x@y"), site.store.now_ms,
        credentials_of(site.store))
    alice, bob = [AccountId(from_wire("a", site.accounts[name]) or 0) for name in ("alice", "bob")]
    ident = await subscribe(site, types=["Email"])
    await carry_out(site, pusher)
    code = (await service.next())["verificationCode"]
    await site.jmap(("PushSubscription/set", {"update": {ident: {"verificationCode": code}}}))
    await carry_out(site, pusher)
    inbox = (await site.store.mail.mailboxes(bob))[0].mailbox_id
    await sharing.give(bob, inbox, {alice: Right.READ}, by=bob)
    assert [site.accounts["bob"]] == list((await service.next())["changed"])
    await site.store.mail.append(bob, OpId(b"1" * 16), inbox, [NewMessage(b"a: b\r\n\r\n")])
    assert [site.accounts["bob"]] == list((await service.next())["changed"])
    await sharing.give(bob, inbox, {alice: NONE}, by=bob)
    await site.store.mail.append(bob, OpId(b"2" * 16), inbox, [NewMessage(b"a: b\r\n\r\n")])
    await site.store.mail.append(alice, OpId(b"3" * 16), (await site.store.mail.mailboxes(alice))[0].mailbox_id, [NewMessage(b"a: b\r\n\r\n")])
    assert [site.accounts["alice"]] == list((await service.next())["changed"])
    await pusher.close()
