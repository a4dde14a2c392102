"""SavedSearch: filters that have a name, and may stand in other filters (docs/reference/jmap-extensions.md)."""

from typing import Any, Final

import msgspec

from mailstead.model import limits
from mailstead.model.object import ObjectKind
from mailstead.protocol.jmap.mail.filters import (
    IN_THREAD,
    BadFilter,
    Filters,
    comparators,
    within,
)
from mailstead.server.http.jmap.kept_type import (
    Bad,
    KeptType,
    Known,
    Property,
    Work,
    is_flag,
    is_id,
    is_number,
    is_text,
    one_of,
    or_null,
)
from mailstead.server.http.jmap.standard import Call, MethodError, mailbox
from mailstead.server.http.jmap.standard import resolved as named

IN: Final = "inSavedSearch"


class SavedSearches(KeptType):
    """The type."""

    kind = ObjectKind.SAVED_SEARCH
    properties = {  # noqa: RUF012 - never changed
        "name": Property(is_text(200, 1), is_needed=True), "parentId": Property(or_null(is_id)),
        "filter": Property(or_null(lambda value: isinstance(value, dict)), is_needed=True), "inheritParent": Property(is_flag, default=False),
        "sort": Property(or_null(lambda value: isinstance(value, list))), "icon": Property(or_null(is_text(100))), "color": Property(or_null(is_text(50))),
        "count": Property(one_of("unread", "total", "none"), default="unread"), "notify": Property(is_flag, default=False),
        "sortOrder": Property(is_number, default=0),
    }
    filters = {  # noqa: RUF012 - never changed
        "parentId": lambda one, value: one["parentId"] == value, "name": lambda one, value: str(value).casefold() in one["name"].casefold()}
    sorts = ("name", "sortOrder")

    async def judge(self, work: Work, ident: str, values: dict[str, Any], before: Known | None) -> None:
        """The filter must be one, and what it stands on must be there and not stand on it."""
        if values["parentId"] is not None:
            values["parentId"] = work.resolved(values["parentId"])
            if values["parentId"] not in work.known:
                raise Bad("invalidProperties", "there is no such parent", "parentId")
        searches = {one.ident: one.values for one in work.known.values()}
        own = ident or "#"
        searches[own] = values
        try:
            tree = _expanded(searches, own, (), set())
            Filters(lambda name: mailbox(work.call, name)).condition(tree)
        except BadFilter as exc:
            raise Bad("invalidProperties", str(exc), "filter") from None
        if ident and _is_above(searches, ident, values["parentId"]):
            raise Bad("invalidProperties", "a search cannot be below itself", "parentId")
        try:
            comparators(values["sort"])
        except BadFilter as exc:
            raise Bad("invalidProperties", str(exc), "sort") from None
        del before

    async def may_destroy(self, work: Work, one: Known) -> None:
        """Not while another stands on it."""
        others = [each for each in work.known.values() if each.ident != one.ident]
        if any(each.values["parentId"] == one.ident or one.ident in _named(each.values["filter"]) for each in others):
            raise Bad("savedSearchInUse", "another saved search stands on this one")


SAVED_SEARCHES: Final = SavedSearches()


def _is_above(searches: dict[str, dict[str, Any]], ident: str, parent: str | None) -> bool:
    for _ in range(len(searches)):
        if parent is None or parent == ident:
            break
        parent = searches[parent]["parentId"] if parent in searches else None
    return parent == ident


def _named(tree: Any, depth: int = 0) -> set[str]:
    """The saved searches that a filter names."""
    if not isinstance(tree, dict) or depth > limits.JMAP_FILTER_DEPTH:
        return set()
    found: set[str] = set().union(*(_named(one, depth + 1) for one in within(tree)))
    return found | {tree[IN]} if isinstance(tree.get(IN), str) else found


def _expanded(searches: dict[str, dict[str, Any]], ident: str, within: tuple[str, ...], used: set[str]) -> Any:
    """The filter of a saved search with those in it put in. Raises ``BadFilter``."""
    if ident not in searches:
        raise BadFilter("there is no such saved search")
    if ident in within or len(within) >= limits.SAVED_SEARCH_DEPTH:
        raise BadFilter(f"saved searches stand in one another in a circle, or more than {limits.SAVED_SEARCH_DEPTH} deep")
    used.add(ident)
    values = searches[ident]
    tree = put_in(values["filter"], lambda name: _expanded(searches, name, (*within, ident), used))
    if not values["inheritParent"] or values["parentId"] is None:
        return tree
    above = _expanded(searches, values["parentId"], (*within, ident), used)
    return {"operator": "AND", "conditions": [above, tree]}


def put_in(tree: Any, expand: Any, depth: int = 0) -> Any:
    """A filter in which every ``inSavedSearch`` is what it stands for."""
    if not isinstance(tree, dict) or depth > limits.JMAP_FILTER_DEPTH:
        return tree
    if isinstance(tree.get("conditions"), list):
        return {**tree, "conditions": [put_in(one, expand, depth + 1) for one in tree["conditions"]]}
    if IN_THREAD in tree:
        tree = {**tree, IN_THREAD: put_in(tree[IN_THREAD], expand, depth + 1)}
    if IN not in tree:
        return tree
    if not isinstance(tree[IN], str):
        raise BadFilter(f"{IN} is an id")
    inner = expand(tree[IN])
    rest = {name: value for name, value in tree.items() if name != IN}
    return {"operator": "AND", "conditions": [rest, inner]} if rest else inner


def is_used(tree: Any) -> bool:
    """Whether a filter names saved searches."""
    return bool(_named(tree))


async def resolved(call: Call, tree: Any) -> tuple[Any, str]:
    """A filter with its saved searches put in, and what changes when one of them does; "" where there are none."""
    if not is_used(tree):
        return tree, ""
    now, found = await SAVED_SEARCHES.there(call)
    searches = {one.ident: one.values for one in found}
    used: set[str] = set()
    try:
        tree = put_in(tree, lambda ident: _expanded(searches, named(call, ident), (), used))
    except BadFilter as exc:
        raise MethodError("invalidArguments", str(exc)) from None
    numbers = {one.object_id for one in found if one.ident in used}
    newest = max((one.modseq for one in now.objects if one.object_id in numbers), default=0)
    return msgspec.json.decode(msgspec.json.encode(tree)), f"~{newest}"
