"""Reading one header, strictly and bounded: anything that is not exactly one is a ``Violation``."""

import ipaddress
from dataclasses import dataclass
from typing import Final

from mailstead.model import limits
from mailstead.model.errors import Violation

_SIGNATURE: Final = b"\r\n\r\n\0\r\nQUIT\n"
_V1_START: Final = b"PROXY "
_V1_MOST: Final = 107
_HEAD: Final = 16
"""Signature, version and command, family, length."""
_ADDRESSES: Final = {0x11: 4, 0x21: 16}
"""TCP over IPv4 and IPv6: octets of one address; two of them and two ports follow."""
_NO_ADDRESS: Final = frozenset({0x00, 0x31})
"""Unspecified, and a Unix socket: the connection's own ends count."""


@dataclass(frozen=True, slots=True)
class Source:
    """Who calls. ``host`` "": the proxy itself (a health check), or nobody knows; the connection's own ends count."""

    host: str = ""
    port: int = 0


class Reader:
    """Give octets to ``feed`` until it answers. Not to be fed afterwards."""

    def __init__(self) -> None:
        self._buffer = b""
        self.rest = b""
        """What was given past the header's end."""

    @property
    def wanted(self) -> int:
        """How many octets may be given now without taking any of what follows the header."""
        size = len(self._buffer)
        if size < len(_SIGNATURE):
            return len(_SIGNATURE) - size
        if self._buffer.startswith(_V1_START):
            return 1
        if size < _HEAD:
            return _HEAD - size
        return _HEAD + self._length() - size

    def feed(self, octets: bytes) -> Source | None:
        """The source once the header is whole, None until then. Raises ``Violation``."""
        self._buffer += octets
        start = self._buffer[: len(_SIGNATURE)]
        if not (_SIGNATURE.startswith(start) or _V1_START.startswith(start[: len(_V1_START)])):
            raise Violation("That is not a PROXY header", fatal=True)
        if start.startswith(b"\r"):
            return self._version_2()
        return self._version_1()

    def _version_1(self) -> Source | None:
        end = self._buffer.find(b"\r\n", 0, _V1_MOST)
        if end < 0:
            if len(self._buffer) >= _V1_MOST:
                raise Violation("The PROXY header is too long", fatal=True)
            return None
        line, self.rest = self._buffer[:end], self._buffer[end + 2 :]
        if line == b"PROXY UNKNOWN" or line.startswith(b"PROXY UNKNOWN "):
            return Source()
        words = line.split(b" ")
        if len(words) != 6 or words[1] not in {b"TCP4", b"TCP6"}:
            raise _malformed()
        version = 4 if words[1] == b"TCP4" else 6
        host = _address(words[2], version)
        _address(words[3], version)
        port = _port(words[4])
        _port(words[5])
        return Source(host, port)

    def _version_2(self) -> Source | None:
        if len(self._buffer) < _HEAD:
            return None
        command, family = self._buffer[12], self._buffer[13]
        if command not in {0x20, 0x21}:
            raise _malformed()
        length = self._length()
        if _HEAD + length > limits.PROXY_HEADER:
            raise Violation("The PROXY header is too long", fatal=True)
        is_local = command == 0x20
        size = _ADDRESSES.get(family, 0)
        if not is_local and (length < size * 2 + 4 if size else family not in _NO_ADDRESS):
            raise _malformed()
        if len(self._buffer) < _HEAD + length:
            return None
        body, self.rest = self._buffer[_HEAD : _HEAD + length], self._buffer[_HEAD + length :]
        if is_local or not size:
            return Source()
        _check_fields(body[size * 2 + 4 :])
        port = int.from_bytes(body[size * 2 : size * 2 + 2], "big")
        return Source(_plain(ipaddress.ip_address(body[:size])), port)

    def _length(self) -> int:
        return int.from_bytes(self._buffer[14:16], "big")


def _check_fields(octets: bytes) -> None:
    """The type-length-value fields behind the addresses must fill the header exactly; none of them is used."""
    at = 0
    while at < len(octets):
        if at + 3 > len(octets):
            raise _malformed()
        at += 3 + int.from_bytes(octets[at + 1 : at + 3], "big")
    if at != len(octets):
        raise _malformed()


def _address(word: bytes, version: int) -> str:
    try:
        address = ipaddress.ip_address(word.decode("ascii"))
    except ValueError:
        raise _malformed() from None
    if address.version != version or "%" in str(address):
        raise _malformed()
    return _plain(address)


def _plain(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """IPv4 in IPv6 is written as IPv4."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _port(word: bytes) -> int:
    if not word.isdigit() or len(word) > 5 or (len(word) > 1 and word.startswith(b"0")) or int(word) > 0xFFFF:
        raise _malformed()
    return int(word)


def _malformed() -> Violation:
    return Violation("The PROXY header is malformed", fatal=True)
