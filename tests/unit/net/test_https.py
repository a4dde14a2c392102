"""Fetching over HTTPS from a server on loopback with an authority of our own."""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mailstead.model.dns import Answer
from mailstead.model.errors import Unavailable
from mailstead.net import make_self_signed
from mailstead.net.https import Https, of_the_world

GOOD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n\r\nhello"


class Names:
    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    async def addresses(self, name: str) -> Answer[str]:
        return Answer(name, self._addresses)


@asynccontextmanager
async def served(folder: Path, answer: bytes) -> AsyncIterator[tuple[int, ssl.SSLContext]]:
    make_self_signed(folder / "own.pem", ["policy.test"])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "own.pem")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        if answer:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1], ssl.create_default_context(cafile=str(folder / "own.pem"))
    finally:
        server.close()


async def get(folder: Path, answer: bytes, *, host: str = "policy.test", names: Names | None = None, private: bool = True, trusting: bool = True) -> bytes:
    async with served(folder, answer) as (port, context):
        https = Https(names or Names("127.0.0.1"), context=context if trusting else None, allows_private=private, port=port, timeout_s=2)
        return await https.get(host, "/x", limit=100, kinds=("text/plain",))


async def test_a_file_is_fetched(tmp_path: Path) -> None:
    assert b"hello" == await get(tmp_path, GOOD)


@pytest.mark.parametrize(("answer", "word"), [
    (GOOD.replace(b"200 OK", b"404 Not Found"), "404"),
    (b"HTTP/1.1 302 Found\r\nLocation: https://policy.test/y\r\nContent-Length: 0\r\n\r\n", "302"),
    (GOOD.replace(b"text/plain", b"text/html"), "text/html"),
    (b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" + b"x" * 200, "longer"),
    (b"junk\r\n\r\n", ""), (b"", "Timeout"),
])  # fmt: skip
async def test_what_is_no_file(tmp_path: Path, answer: bytes, word: str) -> None:
    with pytest.raises(Unavailable) as failure:
        await get(tmp_path, answer)
    assert word in failure.value.cause


async def test_a_certificate_for_another_name_or_from_nobody_is_refused(tmp_path: Path) -> None:
    for host, trusting in (("other.test", True), ("policy.test", False)):
        with pytest.raises(Unavailable, match="Not reachable"):
            await get(tmp_path, GOOD, host=host, trusting=trusting)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1", "::ffff:127.0.0.1"])
async def test_nobody_makes_us_call_our_own_network(tmp_path: Path, address: str) -> None:
    with pytest.raises(Unavailable) as failure:
        await get(tmp_path, GOOD, names=Names(address), private=False)
    assert "not the world's" in failure.value.cause


@pytest.mark.parametrize("host", ["localhost", "LocalHost", "push.localhost", "localhost."])
async def test_localhost_is_here_and_no_server_of_names_is_asked(tmp_path: Path, host: str) -> None:
    class Nobody(Names):
        async def addresses(self, name: str) -> Answer[str]:
            raise AssertionError(f"{name} was asked for")

    make_self_signed(tmp_path / "here.pem", ["localhost", "push.localhost"])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "here.pem")
    said: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(GOOD)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        trusted = ssl.create_default_context(cafile=str(tmp_path / "here.pem"))
        assert (200, 0.0) == await Https(Nobody(), context=trusted, allows_private=True, timeout_s=5).send(f"https://{host}:{port}/take", b"octets", {})
        assert said[0].startswith(b"POST /take ")
        with pytest.raises(Unavailable) as failure:
            await Https(Nobody(), context=trusted, port=port, timeout_s=5).get(host, "/x", limit=100, kinds=("text/plain",))
        assert "not the world's" in failure.value.cause
        assert 1 == len(said)


@pytest.mark.parametrize("name", ["localhost.example", "notlocalhost"])
async def test_what_only_looks_like_localhost_is_asked_for(tmp_path: Path, name: str) -> None:
    with pytest.raises(Unavailable) as failure:
        await get(tmp_path, GOOD, host=name, names=Names("10.0.0.1"), private=False)
    assert f"{name} is at 10.0.0.1" in failure.value.cause


async def test_a_name_without_address_is_not_reached(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        await get(tmp_path, GOOD, names=Names())


@pytest.mark.parametrize(("answer", "word"), [
    (GOOD, "sent"), (GOOD.replace(b"200 OK", b"201 Created"), "sent"), (GOOD.replace(b"200 OK", b"503 Busy"), "failed"),
    (b"HTTP/1.1 302 Found\r\nLocation: https://policy.test/y\r\nContent-Length: 0\r\n\r\n", "failed"), (b"junk\r\n\r\n", "unsure"), (b"", "unsure"),
])  # fmt: skip
async def test_what_became_of_a_report(tmp_path: Path, answer: bytes, word: str) -> None:
    async with served(tmp_path, answer) as (port, context):
        https = Https(Names("127.0.0.1"), context=context, allows_private=True, port=port, timeout_s=1)
        assert word == (await https.post(f"https://policy.test:{port}/v1", b"octets", "application/tlsrpt+gzip"))[0]


async def test_a_report_that_did_not_leave_has_failed_for_certain(tmp_path: Path) -> None:
    async with served(tmp_path, GOOD) as (port, context):
        for https, url in (
            (Https(Names("127.0.0.1"), allows_private=True, port=port, timeout_s=1), f"https://policy.test:{port}/"),
            (Https(Names("127.0.0.1"), context=context, timeout_s=1), "https://policy.test/"),
            (Https(Names("127.0.0.1"), context=context, allows_private=True), "http://policy.test/"),
            (Https(Names("127.0.0.1"), context=context, allows_private=True), "https://u:p@policy.test/"),
        ):
            assert "failed" == (await https.post(url, b"octets", "application/tlsrpt+gzip"))[0]


@pytest.mark.parametrize(("address", "is_it"), [
    ("8.8.8.8", True), ("2606:4700::1111", True), ("64:ff9b::808:808", True), ("2002:808:808::1", True),
    ("127.0.0.1", False), ("10.1.2.3", False), ("100.64.0.1", False), ("169.254.169.254", False), ("224.0.0.1", False), ("255.255.255.255", False),
    ("::1", False), ("::", False), ("::ffff:8.8.8.8", False), ("::7f00:1", False), ("64:ff9b::7f00:1", False), ("64:ff9b:1::808:808", False), ("2002:a00:1::1", False),
    ("fe80::1", False), ("fec0::1", False), ("fd00::1", False), ("ff0e::1", False), ("2001:db8::1", False), ("3fff::1", False), ("5f00::1", False),
])  # fmt: skip
def test_which_addresses_are_the_worlds(address: str, is_it: bool) -> None:
    assert of_the_world(ipaddress.ip_address(address)) is is_it
