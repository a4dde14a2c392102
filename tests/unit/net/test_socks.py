"""Calling out through a SOCKS5 proxy."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from mailstead.net.errors import NetError
from mailstead.net.socks import Socks, connect_by

BOUND = b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x19"


@asynccontextmanager
async def proxy(*steps: tuple[int, bytes]) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Reads so many octets and answers, step by step, then hangs up; its port, and what it read."""
    heard: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for count, answer in steps:
            heard.append(await reader.readexactly(count))
            for octet in answer:
                writer.write(bytes([octet]))
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], heard
    finally:
        server.close()


@pytest.mark.parametrize(
    ("host", "target"),
    [
        ("192.0.2.1", b"\x01\xc0\x00\x02\x01"), ("2001:db8::1", b"\x04\x20\x01\x0d\xb8" + bytes(11) + b"\x01"),
        ("mx.one.test", b"\x03\x0bmx.one.test"), ("bücher.example", b"\x03\x15xn--bcher-kva.example"),
    ],
)
async def test_each_kind_of_target_and_what_the_server_says_first(host: str, target: bytes) -> None:
    request = b"\x05\x01\x00" + target + b"\x00\x19"
    async with proxy((3, b"\x05\x00"), (len(request), BOUND + b"220 hello\r\n")) as (port, heard):
        stream = await connect_by(Socks("127.0.0.1", port), host, 25, timeout_s=5)
        said = b""
        while not said.endswith(b"\n"):
            said += await stream.read(5)
        stream.abort()
    assert said == b"220 hello\r\n"
    assert heard == [b"\x05\x01\x00", request]


async def test_a_login_and_a_bound_name() -> None:
    async with proxy((4, b"\x05\x02"), (9, b"\x01\x00"), (10, b"\x05\x00\x00\x03\x02ab\x00\x19")) as (port, heard):
        (await connect_by(Socks("127.0.0.1", port, "user", "pw"), "192.0.2.1", 25, timeout_s=5)).abort()
    assert heard[1] == b"\x01\x04user\x02pw"


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ([(3, b"\x05\xff")], "another kind of login"), ([(3, b"\x04\x00")], "another kind of login"), ([(3, b"\x05")], "hung up"),
        ([(3, b"\x05\x02")], "another kind of login"),
        ([(3, b"\x05\x00"), (10, b"\x05\x05\x00\x01")], "the connection was refused"), ([(3, b"\x05\x00"), (10, b"\x05\x63\x00\x01")], "99"),
        ([(3, b"\x05\x00"), (10, b"\x05\x00\x00\x01\x7f")], "hung up"),
    ],
)
async def test_what_goes_wrong_says_what(steps: list[tuple[int, bytes]], why: str) -> None:
    async with proxy(*steps) as (port, _):
        with pytest.raises(NetError, match=why):
            await connect_by(Socks("127.0.0.1", port), "192.0.2.1", 25, timeout_s=5)


async def test_a_refused_login() -> None:
    async with proxy((4, b"\x05\x02"), (9, b"\x01\x01")) as (port, _):
        with pytest.raises(NetError, match="refused the login"):
            await connect_by(Socks("127.0.0.1", port, "user", "pw"), "192.0.2.1", 25, timeout_s=5)
