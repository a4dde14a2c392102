"""APPEND, of one or more messages (RFC 9051 §6.3.12, RFC 3502, RFC 4315 §3, RFC 6855 §4).

What can be refused is refused before the octets are sent: no such mailbox, too large. All messages are filed in one
transaction when the command is whole.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mailstead.model.errors import Reason, Refusal
from mailstead.model.mailbox import MailboxInfo
from mailstead.model.message import NewMessage
from mailstead.model.sharing import Right
from mailstead.model.uids import UidSet
from mailstead.protocol.imap.command.append import Head
from mailstead.protocol.imap.response import line
from mailstead.protocol.imap.server import Appended, Chunk, Message
from mailstead.server.imap.op import new_op
from mailstead.server.imap.place import place_of
from mailstead.service.mailbox import append as appending
from mailstead.service.mailbox.append import Gatherer
from mailstead.service.mailbox.others import Place
from mailstead.service.mailbox.store import allowed

if TYPE_CHECKING:
    from mailstead.server.imap.session import Session


@dataclass(slots=True)
class Appending:
    """An APPEND on its way."""

    tag: str
    place: Place
    info: MailboxInfo
    head: Head
    messages: list[NewMessage] = field(default_factory=list)
    gatherer: Gatherer | None = None
    octets: int = 0


async def on_event(session: "Session", event: Message | Chunk | Appended) -> bytes:
    """What to write, "" for nothing."""
    match event:
        case Message():
            return await _announced(session, event)
        case Chunk():
            _gather(session, event)
            return b""
        case Appended():
            return await _whole(session, event.tag)


def give_up(session: "Session") -> str:
    """The APPEND has failed or is not to be: forget it and pass over what is still to come. Its tag, "" if there is none."""
    under_way: Appending | None = session.appending
    session.appending = None
    session.machine.abandon()
    if under_way is None:
        return ""
    if under_way.gatherer is not None:
        under_way.gatherer.close()
    return under_way.tag


async def _announced(session: "Session", event: Message) -> bytes:
    site = session.site
    under_way: Appending | None = session.appending
    try:
        if under_way is None:
            place = await place_of(session, event.head.mailbox)
            info = await appending.target(site.mail, place.account, place.path)
            place.need(Right.ADD)
            under_way = Appending(event.tag, place, info, event.head)
        under_way.octets += event.size
        if event.size > site.message_size or under_way.octets > 4 * site.message_size:
            raise Refusal(Reason.TOO_LARGE, "The message is too large")
        appending.checked(event.head.flags)
    except Refusal as refusal:
        session.appending = None
        session.machine.refuse(waits=event.waits)
        code = {Reason.NOT_FOUND: "TRYCREATE", Reason.TOO_LARGE: "TOOBIG", Reason.NOT_PERMITTED: "NOPERM"}.get(refusal.reason, "CANNOT")
        return line.no(event.tag, refusal.public, code)
    except BaseException:
        session.machine.refuse(waits=event.waits)
        raise
    under_way.head = event.head
    under_way.gatherer = Gatherer(site.spool())
    session.appending = under_way
    session.machine.accept()
    return line.READY if event.waits else b""


def _gather(session: "Session", event: Chunk) -> None:
    under_way: Appending | None = session.appending
    if under_way is None or under_way.gatherer is None:
        return
    gatherer = under_way.gatherer
    gatherer.feed(event.octets)
    if event.is_last:
        if gatherer.has_nul:
            # RFC 3516 §4.4: a server may refuse what it cannot keep as it is (DECISIONS 20, 21).
            raise Refusal(Reason.BAD_CONTENT, "A message that holds NUL cannot be kept")
        head = under_way.head
        flags = allowed(appending.checked(head.flags), under_way.place.rights)  # what may not be set is no reason to refuse it (RFC 4314 §4)
        under_way.messages.append(appending.message(gatherer.finish(), flags, head.received_at_ms))
        under_way.gatherer = None


async def _whole(session: "Session", tag: str) -> bytes:
    under_way: Appending | None = session.appending
    session.appending = None
    if under_way is None:
        return b""
    try:
        place = under_way.place
        if place.is_other and session.site.others is not None:
            rights = await session.site.others.rights(session.account, place.account, under_way.info.mailbox_id)
            Place(place.account, place.path, rights, is_other=True).need(Right.ADD)
        done = await appending.append(session.site.mail, place.account, new_op(), under_way.info, under_way.messages)
    except Refusal as refusal:
        if refusal.reason is Reason.NOT_FOUND:
            return line.no(tag, refusal.public, "TRYCREATE")
        raise
    session.note(done.modseq, under_way.place.account)
    return line.ok(tag, "APPEND completed", f"APPENDUID {done.uid_validity} {UidSet.of(done.uids)}")
