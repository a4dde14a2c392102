"""Email/unsubscribe, of ours: leave the list of a message in one step (RFC 8058), through the server."""

from typing import Any

from mailstead.model import ids as wire
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import EmailId
from mailstead.server.http.jmap.dispatch import Calling
from mailstead.server.http.jmap.standard import MethodError, need_write, resolved, text


async def unsubscribe(call: Calling) -> dict[str, Any]:
    """``emailId`` → ``result``, ``host``, ``description``. Nothing of the email changes: what a client marks is its own affair."""
    need_write(call)
    number = wire.from_wire(wire.EMAIL, resolved(call, text(call.arguments, "emailId")))
    leaving = call.mailing.unsubscribing
    if number is None:
        raise MethodError("notFound", "there is no such email")
    if leaving is None:
        raise MethodError("forbidden", "this server calls no other servers")
    try:
        octets = await call.mailing.emails.octets(call.account, EmailId(number))
    except Refusal as exc:
        if exc.reason in {Reason.NOT_FOUND, Reason.EXPUNGED}:
            raise MethodError("notFound", "there is no such email") from None
        raise
    left = await leaving.leave(call.account, octets)
    return {
        "accountId": call.account_id, "emailId": wire.to_wire(wire.EMAIL, number), "result": left.result, "host": left.host or None,
        "description": left.reason or None,
    }  # fmt: skip
