"""ContactCard/parse and ContactCard/export: vCards as cards, and cards as vCards (docs/reference/jmap-extensions.md).

What ``parse`` gives is what ``ContactCard/set`` takes, so a file is brought in by the two; nothing is written here. Long files are read in a thread.
"""

import asyncio
from typing import Any, Final

from mailstead.model import limits
from mailstead.protocol.vcard import reading, writing
from mailstead.protocol.vcard.lines import BadCard
from mailstead.server.http.jmap import blob_source
from mailstead.server.http.jmap.contacts import CARDS
from mailstead.server.http.jmap.standard import Call, MethodError, invalid, resolved, texts, wanted_ids

_FILES: Final = 16
_AT_ONCE: Final = 50
"""Cards written in one step of a thread."""


async def parse(call: Call) -> dict[str, Any]:
    """``blobIds`` → ``parsed``: the cards of each."""
    asked = texts(call.arguments, "blobIds")
    if asked is None:
        raise invalid("blobIds is a list of ids")
    if len(asked) > _FILES:
        raise MethodError("requestTooLarge", f"at most {_FILES} files at once")
    parsed: dict[str, Any] = {}
    missing, strange = [], []
    left = limits.VCARD_OCTETS
    for blob_id in asked:
        octets = await blob_source.octets(call.mailing, call.account, resolved(call, blob_id))
        if octets is None:
            missing.append(blob_id)
            continue
        left -= len(octets)
        if left < 0:
            raise MethodError("requestTooLarge", f"at most {limits.VCARD_OCTETS} octets of cards at once")
        try:
            parsed[blob_id] = await asyncio.to_thread(reading.cards, octets)
        except BadCard:
            strange.append(blob_id)
    return {"accountId": call.account_id, "parsed": parsed or None, "notParsable": strange or None, "notFound": missing or None}


async def export(call: Call) -> dict[str, Any]:
    """``ids`` (null: all) → ``blobId`` of a file of vCards; null where there is none of them."""
    asked = wanted_ids(call.arguments)
    numbers = None if asked is None else [one for ident in asked if (one := CARDS.number_of(call, ident)) is not None]
    _, found = await CARDS.there(call, numbers)
    known = {one.ident: one.values for one in found}
    chosen = list(known.values()) if asked is None else [known[ident] for ident in asked if ident in known]
    pieces: list[bytes] = []
    size = 0
    for at in range(0, len(chosen), _AT_ONCE):
        piece = await asyncio.to_thread(writing.cards, chosen[at : at + _AT_ONCE])
        size += len(piece)
        if size > limits.VCARD_OCTETS:
            raise MethodError("requestTooLarge", f"these are more than {limits.VCARD_OCTETS} octets; ask for fewer")
        pieces.append(piece)
    return {
        "accountId": call.account_id, "blobId": await call.mailing.keep(call.account, b"".join(pieces)) if pieces else None,
        "type": "text/vcard", "size": size, "notFound": [ident for ident in asked or () if ident not in known],
    }  # fmt: skip
