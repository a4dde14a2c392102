"""``interface.Shares`` on one machine: grants in the owner's shard, hints in the directory."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId, MailboxId, OpId
from mailstead.model.sharing import Grant, Granted, SharedAccount
from mailstead.store.directory import shared
from mailstead.store.directory.reader import Reader
from mailstead.store.mail import shares
from mailstead.store.mail.embedded import EmbeddedMail
from mailstead.store.mail.operation import Operation


class EmbeddedShares:
    """``note`` takes an operation to the directory's owner."""

    def __init__(self, mail: EmbeddedMail, reader: Reader, note: Callable[[Operation], Awaitable[Any]]) -> None:
        self._mail = mail
        self._reader = reader
        self._note = note

    async def of(self, account: AccountId, *, grantee: AccountId | None = None) -> tuple[Grant, ...]:
        return tuple(self._mail.shard(account).read(lambda db: shares.of(db, account, grantee)))

    async def set(self, account: AccountId, op: OpId, grants: Sequence[Grant], *, by: AccountId | None = None) -> tuple[Granted, ...]:
        wanted = tuple((one.mailbox_id, one.grantee, int(one.rights)) for one in grants)
        gaining = dict.fromkeys(one.grantee for one in grants if one.rights)
        operation = shares.SetShares(account, self._tenant(account, [*gaining]), by or 0, wanted)
        if gaining:
            await self._hint(account, dict.fromkeys(gaining, True))
        done: tuple[Granted, ...] = ()
        try:
            done = await self._mail.write(account, operation, op)
        finally:
            touched = {*gaining, *(one.grantee for one in done)}
            if touched:  # what is true now: who was to gain may have gained nothing
                left = {one.grantee for one in await self.of(account)}
                await self._hint(account, {grantee: grantee in left for grantee in touched})
        return done

    def _tenant(self, account: AccountId, grantees: list[AccountId]) -> int:
        """Of all who are to gain something; whoever is taken something away may be gone already."""
        own = self._reader.account(account)
        for grantee in grantees:
            found = self._reader.account(grantee)
            if own is None or found is None or found.tenant_id != own.tenant_id:
                raise Refusal(Reason.NOT_PERMITTED, "A mailbox is shared with people of one's own tenant only")
        return own.tenant_id if own is not None else 0

    async def _hint(self, account: AccountId, there: dict[AccountId, bool]) -> None:
        known = tuple((grantee, is_there) for grantee, is_there in there.items() if self._reader.account(grantee) is not None)
        if known:
            await self._note(shared.NoteShared(account, known))

    async def subscribe(self, account: AccountId, op: OpId, grantee: AccountId, mailbox_id: MailboxId, *, is_subscribed: bool) -> None:
        await self._mail.write(account, shares.SubscribeShare(account, grantee, mailbox_id, is_subscribed), op)
        await self._hint(account, {grantee: True})

    async def with_(self, grantee: AccountId) -> tuple[SharedAccount, ...]:
        return self._reader.shared_with(grantee)
