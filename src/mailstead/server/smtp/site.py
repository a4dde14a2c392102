"""What all connections of one listener share."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from mailstead.model.question import Origin, Principal
from mailstead.net import ServerTls
from mailstead.protocol.smtp.server import Mode
from mailstead.service.mailbox import Spool
from mailstead.service.reception import Reception


class Access(Protocol):
    """``service.access`` as it is seen from here."""

    def mechanisms(self, origin: Origin) -> tuple[str, ...]: ...
    def banned(self, origin: Origin) -> bool: ...
    async def authenticate(
        self, mechanism: str, initial: bytes | None, ask: Callable[[bytes], Awaitable[bytes]], origin: Origin
    ) -> Principal: ...


class Site:
    """What all connections of one listener share."""

    def __init__(self, *, mode: Mode, reception: Reception, access: Access, spool: Callable[[], Spool], tls: ServerTls | None,
                 now_ms: Callable[[], int]) -> None:
        self.mode = mode
        self.protocol = "lmtp" if mode is Mode.LMTP else "smtp"
        self.reception = reception
        self.access = access
        self.spool = spool
        self.tls = tls
        self.now_ms = now_ms
