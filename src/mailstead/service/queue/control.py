"""What an administrator does with the queue: look, try now, hold back, let go, take out.

Rows are plain values for JSON. A message is one submission; its recipients are entries of their own, and an act concerns the entries that
are meant: by the message's id, the recipient's domain, the sender, the state.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from mailstead import telemetry
from mailstead.model.address import domain_key
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import SUBMISSION, SubmissionId, TenantId, from_wire, to_wire
from mailstead.service.queue.entrance import VIA, ending_of, shown, with_hidden
from mailstead.store.interface import Queue, QueueEntry, QueueFilter, QueueHold

Row = dict[str, Any]
_PAGE = 1_000
_STATES = {"": None, "waiting": False, "held": True}


class QueueControl:
    """The administrator's verbs on a queue. ``tenant`` in each of them: the tenant's mail only, for whoever may see no other. ``hide`` seals a
    password for the queue's file, where the way that was named is kept (the router opens it again)."""

    def __init__(self, queue: Queue, hide: Callable[[str], str] | None = None) -> None:
        self._queue = queue
        self._hide = hide

    async def queue_list(
        self, ids: Sequence[str] = (), domain: str = "", sender: str = "", state: str = "", limit: int = 1_000, tenant: int | None = None
    ) -> list[Row]:
        """One row a recipient, in order of arrival; at most ``limit``."""
        found = await self._queue.find(_filter(ids, domain, sender, state, tenant), limit=limit)
        return [_row(entry) for entry in found]

    async def queue_show(self, id: str, tenant: int | None = None) -> Row:  # noqa: A002 - the argument's name on the command line
        """A message with its recipients. NOT_FOUND."""
        entries = await self._queue.find(_filter([id], "", "", "", tenant), limit=10_000)
        if not entries:
            raise Refusal(Reason.NOT_FOUND, f"“{id}” is not in the queue; it has left, or was never there.")
        first = entries[0]
        return {
            "id": to_wire(SUBMISSION, first.submission_id), "sender": first.reverse_path, "octets": first.size_octets,
            "created_ms": first.created_at_ms, "expires_ms": first.expires_at_ms, "recipients": [_row(entry) for entry in entries],
        }  # fmt: skip

    async def queue_counts(self) -> Row:
        """How much there is."""
        messages, jobs, held = self._queue.counts()
        return {"messages": messages, "jobs": jobs, "held": held}

    async def queue_sites(self) -> list[Row]:
        """Sites that are put off, or whose speed was learnt."""
        return [
            {"site": hold.site, "until_ms": hold.until_ms, "failures": hold.failures, "reason": hold.reason, "at_ms": hold.at_ms}
            for hold in self._queue.holds()
        ]

    async def queue_retry(
        self, ids: Sequence[str] = (), domain: str = "", sender: str = "", *, all: bool = False, tenant: int | None = None  # noqa: A002
    ) -> Row:
        """Entries that wait are due now, and their sites rest no longer; held ones stay held."""
        wanted = _meant(ids, domain, sender, "waiting", tenant, everything=all)
        await self._wake_sites(tenant)
        return await self._act("retry", wanted)

    async def queue_hold(
        self, ids: Sequence[str] = (), domain: str = "", sender: str = "", *, all: bool = False, tenant: int | None = None  # noqa: A002
    ) -> Row:
        """Entries are not tried until they are released. They do not grow old meanwhile; released too late they bounce."""
        return await self._act("hold", _meant(ids, domain, sender, "waiting", tenant, everything=all))

    async def queue_release(
        self, ids: Sequence[str] = (), domain: str = "", sender: str = "", *, all: bool = False, tenant: int | None = None  # noqa: A002
    ) -> Row:
        """Held entries are due now."""
        wanted = _meant(ids, domain, sender, "held", tenant, everything=all)
        await self._wake_sites(tenant)
        return await self._act("release", wanted)

    async def _wake_sites(self, tenant: int | None) -> None:
        """Sites that rest are tried again; they are everybody's, so a tenant's administrator does not wake them."""
        for hold in self._queue.holds() if tenant is None else ():
            if hold.until_ms:
                await self._queue.hold(QueueHold(hold.site, 0, 0, "", hold.shaping))

    async def queue_delete(
        self, ids: Sequence[str] = (), domain: str = "", sender: str = "", *, all: bool = False, tenant: int | None = None  # noqa: A002
    ) -> Row:
        """Entries are taken out; nobody is told."""
        return await self._act("delete", _meant(ids, domain, sender, "", tenant, everything=all))

    async def queue_reroute(
        self, to: str, ids: Sequence[str] = (), domain: str = "", sender: str = "", *, all: bool = False, tenant: int | None = None  # noqa: A002
    ) -> Row:
        """Entries go to another server: ``host:port``, ``smtps://…`` or ``lmtp://…``; "" again where their domain leads."""
        if to and not _is_server(to):
            raise Refusal(Reason.INVALID, f"“{shown(to)}” is no server; write it like mail.example.org:25 or smtps://user:password@mail.example.org")
        if self._hide is not None:
            to = with_hidden(to, self._hide)
        return await self._act("reroute", _meant(ids, domain, sender, "", tenant, everything=all), to)

    async def _act(self, what: str, wanted: QueueFilter, to: str = "") -> Row:
        count = 0
        async for entries in self._pages(wanted):
            if what == "reroute" and not to:
                for route in {_usual(entry) for entry in entries}:
                    await self._queue.steer(what, [entry for entry in entries if _usual(entry) == route], route=route)
            elif what == "reroute":
                for ending in {ending_of(entry.options) for entry in entries}:
                    await self._queue.steer(what, [entry for entry in entries if ending_of(entry.options) == ending], route=VIA + to + ending)
            else:
                await self._queue.steer(what, entries)
            for entry in entries:
                telemetry.event(
                    _DONE[what], account=entry.account_id, tenant=entry.tenant_id, submission=to_wire(SUBMISSION, entry.submission_id),
                    reverse_path=entry.reverse_path, forward_path=entry.forward_path, hop=shown(to), reason="by the administrator",
                )  # fmt: skip
            count += len(entries)
        if not count and wanted.submissions:
            raise Refusal(Reason.NOT_FOUND, "Nothing of that is in the queue in a state in which this can be done.")
        return {"entries": count}

    async def _pages(self, wanted: QueueFilter) -> AsyncIterator[list[QueueEntry]]:
        """What is meant, a page at a time; what a page's act makes of it (jobs of their own) is not met again."""
        after, newest = (0, -1), self._queue.newest()
        while entries := [entry for entry in await self._queue.find(wanted, after=after, limit=_PAGE) if entry.job_id <= newest]:
            after = (entries[-1].job_id, entries[-1].number)
            yield entries


def _is_server(to: str) -> bool:
    """``host:port`` or a URL of SMTP or LMTP; what is none must not wait in the queue under that name."""
    try:
        parts = urlsplit(to if "://" in to else f"smtp://{to}")
        return parts.scheme in {"smtp", "smtps", "lmtp"} and bool(parts.hostname) and parts.port != 0 and not any(c.isspace() for c in to)
    except ValueError:
        return False


def _usual(entry: QueueEntry) -> str:
    return domain_key(entry.forward_path.rpartition("@")[2]) + ending_of(entry.options)


_DONE = {
    "retry": "queue.retried", "hold": "queue.held", "release": "queue.released", "delete": "queue.deleted", "reroute": "queue.rerouted",
}


def _meant(ids: Sequence[str], domain: str, sender: str, state: str, tenant: int | None, *, everything: bool) -> QueueFilter:
    """Nothing named means nothing, unless ``everything`` was said."""
    if not (ids or domain or sender or everything):
        raise Refusal(Reason.INVALID, "Say which: ids, --domain, --sender, --tenant, or --all.")
    return _filter(ids, domain, sender, state, tenant)


def _filter(ids: Sequence[str], domain: str, sender: str, state: str, tenant: int | None) -> QueueFilter:
    if state not in _STATES:
        raise Refusal(Reason.INVALID, f"“{state}” is no state; it is waiting or held.")
    numbers: list[SubmissionId] = []
    for text in ids:
        number = from_wire(SUBMISSION, text)
        if number is None:
            raise Refusal(Reason.INVALID, f"“{text}” is no id of the queue; “mailstead queue list” shows them.")
        numbers.append(SubmissionId(number))
    return QueueFilter(
        tuple(numbers), domain_key(domain.removeprefix("@")) if domain else "", sender, _STATES[state],
        None if tenant is None else TenantId(tenant),
    )  # fmt: skip


def _row(entry: QueueEntry) -> Row:
    return {
        "id": to_wire(SUBMISSION, entry.submission_id), "sender": entry.reverse_path, "recipient": entry.forward_path,
        "state": "held" if entry.held else "waiting", "attempts": entry.attempts, "octets": entry.size_octets,
        "created_ms": entry.created_at_ms, "due_ms": entry.due_at_ms, "expires_ms": entry.expires_at_ms, "last_error": entry.last_error,
        "route": shown(entry.route),
    }  # fmt: skip
