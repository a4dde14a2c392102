"""Job and Undo: one change of every email that a filter finds, carried out by the server, and taken back as a whole
(docs/reference/jmap-extensions.md, ``service.jobs``)."""

from typing import Any, Final

import msgspec

from mailstead.model import ids as wire
from mailstead.model.email import Position, StateMismatch
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import EmailId
from mailstead.model.object import KeptObject, ObjectKind
from mailstead.model.query import Query
from mailstead.protocol.jmap.mail.email import utc
from mailstead.server.http.jmap.email import condition_of
from mailstead.server.http.jmap.email_set import BadPatch, patch_of
from mailstead.server.http.jmap.kept_type import LETTER, KeptType, Known, Property
from mailstead.server.http.jmap.standard import (
    Call,
    MethodError,
    Outcome,
    Wanted,
    check_state,
    need_write,
    resolved,
    set_error,
    text,
)
from mailstead.service.jobs import Job, decode


class Jobs(KeptType):
    """The type, for everything but /set."""

    kind = ObjectKind.JOB
    properties = dict.fromkeys(
        ("kind", "state", "total", "done", "failed", "createdAt", "change", "undoToken", "undoes"), Property(lambda _: False, is_ours=True))
    filters = {"state": lambda one, value: one["state"] == value, "kind": lambda one, value: one["kind"] == value}  # noqa: RUF012 - never changed
    sorts = ("createdAt", "state", "kind")

    async def shown(self, call: Call, found: list[KeptObject]) -> list[Known]:
        now = int(call.mailing.now().timestamp() * 1000)
        return [Known(self.id_of(one), one.object_id, shown(decode(one.doc), now)) for one in found]


JOBS: Final = Jobs()


def shown(one: Job, now_ms: int) -> dict[str, Any]:
    """The properties."""
    return {
        "kind": one.kind, "state": one.state, "total": one.total, "done": min(one.done, one.total), "failed": one.failed, "createdAt": utc(one.made_ms),
        "change": msgspec.json.decode(one.given), "undoToken": one.token if one.may_undo(now_ms) else None,
        "undoes": wire.to_wire(LETTER, one.of) if one.of else None,
    }  # fmt: skip


async def set_(call: Call) -> dict[str, Any]:
    """Jobs are made and called off; who destroys one forgets how to take it back."""
    need_write(call)
    wanted = Wanted(call.arguments)
    before, found = await JOBS.there(call)
    check_state(wanted, str(before.state))
    known = {one.ident: one for one in found}
    outcome = Outcome()
    at = before.state if wanted.if_state else None  # looked at again where the first is made: a call that is made twice makes one
    for creation, given in wanted.create.items():
        try:
            if await _create(call, creation, given, outcome, at):
                at = None
        except StateMismatch:
            raise MethodError("stateMismatch", "the objects have changed since") from None
        except Refusal as exc:
            outcome.not_created[creation] = set_error("overQuota" if exc.reason is Reason.LIMIT else "forbidden", exc.public)
        except BadPatch as exc:
            outcome.not_created[creation] = exc.error
        except MethodError as exc:
            outcome.not_created[creation] = set_error("invalidProperties", str(exc), properties=("filter",))
    for key, patch in wanted.update.items():
        ident = resolved(call, key)
        if ident not in known:
            outcome.not_updated[ident] = set_error("notFound")
        elif ident in wanted.destroy:
            outcome.not_updated[ident] = set_error("willDestroy")
        elif patch.keys() - {"state"} or patch.get("state", "cancelled") != "cancelled":
            outcome.not_updated[ident] = set_error("invalidProperties", "a job can only be cancelled", properties=tuple(patch))
        else:
            one = await call.mailing.jobs.cancel(call.account, known[ident].object_id) if patch else None
            outcome.updated[ident] = {"state": one.state} if one is not None and one.state != "cancelled" else None
    for key in wanted.destroy:
        ident = resolved(call, key)
        if ident not in known:
            outcome.not_destroyed[ident] = set_error("notFound")
        else:
            await call.mailing.jobs.forget(call.account, known[ident].object_id)
            outcome.destroyed.append(ident)
    return outcome.response(call, str(before.state), str(await call.mailing.kept.state(call.account, JOBS.kind)))


async def _create(call: Call, creation: str, given: dict[str, Any], outcome: Outcome, at: Position | None) -> bool:
    """Whether one was made. Raises ``Refusal``, ``BadPatch``, ``MethodError``, ``StateMismatch``."""
    strange = given.keys() - {"filter", "emailIds", "update", "destroy"}
    if strange or ("filter" in given) == ("emailIds" in given) or ("update" in given) == bool(given.get("destroy")):
        outcome.not_created[creation] = set_error(
            "invalidProperties", "a job has a filter or emailIds, and an update or destroy", properties=tuple(sorted(strange)))
        return False
    update = given.get("update")
    if (update is not None and not isinstance(update, dict)) or not isinstance(given.get("destroy"), bool | None):
        outcome.not_created[creation] = set_error("invalidProperties", "update is a patch of an email, destroy is true", properties=("update",))
        return False
    if update is not None and "snoozed" in update:
        outcome.not_created[creation] = set_error("invalidProperties", "a job cannot snooze", properties=("update",))
        return False
    patch = None if update is None else patch_of(call, EmailId(0), update)
    if "filter" in given:
        condition, _ = await condition_of(call, given["filter"])
        emails = await call.mailing.jobs.emails_of(call.account, Query(condition))
    else:
        emails = _named(given["emailIds"])
    number, one = await call.mailing.jobs.make(call.account, emails, patch, given=msgspec.json.encode(given), at=at)
    ident = wire.to_wire(LETTER, number)
    call.created[creation] = ident
    outcome.created[creation] = {"id": ident, **shown(one, int(call.mailing.now().timestamp() * 1000))}
    return True


def _named(given: Any) -> list[EmailId]:
    if not isinstance(given, list) or len(given) > 100_000:  # noqa: PLR2004 - what a request can hold
        raise MethodError("invalidProperties", "emailIds is a list of at most 100,000 ids")
    numbers = [wire.from_wire(wire.EMAIL, one) if isinstance(one, str) else None for one in given]
    if None in numbers:
        raise MethodError("invalidProperties", "emailIds is a list of ids of emails")
    return [EmailId(one) for one in dict.fromkeys(numbers) if one is not None]


async def undo(call: Call) -> dict[str, Any]:
    """Undo/apply: the job that takes another back."""
    need_write(call)
    try:
        number, one = await call.mailing.jobs.undo(call.account, text(call.arguments, "undoToken"))
    except Refusal as exc:
        raise MethodError("notFound" if exc.reason is Reason.NOT_FOUND else "cannotUndo", exc.public) from None
    ident = wire.to_wire(LETTER, number)
    return {"accountId": call.account_id, "job": {"id": ident, **shown(one, int(call.mailing.now().timestamp() * 1000))}}
