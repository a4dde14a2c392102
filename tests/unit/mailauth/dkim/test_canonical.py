from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstead.mailauth.dkim import canonical


def body(octets: bytes, *, relaxed: bool) -> bytes:
    return b"".join(canonical.body(octets, 0, relaxed=relaxed))


def test_the_example_of_the_rfc() -> None:
    """RFC 6376 §3.4.5."""
    text = b" C \r\nD \t E\r\n\r\n\r\n"
    assert b" C\r\nD E\r\n" == body(text, relaxed=True)
    assert b" C \r\nD \t E\r\n" == body(text, relaxed=False)
    assert b"a:X\r\n" == canonical.field(b"A: X\r\n", relaxed=True)
    assert b"b:Y Z\r\n" == canonical.field(b"B : Y\t\r\n\tZ  \r\n", relaxed=True)
    assert b"B : Y\t\r\n\tZ  \r\n" == canonical.field(b"B : Y\t\r\n\tZ  \r\n", relaxed=False)


@pytest.mark.parametrize(("octets", "simple", "relaxed"), [
    (b"", b"\r\n", b""),
    (b"\r\n\r\n", b"\r\n", b""),
    (b" \r\n\r\n", b" \r\n", b""),
    (b"a", b"a\r\n", b"a\r\n"),
    (b"a \t", b"a \t\r\n", b"a\r\n"),
    (b"\r\na\r\n\r\n\r\n", b"\r\na\r\n", b"\r\na\r\n"),
    (b"a\r\n \t\r\n", b"a\r\n \t\r\n", b"a\r\n"),
    (b"a\n\r\n", b"a\n\r\n", b"a\n\r\n"),
])  # fmt: skip
def test_ends_of_bodies(octets: bytes, simple: bytes, relaxed: bytes) -> None:
    assert (simple, relaxed) == (body(octets, relaxed=False), body(octets, relaxed=True))


@given(st.lists(st.sampled_from([b"a", b" ", b"\t", b"\r\n", b"\r\n", b"\n", b"\r", b"bc"]), max_size=60), st.booleans(), st.integers(3, 20))
def test_pieces_make_no_difference(words: list[bytes], relaxed: bool, size: int) -> None:
    octets = b"".join(words)
    with patch.object(canonical, "PIECE_OCTETS", size):
        in_pieces = body(octets, relaxed=relaxed)
    assert body(octets, relaxed=relaxed) == in_pieces
