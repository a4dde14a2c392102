"""Reminder: something about an email wants attention at a time, or unless an answer comes (docs/reference/jmap-extensions.md, ``service.reminders``)."""

import re
from typing import Any, Final

from mailstead.model import ids as wire
from mailstead.model.ids import EmailId
from mailstead.model.object import KeptObject, ObjectKind, ObjectWrite
from mailstead.protocol.jmap.mail.email import utc
from mailstead.protocol.jmap.mail.email import wire as to_wire
from mailstead.protocol.jmap.mail.filters import BadFilter, utc_ms
from mailstead.server.http.jmap.kept_type import (
    Bad,
    KeptType,
    Known,
    Property,
    Work,
    is_flag,
    is_id,
    is_text,
    one_of,
)
from mailstead.server.http.jmap.standard import Call
from mailstead.service.reminders import Reminder, decode

_DURATION: Final = re.compile(r"P(?:(\d{1,4})W|(?:(\d{1,5})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?)?)")
_REPEATS: Final = 20
_LEAST_MS: Final = 60_000


def duration_ms(text: str) -> int | None:
    """A duration in weeks, or in days, hours and minutes (RFC 3339 appendix A); None: it is none, or shorter than a minute."""
    read = _DURATION.fullmatch(text)
    if read is None:
        return None
    weeks, days, hours, minutes = (int(piece or 0) for piece in read.groups())
    found = (((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60_000
    return found if found >= _LEAST_MS else None


def duration(ms: int) -> str:
    """As it is written."""
    days, rest = divmod(ms // 60_000, 24 * 60)
    hours, minutes = divmod(rest, 60)
    time = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    return "P" + (f"{days}D" if days else "") + (f"T{time}" if time else "")


def _is_durations(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= _REPEATS and all(isinstance(one, str) and duration_ms(one) is not None for one in value)


class Reminders(KeptType):
    """The type; ``service.reminders.Reminder`` is what is kept."""

    kind = ObjectKind.REMINDER
    properties = {  # noqa: RUF012 - never changed
        "emailId": Property(is_id, is_needed=True, is_fixed=True), "threadId": Property(is_id, is_ours=True),
        "kind": Property(one_of("at", "followUp", "noReply"), default="at", is_fixed=True), "at": Property(is_text(40), is_needed=True),
        "repeat": Property(_is_durations, default=[]), "keepVisible": Property(is_flag, default=True),
        "state": Property(one_of("armed", "fired", "done", "cancelled"), default="armed"), "firedAt": Property(lambda _: False, is_ours=True),
    }
    filters = {  # noqa: RUF012 - never changed
        "emailId": lambda one, value: one["emailId"] == value, "threadId": lambda one, value: one["threadId"] == value,
        "kind": lambda one, value: one["kind"] == value, "state": lambda one, value: one["state"] == value,
        "before": lambda one, value: isinstance(value, str) and one["at"] < value, "after": lambda one, value: isinstance(value, str) and one["at"] >= value,
    }
    sorts = ("at", "firedAt", "kind", "state")

    async def shown(self, call: Call, found: list[KeptObject]) -> list[Known]:
        del call
        return [Known(self.id_of(one), one.object_id, _shown(decode(one.doc))) for one in found]

    async def judge(self, work: Work, ident: str, values: dict[str, Any], before: Known | None) -> None:
        del ident
        try:
            at = utc_ms(values["at"], "at")
        except BadFilter as exc:
            raise Bad("invalidProperties", str(exc), "at") from None
        values["at"] = utc(at)
        if before is None:
            if values["state"] != "armed":
                raise Bad("invalidProperties", "a new reminder is armed", "state")
            email = wire.from_wire(wire.EMAIL, work.resolved(values["emailId"]))
            _, rows = await work.call.mailing.emails.emails(work.call.account, [EmailId(email)] if email is not None else [], content=False)
            if email is None or EmailId(email) not in rows:
                raise Bad("invalidProperties", "there is no such email", "emailId")
            values["emailId"], values["threadId"] = to_wire(wire.EMAIL, email), to_wire(wire.THREAD, rows[EmailId(email)].thread_id)
            values["firedAt"] = None
        elif values["state"] == "fired" != before.values["state"]:
            raise Bad("invalidProperties", "the server lets reminders fire", "state")
        elif before.values["at"] != values["at"] and before.values["state"] == values["state"] == "fired":
            values["state"] = "armed"  # it is put off

    async def write(self, work: Work, object_id: int, values: dict[str, Any], before: Known | None) -> ObjectWrite:
        at = utc_ms(values["at"], "at")
        email, thread = wire.from_wire(wire.EMAIL, values["emailId"]), wire.from_wire(wire.THREAD, values["threadId"])
        now = int(work.call.mailing.now().timestamp() * 1000)
        fired = utc_ms(values["firedAt"], "firedAt") if values["firedAt"] else 0
        is_fired = values["state"] == "fired"
        repeat = tuple(found for one in values["repeat"] if (found := duration_ms(one)) is not None)
        one = Reminder(
            email or 0, thread or 0, values["kind"], at, 0 if is_fired else at, repeat, values["keepVisible"], values["state"], fired, now)
        if before is not None:
            kept = await work.call.mailing.kept.of(work.call.account, self.kind, [object_id])
            was = decode(kept.objects[0].doc) if kept.objects else one
            one.since_ms = was.since_ms
            if is_fired:
                one.due_ms = was.due_ms
        return one.write(object_id)

    async def done(self, work: Work) -> None:
        """What is due already fires now."""
        if work.writes:
            work.call.mailing.soon()


def _shown(one: Reminder) -> dict[str, Any]:
    return {
        "emailId": to_wire(wire.EMAIL, one.email), "threadId": to_wire(wire.THREAD, one.thread), "kind": one.kind, "at": utc(one.at_ms),
        "repeat": [duration(ms) for ms in one.repeat_ms], "keepVisible": one.keep_visible, "state": one.state,
        "firedAt": utc(one.fired_at_ms) if one.fired_at_ms else None,
    }  # fmt: skip


REMINDERS: Final = Reminders()
