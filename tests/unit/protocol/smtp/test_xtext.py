"""xtext (RFC 3461 §4)."""

import pytest

from mailstead.model.errors import Violation
from mailstead.protocol.smtp import xtext


def test_both_ways() -> None:
    assert xtext.decode(b"a+2Bb+3D+20c") == "a+b= c"
    assert xtext.encode("a+b= cä") == "a+2Bb+3D+20c+C3+A4"


@pytest.mark.parametrize("octets", [b"a+b", b"a+2b", b"a=b", b"a b", b"\xc3\xa4", b"+4", b"a+0D+0ABcc", b"+00", b"+7F", b"+C2+85", b"+1B"])
def test_no_xtext(octets: bytes) -> None:
    with pytest.raises(Violation):
        xtext.decode(octets)


@pytest.mark.parametrize(("octets", "text"), [
    ("jörg@bücher.example".encode(), "jörg@bücher.example"), (b"j\\x{F6}rg@b\\x{FC}cher.example", "jörg@bücher.example"), (b"a\\x{2B}b\\x{3D}\\x{5C}\\x{20}@c", "a+b=\\ @c"),
    (b"j+C3+B6rg@c", "jörg@c"), (b"\\x{1F600}@c", "\U0001f600@c"), (b"plain@c", "plain@c"),
])  # fmt: skip
def test_addresses_of_the_type_utf_8_have_three_forms(octets: bytes, text: str) -> None:
    """RFC 6533 §3."""
    assert text == xtext.decode_address("UTF-8", octets)
    for is_ascii in (False, True):
        written = xtext.encode_address("utf-8", text, is_ascii=is_ascii)
        assert text == xtext.decode_address("utf-8", written.encode())
        assert not is_ascii or written.isascii()
        assert not set(written) & set(" +=")


@pytest.mark.parametrize("octets", [b"a b", b"a=b", b"a+b", b"\xff@c", b"a\\b", b"\\x{}", b"\\x{D800}", b"\\x{110000}", b"\\x{A}", b"\\x{2028}", b"+FF@c", b"\\x{1234567}"])
def test_what_is_no_such_address(octets: bytes) -> None:
    with pytest.raises(Violation):
        xtext.decode_address("utf-8", octets)


def test_other_types_are_xtext() -> None:
    assert "a+b" == xtext.decode_address("rfc822", b"a+2Bb")
    assert "a+2Bb\\x" == xtext.encode_address("rfc822", "a+b\\x", is_ascii=True)
