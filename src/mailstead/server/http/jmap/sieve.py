"""SieveScript methods (RFC 9661): scripts are kept and judged; at most one is active. The content is a piece of the script's object."""

import asyncio
import unicodedata
from typing import Any, Final

from mailstead import __version__
from mailstead.model import limits
from mailstead.model.object import ObjectKind, ObjectWrite
from mailstead.protocol import sieve
from mailstead.protocol.jmap.mail import blobs
from mailstead.server.http.jmap import blob_source
from mailstead.server.http.jmap.kept_type import Bad, KeptType, Known, Property, Work, is_id, or_null
from mailstead.server.http.jmap.standard import Call, Wanted, flag, invalid, resolved, text

CAPABILITY: Final = "urn:ietf:params:jmap:sieve"


def server_capability() -> dict[str, Any]:
    """Of the server (RFC 9661 §1.2.1)."""
    return {"implementation": f"Mailstead {__version__}"}


def capability() -> dict[str, Any]:
    """Of an account (RFC 9661 §1.2.1)."""
    return {
        "maxSizeScriptName": limits.SIEVE_NAME, "maxSizeScript": limits.SIEVE_SCRIPT, "maxNumberScripts": limits.SIEVE_SCRIPTS, "maxNumberRedirects": None,
        "sieveExtensions": list(sieve.EXTENSIONS), "notificationMethods": None, "externalLists": None,
    }  # fmt: skip


def _is_name(value: Any) -> bool:
    """RFC 9661 §2.1: with the characters that RFC 5804 §1.6 lets a name have."""
    return (
        isinstance(value, str) and 0 < len(value.encode("utf-8", "replace")) <= limits.SIEVE_NAME
        and not any(unicodedata.category(one) in {"Cc", "Cs"} or one in "\u2028\u2029" for one in value))


def _named(one: dict[str, Any], value: Any) -> bool:
    if not isinstance(value, str):
        raise invalid("name is a text")
    return value.casefold() in one["name"].casefold()


def _active(one: dict[str, Any], value: Any) -> bool:
    if not isinstance(value, bool):
        raise invalid("isActive is true or false")
    return one["isActive"] is value


async def _content(call: Call, blob_id: str) -> bytes:
    """A blob that may be a script. Raises ``Bad``: blobNotFound, tooLarge."""
    octets = await blob_source.octets(call.mailing, call.account, blob_id)
    if octets is None:
        raise Bad("blobNotFound", "there is no such blob in this account", notFound=[blob_id[:255]])
    if len(octets) > limits.SIEVE_SCRIPT:
        raise Bad("tooLarge", f"a script has at most {limits.SIEVE_SCRIPT} octets")
    return octets


async def _judge(octets: bytes) -> None:
    """Raises ``Bad``: invalidSieve."""
    if not octets:  # RFC 9661 §2.2
        raise Bad("invalidSieve", "line 1: a script has at least one character")
    try:
        await asyncio.to_thread(sieve.script, octets)  # a long one takes a while: others get their turn
    except sieve.ScriptError as exc:
        raise Bad("invalidSieve", str(exc)) from None


class SieveScripts(KeptType):
    """The type."""

    kind = ObjectKind.SIEVE_SCRIPT
    properties = {  # noqa: RUF012 - never changed
        "name": Property(or_null(_is_name)), "blobId": Property(is_id, is_needed=True),
        "isActive": Property(lambda _: False, default=False, is_ours=True),
    }
    filters = {"name": _named, "isActive": _active}  # noqa: RUF012 - never changed
    sorts = ("name", "isActive")
    most = limits.SIEVE_SCRIPTS

    async def judge(self, work: Work, ident: str, values: dict[str, Any], before: Known | None) -> None:
        """The name is the only one of its kind, the content is a script (RFC 9661 §2.4)."""
        names = {one.values["name"]: one.ident for one in work.known.values() if one.ident != ident}
        if values["name"] is None:
            values["name"] = next(name for number in range(1, len(names) + 2) if (name := f"script {number}") not in names)
        values["name"] = unicodedata.normalize("NFC", values["name"])
        if not _is_name(values["name"]):
            raise Bad("invalidProperties", f"a name has at most {limits.SIEVE_NAME} octets", "name")
        if values["name"] in names:
            raise Bad("alreadyExists", "there is a script with this name", existingId=names[values["name"]])
        work.notes.pop("content", None)
        if before is None or values["blobId"] != before.values["blobId"]:
            content = await _content(work.call, work.resolved(values["blobId"]))
            work.notes["judged"] = work.notes.get("judged", 0) + len(content)
            if work.notes["judged"] > limits.SIEVE_JUDGED:
                raise Bad("rateLimit", f"one call brings at most {limits.SIEVE_JUDGED} octets of scripts: bring this one in another")
            await _judge(content)
            work.notes["content"] = content

    async def write(self, work: Work, object_id: int, values: dict[str, Any], before: Known | None) -> ObjectWrite:
        """With the content, where it is new in this call."""
        content = work.notes.pop("content", None)
        if content is not None:
            values["blobId"] = blobs.of_script(object_id, content)
            pieces: tuple[tuple[int, bytes], ...] = ((0, content),)
        else:
            waiting = None if before is None else work.writes.get(before.ident)
            pieces = () if waiting is None else waiting.pieces
        plain = await super().write(work, object_id, values, before)
        return ObjectWrite(object_id, plain.doc, pieces=pieces)

    async def may_destroy(self, work: Work, one: Known) -> None:
        """Not the active one (RFC 9661 §2.4)."""
        del work
        if one.values["isActive"]:
            raise Bad("sieveIsActive", "this script is active: deactivate it first")

    async def _judge_all(self, work: Work, wanted: Wanted) -> None:
        """Then, where all of it succeeds, which script is active: in the same write, so that there is never a second one."""
        wish = work.call.arguments.get("onSuccessActivateScript")
        if wish is not None and not isinstance(wish, str):
            raise invalid("onSuccessActivateScript is an id")
        ends = flag(work.call.arguments, "onSuccessDeactivateScript")
        await super()._judge_all(work, wanted)
        if work.outcome.not_created or work.outcome.not_updated or work.outcome.not_destroyed:
            return
        chosen = None if wish is None else work.known.get(work.resolved(wish))
        if chosen is None and not ends:
            return  # an id that is none changes nothing
        for one in list(work.known.values()):
            if one.values["isActive"] != (one is chosen):
                await self._turn(work, one, is_active=one is chosen)

    async def _turn(self, work: Work, one: Known, *, is_active: bool) -> None:
        values = one.values | {"isActive": is_active}
        work.writes[one.ident] = await self.write(work, one.object_id, values, one)
        work.known[one.ident] = Known(one.ident, one.object_id, values)
        made = {ident: creation for creation, ident in work.created.items()}.get(one.ident)
        if made is not None:
            work.outcome.created[made]["isActive"] = is_active
        else:
            work.outcome.updated[one.ident] = (work.outcome.updated.get(one.ident) or {}) | {"isActive": is_active}


SCRIPTS: Final = SieveScripts()


async def validate(call: Call) -> dict[str, Any]:
    """SieveScript/validate (RFC 9661 §2.6)."""
    error = None
    try:
        await _judge(await _content(call, resolved(call, text(call.arguments, "blobId"))))
    except Bad as exc:
        error = exc.error
    return {"accountId": call.account_id, "error": error}
