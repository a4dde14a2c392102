"""STORE, COPY, MOVE, EXPUNGE (RFC 9051 §6.4.3, §6.4.6-6.4.9, RFC 7162 §3.1.3, RFC 4315, RFC 6851)."""

from typing import TYPE_CHECKING, Final

from mailstead.model.errors import Reason, Refusal
from mailstead.model.message import Copied
from mailstead.model.sharing import ALL, Right
from mailstead.model.uids import UidSet
from mailstead.protocol.imap.command.copy import Copy
from mailstead.protocol.imap.command.expunge import Expunge
from mailstead.protocol.imap.command.store import Store
from mailstead.protocol.imap.response import line
from mailstead.server.imap.login import condstore
from mailstead.server.imap.op import new_op
from mailstead.server.imap.place import place_of
from mailstead.server.imap.read import selected, view_of
from mailstead.service.mailbox import copy as copying
from mailstead.service.mailbox import expunge as expunging
from mailstead.service.mailbox import store as storing
from mailstead.service.mailbox.others import Place

if TYPE_CHECKING:
    from mailstead.server.imap.session import Session

_CHUNK: Final = 2000


async def store(session: "Session", tag: str, command: Store) -> bytes:
    """STORE and UID STORE, in chunks that are complete in themselves (DECISIONS 6).

    With ``.SILENT`` the client works out the new flags by itself, which is right only while it knows the old ones: so it
    is told the news first. Where there was some, or where somebody else came in between, it is told the flags as news with
    its next command. Not with this one: some clients work them out when they send it, some when it is answered.
    """
    view, site = view_of(session), session.site
    head = condstore(session) if command.unchanged_since is not None else b""
    try:
        uids = selected(view, command.messages, uid=command.uid)
        storing.checked(command.flags)
    except Refusal as refusal:
        return line.bad(tag, refusal.public)
    if command.silent:
        head += await session.news(may_expunge=False)
    before = -1 if b" FETCH (" in head else view.modseq
    if head:
        session.stream.write(head)
    tells = not command.silent or session.condstore
    with_uid = command.uid or session.qresync
    refused: list[int] = []
    expected = found = 0
    out: list[bytes] = []
    for chunk in view.chunks(uids, _CHUNK) if uids else [UidSet()]:
        stored = await storing.set_flags(
            site.mail, view, new_op(), chunk, command.action, command.flags, command.unchanged_since
        )
        session.note(stored.modseq)
        if command.silent and stored.modseq == before + 1:
            for uid, (modseq, _) in stored.changed.items():
                if modseq == stored.modseq:
                    view.note_told(uid, modseq)
            before = stored.modseq
        refused += stored.refused
        expected += sum(1 for _ in view.within(chunk))
        found += len(stored.changed) + len(stored.refused)
        if not tells or not stored.changed:
            continue
        if command.silent:
            # RFC 7162 §3.1.3: even then the new modseq is told.
            for uid, (modseq, _) in stored.changed.items():
                number = view.number(uid)
                start = b"UID %d " % uid if with_uid else b""
                out.append(b"* %d FETCH (%bMODSEQ (%d))\r\n" % (number, start, modseq))
        else:
            entries = await site.mail.entries(view.account, view.mailbox_id, UidSet.of(stored.changed))
            await site.keywords.ready(view.account, entries)
            out.append(session.new_flags())
            for entry in entries:
                number = view.number(entry.uid)
                if number:
                    view.note_told(entry.uid, entry.modseq)
                    out.append(session.flags_line(number, entry, with_uid=with_uid))
        session.stream.write(b"".join(out))
        out.clear()
        await session.stream.drain()
    word = "UID STORE" if command.uid else "STORE"
    if refused:
        numbers = refused if command.uid else view.numbers(refused)
        return line.ok(tag, "Some messages have been changed meanwhile", f"MODIFIED {UidSet.of(numbers)}")
    if found < expected and not command.uid:
        return line.no(tag, "Some of the messages have been expunged", "EXPUNGEISSUED")
    return line.ok(tag, f"{word} completed")


def _copyuid(copied: Copied) -> str:
    return f"COPYUID {copied.uid_validity} {UidSet.of(copied.source)} {UidSet.of(copied.target)}"


async def copy(session: "Session", tag: str, command: Copy) -> bytes:
    """COPY and MOVE, by number or UID."""
    view, site = view_of(session), session.site
    word = ("UID " if command.uid else "") + ("MOVE" if command.move else "COPY")
    try:
        uids = selected(view, command.messages, uid=command.uid)
    except Refusal as refusal:
        return line.bad(tag, refusal.public)
    try:
        place = await place_of(session, command.mailbox)
        place.need(Right.ADD)
        if command.move and not view.rights & Right.REMOVE:
            raise Refusal(Reason.NOT_PERMITTED, "You may not remove messages from this mailbox")
        if place.account != view.account or place.rights != ALL:
            return await _copy_by_right(session, tag, command, uids, place)
        path = place.path
        if command.move:
            async for moved in copying.move(site.mail, view, new_op, uids, path):
                session.note(moved.modseq)
                if moved.source:
                    # RFC 6851 §4.3: COPYUID comes before the EXPUNGE responses.
                    session.stream.write(line.ok("*", "Moved", _copyuid(moved)))
            code = f"HIGHESTMODSEQ {session.heard_of}" if session.qresync and uids else ""
            return line.ok(tag, f"{word} completed", code)
        if not uids:
            return line.ok(tag, f"{word} completed")
        copied = await copying.copy(site.mail, view, new_op(), uids, path)
    except Refusal as refusal:
        if refusal.reason is Reason.NOT_FOUND:
            return line.no(tag, refusal.public, "TRYCREATE")
        raise
    session.note(copied.modseq)
    if not copied.source:
        if not command.uid:
            return line.no(tag, "The messages have been expunged", "EXPUNGEISSUED")
        return line.ok(tag, f"{word} completed")
    return line.ok(tag, f"{word} completed", _copyuid(copied))


async def _copy_by_right(session: "Session", tag: str, command: Copy, uids: UidSet, place: Place) -> bytes:
    """Into a mailbox of another account, or one where not everything may be done: messages are filed anew, with the flags that the mailbox allows."""
    view, mail = view_of(session), session.site.mail
    word = ("UID " if command.uid else "") + ("MOVE" if command.move else "COPY")
    if command.move and view.read_only:
        raise Refusal(Reason.NOT_PERMITTED, "The mailbox is open for reading only")
    copied = await copying.copy_across(mail, view, new_op(), uids, place, session.site.keywords)
    session.note(copied.modseq, place.account)
    if not copied.source:
        return line.ok(tag, f"{word} completed")
    if command.move:
        session.stream.write(line.ok("*", "Moved", _copyuid(copied)))
        _, modseq = await mail.expunge(view.account, new_op(), view.mailbox_id, UidSet.of(copied.source), only_deleted=False)
        session.note(modseq)
        return line.ok(tag, f"{word} completed", f"HIGHESTMODSEQ {modseq}" if session.qresync else "")
    return line.ok(tag, f"{word} completed", _copyuid(copied))


async def expunge(session: "Session", tag: str, command: Expunge) -> bytes:
    """EXPUNGE and UID EXPUNGE. The removed messages are told as news."""
    view = view_of(session)
    uids = None if command.messages is None else selected(view, command.messages, uid=True)
    removed, modseq = await expunging.expunge(session.site.mail, view, new_op(), uids)
    session.note(modseq)
    word = "EXPUNGE" if command.messages is None else "UID EXPUNGE"
    code = f"HIGHESTMODSEQ {modseq}" if removed and session.condstore else ""
    return line.ok(tag, f"{word} completed", code)
