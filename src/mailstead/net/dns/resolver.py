"""The stub resolver: servers in turn, answers kept as long as they may be believed, the same question asked once at a time.

Whether an answer was validated (AD) is believed from a server on loopback only: the way to any other one is open to
whoever can write to it (RFC 4033 §7; DEPENDENCIES).
"""

import asyncio
import ipaddress
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mailstead.model.dns import Answer, Mx, RecordType, Tlsa
from mailstead.model.errors import Unavailable
from mailstead.net.dns import wire
from mailstead.net.dns.sockets import over_tcp, over_udp
from mailstead.net.errors import NetError
from mailstead.net.listener import split_address

TRY_S: Final = (1.5, 3.0, 5.0)
"""How long each round over the servers waits for one of them."""
KEPT: Final = 50_000
AT_ONCE: Final = 2_000
PORT: Final = 53


@dataclass(frozen=True, slots=True)
class Server:
    """A recursive resolver's address."""

    host: str
    port: int = PORT

    @property
    def is_loopback(self) -> bool:
        return ipaddress.ip_address(self.host.partition("%")[0]).is_loopback


def system_servers(path: Path = Path("/etc/resolv.conf")) -> list[Server]:
    """The machine's resolvers; the one on loopback where nothing is said."""
    found = []
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    for line in lines:
        words = line.split()
        if len(words) >= 2 and words[0] == "nameserver":  # noqa: PLR2004 - keyword and address
            try:
                ipaddress.ip_address(words[1].partition("%")[0])
            except ValueError:
                continue
            found.append(Server(words[1]))
    return found or [Server("127.0.0.1")]


class Resolver:
    """``servers``: "address:port"; none: the system's. For one loop."""

    def __init__(
        self, servers: Sequence[str] = (), *, try_s: Sequence[float] = TRY_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._servers = [Server(*split_address(text)) for text in servers] or system_servers()
        self._try_s = tuple(try_s)
        self._clock = clock
        self._kept: OrderedDict[tuple[str, RecordType], tuple[float, Answer[Any]]] = OrderedDict()
        self._under_way: dict[tuple[str, RecordType], asyncio.Future[Answer[Any]]] = {}
        self._free = asyncio.Semaphore(AT_ONCE)
        self.asked = 0
        """Questions that went to a server."""

    async def addresses(self, name: str) -> Answer[str]:
        """IPv6 and IPv4 addresses, IPv6 first. Secure only if both answers are; where one of them cannot be had, the other alone says (else whoever spoils the one
        could have us do without DANE, RFC 7672 §2.1.3). Raises ``Unavailable``."""
        six: Answer[str] | BaseException
        four: Answer[str] | BaseException
        six, four = await asyncio.gather(self.ask(name, RecordType.AAAA), self.ask(name, RecordType.A), return_exceptions=True)
        if isinstance(six, BaseException):
            # Servers that fail for AAAA only are common enough (RFC 4074): what there is will do.
            if isinstance(four, BaseException) or not four.records:
                raise six
            return Answer(four.name, four.records, is_secure=four.is_secure, exists=True, ttl_s=four.ttl_s)
        if isinstance(four, BaseException):
            if not six.records:
                raise four
            return Answer(six.name, six.records, is_secure=six.is_secure, exists=True, ttl_s=six.ttl_s)
        return Answer(
            four.name, six.records + four.records, six.is_secure and four.is_secure, six.exists or four.exists, min(six.ttl_s, four.ttl_s)
        )

    async def mx(self, name: str) -> Answer[Mx]:
        """Mail exchangers as they came. Raises ``Unavailable``."""
        return await self.ask(name, RecordType.MX)

    async def txt(self, name: str) -> Answer[bytes]:
        """Text records, each with its strings joined. Raises ``Unavailable``."""
        return await self.ask(name, RecordType.TXT)

    async def tlsa(self, name: str) -> Answer[Tlsa]:
        """Certificate associations. Raises ``Unavailable``."""
        return await self.ask(name, RecordType.TLSA)

    async def reverse(self, address: str) -> Answer[str]:
        """Names of an IP address. Raises ``Unavailable``."""
        return await self.ask(ipaddress.ip_address(address).reverse_pointer, RecordType.PTR)

    async def ask(self, name: str, kind: RecordType) -> Answer[Any]:
        """Whatever there is of this type at this name. Raises ``Unavailable``; ``ValueError`` for what is no name."""
        name = wire.absolute(name)
        key = name, kind
        kept = self._kept.get(key)
        if kept is not None and kept[0] > self._clock():
            self._kept.move_to_end(key)
            return kept[1]
        waiting = self._under_way.get(key)
        if waiting is None:
            waiting = self._under_way[key] = asyncio.ensure_future(self._ask(name, kind))
            waiting.add_done_callback(lambda done: self._answered(key, done))
        return await asyncio.shield(waiting)

    def forget(self) -> None:
        """Empty the cache."""
        self._kept.clear()

    def _answered(self, key: tuple[str, RecordType], done: "asyncio.Future[Answer[Any]]") -> None:
        del self._under_way[key]
        if done.cancelled() or done.exception() is not None:
            return
        found = done.result()
        if found.ttl_s > 0:
            self._kept[key] = self._clock() + found.ttl_s, found
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)

    async def _ask(self, name: str, kind: RecordType) -> Answer[Any]:
        failure: Exception | None = None
        async with self._free:
            for timeout_s in self._try_s:
                for server in self._servers:
                    try:
                        return await self._exchange(server, name, kind, timeout_s)
                    except (NetError, Unavailable) as exc:
                        failure = exc
        raise Unavailable(f"The name servers give no answer about {name}", str(failure)) from failure

    async def _exchange(self, server: Server, name: str, kind: RecordType, timeout_s: float) -> Answer[Any]:
        self.asked += 1
        number = secrets.randbelow(1 << 16)
        query = wire.question(name, kind, number)
        take: Callable[[bytes], Answer[Any]] = lambda octets: wire.answer(octets, name, kind, number, trusts_ad=server.is_loopback)
        try:
            return await over_udp(server.host, server.port, query, take, timeout_s)
        except wire.Truncated:
            return await over_tcp(server.host, server.port, query, take, timeout_s)
