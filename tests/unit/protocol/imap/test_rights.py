"""Letters to rights and back (RFC 4314 §2.1)."""

import pytest

from mailstead.model.errors import Violation
from mailstead.model.sharing import ALL, NONE, Right
from mailstead.protocol.imap import rights


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lr", ("", Right.READ)), ("l", ("", NONE)), ("+r", ("+", NONE)), ("-r", ("-", Right.READ)), ("te", ("", Right.REMOVE)), ("t", ("", NONE)),
        ("d", ("", Right.REMOVE)), ("c", ("", Right.CREATE_CHILD)), ("x", ("", Right.RENAME | Right.DELETE)), ("", ("", NONE)),
        ("lrswida", ("", Right.READ | Right.SEEN | Right.KEYWORDS | Right.ADD | Right.REMOVE | Right.SHARE)), ("lrswipkxteacd", ("", ALL)),
    ],
)  # fmt: skip
def test_read(text: str, expected: tuple[str, Right]) -> None:
    assert expected == rights.read(text)


@pytest.mark.parametrize("text", ["R", "lq", "+-r", "1", "é"])
def test_no_rights(text: str) -> None:
    with pytest.raises(Violation):
        rights.read(text)


def test_written() -> None:
    assert "lrswipkxteacd" == rights.written(ALL)
    assert "" == rights.written(NONE) == rights.written(Right.RENAME)
    assert "lrted" == rights.written(Right.READ | Right.REMOVE)
    for right in (ALL, Right.READ, Right.REMOVE | Right.CREATE_CHILD):
        assert ("", right) == rights.read(rights.written(right))
