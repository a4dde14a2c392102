"""COPY and MOVE (RFC 9051 §6.4.7, §6.4.8)."""

from collections.abc import AsyncIterator, Callable
from typing import Final

from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import OpId
from mailstead.model.message import Copied, NewMessage
from mailstead.model.uids import UidSet
from mailstead.service.mailbox.names import Path
from mailstead.service.mailbox.others import Place
from mailstead.service.mailbox.store import Keywords, allowed
from mailstead.service.mailbox.view import View
from mailstead.store.interface import Mail, Want

_CHUNK: Final = 2000
_FETCHED: Final = 200
_ACROSS: Final = 1_000
_ACROSS_OCTETS: Final = 64 << 20
"""What one command may carry from one account to another."""


async def copy(mail: Mail, view: View, op: OpId, uids: UidSet, target: Path) -> Copied:
    """All or nothing (RFC 9051 §6.4.7). Refusal NOT_FOUND for the target, OVER_QUOTA."""
    info = await mail.mailbox(view.account, target)
    if info is None or info.noselect:
        raise Refusal(Reason.NOT_FOUND, "There is no such mailbox")
    return await mail.copy(view.account, op, view.mailbox_id, uids, info.mailbox_id)


async def move(mail: Mail, view: View, op: Callable[[], OpId], uids: UidSet, target: Path) -> AsyncIterator[Copied]:
    """In chunks, each complete in itself (DECISIONS 6)."""
    if view.read_only:
        raise Refusal(Reason.NOT_PERMITTED, "The mailbox is open for reading only")
    info = await mail.mailbox(view.account, target)
    if info is None or info.noselect:
        raise Refusal(Reason.NOT_FOUND, "There is no such mailbox")
    for chunk in list(view.chunks(uids, _CHUNK)):
        yield await mail.move(view.account, op(), view.mailbox_id, chunk, info.mailbox_id)


async def copy_across(mail: Mail, view: View, op: OpId, uids: UidSet, place: Place, keywords: Keywords) -> Copied:
    """File messages in another account, or by the rights that one has in a mailbox, all or nothing: their octets, times, and the flags that these rights let
    one set (RFC 4314 §4). They are new messages there. NOT_FOUND, LIMIT (too many at once), OVER_QUOTA."""
    info = await mail.mailbox(place.account, place.path)
    if info is None or info.noselect:
        raise Refusal(Reason.NOT_FOUND, "There is no such mailbox")
    rows = []
    for chunk in view.chunks(uids, _FETCHED):
        rows += await mail.fetch(view.account, view.mailbox_id, chunk, Want())
        if len(rows) > _ACROSS or sum(row.size_octets for row in rows) > _ACROSS_OCTETS:
            raise Refusal(Reason.LIMIT, "So much cannot be copied to another account at once; copy less")
    if not rows:
        return Copied(info.uid_validity, (), (), 0)
    await keywords.ready(view.account, [row.entry for row in rows])
    new = [
        NewMessage(
            await mail.octets(view.account, row.entry.email_id), allowed(frozenset(keywords.of(view.account, row.entry)), place.rights), row.received_at_ms)
        for row in rows
    ]
    done = await mail.append(place.account, op, info.mailbox_id, new)
    return Copied(done.uid_validity, tuple(row.entry.uid for row in rows), tuple(done.uids), done.modseq)
