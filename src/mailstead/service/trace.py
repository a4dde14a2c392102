"""What happened to a message: its events from acceptance to the end, put together (SERVER.md 2.1).

Asked by Message-ID, address or id of the queue. Events that bear what was asked name messages (by submission and by Message-ID); all that these have is
the answer, a message at a time, in order of time. Whoever asks for a tenant sees what belongs to that tenant's accounts and nothing else, also not
that there is something else.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId
from mailstead.store.interface import Directory
from mailstead.telemetry import index

Row = dict[str, Any]
_FIRST: Final = 2_000
_READ: Final = 20_000
"""Of a day, where most of it may be others' business."""
_OF_MESSAGES: Final = 5_000
_MESSAGES: Final = 100
_NAMES_EACH: Final = 3
"""More names than messages: one event knows the submission, another the Message-ID."""
_DAYS_MOST: Final = 400
_UNDER_WAY: Final = 7
_FIRST_OF_ALL: Final = frozenset({"message.accepted", "submission.accepted", "submission.held"})
"""With these a message's story begins."""


class Trace:
    """``folder``: where the event files are. ``flush`` writes what this process has not written yet."""

    def __init__(
        self, folder: Path, directory: Directory, *, run: Callable[[Callable[[], list[Row]]], Awaitable[list[Row]]], flush: Callable[[], None]
    ) -> None:
        self._folder = folder
        self._directory = directory
        self._run = run
        self._flush = flush

    async def trace(self, query: str, since: str = "", until: str = "", limit: int = 20, tenant: int | None = None) -> list[Row]:
        """Messages, the newest first: ``message_id``, ``submission``, ``events``. ``since`` and ``until`` are days (``YYYY-MM-DD``). INVALID."""
        query = query.strip()
        if not query or len(query) > 1_000:
            raise Refusal(Reason.INVALID, "Ask for a Message-ID, an address or an id of the queue.")
        days = _days(since, until)
        self._flush()
        found = await self._run(lambda: self._gather(query, days, min(max(1, limit), _MESSAGES), tenant))
        mine = [event for event in found if tenant is None or await self._belongs(event, tenant)]
        return _messages(mine, min(max(1, limit), _MESSAGES))

    def _gather(self, query: str, days: list[str] | None, wanted: int, tenant: int | None) -> list[Row]:
        """Everything about ``wanted`` messages; for a tenant, of those that name one only its own, and about so many more those that name none."""
        asked = [query, f"<{query}>"] if "@" in query and not query.startswith("<") else [query]
        seen = self._newest(asked, days, _NAMES_EACH * wanted, tenant)
        newest = sorted(seen.values(), key=lambda event: str(event.get("at", "")), reverse=True)
        names = _named([event for event in newest if tenant is None or event.get("tenant")])[: _NAMES_EACH * wanted]
        if tenant is not None:  # whose the others are is asked once they are read
            names = list(dict.fromkeys((*names, *_named([event for event in newest if not event.get("tenant")])[: _NAMES_EACH * _MESSAGES])))
        if names:
            known = set(_named(newest))
            begun = _begun(newest)
            places = [place[:10] for place in seen]
            for those, before in (([name for name in names if name in begun], 1), ([name for name in names if name not in begun], _UNDER_WAY)):
                if those:
                    seen.update(index.find(self._folder, those, days=_around(days, places, before), most=_OF_MESSAGES))
            days = _around(days, places, _UNDER_WAY)
            more = [name for name in _named(list(seen.values())) if name not in set(asked) | known][: 2 * _MESSAGES]
            if more:
                seen.update(index.find(self._folder, more, days=days, most=_OF_MESSAGES))
        return sorted(seen.values(), key=lambda event: str(event.get("at", "")))

    def _newest(self, asked: list[str], days: list[str] | None, names: int, tenant: int | None) -> dict[str, Row]:
        """What bears one of ``asked`` and is not another tenant's, whole days, the newest first, until it has named so many."""
        seen: dict[str, Row] = {}
        folders = sorted((one.name for one in self._folder.iterdir() if one.is_dir()), reverse=True) if self._folder.exists() else []
        for day in folders:
            if days is not None and day not in days:
                continue
            for place, event in index.find(self._folder, asked, days=[day], most=_READ):
                if tenant is None or event.get("tenant") in {None, 0, tenant}:
                    seen[place] = event
                    if len(seen) >= _FIRST:
                        return seen
            if len(_named([event for event in seen.values() if tenant is None or event.get("tenant")])) >= names:
                break
        return seen

    async def _belongs(self, event: Row, tenant: int) -> bool:
        if event.get("tenant"):
            return bool(event["tenant"] == tenant)
        account = event.get("account")
        found = await self._directory.account(AccountId(account)) if isinstance(account, int) else None
        return found is not None and found.tenant_id == tenant


def _named(events: list[Row]) -> list[str]:
    """The submissions and Message-IDs of events, each once."""
    return list(dict.fromkeys(str(event[key]) for event in events for key in ("submission", "message_id") if event.get(key)))


def _begun(events: list[Row]) -> set[str]:
    """The names of messages whose first event is among these: nothing of them is older, but for what was checked a moment before."""
    found: set[str] = set()
    pairs = [[str(event[key]) for key in ("submission", "message_id") if event.get(key)] for event in events]
    for event, names in zip(events, pairs, strict=True):
        if event.get("event") in _FIRST_OF_ALL:
            found.update(names)
    for names in pairs:
        if not found.isdisjoint(names):
            found.update(names)
    return found


def _around(days: list[str] | None, seen: list[str], before: int) -> list[str]:
    """The days on which the rest of these messages can be, from ``before`` days ahead of the first: none is under way for longer than
    ``_UNDER_WAY`` days."""
    first, last = (datetime.fromisoformat(day).replace(tzinfo=UTC) for day in (min(seen), max(seen)))
    count = (last - first).days + before + _UNDER_WAY + 1
    near = [(first + timedelta(days=number - before)).strftime("%Y-%m-%d") for number in range(count)]
    return near if days is None else [day for day in near if day in days]


def _days(since: str, until: str) -> list[str] | None:
    if not since and not until:
        return None
    try:
        last = datetime.fromisoformat(until).replace(tzinfo=UTC) if until else datetime.now(UTC)
        first = datetime.fromisoformat(since).replace(tzinfo=UTC) if since else last - timedelta(days=_DAYS_MOST)
    except ValueError:
        raise Refusal(Reason.INVALID, "Write a day like 2026-11-26.") from None
    count = min(_DAYS_MOST, (last.date() - first.date()).days + 1)
    return [(last - timedelta(days=number)).strftime("%Y-%m-%d") for number in range(max(0, count))]


def _messages(events: list[Row], limit: int) -> list[Row]:
    """Events of one submission or one Message-ID stand together."""
    groups: dict[str, list[Row]] = {}
    by_name: dict[str, str] = {}
    for event in events:
        names = [str(event[key]) for key in ("submission", "message_id") if event.get(key)] or [str(event.get("at"))]
        group = next((by_name[name] for name in names if name in by_name), names[0])
        for name in names:
            other = by_name.setdefault(name, group)
            if other != group and other in groups:
                groups.setdefault(group, []).extend(groups.pop(other))
                for known, its in by_name.items():
                    if its == other:
                        by_name[known] = group
        groups.setdefault(group, []).append(event)
    found = [_message(sorted(group, key=lambda event: str(event.get("at", "")))) for group in groups.values()]
    found.sort(key=lambda message: str(message["events"][-1].get("at", "")), reverse=True)
    return found[:limit]


def _message(events: list[Row]) -> Row:
    def first(key: str) -> str:
        return next((str(event[key]) for event in events if event.get(key)), "")

    return {
        "submission": first("submission"), "message_id": first("message_id"), "reverse_path": first("reverse_path"),
        "recipients": list(dict.fromkeys(str(event["forward_path"]) for event in events if event.get("forward_path"))), "events": events,
    }  # fmt: skip
