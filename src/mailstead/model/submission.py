"""A submission: a message that an author has handed over to be sent, and what became of it (RFC 6409, RFC 8621 §7).

It lives in its author's account. Held it may be cancelled; from the moment in which it begins to leave it may not. What the
queue learns about each recipient is written back, so that the author can be told.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from mailstead.model.email import EmailPatch
from mailstead.model.ids import EmailId, SubmissionId, ThreadId

NO_EMAIL = EmailId(0)
NO_THREAD = ThreadId(0)


class Hold(enum.IntEnum):
    """Where a submission stands. Values are stored: never renumber."""

    PENDING = 1
    """It waits for its time and may be cancelled."""
    LEAVING = 2
    """It is being handed over to the queue: too late to cancel."""
    FINAL = 3
    CANCELED = 4


class Progress(enum.IntEnum):
    """How far a recipient is. Values are stored: never renumber."""

    QUEUED = 1
    """On its way; where it was tried before, ``reply`` says what the next server answered."""
    RELAYED = 2
    """The next server has it; what came of it there is not known."""
    DELIVERED = 3
    """In a mailbox."""
    FAILED = 4


@dataclass(frozen=True, slots=True)
class RecipientStatus:
    """One recipient. ``options`` as in ``store.interface.QueueEntry``; ``reply`` is an SMTP reply (``550 5.1.1 …``), ``hop`` whose it is."""

    address: str
    options: Mapping[str, str] = field(default_factory=dict)
    progress: Progress = Progress.QUEUED
    hop: str = ""
    reply: str = ""
    at_ms: int = 0
    is_displayed: bool = False
    """The recipient's side said that it was shown (RFC 8098)."""


@dataclass(frozen=True, slots=True)
class NewSubmission:
    """What is submitted. ``release_at_ms``: not before; at or before now: at once. ``email_id`` and ``identity`` are the caller's to read
    again (0 and "" where there are none); ``message_id``: the message's own, with brackets; ``options`` hold for all recipients (``envid``, ``ret``, ``smtputf8``, ``body``, ``by``, ``priority``).
    ``marks``: what an email of the account becomes in the same step; where it cannot, nothing is sent."""

    submission_id: SubmissionId
    reverse_path: str
    recipients: tuple[tuple[str, Mapping[str, str]], ...]
    release_at_ms: int = 0
    email_id: EmailId = NO_EMAIL
    thread_id: ThreadId = NO_THREAD
    identity: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    message_id: str = ""
    marks: EmailPatch | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """A submission as it stands. ``modseq``: the account's clock when it last moved."""

    submission_id: SubmissionId
    email_id: EmailId
    thread_id: ThreadId
    identity: str
    reverse_path: str
    options: Mapping[str, str]
    recipients: tuple[RecipientStatus, ...]
    created_at_ms: int
    release_at_ms: int
    hold: Hold
    modseq: int
    size_octets: int
    notices: tuple[EmailId, ...] = ()
    """Delivery status notices about it that were filed, in order of receipt."""
    receipts: tuple[EmailId, ...] = ()
    """Disposition notifications about it, likewise."""
