"""Base subjects (RFC 5256 §2.1) and references."""

import pytest

from mailstead.mime import thread


@pytest.mark.parametrize(
    ("subject", "base", "is_reply"),
    [
        ("Hello", "hello", False),
        ("Re: Hello", "hello", True),
        ("RE: re: Fwd: Hello", "hello", True),
        ("[list] Re: [list] Hello", "hello", True),
        ("Re[2]: Hello", "hello", True),
        ("Hello (fwd)", "hello", True),
        ("[Fwd: Hello]", "hello", True),
        ("[only a blob]", "[only a blob]", False),
        ("Re:", "", True),
        ("  a \t b ", "a b", False),
        ("Regarding: x", "regarding: x", False),
    ],
)
def test_base_subject(subject: str, base: str, is_reply: bool) -> None:
    assert (base, is_reply) == thread.base_subject(subject)


def test_references_come_before_in_reply_to_and_once() -> None:
    assert (b"a@x", b"b@x", b"c@x") == thread.references(b"<a@x> <b@x>", b"<b@x> <c@x>")
