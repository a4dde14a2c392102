"""The octets behind a blob id, whatever it names: an upload, a message, a part (RFC 8621 §4.1.4), a Sieve script (RFC 9661 §2.2), a picture of a contact
(RFC 9610 §3)."""

import msgspec

from mailstead.mime import parts
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId
from mailstead.model.object import ObjectKind
from mailstead.protocol.jmap import contacts
from mailstead.protocol.jmap.mail import blobs, body
from mailstead.server.http.jmap.standard import Mailing
from mailstead.service.emails import parsed

_NESTED = 8


async def looked_at(mailing: Mailing, account: AccountId, blob_id: str, *, only_size: bool = False) -> tuple[int | None, bytes]:
    """The size of a blob and its octets; None: there is none such. With ``only_size`` a whole message is not read (RFC 9404 §4.2), and its octets are none."""
    place = blobs.place(blob_id)
    if only_size and place is not None and not place.part_id:
        _, rows = await mailing.emails.emails(account, [place.email_id], content=False)
        return (rows[place.email_id].size_octets, b"") if place.email_id in rows else (None, b"")
    found = await octets(mailing, account, blob_id)
    return (len(found), found) if found is not None else (None, b"")


async def octets(mailing: Mailing, account: AccountId, blob_id: str, depth: int = 0) -> bytes | None:
    """None: there is no such blob in this account. A part comes with its transfer encoding undone."""
    place = blobs.place(blob_id)
    if place is not None:
        try:
            if not place.part_id:
                return await mailing.emails.octets(account, place.email_id)
            return await mailing.emails.part(account, place.email_id, lambda root: body.find(root, place.part_id))
        except Refusal as exc:
            if exc.reason in {Reason.NOT_FOUND, Reason.EXPUNGED}:
                return None
            raise
    script = blobs.script(blob_id)
    if script is not None:
        content = await mailing.kept.piece(account, ObjectKind.SIEVE_SCRIPT, script, 0)
        return content if content is not None and blobs.of_script(script, content) == blob_id else None
    card = blobs.card(blob_id)
    if card is not None:
        return await _of_card(mailing, account, card, blob_id)
    inside = blobs.outer(blob_id)
    if inside is None or depth >= _NESTED:
        return await mailing.upload(account, blob_id) if inside is None else None
    whole = await octets(mailing, account, inside[0], depth + 1)
    if whole is None:
        return None
    part = body.find(parts.unpack(parsed(whole).parts), inside[1])
    return None if part is None else body.content(part, lambda start, end: whole[start:end])


async def _of_card(mailing: Mailing, account: AccountId, card: int, blob_id: str) -> bytes | None:
    """What one of the card's Media objects holds."""
    try:
        found = await mailing.kept.of(account, ObjectKind.CONTACT, [card])
    except Refusal as exc:
        if exc.reason is Reason.NOT_PERMITTED:  # cards are their owner's alone
            return None
        raise
    for one in found.objects:
        for media in (msgspec.json.decode(one.doc).get("media", {}) if not one.gone else {}).values():
            read = contacts.data_of(media.get("uri"))
            if read is not None and blobs.of_card(card, read[1]) == blob_id:
                return read[1]
    return None
