"""Paths of MAIL and RCPT (RFC 5321 §4.1.2), internationalised (RFC 6531 §3.3), bounded (§4.5.3.1).

A source route is taken and dropped (RFC 5321 appendix C). A quoted local part that needs no quotes is the same address
without them.
"""

import re
from typing import Final

from mailstead.model.address import Address
from mailstead.model.errors import Violation

LOCAL_OCTETS: Final = 250
"""RFC 5321 §4.5.3.1.1 promises 64 and asks for no limits; rewritten reverse-paths (SRS, VERP) are longer in practice."""
DOMAIN_OCTETS: Final = 255
PATH_OCTETS: Final = 400

_ATOM: Final = rb"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\xff-]+"
_DOT_STRING: Final = _ATOM + rb"(?:\." + _ATOM + rb")*"
_QUOTED: Final = rb'"(?:[\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\x20-\x7e])*"'
_LABEL: Final = rb"[A-Za-z0-9_\x80-\xff](?:[A-Za-z0-9_\x80-\xff-]*[A-Za-z0-9_\x80-\xff])?"
_DOMAIN: Final = _LABEL + rb"(?:\." + _LABEL + rb")*"
_LITERAL: Final = rb"\[(?:[0-9.]+|[A-Za-z0-9-]*[A-Za-z0-9]:[\x21-\x5a\x5e-\x7e]+)\]"
_ROUTE: Final = rb"(?:@" + _DOMAIN + rb"(?:,@" + _DOMAIN + rb")*:)?"
_PATH: Final = re.compile(
    rb"<" + _ROUTE + rb"(?P<local>" + _DOT_STRING + rb"|" + _QUOTED + rb")@(?P<domain>" + _DOMAIN + rb"|" + _LITERAL + rb")>"
)
_DOT_STRING_ONLY: Final = re.compile(_DOT_STRING)
_ESCAPED: Final = re.compile(rb"\\(.)", re.DOTALL)
_NULL: Final = b"<>"
_POSTMASTER: Final = b"<postmaster>"


def take(text: bytes, *, null: bool) -> tuple[Address | None, bytes]:
    """The path at the start of ``text`` and what follows it. ``null``: ``<>`` is allowed and gives None.

    Raises ``Violation``.
    """
    if text.startswith(_NULL):
        if not null:
            raise Violation("A recipient cannot be <>")
        return None, text[2:]
    if not null and text[: len(_POSTMASTER)].lower() == _POSTMASTER:
        return Address("postmaster", ""), text[len(_POSTMASTER) :]
    found = _PATH.match(text)
    if found is None:
        raise Violation("That is not an address in angle brackets")
    local, domain = found["local"], found["domain"]
    if len(local) > LOCAL_OCTETS + 2 or len(domain) > DOMAIN_OCTETS or len(local) + len(domain) + 1 > PATH_OCTETS:
        raise Violation("The address is too long")
    if local.startswith(b'"'):
        local = _ESCAPED.sub(rb"\1", local[1:-1])
        if not local:
            raise Violation("The address has no local part")
    if len(local) > LOCAL_OCTETS:
        raise Violation("The address is too long")
    try:
        return Address(local.decode("utf-8"), domain.decode("utf-8")), text[found.end() :]
    except UnicodeDecodeError:
        raise Violation("The address is not UTF-8") from None


def write(address: Address | None) -> str:
    """A path for the wire: quoted where the local part needs it."""
    if address is None:
        return "<>"
    local = address.local
    if not _DOT_STRING_ONLY.fullmatch(local.encode("utf-8", "surrogateescape")):
        local = '"' + local.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"<{local}@{address.domain}>" if address.domain else f"<{local}>"
