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
