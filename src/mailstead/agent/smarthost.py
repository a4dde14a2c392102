"""The way to the smarthost: everything goes to one server (``[outbound] smarthost``)."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from mailstead.agent.hop import HopLine, Way, not_for_good, open_line
from mailstead.agent.sources import Sources
from mailstead.net.socks import Socks
from mailstead.protocol.smtp.login import Credentials
from mailstead.service.ports import OPPORTUNISTIC, Failed, NoSession, Place, TlsMode, TlsPolicy
from mailstead.service.queue.entrance import REQUIRED, ended, parted
from mailstead.service.queue.pools import Pool

_PORTS: Final = {"smtp": 25, "smtps": 465, "lmtp": 24}
_FOREVER_MS: Final = 1 << 60
_REQUIRED: Final = TlsPolicy(TlsMode.VERIFIED, source="pkix", is_required=True)


@dataclass(frozen=True, slots=True)
class Smarthost:
    """``[outbound] smarthost`` taken apart."""

    host: str
    port: int
    is_implicit_tls: bool = False
    user: str = ""
    password: str = field(default="", repr=False)
    is_lmtp: bool = False
    is_token: bool = False

    @staticmethod
    def parse(url: str) -> "Smarthost":
        """``smtp://[user:password@]host[:port]``, ``smtps://…`` or ``lmtp://…``; ``?auth=xoauth2``: the password is an access token. Raises
        ``ValueError``."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError('a smarthost is "smtp://host:port" or "smtps://user:password@host:port"')
        return Smarthost(
            parts.hostname, parts.port or _PORTS[parts.scheme], parts.scheme == "smtps", unquote(parts.username or ""),
            unquote(parts.password or ""), parts.scheme == "lmtp", parse_qs(parts.query).get("auth") == ["xoauth2"],
        )  # fmt: skip

    def way(self, base: Way) -> Way:
        """How it is called; ``base``: what holds for all servers."""
        credentials = Credentials(self.user, self.password, self.is_token) if self.user else None
        return Way(
            base.us, self.port, self.is_implicit_tls, self.is_lmtp, credentials, base.source, base.socks, base.tls, base.check, base.downgrade
        )


class SmarthostAgent:
    """``service.ports.Agent`` for one smarthost, wherever a message is to go."""

    def __init__(self, smarthost: Smarthost, base: Way, pools: Iterable[Pool] = ()) -> None:
        self._host = smarthost.host
        self._sources = Sources(smarthost.way(base), pools)
        self._place = Place(
            f"{smarthost.host}:{smarthost.port}", smarthost.host, _FOREVER_MS, hosts=(smarthost.host,), is_shared=True
        )

    async def locate(self, route: str) -> Place | Failed:
        """See ``Agent``. All routes lead there; what requires TLS shares no connection with the rest, nor does what leaves by a pool."""
        _, tls, pool = parted(route)
        if tls != REQUIRED and not pool:
            return self._place
        tls, policy = (REQUIRED, _REQUIRED) if tls == REQUIRED else ("", OPPORTUNISTIC)
        return replace(self._place, site=self._place.site + ended(tls, pool), way=(policy, pool))

    async def open(self, place: Place, turn: int) -> HopLine:  # noqa: ARG002 - there is one server
        """See ``Agent``."""
        policy, pool = place.way if isinstance(place.way, tuple) else (OPPORTUNISTIC, "")
        try:
            return await open_line(self._host, self._host, self._sources.way(pool, self._host, self._host), policy)
        except NoSession as exc:
            raise NoSession(not_for_good(exc.failed)) from exc


def proxy(url: str) -> Socks | None:
    """``[outbound] socks``: ``socks5://[user:password@]host:port``. Raises ``ValueError``."""
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme != "socks5" or not parts.hostname or not parts.port:
        raise ValueError('a proxy is "socks5://host:port" or "socks5://user:password@host:port"')
    return Socks(parts.hostname, parts.port, unquote(parts.username or ""), unquote(parts.password or ""))
