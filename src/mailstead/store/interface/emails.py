"""An account as JMAP sees it."""

from collections.abc import Sequence
from typing import Protocol

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
from mailstead.model.ids import AccountId, EmailId, MailboxId, OpId, ThreadId
from mailstead.model.query import Answer, Query, QueryChanges, Window


class Emails(Protocol):
    """Account data as JMAP sees it: emails, threads, and what changed of each type (RFC 8621; DECISIONS 1, 2, 9).

    Entries flagged ``\\Deleted`` are not there. ``Mail`` and this are two sides of one thing: what is written on one is
    seen on the other at once.

    ``viewer``: who asks, where it is not the owner. To them the account holds what lies in mailboxes that they may read (``Shares``), which is looked up in
    the same snapshot or transaction; their states move with that alone. Where nothing is shared with them: NOT_FOUND.
    """

    async def states(self, account: AccountId, *, viewer: AccountId | None = None) -> States:
        """Where each type stands."""

    async def above(self, account: AccountId, viewer: AccountId) -> frozenset[MailboxId]:
        """Mailboxes above those that somebody knows of: they know the names of these as well."""

    async def unread(self, account: AccountId, viewer: AccountId) -> dict[MailboxId, tuple[int, int]]:
        """Unread emails and unread threads in mailboxes as somebody sees them who sees some of the account only; of those with any."""

    async def emails(self, account: AccountId, ids: Sequence[EmailId], *, content: bool, viewer: AccountId | None = None) -> tuple[States, dict[EmailId, EmailRow]]:
        """Those of the emails that are there. ``content``: with the columns that come from the message."""

    async def threads(self, account: AccountId, ids: Sequence[ThreadId], *, viewer: AccountId | None = None) -> tuple[States, dict[ThreadId, tuple[EmailId, ...]]]:
        """The emails of each thread that is there, in the order they were received."""

    async def changes(self, account: AccountId, kind: Kind, since: Position, most: int, *, viewer: AccountId | None = None) -> ObjectChanges:
        """At most ``most`` objects (0: all). Raises ``model.change.StateTooOld``."""

    async def query(self, account: AccountId, query: Query, window: Window, *, viewer: AccountId | None = None) -> Answer:
        """Complete, however far the search index is behind. Raises ``model.query.AnchorNotFound``."""

    async def query_changes(
        self, account: AccountId, query: Query, since: Position, most: int, *, total: bool, viewer: AccountId | None = None,
    ) -> QueryChanges:  # fmt: skip
        """``most`` 0: any number. Raises ``model.query.TooManyChanges``, ``StateTooOld``."""

    async def set(
        self, account: AccountId, op: OpId, *, if_state: str = "", create: Sequence[NewEmail] = (),
        update: Sequence[EmailPatch] = (), destroy: Sequence[EmailId] = (), viewer: AccountId | None = None,
    ) -> EmailsSet:
        """One transaction; what cannot be done has a fault and is left alone. ``if_state``: a ``Position`` as text. Destroying
        takes the email out of every mailbox that is seen. Raises ``model.email.StateMismatch``; ACCOUNT_SUSPENDED."""

    async def mailbox_set(self, account: AccountId, op: OpId, mailbox_id: MailboxId | None, patch: MailboxPatch,
                          *, if_state: str = "") -> MailboxSet:
        """Make a mailbox (None) or change one. Raises ``StateMismatch``; ACCOUNT_SUSPENDED."""

    async def mailbox_destroy(self, account: AccountId, op: OpId, mailbox_id: MailboxId, *, with_emails: bool,
                              if_state: str = "") -> MailboxSet:
        """``with_emails``: emails whose last mailbox it is go too. Raises ``StateMismatch``; ACCOUNT_SUSPENDED."""
