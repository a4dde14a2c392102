"""How a message comes into the queue: its recipients as jobs, one for each route with up to ``TOGETHER`` of them."""

import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import unquote

from mailstead.model.address import domain_key
from mailstead.model.ids import AccountId, SubmissionId, TenantId
from mailstead.model.message import Octets
from mailstead.service.delivery import header_of
from mailstead.service.queue import retry
from mailstead.service.queue.pools import Pools
from mailstead.store.interface import NewJob, NewQueued, Queue, QueueEntry, QueueRecipient

TOGETHER: Final = 500
SHARDS: Final = 16
LOCAL: Final = "@local"
"""The route to this server's own mailboxes."""
SUPPRESSED: Final = "@suppressed"
"""The route of recipients to whom nothing is sent: each is refused (``refusing``)."""
VIA: Final = "via:"
"""Begins a route to a server that somebody has named."""
REQUIRED: Final = " requiretls"
"""Ends a route to servers that are held to TLS as REQUIRETLS has it (RFC 8689 §4.2.1): it shares no connection with the ordinary one."""
OPTIONAL: Final = " tls-optional"
"""Ends a route on which the next server's TLS policies do not count (``TLS-Required: No``, RFC 8689 §4.3)."""
FROM: Final = " from "
"""Before the name of the pool by which a route leaves, behind what it says of TLS (``pools``)."""
_OPTIONAL: Final = re.compile(rb"^TLS-Required[ \t]*:[ \t]*(?:\r\n[ \t]+)?No[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
HIDDEN: Final = "~"
"""Begins a password that is sealed."""
_LOGIN: Final = re.compile(r"^((?:via:)?(?:[a-z]+://)?[^:@/\s]*:)([^/\s]*)@", re.IGNORECASE)
_PRIORITY_MOST: Final = 4


@dataclass(frozen=True, slots=True)
class Queued:
    """A message that is to be queued. ``recipients``: (address, options, whether it is one of ours); options: DSN parameters, and ``suppressed``
    where nothing is sent there."""

    accept_id: bytes
    submission_id: SubmissionId
    account_id: AccountId
    tenant_id: TenantId
    reverse_path: str
    recipients: Sequence[tuple[str, Mapping[str, str], bool]]
    options: Mapping[str, str]
    created_at_ms: int
    expires_at_ms: int
    is_reported: bool = False


class Entrance:
    """``is_direct``: a domain belongs to one scheduler, which knows its limits; else everything ends at one smarthost, and this process's own shards
    do as well as any."""

    def __init__(self, queue: Queue, *, is_direct: bool, pools: Pools | None = None) -> None:
        self._queue = queue
        self._pools = pools or Pools()
        self._is_direct = is_direct

    async def put(self, message: Queued, octets: Octets) -> None:
        """Durable before return; a repeat with the same ``accept_id`` changes nothing. Raises ``Unavailable``."""
        if not message.options.get("requiretls") and _OPTIONAL.search(header_of(octets)):
            # RFC 8689 §4.3: REQUIRETLS outranks the field.
            message = replace(message, options={**message.options, "tlsoptional": "1"})
        pool = self._pools.of(message.reverse_path)
        if pool:
            message = replace(message, options={**message.options, "pool": pool})
        ending = ending_of(message.options)
        routes: dict[tuple[str, str], list[QueueRecipient]] = {}
        for number, (address, options, is_local) in enumerate(message.recipients):
            domain = domain_key(address.rpartition("@")[2])
            route = LOCAL if is_local else SUPPRESSED if options.get("suppressed") else domain + ending
            routes.setdefault((route, domain), []).append(QueueRecipient(number, address, options))
        priority = priority_of(message.options)
        jobs = []
        for (route, domain), recipients in routes.items():
            check = retry.check_ms(_age(message), message.created_at_ms)
            for at in range(0, len(recipients), TOGETHER):
                jobs.append(NewJob(
                    self._shard(route), route, domain, priority, message.created_at_ms, check, tuple(recipients[at : at + TOGETHER])
                ))
        await self._queue.enqueue(NewQueued(
            message.accept_id, message.submission_id, message.account_id, message.tenant_id, message.reverse_path, message.options,
            message.created_at_ms, message.expires_at_ms, tuple(jobs), message.is_reported,
        ), octets)

    def _shard(self, route: str) -> int:
        if self._is_direct and not route.startswith("@"):
            return zlib.crc32(parted(route)[0].encode()) % SHARDS
        return self._queue.shards[0] if self._queue.shards else zlib.crc32(route.encode()) % SHARDS


def ending_of(options: Mapping[str, str]) -> str:
    """How the route of a message ends: by what its author has said of TLS, and by the pool it leaves from."""
    return ended(REQUIRED if options.get("requiretls") else OPTIONAL if options.get("tlsoptional") else "", options.get("pool", ""))


def ended(tls: str, pool: str) -> str:
    """The ending of which ``parted`` makes these again."""
    return tls + (FROM + pool if pool else "")


def parted(route: str) -> tuple[str, str, str]:
    """(where a route leads, ``REQUIRED``, ``OPTIONAL`` or "", its pool)."""
    where, space, ending = route.partition(" ")
    tls, _, pool = (space + ending).partition(FROM)
    return where, tls, pool


def shown(route: str) -> str:
    """A route, or the address of a server, as people, events and the names of sites may see it: without its password."""
    return _LOGIN.sub(r"\1…@", route)


def with_hidden(server: str, hide: Callable[[str], str]) -> str:
    """The address of a server with its password sealed; where there is none, as it is."""
    return _LOGIN.sub(lambda found: f"{found[1]}{HIDDEN}{hide(unquote(found[2]))}@", server)


def priority_of(options: Mapping[str, str]) -> int:
    """The lane of a message by its MT-PRIORITY (RFC 6710 §4.1): -9 … -4 after, -3 … 3 with, 4 … 9 before everybody else's."""
    try:
        value = int(options.get("priority", "0"))
    except ValueError:
        return 0
    return 1 if value >= _PRIORITY_MOST else -1 if value <= -_PRIORITY_MOST else 0


def _age(message: Queued) -> QueueEntry:
    return QueueEntry(
        0, 0, message.submission_id, message.account_id, message.tenant_id, message.reverse_path, "", message.options, message.created_at_ms,
        message.expires_at_ms, message.created_at_ms, 0, "", 0,
    )  # fmt: skip
