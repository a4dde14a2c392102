"""Status responses and strings as we write them (RFC 9051 §4.3, §7.1)."""

import re
from typing import Final

from mailstead.protocol.imap import mutf7

_ATOM: Final = re.compile(rb'[^\x00-\x20(){%*"\\\]\x7f-\xff]+')
_UNQUOTABLE: Final = re.compile(rb"[\x00\r\n]")
READY: Final = b"+ Ready\r\n"


def ok(tag: str, text: str, code: str = "") -> bytes:
    """``tag OK [code] text``."""
    return _status(tag, "OK", text, code)


def no(tag: str, text: str, code: str = "") -> bytes:
    """``tag NO [code] text``."""
    return _status(tag, "NO", text, code)


def bad(tag: str, text: str, code: str = "") -> bytes:
    """``tag BAD [code] text``."""
    return _status(tag, "BAD", text, code)


def bye(text: str, code: str = "") -> bytes:
    """``* BYE [code] text``."""
    return _status("*", "BYE", text, code)


def _status(tag: str, word: str, text: str, code: str) -> bytes:
    return (f"{tag} {word} [{code}] {text}\r\n" if code else f"{tag} {word} {text}\r\n").encode("utf-8")


def string(octets: bytes) -> bytes:
    """A quoted string, or a literal where it cannot be one."""
    if len(octets) > 1000 or _UNQUOTABLE.search(octets) or not octets.isascii():  # noqa: PLR2004 - line length
        return b"{%d}\r\n%b" % (len(octets), octets)
    return quoted(octets)


def quoted(octets: bytes) -> bytes:
    """A quoted string; ``octets`` holds no CR, LF or NUL."""
    if b'"' in octets or b"\\" in octets:
        octets = octets.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return b'"' + octets + b'"'


def mailbox(name: str, *, utf8: bool) -> bytes:
    """A mailbox name, quoted only where it must be."""
    wire = name.encode("utf-8") if utf8 else mutf7.encode(name)
    return wire if _ATOM.fullmatch(wire) and wire.upper() != b"NIL" else quoted(wire)
