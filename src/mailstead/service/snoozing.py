"""Snoozed emails come back: out of the snoozed mailbox, to where they were to go, marked as new (RFC 9979 §7.7 ``$new``)."""

from typing import Final

from mailstead import telemetry
from mailstead.model.email import EmailPatch, Fault, Snooze
from mailstead.model.ids import EMAIL, AccountId, EmailId, MailboxId, to_wire
from mailstead.model.mailbox import MailboxInfo, Role
from mailstead.model.object import DueKind
from mailstead.service.emails import Emails
from mailstead.service.kept import Kept

NEW: Final = "$new"
AWAKE: Final = Snooze(0)


class Snoozing:
    """One for the process."""

    def __init__(self, emails: Emails, kept: Kept) -> None:
        self._emails = emails
        self._kept = kept

    async def wake(self, account: AccountId, number: int) -> None:
        """One whose time has come. Who has taken it out of the snoozed mailbox has woken it already."""
        email = EmailId(number)
        snooze = (await self._kept.snoozes(account, [email])).get(email)
        _, rows = await self._emails.emails(account, [email], content=False)
        row = rows.get(email)
        _, boxes = await self._emails.mailboxes(account)
        snoozed = of_role(boxes, Role.SNOOZED)
        if snooze is None or row is None or snoozed is None or snoozed.mailbox_id not in row.mailbox_ids:
            await self._kept.set_due(account, DueKind.SNOOZE, number, 0)
            return
        patch = waking(email, snooze, boxes, snoozed.mailbox_id)
        done = await self._emails.set(account, update=[patch])
        if done.updated[0] is not Fault.NONE:  # it was destroyed meanwhile, or the account is full
            if done.updated[0] is Fault.NOT_FOUND:
                await self._kept.set_due(account, DueKind.SNOOZE, number, 0)
                return
            done = await self._emails.set(account, update=[EmailPatch(email, add_keywords=patch.add_keywords, snooze=AWAKE)])
        telemetry.event("message.woken", account=account, email=to_wire(EMAIL, email), reason="its time has come")


def waking(email: EmailId, snooze: Snooze, boxes: list[MailboxInfo], snoozed: MailboxId) -> EmailPatch:
    """What waking does to an email: where its mailbox is gone, it comes to the inbox."""
    there = {box.mailbox_id for box in boxes if not box.noselect and box.role is not Role.SNOOZED}
    inbox = of_role(boxes, Role.INBOX)
    target = snooze.move_to if snooze.move_to in there else inbox.mailbox_id if inbox else snoozed
    return EmailPatch(
        email, add_keywords=snooze.add_keywords | {NEW}, remove_keywords=snooze.remove_keywords - {NEW},
        add_mailboxes=frozenset((target,)), remove_mailboxes=frozenset((snoozed,)) - {target}, snooze=AWAKE,
    )


def of_role(boxes: list[MailboxInfo], role: Role) -> MailboxInfo | None:
    """The mailbox that has a role."""
    return next((box for box in boxes if box.role is role), None)
