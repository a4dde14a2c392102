"""Reading messages: rows in portions, and the octets of a section (RFC 9051 §6.4.5).

A section is looked up in the stored part tree and read as a range: a message is never held whole for it, and the range is
read in pieces (``pieces``) so that no more than one piece waits for a slow client.

A client that has not agreed to UTF-8 gets headers that hold UTF-8 with encoded words instead (RFC 6855 §7, RFC 6858 §2);
bodies, and headers in some other 8-bit charset, are left as they are. ``Source`` is a section ready to be sent.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from mailstead.mime import decode, header, parts
from mailstead.mime.downgrade import header_to_ascii
from mailstead.mime.parts import Part
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId
from mailstead.model.mailbox import EntryRow
from mailstead.model.uids import UidSet
from mailstead.service.mailbox.view import View
from mailstead.store.interface import Mail, Want

ROWS: Final = 200
_ENTRIES: Final = 5000
PIECE: Final = 256 << 10
_ENCODINGS: Final = frozenset({"", "7bit", "8bit", "binary", "base64", "quoted-printable"})
_AS_IS: Final = frozenset({"", "7bit", "8bit", "binary"})
Range = tuple[int, int]

__all__ = ["PIECE", "ROWS", "Part", "Range", "Source", "Want", "binary", "pieces", "place", "rows", "source", "tree"]


async def rows(mail: Mail, view: View, uids: UidSet, want: Want, changed_since: int = 0) -> AsyncIterator[list[EntryRow]]:
    """The rows of those messages of the view, ``ROWS`` at most at a time; what is gone is left out.

    ``changed_since``: only those with a greater modseq (RFC 7162 §3.1.4.1); 0: all.
    """
    async for part in _changed(mail, view, uids, changed_since):
        for chunk in view.chunks(part, ROWS):
            yield await mail.fetch(view.account, view.mailbox_id, chunk, want)


async def _changed(mail: Mail, view: View, uids: UidSet, since: int) -> AsyncIterator[UidSet]:
    if not since:
        yield uids
        return
    for chunk in view.chunks(uids, _ENTRIES):
        entries = await mail.entries(view.account, view.mailbox_id, chunk, changed_since=since)
        if entries:
            yield UidSet.of(entry.uid for entry in entries)


def tree(row: EntryRow) -> Part:
    """The row's part tree."""
    return parts.unpack(row.parts)


def place(root: Part, section: tuple[int, ...], text: str) -> Range | None:
    """Where a section lies in the message; None: there is no such part.

    ``text`` is "" for the whole part, ``HEADER`` (also of ``HEADER.FIELDS``), ``TEXT`` or ``MIME``. RFC 9051 §6.4.5.1.
    """
    if not section:
        if text.startswith("HEADER"):
            return root.header
        return root.body if text == "TEXT" else (root.header[0], root.body[1])
    part = parts.find(root, section)
    if part is None:
        return None
    if not text:
        return part.body
    if text == "MIME":
        return part.header
    if not part.is_message:
        return None
    inner = part.children[0]
    return inner.body if text == "TEXT" else inner.header


async def pieces(mail: Mail, account: AccountId, row: EntryRow, span: Range) -> AsyncIterator[bytes]:
    """The octets of a range. Refusal EXPUNGED, ``Unavailable``."""
    at, end = span
    while at < end:
        piece = await mail.octets(account, row.entry.email_id, at, min(PIECE, end - at))
        if not piece:
            return
        at += len(piece)
        yield piece


@dataclass(frozen=True, slots=True)
class Source:
    """Octets made for the purpose, then a range of the message."""

    made: bytes
    span: Range = (0, 0)

    def __len__(self) -> int:
        return len(self.made) + self.span[1] - self.span[0]

    def cut(self, start: int, length: int) -> "Source":
        """A part of it (RFC 9051 §6.4.5, partial); past the end there is nothing."""
        made = self.made[start : start + length]
        low = min(self.span[0] + max(0, start - len(self.made)), self.span[1])
        return Source(made, (low, min(low + length - len(made), self.span[1])))


async def source(
    mail: Mail, account: AccountId, row: EntryRow, root: Part, section: tuple[int, ...], text: str,
    fields: tuple[bytes, ...] = (), *, utf8: bool,
) -> Source | None:
    """A section; None: there is no such part. ``text`` may be ``HEADER.FIELDS`` or ``HEADER.FIELDS.NOT`` with ``fields``."""
    span = place(root, section, text)
    if span is None:
        return None
    is_whole = not section and not text
    if text == "TEXT" or (section and not text) or (utf8 and not fields):
        return Source(b"", span)
    if is_whole and span[1] > PIECE:
        block = _as_ascii(await _octets(mail, account, row, root.header))
        return Source(b"", span) if block is None else Source(block, root.body)
    octets = await _octets(mail, account, row, span)
    if is_whole:
        block = _as_ascii(octets[: root.body[0]])
        return Source(octets if block is None else block + octets[root.body[0] :])
    if not utf8:
        octets = _as_ascii(octets) or octets
    if fields:
        octets = header.select(octets, fields, invert=text.endswith("NOT"))
    return Source(octets)


async def _octets(mail: Mail, account: AccountId, row: EntryRow, span: Range) -> bytes:
    return await mail.octets(account, row.entry.email_id, span[0], span[1] - span[0]) if span[1] > span[0] else b""


def _as_ascii(block: bytes) -> bytes | None:
    """A header block in ASCII; None where it may stay as it is."""
    if block.isascii():
        return None
    try:
        block.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return header_to_ascii(block)


async def binary(mail: Mail, account: AccountId, row: EntryRow, root: Part, section: tuple[int, ...]) -> bytes | None:
    """A part without its transfer encoding; None: there is no such part. Refusal UNSUPPORTED (RFC 3516 §4.3)."""
    part = parts.find(root, section)
    if part is None:
        return None
    span = part.body if section else (root.header[0], root.body[1])
    octets = await _octets(mail, account, row, span)
    if not section or part.children or part.encoding in _AS_IS:
        return octets
    if part.encoding not in _ENCODINGS:
        raise Refusal(Reason.UNSUPPORTED, "The part's transfer encoding is not known here")
    return decode.transfer(octets, part.encoding)
