"""Fetching over HTTPS what strangers publish: bounded, without redirects, never from an address of ours.

``aiohttp`` does the protocol; it is imported at the first fetch, for most workers never need it. Names are looked up by our own
resolver, so that tests and ``[dns] servers`` hold here as well.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from mailstead.model.dns import Answer
from mailstead.model.errors import Unavailable

TIMEOUT_S: Final = 60.0
"""RFC 8461 §3.3."""
_GIVEN_OUT: Final = ipaddress.IPv6Network("2000::/3")
_EXAMPLES: Final = ipaddress.IPv6Network("3fff::/20")
_TRANSLATED: Final = ipaddress.IPv6Network("64:ff9b::/96")
_HERE: Final = ("::1", "127.0.0.1")
"""Where ``localhost`` and the names below it are, whatever a server of names may say: none is asked for them (RFC 6761 §6.3)."""


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

        try:
            async with (
                self._session() as session,
                session.get(f"https://{host}:{self._port}{path}", allow_redirects=False, headers={"Accept": ", ".join(kinds)}) as response,
            ):
                if response.status != 200:  # noqa: PLR2004 - RFC 8461 §3.3: only 200 counts
                    raise Unavailable("Not there", f"the answer was {response.status}")
                if response.content_type not in kinds:
                    raise Unavailable("Not there", f"it is {response.content_type[:100]}, not {kinds[0]}")
                return await _body(response, limit)
        except (aiohttp.ClientError, OSError, TimeoutError, asyncio.IncompleteReadError, ValueError) as exc:
            raise Unavailable("Not reachable", f"{type(exc).__name__}: {exc.__cause__ or exc}"[:500]) from exc

    async def fetch(self, url: str, *, limit: int, redirects: int = 3) -> bytes:
        """The body of a 200 at a web address (http or https, usual ports), behind at most so many redirects; each step is held to the same rules:
        no address of ours, no cookies, no referrer. Raises ``Unavailable``."""
        import aiohttp
        from yarl import URL

        headers = {"Accept": "image/avif,image/webp,image/png,image/jpeg,image/gif", "User-Agent": "Mozilla/5.0 (compatible; image proxy)"}
        try:
            async with self._session(headers) as session:
                at = URL(url)
                for _ in range(redirects + 1):
                    self._check(at)
                    async with session.get(at, allow_redirects=False) as response:
                        if response.status in {301, 302, 303, 307, 308}:
                            at = at.join(URL(response.headers.get("Location", "")))
                            continue
                        if response.status != 200:  # noqa: PLR2004 - anything else is no picture
                            raise Unavailable("Not there", f"the answer was {response.status}")
                        return await _body(response, limit)
                raise Unavailable("Not there", "too many redirects")
        except (aiohttp.ClientError, OSError, TimeoutError, asyncio.IncompleteReadError, ValueError) as exc:
            raise Unavailable("Not reachable", f"{type(exc).__name__}: {exc.__cause__ or exc}"[:500]) from exc

    async def post(self, url: str, octets: bytes, kind: str) -> tuple[str, str]:
        """Hand octets of a media type to an ``https`` address (RFC 8460 §5.2). (``sent``, why), or ``failed`` where it is certain that they were not taken, or
        ``unsure`` where nobody can say."""
        import aiohttp

        try:
            at = self._secure(url)
            async with self._session({"Content-Type": kind}) as session, session.post(at, data=octets, allow_redirects=False) as response:
                # RFC 8460 §5.4: 200 says that it was taken; other successes are taken at their word.
                return ("sent" if 200 <= response.status < 300 else "failed"), f"the answer was {response.status}"  # noqa: PLR2004
        except Unavailable as exc:
            return "failed", exc.cause or exc.public
        except (aiohttp.ClientConnectorError, aiohttp.InvalidURL, ValueError) as exc:
            return "failed", f"{type(exc).__name__}: {exc}"[:500]
        except (aiohttp.ClientError, OSError, TimeoutError, asyncio.IncompleteReadError) as exc:
            return "unsure", f"{type(exc).__name__}: {exc.__cause__ or exc}"[:500]

    async def send(self, url: str, octets: bytes, headers: Mapping[str, str]) -> tuple[int, float]:
        """Post octets to an ``https`` address: (status, after how many seconds to come again, 0: it does not say). Status 0: nobody was reached."""
        import aiohttp

        try:
            at = self._secure(url)
            async with self._session(dict(headers)) as session, session.post(at, data=octets, allow_redirects=False) as response:
                again = response.headers.get("Retry-After", "")
                return response.status, float(again) if again.isascii() and again.isdigit() and len(again) < 7 else 0.0  # noqa: PLR2004
        except (Unavailable, aiohttp.ClientError, OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
            return 0, 0.0

    def _session(self, headers: dict[str, str] | None = None) -> Any:
        """One connection at a time, no cookies, no proxies of the environment."""
        import aiohttp

        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=self._lookup(), ssl=self._context or True, force_close=True, limit=1),
            timeout=aiohttp.ClientTimeout(total=self._timeout_s), trust_env=False, cookie_jar=aiohttp.DummyCookieJar(), headers=headers,
        )  # fmt: skip

    def _secure(self, url: str) -> Any:
        """An ``https`` address that may be called. Raises ``Unavailable``, ``ValueError``."""
        from yarl import URL

        at = URL(url)
        if at.scheme != "https":
            raise Unavailable("Not there", "not an https address")
        self._check(at)
        return at

    def _check(self, url: Any) -> None:
        """An address in place of a name is judged here, for nobody looks it up."""
        usual = {"http": 80, "https": 443}.get(url.scheme)
        if usual is None or not url.host or url.user or (url.port != usual and not self._allows_private):
            raise Unavailable("Not there", "not a plain web address")
        try:
            address = ipaddress.ip_address(url.host)
        except ValueError:
            return
        if not self._allows_private and not of_the_world(address):
            raise Unavailable("Not there", "not an address of the world")

    def _lookup(self) -> Any:
        from aiohttp.abc import AbstractResolver, ResolveResult

        outer = self

        class Lookup(AbstractResolver):
            async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
                del family
                try:
                    found = _HERE if _is_localhost(host) else (await outer._resolver.addresses(host)).records
                except Unavailable as exc:
                    raise OSError(exc.cause or exc.public) from exc
                allowed = [address for address in found if outer._allows_private or of_the_world(ipaddress.ip_address(address))]
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


def _is_localhost(host: str) -> bool:
    return host.lower().removesuffix(".").rpartition(".")[2] == "localhost"


def of_the_world(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether it is one host's, anywhere in the world. Of IPv6 that is what is given out for it (2000::/3, RFC 4291 §2.4, without RFC 9637's examples); where
    an address of IPv4 is carried in it (RFC 6052 §2.1, RFC 3056 §2), that one counts: whoever translates it would call that host."""
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not address.is_multicast
    carried = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF) if address in _TRANSLATED else address.sixtofour
    if carried is not None:
        return of_the_world(carried)
    return address in _GIVEN_OUT and address.is_global and address not in _EXAMPLES


async def _body(response: Any, limit: int) -> bytes:
    """All of it, at most ``limit`` octets. Raises ``Unavailable``."""
    body = bytearray()
    async for piece in response.content.iter_chunked(16_384):
        body += piece
        if len(body) > limit:
            raise Unavailable("Not there", f"it is longer than {limit} octets")
    return bytes(body)
