"""Every method that is answered, and the capability that brings it: the one table."""

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from mailstead.server.http.jmap import (
    blob,
    blob_get,
    blob_upload,
    client_settings,
    contacts,
    dispatch,
    email,
    email_set,
    job,
    mailbox,
    mdn,
    push_subscription,
    quota,
    sieve,
    snippet,
    submission,
    submission_set,
    thread,
    unsubscribe,
    vcards,
)
from mailstead.server.http.jmap.contacts import CAPABILITY as CONTACTS
from mailstead.server.http.jmap.dispatch import CORE, MAIL, Method, Named
from mailstead.server.http.jmap.identity import IDENTITIES
from mailstead.server.http.jmap.job import JOBS
from mailstead.server.http.jmap.kept_type import KeptType
from mailstead.server.http.jmap.note import NOTES
from mailstead.server.http.jmap.principal import CAPABILITY as PRINCIPAL
from mailstead.server.http.jmap.principal import PRINCIPALS
from mailstead.server.http.jmap.reminder import REMINDERS
from mailstead.server.http.jmap.saved_search import SAVED_SEARCHES
from mailstead.server.http.jmap.sender_profile import SENDER_PROFILES
from mailstead.server.http.jmap.session import PLUS
from mailstead.server.http.jmap.share_notification import SHARE_NOTIFICATIONS
from mailstead.server.http.jmap.vacation import VACATIONS

BLOB: Final = "urn:ietf:params:jmap:blob"
QUOTA: Final = "urn:ietf:params:jmap:quota"

_MAIL: Final[dict[str, Callable[..., Any]]] = {
    "Mailbox/get": mailbox.get, "Mailbox/changes": mailbox.changes, "Mailbox/query": mailbox.query,
    "Mailbox/queryChanges": mailbox.query_changes, "Mailbox/set": mailbox.set_, "Thread/get": thread.get, "Thread/changes": thread.changes,
    "Email/get": email.get, "Email/changes": email.changes, "Email/query": email.query, "Email/queryChanges": email.query_changes,
    "Email/set": email_set.set_, "Email/import": email_set.import_, "Email/copy": email_set.copy, "Email/parse": email.parse,
    "SearchSnippet/get": snippet.get,
}  # fmt: skip

_BLOB: Final[dict[str, Callable[..., Any]]] = {
    "Blob/upload": blob_upload.upload, "Blob/get": blob_get.get, "Blob/lookup": blob_get.lookup,
}  # fmt: skip
_QUOTA: Final[dict[str, Callable[..., Any]]] = {
    "Quota/get": quota.get, "Quota/changes": quota.changes, "Quota/query": quota.query, "Quota/queryChanges": quota.query_changes,
}  # fmt: skip

VACATION: Final = "urn:ietf:params:jmap:vacationresponse"
SUBMISSION: Final = "urn:ietf:params:jmap:submission"
_SUBMISSION: Final[dict[str, Method]] = {
    "EmailSubmission/get": submission.get,
    "EmailSubmission/changes": submission.changes, "EmailSubmission/query": submission.query,
    "EmailSubmission/queryChanges": submission.query_changes, "EmailSubmission/set": submission_set.set_,
}  # fmt: skip

def _standard(name: str, capability: str, kept: KeptType, only: tuple[str, ...] = ("get", "changes", "set", "query", "queryChanges")) -> dict[str, Named]:
    """The standard methods of a type of small objects."""
    methods = {"get": kept.get, "changes": kept.changes, "set": kept.set_, "query": kept.query, "queryChanges": kept.query_changes}
    return {f"{name}/{method}": Named(capability, cast("Method", run)) for method, run in methods.items() if method in only}


_NO_QUERY: Final = ("get", "changes", "set")
METHODS: Final[Mapping[str, Named]] = {
    "Core/echo": Named(CORE, dispatch.echo, has_account=False),
    "Blob/copy": Named(CORE, blob.copy, is_shared=True),
    "PushSubscription/get": Named(CORE, push_subscription.get, has_account=False),
    "PushSubscription/set": Named(CORE, push_subscription.set_, has_account=False),
    "ClientSettings/get": Named(PLUS, client_settings.get), "ClientSettings/changes": Named(PLUS, client_settings.changes),
    "ClientSettings/set": Named(PLUS, client_settings.set_),
    **_standard("SavedSearch", PLUS, SAVED_SEARCHES), **_standard("SenderProfile", PLUS, SENDER_PROFILES), **_standard("Reminder", PLUS, REMINDERS),
    **_standard("Note", PLUS, NOTES),
    **_standard("Job", PLUS, JOBS), "Job/set": Named(PLUS, cast("Method", job.set_)), "Undo/apply": Named(PLUS, cast("Method", job.undo)),
    "Email/unsubscribe": Named(PLUS, unsubscribe.unsubscribe),
    **_standard("AddressBook", CONTACTS, contacts.BOOKS, _NO_QUERY), **_standard("ContactCard", CONTACTS, contacts.CARDS),
    "ContactCard/copy": Named(CONTACTS, cast("Method", contacts.copy)),
    "ContactCard/parse": Named(PLUS, cast("Method", vcards.parse)), "ContactCard/export": Named(PLUS, cast("Method", vcards.export)),
    **_standard("Principal", PRINCIPAL, PRINCIPALS),
    **_standard("ShareNotification", PRINCIPAL, SHARE_NOTIFICATIONS),
    **_standard("SieveScript", sieve.CAPABILITY, sieve.SCRIPTS), "SieveScript/validate": Named(sieve.CAPABILITY, sieve.validate),
    **{f"MDN/{name}": Named(mdn.CAPABILITY, run, no_account="invalidArguments") for name, run in (("send", mdn.send), ("parse", mdn.parse))},  # RFC 9007 §2
    **_standard("Identity", SUBMISSION, IDENTITIES, _NO_QUERY), **_standard("VacationResponse", VACATION, VACATIONS, _NO_QUERY),
    **{name: Named(SUBMISSION, run) for name, run in _SUBMISSION.items()},
    **{
        name: Named(capability, cast("Method", run), is_shared=capability != QUOTA)
        for capability, methods in ((MAIL, _MAIL), (BLOB, _BLOB), (QUOTA, _QUOTA)) for name, run in methods.items()
    },
}
