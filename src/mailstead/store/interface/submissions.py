"""What authors have handed over to be sent."""

from collections.abc import Sequence
from typing import Protocol

from mailstead.model.email import Position
from mailstead.model.ids import AccountId, EmailId, MailboxId, SubmissionId
from mailstead.model.message import NewMessage, Octets
from mailstead.model.submission import NO_EMAIL, NewSubmission, RecipientStatus, Submission


class Submissions(Protocol):
    """What authors have handed over to be sent (``model.submission``). Every move of one is a change of kind SUBMISSION of its account."""

    async def submit(self, account: AccountId, new: NewSubmission, octets: Octets, *,
                     sent: tuple[MailboxId, NewMessage] | None = None, if_state: str = "") -> Submission:
        """Keep a message that is to be sent and, in the same transaction, file the author's copy (``sent``), whose ids the submission then
        bears, or change an email (``new.marks``; not both). A repeat with the same ``submission_id`` changes nothing. ``if_state``: a ``Position`` as text at
        which the account's submissions must stand; raises ``model.email.StateMismatch``. NOT_FOUND (the mailbox or the email), ALREADY_EXISTS (the email
        was marked before), OVER_QUOTA, ACCOUNT_SUSPENDED."""

    async def find(self, account: AccountId, *, ids: Sequence[SubmissionId] | None = None, after: int = 0,
                          limit: int = 1000) -> list[Submission]:
        """Those that are named, or all beyond ``after``; in order of ids. They are known for 30 days after they left."""

    async def octets(self, account: AccountId, submission: SubmissionId) -> bytes:
        """The message, until the queue has it. NOT_FOUND."""

    async def cancel(self, account: AccountId, submission: SubmissionId) -> bool:
        """Wins or loses against the hand-over to the queue, never both: True, it will not be sent; False, it is too late. NOT_FOUND."""

    async def reschedule(self, account: AccountId, submission: SubmissionId, release_at_ms: int) -> bool:
        """Whether it was still held, and goes at ``release_at_ms`` now. NOT_FOUND."""

    async def destroy(self, account: AccountId, submission: SubmissionId) -> None:
        """Forget one that has left or was cancelled; what is in the queue goes on. NOT_FOUND, IN_USE (not left yet)."""

    async def due(self, now_ms: int, limit: int) -> list[tuple[AccountId, SubmissionId]]:
        """What is to be handed over, of the shards this process owns."""

    async def state(self, account: AccountId) -> Position:
        """When one last moved."""

    async def take(self, account: AccountId, submission: SubmissionId) -> bool:
        """Begin the hand-over of one that is due: from here on cancelling fails. False: it was cancelled, has left, or is not due."""

    async def handed_over(self, account: AccountId, submission: SubmissionId) -> None:
        """The queue has it, durably."""

    async def report(self, account: AccountId, submission: SubmissionId, news: Sequence[RecipientStatus], *, notice: EmailId = NO_EMAIL) -> None:
        """``notice``: an email that tells of it (a delivery status notice). What became of recipients (by address; ``options`` do not matter). The last word of the later ``at_ms`` stands; a recipient that
        was delivered or has failed stays so. Nothing where the submission is not known."""

    async def receive(self, account: AccountId, submission: SubmissionId, receipt: EmailId, displayed: Sequence[str]) -> None:
        """A disposition notification was filed as ``receipt``; ``displayed``: recipients of whom it says that they were shown the message. To repeat it
        changes nothing; nothing where the submission is not known."""

    async def of_message(self, account: AccountId, message_id: str) -> Submission | None:
        """The last submission of the message with this Message-ID (with brackets)."""
