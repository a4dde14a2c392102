"""Email/unsubscribe: a real list on loopback hears one POST, and nothing about who asked."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from tests.harness.http import USING, Web, web_server
from tests.harness.https import https_server
from tests.harness.lookups import Keys, Table

from mailstead.model.dns import Answer
from mailstead.model.ids import AccountId, DeliveryId, from_wire, to_wire
from mailstead.model.message import Filing
from mailstead.net.https import Https
from mailstead.server.http.jmap.session import PLUS
from mailstead.service.signing import Signing
from mailstead.service.unsubscribing import Unsubscribing


class Names:
    """A resolver: everything is here."""

    async def addresses(self, name: str) -> Answer[str]:
        return Answer(name, ("127.0.0.1",))


Heard = asyncio.Queue[tuple[str, str, dict[str, str]]]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[tuple[Web, Keys, Heard, str]]:
    """(server, keys of ``far.example``, what the list heard, its address)."""
    heard: Heard = asyncio.Queue()

    async def take(request: web.Request) -> web.Response:
        await heard.put((request.path_qs, await request.text(), dict(request.headers)))
        return web.Response(status=302 if "moved" in request.path_qs else 202, headers={"Location": "https://localhost/elsewhere"})

    keys = Keys("far.example")
    table: Table = keys.table()
    async with https_server(tmp_path, "/leave", take) as (port, trusted):
        https = Https(Names(), context=trusted, allows_private=True, port=port)
        async with web_server(tmp_path, unsubscribing=Unsubscribing(table, https.post, lambda: 1_795_600_000_000)) as found:
            yield found, keys, heard, f"https://localhost:{port}/leave"


async def put(server: Web, keys: Keys, url: str, *, is_signed: bool = True) -> str:
    octets = (
        f"From: news@far.example\r\nSubject: news\r\nMessage-ID: <1@far.example>\r\nList-Unsubscribe: <{url}>\r\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\nhello\r\n"
    ).encode()
    if is_signed:
        octets = await Signing(keys, lambda: 1_795_600_000_000).signatures(octets) + octets  # type: ignore[arg-type] # what signing asks for
    account = AccountId(from_wire("a", server.accounts["alice"]) or 0)
    filed = await server.store.mail.deliver(account, Filing(DeliveryId(url.encode()[-15:] + bytes([is_signed])), octets, b"Return-Path: <>\r\n"))
    return to_wire("e", filed.email_id)


async def test_the_list_hears_one_post(site: tuple[Web, Keys, Heard, str]) -> None:
    server, keys, heard, url = site
    email = await put(server, keys, url + "?id=7")
    ((_, done, _),) = await server.jmap(("Email/unsubscribe", {"emailId": email}), using=[*USING, PLUS])
    assert {"accountId": server.accounts["alice"], "emailId": email, "result": "done", "host": "localhost", "description": "the answer was 202"} == done
    path, text, headers = heard.get_nowait()
    assert ("/leave?id=7", "List-Unsubscribe=One-Click", "application/x-www-form-urlencoded") == (path, text, headers["Content-Type"])
    assert not {"Cookie", "Authorization", "Referer", "Origin"} & headers.keys()


async def test_what_does_not_come_of_it(site: tuple[Web, Keys, Heard, str]) -> None:
    server, keys, heard, url = site
    email = ""
    for address, is_signed, result, count in ((url + "?moved=1", True, "refused", 1), (url + "?id=7", False, "notSigned", 0), ("https://localhost:1/", True, "unreachable", 0)):
        email = await put(server, keys, address, is_signed=is_signed)
        ((_, done, _),) = await server.jmap(("Email/unsubscribe", {"emailId": email}), using=[*USING, PLUS])
        assert (result, count) == (done["result"], heard.qsize())
        while not heard.empty():
            heard.get_nowait()
    ((_, done, _),) = await server.jmap(("Email/unsubscribe", {"emailId": "e1"}), using=[*USING, PLUS])
    assert "notFound" == done["type"]
    ((_, done, _),) = await server.jmap(("Email/unsubscribe", {"emailId": email}), who="bob", using=[*USING, PLUS])
    assert "notFound" == done["type"]
