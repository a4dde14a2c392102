"""The PROXY header before everything else: not one octet of what follows is taken."""

import asyncio
import socket
from collections.abc import Iterator

import pytest

from mailstead.net.errors import Gone
from mailstead.net.proxy import read_proxy

V2 = b"\r\n\r\n\0\r\nQUIT\n"


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    near, far = socket.socketpair()
    near.setblocking(False)
    with near, far:
        yield near, far


@pytest.mark.parametrize(("header", "source"), [
    (b"PROXY TCP4 192.0.2.7 192.0.2.1 40000 25\r\n", ("192.0.2.7", 40_000)),
    (b"PROXY TCP6 2001:db8::7 2001:db8::1 40000 25\r\n", ("2001:db8::7", 40_000)),
    (b"PROXY UNKNOWN\r\n", None),
    (V2 + b"\x21\x11\0\x0c" + bytes([192, 0, 2, 7, 192, 0, 2, 1]) + b"\x9c\x40\0\x19", ("192.0.2.7", 40_000)),
    (V2 + b"\x20\0\0\0", None),  # the proxy's own check
])  # fmt: skip
async def test_the_caller_is_told_and_what_follows_stays(
    pair: tuple[socket.socket, socket.socket], header: bytes, source: tuple[str, int] | None
) -> None:
    near, far = pair
    far.sendall(header + b"\x16\x03\x01 a handshake")
    found = await read_proxy(near)
    assert source == (found and (found.host, found.port))
    assert b"\x16\x03\x01 a handshake" == await asyncio.get_running_loop().sock_recv(near, 100)


@pytest.mark.parametrize("octets", [b"EHLO a.test\r\n", b"PROXY TCP4 1.2.3.4\r\n", b"PROXY " + b"x" * 200, V2 + b"\x31\x11\0\0", b"PROXY TCP4 192.0.2.7"])
async def test_who_says_anything_else_or_leaves_is_gone(pair: tuple[socket.socket, socket.socket], octets: bytes) -> None:
    near, far = pair
    far.sendall(octets)
    far.shutdown(socket.SHUT_WR)
    async with asyncio.timeout(5):
        with pytest.raises(Gone):
            await read_proxy(near)
