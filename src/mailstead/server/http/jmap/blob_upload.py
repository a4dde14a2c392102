"""Blob/upload (RFC 9404 §4.1): blobs made within a request, from text, base64 and ranges of other blobs."""

import base64
from typing import Any, Final

from mailstead.model import limits
from mailstead.server.http.jmap import blob_source
from mailstead.server.http.jmap.blob_get import DIGESTS, TYPES
from mailstead.server.http.jmap.standard import MAX_SET, Call, MethodError, invalid, need_write, resolved, set_error

_SOURCES: Final = frozenset(("data:asText", "data:asBase64", "blobId", "offset", "length"))


def capability() -> dict[str, Any]:
    """What an account can do with blobs (RFC 9404 §3.1)."""
    return {
        "maxSizeBlobSet": limits.JMAP_BLOB_SET, "maxDataSources": limits.JMAP_BLOB_SOURCES, "supportedTypeNames": list(TYPES),
        "supportedDigestAlgorithms": list(DIGESTS),
    }  # fmt: skip


class _Bad(Exception):  # noqa: N818 - a value on its way to a SetError
    def __init__(self, kind: str, why: str = "", **more: Any) -> None:
        super().__init__(why)
        self.error = set_error(kind, why, **more)


async def upload(call: Call) -> dict[str, Any]:
    """Each creation for itself, in order: a later one may be made from an earlier. Blobs have no state, so there is none in the response."""
    need_write(call)
    given = call.arguments.get("create")
    if not isinstance(given, dict) or not all(isinstance(one, dict) for one in given.values()):
        raise invalid("create maps creation ids to objects")
    if len(given) > MAX_SET:
        raise MethodError("requestTooLarge", f"at most {MAX_SET} objects at once")
    created: dict[str, Any] = {}
    not_created: dict[str, Any] = {}
    for cid, one in given.items():
        try:
            octets, kind = await _put_together(call, one)
        except _Bad as exc:
            not_created[cid] = exc.error
            continue
        ident = await call.mailing.keep(call.account, octets)
        call.created[cid] = ident
        created[cid] = {"id": ident, "type": kind, "size": len(octets)}
    return {"accountId": call.account_id, "created": created or None, "notCreated": not_created or None}


async def _put_together(call: Call, given: dict[str, Any]) -> tuple[bytes, str | None]:
    """The octets of one creation and its type; from no piece at all it is empty."""
    strange = tuple(name for name in given if name not in {"data", "type"})
    sources, kind = given.get("data"), given.get("type")
    if strange or not isinstance(kind, str | None) or not isinstance(sources, list):
        raise _Bad("invalidProperties", "a blob has data and may have a type", properties=strange or ("data",))
    if len(sources) > limits.JMAP_BLOB_SOURCES:
        raise _Bad("invalidProperties", f"a blob is made from at most {limits.JMAP_BLOB_SOURCES} pieces", properties=("data",))
    pieces: list[bytes] = []
    size = 0
    for source in sources:
        piece = await _piece(call, source)
        size += len(piece)
        if size > limits.JMAP_BLOB_SET:
            raise _Bad("tooLarge", f"a blob made here has at most {limits.JMAP_BLOB_SET} octets")
        pieces.append(piece)
    return b"".join(pieces), kind


async def _piece(call: Call, source: Any) -> bytes:
    """One DataSourceObject."""
    if not isinstance(source, dict) or source.keys() - _SOURCES:
        raise _Bad("invalidProperties", "a piece is text, base64 or a range of a blob", properties=("data",))
    text, coded, blob_id = source.get("data:asText"), source.get("data:asBase64"), source.get("blobId")
    if sum(one is not None for one in (text, coded, blob_id)) != 1:
        raise _Bad("invalidProperties", "a piece is one of text, base64 and a blob", properties=("data",))
    if blob_id is None and (source.get("offset") is not None or source.get("length") is not None):
        raise _Bad("invalidProperties", "only a range of a blob has offset and length", properties=("data",))
    try:
        if isinstance(text, str):
            return text.encode("utf-8")
        if isinstance(coded, str):
            return base64.b64decode(coded, validate=True)
    except ValueError:
        raise _Bad("invalidProperties", "this cannot be decoded", properties=("data",)) from None
    if not isinstance(blob_id, str):
        raise _Bad("invalidProperties", "a piece is text, base64 or a range of a blob", properties=("data",))
    return await _range(call, blob_id, source)


async def _range(call: Call, blob_id: str, source: dict[str, Any]) -> bytes:
    """A range of another blob; what lies beyond its end makes the creation fail."""
    octets = await blob_source.octets(call.mailing, call.account, resolved(call, blob_id))
    if octets is None:
        raise _Bad("blobNotFound", "a blob is not there", notFound=[blob_id])
    start, length = source.get("offset"), source.get("length")
    for value in (start, length):
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
            raise _Bad("invalidProperties", "offset and length are numbers from 0", properties=("data",))
    start = start or 0
    end = len(octets) if length is None else start + length
    if start > len(octets) or end > len(octets):
        raise _Bad("invalidProperties", "the range lies beyond the end of the blob", properties=("data",))
    return octets[start:end]
