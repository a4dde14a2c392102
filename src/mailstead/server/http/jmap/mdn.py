"""MDN/send and MDN/parse (RFC 9007): saying that a message was read, and reading that others have.

Only a message that asks for it is answered, once, to the address that it names and from the null reverse-path (RFC 8098 §2.1); a notification is
never answered. ``$mdnsent`` is set in the step that takes the notice in, and only where nobody has set it yet: of several who would answer at one moment, by
JMAP or with a flag over IMAP, one does.
"""

import re
from datetime import UTC
from typing import Any, Final

from mailstead.mime import addresses, compose, date, disposition, header
from mailstead.mime.disposition import MODES, SENDING, TYPES, Notification
from mailstead.model import ids as wire
from mailstead.model.email import EmailPatch
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import EmailId
from mailstead.model.submission import NewSubmission
from mailstead.protocol.jmap.mail.keywords import Names
from mailstead.server.http.jmap import blob_source, email_set, identity, refused
from mailstead.server.http.jmap.dispatch import Calling
from mailstead.server.http.jmap.email import is_message
from mailstead.server.http.jmap.kept_type import Bad
from mailstead.server.http.jmap.standard import (
    MAX_SET,
    MethodError,
    invalid,
    need_write,
    resolved,
    text,
    wanted_ids,
)
from mailstead.server.http.jmap.submission import why_not

CAPABILITY: Final = "urn:ietf:params:jmap:mdn"
SENT: Final = "$mdnsent"
_MARK: Final = frozenset((SENT,))
_REFUSED: Final = {Reason.OVER_QUOTA: "overQuota", Reason.ALREADY_EXISTS: "mdnAlreadySent", Reason.NOT_FOUND: "notFound"}
_SETTABLE: Final = frozenset({
    "forEmailId", "subject", "textBody", "includeOriginalMessage", "reportingUA", "disposition", "finalRecipient", "originalRecipient", "originalMessageId",
    "extensionFields", "error", "mdnGateway",
})  # fmt: skip
_OURS: Final = frozenset({"originalRecipient", "originalMessageId", "error", "mdnGateway"})
_FIELD: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,75}")
_TEXT: Final = 30_000


# ----------------------------------------------------------------------------------------------------------- send
async def send(call: Calling) -> dict[str, Any]:
    """RFC 9007 §2.1."""
    need_write(call)
    given = call.arguments.get("send")
    if not isinstance(given, dict) or not all(isinstance(one, dict) for one in given.values()):
        raise invalid("send maps creation ids to MDNs")
    if len(given) > MAX_SET:
        raise MethodError("requestTooLarge", f"at most {MAX_SET} at once")
    then = call.arguments.get("onSuccessUpdateEmail")
    if then is not None and (not isinstance(then, dict) or not all(isinstance(one, dict) for one in then.values())):
        raise invalid("onSuccessUpdateEmail maps ids to patches")
    who = await identity.of_id(call, resolved(call, text(call.arguments, "identityId")))
    if who is None:
        raise MethodError("invalidArguments", "there is no such identity")
    sent: dict[str, Any] = {}
    not_sent: dict[str, Any] = {}
    updates: dict[str, Any] = {}
    for creation, one in given.items():
        try:
            patch = (then or {}).get("#" + creation) or {}
            keywords = patch.get("keywords")
            if patch.get(f"keywords/{SENT}") is not True and not (isinstance(keywords, dict) and keywords.get(SENT) is True):
                raise Bad("invalidProperties", f"onSuccessUpdateEmail sets the keyword {SENT} of the email", "forEmailId")
            sent[creation], ident = await _send(call, who, one)
            updates[ident] = patch
        except Bad as exc:
            not_sent[creation] = exc.error
    if updates:
        more = Calling(call.principal, call.mailing, call.account, call.account_id, {"update": updates}, call.created, call.may_write, sendings=call.sendings)
        await refused.follow(call, "Email/set", email_set.set_(more))
    return {"accountId": call.account_id, "sent": sent or None, "notSent": not_sent or None}


async def _send(call: Calling, who: dict[str, Any], given: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """What the server made of one, and the email's id. Raises ``Bad``."""
    strange = [name for name in given if name not in _SETTABLE or (name in _OURS and given[name] is not None)]
    if strange:
        raise Bad("invalidProperties", "the server sets these", *strange)
    email, head, octets = await _email(call, given.get("forEmailId"))
    to = _asked_by(head)
    said = _disposition(given.get("disposition"))
    if said[1] == "mdn-sent-automatically":
        path = addresses.parse(header.unfold(header.first(head, b"return-path") or b""))
        if not path or path[0].local is None or addresses.spelled(path[0].local, path[0].domain or b"").casefold() != to.casefold():
            raise Bad("forbidden", "a notice goes elsewhere than the message came from: people decide about that (RFC 8098 §2.1)")
    for name, most in (("subject", 500), ("textBody", _TEXT), ("reportingUA", 200), ("finalRecipient", 400)):
        if not (given.get(name) is None or (isinstance(given[name], str) and len(given[name]) <= most)):
            raise Bad("invalidProperties", "this is a text", name)
    with_original = given.get("includeOriginalMessage", False)
    if not isinstance(with_original, bool):
        raise Bad("invalidProperties", "this is true or false", "includeOriginalMessage")
    own = header.unfold(header.first(head, b"message-id") or b"").decode("utf-8", "replace").strip()
    original = header.first(head, b"original-recipient")
    note = Notification(
        said, _final(given.get("finalRecipient"), str(who["email"])), given.get("reportingUA") or "",
        original_recipient=header.unfold(original).decode("utf-8", "replace").strip() if original is not None else "", message_id=own[:998],
        more=_extensions(given.get("extensionFields")),
    )  # fmt: skip
    if given.get("finalRecipient") and not await call.sending.may_write_as(call.principal, _address(note.final_recipient)):
        raise Bad("forbiddenFrom", "you may not speak for this recipient (RFC 9007 §5)", "finalRecipient")
    subject, body = _words(note, given, head)
    message = _message(call, who, note, subject, body, to, octets if with_original else None)
    if len(message) > call.mailing.message_octets:
        raise Bad("tooLarge", f"a message has at most {call.mailing.message_octets} octets: leave the original out")
    new = NewSubmission(
        call.sending.service.new_submission_id(), "", ((to, {"notify": "NEVER"}),), identity=str(who["id"]),
        marks=EmailPatch(email, add_keywords=_MARK, unless=_MARK))
    try:
        await call.sending.service.submit(call.principal, new, message)
    except Refusal as exc:
        raise Bad(_REFUSED.get(exc.reason, "forbidden"), exc.public, **why_not(exc)) from exc
    made: dict[str, Any] = {
        "finalRecipient": note.final_recipient, "originalMessageId": own or None, "originalRecipient": note.original_recipient or None, "subject": subject,
        "textBody": body, "includeOriginalMessage": with_original, "reportingUA": note.reporting_ua or None, "extensionFields": note.more or None,
        "mdnGateway": None, "error": None,
    }  # fmt: skip
    return {name: value for name, value in made.items() if name not in given or (given[name] or None) != (value or None)}, wire.to_wire(wire.EMAIL, email)


async def _email(call: Calling, given: Any) -> tuple[EmailId, bytes, bytes]:
    """Id, header and octets of the email that a notice is about. Raises ``Bad``."""
    ident = resolved(call, given) if isinstance(given, str) else ""
    number = wire.from_wire(wire.EMAIL, ident)
    _, rows = await call.mailing.emails.emails(call.account, [EmailId(number)] if number is not None else [], content=True)
    row = rows.get(EmailId(number)) if number is not None else None
    if row is None:
        raise Bad("notFound", "there is no such email")
    names = Names(await call.mailing.emails.keywords(call.account, row.flags))
    if SENT in names.keywords(row.flags, row.more):
        raise Bad("mdnAlreadySent", "its author was told already")
    octets = await call.mailing.emails.octets(call.account, row.email_id)
    head = octets[: row.header_octets]
    if disposition.read(octets) is not None:
        raise Bad("forbidden", "a notice is never answered by another (RFC 8098 §2.1)")
    return row.email_id, head, octets


def _asked_by(head: bytes) -> str:
    """Where the notice is to go: exactly one address. Raises ``Bad``."""
    asked = [mailbox for mailbox in addresses.parse(header.unfold(header.first(head, b"disposition-notification-to") or b"")) if mailbox.local and mailbox.domain]
    if len(asked) != 1:
        raise Bad("notFound", "the message does not ask for a notice, or asks for several")
    return addresses.spelled(asked[0].local or b"", asked[0].domain or b"")


def _disposition(given: Any) -> tuple[str, str, str]:
    if isinstance(given, dict):
        mode, sending, kind = (str(given.get(name, "")) for name in ("actionMode", "sendingMode", "type"))
        if mode in MODES and sending in SENDING and kind in TYPES:
            return mode, sending, kind
    raise Bad("invalidProperties", "a disposition has actionMode, sendingMode and type", "disposition")


def _final(given: str | None, own: str) -> str:
    found = given or own
    return found if ";" in found else f"rfc822; {found}"


def _address(final: str) -> str:
    """The address of ``type; address``; "" where it is of a kind that we have none of."""
    kind, _, address = final.partition(";")
    return address.strip() if kind.strip().lower() in {"rfc822", "utf-8"} else ""


def _extensions(given: Any) -> dict[str, str]:
    if given is None:
        return {}
    if not isinstance(given, dict) or len(given) > 20 or not all(  # noqa: PLR2004
        _FIELD.fullmatch(name) and isinstance(value, str) and len(value) <= 1_000 for name, value in given.items()  # noqa: PLR2004
    ):
        raise Bad("invalidProperties", "names of fields to texts", "extensionFields")
    return dict(given)


def _words(note: Notification, given: dict[str, Any], head: bytes) -> tuple[str, str]:
    """Subject and text: the client's, where it has them."""
    asked = header.decode(header.unfold(header.first(head, b"subject") or b"")).strip()
    subject = given.get("subject") or f"Read: {asked}"[:500]
    about = f"The message “{asked}” was {note.disposition[2]}." if asked else f"Your message was {note.disposition[2]}."
    return " ".join(subject.split()), given.get("textBody") or f"{about}\nThis is no guarantee that it was read or understood."


def _message(call: Calling, who: dict[str, Any], note: Notification, subject: str, body: str, to: str, original: bytes | None) -> bytes:
    lines = [
        ("Date", date.rfc5322(call.mailing.now().astimezone(UTC))), ("From", compose.address(who["name"] or None, str(who["email"]))),
        ("To", compose.address(None, to)), ("Subject", compose.text(subject)),
        ("Message-ID", b"<" + call.mailing.message_id().encode() + b">"), ("Auto-Submitted", b"auto-replied"), ("MIME-Version", b"1.0"),
    ]
    if note.message_id.startswith("<"):
        lines += [("In-Reply-To", note.message_id.encode()), ("References", note.message_id.encode())]
    return b"".join(compose.field(name, value) for name, value in lines) + disposition.report(note, body, original, call.mailing.boundary())


# ----------------------------------------------------------------------------------------------------------- parse
async def parse(call: Calling) -> dict[str, Any]:
    """RFC 9007 §2.2."""
    asked = wanted_ids(call.arguments, "blobIds")
    if asked is None:
        raise invalid("blobIds is a list of ids")
    parsed: dict[str, Any] = {}
    missing, strange = [], []
    for blob_id in asked:
        octets = await blob_source.octets(call.mailing, call.account, blob_id)
        if octets is None:
            missing.append(blob_id)
            continue
        found = disposition.read(octets) if is_message(octets) else None
        if found is None:
            strange.append(blob_id)
        else:
            parsed[blob_id] = _shown(found, await _for_email(call, found.notification))
    return {"accountId": call.account_id, "parsed": parsed or None, "notParsable": strange or None, "notFound": missing or None}


async def _for_email(call: Calling, note: Notification) -> str | None:
    """The sent email that a notice speaks of, where it is still there."""
    one = await call.sending.submissions.of_message(call.account, note.message_id) if note.message_id else None
    if one is None or not one.email_id:
        return None
    _, rows = await call.mailing.emails.emails(call.account, [one.email_id], content=False)
    return wire.to_wire(wire.EMAIL, one.email_id) if one.email_id in rows else None


def _shown(found: disposition.Read, for_email: str | None) -> dict[str, Any]:
    note = found.notification
    return {
        "forEmailId": for_email, "subject": found.subject or None, "textBody": found.text or None, "includeOriginalMessage": found.has_original,
        "reportingUA": note.reporting_ua or None, "disposition": dict(zip(("actionMode", "sendingMode", "type"), note.disposition, strict=True)),
        "mdnGateway": note.mdn_gateway or None, "originalRecipient": note.original_recipient or None, "finalRecipient": note.final_recipient or None,
        "originalMessageId": note.message_id or None, "error": list(note.errors) or None, "extensionFields": note.more or None,
    }  # fmt: skip
