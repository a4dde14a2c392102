"""Blob/get and Blob/lookup (RFC 9404). A blob is an upload, a message, or a part of one."""

import base64
import hashlib
from collections.abc import Callable
from typing import Any, Final

from mailstead.model import ids as wire
from mailstead.model import limits
from mailstead.model.ids import EmailId
from mailstead.protocol.jmap.mail import blobs
from mailstead.protocol.jmap.mail.email import wire as to_wire
from mailstead.server.http.jmap import blob_source, contacts, sieve
from mailstead.server.http.jmap.dispatch import MAIL
from mailstead.server.http.jmap.kept_type import LETTER
from mailstead.server.http.jmap.standard import Call, MethodError, invalid, number, resolved, texts, wanted_ids

DIGESTS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "sha": lambda octets: hashlib.sha1(octets, usedforsecurity=False).digest(), "sha-256": lambda octets: hashlib.sha256(octets).digest(),
    "sha-512": lambda octets: hashlib.sha512(octets).digest(),
}
"""By the names of the HTTP digest registry (RFC 9404 §4.2)."""
TYPES: Final = {"Mailbox": MAIL, "Thread": MAIL, "Email": MAIL, "SieveScript": sieve.CAPABILITY, "ContactCard": contacts.CAPABILITY}
"""What can be part of an object of which type, and the capability that the type is of (RFC 9404 §6.3)."""
_DATA: Final = frozenset(("data", "data:asText", "data:asBase64"))


async def get(call: Call) -> dict[str, Any]:
    """RFC 9404 §4.2."""
    asked = wanted_ids(call.arguments)
    if asked is None:
        raise invalid("ids is a list of ids")
    names = texts(call.arguments, "properties")
    if names is None:
        names = ["data", "size"]
    for name in names:
        if name not in _DATA | {"size", "id"} and name.removeprefix("digest:") not in DIGESTS:
            raise invalid(f"there is no property {name[:100]}")
    offset, length = number(call.arguments, "offset") or 0, number(call.arguments, "length")
    listed: list[dict[str, Any]] = []
    missing = []
    given = 0
    for ident in dict.fromkeys(resolved(call, one) for one in asked):
        size, octets = await blob_source.looked_at(call.mailing, call.account, ident, only_size=not set(names) - {"size", "id"})
        if size is None:
            missing.append(ident)
            continue
        given += len(octets)
        if listed and given > limits.JMAP_GET_OCTETS:
            raise MethodError("requestTooLarge", f"at most {limits.JMAP_GET_OCTETS} octets of blobs at once; ask for fewer")
        listed.append({"id": ident, **_shown(octets, size, names, offset, length)})
    return {"accountId": call.account_id, "list": listed, "notFound": missing}


def _shown(octets: bytes, size: int, names: list[str], offset: int, length: int | None) -> dict[str, Any]:
    piece = octets[offset:] if length is None else octets[offset : offset + length]
    found: dict[str, Any] = {}
    if offset > size or (length is not None and offset + length > size):
        found["isTruncated"] = True
    try:
        text: str | None = piece.decode("utf-8")
    except UnicodeDecodeError:
        text = None
    for name in names:
        match name:
            case "size":
                found["size"] = size
            case "data:asBase64":
                found[name] = base64.b64encode(piece).decode()
            case "data:asText":
                found[name] = text
            case "data" if text is not None:
                found["data:asText"] = text
            case "data":
                found["data:asText"] = None
                found["data:asBase64"] = base64.b64encode(piece).decode()
            case _ if name.startswith("digest:"):
                found[name] = base64.b64encode(DIGESTS[name.removeprefix("digest:")](piece)).decode()
    if text is None and ("data:asText" in names or "data" in names):
        found["isEncodingProblem"] = True
    return found


async def lookup(call: Call) -> dict[str, Any]:
    """RFC 9404 §4.3: which objects a blob is part of. One that is not there has empty lists, as the text wants it, and is in ``notFound``, as its
    example has it."""
    asked = wanted_ids(call.arguments)
    kinds = texts(call.arguments, "typeNames")
    if asked is None or kinds is None:
        raise invalid("typeNames and ids are lists")
    for kind in kinds:
        if TYPES.get(kind) not in call.using:
            raise MethodError("unknownDataType", f"{kind[:100]} has no blobs here, or the request does not use what brings it")
    emails = {ident: _email_of(ident) for ident in dict.fromkeys(resolved(call, one) for one in asked)}
    _, rows = await call.mailing.emails.emails(call.account, [email for email in emails.values() if email is not None], content=False)
    listed, missing = [], []
    for ident, email in emails.items():
        row = rows.get(email) if email is not None else None
        if row is None and (email is not None or (await blob_source.looked_at(call.mailing, call.account, ident))[0] is None):
            missing.append(ident)
            listed.append({"id": ident, "matchedIds": {kind: [] for kind in kinds}})
            continue
        matched = {
            "Email": [to_wire(wire.EMAIL, row.email_id)], "Thread": [to_wire(wire.THREAD, row.thread_id)],
            "Mailbox": [to_wire(wire.MAILBOX, box) for box in row.mailbox_ids],
        } if row is not None else {}
        script = blobs.script(ident)
        if script is not None:
            matched = {"SieveScript": [to_wire(LETTER, script)]}
        card = blobs.card(ident)
        if card is not None:
            matched = {"ContactCard": [to_wire(LETTER, card)]}
        listed.append({"id": ident, "matchedIds": {kind: matched.get(kind, []) for kind in kinds}})
    return {"accountId": call.account_id, "list": listed, "notFound": missing}


def _email_of(ident: str) -> EmailId | None:
    """The email that a blob is, or lies in."""
    inside = blobs.outer(ident)
    while inside is not None:
        ident = inside[0]
        inside = blobs.outer(ident)
    place = blobs.place(ident)
    return place.email_id if place is not None else None
