"""ShareNotification (RFC 9670 §3): that one's rights in something of somebody else have changed. The server makes them, a client takes them away.

They are kept in the account of the one who is told, the last ``limits.SHARE_NOTIFICATIONS`` of them.
"""

from typing import Any, Final

from mailstead.model import ids as wire
from mailstead.model.object import KeptObject, ObjectKind
from mailstead.model.sharing import Right
from mailstead.protocol.jmap.mail import rights as names
from mailstead.protocol.jmap.mail.email import utc
from mailstead.protocol.jmap.mail.filters import BadFilter, utc_ms
from mailstead.server.http.jmap.kept_type import Filters, Known, Property
from mailstead.server.http.jmap.principal import LETTER
from mailstead.server.http.jmap.standard import Call, invalid
from mailstead.server.http.jmap.unmade_type import UnmadeType
from mailstead.service.sharing import decode


def _at(value: Any, name: str) -> int:
    try:
        return utc_ms(value, name)
    except BadFilter as exc:
        raise invalid(str(exc)) from None


_FILTERS: Final[Filters] = {
    "after": lambda one, value: value is None or utc_ms(one["created"], "created") >= _at(value, "after"),
    "before": lambda one, value: value is None or utc_ms(one["created"], "created") < _at(value, "before"),
    "objectType": lambda one, value: one["objectType"] == value, "objectAccountId": lambda one, value: one["objectAccountId"] == value,
}


class ShareNotificationType(UnmadeType):
    """The type."""

    kind = ObjectKind.SHARE_NOTIFICATION
    properties = {  # noqa: RUF012 - never changed
        name: Property(lambda _: False, is_ours=True)
        for name in ("created", "changedBy", "objectType", "objectAccountId", "objectId", "oldRights", "newRights", "name")}
    filters = _FILTERS
    sorts = ("created",)
    why_unmade = "the server makes these"
    why_unchanged = "these never change"

    async def shown(self, call: Call, found: list[KeptObject]) -> list[Known]:
        del call
        return [Known(self.id_of(one), one.object_id, _values(one.doc)) for one in found]


def _values(doc: bytes) -> dict[str, Any]:
    one = decode(doc)
    return {
        "created": utc(one.at_ms), "changedBy": {"name": one.by_name, "email": one.by_address or None, "principalId": wire.to_wire(LETTER, one.by)},
        "objectType": "Mailbox", "objectAccountId": wire.to_wire(wire.ACCOUNT, one.owner), "objectId": wire.to_wire(wire.MAILBOX, one.mailbox),
        "oldRights": names.shown(Right(one.old)) if one.old else None, "newRights": names.shown(Right(one.new)) if one.new else None, "name": one.name,
    }


SHARE_NOTIFICATIONS: Final = ShareNotificationType()
