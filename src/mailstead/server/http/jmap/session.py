"""The session resource: who one is, what one may use, and where (RFC 8620 §2). The limits in it are those that hold."""

import hashlib
from collections.abc import Callable
from typing import Any, Final

import msgspec

from mailstead.model import ids as wire
from mailstead.model import limits
from mailstead.model.question import Principal
from mailstead.protocol.jmap.mail.filters import COLLATIONS
from mailstead.server.http.jmap.dispatch import CORE
from mailstead.server.http.jmap.standard import MAX_GET, MAX_SET
from mailstead.service.sharing import Reach, Sharing

PLUS: Final = "urn:mailstead:params:jmap:plus"


_OCTETS: Final = 57
_LINE: Final = 78
"""So many octets are a line of so many in base64 (RFC 2045 §6.8)."""


def core(*, upload_octets: int) -> dict[str, Any]:
    """The core capability."""
    return {
        "maxSizeUpload": upload_octets, "maxConcurrentUpload": limits.JMAP_CONCURRENT_UPLOADS, "maxSizeRequest": limits.JMAP_REQUEST,
        "maxConcurrentRequests": limits.JMAP_CONCURRENT_REQUESTS, "maxCallsInRequest": limits.JMAP_CALLS,
        "maxObjectsInGet": MAX_GET, "maxObjectsInSet": MAX_SET,
        "collationAlgorithms": list(COLLATIONS),
    }  # fmt: skip


def mail(*, message_octets: int) -> dict[str, Any]:
    """The mail capability of an account (RFC 8621 §1.3.1)."""
    return {
        "maxMailboxesPerEmail": None, "maxMailboxDepth": limits.MAILBOX_DEPTH, "maxSizeMailboxName": limits.MAILBOX_NAME,
        "maxSizeAttachmentsPerEmail": message_octets * _OCTETS // _LINE,
        "emailQuerySortOptions": [
            "receivedAt", "sentAt", "size", "from", "to", "subject", "hasKeyword", "allInThreadHaveKeyword", "someInThreadHaveKeyword",
        ],
        "mayCreateTopLevelMailbox": True,
    }  # fmt: skip


_KEPT: Final = 10_000


class Sessions:
    """``server`` and ``account``: capabilities by name, of the server and of each account. Neither changes while the process lives; ``account`` may
    depend on which account it is. ``shared``: those of an account of somebody else, by what reaches it."""

    def __init__(
        self, server: dict[str, Any], account: Callable[[Principal], dict[str, Any]], sharing: Sharing, shared: Callable[[Reach], dict[str, Any]],
    ) -> None:  # fmt: skip
        self.server = server
        self._account = account
        self._sharing = sharing
        self._shared = shared
        self._states: dict[tuple[Any, ...], str] = {}

    async def resource(self, principal: Principal, base: str) -> dict[str, Any]:
        """``base``: scheme and authority by which the client came."""
        own = wire.to_wire(wire.ACCOUNT, principal.account_id)
        capabilities = self._account(principal)
        socket = "wss" + base[5:] if base.startswith("https") else "ws" + base[4:]
        server = {
            name: {**value, "url": f"{socket}/jmap/ws"} if name == "urn:ietf:params:jmap:websocket" else value
            for name, value in self.server.items()
        }
        accounts = {own: {"name": principal.address, "isPersonal": True, "isReadOnly": False, "accountCapabilities": capabilities}}
        state = await self.state(principal)  # before the accounts: what is shared meanwhile makes another one
        for reach in await self._sharing.reached(principal.account_id):
            if not reach.is_wanted:
                continue  # RFC 9670 §1.4: it is found by the owner's principal
            accounts[wire.to_wire(wire.ACCOUNT, reach.owner.account_id)] = {
                "name": reach.owner.address, "isPersonal": False, "isReadOnly": not reach.may_write, "accountCapabilities": self._shared(reach)}
        return {
            "capabilities": server,
            "accounts": accounts,
            "primaryAccounts": {name: own for name in capabilities if name in server and name != CORE},
            "username": principal.login,
            "apiUrl": f"{base}/jmap",
            "downloadUrl": f"{base}/jmap/download/{{accountId}}/{{blobId}}/{{name}}?type={{type}}",
            "uploadUrl": f"{base}/jmap/upload/{{accountId}}/",
            "eventSourceUrl": f"{base}/jmap/events?types={{types}}&closeafter={{closeafter}}&ping={{ping}}",
            "state": state,
        }

    async def state(self, principal: Principal) -> str:
        """Changes when anything in the resource does."""
        who = principal.account_id, principal.address, await self._sharing.stamp(principal.account_id)
        found = self._states.get(who)
        if found is None:
            said = (principal.address, principal.account_id, self.server, self._account(principal), [(one.owner, one.revision) for one in who[2]])
            if len(self._states) >= _KEPT:
                self._states.clear()
            found = self._states[who] = hashlib.blake2b(msgspec.json.encode(said), digest_size=8).hexdigest()
        return found
