"""Quota/get, changes, query and queryChanges (RFC 9425).

An account has at most two quotas, of octets and of messages. Their state is what they say, so changes are told from the
state itself.
"""

from typing import Any, Final

from mailstead.model.query import AnchorNotFound, stretch
from mailstead.server.http.jmap.mailbox import window_of
from mailstead.server.http.jmap.standard import Call, MethodError, flag, invalid, properties, text, wanted_ids

PROPERTIES: Final = ("id", "resourceType", "used", "hardLimit", "warnLimit", "softLimit", "scope", "name", "description", "types")
_SORTS: Final = ("name", "used")
_FILTERS: Final = ("name", "scope", "resourceType", "type")


async def _quotas(call: Call) -> tuple[str, dict[str, dict[str, Any]]]:
    """The state, and the quotas by id; what has no limit has none."""
    now = await call.mailing.emails.quota(call.account)
    found = {}
    for ident, kind, used, most, name in (
        ("octets", "octets", now.used_octets, now.max_octets, "Storage"), ("count", "count", now.used_messages, now.max_messages, "Messages"),
    ):
        if most:
            found[ident] = {
                "id": ident, "resourceType": kind, "used": used, "hardLimit": most, "warnLimit": most * 9 // 10, "softLimit": None,
                "scope": "account", "name": name, "description": None, "types": ["Mail", "Email"],
            }
    return f"{now.used_octets}-{now.used_messages}-{now.max_octets}-{now.max_messages}", found


async def get(call: Call) -> dict[str, Any]:
    """RFC 9425 §4.2."""
    names = properties(call.arguments, PROPERTIES)
    asked = wanted_ids(call.arguments)
    state, found = await _quotas(call)
    listed = list(found) if asked is None else [ident for ident in asked if ident in found]
    return {
        "accountId": call.account_id, "state": state, "list": [{name: found[ident][name] for name in names} for ident in listed],
        "notFound": [] if asked is None else [ident for ident in asked if ident not in found],
    }


async def changes(call: Call) -> dict[str, Any]:
    """RFC 9425 §4.3."""
    old = text(call.arguments, "sinceState")
    before = old.split("-")
    if len(before) != 4 or not all(one.isascii() and one.isdigit() for one in before):  # noqa: PLR2004
        raise MethodError("cannotCalculateChanges", "this state is not known")
    new, now = await _quotas(call)
    after = new.split("-")
    had = {ident for ident, most in (("octets", before[2]), ("count", before[3])) if most != "0"}
    moved = [ident for ident, n in (("octets", 0), ("count", 1)) if (before[n], before[n + 2]) != (after[n], after[n + 2])]
    updated = [ident for ident in moved if ident in had and ident in now]
    is_used_only = before[2:] == after[2:]
    return {
        "accountId": call.account_id, "oldState": old, "newState": new, "hasMoreChanges": False,
        "created": [ident for ident in now if ident not in had], "updated": updated, "destroyed": sorted(had - now.keys()),
        "updatedProperties": ["used"] if updated and is_used_only else None,
    }


def _answer(call: Call, found: dict[str, dict[str, Any]]) -> list[str]:
    tree = call.arguments.get("filter") or {}
    if not isinstance(tree, dict):
        raise invalid("a filter is an object")
    for name in tree:
        if name not in _FILTERS:
            raise MethodError("unsupportedFilter", f"{name[:100]} is no filter known here")
    listed = [one for one in found.values() if _meets(one, tree)]
    sort = call.arguments.get("sort") or []
    if not isinstance(sort, list):
        raise invalid("sort is a list of comparators")
    for comparator in reversed(sort):
        if not isinstance(comparator, dict) or comparator.get("property") not in _SORTS:
            raise MethodError("unsupportedSort", "quotas are sorted by name or used")
        listed.sort(key=lambda one, by=comparator["property"]: one[by], reverse=not flag(comparator, "isAscending", default=True))  # type: ignore[misc]
    return [one["id"] for one in listed]


def _meets(quota: dict[str, Any], tree: dict[str, Any]) -> bool:
    return all((
        "name" not in tree or str(tree["name"]).casefold() in quota["name"].casefold(), tree.get("scope", "account") == "account",
        tree.get("resourceType", quota["resourceType"]) == quota["resourceType"], tree.get("type", "Email") in quota["types"],
    ))


async def query(call: Call) -> dict[str, Any]:
    """RFC 9425 §4.4."""
    state, found = await _quotas(call)
    ids = _answer(call, found)
    window = window_of(call.arguments, None)
    try:
        start, page = stretch(ids, window)  # type: ignore[arg-type]
    except AnchorNotFound:  # pragma: no cover - ``window_of`` refuses an anchor that is no number
        raise MethodError("anchorNotFound") from None
    return {
        "accountId": call.account_id, "queryState": state, "canCalculateChanges": False, "position": start, "ids": page,
        **({"total": len(ids)} if window.total else {}),
    }


async def query_changes(call: Call) -> dict[str, Any]:
    """RFC 9425 §4.5: two objects are asked for anew."""
    state, _ = await _quotas(call)
    if text(call.arguments, "sinceQueryState") != state:
        raise MethodError("cannotCalculateChanges")
    return {"accountId": call.account_id, "oldQueryState": state, "newQueryState": state, "removed": [], "added": []}
