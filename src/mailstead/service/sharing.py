"""Sharing: who reaches which account, what they may do there, and who is told of it (RFC 9670; docs/decisions/0078).

``reach`` is the one check: every driver that is given another's account comes through it. What lies behind it (``service.shared_emails``) looks the grants up
again with each read and in each write, so what is revoked is gone at once.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from mailstead import telemetry
from mailstead.model import limits
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId, MailboxId, OpId
from mailstead.model.object import ObjectKind, ObjectWrite
from mailstead.model.sharing import NONE, WRITES, Grant, Granted, Right, SharedAccount
from mailstead.service.shared_emails import SharedEmails
from mailstead.store.interface import Account, Store

KIND: Final = ObjectKind.SHARE_NOTIFICATION
_TRIES: Final = 5
_VIEWERS: Final = 1_000
"""Of whom what is kept in memory for the next question."""


class Notification(msgspec.Struct):
    """That somebody's rights in a mailbox have changed (RFC 9670 §3): who did it, whose mailbox it is, and what it was called then."""

    at_ms: int
    by: int
    by_name: str
    by_address: str
    owner: int
    mailbox: int
    name: str
    old: int
    new: int


encode: Final = msgspec.json.Encoder().encode
decode: Final = msgspec.json.Decoder(Notification).decode


@dataclass(frozen=True, slots=True)
class Reach:
    """An account that somebody else may use, and what they may do in its mailboxes."""

    owner: Account
    viewer: AccountId
    grants: tuple[Grant, ...]

    @property
    def is_wanted(self) -> bool:
        """Whether the viewer wants to see anything of it. RFC 9670 §1.4."""
        return any(grant.is_subscribed for grant in self.grants)

    @property
    def may_write(self) -> bool:
        """Whether anything at all can be changed."""
        return any(grant.rights & WRITES for grant in self.grants)


def exceeds(wish: Mapping[AccountId, Right], now: Mapping[AccountId, Right], rights: Right) -> bool:
    """Whether somebody with ``rights`` would give away one that they have not: the rule of address books (RFC 9610 §2.3), here for mailboxes by every door.
    ``now``: what those people have, which may stay."""
    return any(found & ~now.get(grantee, NONE) & ~rights for grantee, found in wish.items())


class Sharing:
    """One for the process."""

    def __init__(self, store: Store, *, now_ms: Callable[[], int], new_id: Callable[[], int]) -> None:
        self._store = store
        self._now_ms = now_ms
        self._new_id = new_id
        self._emails: dict[AccountId, SharedEmails] = {}

    # ------------------------------------------------------------------------------------------------- who may
    async def reach(self, viewer: AccountId, owner: AccountId) -> Reach | None:
        """The account of ``owner`` as ``viewer`` may use it; None: to them there is none. Both are active and of one tenant."""
        if viewer == owner:
            return None
        directory = self._store.directory
        theirs, mine = await directory.account(owner), await directory.account(viewer)
        if theirs is None or mine is None or theirs.tenant_id != mine.tenant_id or theirs.state != "active" or mine.state != "active":
            return None
        try:
            grants = await self._store.shares.of(owner, grantee=viewer)
        except Refusal as exc:
            if exc.reason is not Reason.NOT_FOUND:
                raise
            return None
        return Reach(theirs, viewer, grants) if grants else None

    def emails(self, viewer: AccountId) -> SharedEmails:
        """How somebody uses the emails of accounts that ``reach`` has let them into."""
        found = self._emails.get(viewer)
        if found is None:
            if len(self._emails) >= _VIEWERS:
                self._emails.clear()
            found = self._emails[viewer] = SharedEmails(self._store, viewer)
        return found

    async def reached(self, viewer: AccountId) -> list[Reach]:
        """All accounts that somebody may use, in order of their addresses."""
        found = [await self.reach(viewer, one.owner) for one in await self._store.shares.with_(viewer)]
        return sorted((one for one in found if one is not None), key=lambda one: one.owner.address)

    async def stamp(self, viewer: AccountId) -> tuple[SharedAccount, ...]:
        """Another one whenever ``reached`` may give something else; costs a look-up."""
        return await self._store.shares.with_(viewer)

    # ------------------------------------------------------------------------------------------------- giving
    async def grants(self, owner: AccountId) -> dict[MailboxId, dict[AccountId, Right]]:
        """What an account shares, with those who are still here."""
        found: dict[MailboxId, dict[AccountId, Right]] = {}
        for grant in await self._store.shares.of(owner):
            if await self._store.directory.account(grant.grantee) is not None:
                found.setdefault(grant.mailbox_id, {})[grant.grantee] = grant.rights
        return found

    async def may_be_given(self, owner: AccountId, grantee: AccountId) -> bool:
        """Whether somebody can be given something: another active account of the tenant."""
        theirs, mine = await self._store.directory.account(grantee), await self._store.directory.account(owner)
        return theirs is not None and mine is not None and grantee != owner and theirs.tenant_id == mine.tenant_id and theirs.state == "active"

    async def by_address(self, owner: AccountId, address: str) -> Account | None:
        """Who of the owner's tenant has an address, or an alias or local part by which they log in."""
        record = await self._store.directory.login(address)
        mine = await self._store.directory.account(owner)
        if record is None or mine is None or record.account.tenant_id != mine.tenant_id:
            return None
        return record.account

    async def address(self, account: AccountId) -> str:
        """The primary address of somebody; "" where they are gone."""
        found = await self._store.directory.account(account)
        return found.address if found is not None else ""

    async def give(self, owner: AccountId, mailbox: MailboxId, rights: Mapping[AccountId, Right], *, by: AccountId) -> None:
        """Give each of these people exactly these rights in a mailbox; whoever is not the owner gives none that they have not (NOT_PERMITTED).
        NOT_FOUND, NOT_PERMITTED, INVALID, LIMIT, ACCOUNT_SUSPENDED."""
        grants = [Grant(mailbox, grantee, found) for grantee, found in rights.items()]
        if not grants:
            return
        if by != owner:
            now = {grant.grantee: grant.rights for grant in await self._store.shares.of(owner) if grant.mailbox_id == mailbox}
            if exceeds(rights, now, now.get(by, NONE)):
                raise Refusal(Reason.NOT_PERMITTED, "You may not give a right that you do not have")
        changed = await self._store.shares.set(owner, OpId(os.urandom(16)), grants, by=None if by == owner else by)
        if not changed:
            return
        telemetry.event("mailbox.shared", account=owner, by=by, mailbox=mailbox, grantees=[one.grantee for one in changed])
        await self._tell(owner, changed, by)

    async def subscribe(self, owner: AccountId, viewer: AccountId, mailbox: MailboxId, *, is_subscribed: bool) -> None:
        """Whether a grantee wants to see a mailbox. NOT_FOUND."""
        await self._store.shares.subscribe(owner, OpId(os.urandom(16)), viewer, mailbox, is_subscribed=is_subscribed)

    # ------------------------------------------------------------------------------------------------- telling
    async def _tell(self, owner: AccountId, changed: Sequence[Granted], by: AccountId) -> None:
        """Those whose rights changed hear of it; who cannot be told (their account is full of other things, or suspended) finds out."""
        who = await self._store.directory.account(by)
        for one in changed:
            if one.grantee == by:
                continue
            box = await self._store.mail.mailbox_by_id(owner, one.mailbox_id)
            notification = Notification(
                self._now_ms(), by, (who.name or who.address) if who else "", who.address if who else "", owner, one.mailbox_id,
                box.path[-1] if box is not None else "", int(one.old), int(one.new))
            try:
                await self._keep(one.grantee, notification)
            except Refusal as exc:
                telemetry.event("share.untold", account=one.grantee, reason=exc.cause or exc.public)

    async def _keep(self, account: AccountId, notification: Notification) -> None:
        """Add it; the oldest go beyond ``limits.SHARE_NOTIFICATIONS``."""
        kept = self._store.kept
        for _ in range(_TRIES):
            now = await kept.of(account, KIND)
            there = sorted((one for one in now.objects if not one.gone), key=lambda one: one.made)
            old = there[: max(0, len(there) + 1 - limits.SHARE_NOTIFICATIONS)]
            writes = [ObjectWrite(one.object_id, one.doc, gone=True) for one in old] + [ObjectWrite(self._new_id(), encode(notification))]
            if await kept.set(account, OpId(os.urandom(16)), KIND, writes, at=now.state.modseq):
                return
