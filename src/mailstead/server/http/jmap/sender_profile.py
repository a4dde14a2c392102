"""SenderProfile: what one has decided about somebody who writes (docs/reference/jmap-extensions.md). ``rejected`` acts at delivery (``service.delivery``)."""

from typing import Any, Final

from mailstead.model.address import Address
from mailstead.model.object import ObjectKind
from mailstead.server.http.jmap.kept_type import (
    Bad,
    KeptType,
    Known,
    Property,
    Work,
    is_flag,
    is_text,
    one_of,
    or_null,
)
from mailstead.server.http.jmap.standard import Call


class SenderProfiles(KeptType):
    """The type. There is one for an address, so the address makes its number."""

    kind = ObjectKind.SENDER_PROFILE
    properties = {  # noqa: RUF012 - never changed
        "address": Property(is_text(320, 2), is_needed=True, is_fixed=True),
        "screened": Property(or_null(one_of("accepted", "rejected", "feed", "paper"))), "images": Property(or_null(one_of("always", "proxy", "never"))),
        "darkMode": Property(or_null(is_flag)), "receipts": Property(or_null(one_of("ask", "never"))), "note": Property(or_null(is_text(4_000))),
    }
    filters = {  # noqa: RUF012 - never changed
        "screened": lambda one, value: one["screened"] == value, "images": lambda one, value: one["images"] == value,
        "address": lambda one, value: one["address"] == (key_of(value) if isinstance(value, str) else None),
        "text": lambda one, value: str(value).casefold() in one["address"],
    }
    sorts = ("address", "screened")

    def new_number(self, call: Call, values: dict[str, Any]) -> int:
        return call.mailing.kept.number(call.account, self.kind, values["address"])

    async def judge(self, work: Work, ident: str, values: dict[str, Any], before: Known | None) -> None:
        del work, ident, before
        key = key_of(values["address"])
        if key is None:
            raise Bad("invalidProperties", "an address is local@domain, or @domain for everybody there", "address")
        values["address"] = key


def key_of(address: str) -> str | None:
    """An address, or ``@domain``, as it is compared; None: it is neither."""
    local, at, domain = address.strip().rpartition("@")
    if not at or not domain or any(ord(character) <= 0x20 for character in address.strip()):  # noqa: PLR2004 - blanks and controls
        return None
    return Address(local, domain).key if local else Address("x", domain).key.removeprefix("x")


SENDER_PROFILES: Final = SenderProfiles()
