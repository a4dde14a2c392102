"""EmailSubmission/get, changes, query and queryChanges (RFC 8621 §7); ``submission_set`` has what changes them."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from mailstead.model import ids as wire
from mailstead.model.change import ChangeKind, ChangeOp
from mailstead.model.email import Position
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import SubmissionId
from mailstead.model.submission import Hold, Progress, Submission
from mailstead.protocol.jmap.mail import blobs
from mailstead.protocol.jmap.mail.email import wire as to_wire
from mailstead.protocol.jmap.mail.filters import BadFilter, utc_ms
from mailstead.server.http.jmap.dispatch import Calling
from mailstead.server.http.jmap.standard import (
    Calculating,
    MethodError,
    bound_moves,
    comparators,
    flag,
    invalid,
    maximum,
    number,
    properties,
    since,
    text,
    texts,
    wanted_ids,
)

PROPERTIES: Final = (
    "id", "identityId", "emailId", "threadId", "envelope", "sendAt", "undoStatus", "deliveryStatus", "dsnBlobIds", "mdnBlobIds",
)  # fmt: skip
_UNDO: Final = {Hold.PENDING: "pending", Hold.LEAVING: "final", Hold.FINAL: "final", Hold.CANCELED: "canceled"}
_DELIVERED: Final = {Progress.QUEUED: "queued", Progress.RELAYED: "unknown", Progress.DELIVERED: "yes", Progress.FAILED: "no"}
_MOST: Final = 100_000
_GIVEN: Final = "given"
_BARE: Final = frozenset({"requiretls", "smtputf8"})
_SMTP: Final = frozenset({"body", "envid", "notify", "orcpt", "ret", *_BARE})
"""Options that are parameters of SMTP under the same name; those in ``_BARE`` have no value there."""
Test = Callable[[Submission], bool]


def ident_of(one: Submission) -> str:
    return wire.to_wire(wire.SUBMISSION, one.submission_id)


def utc(at_ms: int) -> str:
    """RFC 8620 §1.4."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _parameters(options: Mapping[str, str]) -> dict[str, str | None] | None:
    """As they were given here (``given_parameters``); of a submission that came by SMTP as they are meant."""
    given = options.get(_GIVEN)
    if given is not None:
        return dict(json.loads(given))
    return {name.upper(): None if name in _BARE else value for name, value in options.items() if name in _SMTP} or None


WHY: Final = {Reason.NO_SUCH_RECIPIENT: "noSuchMailbox", Reason.RELAY_DENIED: "noWayOut"}


def why_not(exc: Refusal) -> dict[str, str]:
    """``reason`` of a SetError about recipients, for clients to decide by (docs/reference/jmap-extensions.md)."""
    return {"reason": WHY[exc.reason]} if exc.reason in WHY else {}


def given_parameters(parameters: Mapping[str, Any]) -> dict[str, str]:
    """The option that keeps parameters as a client wrote them: an envelope is shown as it was given (RFC 8621 §7)."""
    return {_GIVEN: json.dumps(parameters)} if parameters else {}


def shown(one: Submission) -> dict[str, Any]:
    """All properties (RFC 8621 §7)."""
    return {
        "id": ident_of(one), "identityId": one.identity or None,
        "emailId": to_wire(wire.EMAIL, one.email_id) if one.email_id else None,
        "threadId": to_wire(wire.THREAD, one.thread_id) if one.thread_id else None,
        "envelope": {
            "mailFrom": {"email": one.reverse_path, "parameters": _parameters(one.options)},
            "rcptTo": [{"email": each.address, "parameters": _parameters(each.options)} for each in one.recipients],
        },
        "sendAt": utc(one.release_at_ms), "undoStatus": _UNDO[one.hold],
        "deliveryStatus": {
            each.address: {
                "smtpReply": each.reply or ("250 2.0.0 OK" if each.progress is Progress.DELIVERED else "250 2.0.0 Accepted, on its way"),
                "delivered": _DELIVERED[each.progress], "displayed": "yes" if each.is_displayed else "unknown",
            }
            for each in one.recipients
        } if one.hold is not Hold.CANCELED else None,
        "dsnBlobIds": [blobs.of_message(number) for number in one.notices], "mdnBlobIds": [blobs.of_message(number) for number in one.receipts],
    }  # fmt: skip


async def state_of(call: Calling) -> str:
    """See ``Sendings.state``."""
    return str(await call.sending.state(call.account))


def numbers_of(idents: list[str]) -> dict[str, SubmissionId]:
    """Ids that can be submissions'."""
    return {ident: SubmissionId(found) for ident in idents if (found := wire.from_wire(wire.SUBMISSION, ident)) is not None}


async def get(call: Calling) -> dict[str, Any]:
    """RFC 8620 §5.1."""
    names = properties(call.arguments, PROPERTIES)
    asked = wanted_ids(call.arguments)
    state = await state_of(call)
    numbers = numbers_of(asked) if asked is not None else None
    found = await call.sending.submissions.find(call.account, ids=list(numbers.values()) if numbers is not None else None, limit=_MOST)
    by_id = {ident_of(one): shown(one) for one in found}
    if asked is None and len(by_id) > 500:  # noqa: PLR2004 - maxObjectsInGet
        raise MethodError("requestTooLarge")
    listed = [by_id[ident] for ident in (asked if asked is not None else by_id) if ident in by_id]
    return {
        "accountId": call.account_id, "state": state, "list": [{name: one[name] for name in names} for one in listed],
        "notFound": [ident for ident in asked or () if ident not in by_id],
    }  # fmt: skip


async def moved(call: Calling, name: str, most: int) -> tuple[dict[int, set[ChangeOp]], Position, bool]:
    """What happened since a state (the argument ``name``): (number to what, how far this reaches, whether there is more)."""
    old, now = since(call.arguments, name), await call.sending.state(call.account)
    if old.epoch != now.epoch or old.modseq > now.modseq or old.skip:
        raise MethodError("cannotCalculateChanges", "this state is not known")
    if old == now:
        return {}, now, False
    at = old.modseq
    found: dict[int, set[ChangeOp]] = {}
    with Calculating():
        while at < now.modseq:
            page = await call.sending.mail.changes(call.account, at)
            for change in page.changes:
                if change.kind is ChangeKind.SUBMISSION:
                    if most and len(found) >= most and change.object_id not in found:
                        return found, Position(now.epoch, change.modseq - 1), True
                    found.setdefault(change.object_id, set()).add(change.op)
            if not page.more:
                break
            at = page.upto
    return found, now, False


async def changes(call: Calling) -> dict[str, Any]:
    """RFC 8620 §5.2."""
    found, upto, more = await moved(call, "sinceState", maximum(call.arguments))
    created: list[str] = []
    updated: list[str] = []
    destroyed: list[str] = []
    for ident, ops in found.items():
        name = wire.to_wire(wire.SUBMISSION, ident)
        if ChangeOp.DESTROYED in ops:
            if ChangeOp.CREATED not in ops:
                destroyed.append(name)
        else:
            (created if ChangeOp.CREATED in ops else updated).append(name)
    return {
        "accountId": call.account_id, "oldState": text(call.arguments, "sinceState"), "newState": str(upto), "hasMoreChanges": more, "created": created, "updated": updated,
        "destroyed": destroyed,
    }  # fmt: skip


# ----------------------------------------------------------------------------------------------------------- queries
def _test(tree: Any, depth: int = 0) -> Test:
    if tree is None:
        return lambda _: True
    if not isinstance(tree, dict):
        raise invalid("a filter is an object")
    if depth > 20:  # noqa: PLR2004 - as deep as mail's filters
        raise MethodError("unsupportedFilter", "a filter is nested at most 20 times")
    if "operator" in tree:
        given = tree.get("conditions")
        if not isinstance(given, list):
            raise invalid("conditions is a list")
        tests = [_test(one, depth + 1) for one in given]
        match tree["operator"]:
            case "AND":
                return lambda one: all(test(one) for test in tests)
            case "OR":
                return lambda one: any(test(one) for test in tests)
            case "NOT":
                return lambda one: not any(test(one) for test in tests)
        raise invalid("an operator is AND, OR or NOT")
    tests = [_condition(name, value) for name, value in tree.items() if value is not None]
    return lambda one: all(test(one) for test in tests)


def _condition(name: str, value: Any) -> Test:
    match name:
        case "identityIds" | "emailIds" | "threadIds":
            wanted = texts({name: value}, name) or []
            key = name.removesuffix("s")
            return lambda one: shown(one)[key] in wanted
        case "undoStatus":
            if not isinstance(value, str):
                raise invalid("undoStatus is a text")
            return lambda one: _UNDO[one.hold] == value
        case "before" | "after":
            try:
                at_ms = utc_ms(value, name)
            except BadFilter as exc:
                raise invalid(str(exc)) from None
            if name == "before":
                return lambda one: one.release_at_ms // 1000 * 1000 < at_ms  # as it is shown
            return lambda one: one.release_at_ms // 1000 * 1000 >= at_ms
    raise MethodError("unsupportedFilter", f"there is no condition {name[:100]}")


async def _answer(call: Calling) -> list[str]:
    test = _test(call.arguments.get("filter"))
    found = [one for one in await call.sending.submissions.find(call.account, limit=_MOST) if test(one)]
    keys: dict[str, Callable[[Submission], Any]] = {
        "emailId": lambda one: one.email_id, "threadId": lambda one: one.thread_id, "sentAt": lambda one: one.release_at_ms,
    }
    found.sort(key=lambda one: one.submission_id)
    for name, falls in reversed(comparators(call.arguments, keys) or [("sentAt", True)]):
        found.sort(key=keys[name], reverse=falls)
    return [ident_of(one) for one in found]


async def query(call: Calling) -> dict[str, Any]:
    """RFC 8620 §5.5."""
    found = await _answer(call)
    anchor, most = call.arguments.get("anchor"), number(call.arguments, "limit")
    if anchor is not None:
        if text(call.arguments, "anchor") not in found:
            raise MethodError("anchorNotFound")
        start = max(0, found.index(anchor) + (number(call.arguments, "anchorOffset", least=None) or 0))
    else:
        start = number(call.arguments, "position", least=None) or 0
        start = max(0, len(found) + start) if start < 0 else start
    answer: dict[str, Any] = {
        "accountId": call.account_id, "queryState": await state_of(call), "canCalculateChanges": True, "position": min(start, len(found)),
        "ids": found[start : start + most] if most is not None else found[start:],
    }  # fmt: skip
    if flag(call.arguments, "calculateTotal"):
        answer["total"] = len(found)
    return answer


async def query_changes(call: Calling) -> dict[str, Any]:
    """RFC 8620 §5.6: whatever moved is taken out, and put in where it belongs now."""
    touched, _, _ = await moved(call, "sinceQueryState", 0)
    names = {wire.to_wire(wire.SUBMISSION, ident) for ident in touched}
    found = await _answer(call)
    added = [{"id": ident, "index": index} for index, ident in enumerate(found) if ident in names]
    bound_moves(call.arguments, len(names) + len(added))
    answer: dict[str, Any] = {
        "accountId": call.account_id, "oldQueryState": text(call.arguments, "sinceQueryState"), "newQueryState": await state_of(call), "removed": sorted(names), "added": added,
    }  # fmt: skip
    if flag(call.arguments, "calculateTotal"):
        answer["total"] = len(found)
    return answer


