"""The answers that nearly all are, read without the library: addresses or mail exchangers at the very name that was asked for, or nothing.

A server that sends mail to the world reads several for each new domain, and the library takes twenty times as long for one. Whatever is the least
out of the ordinary (an alias, another code, names that are not plain, octets too many) is left to it, so that there is one reader of the difficult;
a test holds both against each other.
"""

import socket
import struct
from typing import Any, Final

from mailstead.model.dns import Answer, Mx, RecordType

RECORDS: Final = 100
NEGATIVE_MOST_S: Final = 3 * 3600
"""RFC 2308 §5."""
TTL_MOST_S: Final = 24 * 3600
_HEAD: Final = struct.Struct(">HHHHHH")
"""RFC 1035 §4.1.1: id, flags, how many questions, answers, authorities, additional records."""
_RECORD: Final = struct.Struct(">HHIH")
"""RFC 1035 §4.1.3, behind the name: type, class, TTL, octets of data."""
_SOA_NUMBERS: Final = struct.Struct(">IIIII")
_TWO: Final = struct.Struct(">HH")
_FLAGS: Final = 0x8000 | 0x7800 | 0x0200 | 0x000F
"""QR, the opcode, TC and the code."""
_QR: Final = 0x8000
_AD: Final = 0x0020
_NXDOMAIN: Final = 3
_IN: Final = 1
_SOA: Final = 6
_OPT: Final = 41
_TTL_MOST: Final = 0x7FFFFFFF
"""RFC 2181 §8."""
_JUMPS: Final = 8
_NAME_OCTETS: Final = 253
_POINTER: Final = 0xC0
_PLAIN: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
_OCTETS: Final = {RecordType.A: 4, RecordType.AAAA: 16}


class _Odd(Exception):  # noqa: N818 - not an error
    """For the library."""


def answer(octets: bytes, name: str, kind: RecordType, number: int, *, trusts_ad: bool) -> Answer[Any] | None:
    """What ``wire.answer`` gives; None: the library has to look."""
    try:
        return _answer(octets, name, kind, number, trusts_ad)
    except (_Odd, IndexError, struct.error):
        return None


def _answer(octets: bytes, name: str, kind: RecordType, number: int, trusts_ad: bool) -> Answer[Any]:
    ident, flags, questions, answers, authorities, additional = _HEAD.unpack_from(octets)
    code = flags & 15
    if ident != number or (flags & _FLAGS & ~15) != _QR or code not in {0, _NXDOMAIN} or questions != 1 or answers > RECORDS or authorities > 1 or additional > 1:
        raise _Odd
    asked, at = _name(octets, 12)
    if asked != name or _TWO.unpack_from(octets, at) != (kind.value, _IN):
        raise _Odd
    at += 4
    ttl = TTL_MOST_S
    records: dict[object, None] = {}
    for _ in range(answers):
        owner, at = _name(octets, at)
        of_type, of_class, lives_s, length = _RECORD.unpack_from(octets, at)
        at += 10
        if owner != name or of_type != kind.value or of_class != _IN or lives_s > _TTL_MOST or at + length > len(octets):
            raise _Odd
        records[_value(octets, at, length, kind)] = None
        at += length
        ttl = min(ttl, lives_s)
    if authorities:
        minimum, at = _minimum(octets, at)
    else:
        minimum = 0
    if additional:
        at = _option(octets, at)
    if at != len(octets):
        raise _Odd
    if not records:
        ttl = min(ttl, minimum, NEGATIVE_MOST_S)
    return Answer(name, tuple(records), trusts_ad and bool(flags & _AD), bool(records) or code == 0, ttl_s=ttl)


def _value(octets: bytes, at: int, length: int, kind: RecordType) -> object:
    if kind is RecordType.MX:
        preference = int.from_bytes(octets[at : at + 2], "big")
        host, end = _name(octets, at + 2)
        if end != at + length:
            raise _Odd
        return Mx(preference, host)
    if _OCTETS.get(kind) != length:
        raise _Odd
    if kind is RecordType.A:
        return socket.inet_ntop(socket.AF_INET, octets[at : at + 4])
    if not any(octets[at : at + 10]):
        raise _Odd  # addresses of IPv4 in IPv6 are written in two ways
    return socket.inet_ntop(socket.AF_INET6, octets[at : at + 16])


def _minimum(octets: bytes, at: int) -> tuple[int, int]:
    """How long a SOA has nothing be believed (RFC 2308 §5), and where it ends."""
    _, at = _name(octets, at)
    of_type, of_class, lives_s, length = _RECORD.unpack_from(octets, at)
    at += 10
    if of_type != _SOA or of_class != _IN or lives_s > _TTL_MOST:
        raise _Odd
    _, numbers = _name(octets, at)
    _, numbers = _name(octets, numbers)
    if numbers + _SOA_NUMBERS.size != at + length:
        raise _Odd
    return min(lives_s, _SOA_NUMBERS.unpack_from(octets, numbers)[4]), at + length


def _option(octets: bytes, at: int) -> int:
    """Past an OPT record without options and without a longer code (RFC 6891 §6.1.2)."""
    if octets[at : at + 3] != b"\0\0\x29" or octets[at + 5 : at + 7] != b"\0\0" or octets[at + 9 : at + 11] != b"\0\0":
        raise _Odd
    return at + 11


def _name(octets: bytes, at: int) -> tuple[str, int]:
    """A name in lower case without its final dot, and where it ends (RFC 1035 §4.1.4). Pointers lead backwards."""
    labels: list[str] = []
    end = 0
    biggest = at
    total = jumps = 0
    while length := octets[at]:
        if length >= _POINTER:
            target = (length & 0x3F) << 8 | octets[at + 1]
            end = end or at + 2
            jumps += 1
            if target >= biggest or jumps > _JUMPS:
                raise _Odd
            at = biggest = target
            continue
        label = octets[at + 1 : at + 1 + length]
        if length >= 64 or len(label) != length or not _PLAIN.issuperset(label):  # noqa: PLR2004 - RFC 1035 §2.3.4
            raise _Odd
        total += length + 1
        if total > _NAME_OCTETS:
            raise _Odd
        labels.append(label.decode("ascii"))
        at += 1 + length
    return ".".join(labels).lower(), end or at + 1
