"""EmailSubmission/set: sending, holding, calling back (RFC 8621 §7.5).

The message is the email's octets; where no envelope is given it is made of the header (RFC 8621 §7). What the email should become when it was
taken (``onSuccessUpdateEmail``) is done by ``Email/set``, whose response follows.
"""

from datetime import UTC, datetime
from typing import Any, Final

from mailstead.mime import addresses, header
from mailstead.model import ids as wire
from mailstead.model import limits
from mailstead.model.address import key_of
from mailstead.model.email import StateMismatch
from mailstead.model.errors import Reason, Refusal, Violation
from mailstead.model.ids import EmailId
from mailstead.model.submission import NewSubmission, Submission
from mailstead.protocol.smtp import dsn
from mailstead.server.http.jmap import email_set, identity, refused
from mailstead.server.http.jmap.dispatch import Calling
from mailstead.server.http.jmap.standard import (
    MethodError,
    Outcome,
    Wanted,
    check_state,
    invalid,
    need_write,
    resolved,
    set_error,
)
from mailstead.server.http.jmap.submission import given_parameters, ident_of, numbers_of, shown, state_of, why_not
from mailstead.service.delivery import header_of

_HEADERS: Final = (b"to", b"cc", b"bcc")
_KNOWN: Final = frozenset({"identityId", "emailId", "envelope"})


class _Wrong(Exception):  # noqa: N818 - a SetError on its way
    def __init__(self, kind: str, description: str = "", **more: Any) -> None:
        super().__init__(kind)
        self.error = set_error(kind, description, **more)


async def set_(call: Calling) -> dict[str, Any]:
    """RFC 8620 §5.3, RFC 8621 §7.5."""
    need_write(call)
    wanted = Wanted(call.arguments)
    on_update = call.arguments.get("onSuccessUpdateEmail") or {}
    on_destroy = call.arguments.get("onSuccessDestroyEmail") or []
    if not isinstance(on_update, dict) or not isinstance(on_destroy, list):
        raise invalid("onSuccessUpdateEmail maps ids to patches, onSuccessDestroyEmail is a list")
    old = await state_of(call)
    check_state(wanted, old)
    if_state = wanted.if_state  # looked at again where the first is taken in: a call that is made twice sends once
    outcome = Outcome()
    done: dict[str, Submission] = {}
    for name, given in wanted.create.items():
        try:
            made = await _create(call, given, if_state)
        except _Wrong as exc:
            outcome.not_created[name] = exc.error
            continue
        except StateMismatch:
            raise MethodError("stateMismatch", "the objects have changed since") from None
        if_state = ""
        whole = shown(made)
        outcome.created[name] = {
            key: whole[key] for key in ("id", "threadId", "sendAt", "undoStatus", "deliveryStatus", "dsnBlobIds", "mdnBlobIds")}
        if given.get("envelope") is None:
            outcome.created[name]["envelope"] = whole["envelope"]
        call.created[name] = ident_of(made)
        done["#" + name] = done[ident_of(made)] = made
    gone = {resolved(call, ident) for ident in wanted.destroy}
    for key, patch in wanted.update.items():
        ident = resolved(call, key)
        try:
            if ident in gone:
                raise _Wrong("willDestroy")
            done[ident] = done[key] = await _update(call, ident, patch)
        except _Wrong as exc:
            outcome.not_updated[ident] = exc.error
        else:
            outcome.updated[ident] = None
    for key in wanted.destroy:
        ident = resolved(call, key)
        numbers = numbers_of([ident])
        found = await call.sending.submissions.find(call.account, ids=list(numbers.values())) if numbers else []
        try:
            if not found:
                raise Refusal(Reason.NOT_FOUND, "There is no such submission")
            await call.sending.submissions.destroy(call.account, found[0].submission_id)
        except Refusal as exc:
            outcome.not_destroyed[ident] = set_error("notFound") if exc.reason is Reason.NOT_FOUND else set_error("forbidden", exc.public)
        else:
            outcome.destroyed.append(ident)
            done[ident] = done[key] = found[0]
    await _follow(call, on_update, on_destroy, done)
    return outcome.response(call, old, await state_of(call))


async def _follow(call: Calling, on_update: dict[str, Any], on_destroy: list[Any], done: dict[str, Submission]) -> None:
    """The emails of what succeeded become what was wished."""
    update = {
        wire.to_wire(wire.EMAIL, done[ident].email_id): patch for ident, patch in on_update.items() if ident in done and isinstance(patch, dict)
    }
    destroy = [wire.to_wire(wire.EMAIL, done[ident].email_id) for ident in on_destroy if isinstance(ident, str) and ident in done]
    if update or destroy:
        more = Calling(
            call.principal, call.mailing, call.account, call.account_id, {"update": update, "destroy": destroy}, call.created, call.may_write,
            sendings=call.sendings,
        )  # fmt: skip
        await refused.follow(call, "Email/set", email_set.set_(more))


# ----------------------------------------------------------------------------------------------------------- sending
async def _create(call: Calling, given: dict[str, Any], if_state: str) -> Submission:
    strange = [name for name in given if name not in _KNOWN]
    if strange:
        raise _Wrong("invalidProperties", properties=tuple(strange))
    who = await _identity(call, given.get("identityId"))
    email = given.get("emailId")
    number = wire.from_wire(wire.EMAIL, resolved(call, email)) if isinstance(email, str) else None
    if number is None:
        raise _Wrong("invalidProperties", "emailId names no email", properties=("emailId",))
    _, rows = await call.mailing.emails.emails(call.account, [EmailId(number)], content=False)
    if EmailId(number) not in rows:
        raise _Wrong("invalidProperties", "There is no such email", properties=("emailId",))
    octets = await call.mailing.emails.octets(call.account, EmailId(number))
    if header.first(header_of(octets), b"from") is None:  # RFC 5322 §3.6
        raise _Wrong("invalidEmail", "A message says who it is from", properties=("from",))
    if len(octets) > call.mailing.message_octets:
        raise _Wrong("tooLarge", "The message is too large to be sent", maxSize=call.mailing.message_octets)
    _fits(octets, str(who["email"]))
    envelope = given.get("envelope")
    release = 0
    options: dict[str, str] = {}
    if envelope is None:
        mail_from, recipients = _sender(octets, str(who["email"])), _recipients(octets)
    else:
        mail_from, options, release, recipients = _envelope(envelope, int(call.mailing.now().timestamp() * 1000))
    if not recipients:
        raise _Wrong("noRecipients")
    if len(recipients) > limits.SMTP_SUBMISSION_RECIPIENTS:
        raise _Wrong("tooManyRecipients", maxRecipients=limits.SMTP_SUBMISSION_RECIPIENTS)
    new = NewSubmission(
        call.sending.service.new_submission_id(), mail_from, tuple(recipients.items()), release, EmailId(number), rows[EmailId(number)].thread_id,
        str(who["id"]), options,
    )  # fmt: skip
    try:
        return await call.sending.service.submit(call.principal, new, octets, if_state=if_state)
    except Refusal as exc:
        raise _refused(exc) from exc


async def _identity(call: Calling, ident: Any) -> dict[str, Any]:
    found = await identity.of_id(call, resolved(call, ident) if isinstance(ident, str) else None)
    if found is None:
        raise _Wrong("invalidProperties", "There is no such identity", properties=("identityId",))
    return found


def _authors(octets: bytes, name: bytes) -> list[str]:
    """The addresses in a field of the header; they cannot be told apart where the field stands twice (``invalidEmail``)."""
    values = [value for found, value in header.fields(header_of(octets)) if found.lower() == name]
    if len(values) > 1:
        raise _Wrong("invalidEmail", f"The message has {name.decode().title()} more than once", properties=(name.decode(),))
    found: list[str] = []
    for value in values:
        found += map(str, addresses.complete(value))
        if not found:
            raise _Wrong("invalidEmail", f"{name.decode().title()} names no address", properties=(name.decode(),))
    return found


def _fits(octets: bytes, email: str) -> None:
    """Whoever the message is from is whom its identity stands for (RFC 8621 §9.6), under that address or one with a detail (RFC 5233)."""
    strange = [one for one in _authors(octets, b"from") if not _is_of(one, email)]
    if strange:
        raise _Wrong("forbiddenFrom", "The message is from another address than its identity")


def _is_of(address: str, email: str) -> bool:
    own = key_of(email)
    local, _, domain = key_of(address).rpartition("@")
    return own in {f"{local}@{domain}", f"{local.partition('+')[0]}@{domain}"}


def _sender(octets: bytes, email: str) -> str:
    """The reverse path where no envelope says it: Sender's address, else From's, else, where that is not the identity's, the identity's (RFC 8621 §7)."""
    for name in (b"sender", b"from"):
        found = _authors(octets, name)
        if len(found) > 1:
            raise _Wrong("invalidEmail", "Of several authors one is the sender: say who, in Sender", properties=(name.decode(),))
        if found:
            return found[0] if _is_of(found[0], email) else email
    return email


def _recipients(octets: bytes) -> dict[str, dict[str, str]]:
    """To, Cc and Bcc, each address once (RFC 8621 §7), a domain being the same in capitals (RFC 5321 §2.3.11); of a field that is there twice the
    last counts (RFC 8621 §4.1.2.3)."""
    last = {name.lower(): value for name, value in header.fields(header_of(octets)) if name.lower() in _HEADERS}
    found: dict[tuple[str, str], str] = {}
    for name in _HEADERS:
        for one in addresses.complete(last.get(name, b"")):
            found.setdefault((one.local, one.domain.casefold()), str(one))
    return {address: {} for address in found.values()}


def _envelope(given: Any, now_ms: int) -> tuple[str, dict[str, str], int, dict[str, dict[str, str]]]:
    """(reverse path, options, when it goes, recipients)."""
    sender = given.get("mailFrom") if isinstance(given, dict) else None
    to = given.get("rcptTo") if isinstance(given, dict) else None
    if not isinstance(sender, dict) or not isinstance(to, list) or not isinstance(sender.get("email"), str):
        raise _Wrong("invalidProperties", "An envelope has mailFrom and rcptTo", properties=("envelope",))
    options = given_parameters(_parameters(sender))
    release = 0
    for name, value in _parameters(sender).items():
        match name.upper():
            case "HOLDFOR" if isinstance(value, str) and value.isdigit() and len(value) < 12:  # noqa: PLR2004 - RFC 4865 §4.2: 9 digits
                release = now_ms + int(value) * 1000
            case "HOLDUNTIL" if isinstance(value, str):
                release = _until(value)
            case "SMTPUTF8" | "BODY" | "SIZE" if value is None or (isinstance(value, str) and len(value) < 20):  # noqa: PLR2004 - RFC 1870 §3: 20 digits
                pass
            case "REQUIRETLS" if value is None:
                options["requiretls"] = "1"
            case "RET" | "ENVID" if isinstance(value, str):
                options.update(_of_notices(name, value))
            case _:
                raise _Wrong("invalidProperties", f"The parameter {name[:50]} is not known here", properties=("envelope",))
    found: dict[str, dict[str, str]] = {}
    broken: list[str] = []
    for one in to:
        if not isinstance(one, dict) or not isinstance(one.get("email"), str):
            raise _Wrong("invalidProperties", "A recipient has an email", properties=("envelope",))
        address = one["email"]
        local, at, domain = address.rpartition("@")
        if not (local and at and domain) or any(ord(character) <= 0x20 for character in address) or len(address) > 512:  # noqa: PLR2004 - RFC 5321 §4.5.3.1.3
            broken.append(address[:512])
        wanted = given_parameters(_parameters(one))
        for name, value in _parameters(one).items():
            if name.upper() not in {"NOTIFY", "ORCPT"} or not isinstance(value, str):
                raise _Wrong("invalidProperties", f"The parameter {name[:50]} is not known here", properties=("envelope",))
            wanted.update(_of_notices(name, value))
        found[address] = wanted
    if broken:
        raise _Wrong("invalidRecipients", "These are no addresses", invalidRecipients=broken, reason="noAddress")
    return sender["email"], options, release, found


def _of_notices(name: str, value: str) -> dict[str, str]:
    """A parameter about notices, in clear (RFC 8621 §7), as RFC 3461 §4 has it: the next server would refuse another."""
    try:
        match name.upper():
            case "RET":
                return {"ret": dsn.ret(value)}
            case "ENVID":
                return {"envid": dsn.envid(value)}
            case "NOTIFY":
                return {"notify": ",".join(sorted(dsn.notify(value)))}
            case _:
                return {"orcpt": dsn.orcpt(value)}
    except Violation as exc:
        raise _Wrong("invalidProperties", exc.text, properties=("envelope",)) from None


def _parameters(one: dict[str, Any]) -> dict[str, Any]:
    found = one.get("parameters") or {}
    if not isinstance(found, dict):
        raise _Wrong("invalidProperties", "parameters is an object", properties=("envelope",))
    return found


def _until(text: str) -> int:
    """An RFC 3339 date-time, never seconds (RFC 4865 §4.2)."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise _Wrong("invalidProperties", "HOLDUNTIL is a date and a time", properties=("envelope",)) from None
    if at.tzinfo is None:
        raise _Wrong("invalidProperties", "HOLDUNTIL needs a time zone", properties=("envelope",))
    return int(at.astimezone(UTC).timestamp() * 1000)


def _refused(exc: Refusal) -> _Wrong:
    match exc.reason:
        case Reason.SENDER_NOT_OWNED:
            return _Wrong("forbiddenMailFrom" if "@" in exc.cause and ":" not in exc.cause else "forbiddenFrom", exc.public)
        case Reason.NO_SUCH_RECIPIENT | Reason.RELAY_DENIED:
            return _Wrong("invalidRecipients", exc.public, invalidRecipients=[exc.cause], **why_not(exc))
        case Reason.TOO_MANY:
            return _Wrong("tooManyRecipients", exc.public, maxRecipients=limits.SMTP_SUBMISSION_RECIPIENTS)
        case Reason.OVER_QUOTA:
            return _Wrong("overQuota", exc.public)
        case Reason.BAD_CONTENT:
            return _Wrong("invalidEmail", exc.public, properties=("headers",))
        case Reason.INVALID:
            return _Wrong("invalidProperties", exc.public, properties=("envelope",))
        case _:
            return _Wrong("forbiddenToSend", exc.public)


# ----------------------------------------------------------------------------------------------------------- calling back
async def _update(call: Calling, ident: str, patch: dict[str, Any]) -> Submission:
    """``undoStatus`` may become ``canceled``, nothing else may change."""
    numbers = numbers_of([ident])
    found = await call.sending.submissions.find(call.account, ids=list(numbers.values())) if numbers else []
    if not found:
        raise _Wrong("notFound")
    now = shown(found[0])
    strange = [name for name, value in patch.items() if name != "undoStatus" and (name not in now or now[name] != value)]
    if strange:
        raise _Wrong("invalidProperties", properties=tuple(strange))
    wish = patch.get("undoStatus", now["undoStatus"])
    if wish == now["undoStatus"]:
        return found[0]
    if wish != "canceled":
        raise _Wrong("invalidProperties", "undoStatus can only become canceled", properties=("undoStatus",))
    if not await call.sending.service.cancel(call.account, found[0].submission_id):
        raise _Wrong("cannotUnsend", "It has left already")
    return found[0]
