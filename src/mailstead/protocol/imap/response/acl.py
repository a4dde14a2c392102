"""ACL, LISTRIGHTS and MYRIGHTS responses (RFC 4314 §3.6-3.8)."""

from collections.abc import Iterable

from mailstead.model.sharing import ALL, Right
from mailstead.protocol.imap import rights
from mailstead.protocol.imap.response.line import mailbox, string


def acl(name: str, entries: Iterable[tuple[str, Right]], *, utf8: bool) -> bytes:
    """``* ACL mailbox identifier rights …``."""
    words = [word for who, found in entries for word in (string(who.encode()), rights.written(found).encode("ascii"))]
    return b" ".join([b"* ACL", mailbox(name, utf8=utf8), *words]) + b"\r\n"


def myrights(name: str, found: Right, *, utf8: bool) -> bytes:
    """``* MYRIGHTS mailbox rights``."""
    return b"* MYRIGHTS %b %b\r\n" % (mailbox(name, utf8=utf8), rights.written(found).encode("ascii") or b'""')


def listrights(name: str, who: str, *, is_owner: bool, utf8: bool) -> bytes:
    """``* LISTRIGHTS mailbox identifier required tied …``: the owner has everything always, anybody else may be given anything."""
    always = rights.written(ALL).encode("ascii") if is_owner else b'""'
    may = () if is_owner else (*(letters.encode("ascii") for letters, _ in rights.TIED), b"c", b"d")
    return b" ".join([b"* LISTRIGHTS", mailbox(name, utf8=utf8), string(who.encode()), always, *may]) + b"\r\n"
