"""The commands: one file each, from octets to values. ``parse`` is the door.

APPEND with its messages is no value of this kind: see ``append`` and ``server``.
"""

from collections.abc import Callable
from typing import Final

from mailstead.model.errors import Violation
from mailstead.protocol.imap.command import (
    authenticate,
    bare,
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
from mailstead.protocol.imap.state import ALLOWED, State, why_not
from mailstead.protocol.imap.tokens import Reader

Command = (
    bare.Bare | login.Login | authenticate.Authenticate | enable.Enable | id.Id | select.Select | create.Create
    | delete.Delete | rename.Rename | subscribe.Subscribe | list.List | status.Status | search.Search | fetch.Fetch
    | store.Store | copy.Copy | expunge.Expunge | getacl.GetAcl | setacl.SetAcl | deleteacl.DeleteAcl | listrights.ListRights | myrights.MyRights
)

GRAMMAR: Final[dict[str, Callable[[Reader, str], Command]]] = {
    "CAPABILITY": bare.parse,
    "NOOP": bare.parse,
    "LOGOUT": bare.parse,
    "STARTTLS": bare.parse,
    "NAMESPACE": bare.parse,
    "GETJMAPACCESS": bare.parse,
    "IDLE": bare.parse,
    "CHECK": bare.parse,
    "CLOSE": bare.parse,
    "UNSELECT": bare.parse,
    "ID": id.parse,
    "AUTHENTICATE": authenticate.parse,
    "LOGIN": login.parse,
    "ENABLE": enable.parse,
    "SELECT": select.parse,
    "EXAMINE": select.parse,
    "CREATE": create.parse,
    "DELETE": delete.parse,
    "RENAME": rename.parse,
    "SUBSCRIBE": subscribe.parse,
    "UNSUBSCRIBE": subscribe.parse,
    "LIST": list.parse,
    "LSUB": list.parse,
    "STATUS": status.parse,
    "GETACL": getacl.parse,
    "SETACL": setacl.parse,
    "DELETEACL": deleteacl.parse,
    "LISTRIGHTS": listrights.parse,
    "MYRIGHTS": myrights.parse,
    "EXPUNGE": expunge.parse,
    "SEARCH": search.parse,
    "FETCH": fetch.parse,
    "STORE": store.parse,
    "COPY": copy.parse,
    "MOVE": copy.parse,
    "UID EXPUNGE": expunge.parse,
    "UID SEARCH": search.parse,
    "UID FETCH": fetch.parse,
    "UID STORE": store.parse,
    "UID COPY": copy.parse,
    "UID MOVE": copy.parse,
}


def parse(octets: bytes, state: State, *, utf8: bool) -> Command:
    """The command in ``octets``: what follows the tag, literals in their places, no CRLF. Raises ``Violation``."""
    reader = Reader(octets, utf8=utf8)
    name = reader.word()
    if name == "UID":
        reader.space()
        name = "UID " + reader.word()
    if name not in ALLOWED:
        raise Violation("That command is not known here")
    problem = why_not(name, state)
    if problem:
        raise Violation(problem)
    read = GRAMMAR.get(name)
    if read is None:
        raise Violation("A message is missing")
    return read(reader, name)
