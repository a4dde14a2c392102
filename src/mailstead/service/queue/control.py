"""What an administrator does with the queue: look, try now, hold back, let go, take out.

Rows are plain values for JSON. A message is one submission; its recipients are entries of their own, and an act concerns the entries that
are meant: by the message's id, the recipient's domain, the sender, the state.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from mailstead import telemetry
from mailstead.model.address import domain_key
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import SUBMISSION, SubmissionId, from_wire, to_wire
from mailstead.store.interface import Outbox, QueueEntry, QueueFilter

Row = dict[str, Any]
_PAGE = 1_000
_STATES = {"": None, "waiting": False, "held": True}


class QueueControl:
    """The administrator's verbs on an outbox."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    async def queue_list(
        self, ids: Sequence[str] = (), domain: str = "", sender: str = "", state: str = "", limit: int = 1_000
    ) -> list[Row]:
        """One row a recipient, in order of arrival; at most ``limit``."""
        found = await self._outbox.find(_filter(ids, domain, sender, state), limit=limit)
        return [_row(entry) for entry in found]

    async def queue_show(self, id: str) -> Row:  # noqa: A002 - the argument's name on the command line
        """A message with its recipients. NOT_FOUND."""
        entries = await self._outbox.find(_filter([id], "", "", ""), limit=10_000)
        if not entries:
            raise Refusal(Reason.NOT_FOUND, f"“{id}” is not in the queue; it has left, or was never there.")
        first = entries[0]
        return {
            "id": to_wire(SUBMISSION, first.submission_id), "sender": first.reverse_path, "octets": first.size_octets,
            "created_ms": first.created_at_ms, "expires_ms": first.expires_at_ms, "recipients": [_row(entry) for entry in entries],
        }  # fmt: skip

    async def queue_retry(self, ids: Sequence[str] = (), domain: str = "", sender: str = "", *, all: bool = False) -> Row:  # noqa: A002
        """Entries that wait are due now; held ones stay held."""
        return await self._act("retried", _meant(ids, domain, sender, "waiting", everything=all))

    async def queue_hold(self, ids: Sequence[str] = (), domain: str = "", sender: str = "", *, all: bool = False) -> Row:  # noqa: A002
        """Entries are not tried until they are released. They still grow old: what is released too late bounces."""
        return await self._act("held", _meant(ids, domain, sender, "waiting", everything=all))

    async def queue_release(self, ids: Sequence[str] = (), domain: str = "", sender: str = "", *, all: bool = False) -> Row:  # noqa: A002
        """Held entries are due now."""
        return await self._act("released", _meant(ids, domain, sender, "held", everything=all))

    async def queue_delete(self, ids: Sequence[str] = (), domain: str = "", sender: str = "", *, all: bool = False) -> Row:  # noqa: A002
        """Entries are taken out; nobody is told."""
        return await self._act("deleted", _meant(ids, domain, sender, "", everything=all))

    async def _act(self, what: str, wanted: QueueFilter) -> Row:
        count = 0
        async for entries in self._pages(wanted):
            numbers = [entry.entry_id for entry in entries]
            match what:
                case "deleted":
                    await self._outbox.finish(numbers, [])
                case "held":
                    await self._outbox.steer(numbers, held=True)
                case _:
                    await self._outbox.steer(numbers, held=False)
            for entry in entries:
                telemetry.event(
                    f"queue.{what}", account=entry.account_id, submission=to_wire(SUBMISSION, entry.submission_id),
                    reverse_path=entry.reverse_path, forward_path=entry.forward_path, reason="by the administrator",
                )  # fmt: skip
            count += len(entries)
        if not count and wanted.submissions:
            raise Refusal(Reason.NOT_FOUND, "Nothing of that is in the queue in a state in which this can be done.")
        return {"entries": count}

    async def _pages(self, wanted: QueueFilter) -> AsyncIterator[list[QueueEntry]]:
        after = 0
        while entries := await self._outbox.find(wanted, after=after, limit=_PAGE):
            after = entries[-1].entry_id
            yield entries


def _meant(ids: Sequence[str], domain: str, sender: str, state: str, *, everything: bool) -> QueueFilter:
    """Nothing named means nothing, unless ``everything`` was said."""
    if not (ids or domain or sender or everything):
        raise Refusal(Reason.INVALID, "Say which: ids, --domain, --sender, or --all.")
    return _filter(ids, domain, sender, state)


def _filter(ids: Sequence[str], domain: str, sender: str, state: str) -> QueueFilter:
    if state not in _STATES:
        raise Refusal(Reason.INVALID, f"“{state}” is no state; it is waiting or held.")
    numbers: list[SubmissionId] = []
    for text in ids:
        number = from_wire(SUBMISSION, text)
        if number is None:
            raise Refusal(Reason.INVALID, f"“{text}” is no id of the queue; “mailstead queue list” shows them.")
        numbers.append(SubmissionId(number))
    return QueueFilter(tuple(numbers), domain_key(domain.removeprefix("@")) if domain else "", sender, _STATES[state])


def _row(entry: QueueEntry) -> Row:
    return {
        "id": to_wire(SUBMISSION, entry.submission_id), "sender": entry.reverse_path, "recipient": entry.forward_path,
        "state": "held" if entry.held else "waiting", "attempts": entry.attempts, "octets": entry.size_octets,
        "created_ms": entry.created_at_ms, "due_ms": entry.due_at_ms, "expires_ms": entry.expires_at_ms, "last_error": entry.last_error,
    }  # fmt: skip
