"""EXPUNGE (RFC 9051 §6.4.3, §6.4.9)."""

from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import OpId
from mailstead.model.sharing import Right
from mailstead.model.uids import UidSet
from mailstead.service.mailbox.view import View
from mailstead.store.interface import Mail


async def expunge(mail: Mail, view: View, op: OpId, uids: UidSet | None) -> tuple[UidSet, int]:
    """Remove what is marked ``\\Deleted`` (of ``uids``); the UIDs that went and the modseq. Refusal NOT_PERMITTED."""
    if view.read_only:
        raise Refusal(Reason.NOT_PERMITTED, "The mailbox is open for reading only")
    if not view.rights & Right.REMOVE:
        raise Refusal(Reason.NOT_PERMITTED, "You may not remove messages from this mailbox")
    return await mail.expunge(view.account, op, view.mailbox_id, uids)
