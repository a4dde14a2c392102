"""Replies: writing and bounded reading."""

import pytest

from mailstead.protocol.smtp.reply import Replies, lines, reply


def test_writing() -> None:
    assert reply(250, "2.0.0", "OK") == b"250 2.0.0 OK\r\n"
    assert reply(354, "", "Go on") == b"354 Go on\r\n"
    assert lines(250, ["a", "B", "C 1"]) == b"250-a\r\n250-B\r\n250 C 1\r\n"


def test_reading() -> None:
    replies = Replies()
    replies.feed(b"250-a\r\n250 b\r\n354\r\n2")
    assert replies.next() == (250, ["a", "b"])
    assert replies.next() == (354, [""])
    assert replies.next() is None


@pytest.mark.parametrize("octets", [b"hello\r\n", b"25\r\n", b"250+x\r\n", b"250 " + b"x" * 3_000, b"250 " + b"x" * 3_000 + b"\r\n", b"250-x\r\n" * 101])
def test_what_is_no_reply(octets: bytes) -> None:
    replies = Replies()
    replies.feed(octets)
    with pytest.raises(ValueError, match="repl"):
        replies.next()


def test_a_reply_has_so_many_lines_of_such_a_length() -> None:
    for octets in (b"250-x\r\n" * Replies.LINES + b"250 x\r\n", b"250 " + b"x" * Replies.LINE + b"\r\n", b"250 " + b"x" * Replies.LINE):
        replies = Replies()
        replies.feed(octets)
        with pytest.raises(ValueError, match="repl"):
            replies.next()
    replies = Replies()
    replies.feed(b"250-x\r\n" * (Replies.LINES - 1) + b"250 x\r\n")
    assert replies.next() == (250, ["x"] * Replies.LINES)
