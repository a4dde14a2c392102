"""An account's emails and mailboxes as somebody else uses them: what ``service.emails`` is to the owner.

What is read and written of emails is bounded by the store (``store.interface.Emails``). Here are mailboxes: which are seen, as what, and which of their values
a right lets one change (RFC 8621 §2).
"""

import dataclasses

from mailstead.model.email import Fault, MailboxPatch, MailboxSet, Position, StateMismatch, States
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId, EmailId, MailboxId
from mailstead.model.mailbox import MailboxInfo
from mailstead.model.sharing import NONE, Right
from mailstead.service.emails import Emails
from mailstead.store.interface import Quota, Store


class SharedEmails(Emails):
    """For one grantee, ``viewer``."""

    def __init__(self, store: Store, viewer: AccountId) -> None:
        super().__init__(store, viewer)
        self._grantee = viewer

    async def rights(self, account: AccountId) -> dict[MailboxId, Right]:
        """Of mailboxes in which one may do anything."""
        return {one.mailbox_id: one.rights for one in await self._store.shares.of(account, grantee=self._grantee)}

    async def mailboxes(self, account: AccountId) -> tuple[States, list[MailboxInfo]]:
        """Those with rights, and those above them by their names. Unread is what one sees oneself; where one may not read nothing is counted."""
        states = await self.states(account)
        grants = {one.mailbox_id: one for one in await self._store.shares.of(account, grantee=self._grantee)}
        above = await self._store.emails.above(account, self._grantee)
        unread = await self._store.emails.unread(account, self._grantee)
        found = []
        for box in await self._store.mail.mailboxes(account):
            grant = grants.get(box.mailbox_id)
            if grant is not None and grant.rights & Right.READ:
                emails, threads = unread.get(box.mailbox_id, (0, 0))
                found.append(dataclasses.replace(box, subscribed=grant.is_subscribed, unread_emails=emails, unread_threads=threads))
            elif grant is not None or box.mailbox_id in above:
                found.append(dataclasses.replace(
                    box, subscribed=False, total=0, unseen=0, deleted=0, size_octets=0, emails=0, unread_emails=0, threads=0, unread_threads=0))
        there = {box.mailbox_id for box in found}
        return states, [box if box.parent_id in there else dataclasses.replace(box, parent_id=None) for box in found]

    async def quota(self, account: AccountId) -> Quota:  # noqa: ARG002 - nobody is told
        """It is the owner's matter."""
        raise Refusal(Reason.NOT_PERMITTED, "This belongs to the owner of the account alone")

    async def octets(self, account: AccountId, email: EmailId, start: int = 0, length: int | None = None) -> bytes:
        await self._check_seen(account, email)
        return await super().octets(account, email, start, length)

    async def _check_seen(self, account: AccountId, email: EmailId) -> None:
        _, rows = await self.emails(account, [email], content=False)
        if email not in rows:
            raise Refusal(Reason.EXPUNGED, "This message has been removed")

    # ---------------------------------------------------------------------------------------------------- writing
    async def mailbox_set(self, account: AccountId, mailbox: MailboxId | None, patch: MailboxPatch, *, if_state: str = "") -> MailboxSet:
        states, boxes = await self.mailboxes(account)
        state = Position(states.epoch, states.mailbox)
        if if_state and if_state != str(state):
            raise StateMismatch
        now = next((box for box in boxes if box.mailbox_id == mailbox), None)
        if now is not None:
            patch = _less_unchanged(now, patch)
        fault = Fault.NOT_FOUND if mailbox is not None and now is None else _judge(mailbox, patch, await self.rights(account))
        wish = patch.is_subscribed if mailbox is not None else bool(patch.is_subscribed)
        patch = dataclasses.replace(patch, is_subscribed=None)
        if fault is Fault.NONE and (mailbox is None or patch != MailboxPatch()):
            done = await super().mailbox_set(account, mailbox, patch)
            fault, mailbox = done.fault, done.mailbox_id
        if fault is Fault.NONE and mailbox is not None and wish is not None:
            await self._subscribe(account, mailbox, is_subscribed=wish)
        return MailboxSet(fault, mailbox or MailboxId(0), state)

    async def _subscribe(self, account: AccountId, mailbox: MailboxId, *, is_subscribed: bool) -> None:
        await self._store.shares.subscribe(account, self._op(), self._grantee, mailbox, is_subscribed=is_subscribed)

    async def mailbox_destroy(self, account: AccountId, mailbox: MailboxId, *, with_emails: bool, if_state: str = "") -> MailboxSet:
        states, boxes = await self.mailboxes(account)
        now = Position(states.epoch, states.mailbox)
        if if_state and if_state != str(now):
            raise StateMismatch
        rights = await self.rights(account)
        if all(box.mailbox_id != mailbox for box in boxes):
            return MailboxSet(Fault.NOT_FOUND, mailbox, now)
        own = rights.get(mailbox, NONE)
        if not own & Right.DELETE or (with_emails and not own & Right.REMOVE):
            return MailboxSet(Fault.FORBIDDEN, mailbox, now)
        return await super().mailbox_destroy(account, mailbox, with_emails=with_emails)


def _less_unchanged(now: MailboxInfo, patch: MailboxPatch) -> MailboxPatch:
    """Without what is so already: a client may send the whole object back (RFC 8620 §5.3)."""
    return MailboxPatch(
        None if patch.name == now.path[-1] else patch.name, None if patch.parent_id == (now.parent_id or 0) else patch.parent_id,
        None if patch.role is now.role else patch.role, None if patch.sort_order == now.sort_order else patch.sort_order,
        None if patch.is_subscribed == now.subscribed else patch.is_subscribed)


def _judge(mailbox: MailboxId | None, patch: MailboxPatch, rights: dict[MailboxId, Right]) -> Fault:
    """Whether one may make a mailbox so (None), or change it so. Roles and the order are as the owner has them."""
    own = rights.get(mailbox, NONE) if mailbox is not None else Right.RENAME | Right.READ
    is_placed = mailbox is None or patch.parent_id is not None
    may = (
        not patch.role and not patch.sort_order and (mailbox is None or (patch.role is None and patch.sort_order is None))
        and (patch.is_subscribed is None or bool(own & Right.READ))
        and ((patch.name is None and patch.parent_id is None) or bool(own & Right.RENAME))
        and (not is_placed or bool(rights.get(patch.parent_id or MailboxId(0), NONE) & Right.CREATE_CHILD))
    )
    return Fault.NONE if may else Fault.FORBIDDEN
