"""Questions to octets and octets to answers. The only importer of the DNS library.

An answer is taken only when id and question are those that were asked. Aliases are followed inside the answer, as a recursive
resolver has put them there; a chain that ends outside is no answer. Bounds: ``ALIASES`` steps, ``RECORDS`` records.
"""

import contextlib
import re
from typing import Any, Final

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype

from mailstead.model.dns import Answer, Mx, RecordType, Srv, Tlsa
from mailstead.model.errors import Unavailable
from mailstead.net.dns import plain
from mailstead.net.dns.plain import NEGATIVE_MOST_S, RECORDS, TTL_MOST_S

ALIASES: Final = 8
UDP_OCTETS: Final = 1232
"""What fits into any path's smallest packet, as the DNS operators' community agreed in 2020."""
_PLAIN: Final = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}")
"""A name that needs no library to be written down; most do not, and many are asked for at one time."""
_PLAIN_OCTETS: Final = 253
_HEAD: Final = b"\x01\x20" + b"\0\1" + b"\0\0" * 2 + b"\0\1"
"""RFC 1035 §4.1.1: RD and AD; one question, one additional record."""
_TAIL: Final = b"\0\1" + b"\0" + b"\0\x29" + UDP_OCTETS.to_bytes(2, "big") + b"\0" * 6
"""The class, and EDNS version 0 without options (RFC 6891 §6.1.2)."""


class Truncated(Exception):  # noqa: N818 - the protocol's word (RFC 1035 §4.1.1)
    """Ask again over TCP."""


class Foreign(Exception):  # noqa: N818 - says what it is
    """Not the answer to our question."""


def absolute(name: str) -> str:
    """A name as it is asked for: lower-case A-labels without the final dot. Raises ``ValueError``."""
    if _PLAIN.fullmatch(name) and len(name) <= _PLAIN_OCTETS:
        return name
    try:
        return dns.name.from_text(name, None).to_text(omit_final_dot=True).lower()
    except (dns.exception.DNSException, UnicodeError) as exc:
        raise ValueError(f"{name[:80]!r} is no domain name") from exc


def question(name: str, kind: RecordType, number: int) -> bytes:
    """A query that wants recursion and to be told about DNSSEC (AD, RFC 6840 §5.7). Raises ``ValueError``."""
    if _PLAIN.fullmatch(name) and len(name) <= _PLAIN_OCTETS:
        labels = b"".join(bytes((len(label),)) + label.encode() for label in name.split("."))
        return number.to_bytes(2, "big") + _HEAD + labels + b"\0" + kind.value.to_bytes(2, "big") + _TAIL
    try:
        query = dns.message.make_query(
            dns.name.from_text(name), kind.name, use_edns=0, payload=UDP_OCTETS, id=number, flags=dns.flags.RD | dns.flags.AD
        )
        return query.to_wire()
    except (dns.exception.DNSException, UnicodeError) as exc:
        raise ValueError(f"{name[:80]!r} is no domain name") from exc


def answer(octets: bytes, name: str, kind: RecordType, number: int, *, trusts_ad: bool) -> Answer[Any]:
    """Raises ``Truncated``; ``Foreign``; ``Unavailable`` when the server failed or speaks nonsense."""
    found = plain.answer(octets, name, kind, number, trusts_ad=trusts_ad)
    return found if found is not None else by_library(octets, name, kind, number, trusts_ad=trusts_ad)


def by_library(octets: bytes, name: str, kind: RecordType, number: int, *, trusts_ad: bool) -> Answer[Any]:
    """``answer`` for whatever comes."""
    try:
        message = dns.message.from_wire(octets, ignore_trailing=True, one_rr_per_rrset=False)
    except dns.message.Truncated:
        raise Truncated from None
    except (dns.exception.DNSException, ValueError, IndexError) as exc:
        raise Unavailable("", f"the name server's answer about {name} cannot be read: {type(exc).__name__}") from exc
    asked = message.question[0] if len(message.question) == 1 else None
    if (
        message.id != number or not message.flags & dns.flags.QR or asked is None
        or asked.rdtype != kind.value or asked.name.to_text(omit_final_dot=True).lower() != name
    ):
        raise Foreign
    if message.flags & dns.flags.TC:
        raise Truncated
    code = message.rcode()
    if code not in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
        raise Unavailable("", f"the name server answers {dns.rcode.to_text(code)} for {name} {kind.name}")
    is_secure = trusts_ad and bool(message.flags & dns.flags.AD)
    return _found(message, name, kind, is_secure=is_secure, exists=code == dns.rcode.NOERROR)


def _found(message: Any, name: str, kind: RecordType, *, is_secure: bool, exists: bool) -> Answer[Any]:
    at = dns.name.from_text(name)
    ttl = TTL_MOST_S
    for _ in range(ALIASES + 1):
        found = message.get_rrset(message.answer, at, dns.rdataclass.IN, kind.value)
        if found is not None:
            records = tuple(value for record in list(found)[:RECORDS] if (value := _value(record, kind)) is not None)
            return Answer(_text(at), records, is_secure, exists=True, ttl_s=min(ttl, found.ttl))
        alias = message.get_rrset(message.answer, at, dns.rdataclass.IN, dns.rdatatype.CNAME)
        if alias is None:
            return Answer(_text(at), (), is_secure, exists, ttl_s=min(ttl, _negative_ttl(message)))
        ttl = min(ttl, alias.ttl)
        at = alias[0].target
    raise Unavailable("", f"{name} is an alias of an alias of an alias …")


def _negative_ttl(message: Any) -> int:
    """RFC 2308 §5: the smaller of the SOA's own TTL and its minimum; without SOA it is not kept."""
    for found in message.authority:
        if found.rdtype == dns.rdatatype.SOA:
            return min(int(found.ttl), int(found[0].minimum), NEGATIVE_MOST_S)
    return 0


def _value(record: Any, kind: RecordType) -> object:
    with contextlib.suppress(AttributeError, UnicodeError):
        match kind:
            case RecordType.A | RecordType.AAAA:
                return str(record.address)
            case RecordType.MX:
                return Mx(int(record.preference), _text(record.exchange))
            case RecordType.SRV:
                return Srv(int(record.priority), int(record.weight), int(record.port), _text(record.target))
            case RecordType.TXT:
                return b"".join(record.strings)
            case RecordType.TLSA:
                return Tlsa(int(record.usage), int(record.selector), int(record.mtype), bytes(record.cert))
            case RecordType.PTR | RecordType.CNAME:
                return _text(record.target)
    return None


def _text(name: Any) -> str:
    """The root is ""."""
    text: str = name.to_text(omit_final_dot=True).lower()
    return "" if text in {".", "@"} else text
