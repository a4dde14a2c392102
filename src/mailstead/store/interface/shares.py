"""What an account shares with others of its tenant."""

from collections.abc import Sequence
from typing import Protocol

from mailstead.model.ids import AccountId, MailboxId, OpId
from mailstead.model.sharing import Grant, Granted, SharedAccount


class Shares(Protocol):
    """Grants lie with the mailboxes they speak of and change under the owner's clock: each change is one of the mailbox (``ChangeKind.MAILBOX``), so that
    states move and whoever watches the account hears of it. Who shares something with somebody is noted in the directory besides."""

    async def of(self, account: AccountId, *, grantee: AccountId | None = None) -> tuple[Grant, ...]:
        """All grants, or those of one; from one snapshot, never stale."""

    async def set(self, account: AccountId, op: OpId, grants: Sequence[Grant], *, by: AccountId | None = None) -> tuple[Granted, ...]:
        """Give each grantee these rights and no others (none: take them away), all or nothing; what it changed. ``is_subscribed`` does not matter: what somebody
        can read from now on they want to see, until they say otherwise. ``by``: who
        does so where it is not the owner; judged in the same transaction. NOT_FOUND (no such mailbox, or ``by`` may not know of it), NOT_PERMITTED (``by``
        may not share; a grantee of another tenant), INVALID (the owner as grantee), LIMIT, ACCOUNT_SUSPENDED."""

    async def subscribe(self, account: AccountId, op: OpId, grantee: AccountId, mailbox_id: MailboxId, *, is_subscribed: bool) -> None:
        """A grantee wants to see a mailbox, or does not. NOT_FOUND."""

    async def with_(self, grantee: AccountId) -> tuple[SharedAccount, ...]:
        """Accounts of which something is, or was lately, shared with somebody: a look-up, never stale. ``of`` says what is true."""
