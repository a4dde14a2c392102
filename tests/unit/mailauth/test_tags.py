import pytest

from mailstead.mailauth import tags
from mailstead.mailauth.tags import Malformed


def test_values_lose_the_blanks_around_them_only() -> None:
    assert {"v": b"1", "b": b"ab\r\n c", "x": b""} == tags.parse(b" v = 1;b= ab\r\n c ;x=;")


@pytest.mark.parametrize("text", [b"v=1;;b=2", b"v=1; v=1", b"=1", b"v", b"1v=2", b"a b=c", b";v=1"])
def test_what_is_no_list_is_malformed(text: bytes) -> None:
    with pytest.raises(Malformed):
        tags.parse(text)


def test_too_many_tags_are_malformed() -> None:
    assert 50 == len(tags.parse(b";".join(b"t%d=1" % number for number in range(50))))
    with pytest.raises(Malformed):
        tags.parse(b";".join(b"t%d=1" % number for number in range(51)))


@pytest.mark.parametrize("text", [b"", b"-1", b"1e3", b"1" * 13, b"\xb2"])
def test_what_is_no_number_is_malformed(text: bytes) -> None:
    with pytest.raises(Malformed):
        tags.number(text, "t=")
