"""The four states of a session, and which commands each allows (RFC 9051 §3, §6).

``ALLOWED`` is the whole table. What a command's arguments are stands in ``command``.
"""

import enum
from typing import Final


class State(enum.Enum):
    """RFC 9051 §3."""

    NOT_AUTHENTICATED = "not authenticated"
    AUTHENTICATED = "authenticated"
    SELECTED = "selected"
    LOGOUT = "logout"


_ANY: Final = frozenset({State.NOT_AUTHENTICATED, State.AUTHENTICATED, State.SELECTED})
_BEFORE: Final = frozenset({State.NOT_AUTHENTICATED})
_AFTER: Final = frozenset({State.AUTHENTICATED, State.SELECTED})
_SELECTED: Final = frozenset({State.SELECTED})

ALLOWED: Final[dict[str, frozenset[State]]] = {
    "CAPABILITY": _ANY,
    "NOOP": _ANY,
    "LOGOUT": _ANY,
    "ID": _ANY,
    "STARTTLS": _BEFORE,
    "AUTHENTICATE": _BEFORE,
    "LOGIN": _BEFORE,
    "ENABLE": _AFTER,
    "SELECT": _AFTER,
    "EXAMINE": _AFTER,
    "CREATE": _AFTER,
    "DELETE": _AFTER,
    "RENAME": _AFTER,
    "SUBSCRIBE": _AFTER,
    "UNSUBSCRIBE": _AFTER,
    "LIST": _AFTER,
    "LSUB": _AFTER,
    "NAMESPACE": _AFTER,
    "GETJMAPACCESS": _AFTER,
    "STATUS": _AFTER,
    "GETACL": _AFTER,
    "SETACL": _AFTER,
    "DELETEACL": _AFTER,
    "LISTRIGHTS": _AFTER,
    "MYRIGHTS": _AFTER,
    "APPEND": _AFTER,
    "IDLE": _AFTER,
    "CHECK": _SELECTED,
    "CLOSE": _SELECTED,
    "UNSELECT": _SELECTED,
    "EXPUNGE": _SELECTED,
    "SEARCH": _SELECTED,
    "FETCH": _SELECTED,
    "STORE": _SELECTED,
    "COPY": _SELECTED,
    "MOVE": _SELECTED,
    "UID EXPUNGE": _SELECTED,
    "UID SEARCH": _SELECTED,
    "UID FETCH": _SELECTED,
    "UID STORE": _SELECTED,
    "UID COPY": _SELECTED,
    "UID MOVE": _SELECTED,
}


def why_not(name: str, state: State) -> str:
    """A sentence for the peer on why ``name`` is not allowed now; "" where it is."""
    if state in ALLOWED[name]:
        return ""
    if state is State.NOT_AUTHENTICATED:
        return "Log in first"
    if ALLOWED[name] is _BEFORE:
        return "You are logged in already"
    return "Select a mailbox first"
