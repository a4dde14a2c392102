"""PROXY headers, made and mangled."""

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from mailstead.model import limits
from mailstead.model.errors import Violation
from mailstead.protocol.proxy import Reader, Source

PORTS = st.integers(0, 65535)


@given(st.ip_addresses(v=4), st.ip_addresses(v=4), PORTS, PORTS, st.booleans(), st.binary(max_size=20))
def test_what_a_proxy_says_is_heard(ours: ipaddress.IPv4Address, theirs: ipaddress.IPv4Address, port: int, to: int, is_new: bool, rest: bytes) -> None:
    if is_new:
        header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c" + ours.packed + theirs.packed + port.to_bytes(2, "big") + to.to_bytes(2, "big")
    else:
        header = f"PROXY TCP4 {ours} {theirs} {port} {to}\r\n".encode()
    reader = Reader()
    assert Source(str(ours), port) == reader.feed(header + rest)
    assert rest == reader.rest


@given(st.sampled_from([b"", b"PROXY TCP4 ", b"PROXY ", b"\r\n\r\n\0\r\nQUIT\n", b"\r\n\r\n\0\r\nQUIT\n\x21\x11"]), st.binary(max_size=700), st.integers(1, 50))
def test_any_octets_end_in_an_answer_or_a_violation_within_the_bound(start: bytes, octets: bytes, step: int) -> None:
    octets = start + octets
    reader = Reader()
    for at in range(0, len(octets), step):
        try:
            if reader.feed(octets[at : at + step]) is not None:
                return
        except Violation:
            return
        assert reader.wanted > 0
        assert len(reader._buffer) <= limits.PROXY_HEADER
