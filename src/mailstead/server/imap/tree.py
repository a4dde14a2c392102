"""Mailboxes by name: CREATE, DELETE, RENAME, SUBSCRIBE, LIST, LSUB, STATUS, NAMESPACE (RFC 9051 §6.3.4-6.3.11)."""

from typing import TYPE_CHECKING, Final

from mailstead.model import ids
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId
from mailstead.model.mailbox import INBOX, MailboxInfo, Role
from mailstead.model.sharing import NONE, Right
from mailstead.model.uids import UidSet
from mailstead.protocol.imap.command.bare import Bare
from mailstead.protocol.imap.command.create import Create
from mailstead.protocol.imap.command.delete import Delete
from mailstead.protocol.imap.command.list import List
from mailstead.protocol.imap.command.rename import Rename
from mailstead.protocol.imap.command.status import Status
from mailstead.protocol.imap.command.subscribe import Subscribe
from mailstead.protocol.imap.response import acl as acl_response
from mailstead.protocol.imap.response import line
from mailstead.protocol.imap.response import list as list_response
from mailstead.protocol.imap.state import State
from mailstead.server.imap.login import condstore
from mailstead.server.imap.op import new_op
from mailstead.server.imap.place import others_of, place_of
from mailstead.service.mailbox import listing
from mailstead.service.mailbox.listing import Wish
from mailstead.service.mailbox.names import Path

if TYPE_CHECKING:
    from mailstead.server.imap.session import Session

_LINES: Final = 200


async def create(session: "Session", tag: str, command: Create) -> bytes:
    """CREATE makes parents too; ``USE`` gives the mailbox a role (RFC 6154 §3)."""
    site = session.site
    path = site.names.new_path(command.mailbox)
    others = others_of(session, path)
    if others is not None:
        place = await others.new_place(session.account, path)
        if command.uses:
            return line.no(tag, "That special use cannot be given", "USEATTR")
        info = await site.mail.mailbox_create(place.account, new_op(), place.path)
        return line.ok(tag, "CREATE completed", f"MAILBOXID ({ids.to_wire(ids.MAILBOX, info.mailbox_id)})")
    role = Role.NONE
    if command.uses:
        roles = [listing.ROLES.get(use) for use in command.uses]
        if len(roles) != 1 or roles[0] is None or await _has_role(session, roles[0]):
            return line.no(tag, "That special use cannot be given", "USEATTR")
        role = roles[0]
    info = await site.mail.mailbox_create(session.account, new_op(), path, role=role)
    return _spelled(session, command.mailbox, path) + line.ok(tag, "CREATE completed", f"MAILBOXID ({ids.to_wire(ids.MAILBOX, info.mailbox_id)})")


def _spelled(session: "Session", sent: str, path: Path, *attributes: str, was: tuple[str, Path] | None = None) -> bytes:
    """What a mailbox is called whose name the client spelled in another form of Unicode: ``sent``, or the name it had before (RFC 9051 §6.3.9.7)."""
    names = session.site.names
    spellings = [(sent, path), *([was] if was is not None else [])]
    if not session.rev2 or all(text.removesuffix(names.separator).casefold() == names.name(meant).casefold() for text, meant in spellings):
        return b""
    return list_response.listed(attributes, names.separator, names.name(path), utf8=True, old_name=spellings[-1][0])


async def _has_role(session: "Session", role: Role) -> bool:
    return any(info.role is role for info in await session.site.mail.mailboxes(session.account))


async def delete(session: "Session", tag: str, command: Delete) -> bytes:
    """DELETE; a session that deletes its own selected mailbox is left with none."""
    site = session.site
    place = await place_of(session, command.mailbox)
    path = place.path
    if path == INBOX:
        raise Refusal(Reason.NOT_PERMITTED, "INBOX cannot be deleted")
    info = await site.mail.mailbox(place.account, path)
    if place.is_other:
        place.need(Right.DELETE | (Right.REMOVE if info is not None and info.total else NONE))
    await site.mail.mailbox_delete(place.account, new_op(), path)
    view = session.view
    if view is not None and info is not None and view.mailbox_id == info.mailbox_id:
        session.view = None
        session.machine.state = State.AUTHENTICATED
    return (_spelled(session, command.mailbox, path, "\\NonExistent") if not place.is_other else b"") + line.ok(tag, "DELETE completed")


async def rename(session: "Session", tag: str, command: Rename) -> bytes:
    """RENAME; children move along (RFC 9051 §6.3.6)."""
    names = session.site.names
    old, new = names.path(command.old), names.new_path(command.new)
    if others_of(session, old) is not None or others_of(session, new) is not None:
        return await _rename_of_other(session, tag, old, new)
    if new == INBOX:
        raise Refusal(Reason.ALREADY_EXISTS, "That mailbox exists")
    if new[: len(old)] == old and old != INBOX:
        raise Refusal(Reason.INVALID, "A mailbox cannot move below itself")
    await session.site.mail.mailbox_rename(session.account, new_op(), old, new)
    return _spelled(session, command.new, new, was=(command.old, old)) + line.ok(tag, "RENAME completed")


async def _rename_of_other(session: "Session", tag: str, old: Path, new: Path) -> bytes:
    """Within the mailboxes of one owner; to move it takes the right to make one there (RFC 4314 §4)."""
    others, mail = others_of(session, old), session.site.mail
    if others is None or others_of(session, new) is None or old[1:2] != new[1:2]:
        raise Refusal(Reason.INVALID, "A mailbox stays with its owner; copy the messages")
    place = await others.place(session.account, old)
    place.need(Right.RENAME)
    if place.path == INBOX:
        raise Refusal(Reason.NOT_PERMITTED, "INBOX cannot be renamed by others")
    goal = new[2:] if old[:-1] == new[:-1] else (await others.new_place(session.account, new)).path
    if goal[: len(place.path)] == place.path:
        raise Refusal(Reason.INVALID, "A mailbox cannot move below itself")
    await mail.mailbox_rename(place.account, new_op(), place.path, goal)
    return line.ok(tag, "RENAME completed")


async def subscribe(session: "Session", tag: str, command: Subscribe) -> bytes:
    """SUBSCRIBE to a missing mailbox is fine (DECISIONS 23)."""
    path = session.site.names.path(command.mailbox)
    others = others_of(session, path)
    if others is not None:
        await others.subscribe(session.account, path, subscribed=command.subscribed)
        return line.ok(tag, "Done")
    await session.site.mail.subscribe(session.account, path, command.subscribed)
    return line.ok(tag, "Done")


async def namespace(session: "Session", tag: str, _command: Bare) -> bytes:
    """NAMESPACE: one personal namespace with an empty prefix, and where mailboxes are shared that of others (RFC 2342 §5)."""
    separator, others = session.site.names.separator, session.site.others
    theirs = f'(("{others.prefix}" "{separator}"))' if others is not None else "NIL"
    return f'* NAMESPACE (("" "{separator}")) {theirs} NIL\r\n'.encode("ascii") + line.ok(tag, "Done")


async def jmap_access(session: "Session", tag: str, _command: Bare) -> bytes:
    """GETJMAPACCESS: where the same mail is by JMAP, with the same ids and the same login (RFC 9698 §4)."""
    url = session.site.jmap_url
    if not url:
        return line.no(tag, "There is no JMAP here")
    return f'* JMAPACCESS "{url}"\r\n'.encode("ascii") + line.ok(tag, "Done")


async def list_(session: "Session", tag: str, command: List) -> bytes:
    """LIST and LSUB."""
    site, utf8 = session.site, session.machine.utf8
    word = "LSUB" if command.lsub else "LIST"
    if command.patterns == ("",) and not command.extended:
        # RFC 9051 §6.3.9: asks for the separator and the root only.
        return list_response.listed(("\\Noselect",), site.names.separator, "", utf8=utf8, lsub=command.lsub) + line.ok(
            tag, f"{word} completed"
        )
    if "MYRIGHTS" in command.returns and site.others is None:
        return line.bad(tag, "Mailboxes are not shared here")
    patterns = tuple(command.reference + pattern for pattern in command.patterns)
    if command.lsub:
        lines = await listing.subscribed_lines(site.mail, session.account, site.names, patterns[0])
    else:
        lines = await listing.lines(
            site.mail, session.account, site.names,
            Wish(
                patterns,
                subscribed="SUBSCRIBED" in command.selection,
                recursive="RECURSIVEMATCH" in command.selection,
                special_use="SPECIAL-USE" in command.selection,
                show_subscribed="SUBSCRIBED" in command.returns,
            ),
        )  # fmt: skip
    if site.others is not None:
        lines += listing.lines_of_others(await site.others.listed(session.account), site.names, Wish(
            patterns, subscribed=command.lsub or "SUBSCRIBED" in command.selection, special_use="SPECIAL-USE" in command.selection,
            show_subscribed=not command.lsub and "SUBSCRIBED" in command.returns | command.selection))
    out: list[bytes] = []
    for found in lines:
        out.append(
            list_response.listed(
                found.attributes, site.names.separator, found.name, utf8=utf8, lsub=command.lsub, child_info=found.child_info
            )
        )
        if "MYRIGHTS" in command.returns and found.info is not None:
            out.append(acl_response.myrights(found.name, found.rights, utf8=utf8))  # RFC 8440 §3
        if command.status and found.info is not None and not found.info.noselect:
            # RFC 5819 §2: a mailbox that cannot be selected has no STATUS.
            out.append(await _status_line(session, found.name, found.info, command.status, found.account or session.account))
        if len(out) >= _LINES:
            session.stream.write(b"".join(out))
            out.clear()
            await session.stream.drain()
    if "HIGHESTMODSEQ" in command.status:
        out.append(condstore(session))
    return b"".join(out) + line.ok(tag, f"{word} completed")


async def status(session: "Session", tag: str, command: Status) -> bytes:
    """STATUS."""
    site = session.site
    place = await place_of(session, command.mailbox)
    info = await site.mail.mailbox(place.account, place.path) if place.rights & Right.READ else None
    if info is None or info.noselect:
        raise Refusal(Reason.NOT_FOUND, "There is no such mailbox")
    out = condstore(session) if "HIGHESTMODSEQ" in command.items else b""
    out += await _status_line(session, site.names.name(site.names.path(command.mailbox)), info, command.items, place.account)
    return out + line.ok(tag, "STATUS completed")


async def _status_line(session: "Session", name: str, info: MailboxInfo, items: tuple[str, ...], account: AccountId) -> bytes:
    values: list[tuple[str, str]] = []
    for item in items:
        match item:
            case "MESSAGES":
                value = str(info.total)
            case "RECENT":
                value = str(await _recent(session, info, account))
            case "UIDNEXT":
                value = str(info.uid_next)
            case "UIDVALIDITY":
                value = str(info.uid_validity)
            case "UNSEEN":
                value = str(info.unseen)
            case "DELETED":
                value = str(info.deleted)
            case "SIZE":
                value = str(info.size_octets)
            case "HIGHESTMODSEQ":
                value = str(max(1, info.highest_modseq))
            case "APPENDLIMIT":
                value = str(session.site.message_size)
            case _:
                value = f"({ids.to_wire(ids.MAILBOX, info.mailbox_id)})"
        values.append((item, value))
    return list_response.status(name, values, utf8=session.machine.utf8)


async def _recent(session: "Session", info: MailboxInfo, account: AccountId) -> int:
    if account != session.account or info.recent_uid + 1 >= info.uid_next:
        return 0
    new = UidSet(((info.recent_uid + 1, info.uid_next - 1),))
    return len(await session.site.mail.entries(session.account, info.mailbox_id, new))
