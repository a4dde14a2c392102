"""The PROXY header, versions 1 and 2, read from a bare socket before anything else touches it.

A proxy in front of us says for whom it calls (https://www.haproxy.org/download/2.8/doc/proxy-protocol.txt). The header
comes before TLS, so it is read octet-exact from the socket: not one octet of what follows is taken. Only peers of
``[listen] proxy_from`` are asked for one, and they must send one.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Final

from mailstead.model.limits import PROXY_HEADER
from mailstead.net.endpoint import Endpoint, endpoint_of
from mailstead.net.errors import Gone

_SIGNATURE: Final = b"\r\n\r\n\0\r\nQUIT\n"
_V1_MAX: Final = 107
_TCP4: Final = 0x11
_TCP6: Final = 0x21


Take = Callable[[int], Awaitable[bytes]]


async def read_proxy(connection: socket.socket) -> Endpoint | None:
    """The caller the proxy speaks for; None: the proxy itself (health checks). Raises ``Gone`` for anything else."""
    loop = asyncio.get_running_loop()

    async def take(count: int) -> bytes:
        got = b""
        while len(got) < count:
            more = await loop.sock_recv(connection, count - len(got))
            if not more:
                raise Gone("the proxy left")
            got += more
        return got

    try:
        return await read_header(take)
    except OSError as exc:
        raise Gone(str(exc)) from exc


async def read_header(take: Take) -> Endpoint | None:
    """As ``read_proxy``, from whatever gives exactly as many octets as it is asked for."""
    head = await take(12)
    if head == _SIGNATURE:
        return await _version_2(take)
    if not head.startswith(b"PROXY "):
        raise Gone("no PROXY header")
    while not head.endswith(b"\r\n"):
        if len(head) >= _V1_MAX:
            raise Gone("the PROXY header is too long")
        head += await take(1)
    words = head[:-2].decode("ascii", "replace").split(" ")
    if words[1] == "UNKNOWN":
        return None
    if len(words) != 6 or words[1] not in {"TCP4", "TCP6"}:
        raise Gone("a malformed PROXY header")
    family = socket.AF_INET if words[1] == "TCP4" else socket.AF_INET6
    try:
        socket.inet_pton(family, words[2])
        port = int(words[4])
    except (OSError, ValueError):
        raise Gone("a malformed PROXY header") from None
    return endpoint_of((words[2], port))


async def _version_2(take: Take) -> Endpoint | None:
    version, family, high, low = await take(4)
    size = high << 8 | low
    if version >> 4 != 2 or version & 15 > 1 or 16 + size > PROXY_HEADER:
        raise Gone("a malformed PROXY header")
    body = await take(size) if size else b""
    if version & 15 == 0:
        return None
    if family == _TCP4 and size >= 12:
        return endpoint_of((socket.inet_ntop(socket.AF_INET, body[:4]), body[8] << 8 | body[9]))
    if family == _TCP6 and size >= 36:
        return endpoint_of((socket.inet_ntop(socket.AF_INET6, body[:16]), body[32] << 8 | body[33]))
    return None
