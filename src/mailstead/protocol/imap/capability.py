"""What we say we can (RFC 9051 §7.2.2). Each word names the transcript that shows it: tests/transcript/imap/capabilities.txt."""

from collections.abc import Iterable
from typing import Final

from mailstead.protocol.imap.state import State

BASE: Final = ("IMAP4rev1", "IMAP4rev2", "LITERAL+", "SASL-IR", "ID", "ENABLE", "IDLE", "NAMESPACE")
"""Said before login as well."""
AFTER_LOGIN: Final = (
    "CHILDREN", "UNSELECT", "UIDPLUS", "MOVE", "CONDSTORE", "QRESYNC", "ESEARCH", "SEARCHRES", "LIST-EXTENDED",
    "LIST-STATUS", "SPECIAL-USE", "CREATE-SPECIAL-USE", "STATUS=SIZE", "MULTIAPPEND", "UTF8=ACCEPT", "BINARY", "OBJECTID",
    "SAVEDATE", "PREVIEW", "APPENDLIMIT",
)  # fmt: skip
ENABLED: Final = frozenset({"CONDSTORE", "QRESYNC", "UTF8=ACCEPT", "IMAP4REV2"})
"""What ENABLE knows, in upper case."""


def words(state: State, *, mechanisms: Iterable[str], starttls: bool, login: bool, append_limit: int, has_jmap: bool = False, has_acl: bool = False) -> tuple[str, ...]:
    """The capabilities now. ``login`` False: LOGINDISABLED. ``append_limit`` in octets. ``has_jmap``: the same mail is there by JMAP (RFC 9698). ``has_acl``:
    mailboxes can be shared (RFC 4314 §2.2, RFC 8440)."""
    if state is State.NOT_AUTHENTICATED:
        found = list(BASE)
        if starttls:
            found.append("STARTTLS")
        if not login:
            found.append("LOGINDISABLED")
        return (*found, *(f"AUTH={mechanism}" for mechanism in mechanisms))
    return (*BASE, *AFTER_LOGIN[:-1], f"APPENDLIMIT={append_limit}", *(("JMAPACCESS",) if has_jmap else ()), *(("ACL", "RIGHTS=texk", "LIST-MYRIGHTS") if has_acl else ()))
