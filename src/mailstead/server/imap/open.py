"""SELECT, EXAMINE, CLOSE, UNSELECT (RFC 9051 §6.3.2, §6.3.3, §6.4.1, §6.4.2, RFC 7162 §3.2.5)."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from mailstead.model import ids
from mailstead.model.errors import Reason, Refusal
from mailstead.model.sharing import ALL, Right
from mailstead.model.uids import UidSet
from mailstead.protocol.imap.command.bare import Bare
from mailstead.protocol.imap.command.select import Resync, Select
from mailstead.protocol.imap.response import line, mailbox
from mailstead.protocol.imap.response import list as list_response
from mailstead.protocol.imap.state import State
from mailstead.server.imap.op import new_op
from mailstead.server.imap.place import place_of
from mailstead.service.mailbox import expunge as expunging
from mailstead.service.mailbox import view as views
from mailstead.service.mailbox.listing import attributes
from mailstead.service.mailbox.store import known_flags, right_of
from mailstead.service.mailbox.view import View

if TYPE_CHECKING:
    from mailstead.server.imap.session import Session

_WRITES: Final = Right.ADD | Right.REMOVE | Right.SEEN | Right.KEYWORDS
"""Without any of these a mailbox is read-only (RFC 4314 §5.2)."""


async def select(session: "Session", tag: str, command: Select) -> bytes:
    """Whatever was selected before is not any more, even when this fails (RFC 9051 §6.3.2)."""
    site = session.site
    out: list[bytes] = []
    if session.view is not None:
        _leave(session)
        out.append(line.ok("*", "The previous mailbox is closed", "CLOSED"))
    if command.resync is not None and not session.qresync:
        # RFC 7162 §3.2.5: BAD where QRESYNC was not enabled.
        return b"".join(out) + line.bad(tag, "Enable QRESYNC first")
    path = site.names.path(command.mailbox)
    try:
        place = await place_of(session, command.mailbox)
        info = await site.mail.mailbox(place.account, place.path) if place.rights & Right.READ else None
        if info is None or info.noselect:
            return b"".join(out) + line.no(tag, "There is no such mailbox", "NONEXISTENT")
        read_only = command.read_only or not place.rights & _WRITES
        session.watch_guest(place.account if place.is_other else None)
        view, selected = await views.open_view(site.mail, place.account, info.mailbox_id, read_only=read_only, is_guest=place.is_other)
    except Refusal as refusal:
        if refusal.reason is not Reason.NOT_FOUND:
            raise
        return b"".join(out) + line.no(tag, "There is no such mailbox", "NONEXISTENT")
    view.rights = place.rights
    info = selected.info
    if command.condstore or command.resync is not None:
        session.condstore = True
    session.view = view
    session.machine.state = State.SELECTED
    flags = known_flags(await _used(session, view) if place.is_other else selected.keywords)
    session.flags_told = len(flags)
    out.append(mailbox.flags(flags))
    out.append(mailbox.exists(len(view)))
    if not session.rev2:
        out.append(mailbox.recent(view.recent))
        unseen = views.first_unseen(view, selected)
        if unseen:
            out.append(line.ok("*", "First unseen", f"UNSEEN {unseen}"))
    out.append(line.ok("*", "UIDs are valid", f"UIDVALIDITY {info.uid_validity}"))
    out.append(line.ok("*", "Predicted next UID", f"UIDNEXT {info.uid_next}"))
    permanent = "" if read_only else " ".join(_permanent(flags, view.rights))
    out.append(line.ok("*", "Flags that can be changed", f"PERMANENTFLAGS ({permanent})"))
    out.append(line.ok("*", "Highest", f"HIGHESTMODSEQ {max(1, info.highest_modseq)}"))
    out.append(line.ok("*", "Object id", f"MAILBOXID ({ids.to_wire(ids.MAILBOX, info.mailbox_id)})"))
    if session.rev2:
        name = site.names.name(path)
        old = command.mailbox if command.mailbox.casefold() != name.casefold() else ""
        words = attributes(info) if not place.is_other else []
        out.append(list_response.listed(words, site.names.separator, name, utf8=True, old_name=old))
    if command.resync is not None and command.resync.uid_validity == info.uid_validity:
        session.stream.write(b"".join(out))
        out.clear()
        await _resync(session, view, command.resync)
    if read_only:
        out.append(line.ok(tag, f"{'EXAMINE' if command.read_only else 'SELECT'} completed", "READ-ONLY"))
    else:
        out.append(line.ok(tag, "SELECT completed", "READ-WRITE"))
    return b"".join(out)


async def _used(session: "Session", view: View) -> list[str]:
    """The keywords that messages of a mailbox bear: of somebody else's no others are told."""
    entries = await session.site.mail.entries(view.account, view.mailbox_id, UidSet.all())
    await session.site.keywords.ready(view.account, entries)
    return sorted({name for entry in entries for name in session.site.keywords.of(view.account, entry)})


def _permanent(flags: Iterable[str], rights: Right) -> list[str]:
    """What PERMANENTFLAGS lists under these rights (RFC 4314 §5.1.1)."""
    if rights == ALL:
        return [*flags, "\\*"]
    return [*(flag for flag in flags if rights & right_of(flag)), *(["\\*"] if rights & Right.KEYWORDS else [])]


async def _resync(session: "Session", view: View, resync: Resync) -> None:
    if resync.numbers is not None and resync.uids is not None:
        # RFC 7162 §3.2.5.2: where the client has as many messages up to a UID as we have, none of those has vanished.
        agreed = 0
        for number, uid in zip(resync.numbers, resync.uids, strict=True):
            if number <= len(view) and view.uids[number - 1] == uid:
                agreed = uid
        beyond = UidSet(((agreed + 1, 0xFFFFFFFF),))
    else:
        beyond = UidSet.all()
    vanished = (await views.resync_vanished(session.site.mail, view, resync.modseq, resync.known)).intersection(beyond)
    if vanished:
        session.stream.write(mailbox.vanished(vanished, earlier=True))
    async for changed in views.resync(session.site.mail, view, resync.modseq, resync.known):
        await session.site.keywords.ready(view.account, changed)
        session.stream.write(b"".join(session.flags_line(view.number(entry.uid), entry, with_uid=True) for entry in changed))
        await session.stream.drain()


def _leave(session: "Session") -> None:
    session.view = None
    session.watch_guest(None)
    session.machine.state = State.AUTHENTICATED


async def close(session: "Session", tag: str, command: Bare) -> bytes:
    """CLOSE expunges without a word (RFC 9051 §6.4.1); UNSELECT does not (RFC 3691 §2)."""
    view = session.view
    code = ""
    if view is not None and command.name == "CLOSE" and not view.read_only and view.rights & Right.REMOVE:
        removed, modseq = await expunging.expunge(session.site.mail, view, new_op(), None)
        session.note(modseq)
        if removed and session.condstore:
            code = f"HIGHESTMODSEQ {modseq}"
    _leave(session)
    return line.ok(tag, f"{command.name} completed", code)
