"""Quota/get, changes, query and queryChanges (RFC 9425).

An account has at most two quotas, of octets and of messages. Their state is what they say, so everything that changed is told from the state itself.
"""

from typing import Any, Final

from mailstead.model.query import AnchorNotFound, stretch
from mailstead.server.http.jmap.dispatch import MAIL
from mailstead.server.http.jmap.kept_type import Filters, filter_test
from mailstead.server.http.jmap.mailbox import window_of
from mailstead.server.http.jmap.standard import (
    Call,
    MethodError,
    bound_moves,
    comparators,
    flag,
    maximum,
    properties,
    text,
    wanted_ids,
)

PROPERTIES: Final = ("id", "resourceType", "used", "hardLimit", "warnLimit", "softLimit", "scope", "name", "description", "types")
_SORTS: Final = ("name", "used")
_FILTERS: Final[Filters] = {
    "name": lambda one, value: isinstance(value, str) and value.casefold() in one["name"].casefold(),
    "scope": lambda one, value: value == one["scope"],
    "resourceType": lambda one, value: value == one["resourceType"],
    "type": lambda one, value: value in one["types"],
}
_IDS: Final = ("octets", "count")
_NAMES: Final = {"octets": "Storage", "count": "Messages"}
Says = tuple[tuple[int, int], ...]
"""(used, limit) of each; a limit of 0: there is none."""


def _state(says: Says) -> str:
    return "-".join(f"{used}-{most}" for used, most in says)


def _said(state: str) -> Says:
    """What the quotas said. Raises ``cannotCalculateChanges``."""
    parts = state.split("-")
    if len(parts) != 2 * len(_IDS) or not all(part.isascii() and part.isdigit() and len(part) <= 19 for part in parts):  # noqa: PLR2004
        raise MethodError("cannotCalculateChanges", "this state is not known")
    return tuple((int(parts[at]), int(parts[at + 1])) for at in range(0, len(parts), 2))


async def _now(call: Call) -> Says:
    return _said((await call.mailing.emails.quota(call.account)).state)


def _objects(call: Call, says: Says) -> dict[str, dict[str, Any]]:
    """Those that apply to a type whose capability the request uses: to whoever does not know mail there is none (RFC 9425 §4.1)."""
    if MAIL not in call.using:
        return {}
    return {
        ident: {
            "id": ident, "resourceType": ident, "used": used, "hardLimit": most, "warnLimit": most * 9 // 10, "softLimit": None,
            "scope": "account", "name": _NAMES[ident], "description": None, "types": ["Mail", "Email"],
        }
        for ident, (used, most) in zip(_IDS, says, strict=True) if most
    }  # fmt: skip


async def get(call: Call) -> dict[str, Any]:
    """RFC 9425 §4.2."""
    names = properties(call.arguments, PROPERTIES)
    asked = wanted_ids(call.arguments)
    now = await _now(call)
    found = _objects(call, now)
    listed = list(found) if asked is None else [ident for ident in asked if ident in found]
    return {
        "accountId": call.account_id, "state": _state(now), "list": [{name: found[ident][name] for name in names} for ident in listed],
        "notFound": [] if asked is None else [ident for ident in asked if ident not in found],
    }  # fmt: skip


async def changes(call: Call) -> dict[str, Any]:
    """RFC 9425 §4.3. A page that is not the last has a state in which the other quota says what it said."""
    old = text(call.arguments, "sinceState")
    before, now = _said(old), await _now(call)
    moved = [n for n in range(len(_IDS)) if before[n] != now[n]]
    page = moved[: maximum(call.arguments) or len(moved)]
    new = tuple(now[n] if n in page or n not in moved else before[n] for n in range(len(_IDS)))
    had, has = _objects(call, before), _objects(call, new)
    updated = [ident for ident in _IDS if ident in had and ident in has and had[ident] != has[ident]]
    is_used_only = all(had[ident]["hardLimit"] == has[ident]["hardLimit"] for ident in updated)
    return {
        "accountId": call.account_id, "oldState": old, "newState": _state(new), "hasMoreChanges": len(page) < len(moved),
        "created": [ident for ident in _IDS if ident in has and ident not in had], "updated": updated,
        "destroyed": [ident for ident in _IDS if ident in had and ident not in has],
        "updatedProperties": ["used"] if updated and is_used_only else None,
    }  # fmt: skip


def _answer(call: Call, says: Says) -> list[str]:
    test = filter_test(call.arguments.get("filter"), _FILTERS)
    listed = [one for one in _objects(call, says).values() if test(one)]
    for name, falls in reversed(comparators(call.arguments, _SORTS)):
        listed.sort(key=lambda one, by=name: one[by], reverse=falls)  # type: ignore[misc]
    return [one["id"] for one in listed]


async def query(call: Call) -> dict[str, Any]:
    """RFC 9425 §4.4."""
    now = await _now(call)
    ids = _answer(call, now)
    anchor = call.arguments.get("anchor")
    window = window_of(call.arguments, _IDS.index(anchor) if anchor in _IDS else None)
    try:
        start, page = stretch([_IDS.index(ident) for ident in ids], window)
    except AnchorNotFound:
        raise MethodError("anchorNotFound") from None
    return {
        "accountId": call.account_id, "queryState": _state(now), "canCalculateChanges": True, "position": start, "ids": [_IDS[one] for one in page],
        **({"total": len(ids)} if window.total else {}),
    }  # fmt: skip


async def query_changes(call: Call) -> dict[str, Any]:
    """RFC 9425 §4.5: what moved is taken out, and put in where it belongs now."""
    old = text(call.arguments, "sinceQueryState")
    before, now = _said(old), await _now(call)
    had, has = _answer(call, before), _answer(call, now)
    moved = {ident for n, ident in enumerate(_IDS) if before[n] != now[n]}
    removed = [ident for ident in had if ident in moved]
    added = [{"id": ident, "index": place} for place, ident in enumerate(has) if ident in moved]
    bound_moves(call.arguments, len(removed) + len(added))
    return {
        "accountId": call.account_id, "oldQueryState": old, "newQueryState": _state(now), "removed": removed, "added": added,
        **({"total": len(has)} if flag(call.arguments, "calculateTotal") else {}),
    }  # fmt: skip
