"""Parameters of structured fields."""

import pytest

from mailstead.mime import parameter
from mailstead.model import limits


@pytest.mark.parametrize(("value", "expected"), [
    (b"text/plain; Charset=us-ascii; name=\"a; \\\"b\\\".txt\"", [(b"charset", b"us-ascii"), (b"name", b'a; "b".txt')]),
    (b"text/plain; charset=(a comment) utf-8", [(b"charset", b"utf-8")]), (b"text/plain;;; x=1;y", [(b"x", b"1")]),
    (b"text/plain", []), (b"a; x=\"never closed", [(b"x", b"never closed")]), (b"a; name*0=x; name*1=y", [(b"name*0", b"x"), (b"name*1", b"y")]),
])  # fmt: skip
def test_pairs_stand_as_they_came(value: bytes, expected: list[tuple[bytes, bytes]]) -> None:
    assert expected == parameter.pairs(value, 0)


@pytest.mark.parametrize(("value", "expected"), [
    (b'attachment; filename="a b.txt"', "a b.txt"), (b"attachment; filename*=iso-8859-1'de'%e4.txt", "\xe4.txt"),
    (b"x; filename*0*=utf-8''%C3; filename*1*=%A4; filename*2=\".txt\"", "\xe4.txt"), (b'x; filename="=?utf-8?q?=C3=A4?="', "\xe4"),
    (b"attachment; filename=plain; filename*=utf-8''ext", "ext"), (b"x; filename*0=a; filename*2=c", "a"), (b"x; filename*1=b", None), (b"x; filename=", None),
    (b"x; filenames=y", None), (b"x; filename*=no-such-charset''%41", "A"), (b"x; filename*=utf-8''a%0D%0Ab%00", "a  b"), (None, None),
])  # fmt: skip
def test_a_name_is_read_whole(value: bytes | None, expected: str | None) -> None:
    assert expected == parameter.decoded(value, b"filename")


def test_only_so_many_are_read() -> None:
    """The bound: SERVER.md names quadratic readers of RFC 2231."""
    value = b"a" + b"".join(b"; filename*%d=x" % number for number in range(100_000))
    assert limits.MIME_PARAMETERS == len(parameter.pairs(value, 0))
    assert limits.MIME_PARAMETERS >= len(parameter.decoded(value, b"filename") or "")
