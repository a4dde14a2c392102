"""The standard methods of a type whose objects are small documents of the account (RFC 8620 §5): get, changes, set, query, queryChanges.

A type says which properties there are and what they may be; a subclass judges what goes beyond one property. Documents are the objects as JSON
without their id. A set looks, judges and writes; where somebody else was faster it looks again.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import msgspec

from mailstead.model import ids as wire
from mailstead.model import limits
from mailstead.model.email import Position
from mailstead.model.object import KeptObject, ObjectKind, ObjectStates, ObjectWrite
from mailstead.model.query import AnchorNotFound, Window, stretch
from mailstead.server.http.jmap.standard import (
    MAX_GET,
    Call,
    MethodError,
    Outcome,
    Wanted,
    bound_moves,
    check_state,
    comparators,
    flag,
    invalid,
    maximum,
    need_write,
    number,
    patched,
    properties,
    resolved,
    set_error,
    since,
    text,
    wanted_ids,
)

LETTER: Final = "o"
"""What ids of our own objects begin with."""
_TRIES: Final = 5
_DEPTH: Final = 10
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,255}")


Filters = Mapping[str, Callable[[dict[str, Any], Any], bool]]
"""By name, a test of an object's values against the condition's."""


class Bad(Exception):  # noqa: N818 - a SetError on its way
    """One object cannot be what is wished."""

    def __init__(self, kind: str, why: str = "", *names: str, **more: Any) -> None:
        super().__init__(why)
        self.error = set_error(kind, why, properties=names, **more)


@dataclass(frozen=True, slots=True)
class Property:
    """``may_be``: whether a value is one of this property's. ``is_fixed``: only a creation sets it; ``is_ours``: only the server does."""

    may_be: Callable[[Any], bool]
    default: Any = None
    is_needed: bool = False
    is_fixed: bool = False
    is_ours: bool = False


def is_text(most: int = 1_000, least: int = 0) -> Callable[[Any], bool]:
    """A text of so many characters."""
    return lambda value: isinstance(value, str) and least <= len(value) <= most


def is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 31


def is_id(value: Any) -> bool:
    """An id, or a reference to a creation."""
    return isinstance(value, str) and _ID.fullmatch(value.removeprefix("#")) is not None


def one_of(*values: str) -> Callable[[Any], bool]:
    return lambda value: value in values and isinstance(value, str)


def or_null(may_be: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or may_be(value)


@dataclass(frozen=True, slots=True)
class Known:
    """An object as it stands."""

    ident: str
    object_id: int
    values: dict[str, Any]


@dataclass(slots=True)
class Work:
    """A /set in the making. ``known``: what is there, with what this call has made of it."""

    call: Call
    known: dict[str, Known]
    writes: dict[str, ObjectWrite] = field(default_factory=dict)
    outcome: Outcome = field(default_factory=Outcome)
    created: dict[str, str] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    """What a type wants to know again for the next object."""

    def resolved(self, ident: str) -> str:
        """``standard.resolved``, with what this call has made."""
        return self.created.get(ident[1:], resolved(self.call, ident)) if ident.startswith("#") else ident


class KeptType:
    """``sorts``: properties that can be sorted by."""

    kind: ObjectKind
    properties: Mapping[str, Property]
    filters: Filters = MappingProxyType({})
    sorts: tuple[str, ...] = ()
    most: int = limits.KEPT_OBJECTS

    # ------------------------------------------------------------------------------------------------- for subclasses
    def id_of(self, one: KeptObject) -> str:
        """The id on the wire."""
        return wire.to_wire(LETTER, one.object_id)

    def number_of(self, call: Call, ident: str) -> int | None:
        """The number behind an id; None: it is none of ours."""
        del call
        return wire.from_wire(LETTER, ident)

    def new_number(self, call: Call, values: dict[str, Any]) -> int:
        """The number of an object to be made."""
        del values
        return call.mailing.new_id()

    async def shown(self, call: Call, found: list[KeptObject]) -> list[Known]:
        """Objects with the values of all properties."""
        del call
        return [
            Known(self.id_of(one), one.object_id, {name: known.default for name, known in self.properties.items()} | msgspec.json.decode(one.doc))
            for one in found
        ]

    async def judge(self, work: Work, ident: str, values: dict[str, Any], before: Known | None) -> None:
        """May change ``values``. Raises ``Bad``."""

    async def write(self, work: Work, object_id: int, values: dict[str, Any], before: Known | None) -> ObjectWrite:
        """How an object is kept."""
        del work, before
        doc = {name: value for name, value in values.items() if value != self.properties[name].default or self.properties[name].is_needed}
        return ObjectWrite(object_id, msgspec.json.encode(doc))

    async def may_destroy(self, work: Work, one: Known) -> None:
        """Raises ``Bad``."""

    def order(self, values: dict[str, Any], name: str) -> tuple[bool, Any]:
        """What an object is sorted by."""
        return _order(values[name])

    def after_destroy(self, work: Work, one: Known) -> None:
        """What goes with it."""

    # ------------------------------------------------------------------------------------------------- reading
    async def kept(self, call: Call, ids: list[int] | None = None, *, after: int = 0) -> ObjectStates:
        """Objects, those that are gone as well: the named, or all that have moved after a modseq."""
        return await call.mailing.kept.of(call.account, self.kind, ids, after=after)

    async def there(self, call: Call, ids: list[int] | None = None) -> tuple[ObjectStates, list[Known]]:
        """What is there, and where the kind stands."""
        now = await self.kept(call, ids)
        return now, await self.shown(call, [one for one in now.objects if not one.gone])

    def shaping(self, call: Call) -> Callable[[dict[str, Any]], dict[str, Any]]:
        """What is shown of an object, by the properties that are asked for."""
        names = properties(call.arguments, ("id", *self.properties))
        return lambda values: {name: values[name] for name in names}

    async def get(self, call: Call) -> dict[str, Any]:
        """RFC 8620 §5.1."""
        shape = self.shaping(call)
        asked = wanted_ids(call.arguments)
        numbers = None if asked is None else [one for ident in asked if (one := self.number_of(call, ident)) is not None]
        now, found = await self.there(call, numbers)
        if asked is None and len(found) > MAX_GET:
            raise MethodError("requestTooLarge", f"at most {MAX_GET} objects at once")
        by_id = {known.ident: {"id": known.ident, **known.values} for known in found}
        listed = list(by_id) if asked is None else [ident for ident in asked if ident in by_id]
        return {
            "accountId": call.account_id, "state": str(now.state), "list": [shape(by_id[ident]) for ident in listed],
            "notFound": [] if asked is None else [ident for ident in asked if ident not in by_id],
        }  # fmt: skip

    async def changes(self, call: Call) -> dict[str, Any]:
        """RFC 8620 §5.2."""
        old = since(call.arguments, "sinceState")
        now = await self.kept(call, after=old.modseq)
        new, told = changes_of(now, old, maximum(call.arguments), self.id_of)
        return {
            "accountId": call.account_id, "oldState": text(call.arguments, "sinceState"), "newState": str(new), "hasMoreChanges": new != now.state, **told}

    # ------------------------------------------------------------------------------------------------- queries
    def _answer(self, call: Call, found: list[Known]) -> list[Known]:
        test = filter_test(call.arguments.get("filter"), self.filters)
        sort = comparators(call.arguments, self.sorts)
        listed = sorted((one for one in found if test(one.values)), key=lambda one: one.object_id)
        for name, falls in reversed(sort):
            listed.sort(key=lambda one, name=name: self.order(one.values, name), reverse=falls)  # type: ignore[misc]
        return listed

    async def query(self, call: Call) -> dict[str, Any]:
        """RFC 8620 §5.5."""
        now, found = await self.there(call)
        listed = self._answer(call, found)
        by_number = {one.object_id: one.ident for one in listed}
        anchor = call.arguments.get("anchor")
        anchored = None
        if anchor is not None:
            anchored = self.number_of(call, text(call.arguments, "anchor"))
            if anchored is None:
                raise MethodError("anchorNotFound")
        limit = number(call.arguments, "limit")
        window = Window(
            number(call.arguments, "position", least=None) or 0, anchored, number(call.arguments, "anchorOffset", least=None) or 0,  # type: ignore[arg-type]
            1 << 30 if limit is None else limit, total=flag(call.arguments, "calculateTotal"),
        )  # fmt: skip
        try:
            start, page = stretch(list(by_number), window)
        except AnchorNotFound:
            raise MethodError("anchorNotFound") from None
        return {
            "accountId": call.account_id, "queryState": str(now.state), "canCalculateChanges": True, "position": start,
            "ids": [by_number[one] for one in page], **({"total": len(listed)} if window.total else {}),
        }  # fmt: skip

    async def query_changes(self, call: Call) -> dict[str, Any]:
        """RFC 8620 §5.6: whatever moved is taken out, and put in where it belongs now."""
        old = since(call.arguments, "sinceQueryState")
        now, found = await self.there(call)
        listed = [one.ident for one in self._answer(call, found)]
        new, told = changes_of(now, old, 0, self.id_of)
        moved = {*told["created"], *told["updated"], *told["destroyed"]}
        removed = [*told["updated"], *told["destroyed"]]
        added = [{"id": ident, "index": place} for place, ident in enumerate(listed) if ident in moved]
        bound_moves(call.arguments, len(removed) + len(added))
        return {
            "accountId": call.account_id, "oldQueryState": text(call.arguments, "sinceQueryState"), "newQueryState": str(new), "removed": removed,
            "added": added, **({"total": len(listed)} if flag(call.arguments, "calculateTotal") else {}),
        }  # fmt: skip

    # ------------------------------------------------------------------------------------------------- set
    async def set_(self, call: Call) -> dict[str, Any]:
        """RFC 8620 §5.3."""
        need_write(call)
        wanted = Wanted(call.arguments)
        for _ in range(_TRIES):
            before, found = await self.there(call)
            check_state(wanted, str(before.state))
            work = Work(call, {one.ident: one for one in found})
            await self._judge_all(work, wanted)
            if work.writes and not await call.mailing.kept.set(call.account, self.kind, list(work.writes.values()), at=before.state.modseq):
                continue  # somebody else was faster: look again
            after = await call.mailing.kept.state(call.account, self.kind) if work.writes else before.state
            call.created.update(work.created)
            await self.done(work)
            return work.outcome.response(call, str(before.state), str(after))
        raise MethodError("serverUnavailable", "these objects change too often just now")

    async def done(self, work: Work) -> None:
        """After everything is written."""

    async def _judge_all(self, work: Work, wanted: Wanted) -> None:
        outcome = work.outcome
        for creation, given in wanted.create.items():
            try:
                await self._create(work, creation, given)
            except Bad as exc:
                outcome.not_created[creation] = exc.error
        gone = {work.resolved(ident) for ident in wanted.destroy}
        for key, patch in wanted.update.items():
            ident = work.resolved(key)
            try:
                if ident not in work.known:
                    raise Bad("notFound")
                if ident in gone:
                    raise Bad("willDestroy")
                outcome.updated[ident] = await self._update(work, work.known[ident], patch)
            except Bad as exc:
                outcome.not_updated[ident] = exc.error
        for key in wanted.destroy:
            ident = work.resolved(key)
            try:
                if ident not in work.known:
                    raise Bad("notFound")
                one = work.known[ident]
                await self.may_destroy(work, one)
                work.writes[ident] = ObjectWrite(one.object_id, b"{}", gone=True, due_at_ms=0)
                del work.known[ident]
                self.after_destroy(work, one)
                outcome.destroyed.append(ident)
            except Bad as exc:
                outcome.not_destroyed[ident] = exc.error

    async def _create(self, work: Work, creation: str, given: dict[str, Any]) -> None:
        self._check(given, None)
        missing = [name for name, known in self.properties.items() if known.is_needed and not known.is_ours and name not in given]
        if missing:
            raise Bad("invalidProperties", "these are needed", *missing)
        if len(work.known) >= self.most:
            raise Bad("overQuota", f"there are at most {self.most} of these in an account")
        values = {name: known.default for name, known in self.properties.items()} | given
        await self.judge(work, "", values, None)
        object_id = self.new_number(work.call, values)
        one = ObjectWrite(object_id, b"")
        write = await self.write(work, object_id, values, None)
        self._bound(write)
        known = Known(self.id_of(KeptObject(one.object_id, 0, 0, gone=False, doc=write.doc)), object_id, values)
        if known.ident in work.known:
            raise Bad("alreadyExists", "there is such a one already", existingId=known.ident)
        work.known[known.ident] = known
        work.writes[known.ident] = write
        work.created[creation] = known.ident
        work.outcome.created[creation] = {
            "id": known.ident, **{name: value for name, value in values.items() if name not in given or given[name] != value}}

    async def _update(self, work: Work, before: Known, patch: dict[str, Any]) -> dict[str, Any] | None:
        try:
            wanted = patched({"id": before.ident, **before.values}, patch)
        except ValueError as exc:
            raise Bad("invalidPatch", str(exc)) from None
        if wanted.pop("id", None) != before.ident:
            raise Bad("invalidProperties", "an id never changes", "id")
        for name, known in self.properties.items():  # null takes a property back to what it is at first (RFC 8620 §5.3)
            if (name not in wanted or wanted[name] is None) and not known.may_be(None):
                wanted[name] = known.default
        values = {name: known.default for name, known in self.properties.items()} | wanted
        self._check({name: value for name, value in values.items() if before.values.get(name) != value}, before)
        strange = [name[:100] for name in values if name not in self.properties]
        if strange:
            raise Bad("invalidProperties", "there are no such properties", *strange)
        asked = dict(values)
        await self.judge(work, before.ident, values, before)
        write = await self.write(work, before.object_id, values, before)
        self._bound(write)
        work.known[before.ident] = Known(before.ident, before.object_id, values)
        work.writes[before.ident] = write
        return {name: value for name, value in values.items() if asked[name] != value} or None

    def _check(self, given: dict[str, Any], before: Known | None) -> None:
        bad = []
        for name, value in given.items():
            known = self.properties.get(name)
            if known is None or known.is_ours or (before is not None and known.is_fixed) or not known.may_be(value):
                bad.append(name[:100])
        if bad:
            raise Bad("invalidProperties", "these cannot be set so", *bad)

    @staticmethod
    def _bound(write: ObjectWrite) -> None:
        if len(write.doc) > limits.KEPT_OBJECT:
            raise Bad("tooLarge", f"one of these has at most {limits.KEPT_OBJECT} octets")


def filter_test(tree: Any, filters: Filters, depth: int = 0) -> Callable[[dict[str, Any]], bool]:
    """A filter (RFC 8620 §5.5) as a test of an object's values."""
    if tree is None:
        return lambda _: True
    if not isinstance(tree, dict):
        raise invalid("a filter is an object")
    if depth > _DEPTH:
        raise MethodError("unsupportedFilter", f"a filter is at most {_DEPTH} deep")
    if "operator" in tree:
        given = tree.get("conditions")
        if not isinstance(given, list) or tree["operator"] not in ("AND", "OR", "NOT"):
            raise invalid("a filter operator is AND, OR or NOT, and has conditions")
        inner = [filter_test(one, filters, depth + 1) for one in given]
        match tree["operator"]:
            case "AND":
                return lambda one: all(test(one) for test in inner)
            case "OR":
                return lambda one: any(test(one) for test in inner)
        return lambda one: not any(test(one) for test in inner)
    tests = []
    for name, value in tree.items():
        if name not in filters:
            raise MethodError("unsupportedFilter", f"{name[:100]} is no filter known here")
        tests.append((filters[name], value))
    return lambda one: all(test(one, value) for test, value in tests)


def _order(value: Any) -> tuple[bool, Any]:
    """Null comes first; texts without regard to case."""
    return (value is not None, value.casefold() if isinstance(value, str) else value if value is not None else 0)


def changes_of(now: ObjectStates, old: Position, most: int, id_of: Callable[[KeptObject], str]) -> tuple[Position, dict[str, list[str]]]:
    """What moved after ``old`` (how far this reaches, by kind of change). Every object has the modseq of its last change to itself, so a page may
    end at any. Raises ``cannotCalculateChanges``.

    The end of a page that is not the last keeps in ``skip`` where the first page began, plus one: what was made since then and changed again after
    the page is one the client may not have yet."""
    told: dict[str, list[str]] = {"created": [], "updated": [], "destroyed": []}
    begun = old.skip - 1 if old.skip else old.modseq
    if old.epoch != now.state.epoch or not begun <= old.modseq <= now.state.modseq or (old.modseq < now.state.modseq and 0 < old.modseq < now.floor):
        raise MethodError("cannotCalculateChanges", "this state is not known any more")
    moved = [one for one in now.objects if one.modseq > old.modseq and not (one.gone and one.made > old.modseq)]
    page = moved[:most] if most else moved
    for one in page:
        told["destroyed" if one.gone else "created" if one.made > begun else "updated"].append(id_of(one))
    return (Position(now.state.epoch, page[-1].modseq, begun + 1) if len(page) < len(moved) else now.state), told
