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

from mailstead.store.interface.directory import (
    Account,
    Credential,
    Directory,
    DkimKey,
    Domain,
    LoginRecord,
    Routed,
    Tenant,
    shard_file,
)
from mailstead.store.interface.emails import Emails
from mailstead.store.interface.mail import Mail, Quota, Selected, Want
from mailstead.store.interface.objects import KeptObjects
from mailstead.store.interface.outbound import Outbound, Suppression, TlsReportState
from mailstead.store.interface.queue import (
    NewJob,
    NewQueued,
    Queue,
    QueueDeferral,
    QueueEntry,
    QueueFilter,
    QueueHold,
    QueueJob,
    QueueMessage,
    QueueRecipient,
    QueueWaiting,
)
from mailstead.store.interface.shares import Shares
from mailstead.store.interface.store import Feed, Handover, News, Spool, Store
from mailstead.store.interface.submissions import Submissions
from mailstead.store.interface.web_logins import Totp, WebLogins

__all__ = [
    "Account",
    "Credential",
    "Directory",
    "DkimKey",
    "Domain",
    "Emails",
    "Feed",
    "Handover",
    "KeptObjects",
    "LoginRecord",
    "Mail",
    "NewJob",
    "NewQueued",
    "News",
    "Outbound",
    "Queue",
    "QueueDeferral",
    "QueueEntry",
    "QueueFilter",
    "QueueHold",
    "QueueJob",
    "QueueMessage",
    "QueueRecipient",
    "QueueWaiting",
    "Quota",
    "Routed",
    "Selected",
    "Shares",
    "Spool",
    "Store",
    "Submissions",
    "Suppression",
    "Tenant",
    "TlsReportState",
    "Totp",
    "Want",
    "WebLogins",
    "shard_file",
]
