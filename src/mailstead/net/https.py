"""Fetching over HTTPS what strangers publish: bounded, without redirects, never from an address of ours.

``aiohttp`` does the protocol; it is imported at the first fetch, for most workers never need it. Names are looked up by our own
resolver, so that tests and ``[dns] servers`` hold here as well.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Sequence
from typing import Any, Final, Protocol

from mailstead.model.dns import Answer
from mailstead.model.errors import Unavailable

TIMEOUT_S: Final = 60.0
"""RFC 8461 §3.3."""


class _Addresses(Protocol):
    async def addresses(self, name: str) -> Answer[str]: ...


class Https:
    """``allows_private``: also from addresses that are not the world's (tests, a closed network). ``context`` None: the system's authorities."""

    def __init__(
        self, resolver: _Addresses, *, context: ssl.SSLContext | None = None, allows_private: bool = False, port: int = 443, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._resolver = resolver
        self._context = context
        self._allows_private = allows_private
        self._port = port
        self._timeout_s = timeout_s

    async def get(self, host: str, path: str, *, limit: int, kinds: Sequence[str]) -> bytes:
        """The body of a 200 with one of these media types, at most ``limit`` octets. Raises ``Unavailable``."""
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=self._timeout_s)
        connector = aiohttp.TCPConnector(resolver=self._lookup(), ssl=self._context or True, force_close=True, limit=1)
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=False, cookie_jar=aiohttp.DummyCookieJar()) as session,
                session.get(f"https://{host}:{self._port}{path}", allow_redirects=False, headers={"Accept": ", ".join(kinds)}) as response,
            ):
                if response.status != 200:  # noqa: PLR2004 - RFC 8461 §3.3: only 200 counts
                    raise Unavailable("Not there", f"the answer was {response.status}")
                if response.content_type not in kinds:
                    raise Unavailable("Not there", f"it is {response.content_type[:100]}, not {kinds[0]}")
                body = bytearray()
                async for piece in response.content.iter_chunked(16_384):
                    body += piece
                    if len(body) > limit:
                        raise Unavailable("Not there", f"it is longer than {limit} octets")
                return bytes(body)
        except (aiohttp.ClientError, OSError, TimeoutError, asyncio.IncompleteReadError, ValueError) as exc:
            raise Unavailable("Not reachable", f"{type(exc).__name__}: {exc.__cause__ or exc}"[:500]) from exc

    def _lookup(self) -> Any:
        from aiohttp.abc import AbstractResolver, ResolveResult

        outer = self

        class Lookup(AbstractResolver):
            async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
                del family
                try:
                    found = (await outer._resolver.addresses(host)).records
                except Unavailable as exc:
                    raise OSError(exc.cause or exc.public) from exc
                allowed = [address for address in found if outer._allows_private or ipaddress.ip_address(address).is_global]
                if not allowed:
                    raise OSError(f"{host} has no address" if not found else f"{host} is at {found[0]}, which is not the world's")
                return [
                    ResolveResult(
                        hostname=host, host=address, port=port, family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                        proto=0, flags=socket.AI_NUMERICHOST,
                    )
                    for address in allowed
                ]  # fmt: skip

            async def close(self) -> None:
                """Nothing is kept."""

        return Lookup()
