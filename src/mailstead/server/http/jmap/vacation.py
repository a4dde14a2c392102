"""VacationResponse methods (RFC 8621 §8): one object, which is always there. ``service.absence`` answers."""

from typing import Any, Final

from mailstead.model.object import KeptObject, ObjectKind, ObjectStates
from mailstead.protocol.jmap.mail.email import utc
from mailstead.protocol.jmap.mail.filters import BadFilter, utc_ms
from mailstead.server.http.jmap.kept_type import Bad, KeptType, Known, Property, Work, is_flag, is_text, or_null
from mailstead.server.http.jmap.standard import Call

SINGLETON: Final = "singleton"
_BODY: Final = 30_000


def _is_date(value: Any) -> bool:
    try:
        utc_ms(value, "date")
    except BadFilter:
        return False
    return True


class VacationResponses(KeptType):
    """The type."""

    kind = ObjectKind.VACATION
    properties = {  # noqa: RUF012 - never changed
        "isEnabled": Property(is_flag, default=False), "fromDate": Property(or_null(_is_date)), "toDate": Property(or_null(_is_date)),
        "subject": Property(or_null(is_text(500))), "textBody": Property(or_null(is_text(_BODY))), "htmlBody": Property(or_null(is_text(_BODY))),
    }

    def id_of(self, one: KeptObject) -> str:
        del one
        return SINGLETON

    def number_of(self, call: Call, ident: str) -> int | None:
        return call.mailing.kept.number(call.account, self.kind, SINGLETON) if ident == SINGLETON else None

    async def there(self, call: Call, ids: list[int] | None = None) -> tuple[ObjectStates, list[Known]]:
        state, found = await super().there(call, ids)
        if not found and (ids is None or ids):
            number = self.number_of(call, SINGLETON) or 0
            found = [Known(SINGLETON, number, {name: one.default for name, one in self.properties.items()})]
        return state, found

    async def changes(self, call: Call) -> dict[str, Any]:
        """It was always there, so it is never created."""
        told = await super().changes(call)
        return told | {"created": [], "updated": sorted({*told["created"], *told["updated"]})}

    async def judge(self, work: Work, ident: str, values: dict[str, Any], before: Known | None) -> None:
        del work, ident
        if before is None:
            raise Bad("singleton", "there is one, always")
        for name in ("fromDate", "toDate"):
            if values[name] is not None:
                values[name] = utc(utc_ms(values[name], name))

    async def may_destroy(self, work: Work, one: Known) -> None:
        del work, one
        raise Bad("singleton", "there is one, always")


VACATIONS: Final = VacationResponses()
