"""COPY and MOVE (RFC 9051 §6.4.7, §6.4.8)."""

from collections.abc import AsyncIterator, Callable
from typing import Final

from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import OpId
from mailstead.model.message import Copied
from mailstead.model.uids import UidSet
from mailstead.service.mailbox.names import Path
from mailstead.service.mailbox.view import View
from mailstead.store.interface import Mail

_CHUNK: Final = 2000


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
