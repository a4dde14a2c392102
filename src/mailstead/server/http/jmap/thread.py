"""Thread/get and Thread/changes (RFC 8621 §3)."""

from typing import Any

from mailstead.model import ids as wire
from mailstead.model.email import Kind, Position, States
from mailstead.model.ids import ThreadId
from mailstead.model.query import Query, Window
from mailstead.protocol.jmap.mail.email import wire as to_wire
from mailstead.server.http.jmap.standard import (
    MAX_GET,
    Calculating,
    Call,
    MethodError,
    maximum,
    properties,
    since,
    text,
    wanted_ids,
)


def state(states: States, kind: Kind) -> str:
    """A type's state as it goes over the wire."""
    return str(Position(states.epoch, states.of(kind)))


async def get(call: Call) -> dict[str, Any]:
    """Emails of a thread come in the order they were received."""
    names = properties(call.arguments, ("id", "emailIds"))
    asked = wanted_ids(call.arguments)
    if asked is None:
        asked = await _all(call)
    numbers = {ident: number for ident in asked if (number := wire.from_wire(wire.THREAD, ident)) is not None}
    states, found = await call.mailing.emails.threads(call.account, [ThreadId(number) for number in numbers.values()])
    listed = []
    for ident, number in numbers.items():
        emails = found.get(ThreadId(number))
        if emails is not None:
            one: dict[str, Any] = {"id": ident, "emailIds": [to_wire(wire.EMAIL, email) for email in emails]}
            listed.append({name: one[name] for name in names})
    there = {ident for ident, number in numbers.items() if ThreadId(number) in found}
    return {
        "accountId": call.account_id, "state": state(states, Kind.THREAD), "list": listed,
        "notFound": [ident for ident in asked if ident not in there],
    }


async def _all(call: Call) -> list[str]:
    """Every thread, where there are few enough."""
    answer = await call.mailing.emails.query(call.account, Query(collapse=True), Window(limit=MAX_GET + 1))
    if len(answer.ids) > MAX_GET:
        raise MethodError("requestTooLarge", f"at most {MAX_GET} objects at once")
    _, rows = await call.mailing.emails.emails(call.account, answer.ids, content=False)  # type: ignore[arg-type]
    return list(dict.fromkeys(to_wire(wire.THREAD, row.thread_id) for row in rows.values()))


async def changes(call: Call) -> dict[str, Any]:
    """RFC 8620 §5.2."""
    return await changes_of(call, Kind.THREAD, wire.THREAD)


async def changes_of(call: Call, kind: Kind, letter: str) -> dict[str, Any]:
    """The /changes of a type."""
    old = text(call.arguments, "sinceState")
    with Calculating():
        told = await call.mailing.emails.changes(call.account, kind, since(call.arguments, "sinceState"), maximum(call.arguments))
    return {
        "accountId": call.account_id, "oldState": old, "newState": str(told.new), "hasMoreChanges": told.more,
        "created": [to_wire(letter, one) for one in told.created], "updated": [to_wire(letter, one) for one in told.updated],
        "destroyed": [to_wire(letter, one) for one in told.destroyed],
        **({"updatedProperties": ["totalEmails", "unreadEmails", "totalThreads", "unreadThreads"] if told.only_counts else None}
           if kind is Kind.MAILBOX else {}),
    }
