"""Principal methods (RFC 9670 §2): who else is here. Nobody is made or changed by JMAP: Principal/set refuses each wish (§2.3)."""

from typing import Any, Final

from mailstead.model import ids as wire
from mailstead.model import limits
from mailstead.model.ids import AccountId
from mailstead.model.object import KeptObject, ObjectStates
from mailstead.model.person import Person
from mailstead.server.http.jmap.kept_type import Bad, Filters, Known, Property, Work
from mailstead.server.http.jmap.standard import Call, MethodError, invalid
from mailstead.server.http.jmap.unmade_type import UnmadeType
from mailstead.service.sharing import Reach

CAPABILITY: Final = "urn:ietf:params:jmap:principals"
OWNER: Final = "urn:ietf:params:jmap:principals:owner"
LETTER: Final = "p"
_TEXTS: Final = ("name", "email")


def capabilities(account: AccountId) -> dict[str, Any]:
    """Of an account that belongs to somebody (RFC 9670 §1.5)."""
    return {CAPABILITY: {"currentUserPrincipalId": wire.to_wire(LETTER, account)}, **owned(account)}


def owned(account: AccountId) -> dict[str, Any]:
    """Whose an account is (RFC 9670 §1.5.2)."""
    return {OWNER: {"accountIdForPrincipal": wire.to_wire(wire.ACCOUNT, account), "principalId": wire.to_wire(LETTER, account)}}


def _has(one: dict[str, Any], value: Any, *names: str) -> bool:
    if not isinstance(value, str) or len(value) > limits.JMAP_FILTER_TEXT:
        raise invalid("a filter's text is a text")
    return any(value.casefold() in str(one[name]).casefold() for name in names)


_FILTERS: Final[Filters] = {
    "accountIds": lambda one, value: isinstance(value, list) and any(account in value for account in one["accounts"] or ()),
    "name": lambda one, value: _has(one, value, "name"), "email": lambda one, value: _has(one, value, "email"), "text": lambda one, value: _has(one, value, *_TEXTS),
    "type": lambda one, value: one["type"] == value, "timeZone": lambda one, value: one["timeZone"] == value,
}


def _is_none(_: Any) -> bool:
    return False


class PrincipalType(UnmadeType):
    """The type, of which the directory is the keeper."""

    properties = {  # noqa: RUF012 - never changed
        name: Property(_is_none, is_ours=True) for name in ("type", "name", "description", "email", "timeZone", "capabilities", "accounts")}
    filters = _FILTERS
    sorts = ("name", "email", "type")
    why_unmade = "people come and go by the administrator's hand"
    why_unchanged = "what is known of people is the administrator's matter"

    def id_of(self, one: KeptObject) -> str:
        return wire.to_wire(LETTER, one.object_id)

    def number_of(self, call: Call, ident: str) -> int | None:
        del call
        return wire.from_wire(LETTER, ident)

    async def kept(self, call: Call, ids: list[int] | None = None, *, after: int = 0) -> ObjectStates:
        found = (await call.mailing.principals.seen_by(call.account)).states
        wanted = None if ids is None else frozenset(ids)
        return ObjectStates(found.state, tuple(
            one for one in found.objects if one.modseq > after and (wanted is None or one.object_id in wanted)))

    async def shown(self, call: Call, found: list[KeptObject]) -> list[Known]:
        there = (await call.mailing.principals.seen_by(call.account)).there
        reached = {one.owner.account_id: one for one in await call.mailing.sharing.reached(call.account)}
        return [
            Known(self.id_of(one), one.object_id, _values(call, one.object_id, there[one.object_id], reached.get(AccountId(one.object_id))))
            for one in found if one.object_id in there
        ]

    async def may_destroy(self, work: Work, one: Known) -> None:
        del work, one
        raise Bad("forbidden", self.why_unmade)

    async def query_changes(self, call: Call) -> dict[str, Any]:
        _check(call)
        return await super().query_changes(call)

    async def query(self, call: Call) -> dict[str, Any]:
        _check(call)
        return await super().query(call)


def _check(call: Call) -> None:
    given = call.arguments.get("filter")
    if given is not None and not isinstance(given, dict):
        raise MethodError("invalidArguments", "a filter is an object")


def _values(call: Call, number: int, person: Person, reach: Reach | None) -> dict[str, Any]:
    """``reach``: how the caller may use this person's account, where something of it is shared."""
    accounts = None
    if number == call.account or reach is not None:
        account: dict[str, Any] = {
            "name": person.address, "isPersonal": reach is None, "isReadOnly": reach is not None and not reach.may_write,
            "accountCapabilities": call.mailing.capabilities_of(AccountId(number), reach),
        }
        accounts = {wire.to_wire(wire.ACCOUNT, number): account}
    return {
        "type": "individual", "name": person.name or person.address, "description": None, "email": person.address, "timeZone": None,
        "capabilities": {}, "accounts": accounts,
    }  # fmt: skip


PRINCIPALS: Final = PrincipalType()
