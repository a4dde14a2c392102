"""The way into this server's own mailboxes, for what comes through the queue.

A recipient is routed when its turn comes, so that an alias that was changed meanwhile counts. The delivery id is made from the octets (DECISIONS 4): what
a crash has us file again is filed once.
"""

from collections.abc import Sequence
from typing import Final

from mailstead.model.address import Envelope, ForwardPath
from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.model.status import EnhancedStatus
from mailstead.service import expansion
from mailstead.service.delivery import Delivery, Received
from mailstead.service.forwarding import Forwarding
from mailstead.service.ports import Attempt, Failed, Peer, Place, Sent
from mailstead.store.interface import Directory

_FOREVER_MS: Final = 1 << 60
_STATUS: Final = {
    Reason.NO_SUCH_RECIPIENT: EnhancedStatus(5, 1, 1), Reason.NOT_FOUND: EnhancedStatus(5, 1, 1),
    Reason.ACCOUNT_SUSPENDED: EnhancedStatus(5, 2, 1), Reason.OVER_QUOTA: EnhancedStatus(4, 2, 2), Reason.MAIL_LOOP: EnhancedStatus(5, 4, 6),
    Reason.TOO_LARGE: EnhancedStatus(5, 3, 4),
}


class LocalAgent:
    """``service.ports.Agent`` for routes that end here."""

    def __init__(self, *, directory: Directory, delivery: Delivery, hostname: str, forwarding: Forwarding | None = None) -> None:
        self._line = LocalLine(directory, delivery, hostname, forwarding)

    async def locate(self, route: str) -> Place | Failed:
        """See ``Agent``."""
        return Place(route, "this server", _FOREVER_MS, is_shared=True)

    async def open(self, place: Place, turn: int) -> "LocalLine":  # noqa: ARG002 - there is nothing to choose
        """See ``Agent``."""
        return self._line


class LocalLine:
    """``service.ports.Line`` into the mailboxes."""

    is_open = True

    def __init__(self, directory: Directory, delivery: Delivery, hostname: str, forwarding: Forwarding | None) -> None:
        self._forwarding = forwarding
        self.peer = Peer(hostname, "")
        self._directory = directory
        self._delivery = delivery

    async def deliver(self, envelope: Envelope, octets: bytes) -> Sequence[Attempt]:
        """See ``Line``."""
        message = Received.of(octets)
        return [await self._one(message, envelope, to) for to in envelope.forward_paths]

    async def _one(self, message: Received, envelope: Envelope, to: ForwardPath) -> Attempt:
        hop, reverse_path, forward_path = self.peer.name, str(envelope.reverse_path), str(to.address)
        try:
            routed = await self._directory.route(forward_path)
            elsewhere = routed.remote if routed.is_local_domain and self._forwarding is not None else ()
            if routed.remote and not routed.accounts and not elsewhere:
                return Failed(hop, 550, EnhancedStatus(5, 4, 4), "This address leads to another server, and there is no way from here")
            if not routed.accounts and not elsewhere:
                return Failed(hop, 550, EnhancedStatus(5, 1, 1), "There is no such mailbox here")
            for account, address in routed.accounts:
                await self._delivery.file(
                    message, account, address=address, detail=routed.detail, reverse_path=reverse_path, forward_path=forward_path, trace=b""
                )
            if elsewhere and self._forwarding is not None:
                options = {"notify": ",".join(sorted(to.notify)), "orcpt": to.orcpt}
                await self._forwarding.forward(
                    message, through=forward_path, targets=elsewhere, reverse_path=reverse_path,
                    options=expansion.onward({k: v for k, v in options.items() if v}, routed),
                    of_message={key: value for key, value in (("envid", envelope.envid), ("ret", envelope.ret), ("smtputf8", "1" if envelope.smtputf8 else ""), ("requiretls", "1" if envelope.requiretls else "")) if value},
                    trace=b"",
                )
                if expansion.is_expanded(routed):
                    return Sent(hop, "2.0.0 Expanded", passes_on_dsn=False, peer=self.peer, is_final=bool(routed.accounts), is_expanded=True)
                if not routed.accounts:
                    return Sent(hop, "2.0.0 Forwarded", passes_on_dsn=True, peer=self.peer)
        except Refusal as exc:
            status = _STATUS.get(exc.reason, EnhancedStatus(5, 0, 0))
            return Failed(hop, 550 if status.is_permanent else 452, status, exc.public)
        except Unavailable as exc:
            return Failed(hop, 451, EnhancedStatus(4, 3, 0), exc.public)
        return Sent(hop, "2.0.0 Filed", passes_on_dsn=False, peer=self.peer, is_final=True)

    async def close(self) -> None:
        """Nothing to say goodbye to."""
