"""Emails, threads and mailboxes as JMAP's drivers use them (RFC 8621).

Between driver and store: operation ids, the account's keyword names, the octets of a message or of one of its parts, blobs of
every kind. The account is one that the driver has found the principal allowed to use.
"""

import os
from collections.abc import Callable, Sequence
from typing import Final

from mailstead.mime import decode, parts, scan
from mailstead.model.email import (
    EmailPatch,
    EmailRow,
    EmailsSet,
    Kind,
    MailboxPatch,
    MailboxSet,
    NewEmail,
    ObjectChanges,
    Position,
    States,
)
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId, EmailId, MailboxId, OpId, ThreadId
from mailstead.model.mailbox import MailboxInfo
from mailstead.model.query import Answer, Query, QueryChanges, Window
from mailstead.model.sharing import Right
from mailstead.store.interface import Quota, Store

_NAMED: Final = 10_000


class Emails:
    """One for the process. ``viewer``: who asks, where it is not the owner (``service.shared_emails``)."""

    def __init__(self, store: Store, viewer: AccountId | None = None) -> None:
        self._store = store
        self._viewer = viewer
        self._names: dict[AccountId, dict[int, str]] = {}

    @staticmethod
    def _op() -> OpId:
        return OpId(os.urandom(16))

    # ---------------------------------------------------------------------------------------------------- reading
    async def states(self, account: AccountId) -> States:
        """Where each type stands."""
        return await self._store.emails.states(account, viewer=self._viewer)

    async def rights(self, account: AccountId) -> dict[MailboxId, Right] | None:  # noqa: ARG002 - ``shared_emails`` asks
        """What one may do in each mailbox; None: everything in all."""
        return None

    async def mailboxes(self, account: AccountId) -> tuple[States, list[MailboxInfo]]:
        """Every mailbox, parents first, and a state that they are at least as new as."""
        states = await self._store.emails.states(account)
        return states, await self._store.mail.mailboxes(account)

    async def emails(self, account: AccountId, ids: Sequence[EmailId], *, content: bool) -> tuple[States, dict[EmailId, EmailRow]]:
        """See ``store.interface.Emails.emails``."""
        return await self._store.emails.emails(account, ids, content=content, viewer=self._viewer)

    async def threads(self, account: AccountId, ids: Sequence[ThreadId]) -> tuple[States, dict[ThreadId, tuple[EmailId, ...]]]:
        """See ``store.interface.Emails.threads``."""
        return await self._store.emails.threads(account, ids, viewer=self._viewer)

    async def changes(self, account: AccountId, kind: Kind, since: Position, most: int) -> ObjectChanges:
        """See ``store.interface.Emails.changes``."""
        return await self._store.emails.changes(account, kind, since, most, viewer=self._viewer)

    async def query(self, account: AccountId, query: Query, window: Window) -> Answer:
        """See ``store.interface.Emails.query``."""
        return await self._store.emails.query(account, query, window, viewer=self._viewer)

    async def query_changes(self, account: AccountId, query: Query, since: Position, most: int, *, total: bool) -> QueryChanges:
        """See ``store.interface.Emails.query_changes``."""
        return await self._store.emails.query_changes(account, query, since, most, total=total, viewer=self._viewer)

    async def keywords(self, account: AccountId, bits: int) -> dict[int, str]:
        """Names of flag bits, all those in ``bits`` among them. A bit's name never changes; do not change the dictionary."""
        known = self._names.get(account)
        union = 0
        for bit in known or ():
            union |= bit
        if known is None or bits & ~union:
            known = await self._store.mail.keywords(account)
            if len(self._names) >= _NAMED:
                self._names.clear()
            self._names[account] = known
        return known

    async def quota(self, account: AccountId) -> Quota:
        """What the account uses and may use."""
        return await self._store.mail.quota(account)

    # ---------------------------------------------------------------------------------------------------- octets
    async def octets(self, account: AccountId, email: EmailId, start: int = 0, length: int | None = None) -> bytes:
        """A range of the message as it is stored. EXPUNGED."""
        return await self._store.mail.octets(account, email, start, length)

    async def part(self, account: AccountId, email: EmailId, find: Callable[[parts.Part], parts.Part | None]) -> bytes:
        """A part, its transfer encoding undone. NOT_FOUND, EXPUNGED."""
        _, rows = await self.emails(account, [email], content=True)
        row = rows.get(email)
        part = find(parts.unpack(row.parts)) if row is not None and row.parts else None
        if part is None:
            raise Refusal(Reason.NOT_FOUND, "There is no such part")
        start, end = part.body
        return decode.transfer(await self.octets(account, email, start, end - start), part.encoding)

    # ---------------------------------------------------------------------------------------------------- writing
    async def set(
        self, account: AccountId, *, if_state: str = "", create: Sequence[NewEmail] = (), update: Sequence[EmailPatch] = (),
        destroy: Sequence[EmailId] = (),
    ) -> EmailsSet:
        """See ``store.interface.Emails.set``."""
        return await self._store.emails.set(
            account, self._op(), if_state=if_state, create=create, update=update, destroy=destroy, viewer=self._viewer)

    async def mailbox_set(self, account: AccountId, mailbox: MailboxId | None, patch: MailboxPatch, *, if_state: str = "") -> MailboxSet:
        """See ``store.interface.Emails.mailbox_set``."""
        return await self._store.emails.mailbox_set(account, self._op(), mailbox, patch, if_state=if_state)

    async def mailbox_destroy(self, account: AccountId, mailbox: MailboxId, *, with_emails: bool, if_state: str = "") -> MailboxSet:
        """See ``store.interface.Emails.mailbox_destroy``."""
        return await self._store.emails.mailbox_destroy(account, self._op(), mailbox, with_emails=with_emails, if_state=if_state)


def parsed(octets: bytes) -> EmailRow:
    """A message that is no email of the account, with the columns that come from the message (Email/parse)."""
    found = scan.scan(octets)
    return EmailRow(
        EmailId(0), ThreadId(0), (), 0, (), 0, found.size_octets, found.has_attachment, found.header_octets, found.envelope,
        found.parts, found.preview, found.empty,
    )
