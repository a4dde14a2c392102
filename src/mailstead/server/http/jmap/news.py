"""What a client asks when it hears that mail has moved, told with the event itself: the way there and back is saved (decision 94).

Beside ``state`` (RFC 8620 §7.3), for whoever asks for it, comes an event ``news``: the states from which it goes on, and the response (RFC 8620 §3.4) to a request for what
has changed since. Who stands elsewhere asks as ever.
"""

from typing import Any, Final

import msgspec

from mailstead.model import ids as wire
from mailstead.model import limits
from mailstead.model.question import Principal
from mailstead.protocol.jmap.errors import RequestError
from mailstead.server.http.jmap.dispatch import CORE, MAIL, Dispatcher
from mailstead.server.http.jmap.session import PLUS

_USING: Final = (CORE, MAIL, PLUS)


def properties(text: str) -> tuple[str, ...]:
    """The properties of an email that are named in ``text``, between commas; none of them where it is empty, or too long to be meant."""
    return tuple(name for name in text.split(",") if name) if len(text) <= limits.EVENT_PROPERTIES else ()


async def told(dispatcher: Dispatcher, principal: Principal, since: dict[str, str], wanted: tuple[str, ...]) -> dict[str, Any] | None:
    """The data of the event: emails that came or changed since the states ``since``, the conversations of new ones, mailboxes. At most
    ``limits.EVENT_EMAILS`` changes; the client sees that there are more. None: it cannot be told just now."""
    account = wire.to_wire(wire.ACCOUNT, principal.account_id)
    asked = [
        (name, {"accountId": account, **arguments}, ident)
        for name, arguments, ident in (
            ("Email/changes", {"sinceState": since["Email"], "maxChanges": limits.EVENT_EMAILS}, "changes"),
            ("Email/get", {"#ids": _of("changes", "Email/changes", "/created"), "properties": wanted}, "created"),
            ("Email/get", {"#ids": _of("changes", "Email/changes", "/updated"), "properties": wanted}, "updated"),
            ("Thread/get", {"#ids": _of("created", "Email/get", "/list/*/threadId")}, "threads"),
            ("Mailbox/changes", {"sinceState": since["Mailbox"]}, "boxes"),
            ("Mailbox/get", {"#ids": _of("boxes", "Mailbox/changes", "/created")}, "made"),
            ("Mailbox/get", {"#ids": _of("boxes", "Mailbox/changes", "/updated")}, "moved"),
        )
    ]
    try:
        response = await dispatcher.run(msgspec.json.encode({"using": _USING, "methodCalls": asked}), principal)
    except RequestError:
        return None
    return {"@type": "News", "accountId": account, "since": {name: since[name] for name in ("Email", "Mailbox")}, "response": msgspec.Raw(response)}


def _of(ident: str, name: str, path: str) -> dict[str, str]:
    return {"resultOf": ident, "name": name, "path": path}
