"""FETCH (RFC 9051 §6.4.5, RFC 3516 §4, RFC 7162 §3.1.4, RFC 8474 §5, RFC 8514 §4.2, RFC 8970 §3).

Rows come a few hundred at a time, and what they give is written before the next are asked for: no transaction of the
store is open while a client is being written to. Larger sections go out in pieces.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mailstead.mime import structure
from mailstead.model import flags, ids
from mailstead.model.errors import Reason, Refusal
from mailstead.model.mailbox import EntryRow
from mailstead.model.sharing import Right
from mailstead.model.uids import UidSet
from mailstead.protocol.imap.command.fetch import Fetch, Item, Section
from mailstead.protocol.imap.response import fetch as wire
from mailstead.protocol.imap.response import line, mailbox
from mailstead.protocol.imap.tokens import Sequence
from mailstead.server.imap.login import condstore
from mailstead.server.imap.op import new_op
from mailstead.service.mailbox import fetch as fetching
from mailstead.service.mailbox.fetch import PIECE, Part, Source
from mailstead.service.mailbox.view import View, resync_vanished

if TYPE_CHECKING:
    from mailstead.server.imap.session import Session

_ENOUGH: Final = 64 << 10
"""Octets gathered before they are written."""


def selected(view: View, messages: Sequence, *, uid: bool) -> UidSet:
    """The UIDs that a command speaks of. Refusal INVALID for a number past the end (RFC 9051 §9, seq-number)."""
    if messages.is_saved:
        return view.saved
    if uid:
        return view.of_uids(messages.resolve(view.last_uid))
    if messages.explicit > len(view):
        if len(view) == 0 and any(not low or not high for low, high in messages.ranges):
            return UidSet()
        raise Refusal(Reason.NOT_FOUND, "There is no message with that number")
    return view.of_numbers(messages.resolve(len(view)))


def view_of(session: "Session") -> View:
    """The selected mailbox's view; the state table has seen to it that there is one."""
    view = session.view
    assert view is not None  # noqa: S101 - see above
    return view


async def fetch(session: "Session", tag: str, command: Fetch) -> bytes:
    """FETCH and UID FETCH."""
    view, mail = view_of(session), session.site.mail
    items = command.items
    head = b""
    if "MODSEQ" in items or command.changed_since:
        head = condstore(session)
    try:
        uids = selected(view, command.messages, uid=command.uid)
    except Refusal as refusal:
        return line.bad(tag, refusal.public)
    expected = 0
    if command.vanished:
        if not session.qresync:
            return line.bad(tag, "Enable QRESYNC first")
        asked = command.messages.resolve(0xFFFFFFFF) if not command.messages.is_saved else uids
        gone = await resync_vanished(mail, view, command.changed_since, asked)
        if gone:
            head += mailbox.vanished(gone, earlier=True)
    if command.changed_since:
        if "MODSEQ" not in items:
            items = (*items, "MODSEQ")
    elif not command.uid:
        expected = sum(1 for _ in view.within(uids))
    if command.uid and "UID" not in items:
        items = ("UID", *items)
    if head:
        session.stream.write(head)
    reading = _Reading(session, view, items)
    await reading.all(uids, command.changed_since)
    if reading.is_unknown:
        return line.no(tag, "A part's transfer encoding is not known here", "UNKNOWN-CTE")
    word = "UID FETCH" if command.uid else "FETCH"
    if reading.done < expected:
        return line.no(tag, "Some of the messages have been expunged", "EXPUNGEISSUED")
    return line.ok(tag, f"{word} completed")


class _Reading:
    """One FETCH at work."""

    def __init__(self, session: "Session", view: View, items: tuple[Item, ...]) -> None:
        self.session = session
        self.view = view
        self.items = items
        self.done = 0
        self.is_unknown = False
        """A part could not be decoded (RFC 3516 §4.3)."""
        self.out: list[bytes] = []
        self.size = 0
        sections = [item for item in items if isinstance(item, Section)]
        names = {item for item in items if isinstance(item, str)}
        self.sets_seen = not view.read_only and bool(view.rights & Right.SEEN) and any(not section.peek for section in sections)
        self.want = fetching.Want(
            envelope="ENVELOPE" in names,
            structure=bool(names & {"BODY", "BODYSTRUCTURE"}),
            parts=bool(sections),
            preview="PREVIEW" in names,
        )
        self.with_flags = "FLAGS" in names
        self.plain = [self._plain(item) if isinstance(item, str) else item for item in items]
        self.is_plain = not sections

    def _plain(self, item: str) -> Callable[[EntryRow], bytes]:
        session = self.session
        utf8 = session.machine.utf8
        match item:
            case "FLAGS":
                return lambda row: session.flag_words(row.entry)
            case "UID":
                return lambda row: b"UID %d" % row.entry.uid
            case "INTERNALDATE":
                return lambda row: b"INTERNALDATE " + wire.date_time(row.received_at_ms)
            case "SAVEDATE":
                return lambda row: b"SAVEDATE " + (wire.date_time(row.saved_at_ms) if row.saved_at_ms else b"NIL")
            case "RFC822.SIZE":
                return lambda row: b"RFC822.SIZE %d" % row.size_octets
            case "ENVELOPE":
                if utf8:
                    return lambda row: b"ENVELOPE " + row.envelope
                return lambda row: b"ENVELOPE " + structure.to_ascii(row.envelope)
            case "BODYSTRUCTURE":
                if utf8:
                    return lambda row: b"BODYSTRUCTURE " + row.structure
                return lambda row: b"BODYSTRUCTURE " + structure.to_ascii(row.structure)
            case "BODY":
                if utf8:
                    return lambda row: b"BODY " + structure.body(row.structure)
                return lambda row: b"BODY " + structure.to_ascii(structure.body(row.structure))
            case "MODSEQ":
                return lambda row: b"MODSEQ (%d)" % row.entry.modseq
            case "EMAILID":
                return lambda row: f"EMAILID ({ids.to_wire(ids.EMAIL, row.entry.email_id)})".encode("ascii")
            case "THREADID":
                return lambda row: f"THREADID ({ids.to_wire(ids.THREAD, row.thread_id)})".encode("ascii")
            case _:
                return lambda row: b"PREVIEW " + line.string(row.preview.encode("utf-8"))

    async def all(self, uids: UidSet, changed_since: int) -> None:
        """Write the whole set, or what has changed in it."""
        session, view = self.session, self.view
        async for rows in fetching.rows(session.site.mail, view, uids, self.want, changed_since):
            changed: set[int] = set()
            if self.sets_seen:
                rows, changed = await self._see(rows)
            if self.with_flags or changed:
                await session.site.keywords.ready(view.account, [row.entry for row in rows])
                self._add(session.new_flags())
            for row in rows:
                number = view.number(row.entry.uid)
                if number:
                    await self._row(number, row, is_changed=row.entry.uid in changed)
                    if self.size > _ENOUGH:
                        await self._flush()
            await self._flush()

    async def _see(self, rows: list[EntryRow]) -> tuple[list[EntryRow], set[int]]:
        """Reading a body marks a message as seen (RFC 9051 §6.4.5)."""
        session, view = self.session, self.view
        unseen = [row.entry.uid for row in rows if not row.entry.flags & flags.SEEN]
        if not unseen:
            return rows, set()
        stored = await session.site.mail.set_flags(
            view.account, new_op(), view.mailbox_id, UidSet.of(unseen), add=frozenset({"\\Seen"})
        )
        session.note(stored.modseq)
        for uid, (modseq, _) in stored.changed.items():
            view.note_told(uid, modseq)
        new: list[EntryRow] = []
        for row in rows:
            outcome = stored.changed.get(row.entry.uid)
            new.append(row if outcome is None else replace(row, entry=replace(row.entry, modseq=outcome[0], flags=outcome[1])))
        return new, set(unseen) & stored.changed.keys()

    async def _row(self, number: int, row: EntryRow, *, is_changed: bool) -> None:
        if self.is_plain:
            words = b" ".join([item(row) for item in self.plain if not isinstance(item, Section)])
            self._add(b"* %d FETCH (%b)\r\n" % (number, words))
            self.done += 1
            return
        session = self.session
        mail, account = session.site.mail, self.view.account
        root = fetching.tree(row)
        start = b"* %d FETCH (" % number
        held: list[bytes] = []
        is_begun = False
        try:
            for item in self.plain:
                if not isinstance(item, Section):
                    held.append(item(row))
                    continue
                if sum(map(len, held)) > PIECE:
                    self._add(start + b" ".join(held))
                    start, held, is_begun = b" ", [], True
                    await self._flush()
                if item.kind != "body":
                    held += await self._binary(item, row, root)
                    continue
                found = await fetching.source(
                    mail, account, row, root, item.part, item.text, item.fields, utf8=session.machine.utf8
                )
                if found is None:
                    held.append(item.label + b" NIL")
                    continue
                if item.start is not None:
                    found = found.cut(item.start, item.length)
                if len(found) > PIECE:
                    self._add(start + b" ".join([*held, item.label]) + b" {%d}\r\n" % len(found))
                    start, held, is_begun = b" ", [], True
                    await self._stream(row, found)
                else:
                    held.append(await self._whole(item, row, found))
        except Refusal as refusal:
            if refusal.reason is Reason.EXPUNGED and not is_begun:
                return
            if is_begun:
                # In the middle of a response there is no way to say it.
                self.session.stream.abort()
            raise
        if is_changed and not self.with_flags:
            held.append(self.session.flag_words(row.entry))
            if self.session.condstore and "MODSEQ" not in self.items:
                held.append(b"MODSEQ (%d)" % row.entry.modseq)
        if not held and not is_begun:
            return
        self._add((start + b" ".join(held) if held else b"") + b")\r\n")
        self.done += 1

    async def _whole(self, section: Section, row: EntryRow, found: Source) -> bytes:
        """A section that is small."""
        octets, (start, end) = found.made, found.span
        if end > start:
            octets += await self.session.site.mail.octets(self.view.account, row.entry.email_id, start, end - start)
        return b"%b {%d}\r\n%b" % (section.label, len(octets), octets)

    async def _binary(self, section: Section, row: EntryRow, root: Part) -> list[bytes]:
        """A part without its transfer encoding, or the size of that; nothing where the encoding is not known."""
        try:
            octets = await fetching.binary(self.session.site.mail, self.view.account, row, root, section.part)
        except Refusal as refusal:
            if refusal.reason is not Reason.UNSUPPORTED:
                raise
            self.is_unknown = True
            return []
        if section.kind == "size":
            return [b"%b %d" % (section.label, len(octets or b""))]
        if octets is None:
            return [section.label + b" NIL"]
        if section.start is not None:
            octets = octets[section.start : section.start + section.length]
        mark = b"~" if b"\0" in octets else b""
        return [b"%b %b{%d}\r\n%b" % (section.label, mark, len(octets), octets)]

    async def _stream(self, row: EntryRow, found: Source) -> None:
        """A section that is large. Its octets are announced: whoever cannot send them all must hang up."""
        session = self.session
        sent = len(found.made)
        if found.made:
            self._add(found.made)
        async for piece in fetching.pieces(session.site.mail, self.view.account, row, found.span):
            await self._flush()
            sent += len(piece)
            session.stream.write(piece)
            await session.stream.drain()
        if sent != len(found):
            session.stream.abort()
            raise Refusal(Reason.EXPUNGED, "The message is gone")

    def _add(self, octets: bytes) -> None:
        self.out.append(octets)
        self.size += len(octets)

    async def _flush(self) -> None:
        if self.out:
            self.session.stream.write(b"".join(self.out))
            self.out.clear()
            self.size = 0
            await self.session.stream.drain()
