"""JMAP over WebSocket (RFC 8887)."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.harness.http import USING, Web, web_server

from mailstead.model import limits
from mailstead.server.http.connection import MESSAGE


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Web]:
    async with web_server(tmp_path) as found:
        yield found


def connect(web: Web, who: str = "alice", protocols: tuple[str, ...] = ("jmap",)) -> Any:
    headers = {"Authorization": web.authorization(who)} if who else {}
    return web.client.ws_connect(web.base + "/jmap/ws", headers=headers, protocols=protocols)


async def say(socket: Any, **message: Any) -> Any:
    await socket.send_str(json.dumps(message))
    return await hear(socket)


async def hear(socket: Any) -> Any:
    async with asyncio.timeout(5):
        return json.loads(await socket.receive_str())


async def send_piece(socket: Any, first: int, octets: int) -> None:
    """A frame with this first octet (RFC 6455 §5.2), masked by zeros."""
    transport = socket._writer.transport
    transport.write(bytes((first, 0xFF)) + octets.to_bytes(8) + bytes(4) + b"x" * octets)
    async with asyncio.timeout(10):
        while transport.get_write_buffer_size():
            await asyncio.sleep(0.01)


async def draft(web: Web) -> str:
    ((_, boxes, _),) = await web.jmap(("Mailbox/get", {}))
    ((_, done, _),) = await web.jmap(("Email/set", {"create": {"x": {"mailboxIds": {boxes["list"][0]["id"]: True}, "subject": "x"}}}))
    return str(done["created"]["x"]["id"])


async def test_requests_are_answered_by_their_ids(web: Web) -> None:
    session = (await web.ask("GET", "/jmap/session")).json()
    said = session["capabilities"]["urn:ietf:params:jmap:websocket"]
    assert ({"supportsPush": True, "url": f"ws://127.0.0.1:{web.port}/jmap/ws"}) == said
    async with connect(web) as socket:
        assert "jmap" == socket.protocol
        found = await say(socket, **{"@type": "Request", "id": "r1", "using": USING, "methodCalls": [["Core/echo", {"a": 1}, "0"]]})
        assert ("Response", "r1", [["Core/echo", {"a": 1}, "0"]], session["state"]) == (
            found["@type"], found["requestId"], found["methodResponses"], found["sessionState"])
        found = await say(socket, **{"@type": "Request", "using": ["urn:x"], "methodCalls": []})
        assert ("RequestError", False, "urn:ietf:params:jmap:error:unknownCapability") == (found["@type"], "requestId" in found, found["type"])
        found = await say(socket, **{"@type": "Other", "id": "r2"})
        assert ("r2", "urn:ietf:params:jmap:error:notRequest") == (found["requestId"], found["type"])
        await socket.send_str("{")
        assert "urn:ietf:params:jmap:error:notJSON" == (await hear(socket))["type"]
        await socket.send_bytes(b"{}")
        message = await socket.receive()
        assert (aiohttp.WSMsgType.CLOSE, 1003) == (message.type, message.data)


async def test_an_answer_names_its_request_whatever_is_wrong_with_it(web: Web) -> None:
    """RFC 8887 §4.3.3 and §4.3.4: an identifier, a text of any length, is always returned."""
    async with connect(web) as socket:
        long = "r" * 300
        assert long == (await say(socket, **{"@type": "Request", "id": long, "using": USING, "methodCalls": []}))["requestId"]
        for twice in ('{"@type": "Request", "id": "r", "using": [], "using": [], "methodCalls": []}', '{"@type": "Request", "id": "r", "using": ["\\ufffe"], "methodCalls": []}'):
            await socket.send_str(twice)
            found = await hear(socket)
            assert ("r", "urn:ietf:params:jmap:error:notJSON") == (found["requestId"], found["type"])
        found = await say(socket, **{"@type": "Request", "id": 1, "using": USING, "methodCalls": []})
        assert ("RequestError", False, "urn:ietf:params:jmap:error:notRequest") == (found["@type"], "requestId" in found, found["type"])


async def test_a_request_that_is_too_large_is_told_so(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 8887 §4.3.1."""
    assert 2 * limits.JMAP_REQUEST == MESSAGE
    monkeypatch.setattr(limits, "JMAP_REQUEST", 1_000)
    async with connect(web) as socket:
        found = await say(socket, **{"@type": "Request", "using": USING, "methodCalls": [["Core/echo", {"a": "x" * 1_000}, "0"]]})
        assert ("RequestError", "urn:ietf:params:jmap:error:limit", "maxSizeRequest") == (found["@type"], found["type"], found["limit"])
        assert "Response" == (await say(socket, **{"@type": "Request", "using": USING, "methodCalls": []}))["@type"]


async def test_one_that_is_larger_by_far_ends_the_connection_and_says_why(web: Web) -> None:
    """RFC 8887 §4.3.4, RFC 6455 §7.4.1: what the server says last is read, however much the client still has to send."""
    for fragments in (1, 8):
        async with connect(web) as socket:
            assert "Response" == (await say(socket, **{"@type": "Request", "using": USING, "methodCalls": []}))["@type"]
            for number in range(fragments):
                await send_piece(socket, (0 if number else 1) | (0x80 if number == fragments - 1 else 0), (MESSAGE + (1 << 20)) // fragments)
            found = await hear(socket)
            assert ("RequestError", "urn:ietf:params:jmap:error:limit", "maxSizeRequest") == (found["@type"], found["type"], found["limit"])
            message = await socket.receive()
            assert (aiohttp.WSMsgType.CLOSE, 1009, True) == (message.type, message.data, "exceeds limit" in message.extra)


async def test_a_frame_against_the_rules_ends_the_connection_with_its_code(web: Web) -> None:
    """RFC 6455 §7.4.1."""
    for octets, kind, code in ((b"\xff", 1, 1007), (b"x", 3, 1002)):
        async with connect(web) as socket:
            await socket._writer.send_frame(octets, kind)
            message = await socket.receive()
            assert (aiohttp.WSMsgType.CLOSE, code) == (message.type, message.data)


async def test_where_a_place_is_not_known_all_is_told(web: Web) -> None:
    """RFC 8887 §4.3.5.2: the client may have missed anything."""
    await draft(web)
    for place in ("aaa", "999-1", ""):
        async with connect(web) as socket:
            missed = await say(socket, **{"@type": "WebSocketPushEnable", "dataTypes": ["Email", "Mailbox"], "pushState": place})
            assert {"Email", "Mailbox"} == missed["changed"][web.accounts["alice"]].keys()


async def test_what_moves_is_pushed_where_it_is_wanted(web: Web) -> None:
    async with connect(web) as socket:
        await socket.send_str(json.dumps({"@type": "WebSocketPushEnable", "dataTypes": ["Email"]}))
        await say(socket, **{"@type": "Request", "using": USING, "methodCalls": []})
        await draft(web)
        told = await hear(socket)
        assert ["Email"] == list(told["changed"][web.accounts["alice"]])
        await socket.send_str(json.dumps({"@type": "WebSocketPushDisable"}))
        await draft(web)
        assert "Response" == (await say(socket, **{"@type": "Request", "using": USING, "methodCalls": []}))["@type"]
    async with connect(web) as socket:
        missed = await say(socket, **{"@type": "WebSocketPushEnable", "dataTypes": None, "pushState": told["pushState"]})
        assert {"Email", "Mailbox", "Thread"} <= missed["changed"][web.accounts["alice"]].keys()
        await socket.send_str(json.dumps({"@type": "WebSocketPushEnable", "pushState": missed["pushState"]}))
        assert "Response" == (await say(socket, **{"@type": "Request", "using": USING, "methodCalls": []}))["@type"]
        assert "RequestError" == (await say(socket, **{"@type": "WebSocketPushEnable", "dataTypes": "x"}))["@type"]


async def test_who_is_not_known_or_speaks_something_else_is_turned_away(web: Web) -> None:
    for who, protocols, status in (("", ("jmap",), 401), ("alice", (), 400), ("alice", ("chat",), 400)):
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            async with connect(web, who, protocols):
                pass
        assert status == caught.value.status


async def test_who_is_no_longer_let_in_is_sent_away(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailstead.server.http.jmap.socket.LOOK_S", 0.0)
    monkeypatch.setattr("mailstead.server.http.jmap.events.CAUGHT_UP_S", 0.05)
    async with connect(web) as socket, web.client.get(web.base + "/jmap/events", headers={"Authorization": web.authorization()}) as stream:
        request = {"@type": "Request", "using": USING, "methodCalls": []}
        assert "Response" == (await say(socket, **request))["@type"]
        alice = await web.store.directory.account_by_address("alice@example.test")
        assert alice is not None
        await web.store.directory.account_set(alice.account_id, state="suspended")
        await socket.send_str(json.dumps(request))
        async with asyncio.timeout(10):
            message = await socket.receive()
            while message.type == aiohttp.WSMsgType.TEXT:
                await asyncio.sleep(0.2)  # what is known of accounts is a few seconds old at most
                await socket.send_str(json.dumps(request))
                message = await socket.receive()
            await stream.content.read()
        assert (aiohttp.WSMsgType.CLOSE, 1008) == (message.type, message.data)
