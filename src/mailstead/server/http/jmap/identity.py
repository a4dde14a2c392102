"""Identity methods (RFC 8621 §6).

Every address of the account has an identity that follows it: it is there while the address is, cannot be destroyed, and has what its owner says about it
(a name, signatures). Further ones may be made for the same addresses. All are objects of the account; those of addresses are made and taken
away when somebody looks, so that states and changes are exact.
"""

from typing import Any, Final

import msgspec

from mailstead.model import ids as wire
from mailstead.model.errors import Reason, Refusal
from mailstead.model.object import KeptObject, ObjectKind, ObjectStates, ObjectWrite
from mailstead.server.http.jmap.dispatch import Calling
from mailstead.server.http.jmap.kept_type import LETTER, Bad, KeptType, Known, Property, Work, is_text, or_null
from mailstead.server.http.jmap.standard import Call

PROPERTIES: Final = ("id", "name", "email", "replyTo", "bcc", "textSignature", "htmlSignature", "mayDelete")
_SIGNATURE: Final = 20_000
_ADDRESSES: Final = 100
_TRIES: Final = 5


def _is_addresses(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= _ADDRESSES and all(
        isinstance(one, dict) and one.keys() <= {"name", "email"} and isinstance(one.get("email"), str) and "@" in one["email"]
        and isinstance(one.get("name"), str | None)
        for one in value
    )


class Identities(KeptType):
    """The type. ``ident`` in a document: the id of an address's own identity."""

    kind = ObjectKind.IDENTITY
    properties = {  # noqa: RUF012 - never changed
        "name": Property(is_text(500), default=""), "email": Property(is_text(320, 3), is_needed=True, is_fixed=True),
        "replyTo": Property(or_null(_is_addresses)), "bcc": Property(or_null(_is_addresses)),
        "textSignature": Property(is_text(_SIGNATURE), default=""), "htmlSignature": Property(is_text(_SIGNATURE), default=""),
        "mayDelete": Property(lambda _: False, default=True, is_ours=True),
    }
    filters = {"email": lambda one, value: one["email"] == value}  # noqa: RUF012 - never changed
    sorts = ("name", "email")
    most = 200

    def id_of(self, one: KeptObject) -> str:
        ident = msgspec.json.decode(one.doc).get("ident") if one.doc else None
        return ident if isinstance(ident, str) else wire.to_wire(LETTER, one.object_id)

    def number_of(self, call: Call, ident: str) -> int | None:
        return call.mailing.kept.number(call.account, self.kind, ident) if ident.startswith("i") else wire.from_wire(LETTER, ident)

    async def shown(self, call: Call, found: list[KeptObject]) -> list[Known]:
        known = await super().shown(call, found)
        for one in known:
            one.values.pop("ident", None)
            one.values["mayDelete"] = not one.ident.startswith("i")
        return known

    async def there(self, call: Call, ids: list[int] | None = None) -> tuple[ObjectStates, list[Known]]:
        await self.follow(call)
        return await super().there(call, ids)

    async def changes(self, call: Call) -> dict[str, Any]:
        await self.follow(call)
        return await super().changes(call)

    async def follow(self, call: Call) -> None:
        """Make the identities of addresses what the addresses are."""
        if not isinstance(call, Calling):
            return
        wanted = {one.ident: one for one in await call.sending.identities(call.principal)}
        for _ in range(_TRIES):
            now = await call.mailing.kept.of(call.account, self.kind)
            docs = {one.object_id: msgspec.json.decode(one.doc) for one in now.objects if not one.gone}
            there = {doc["ident"] for doc in docs.values() if "ident" in doc}
            writes = [
                ObjectWrite(self.number_of(call, ident) or 0, msgspec.json.encode({"ident": ident, "email": one.email, "name": one.name}))
                for ident, one in wanted.items() if ident not in there
            ]
            writes += [
                ObjectWrite(number, msgspec.json.encode(doc), gone=True) for number, doc in docs.items() if "ident" in doc and doc["ident"] not in wanted]
            if not writes:
                return
            try:
                if await call.mailing.kept.set(call.account, self.kind, writes, at=now.state.modseq):
                    return
            except Refusal as exc:
                if exc.reason is Reason.ACCOUNT_SUSPENDED:
                    return  # it can be read as it is
                raise

    async def judge(self, work: Work, ident: str, values: dict[str, Any], before: Known | None) -> None:
        """An identity is of an address from which one may send (``forbiddenFrom``, RFC 8621 §6.3)."""
        del ident
        values["mayDelete"] = before is None or before.values["mayDelete"]
        if before is None and isinstance(work.call, Calling) and not await work.call.sending.may_write_as(work.call.principal, values["email"]):
            raise Bad("forbiddenFrom", "you may not write from this address")

    async def write(self, work: Work, object_id: int, values: dict[str, Any], before: Known | None) -> ObjectWrite:
        kept = await super().write(work, object_id, {name: value for name, value in values.items() if name != "mayDelete"}, before)
        doc = msgspec.json.decode(kept.doc)
        if before is not None and before.ident.startswith("i"):
            doc["ident"] = before.ident
        return ObjectWrite(object_id, msgspec.json.encode(doc))

    async def may_destroy(self, work: Work, one: Known) -> None:
        del work
        if not one.values["mayDelete"]:
            raise Bad("forbidden", "this identity stays while you have the address")


IDENTITIES: Final = Identities()


async def of_id(call: Calling, ident: Any) -> dict[str, Any] | None:
    """One identity; None: there is none such."""
    number = IDENTITIES.number_of(call, ident) if isinstance(ident, str) else None
    if number is None:
        return None
    _, found = await IDENTITIES.there(call, [number])
    return next(({"id": one.ident, **one.values} for one in found if one.ident == ident), None)
