"""Pictures fetched in the reader's place."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.harness.http import Web, web_server

from mailstead.model.dns import Answer
from mailstead.model.errors import Unavailable
from mailstead.net.https import Https
from mailstead.server.http.images import kind_of

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 100
SVG = b"<svg onload=alert(1)>"


class Names:
    def __init__(self, address: str = "127.0.0.1") -> None:
        self._address = address

    async def addresses(self, name: str) -> Answer[str]:
        return Answer(name, (self._address,))


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[tuple[Web, dict[str, bytes | Exception]]]:
    there: dict[str, bytes | Exception] = {"https://a.test/x.png": PNG, "https://a.test/x.svg": SVG, "https://a.test/gone": Unavailable("Not there", "404")}

    async def fetch(url: str) -> bytes:
        found = there[url]
        if isinstance(found, Exception):
            raise found
        return found

    async with web_server(tmp_path, fetch_image=fetch) as found:
        yield found, there


async def signed(web: Web, *urls: Any) -> list[str | None]:
    answer = await web.ask("POST", "/api/image-urls", data=json.dumps({"urls": urls}))
    assert answer.status == 200
    found: list[str | None] = answer.json()["urls"]
    return found


async def test_a_picture_comes_through_without_a_login(web: tuple[Web, Any]) -> None:
    server, _ = web
    (at,) = await signed(server, "https://a.test/x.png")
    assert at is not None
    answer = await server.ask("GET", at, who="")
    assert (200, PNG, "image/png") == (answer.status, answer.body, answer.headers["Content-Type"])
    assert "cross-origin" == answer.headers["Cross-Origin-Resource-Policy"]
    assert "Set-Cookie" not in answer.headers


async def test_only_signed_addresses_are_fetched(web: tuple[Web, Any]) -> None:
    server, _ = web
    (at,) = await signed(server, "https://a.test/x.png")
    assert at is not None
    for changed in (at.replace("x.png", "x.svg"), at[:-1], at.replace("until=", "until=9"), "/proxy/image?url=https%3A%2F%2Fa.test%2Fx.png", "/proxy/image"):
        assert 403 == (await server.ask("GET", changed, who="")).status
    assert 401 == (await server.ask("POST", "/api/image-urls", who="", data='{"urls": []}')).status


async def test_what_is_no_picture_is_not_passed_on(web: tuple[Web, Any]) -> None:
    server, _ = web
    for url in ("https://a.test/x.svg", "https://a.test/gone"):
        (at,) = await signed(server, url)
        assert at is not None
        answer = await server.ask("GET", at, who="")
        assert 502 == answer.status
        assert SVG not in answer.body


async def test_what_is_no_web_address_is_not_signed(web: tuple[Web, Any]) -> None:
    server, _ = web
    assert [None] * 5 == await signed(server, "ftp://a", "javascript:x", "https://a\r\nb", "", "https://" + "a" * 5_000)
    for said in ('{"urls": 1}', b'{"urls": ["\xff"]}', "["):
        assert 422 == (await server.ask("POST", "/api/image-urls", data=said)).status
    assert 413 == (await server.ask("POST", "/api/image-urls", data=json.dumps({"urls": ["https://a"] * 501}))).status


@pytest.mark.parametrize(("octets", "kind"), [
    (PNG, "image/png"), (b"\xff\xd8\xff\xe0", "image/jpeg"), (b"GIF89a..", "image/gif"), (b"RIFF....WEBPVP8 ", "image/webp"), (b"....ftypavif", "image/avif"),
    (SVG, ""), (b"<!doctype html>", ""), (b"", ""), (b"%PDF-1.7", ""), (b"BM", ""),
])  # fmt: skip
def test_kinds(octets: bytes, kind: str) -> None:
    assert kind == kind_of(octets)


# ------------------------------------------------------------------------------------------------------------- fetching
@asynccontextmanager
async def site(answers: dict[str, bytes]) -> AsyncIterator[tuple[int, list[str]]]:
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        asked.append(head)
        writer.write(answers[head.split(" ")[1]])
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], asked
    finally:
        server.close()


def ok(octets: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nSet-Cookie: a=b\r\n\r\n%b" % (len(octets), octets)


def to(place: str) -> bytes:
    return b"HTTP/1.1 302 Found\r\nLocation: %b\r\nContent-Length: 0\r\nSet-Cookie: a=b\r\n\r\n" % place.encode()


async def test_redirects_are_followed_without_cookies_or_referrer() -> None:
    async with site({"/a": to("/b"), "/b": ok(PNG)}) as (port, asked):
        https = Https(Names(), allows_private=True)
        assert PNG == await https.fetch(f"http://pictures.test:{port}/a", limit=1_000)
    assert 2 == len(asked)
    assert all("cookie" not in head.lower() and "referer" not in head.lower() for head in asked)


async def test_bounds_of_fetching() -> None:
    async with site({"/loop": to("/loop"), "/big": ok(b"x" * 2_000), "/file": to("file:///etc/passwd"), "/none": b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"}) as (port, _):
        https = Https(Names(), allows_private=True, timeout_s=2)
        for path in ("/loop", "/big", "/file", "/none"):
            with pytest.raises(Unavailable):
                await https.fetch(f"http://pictures.test:{port}{path}", limit=1_000)


@pytest.mark.parametrize("url", [
    "http://127.0.0.1/", "http://[::1]/", "http://169.254.169.254/latest", "http://10.0.0.1/", "http://100.64.0.1/", "http://[fe80::1]/", "http://0x7f000001/",
    "http://user:password@a.test/", "http://a.test:22/", "ftp://a.test/", "http://rebinding.test/", "http://[::ffff:127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/", "http://[64:ff9b:1::a00:1]/", "http://[2002:a00:1::1]/", "http://[::7f00:1]/", "http://[fec0::1]/", "http://[ff0e::1]/",
    "http://224.0.0.1/",
])  # fmt: skip
async def test_our_own_network_is_never_called(url: str) -> None:
    with pytest.raises(Unavailable) as caught:
        await Https(Names(), timeout_s=2).fetch(url, limit=1_000)
    assert any(why in caught.value.cause for why in ("not an address of the world", "not a plain web address", "which is not the world's")), "refused, not tried"


@pytest.mark.parametrize("address", ["10.0.0.1", "224.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::1", "fec0::1", "::1"])
async def test_a_name_that_leads_there_is_not_called(address: str) -> None:
    with pytest.raises(Unavailable) as caught:
        await Https(Names(address), timeout_s=2).fetch("https://pictures.test/", limit=1_000)
    assert "which is not the world's" in caught.value.cause
