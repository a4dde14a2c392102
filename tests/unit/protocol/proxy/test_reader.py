"""PROXY headers: the specification's examples, and everything that is not one."""

import ipaddress

import pytest

from mailstead.model.errors import Violation
from mailstead.protocol.proxy import Reader, Source

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def v2(command: int, family: int, body: bytes) -> bytes:
    return SIGNATURE + bytes([command, family]) + len(body).to_bytes(2, "big") + body


IPV4 = bytes([192, 0, 2, 1, 198, 51, 100, 1]) + (56324).to_bytes(2, "big") + (443).to_bytes(2, "big")
IPV6 = (
    ipaddress.ip_address("2001:db8::1").packed + ipaddress.ip_address("2001:db8::2").packed + bytes([0xDC, 0x04, 1, 0xBB])
)
MAPPED = ipaddress.ip_address("::ffff:192.0.2.1").packed + bytes(16) + bytes([0, 7, 0, 8])

HEADERS = [
    (b"PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n", Source("192.168.0.1", 56324)),
    (b"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", Source("255.255.255.255", 65535)),
    (b"PROXY TCP6 2001:db8::1 2001:db8::2 1 25\r\n", Source("2001:db8::1", 1)),
    (b"PROXY TCP6 ::ffff:192.0.2.1 ::1 1 25\r\n", Source("192.0.2.1", 1)),
    (b"PROXY UNKNOWN\r\n", Source()),
    (b"PROXY UNKNOWN " + b"f" * 91 + b"\r\n", Source()),
    (v2(0x21, 0x11, IPV4), Source("192.0.2.1", 56324)),
    (v2(0x21, 0x21, IPV6), Source("2001:db8::1", 56324)),
    (v2(0x21, 0x21, MAPPED), Source("192.0.2.1", 7)),
    (v2(0x21, 0x11, IPV4 + b"\x01\x00\x02h2\x04\x00\x00"), Source("192.0.2.1", 56324)),
    (v2(0x20, 0x00, b""), Source()),
    (v2(0x20, 0x11, IPV4), Source()),
    (v2(0x20, 0x77, b"whatever"), Source()),
    (v2(0x21, 0x00, b""), Source()),
    (v2(0x21, 0x31, bytes(216)), Source()),
]


@pytest.mark.parametrize(("header", "source"), HEADERS)
@pytest.mark.parametrize("step", [1, 5, 1000])
def test_headers(header: bytes, source: Source, step: int) -> None:
    reader, octets, found = Reader(), header + b"EHLO", None
    at = 0
    while found is None:
        found = reader.feed(octets[at : at + step])
        at += step
    assert source == found
    assert octets[len(header) : at] == reader.rest


@pytest.mark.parametrize(("header", "source"), HEADERS)
def test_who_takes_what_is_wanted_takes_nothing_else(header: bytes, source: Source) -> None:
    reader, at, found = Reader(), 0, None
    while found is None:
        wanted = reader.wanted
        assert wanted > 0
        found = reader.feed((header + b"EHLO x\r\n")[at : at + wanted])
        at += wanted
    assert (source, len(header), b"") == (found, at, reader.rest)


@pytest.mark.parametrize(
    "octets",
    [
        b"EHLO x\r\n",
        b"\r\nEHLO",
        b"proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
        b"PROXY\r\n",
        b"PROXY \r\n",
        b"PROXY UNKNOWNS\r\n",
        b"PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n",
        b"PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n",
        b"PROXY TCP4 192.0.2.01 192.0.2.2 1 2\r\n",
        b"PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n",
        b"PROXY TCP4 ::1 ::2 1 2\r\n",
        b"PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
        b"PROXY TCP6 fe80::1%eth0 ::2 1 2\r\n",
        b"PROXY TCP4 192.0.2.1 nonsense 1 2\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 +1 2\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 -2\r\n",
        b"PROXY TCP4 \xff 192.0.2.2 1 2\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n" + b"x" * 107,
        b"PROXY UNKNOWN " + b"f" * 92 + b"\r\n",
        SIGNATURE[:-1] + b"\r",
        v2(0x11, 0x11, IPV4),
        v2(0x22, 0x11, IPV4),
        v2(0x21, 0x12, IPV4),
        v2(0x21, 0x41, IPV4),
        v2(0x21, 0x11, IPV4[:-1]),
        v2(0x21, 0x21, IPV4),
        v2(0x21, 0x11, IPV4 + b"\x01\x00"),
        v2(0x21, 0x11, IPV4 + b"\x01\x00\x05h2"),
        v2(0x21, 0x11, IPV4 + bytes(600)),
    ],
)
def test_anything_else_is_refused(octets: bytes) -> None:
    with pytest.raises(Violation) as refused:
        Reader().feed(octets)
    assert refused.value.fatal


def test_a_header_that_is_too_long_is_refused_before_it_is_read() -> None:
    with pytest.raises(Violation, match="too long"):
        Reader().feed(SIGNATURE + b"\x21\x11\xff\xff")
