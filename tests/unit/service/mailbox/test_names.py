"""Names, paths and patterns (RFC 9051 §5.1, §6.3.9)."""

import time

import pytest

from mailstead.model import limits
from mailstead.model.errors import Refusal
from mailstead.service.mailbox.names import Names

NAMES = Names("/")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("inbox", ("INBOX",)),
        ("InBox/Sub", ("INBOX", "Sub")),
        ("inboxes", ("inboxes",)),
        ("a/b/", ("a", "b")),
        ("Cafe\u0301", ("Caf\u00e9",)),
        ("sub/inbox", ("sub", "inbox")),
    ],
)
def test_paths(name: str, path: tuple[str, ...]) -> None:
    assert path == NAMES.path(name)


@pytest.mark.parametrize("name", ["", "/", "a//b", "/a", "a/" * limits.MAILBOX_DEPTH + "b", "n" * (limits.MAILBOX_NAME + 1)])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(Refusal):
        NAMES.path(name)


def test_bounds_of_names() -> None:
    assert limits.MAILBOX_DEPTH == len(NAMES.path("/".join("a" * limits.MAILBOX_DEPTH)))
    assert NAMES.path("n" * limits.MAILBOX_NAME)


def test_new_names_hold_no_controls() -> None:
    for name in ("a\x01", "a\u0085", "a\ud800"):
        with pytest.raises(Refusal):
            NAMES.new_path(name)
    assert ("50%",) == NAMES.new_path("50%")


def test_another_separator() -> None:
    assert ("a", "b/c") == Names(".").path("a.b/c")
    assert "a.b" == Names(".").name(("a", "b"))


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("*", "a/b", True),
        ("%", "a/b", False),
        ("%", "a", True),
        ("a/%", "a/b", True),
        ("a/%", "a/b/c", False),
        ("a*c", "a/b/c", True),
        ("%/c", "a/b/c", False),
        ("%/%/c", "a/b/c", True),
        ("inb%", "INBOX", True),
        ("inbox/*", "INBOX/a", True),
        ("INBOX", "INBOXES", False),
        ("A", "a", False),
    ],
)
def test_patterns(pattern: str, name: str, fits: bool) -> None:
    assert fits == NAMES.matches(pattern, name)


def test_a_pattern_made_to_hurt_does_not() -> None:
    start = time.perf_counter()
    assert not NAMES.matches("*a%" * 100 + "b", "a" * 1000)
    assert time.perf_counter() - start < 1.0
