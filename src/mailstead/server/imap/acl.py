"""GETACL, SETACL, DELETEACL, LISTRIGHTS, MYRIGHTS (RFC 4314 §3). Without sharing at this site they are refused.

Identifiers are addresses; whatever somebody logs in by is understood. ``anyone``, groups and negative rights are not there.
"""

from typing import TYPE_CHECKING

from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId, MailboxId
from mailstead.model.sharing import ALL, NONE, Right
from mailstead.protocol.imap.command.deleteacl import DeleteAcl
from mailstead.protocol.imap.command.getacl import GetAcl
from mailstead.protocol.imap.command.listrights import ListRights
from mailstead.protocol.imap.command.myrights import MyRights
from mailstead.protocol.imap.command.setacl import SetAcl
from mailstead.protocol.imap.response import acl as response
from mailstead.protocol.imap.response import line
from mailstead.server.imap.place import place_of
from mailstead.service.mailbox.others import Place, no_mailbox
from mailstead.service.sharing import Sharing

if TYPE_CHECKING:
    from mailstead.server.imap.session import Session


async def _mailbox(session: "Session", name: str) -> tuple[Place, MailboxId]:
    """A mailbox that is there, and that one knows of."""
    place = await place_of(session, name)
    info = await session.site.mail.mailbox(place.account, place.path)
    if info is None:
        raise no_mailbox()
    return place, info.mailbox_id


async def _shared(session: "Session", name: str) -> tuple[Sharing, Place, MailboxId]:
    """A mailbox whose rights one may see and change; to who may not even read it, it is not there (RFC 4314 §6)."""
    if session.site.others is None:
        raise Refusal(Reason.UNSUPPORTED, "Mailboxes are not shared here")
    place, mailbox = await _mailbox(session, name)
    if not place.rights & (Right.READ | Right.SHARE):
        raise no_mailbox()
    place.need(Right.SHARE)
    return session.site.others.sharing, place, mailbox


async def _who(sharing: Sharing, place: Place, identifier: str) -> AccountId:
    """The account behind an identifier."""
    if identifier.startswith("-") or identifier.lower() == "anyone":
        raise Refusal(Reason.UNSUPPORTED, "Rights are given to people, each by their address")
    found = await sharing.by_address(place.account, identifier)
    if found is None:
        raise Refusal(Reason.NOT_FOUND, "There is nobody by that name here")
    return found.account_id


async def _guest(session: "Session", command: SetAcl | DeleteAcl) -> tuple[Sharing, Place, MailboxId, AccountId]:
    """Whose rights in a mailbox are to change. What the owner has stays."""
    sharing, place, mailbox = await _shared(session, command.mailbox)
    who = await _who(sharing, place, command.identifier)
    if who == place.account:
        raise Refusal(Reason.NOT_PERMITTED, "The owner has every right always")
    return sharing, place, mailbox, who


async def getacl(session: "Session", tag: str, command: GetAcl) -> bytes:
    """GETACL: the owner first, then the others by their addresses."""
    sharing, place, mailbox = await _shared(session, command.mailbox)
    grants = (await sharing.grants(place.account)).get(mailbox, {})
    entries = [(await sharing.address(place.account), ALL), *sorted([(await sharing.address(who), rights) for who, rights in grants.items()])]
    return response.acl(_name(session, command.mailbox), entries, utf8=session.machine.utf8) + line.ok(tag, "GETACL completed")


async def setacl(session: "Session", tag: str, command: SetAcl) -> bytes:
    """SETACL."""
    sharing, place, mailbox, who = await _guest(session, command)
    now = (await sharing.grants(place.account)).get(mailbox, {}).get(who, NONE)
    rights = command.rights if not command.action else now | command.rights if command.action == "+" else now & ~command.rights
    if rights and not now and not await sharing.may_be_given(place.account, who):
        raise Refusal(Reason.NOT_PERMITTED, "This account cannot be given anything now")
    await sharing.give(place.account, mailbox, {who: rights}, by=session.account)
    return line.ok(tag, "SETACL completed")


async def deleteacl(session: "Session", tag: str, command: DeleteAcl) -> bytes:
    """DELETEACL; it is no fault if there was nothing."""
    sharing, place, mailbox, who = await _guest(session, command)
    await sharing.give(place.account, mailbox, {who: NONE}, by=session.account)
    return line.ok(tag, "DELETEACL completed")


async def listrights(session: "Session", tag: str, command: ListRights) -> bytes:
    """LISTRIGHTS: everybody may be given everything."""
    sharing, place, _ = await _shared(session, command.mailbox)
    who = await _who(sharing, place, command.identifier)
    answer = response.listrights(
        _name(session, command.mailbox), command.identifier, is_owner=who == place.account, utf8=session.machine.utf8)
    return answer + line.ok(tag, "LISTRIGHTS completed")


async def myrights(session: "Session", tag: str, command: MyRights) -> bytes:
    """MYRIGHTS: to who has any."""
    if session.site.others is None:
        raise Refusal(Reason.UNSUPPORTED, "Mailboxes are not shared here")
    place, _ = await _mailbox(session, command.mailbox)
    return response.myrights(_name(session, command.mailbox), place.rights, utf8=session.machine.utf8) + line.ok(tag, "MYRIGHTS completed")


def _name(session: "Session", name: str) -> str:
    names = session.site.names
    return names.name(names.path(name))
