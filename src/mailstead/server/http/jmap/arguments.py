"""Which arguments each method takes; an unknown one is an error of its caller (RFC 8620 §3.9)."""

from collections.abc import Mapping
from typing import Any, Final

from mailstead.server.http.jmap.standard import MethodError

_QUERY: Final = ("filter", "sort", "calculateTotal")
_OF_VERB: Final[dict[str, tuple[str, ...]]] = {
    "get": ("ids", "properties"), "changes": ("sinceState", "maxChanges"), "set": ("ifInState", "create", "update", "destroy"),
    "query": (*_QUERY, "position", "anchor", "anchorOffset", "limit"), "queryChanges": (*_QUERY, "sinceQueryState", "maxChanges", "upToId"),
    "copy": ("fromAccountId", "ifFromInState", "ifInState", "create", "onSuccessDestroyOriginal", "destroyFromIfInState"),
}  # fmt: skip
"""Of the standard methods (RFC 8620 §5)."""
_BODY: Final = ("bodyProperties", "fetchTextBodyValues", "fetchHTMLBodyValues", "fetchAllBodyValues", "maxBodyValueBytes")
_TREE: Final = ("sortAsTree", "filterAsTree")
_FURTHER: Final[dict[str, tuple[str, ...]]] = {
    "Mailbox/query": _TREE, "Mailbox/queryChanges": _TREE, "Mailbox/set": ("onDestroyRemoveEmails",),
    "Email/get": _BODY, "Email/query": ("collapseThreads",), "Email/queryChanges": ("collapseThreads",), "SieveScript/set": (
        "onSuccessActivateScript", "onSuccessDeactivateScript"),
    "EmailSubmission/set": ("onSuccessUpdateEmail", "onSuccessDestroyEmail"), "AddressBook/set": ("onDestroyRemoveContents", "onSuccessSetIsDefault"),
    "Blob/get": ("offset", "length"),
}  # fmt: skip
"""Beside those."""
_ONLY: Final[dict[str, tuple[str, ...]]] = {
    "Email/import": ("ifInState", "emails"), "Email/parse": ("blobIds", "properties", *_BODY), "Email/unsubscribe": ("emailId",),
    "SearchSnippet/get": ("filter", "emailIds"), "Blob/copy": ("fromAccountId", "blobIds"), "Blob/upload": ("create",),
    "Blob/lookup": ("typeNames", "ids"), "PushSubscription/set": ("create", "update", "destroy"), "SieveScript/validate": ("blobId",),
    "MDN/send": ("identityId", "send", "onSuccessUpdateEmail"), "MDN/parse": ("blobIds",), "ContactCard/parse": ("blobIds",),
    "ContactCard/export": ("ids",), "Undo/apply": ("undoToken",),
}  # fmt: skip
"""Of methods that are none of the standard ones, or take less."""


def of(method: str) -> frozenset[str] | None:
    """The names; None: any. ``accountId`` goes everywhere, for clients put it into every call."""
    if method == "Core/echo":
        return None
    own = _ONLY.get(method)
    return frozenset(("accountId", *(own if own is not None else (*_OF_VERB[method.partition("/")[2]], *_FURTHER.get(method, ())))))


def check(method: str, given: Mapping[str, Any], known: frozenset[str] | None) -> None:
    """``invalidArguments``, with all names that are not known."""
    if known is not None and not given.keys() <= known:
        strange = sorted(given.keys() - known)
        raise MethodError("invalidArguments", f"{method} takes no {', '.join(name[:100] for name in strange[:10])}", arguments=[name[:255] for name in strange[:100]])
