"""Reading messages: rows in portions, and the octets of a section (RFC 9051 §6.4.5).

A section is looked up in the stored part tree and read as a range: a message is never held whole for it, and the range is
read in pieces (``pieces``) so that no more than one piece waits for a slow client.
"""

from collections.abc import AsyncIterator
from typing import Final

from mailstead.mime import decode, header, parts
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

__all__ = ["PIECE", "ROWS", "Part", "Range", "Want", "binary", "header_fields", "pieces", "place", "rows", "tree"]


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


async def header_fields(
    mail: Mail, account: AccountId, row: EntryRow, span: Range, names: tuple[bytes, ...], *, invert: bool
) -> bytes:
    """HEADER.FIELDS and HEADER.FIELDS.NOT of the header in ``span``."""
    block = await mail.octets(account, row.entry.email_id, span[0], span[1] - span[0])
    return header.select(block, names, invert=invert)


async def binary(mail: Mail, account: AccountId, row: EntryRow, root: Part, section: tuple[int, ...]) -> bytes | None:
    """A part without its transfer encoding; None: there is no such part. Refusal UNSUPPORTED (RFC 3516 §4.3)."""
    part = parts.find(root, section)
    if part is None:
        return None
    span = part.body if section else (root.header[0], root.body[1])
    octets = await mail.octets(account, row.entry.email_id, span[0], span[1] - span[0])
    if not section or part.children or part.encoding in _AS_IS:
        return octets
    if part.encoding not in _ENCODINGS:
        raise Refusal(Reason.UNSUPPORTED, "The part's transfer encoding is not known here")
    return decode.transfer(octets, part.encoding)
