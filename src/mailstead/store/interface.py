"""What the store promises.

These protocols are the only door to durable state (STORAGE §3). ``mailstead.store.open_store`` gives the embedded home;
the PostgreSQL home stands behind the same names later, and one conformance suite (tests/contract/store) that knows
nothing of SQLite covers both.

Shape: one account per call. Values are those of ``mailstead.model``. Every write is durable before it returns
(survives power loss) and is made by the owner of the account's shard, wherever it runs; ``op`` makes a repeat harmless
and returns the first result (DECISIONS 5). Reads come from one consistent snapshot each. Refusals: ``Refusal`` with the
reason named at the call; ``Unavailable`` when shard, disk or owner fail for now. A cancelled write may or may not have
happened: repeat it with the same ``op``.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from mailstead.model.change import Changes
from mailstead.model.condition import Condition
from mailstead.model.email import (
    EmailDelta,
    EmailPatch,
    EmailRow,
    EmailsSet,
    Fault,
    Kind,
    MailboxPatch,
    MailboxSet,
    NewEmail,
    ObjectChanges,
    Position,
    Snooze,
    States,
)
from mailstead.model.ids import (
    AccountId,
    CredentialId,
    DomainId,
    EmailId,
    MailboxId,
    OpId,
    SubmissionId,
    TenantId,
    ThreadId,
)
from mailstead.model.mailbox import Entry, EntryRow, MailboxInfo, Role
from mailstead.model.message import Appended, Copied, Filed, Filing, FlagsStored, NewMessage, Octets
from mailstead.model.object import Due, DueKind, ObjectKind, ObjectStates, ObjectWrite
from mailstead.model.query import Answer, Query, QueryChanges, Window
from mailstead.model.question import ScramVerifier
from mailstead.model.submission import NO_EMAIL, NewSubmission, RecipientStatus, Submission
from mailstead.model.uids import UidSet
from mailstead.store.outbound import Outbound
from mailstead.store.web_logins import WebLogins


# ------------------------------------------------------------------------------------------------------- values
@dataclass(frozen=True, slots=True)
class Quota:
    """``max_*`` 0: no limit."""

    used_octets: int
    used_messages: int
    max_octets: int
    max_messages: int

    @property
    def state(self) -> str:
        """What JMAP's quotas say; what has no limit is no object there and says nothing."""
        octets = f"{self.used_octets}-{self.max_octets}" if self.max_octets else "0-0"
        return octets + (f"-{self.used_messages}-{self.max_messages}" if self.max_messages else "-0-0")


@dataclass(frozen=True, slots=True)
class Selected:
    """One consistent moment of a mailbox: ``info`` and the UIDs in ascending order."""

    info: MailboxInfo
    account_modseq: int
    uids: "Sequence[int]"
    """``array('Q')`` in practice; owned by the caller."""
    keywords: tuple[str, ...]
    """Names of the account's keywords, for FLAGS."""
    first_unseen_uid: int
    """0: none."""


@dataclass(frozen=True, slots=True)
class Want:
    """Which columns ``fetch`` shall fill; the entry and sizes always come."""

    envelope: bool = False
    structure: bool = False
    parts: bool = False
    preview: bool = False


@dataclass(frozen=True, slots=True)
class Tenant:
    """A customer of the site. ``max_*`` 0: no limit."""

    tenant_id: TenantId
    name: str
    max_accounts: int = 0
    max_octets: int = 0


@dataclass(frozen=True, slots=True)
class Domain:
    """``name`` is the lower-case A-label."""

    domain_id: DomainId
    tenant_id: TenantId
    name: str
    catch_all: str = ""


@dataclass(frozen=True, slots=True)
class DkimKey:
    """A key that signs for a domain. ``state``: ``waiting`` (for its record to be in the DNS), ``signing``, ``retired`` (its record must
    stay while mail that it signed is under way)."""

    domain: str
    selector: str
    kind: str
    """``rsa`` or ``ed25519``."""
    state: str
    changed_at_ms: int
    record: str
    """The TXT record to publish at ``selector._domainkey.domain``."""
    secret: bytes
    """The private key (PKCS #8, DER): never shown, never logged."""

    def __repr__(self) -> str:
        return f"DkimKey({self.selector}._domainkey.{self.domain}, {self.kind}, {self.state})"


@dataclass(frozen=True, slots=True)
class Account:
    """An account as the directory knows it. ``state`` is ``active``, ``suspended``, ``wiping`` or ``gone``."""

    account_id: AccountId
    tenant_id: TenantId
    address: str
    """Its primary address, as given (``key`` form is unique)."""
    name: str
    state: str
    shard: int
    epoch: int
    is_admin: bool
    created_at_ms: int
    max_octets: int
    max_messages: int
    delete_after_ms: int = 0


@dataclass(frozen=True, slots=True)
class Routed:
    """What an address leads to, aliases and groups resolved (bounded by ``limits.GROUP_*``).

    ``accounts``: (account, the local address through which it was reached). ``remote``: addresses elsewhere.
    Both empty: no such recipient. ``is_local_domain`` False: the domain is not ours and ``remote`` holds the address.
    """

    is_local_domain: bool
    accounts: tuple[tuple[AccountId, str], ...] = ()
    remote: tuple[str, ...] = ()
    detail: str = ""
    """The part after ``+`` where it was split off."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A secret at rest. ``credential_id`` 0 is the main password; others are app passwords with a ``label``."""

    credential_id: CredentialId
    label: str
    argon2: str
    """PHC string."""
    scram: ScramVerifier | None
    revision: int
    created_at_ms: int


@dataclass(frozen=True, slots=True)
class LoginRecord:
    """What is needed to check a login. ``has_second_factor``: the main password alone lets nobody in (DECISIONS 25)."""

    account: Account
    credentials: tuple[Credential, ...]
    has_second_factor: bool = False


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
            self.attempts, recipient.last_error, message.size_octets, self.held, self.route,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """One recipient awaiting the next hop, with its message: what people are told about."""

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


# ------------------------------------------------------------------------------------------------------- protocols
class Directory(Protocol):
    """Tenants, domains, addresses, accounts, credentials, placement. Reads are cached: at most 5 s stale, 2 s for no."""

    async def route(self, address: str) -> Routed:
        """Where mail for ``address`` (``local@domain``) goes: exact, then without ``+detail``, then catch-all."""

    async def owns(self, account: AccountId, address: str) -> bool:
        """Whether the account may send as ``address``: its own addresses, aliases to it, ``+detail`` of these."""

    async def login(self, login: str) -> LoginRecord | None:
        """By full address (or alias), or by local part where the site has one domain (DECISIONS 25)."""

    async def account(self, account: AccountId) -> Account | None: ...
    async def account_by_address(self, address: str) -> Account | None: ...
    async def accounts(self, *, tenant: TenantId | None = None, domain: str = "", after: str = "", limit: int = 1000) -> list[Account]:
        """In order of address key, starting after ``after``."""

    async def tenant_add(self, name: str, *, max_accounts: int = 0, max_octets: int = 0) -> Tenant: ...
    async def tenants(self) -> list[Tenant]: ...
    async def domain_add(self, name: str, tenant: TenantId) -> Domain: ...
    async def domains(self, *, tenant: TenantId | None = None) -> list[Domain]: ...
    async def domain_set(self, name: str, *, catch_all: str) -> Domain: ...
    async def dkim_keys(self, domain: str) -> tuple[DkimKey, ...]:
        """In order of selector; empty for a domain that is not ours. The same object until something changes: callers may compare by identity."""

    async def dkim_key_add(self, domain: str, selector: str, *, kind: str, record: str, secret: bytes) -> None:
        """A new key, ``waiting``; its secret is sealed at rest. NOT_FOUND, ALREADY_EXISTS."""

    async def dkim_key_set(self, domain: str, selector: str, *, state: str) -> None:
        """NOT_FOUND."""

    async def dkim_key_delete(self, domain: str, selector: str) -> None: ...
    async def sts_policy(self, domain: str) -> tuple[str, str, int] | None:
        """The MTA-STS policy of somebody's domain as it was last fetched: (id, text, expires ms)."""

    async def sts_policy_set(self, domain: str, policy_id: str, text: str, expires_at_ms: int) -> None:
        """Remember it; those that have expired are forgotten."""

    async def account_add(
        self, address: str, *, name: str = "", argon2: str, scram: ScramVerifier | None, tenant: TenantId | None = None,
        max_octets: int = 0, max_messages: int = 0, is_admin: bool = False,
    ) -> Account:
        """Key, account row with default mailboxes, placement, address: in that order (DECISIONS 11). ALREADY_EXISTS."""

    async def accounts_add(self, rows: Sequence[tuple[str, str, ScramVerifier | None, int, str]]) -> list[Account]:
        """Many at once: (address, argon2, scram, max_octets, name); group-committed. All or none per chunk of 500."""

    async def account_set(self, account: AccountId, *, name: str | None = None, state: str | None = None,
                          is_admin: bool | None = None, max_octets: int | None = None, max_messages: int | None = None,
                          delete_after_ms: int | None = None) -> Account:
        """A changed state takes effect for every write at once, for reads and logins within 5 s."""

    async def account_shred(self, account: AccountId) -> None:
        """Destroy the key, then the rows (STORAGE §13). No way back."""

    async def credential_set(self, account: AccountId, *, credential: CredentialId | None, label: str, argon2: str,
                             scram: ScramVerifier | None) -> Credential:
        """``credential`` 0: the main password; None: a new app password. Raises the revision."""

    async def credential_delete(self, account: AccountId, credential: CredentialId) -> None: ...
    async def alias_add(self, address: str, target: str) -> None:
        """``target``: an address here or elsewhere. ``@domain`` as ``address`` is the catch-all."""

    async def alias_delete(self, address: str) -> None: ...
    async def aliases(self, *, domain: str = "") -> list[tuple[str, str]]: ...
    async def group_set(self, address: str, members: Sequence[str]) -> None: ...
    async def group_delete(self, address: str) -> None: ...
    async def groups(self) -> list[tuple[str, tuple[str, ...]]]: ...


class Mail(Protocol):
    """Account data."""

    # ---- mailboxes
    async def mailboxes(self, account: AccountId) -> list[MailboxInfo]:
        """All of them, parents before children, else in order of path."""

    async def mailbox(self, account: AccountId, path: tuple[str, ...]) -> MailboxInfo | None:
        """By path; the first name matches INBOX without case, otherwise exactly after NFC."""

    async def mailbox_by_id(self, account: AccountId, mailbox_id: MailboxId) -> MailboxInfo | None: ...
    async def mailbox_create(self, account: AccountId, op: OpId, path: tuple[str, ...], *, role: Role = Role.NONE) -> MailboxInfo:
        """Makes missing parents. ALREADY_EXISTS (a ``noselect`` remnant becomes selectable again), INVALID, LIMIT."""

    async def mailbox_rename(self, account: AccountId, op: OpId, old: tuple[str, ...], new: tuple[str, ...]) -> None:
        """Children move along; UIDs and UIDVALIDITY stay with the mailbox. INBOX: its messages move to the new
        mailbox and INBOX stays (RFC 9051 §6.3.6). NOT_FOUND, ALREADY_EXISTS."""

    async def mailbox_delete(self, account: AccountId, op: OpId, path: tuple[str, ...]) -> None:
        """A mailbox with children loses its messages and stays as ``noselect``; INBOX cannot be deleted. NOT_FOUND,
        NOT_PERMITTED, HAS_CHILDREN (a ``noselect`` one with children)."""

    async def mailbox_role(self, account: AccountId, op: OpId, mailbox_id: MailboxId, role: Role) -> None: ...
    async def subscriptions(self, account: AccountId) -> list[tuple[str, ...]]:
        """Subscribed paths, existing or not."""

    async def subscribe(self, account: AccountId, path: tuple[str, ...], subscribed: bool) -> None: ...

    # ---- reading
    async def select(self, account: AccountId, mailbox_id: MailboxId, *, take_recent: bool) -> Selected:
        """``take_recent``: mark everything as announced (SELECT does, EXAMINE does not); ``info.recent_uid`` is the
        value before. NOT_FOUND."""

    async def entries(self, account: AccountId, mailbox_id: MailboxId, uids: UidSet, *, changed_since: int = 0,
                      limit: int = 0) -> list[Entry]:
        """In order of UID; only those with modseq > ``changed_since``."""

    async def fetch(self, account: AccountId, mailbox_id: MailboxId, uids: UidSet, want: Want) -> list[EntryRow]:
        """In order of UID; callers ask for at most a few hundred at a time."""

    async def octets(self, account: AccountId, email_id: EmailId, start: int = 0, length: int | None = None) -> bytes:
        """A range of the stored message. EXPUNGED when it is gone, ``Unavailable`` when its octets are damaged."""

    async def vanished(self, account: AccountId, mailbox_id: MailboxId, since: int, uids: UidSet | None = None) -> UidSet:
        """UIDs expunged after modseq ``since``. Past the log: every UID below UIDNEXT that is not there (RFC 7162)."""

    async def changes(self, account: AccountId, since: int, limit: int = 1000) -> Changes:
        """The feed after ``since``. Raises ``model.change.StateTooOld``."""

    async def modseq(self, account: AccountId) -> int: ...
    async def keywords(self, account: AccountId) -> dict[int, str]:
        """Bit value (``1 << n``) to name, system names included."""

    async def search(self, account: AccountId, condition: Condition, *, mailbox_id: MailboxId) -> list[int]:
        """UIDs in this mailbox that match, ascending. Complete: index up to its watermark, then a scan (DECISIONS 14)."""

    async def quota(self, account: AccountId) -> Quota: ...

    # ---- writing
    async def deliver(self, account: AccountId, filing: Filing) -> Filed:
        """Exactly once per delivery id. OVER_QUOTA, ACCOUNT_SUSPENDED, ``Unavailable`` (also ``DiskReserve``)."""

    async def deliver_unless(self, account: AccountId, filing: Filing, kinds: Sequence[ObjectKind]) -> Filed | None:
        """As ``deliver``; None, and nothing is filed, where the account keeps an object of one of ``kinds``: its owner has something to say about it."""

    async def append(self, account: AccountId, op: OpId, mailbox_id: MailboxId, messages: Sequence[NewMessage]) -> Appended:
        """One transaction. NOT_FOUND, OVER_QUOTA, LIMIT (keywords)."""

    async def copy(self, account: AccountId, op: OpId, source: MailboxId, uids: UidSet, target: MailboxId) -> Copied:
        """One transaction; flags and INTERNALDATE kept, EMAILID equal. NOT_FOUND, OVER_QUOTA."""

    async def move(self, account: AccountId, op: OpId, source: MailboxId, uids: UidSet, target: MailboxId) -> Copied: ...
    async def expunge(self, account: AccountId, op: OpId, mailbox_id: MailboxId, uids: UidSet | None,
                      *, only_deleted: bool = True) -> tuple[UidSet, int]:
        """Removes entries flagged ``\\Deleted`` (all, or those in ``uids``); gives the UIDs removed and the modseq.
        ``only_deleted=False`` (POP3, JMAP) removes ``uids`` whatever their flags."""

    async def set_flags(self, account: AccountId, op: OpId, mailbox_id: MailboxId, uids: UidSet, *,
                        add: frozenset[str] = frozenset(), remove: frozenset[str] = frozenset(),
                        replace: frozenset[str] | None = None, unchanged_since: int | None = None) -> FlagsStored:
        """Entries whose flags do not change keep their modseq and are reported with it. LIMIT (keywords)."""

    # ---- bulk
    async def import_(self, account: AccountId, mailbox_id: MailboxId, messages: Sequence[tuple[bytes, NewMessage]]) -> Appended:
        """Like append for large batches; each message has a 16-octet id under which a repeat is skipped (UID 0)."""


class Submissions(Protocol):
    """What authors have handed over to be sent (``model.submission``). Every move of one is a change of kind SUBMISSION of its account."""

    async def submit(self, account: AccountId, new: NewSubmission, octets: Octets, *,
                     sent: tuple[MailboxId, NewMessage] | None = None) -> Submission:
        """Keep a message that is to be sent and, in the same transaction, file the author's copy (``sent``), whose ids the submission then
        bears. A repeat with the same ``submission_id`` changes nothing. NOT_FOUND (the mailbox), OVER_QUOTA, ACCOUNT_SUSPENDED."""

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


class Emails(Protocol):
    """Account data as JMAP sees it: emails, threads, and what changed of each type (RFC 8621; DECISIONS 1, 2, 9).

    Entries flagged ``\\Deleted`` are not there. ``Mail`` and this are two sides of one thing: what is written on one is
    seen on the other at once.
    """

    async def states(self, account: AccountId) -> States:
        """Where each type stands."""

    async def emails(self, account: AccountId, ids: Sequence[EmailId], *, content: bool) -> tuple[States, dict[EmailId, EmailRow]]:
        """Those of the emails that are there. ``content``: with the columns that come from the message."""

    async def threads(self, account: AccountId, ids: Sequence[ThreadId]) -> tuple[States, dict[ThreadId, tuple[EmailId, ...]]]:
        """The emails of each thread that is there, in the order they were received."""

    async def changes(self, account: AccountId, kind: Kind, since: Position, most: int) -> ObjectChanges:
        """At most ``most`` objects (0: all). Raises ``model.change.StateTooOld``."""

    async def query(self, account: AccountId, query: Query, window: Window) -> Answer:
        """Complete, however far the search index is behind. Raises ``model.query.AnchorNotFound``."""

    async def query_changes(self, account: AccountId, query: Query, since: Position, most: int, *, total: bool) -> QueryChanges:
        """``most`` 0: any number. Raises ``model.query.TooManyChanges``, ``StateTooOld``."""

    async def set(
        self, account: AccountId, op: OpId, *, if_state: str = "", create: Sequence[NewEmail] = (),
        update: Sequence[EmailPatch] = (), destroy: Sequence[EmailId] = (),
    ) -> EmailsSet:
        """One transaction; what cannot be done has a fault and is left alone. ``if_state``: a ``Position`` as text. Destroying
        takes the email out of every mailbox. Raises ``model.email.StateMismatch``; ACCOUNT_SUSPENDED."""

    async def mailbox_set(self, account: AccountId, op: OpId, mailbox_id: MailboxId | None, patch: MailboxPatch,
                          *, if_state: str = "") -> MailboxSet:
        """Make a mailbox (None) or change one. Raises ``StateMismatch``; ACCOUNT_SUSPENDED."""

    async def mailbox_destroy(self, account: AccountId, op: OpId, mailbox_id: MailboxId, *, with_emails: bool,
                              if_state: str = "") -> MailboxSet:
        """``with_emails``: emails whose last mailbox it is go too. Raises ``StateMismatch``; ACCOUNT_SUSPENDED."""


class KeptObjects(Protocol):
    """Small objects of an account beside its mail: one sealed document each, typed changes in the account's clock (STORAGE §2)."""

    async def of(self, account: AccountId, kind: ObjectKind, ids: Sequence[int] | None = None, *, after: int = 0) -> ObjectStates:
        """Everything of a kind that changed beyond modseq ``after``, or those named that are known; those that are gone as well: a row is its own record of what happened to it."""

    async def states(self, account: AccountId, kinds: Sequence[ObjectKind]) -> list[Position]:
        """Where kinds stand; costs nothing, however many objects there are."""

    async def has(self, account: AccountId, kind: ObjectKind) -> bool:
        """Whether there ever was one of the kind: what each delivery asks, so it costs least."""

    async def set(self, account: AccountId, op: OpId, kind: ObjectKind, writes: Sequence[ObjectWrite], *, at: int) -> bool:
        """All of it or nothing, and only if the kind is still at modseq ``at``: whether it was. LIMIT, ACCOUNT_SUSPENDED."""

    def number(self, account: AccountId, kind: ObjectKind, name: str) -> int:
        """The id of an object that the client named."""

    async def piece(self, account: AccountId, kind: ObjectKind, ident: int, number: int) -> bytes | None:
        """What was written as a piece of an object."""

    async def step(
        self, account: AccountId, op: OpId, *, update: Sequence[EmailPatch], destroy: Sequence[EmailId], kind: ObjectKind,
        job: ObjectWrite, number: int, at: int,
    ) -> list[Fault] | None:
        """Change emails and write the job that does so, in one transaction; what was done to each becomes the job's piece ``number``. Faults in order;
        None, and nothing is done, where the kind is not at ``at``."""

    async def deltas(self, account: AccountId, kind: ObjectKind, ident: int, number: int) -> list[EmailDelta]:
        """What ``step`` wrote down."""

    async def due(self, now_ms: int, limit: int) -> list[Due]:
        """What has become due, of the shards this process owns."""

    async def waiting(self, kind: DueKind) -> list[tuple[AccountId, int]]:
        """Everything of a kind that will be due, of the shards this process owns."""

    async def set_due(self, account: AccountId, kind: DueKind, ident: int, at_ms: int) -> None:
        """Look at it again then; 0: never. Nothing where it is not waiting."""

    async def snoozes(self, account: AccountId, emails: Sequence[EmailId]) -> dict[EmailId, Snooze]:
        """Of those emails that wait for a time."""

    async def may_answer(self, account: AccountId, peer: str, *, again_after_ms: int) -> bool:
        """Whether somebody may get an automatic reply now; noted at once. ACCOUNT_SUSPENDED."""


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


class Spool(Protocol):
    """Where a message is gathered as it arrives: memory up to 1 MiB, then an unlinked file."""

    size: int

    def write(self, octets: bytes | memoryview) -> None:
        """Raises ``Unavailable`` when the disk is full."""

    def finish(self) -> Octets: ...
    def close(self) -> None: ...


News = Callable[[AccountId, int], None]
"""Called on the loop's thread after a commit that raised the account's modseq to the second argument; a hint only."""


class Store(Protocol):
    """The whole store of one process."""

    @property
    def directory(self) -> Directory: ...
    @property
    def web_logins(self) -> WebLogins: ...
    @property
    def outbound(self) -> Outbound: ...
    @property
    def mail(self) -> Mail: ...
    @property
    def emails(self) -> Emails: ...
    @property
    def kept(self) -> KeptObjects: ...
    @property
    def submissions(self) -> Submissions: ...
    @property
    def queue(self) -> Queue: ...
    def watch_queue(self, news: Callable[[bool], None]) -> None:
        """Calls ``news`` after new jobs came (False), and after somebody changed what waits (True), anywhere. A hint only."""

    def spool(self) -> Spool: ...
    def watch(self, account: AccountId, news: News) -> Callable[[], None]:
        """Calls ``news`` for this account until the returned function is called. Hints come at once after the commit,
        also from other processes."""

    def shard_owner_is_here(self, account_shard: int) -> bool: ...
    async def start(self) -> None: ...
    async def close(self) -> None: ...
    async def backup(self, target: str, *, with_keys: bool, progress: Callable[[str, int, int], None]) -> None: ...
    async def verify(self, *, repair: bool, progress: Callable[[str, int, int], None]) -> list[str]:
        """Findings, one sentence each; empty: nothing wrong."""


Handover = Callable[[int, bytes], Awaitable[bytes]]
"""How a store sends a request to worker n and awaits its answer; given by ``app`` (net opens the sockets)."""
Feed = AsyncIterator[Changes]
