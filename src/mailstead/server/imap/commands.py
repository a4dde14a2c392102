"""Which handler answers which command."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from mailstead.protocol.imap.command import (
    authenticate,
    copy,
    create,
    delete,
    deleteacl,
    enable,
    expunge,
    fetch,
    getacl,
    id,  # noqa: A004 - the command's name
    list,  # noqa: A004 - the command's name
    listrights,
    login,
    myrights,
    rename,
    search,
    select,
    setacl,
    status,
    store,
    subscribe,
)
from mailstead.server.imap import acl, change, find, idle, open, read, tree  # noqa: A004 - what one does to a mailbox
from mailstead.server.imap import login as access

if TYPE_CHECKING:
    from mailstead.server.imap.session import Session

    Handler = Callable[[Session, str, Any], Awaitable[bytes]]
"""Answers a command: writes what is large, returns the rest, the tagged line last."""

HANDLERS: Final["dict[type, Handler]"] = {
    authenticate.Authenticate: access.authenticate,
    login.Login: access.login,
    enable.Enable: access.enable,
    id.Id: access.identify,
    select.Select: open.select,
    create.Create: tree.create,
    delete.Delete: tree.delete,
    rename.Rename: tree.rename,
    subscribe.Subscribe: tree.subscribe,
    list.List: tree.list_,
    status.Status: tree.status,
    getacl.GetAcl: acl.getacl,
    setacl.SetAcl: acl.setacl,
    deleteacl.DeleteAcl: acl.deleteacl,
    listrights.ListRights: acl.listrights,
    myrights.MyRights: acl.myrights,
    search.Search: find.search,
    fetch.Fetch: read.fetch,
    store.Store: change.store,
    copy.Copy: change.copy,
    expunge.Expunge: change.expunge,
}
BY_NAME: Final["dict[str, Handler]"] = {
    "CAPABILITY": access.capability,
    "NOOP": access.noop,
    "CHECK": access.noop,
    "LOGOUT": access.logout,
    "STARTTLS": access.starttls,
    "NAMESPACE": tree.namespace,
    "GETJMAPACCESS": tree.jmap_access,
    "IDLE": idle.idle,
    "CLOSE": open.close,
    "UNSELECT": open.close,
}
NUMBERED: Final = frozenset({fetch.Fetch, store.Store, search.Search})
"""Without ``UID``: while these are answered no EXPUNGE may be sent (RFC 9051 §7.5.1)."""
