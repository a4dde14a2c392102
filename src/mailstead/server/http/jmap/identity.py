"""Identity/get, changes and set (RFC 8621 §6). Identities follow the account's addresses; nothing about them can be changed here."""

import hashlib
from typing import Any, Final

from mailstead.server.http.jmap.dispatch import Calling
from mailstead.server.http.jmap.standard import MethodError, Wanted, properties, set_error, text, wanted_ids
from mailstead.service.identities import Identity

PROPERTIES: Final = ("id", "name", "email", "replyTo", "bcc", "textSignature", "htmlSignature", "mayDelete")


def shown(one: Identity) -> dict[str, Any]:
    """All properties."""
    return {
        "id": one.ident, "name": one.name, "email": one.email, "replyTo": None, "bcc": None, "textSignature": "", "htmlSignature": "",
        "mayDelete": False,
    }  # fmt: skip


def _state(found: list[Identity]) -> str:
    return hashlib.blake2b(repr(found).encode(), digest_size=8).hexdigest()


async def get(call: Calling) -> dict[str, Any]:
    """RFC 8620 §5.1."""
    names = properties(call.arguments, PROPERTIES)
    asked = wanted_ids(call.arguments)
    found = await call.sending.identities(call.principal)
    by_id = {one.ident: one for one in found}
    listed = [shown(by_id[ident]) for ident in (asked if asked is not None else by_id) if ident in by_id]
    return {
        "accountId": call.account_id, "state": _state(found), "list": [{name: one[name] for name in names} for one in listed],
        "notFound": [ident for ident in asked or () if ident not in by_id],
    }  # fmt: skip


async def changes(call: Calling) -> dict[str, Any]:
    """Few and rarely changed: only the present state can be calculated from."""
    now = _state(await call.sending.identities(call.principal))
    if text(call.arguments, "sinceState") != now:
        raise MethodError("cannotCalculateChanges")
    return {
        "accountId": call.account_id, "oldState": now, "newState": now, "hasMoreChanges": False, "created": [], "updated": [], "destroyed": [],
    }  # fmt: skip


async def set_(call: Calling) -> dict[str, Any]:
    """Each wish is refused: addresses are the administrator's, and what else one may say about them is not kept here."""
    wanted = Wanted(call.arguments)
    now = _state(await call.sending.identities(call.principal))
    if wanted.if_state and wanted.if_state != now:
        raise MethodError("stateMismatch")
    there = {one.ident for one in await call.sending.identities(call.principal)}

    def no(ident: str) -> dict[str, Any]:
        return set_error("forbidden", "Identities follow your addresses") if ident in there else set_error("notFound")

    return {
        "accountId": call.account_id, "oldState": now, "newState": now, "created": None, "updated": None, "destroyed": None,
        "notCreated": {name: set_error("forbidden", "Ask your administrator for another address") for name in wanted.create} or None,
        "notUpdated": {ident: no(ident) for ident in wanted.update} or None,
        "notDestroyed": {ident: no(ident) for ident in wanted.destroy} or None,
    }  # fmt: skip
