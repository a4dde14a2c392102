"""SearchSnippet/get (RFC 8621 §5)."""

from typing import Any

from mailstead.mime import parts
from mailstead.mime import text as texts_of
from mailstead.model import ids as wire
from mailstead.model import limits
from mailstead.model.email import EmailRow
from mailstead.model.errors import Refusal
from mailstead.model.ids import EmailId
from mailstead.protocol.jmap.mail import email as objects
from mailstead.protocol.jmap.mail.snippets import marked, terms
from mailstead.server.http.jmap.email import condition_of
from mailstead.server.http.jmap.standard import Call, invalid, wanted_ids

_MOST = 64 << 10
"""Octets of a message that are looked through for a word."""


async def get(call: Call) -> dict[str, Any]:
    """Where the words of the filter stand in each email; null where they do not. ``notFound`` is null where all were found (RFC 8621 §5.1)."""
    condition, _ = await condition_of(call, call.arguments.get("filter"))
    asked = wanted_ids(call.arguments, "emailIds")
    if asked is None:
        raise invalid("emailIds is a list of ids")
    in_subject, in_body = terms(condition, body=False), terms(condition, body=True)
    numbers = {ident: EmailId(number) for ident in asked if (number := wire.from_wire(wire.EMAIL, ident)) is not None}
    _, rows = await call.mailing.emails.emails(call.account, list(numbers.values()), content=True)
    listed = []
    for ident, number in numbers.items():
        row = rows.get(number)
        if row is not None:
            subject, _ = objects.snippet_source(row)
            listed.append({
                "emailId": ident, "subject": marked(subject, in_subject, 10 * limits.JMAP_SNIPPET),
                "preview": await _preview(call, row, in_body) if in_body else None,
            })
    missing = [ident for ident in asked if ident not in numbers or numbers[ident] not in rows]
    return {"accountId": call.account_id, "list": listed, "notFound": missing or None}


async def _preview(call: Call, row: EmailRow, wanted: tuple[str, ...]) -> str | None:
    """From the stored preview where the word is in it, else from the text itself."""
    found = marked(row.preview, wanted)
    if found is not None or not row.parts:
        return found
    try:
        octets = await call.mailing.emails.octets(call.account, row.email_id, 0, row.header_octets + _MOST)
    except Refusal:
        return None
    for text in texts_of.texts(lambda start, end: octets[start:end], parts.unpack(row.parts), limit=_MOST):
        found = marked(" ".join(text.split()), wanted)
        if found is not None:
            return found
    return None
