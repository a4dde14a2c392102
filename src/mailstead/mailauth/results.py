"""Authentication-Results: what a server found out about a message, and who says so (RFC 8601).

Everybody can write the field, so only what bears a server's own name (its authserv-id) and was written behind its border may be believed there. At the border
the fields that already bear our name are taken out (§5), to the octet; those of others stay, for whoever knows their authors.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from mailstead.model.address import domain_key
from mailstead.model.message import Octets

NAME: Final = b"authentication-results"
_FIELD: Final = re.compile(rb"^authentication-results[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)(?:\n|\Z)", re.MULTILINE | re.IGNORECASE)
_BLANKS: Final = b" \t\r\n"
_PLAIN: Final = re.compile(rb"[^ \t\r\n;()\"]*")
_TOKEN: Final = re.compile(r"[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+")
_COMMENT: Final = re.compile(r"[^\x20-\x7e]")
_DEPTH: Final = 50
_PIECE: Final = 1 << 20
_SAID: Final = 200


@dataclass(frozen=True, slots=True)
class Result:
    """What one method found (§2.2). ``properties``: ``ptype.property`` and value, in order."""

    method: str
    result: str
    comment: str = ""
    properties: Sequence[tuple[str, str]] = ()


def claims(head: bytes, authserv_id: str) -> list[tuple[int, int]]:
    """Where fields stand in a header block that bear this name, each from its first octet to behind its line end, in order (§5)."""
    ours = _folded(authserv_id)
    return [found.span() for found in _FIELD.finditer(head) if _folded(named(found[1])) == ours]


def kept(octets: Octets, gone: Sequence[tuple[int, int]]) -> Iterator[bytes]:
    """A message without these spans, in pieces."""
    at = 0
    for start, end in (*gone, (len(octets), 0)):
        while at < start:
            step = min(start, at + _PIECE)
            yield octets[at:step]
            at = step
        at = max(at, end)


def named(value: bytes) -> str:
    """The authserv-id of a field's value, as it is written there (§2.2); "" where none can be read. An old form has a version behind a slash."""
    at = _blanks(value, 0)
    if value[at : at + 1] == b'"':
        text = bytearray()
        at += 1
        while at < len(value) and value[at] != 0x22:  # noqa: PLR2004 - a quote
            at += value[at] == 0x5C  # noqa: PLR2004 - a backslash
            text += value[at : at + 1]
            at += 1
        return text.decode("utf-8", "replace").strip()
    found = _PLAIN.match(value, at)
    return found[0].partition(b"/")[0].decode("utf-8", "replace") if found else ""


def _blanks(value: bytes, at: int) -> int:
    """Behind blanks and comments (RFC 5322 §3.2.2)."""
    depth = 0
    while at < len(value):
        octet = value[at : at + 1]
        if octet == b"(" and depth < _DEPTH:
            depth += 1
        elif octet == b")" and depth:
            depth -= 1
        elif octet == b"\\" and depth:
            at += 1
        elif not depth and octet not in _BLANKS:
            break
        at += 1
    return at


def _folded(name: str) -> str:
    return domain_key(name.strip().rstrip("."))


def payload(authserv_id: str, found: Sequence[Result]) -> str:
    """A field's value, in lines: who, and what each method found; ``none`` where nothing was looked at (§2.2)."""
    if not found:
        return f"{authserv_id}; none"
    return ";\r\n\t".join([authserv_id, *map(_written, found)])


def _written(one: Result) -> str:
    comment = f" ({_COMMENT.sub('?', one.comment[:_SAID]).translate(_ESCAPED)})" if one.comment else ""
    return f"{one.method}={one.result}{comment}" + "".join(f" {name}={_value(value)}" for name, value in one.properties)


def _value(text: str) -> str:
    """A property's value: an address or a domain as it is, a word as it is, anything else in quotes (§2.2). ASCII."""
    text = text.encode("ascii", "replace").decode("ascii")
    local, at, domain = text.rpartition("@")
    if _TOKEN.fullmatch(domain) and (not local or _TOKEN.fullmatch(local)) and (at or not local):
        return text
    return '"' + "".join(c for c in text if c >= " " and c != "\x7f").replace("\\", "\\\\").replace('"', '\\"') + '"'


_ESCAPED: Final = str.maketrans({"(": "\\(", ")": "\\)", "\\": "\\\\"})
