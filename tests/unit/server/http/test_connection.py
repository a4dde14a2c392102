"""Connections: bounds of the header, pipelining, the end of a server."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.harness.http import Web, web_server

from mailstead.model import limits
from mailstead.server.http import connection


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Web]:
    async with web_server(tmp_path) as found:
        yield found


async def said(web: Web, octets: bytes, *, close: bool = False) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", web.port)
    writer.write(octets)
    if close:
        writer.write_eof()
    async with asyncio.timeout(5):
        found = await reader.read()
    writer.close()
    return found


async def test_requests_may_follow_each_other_on_a_connection(web: Web) -> None:
    one = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    found = await said(web, one + one + one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert 3 == found.count(b"HTTP/1.1 200 OK")
    assert 3 == found.count(b"\r\n\r\nok\n")


@pytest.mark.parametrize("octets", [
    b"GARBAGE\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET /x y HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"GET /" + b"a" * limits.HTTP_HEADER + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 10_000 + b"\r\n",
])  # fmt: skip
async def test_what_is_no_request_is_refused_and_the_connection_ends(web: Web, octets: bytes) -> None:
    assert (await said(web, octets)).startswith(b"HTTP/1.1 400 ")


async def test_a_header_that_dribbles_ends(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HTTP_HEADER_TIMEOUT_S", 0.2)
    assert b"" == await said(web, b"GET / HTTP/1.1\r\nA:")


async def test_a_header_that_dribbles_ends_on_a_connection_that_was_used(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that comes in one piece has no timer; the next one, which does not, has."""
    monkeypatch.setattr(limits, "HTTP_HEADER_TIMEOUT_S", 0.2)
    reader, writer = await asyncio.open_connection("127.0.0.1", web.port)
    for _ in range(2):
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.readuntil(b"ok\n")).startswith(b"HTTP/1.1 200 OK")
        await asyncio.sleep(0.3)
    writer.write(b"GET / HTTP/1.1\r\nA:")
    async with asyncio.timeout(5):
        assert b"" == await reader.read()
    writer.close()


async def test_a_body_that_dribbles_ends(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HTTP_BODY_TIMEOUT_S", 0.2)
    head = f"POST /jmap HTTP/1.1\r\nHost: x\r\nAuthorization: {web.authorization()}\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{{"
    assert (await said(web, head.encode())).startswith(b"HTTP/1.1 408 ")


async def test_a_listener_of_events_hears_the_end(tmp_path: Path) -> None:
    async with web_server(tmp_path) as web:
        response = await web.client.get(web.base + "/jmap/events?types=*&closeafter=no&ping=0", headers={"Authorization": web.authorization()})
        await response.content.readuntil(b"\n\n")
        started = asyncio.get_running_loop().time()
        reading = asyncio.ensure_future(response.read())
    assert b"" == await asyncio.wait_for(reading, 5)
    assert asyncio.get_running_loop().time() - started < 2
    response.close()


class Wire:
    """A transport that notes what is written, piece by piece."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.is_over = False

    def write(self, octets: bytes) -> None:
        self.pieces.append(octets)

    def close(self) -> None:
        self.is_over = True

    def is_closing(self) -> bool:
        return self.is_over


async def test_head_and_body_go_at_once_and_what_follows_as_it_comes() -> None:
    wire = Wire()
    whole = connection._Whole(wire, asyncio.get_running_loop())
    for piece in (b"head", b"body", b"more"):
        whole.write(piece)
    assert wire.pieces == [b"headbody", b"more"]
    await asyncio.sleep(0)
    assert wire.pieces == [b"headbody", b"more"]


async def test_a_head_without_a_body_goes_in_the_same_turn() -> None:
    wire = Wire()
    whole = connection._Whole(wire, asyncio.get_running_loop())
    whole.write(b"head")
    assert wire.pieces == []
    await asyncio.sleep(0)
    assert wire.pieces == [b"head"]
    whole.write(b"event")
    assert wire.pieces == [b"head", b"event"]


async def test_a_large_body_is_not_copied() -> None:
    wire = Wire()
    body = b"x" * (connection._JOINED_OCTETS + 1)
    whole = connection._Whole(wire, asyncio.get_running_loop())
    whole.write(b"head")
    whole.write(body)
    assert wire.pieces[0] == b"head"
    assert wire.pieces[1] is body


async def test_what_waits_goes_before_the_end_and_nothing_after_it() -> None:
    wire = Wire()
    whole = connection._Whole(wire, asyncio.get_running_loop())
    whole.write(b"head")
    whole.close()
    assert (wire.pieces, whole.is_closing()) == ([b"head"], True)
    lost = Wire()
    whole = connection._Whole(lost, asyncio.get_running_loop())
    whole.write(b"head")
    lost.close()
    await asyncio.sleep(0)
    assert lost.pieces == []


async def test_an_answer_is_one_write(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []
    whole = connection._Whole

    class Noted(Wire):
        def __init__(self, transport: asyncio.Transport) -> None:
            super().__init__()
            self.real = transport

        def write(self, octets: bytes) -> None:
            seen.append(octets)
            self.real.write(octets)

        def is_closing(self) -> bool:
            return self.real.is_closing()

        def close(self) -> None:
            self.real.close()

    monkeypatch.setattr(connection, "_Whole", lambda transport, loop: whole(Noted(transport), loop))
    found = await said(web, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert found.endswith(b"\r\n\r\nok\n")
    assert seen == [found]
