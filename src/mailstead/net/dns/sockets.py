"""One exchange with one name server: a datagram, or a TCP connection where the answer did not fit.

Every question leaves from a port of its own, chosen by the kernel, with a random id: whoever wants to forge an answer has to
guess both (RFC 5452 §9). The socket is connected, so that datagrams from elsewhere never arrive.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import TypeVar

from mailstead.net.connect import connect
from mailstead.net.dns.wire import Foreign
from mailstead.net.errors import Gone, NetError, Silent

A = TypeVar("A")


async def over_udp(host: str, port: int, query: bytes, take: Callable[[bytes], A], timeout_s: float) -> A:
    """Send ``query``; what ``take`` makes of the first datagram that is no forgery (``Foreign``). Raises ``NetError``."""
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.closing(socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)) as sock:
        try:
            sock.connect((host, port))
            async with asyncio.timeout(timeout_s):
                await loop.sock_sendall(sock, query)
                while True:
                    try:
                        return take(await loop.sock_recv(sock, 65_535))
                    except Foreign:
                        continue
        except TimeoutError:
            raise Silent(f"the name server {host} does not answer") from None
        except OSError as exc:
            raise Gone(f"the name server {host}: {exc}") from exc


async def over_tcp(host: str, port: int, query: bytes, take: Callable[[bytes], A], timeout_s: float) -> A:
    """The same over TCP (RFC 7766). Raises ``NetError``."""
    loop = asyncio.get_running_loop()
    until = loop.time() + timeout_s
    stream = await connect(host, port, timeout_s=timeout_s)
    try:
        stream.write(len(query).to_bytes(2, "big") + query)
        octets = b""
        while len(octets) < 2 or len(octets) < 2 + int.from_bytes(octets[:2], "big"):
            more = await stream.read(max(0.001, until - loop.time()))
            if not more:
                raise Gone(f"the name server {host} hung up")
            octets += more
        return take(octets[2 : 2 + int.from_bytes(octets[:2], "big")])
    except Foreign:
        raise NetError(f"the name server {host} answered something else") from None
    finally:
        stream.abort()
