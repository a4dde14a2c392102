"""Messages on their way in (DECISIONS 20)."""

import pytest

from mailstead.model.errors import Refusal
from mailstead.service.mailbox.append import Gatherer, Memory, message


@pytest.mark.parametrize("step", [1, 2, 3, 100])
@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b"a\r\nb\r\n", b"a\r\nb\r\n"),
        (b"a\nb\n", b"a\r\nb\r\n"),
        (b"a\rb\r", b"a\r\nb\r\n"),
        (b"a\r\r\nb\n\rc", b"a\r\n\r\nb\r\n\r\nc"),
        (b"", b""),
    ],
)
def test_line_ends_are_made_whole(sent: bytes, kept: bytes, step: int) -> None:
    gatherer = Gatherer(Memory())
    for at in range(0, len(sent), step):
        gatherer.feed(sent[at : at + step])
    assert kept == gatherer.finish()
    assert not gatherer.has_nul


def test_nul_is_noticed() -> None:
    gatherer = Gatherer(Memory())
    gatherer.feed(b"a\0")
    assert gatherer.has_nul


def test_flags_are_spelled_as_they_are_known() -> None:
    assert frozenset({"\\Seen", "Work"}) == message(b"x", frozenset({"\\sEEN", "Work", "\\Recent"}), None).flags
    with pytest.raises(Refusal):
        message(b"x", frozenset({"\\Bogus"}), None)
