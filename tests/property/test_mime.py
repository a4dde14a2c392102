"""Any octets are read without a failure, and what is read lies inside them."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fuzz import mime as fuzz

from mailstead.mime import addresses, date, header, parts, structure, text, thread
from mailstead.mime.scan import scan, with_prefix

LINES = st.sampled_from(
    [b"\r\n", b"--b\r\n", b"--b--\r\n", b"--c\r\n", b"Content-Type: multipart/mixed; boundary=b\r\n",
     b"Content-Type: multipart/digest; boundary=\"c\"\r\n", b"Content-Type: message/rfc822\r\n", b"Subject: =?utf-8?q?x?=\r\n",
     b"From: a <b@c>, \"d", b" folded\r\n", b"text\r\n", b"Content-Transfer-Encoding: base64\r\n", b"\xff\x00", b"(", b"<"]
)  # fmt: skip
MESSAGES = st.lists(LINES | st.binary(max_size=20), max_size=40).map(b"".join)


@settings(max_examples=300, deadline=None)
@given(MESSAGES)
def test_any_message_is_read(octets: bytes) -> None:
    found = scan(octets)
    root = parts.unpack(found.parts)
    assert (0, len(octets)) == (root.header[0], root.body[1])
    for part in root.leaves():
        assert 0 <= part.body[0] <= part.body[1] <= len(octets)
    structure.body(found.structure)
    list(text.texts(lambda start, end: octets[start:end], root, limit=10_000))
    for wire in (found.envelope, found.structure):
        assert b"\r" not in wire
        assert b"\n" not in wire
        structure.to_ascii(wire).decode("ascii")
    if not octets.startswith(b"\r\n"):
        prefix = b"Delivered-To: x\r\n"
        assert scan(prefix + octets).header_octets == with_prefix(found, prefix).header_octets


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_any_value_is_read(value: bytes) -> None:
    addresses.parse(header.unfold(value))
    header.decode(value)
    date.instant_ms(value)
    thread.base_subject(value.decode("latin-1"))
    list(header.fields(value))


@pytest.mark.parametrize("seed", range(4))
def test_the_fuzz_target_holds(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(250):
        fuzz.one(fuzz.mutated(chance))
