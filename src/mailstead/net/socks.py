"""Calling out through a SOCKS5 proxy (RFC 1928, RFC 1929)."""

import ipaddress
from dataclasses import dataclass, field
from typing import Final

from mailstead.net.connect import connect
from mailstead.net.errors import Gone
from mailstead.net.stream import Stream

_VERSION: Final = 5
_NO_LOGIN: Final = 0
_PASSWORD: Final = 2
_WHY: Final = (
    "", "it failed", "its rules do not allow that", "the network is unreachable", "the host is unreachable", "the connection was refused",
    "it took too long", "it cannot do that", "it does not know that kind of address",
)


@dataclass(frozen=True, slots=True)
class Socks:
    """A proxy, with a login where ``user`` is given."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)


async def connect_by(proxy: Socks, host: str, port: int, *, timeout_s: float) -> Stream:
    """A connection to ``host`` (an address or a name, which the proxy looks up) through the proxy. Raises ``NetError``."""
    stream = await connect(proxy.host, proxy.port, timeout_s=timeout_s)
    reader = _Exactly(stream, timeout_s)
    try:
        stream.write(bytes([_VERSION, 2, _NO_LOGIN, _PASSWORD]) if proxy.user else bytes([_VERSION, 1, _NO_LOGIN]))
        version, method = await reader.take(2)
        if version != _VERSION or method not in ({_NO_LOGIN, _PASSWORD} if proxy.user else {_NO_LOGIN}):
            raise Gone(f"the proxy {proxy.host} wants another kind of login")
        if method == _PASSWORD:
            user, password = proxy.user.encode()[:255], proxy.password.encode()[:255]
            stream.write(bytes([1, len(user)]) + user + bytes([len(password)]) + password)
            if (await reader.take(2))[1]:
                raise Gone(f"the proxy {proxy.host} refused the login")
        stream.write(bytes([_VERSION, 1, 0]) + _target(host) + port.to_bytes(2, "big"))
        _, why, _, kind = await reader.take(4)
        if why:
            raise Gone(f"the proxy {proxy.host} cannot reach {host}: {_WHY[why] if why < len(_WHY) else why}")
        length = {1: 4, 4: 16}.get(kind) or (await reader.take(1))[0]
        await reader.take(length + 2)
    except BaseException:
        stream.abort()
        raise
    if reader.rest:
        stream.unread(reader.rest)
    return stream


def _target(host: str) -> bytes:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = host.encode("idna") if not host.isascii() else host.encode()
        return bytes([3, len(name)]) + name
    return bytes([1 if address.version == 4 else 4]) + address.packed  # noqa: PLR2004 - RFC 1928 §4


class _Exactly:
    def __init__(self, stream: Stream, timeout_s: float) -> None:
        self._stream = stream
        self._timeout_s = timeout_s
        self.rest = b""

    async def take(self, count: int) -> bytes:
        while len(self.rest) < count:
            more = await self._stream.read(self._timeout_s)
            if not more:
                raise Gone("the proxy hung up")
            self.rest += more
        found, self.rest = self.rest[:count], self.rest[count:]
        return found
