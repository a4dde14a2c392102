"""A header that has come before means what it meant, and nothing else is taken for one."""

import asyncio
import gc
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.harness.http import PASSWORD, USING, Web, web_server

from mailstead.model import limits
from mailstead.model.ids import AccountId, from_wire
from mailstead.server.http import again, connection
from mailstead.server.http.again import BODY, MEMO, Heads


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Web]:
    async with web_server(tmp_path) as found:
        yield found


async def nobody(*_: Any) -> tuple[bytes, bool]:
    raise AssertionError("nobody asks")


def scope_of(octets: bytes, version: str = "1.1") -> dict[str, Any]:
    lines = octets.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(b":") for line in lines)]
    return {"type": "http", "method": "POST", "path": "/x", "http_version": version, "headers": headers, "state": {}}


def post(body: bytes, *more: str, length: str | None = None) -> bytes:
    lines = ["POST /x HTTP/1.1", "Host: x", *more, f"Content-Length: {len(body) if length is None else length}"]
    return "".join(line + "\r\n" for line in lines).encode() + b"\r\n" + body


GET = b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n"


def known(*requests: bytes) -> Heads:
    heads = Heads()
    for octets in requests:
        heads.keep(octets, scope_of(octets), nobody)
    return heads


def test_the_same_header_with_another_length_is_known() -> None:
    heads = known(post(b"abc", "A: b"))
    for body in (b"abc", b"", b"x" * 1_000):
        found = heads.find(post(body, "A: b"))
        assert found is not None
        head, given = found
        scope = head.scope_of(given)
        assert (given, scope[BODY]) == (body, body)
        assert scope["headers"] == scope_of(post(body, "A: b"))["headers"]
        assert "state" not in scope
        scope["headers"].append((b"x", b"y"))
        scope["path"] = "elsewhere"
        assert head.scope_of(given)["headers"] == scope_of(post(body, "A: b"))["headers"]
        assert head.scope_of(given)["path"] == "/x"
        head.scope_of(b"")[MEMO]["seen"] = body
        assert head.scope_of(b"a")[MEMO] == {"seen": body}


@pytest.mark.parametrize("octets", [
    post(b"abc"), post(b"abc", "A: c"), post(b"abc", "A: b", "A: b"), post(b"abc", "a: b"), post(b"abc", "A:b"), post(b"abc", "A: b").replace(b"/x", b"/y"),
    post(b"abc", "A: b")[:-1], post(b"abc", "A: b") + b"d", post(b"abc", "A: b") * 2, b"\r\n" + post(b"abc", "A: b"),
    post(b"abc", "A: b", length=""), post(b"", "A: b", length=""), post(b"abc", "A: b", length="+3"), post(b"abc", "A: b", length="3, 3"), post(b"abc", "A: b", length="3 "),
    post(b"abc", "A: b", length="0x3"), post(b"abc", "A: b", length="3\r\nContent-Length: 3"), post(b"abc", "A: b", length="3\r\nContent-Length: 5"),
    post(b"abc", "A: b", length="3\r\nTransfer-Encoding: chunked"), post(b"abc", "A: b", length="3\n"), post(b"abc", "A: b", length="٣"),
    post(b"abc", "A: b").replace(b"\r\n", b"\n"), post(b"abc", "A: b").replace(b"Content-Length: 3", b"Content-Length:3"), post(b"abc", "A: b").replace(b"Content-Length: 3\r\n", b""),
    b"POST /x HTTP/1.1\r\nHost: x\r\nA: b\r\nContent-Length: \r\n\r\n", post(b"abc", "A: b", length="9" * 12), GET, b"", b"\r\n\r\n", b"POST",
])  # fmt: skip
def test_whatever_is_not_the_same_is_not_known(octets: bytes) -> None:
    assert known(post(b"abc", "A: b")).find(octets) is None


def test_a_header_without_a_length_has_no_body() -> None:
    heads = known(GET)
    found = heads.find(GET)
    assert found is not None
    assert (found[1], found[0].scope_of(b"")["headers"]) == (b"", [(b"host", b"x")])
    for octets in (GET + b"a", GET + GET, GET[:-1], GET.replace(b"\r\n\r\n", b"\r\nContent-Length: 0\r\n\r\n")):
        assert heads.find(octets) is None


@pytest.mark.parametrize("octets", [
    post(b"abc", "Transfer-Encoding: chunked"), post(b"abc", "Expect: 100-continue"), post(b"abc", "Upgrade: h2c"), post(b"abc", "Connection: close"), post(b"abc", "Connection: Upgrade"),
    post(b"abc", "Connection: keep-alive, close"), post(b"abc", "Content-Length: 3"), post(b"abc", "CONTENT-LENGTH: 3"), post(b"abc", "A: " + "b" * again._OCTETS), post(b"abcd")[:-1], post(b"a") * 2,
    post(b"abc").replace(b"Content-Length", b"CONTENT-LENGTH"), post(b"abc", "X: y\r\n Content-Length: 3").replace(b"\r\nContent-Length: 3\r\n\r\n", b"\r\n\r\n"),
])  # fmt: skip
def test_what_is_not_plain_is_not_kept(octets: bytes) -> None:
    assert known(octets).find(octets) is None
    plain = post(b"abc")
    heads = Heads()
    heads.keep(plain, scope_of(plain, "1.0"), nobody)
    assert heads.find(plain) is None


def test_few_are_kept() -> None:
    heads = Heads()
    for number in range(50):
        octets = post(b"abc", f"A: {number}")
        heads.keep(octets, scope_of(octets), nobody)
        assert heads.find(octets) is not None
        assert len(heads._known) <= again._KEPT


# ------------------------------------------------------------------------------------------------- on a connection
class Line:
    """One connection to the server, and how often a header was known on it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @staticmethod
    async def to(web: Web) -> "Line":
        return Line(*await asyncio.open_connection("127.0.0.1", web.port))

    async def ask(self, *pieces: bytes) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the answer to one request; each piece goes for itself."""
        for piece in pieces:
            self.writer.write(piece)
            await asyncio.sleep(0.01 if len(pieces) > 1 else 0)
        return await self.answer()

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        async with asyncio.timeout(10):
            lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:-2])}
            return int(lines[0].split()[1]), headers, await self.reader.readexactly(int(headers.get("content-length", "0")))

    def close(self) -> None:
        self.writer.close()


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Bodies of the requests whose header was known."""
    found: list[bytes] = []

    class Noted(again.Exchange):
        def __init__(self, of: Any, head: again.Head, body: bytes) -> None:
            found.append(body)
            super().__init__(of, head, body)

    monkeypatch.setattr(connection, "Exchange", Noted)
    return found


def jmap(web: Web, *calls: tuple[str, dict[str, Any]], who: str = "alice", headers: dict[str, str] | None = None, using: list[str] | None = None) -> bytes:
    body = json.dumps({"using": USING if using is None else using, "methodCalls": [[name, {"accountId": web.accounts[who], **given}, str(n)] for n, (name, given) in enumerate(calls)]}).encode()
    told = {"Host": "x", **({"Authorization": web.authorization(who)} if headers is None else headers), "Content-Type": "application/json", "Content-Length": str(len(body))}
    return ("POST /jmap HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in told.items()) + "\r\n").encode() + body


async def test_what_is_asked_again_is_answered_as_what_is_asked_first(web: Web, seen: list[bytes]) -> None:
    """Every request on a connection of its own, and all of them three times on one: the same answers."""
    requests = [
        jmap(web, ("Core/echo", {"a": "ü" * 10})), jmap(web, ("Mailbox/get", {})), jmap(web, ("Email/get", {"ids": ["nonsense"]})), jmap(web, ("Nothing/get", {})),
        jmap(web, ("Core/echo", {}), who="bob"), jmap(web, ("Core/echo", {}), using=["urn:unknown"]), jmap(web, ("Core/echo", {}), headers={}),
        jmap(web, ("Core/echo", {}), headers={"Authorization": web.authorization(password="wrong")}), jmap(web).replace(b"{", b"[", 1), jmap(web).replace(b"application/json", b"text/plain000000"),
        f"GET /jmap/session HTTP/1.1\r\nHost: there\r\nAuthorization: {web.authorization()}\r\n\r\n".encode(), b"GET /jmap/session HTTP/1.1\r\nHost: there\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /jmap HTTP/1.1\r\nHost: x\r\n\r\n",
    ]  # fmt: skip
    once = []
    for octets in requests:
        line = await Line.to(web)
        once.append(await line.ask(octets))
        line.close()
    assert {status for status, _, _ in once} >= {200, 400, 401, 405}
    line = await Line.to(web)
    await line.ask(requests[0])
    for octets, expected in zip(requests, once, strict=True):
        for _ in range(3):
            assert await line.ask(octets) == expected
    line.close()
    assert len(seen) >= 20


@pytest.mark.parametrize("octets", [
    b"GARBAGE\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"POST /jmap HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
])  # fmt: skip
async def test_what_is_no_request_is_refused_behind_headers_that_are_known(web: Web, seen: list[bytes], octets: bytes) -> None:
    line = await Line.to(web)
    for _ in range(3):
        assert (await line.ask(jmap(web, ("Core/echo", {}))))[0] == 200
    assert len(seen) == 1
    line.writer.write(octets)
    assert (await line.reader.read()).startswith(b"HTTP/1.1 400 ")
    line.close()


def upgrade(web: Web) -> bytes:
    return (
        f"GET /jmap/ws HTTP/1.1\r\nHost: x\r\nAuthorization: {web.authorization()}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: jmap\r\n\r\n").encode()


async def test_a_connection_that_was_used_may_become_a_websocket(web: Web, seen: list[bytes]) -> None:
    line = await Line.to(web)
    for _ in range(3):
        assert (await line.ask(jmap(web, ("Core/echo", {}))))[0] == 200
    line.writer.write(upgrade(web))
    assert (await line.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
    assert len(seen) == 1
    line.close()


async def test_a_connection_that_was_used_once_may_become_a_websocket(web: Web) -> None:
    line = await Line.to(web)
    assert (await line.ask(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"))[0] == 200
    line.writer.write(upgrade(web))
    assert (await line.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
    line.close()


async def test_in_pieces_and_several_at_once(web: Web, seen: list[bytes]) -> None:
    line = await Line.to(web)
    octets = jmap(web, ("Core/echo", {"n": 1}))
    expected = await line.ask(octets)
    assert [await line.ask(octets) for _ in range(2)] == [expected] * 2
    assert len(seen) == 1
    for cut in (1, 20, octets.index(b"\r\n\r\n") + 2, octets.index(b"\r\n\r\n") + 4, len(octets) - 1):
        assert await line.ask(octets[:cut], octets[cut:]) == expected
    assert len(seen) == 1
    line.writer.write(octets * 3)
    assert [await line.answer() for _ in range(3)] == [expected] * 3
    line.writer.write(octets)
    line.writer.write(octets)
    assert [await line.answer() for _ in range(2)] == [expected] * 2
    count = len(seen)
    assert await line.ask(octets) == expected
    assert len(seen) == count + 1
    line.close()


async def test_one_that_comes_before_the_answer_waits_for_it(web: Web, seen: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    line = await Line.to(web)
    octets = jmap(web, ("Core/echo", {"n": 1}))
    expected = await line.ask(octets)
    assert await line.ask(octets) == expected
    go = slowed()
    line.writer.write(octets)
    await asyncio.sleep(0.05)
    line.writer.write(octets)
    await asyncio.sleep(0.05)
    assert len(seen) == 1
    go.set()
    assert [await line.answer() for _ in range(2)] == [expected] * 2
    line.close()


def slowed() -> asyncio.Event:
    """From now on who asks with the one header that is known waits for this."""
    (found,) = [one for one in gc.get_objects() if isinstance(one, connection.Connection) and one._heads is not None and one.parser is not None]
    assert found._heads is not None
    (head,) = found._heads._known.values()
    go, real = asyncio.Event(), head.answer

    async def after_a_while(*given: Any) -> tuple[bytes, bool]:
        await go.wait()
        return await real(*given)

    head.answer = after_a_while
    return go


async def test_who_may_no_longer_is_refused_at_once(web: Web, seen: list[bytes]) -> None:
    account = from_wire("a", web.accounts["alice"])
    assert account is not None
    browser = await web.signed_in()
    lines = [await Line.to(web) for _ in range(2)]
    requests = [jmap(web, ("Mailbox/get", {})), jmap(web, ("Mailbox/get", {}), headers=browser)]
    for line, octets in zip(lines, requests, strict=True):
        for _ in range(4):
            assert (await line.ask(octets))[0] == 200
    assert len(seen) == 4
    answer = await web.ask("PUT", "/api/password", who="", headers={**await web.signed_in(), "Content-Type": "application/json"}, data=json.dumps({"current": PASSWORD, "new": "another pass phrase"}))
    assert answer.status == 204
    for line, octets in zip(lines, requests, strict=True):
        for _ in range(2):
            assert (await line.ask(octets))[0] == 401
        line.close()
    assert len(seen) == 8


async def test_a_session_that_was_ended_elsewhere_and_a_suspended_account_are_refused_at_once(web: Web, seen: list[bytes]) -> None:
    browser = await web.signed_in()
    line = await Line.to(web)
    octets = jmap(web, ("Core/echo", {}), headers=browser)
    for _ in range(4):
        assert (await line.ask(octets))[0] == 200
    other = await web.signed_in()
    for one in (await web.ask("GET", "/api/sessions", who="", headers=other)).json():
        if not one["isCurrent"]:
            assert (await web.ask("DELETE", f"/api/sessions/{one['id']}", who="", headers=other)).status == 204
    assert (await line.ask(octets))[0] == 401
    octets = jmap(web, ("Core/echo", {}), who="bob")
    for _ in range(4):
        assert (await line.ask(octets))[0] == 200
    account = from_wire("a", web.accounts["bob"])
    assert account is not None
    await web.store.directory.account_set(AccountId(account), state="suspended")
    assert (await line.ask(octets))[0] == 403
    await web.store.directory.account_set(AccountId(account), state="active")
    assert (await line.ask(octets))[0] == 200
    assert len(seen) == 8
    line.close()


async def test_another_site_s_page_is_refused_however_often_it_asks(web: Web, seen: list[bytes]) -> None:
    browser = await web.signed_in()
    line = await Line.to(web)
    for _ in range(4):
        assert (await line.ask(jmap(web, ("Core/echo", {}), headers={**browser, "Sec-Fetch-Site": "cross-site"})))[0] == 403
    for _ in range(4):
        assert (await line.ask(jmap(web, ("Core/echo", {}), headers={**browser, "X-CSRF-Token": "guessed"})))[0] == 403
    for _ in range(3):
        assert (await line.ask(jmap(web, ("Core/echo", {}), headers=browser)))[0] == 200
    line.close()


async def test_a_body_that_is_too_large_is_told_so_and_ends_the_connection(web: Web, seen: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    line = await Line.to(web)
    for _ in range(3):
        assert (await line.ask(jmap(web, ("Core/echo", {}))))[0] == 200
    monkeypatch.setattr(limits, "JMAP_REQUEST", 300)
    status, headers, body = await line.ask(jmap(web, ("Core/echo", {"a": "b" * 500})))
    assert (status, json.loads(body)["limit"]) == (400, "maxSizeRequest")
    assert len(seen) == 2
    assert headers["content-type"] == "application/problem+json"
    line.close()


async def under_way(web: Web) -> tuple[Line, asyncio.Event, bytes]:
    """A connection with a known header, and a request on it whose answer waits for the event; that request's octets."""
    line = await Line.to(web)
    octets = jmap(web, ("Core/echo", {}))
    for _ in range(2):
        await line.ask(octets)
    go = slowed()
    line.writer.write(octets)
    await asyncio.sleep(0.05)
    return line, go, octets


async def test_a_server_that_stops_answers_first(tmp_path: Path, seen: list[bytes]) -> None:
    async with web_server(tmp_path) as web:
        line, go, _ = await under_way(web)
        asyncio.get_running_loop().call_later(0.3, go.set)
    status, headers, _ = await line.answer()
    assert (status, headers["connection"]) == (200, "close")
    assert await line.reader.read() == b""
    assert len(seen) == 1
    line.close()


async def test_who_goes_before_the_answer_leaves_nothing_behind(web: Web, seen: list[bytes]) -> None:
    line, go, octets = await under_way(web)
    line.writer.transport.abort()
    await asyncio.sleep(0.05)
    go.set()
    await asyncio.sleep(0.05)
    assert len(seen) == 1
    other = await Line.to(web)
    assert (await other.ask(octets))[0] == 200
    other.close()


async def test_an_idle_connection_ends_and_one_that_is_used_does_not(tmp_path: Path, seen: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HTTP_KEEP_ALIVE_S", 1)
    async with web_server(tmp_path) as web:
        line = await Line.to(web)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        while loop.time() < begun + 2.5:
            assert (await line.ask(jmap(web, ("Core/echo", {}))))[0] == 200
            await asyncio.sleep(0.4)
        last = loop.time() - 0.4
        assert await asyncio.wait_for(line.reader.read(), 5) == b""
        assert 0.8 < loop.time() - last < 3
        line.close()
