"""Finding messages of a view (RFC 9051 §6.4.4)."""

from mailstead.model.condition import And, Condition, InUids
from mailstead.model.uids import UidSet
from mailstead.service.mailbox.view import View
from mailstead.store.interface import Mail


async def find(mail: Mail, view: View, condition: Condition) -> list[int]:
    """UIDs of the view's messages that match, ascending. Sets of messages alone are answered from the view."""
    if isinstance(condition, InUids):
        return list(view.within(condition.uids))
    if isinstance(condition, And) and not condition.parts:
        return list(view.uids)
    found = await mail.search(view.account, condition, mailbox_id=view.mailbox_id)
    return [uid for uid in found if view.number(uid)]


async def greatest_modseq(mail: Mail, view: View, uids: list[int]) -> int:
    """The greatest modseq among these messages (RFC 7162 §3.1.5)."""
    entries = await mail.entries(view.account, view.mailbox_id, UidSet.of(uids))
    return max((entry.modseq for entry in entries), default=0)
