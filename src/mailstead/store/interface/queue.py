"""What awaits the next hop (STORAGE §7)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from mailstead.model.ids import AccountId, SubmissionId, TenantId
from mailstead.model.message import Octets


@dataclass(frozen=True, slots=True)
class QueueRecipient:
    """One recipient of a job. ``number`` is its place in the message; ``options``: DSN parameters ``notify``, ``orcpt``."""

    number: int
    address: str
    options: Mapping[str, str] = field(default_factory=dict)
    last_error: str = ""


@dataclass(frozen=True, slots=True)
class QueueMessage:
    """A message in the queue. ``options``: ``envid``, ``ret``, ``smtputf8``, ``body``, ``by`` (RFC 2852: until when and how, ``ms;R`` or
    ``ms;N``), ``priority`` (RFC 6710). ``is_reported``: it is a submission whose account hears what becomes of it. ``number``: the store's own."""

    submission_id: SubmissionId
    account_id: AccountId
    tenant_id: TenantId
    reverse_path: str
    options: Mapping[str, str]
    created_at_ms: int
    expires_at_ms: int
    size_octets: int
    is_reported: bool = False
    number: int = 0


@dataclass(frozen=True, slots=True)
class QueueJob:
    """A message on one route. ``route``: where it goes, by default the recipients' ``domain``. ``priority`` 1, 0 or -1. ``check_at_ms``: when its
    age matters next."""

    job_id: int
    shard: int
    route: str
    domain: str
    priority: int
    due_at_ms: int
    check_at_ms: int
    attempts: int
    held: bool
    message: QueueMessage
    recipients: tuple[QueueRecipient, ...]

    def entry(self, recipient: QueueRecipient) -> "QueueEntry":
        """One recipient with all that is known of it."""
        message = self.message
        return QueueEntry(
            self.job_id, recipient.number, message.submission_id, message.account_id, message.tenant_id, message.reverse_path,
            recipient.address, {**message.options, **recipient.options}, message.created_at_ms, message.expires_at_ms, self.due_at_ms,
            self.attempts, recipient.last_error, message.size_octets, self.held, self.route, self.check_at_ms,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """One recipient awaiting the next hop, with its message: what people are told about. ``check_at_ms``: when its age matters next."""

    job_id: int
    number: int
    submission_id: SubmissionId
    account_id: AccountId
    tenant_id: TenantId
    reverse_path: str
    forward_path: str
    options: Mapping[str, str]
    created_at_ms: int
    expires_at_ms: int
    due_at_ms: int
    attempts: int
    last_error: str
    size_octets: int
    held: bool = False
    route: str = ""
    check_at_ms: int = 0


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Which recipients of the queue are meant: those that meet all that is given. ``domain`` is the recipient's, as A-label; ``sender`` a
    reverse path; ``held`` None: either."""

    submissions: tuple[SubmissionId, ...] = ()
    domain: str = ""
    sender: str = ""
    held: bool | None = None
    tenant: TenantId | None = None
    account: AccountId | None = None


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to be made."""

    shard: int
    route: str
    domain: str
    priority: int
    due_at_ms: int
    check_at_ms: int
    recipients: tuple[QueueRecipient, ...]


@dataclass(frozen=True, slots=True)
class NewQueued:
    """A message for the queue. ``accept_id`` (16 octets): a repeat with the same one changes nothing, for 14 days."""

    accept_id: bytes
    submission_id: SubmissionId
    account_id: AccountId
    tenant_id: TenantId
    reverse_path: str
    options: Mapping[str, str]
    created_at_ms: int
    expires_at_ms: int
    jobs: tuple[NewJob, ...]
    is_reported: bool = False


class QueueWaiting(NamedTuple):
    """As little of a job as a schedule needs, for there may be a million."""

    job_id: int
    shard: int
    route: str
    priority: int
    tenant_id: TenantId
    account_id: AccountId
    due_at_ms: int


@dataclass(frozen=True, slots=True)
class QueueDeferral:
    """A job that is tried again, with those recipients that are left."""

    job: QueueJob
    due_at_ms: int
    check_at_ms: int
    attempts: int
    recipients: tuple[QueueRecipient, ...]


@dataclass(frozen=True, slots=True)
class QueueHold:
    """A site (the merged exchangers of one or many routes) that is put off until ``until_ms`` (0: it is not), after so many failures in a
    row. ``shaping``: what was learnt about it, the scheduler's own affair."""

    site: str
    until_ms: int
    failures: int
    reason: str
    shaping: bytes = b""
    at_ms: int = 0


class Queue(Protocol):
    """Messages awaiting the next hop, durably; who schedules is ``service.queue``. Reads are of this process and do not wait."""

    shards: tuple[int, ...]
    """Those that this process schedules."""
    workers: int

    async def enqueue(self, new: NewQueued, octets: Octets) -> None:
        """Durable before return."""

    async def own(self) -> None:
        """Become the owner of ``shards``: what the one before still wants to write is refused from now on."""

    def newest(self) -> int:
        """The highest number a job was given so far."""

    def newer(self, after: int, limit: int = 1_000) -> "tuple[list[QueueWaiting], int]":
        """What waits in our shards beyond job number ``after`` and is not held, a page of ``limit`` jobs of all shards; and the number up to which
        that is complete, ``after`` itself when there is nothing more. Read from 0 it is everything."""

    def jobs(self, numbers: Sequence[int]) -> list[QueueJob]:
        """These jobs as they are now, held ones too; those that are gone are left out."""

    def aged(self, now_ms: int, limit: int) -> list[QueueJob]:
        """Jobs of our shards whose ``check_at_ms`` has come."""

    def holds(self) -> list[QueueHold]: ...
    async def octets(self, message: QueueMessage) -> bytes:
        """A message. NOT_FOUND, ``Unavailable``."""

    async def finish(self, done: Iterable[QueueJob], deferred: Iterable[QueueDeferral]) -> None:
        """One transaction; ``Unavailable``, and nothing is written, where a shard among them has another owner by now."""

    async def hold(self, hold: QueueHold) -> None:
        """Write down what is known of a site: one row, however much waits for it."""

    async def find(self, wanted: QueueFilter, *, after: tuple[int, int] = (0, -1), limit: int = 1000) -> list[QueueEntry]:
        """Recipients that are meant, in order of their jobs, beyond (job, number) ``after``."""

    async def steer(self, what: str, entries: Sequence[QueueEntry], *, route: str = "") -> int:
        """``hold``, ``release``, ``retry``, ``delete`` or ``reroute``; how many recipients were there. INVALID."""

    def counts(self) -> tuple[int, int, int]:
        """(messages, jobs, held jobs) of the whole queue."""
