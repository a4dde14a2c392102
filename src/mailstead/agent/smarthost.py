"""The way to the smarthost: everything goes to one server (``[outbound] smarthost``)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from mailstead.agent.hop import Hop, NoSession, not_for_good
from mailstead.model.address import Envelope
from mailstead.net import ClientTls
from mailstead.service.ports import Attempt

_PORTS: Final = {"smtp": 25, "smtps": 465}


@dataclass(frozen=True, slots=True)
class Smarthost:
    """``[outbound] smarthost`` taken apart."""

    host: str
    port: int
    is_implicit_tls: bool
    user: str = ""
    password: str = ""

    @staticmethod
    def parse(url: str) -> "Smarthost":
        """``smtp://[user:password@]host[:port]`` or ``smtps://…``. Raises ``ValueError``."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError('a smarthost is "smtp://host:port" or "smtps://user:password@host:port"')
        return Smarthost(
            parts.hostname, parts.port or _PORTS[parts.scheme], parts.scheme == "smtps",
            unquote(parts.username or ""), unquote(parts.password or ""),
        )  # fmt: skip


class SmarthostAgent:
    """``service.ports.DeliveryAgent`` for one smarthost. ``name``: what EHLO says."""

    def __init__(self, smarthost: Smarthost, *, name: str, tls: ClientTls | None = None) -> None:
        self.hop = Hop(
            smarthost.host, smarthost.port, us=name, implicit=smarthost.is_implicit_tls, user=smarthost.user,
            password=smarthost.password, tls=tls,
        )  # fmt: skip

    async def deliver(self, envelope: Envelope, octets: bytes) -> Sequence[Attempt]:
        """See ``DeliveryAgent``."""
        try:
            return await self.hop.deliver(envelope, octets)
        except NoSession as exc:
            return [not_for_good(exc.failed)] * len(envelope.forward_paths)

    async def close(self) -> None:
        """Say goodbye on connections that are kept."""
        await self.hop.close()
