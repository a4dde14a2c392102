"""ClientSettings/get, changes and set: what a client remembers for its user, by name (docs/reference/jmap-extensions.md)."""

import re
from typing import Any, Final

import msgspec

from mailstead.model import limits
from mailstead.model.object import KeptObject, ObjectKind, ObjectWrite
from mailstead.server.http.jmap.kept_type import changes_of
from mailstead.server.http.jmap.standard import (
    Call,
    MethodError,
    Outcome,
    Wanted,
    check_state,
    maximum,
    need_write,
    properties,
    set_error,
    since,
    text,
    wanted_ids,
)

PROPERTIES: Final = ("id", "value", "schema", "revision")
_KIND: Final = ObjectKind.CLIENT_SETTINGS
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,255}")
_TRIES: Final = 5


def _opened(one: KeptObject) -> dict[str, Any]:
    return {**msgspec.json.decode(one.doc), "revision": one.modseq}


async def get(call: Call) -> dict[str, Any]:
    """RFC 8620 §5.1."""
    names = properties(call.arguments, PROPERTIES)
    asked = wanted_ids(call.arguments)
    now = await call.mailing.kept.of(call.account, _KIND)
    there = {found["id"]: found for found in (_opened(one) for one in now.objects if not one.gone)}
    listed = list(there) if asked is None else [ident for ident in asked if ident in there]
    return {
        "accountId": call.account_id, "state": str(now.state), "list": [{name: there[ident][name] for name in names} for ident in listed],
        "notFound": [] if asked is None else [ident for ident in asked if ident not in there],
    }  # fmt: skip


async def changes(call: Call) -> dict[str, Any]:
    """RFC 8620 §5.2."""
    old = since(call.arguments, "sinceState")
    now = await call.mailing.kept.of(call.account, _KIND, after=old.modseq)
    new, told = changes_of(now, old, maximum(call.arguments), lambda one: str(_opened(one)["id"]))
    return {
        "accountId": call.account_id, "oldState": text(call.arguments, "sinceState"), "newState": str(new), "hasMoreChanges": new != now.state, **told}


async def set_(call: Call) -> dict[str, Any]:
    """RFC 8620 §5.3. A setting is made under the name that the client gives as its ``id``; values are replaced whole."""
    need_write(call)
    wanted = Wanted(call.arguments)
    for _ in range(_TRIES):
        before = await call.mailing.kept.of(call.account, _KIND)
        check_state(wanted, str(before.state))
        change = _Change(call, {_opened(one)["id"]: one for one in before.objects})
        change.judge(wanted)
        if change.writes and not await call.mailing.kept.set(call.account, _KIND, list(change.writes.values()), at=before.state.modseq):
            continue  # somebody else was faster: look again
        after = await call.mailing.kept.of(call.account, _KIND) if change.writes else before
        return change.answer(str(before.state), str(after.state), {_opened(one)["id"]: one.modseq for one in after.objects})
    raise MethodError("serverUnavailable", "these settings change too often just now")


class _Change:
    """What one /set does, judged object by object."""

    def __init__(self, call: Call, known: dict[str, KeptObject]) -> None:
        self._call = call
        self._known = known
        self._there = {ident for ident, one in known.items() if not one.gone}
        self.writes: dict[str, ObjectWrite] = {}
        self._made: dict[str, str] = {}
        self._updated: list[str] = []
        self._outcome = Outcome()
        self._faults = {"create": self._outcome.not_created, "update": self._outcome.not_updated, "destroy": self._outcome.not_destroyed}

    def judge(self, wanted: Wanted) -> None:
        """Fills ``writes``."""
        for creation, given in wanted.create.items():
            self._create(creation, given)
        for ident, given in wanted.update.items():
            if ident not in self._there:
                self._faults["update"][ident] = set_error("notFound")
            elif ident in wanted.destroy:
                self._faults["update"][ident] = set_error("willDestroy")
            elif self._write(ident, {**msgspec.json.decode(self._known[ident].doc), **given}, given, "update", ident):
                self._updated.append(ident)
        for ident in wanted.destroy:
            if ident in self._there:
                self.writes[ident] = ObjectWrite(self._known[ident].object_id, msgspec.json.encode({"id": ident}), gone=True)
                self._outcome.destroyed.append(ident)
            else:
                self._faults["destroy"][ident] = set_error("notFound")

    def _create(self, creation: str, given: dict[str, Any]) -> None:
        ident = given.get("id")
        if not isinstance(ident, str) or not _NAME.fullmatch(ident):
            self._faults["create"][creation] = set_error(
                "invalidProperties", "a setting has a name of letters, digits, - and _ as its id", properties=("id",))
        elif ident in self._there or ident in self.writes:
            self._faults["create"][creation] = set_error("alreadyExists", existingId=ident)
        elif "value" not in given:
            self._faults["create"][creation] = set_error("invalidProperties", "a setting has a value", properties=("value",))
        elif self._write(ident, {"schema": 1, **given}, given, "create", creation):
            self._made[creation] = ident

    def _write(self, ident: str, whole: dict[str, Any], given: dict[str, Any], deed: str, key: str) -> bool:
        strange = tuple(name[:100] for name in given if name not in {"id", "value", "schema"} or (name == "id" and given["id"] != ident))
        schema = whole.get("schema")
        if strange:
            self._faults[deed][key] = set_error("invalidProperties", "value and schema can be set", properties=strange)
        elif not isinstance(schema, int) or isinstance(schema, bool) or not 0 <= schema < 1 << 31:
            self._faults[deed][key] = set_error("invalidProperties", "schema is a number", properties=("schema",))
        else:
            doc = msgspec.json.encode({"id": ident, "value": whole["value"], "schema": schema})
            if len(doc) <= limits.KEPT_OBJECT:
                self.writes[ident] = ObjectWrite(self._call.mailing.kept.number(self._call.account, _KIND, ident), doc)
                return True
            self._faults[deed][key] = set_error("tooLarge", f"a setting has at most {limits.KEPT_OBJECT} octets")
        return False

    def answer(self, old: str, new: str, revisions: dict[str, int]) -> dict[str, Any]:
        """The response."""
        self._call.created.update(self._made)
        self._outcome.created = {key: {"id": ident, "revision": revisions[ident]} for key, ident in self._made.items()}
        self._outcome.updated = {ident: {"revision": revisions[ident]} for ident in self._updated}
        return self._outcome.response(self._call, old, new)
