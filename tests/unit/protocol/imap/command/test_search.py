"""SEARCH (RFC 9051 §6.4.4)."""

from typing import Any

import pytest
from tests.harness.imap_command import ALL, ONE, parse, refused

from mailstead.model import condition as c
from mailstead.model import limits
from mailstead.protocol.imap.command.search import BadCharset, Either, Every, Leaf, Negated, Numbers, Search


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"SEARCH ALL", Search(uid=False, key=Leaf(c.EVERYTHING))),
        (b"UID SEARCH RETURN () 1:*", Search(uid=True, key=Numbers(ALL, uid=False), results=frozenset({"ALL"}))),
        (b"SEARCH RETURN (SAVE MIN) CHARSET utf-8 UID 1",
         Search(uid=False, key=Numbers(ONE, uid=True), results=frozenset({"SAVE", "MIN"}), names_charset=True)),
        (b"SEARCH OR (SEEN) NOT FROM x",
         Search(uid=False, key=Either(Leaf(c.HasFlag("\\Seen")), Negated(Leaf(c.Contains(c.Field.FROM, "x")))))),
        (b"SEARCH LARGER 9 SMALLER 20",
         Search(uid=False, key=Every((Leaf(c.Size(at_least=10)), Leaf(c.Size(below=20)))))),
        (b"SEARCH ON 2-Jan-1970", Search(uid=False, key=Leaf(c.Received(86_400_000, 172_800_000)))),
        (b"SEARCH CHARSET ISO-8859-1 SUBJECT {1}\r\n\xfc", Search(uid=False, key=Leaf(c.Contains(c.Field.SUBJECT, "ü")), names_charset=True)),
        (b'SEARCH MODSEQ "/flags/x" shared 7', Search(uid=False, key=Leaf(c.ModSeqAtLeast(7)), wants_modseq=True)),
        (b"SEARCH HEADER X-A b", Search(uid=False, key=Leaf(c.Header("X-A", "b")))),
        (b"SEARCH KEYWORD work", Search(uid=False, key=Leaf(c.HasFlag("work")))),
    ],
)  # fmt: skip
def test_reads(text: bytes, expected: Any) -> None:
    assert expected == parse(text)


def test_refuses() -> None:
    refused(
        b"SEARCH", b"SEARCH BOGUS", b"SEARCH ()", b"SEARCH (SEEN", b"SEARCH OR SEEN", b"SEARCH RETURN (BOGUS) ALL", b"SEARCH FROM",
        b"SEARCH ON 40-Jan-2020", b'SEARCH MODSEQ "x" bogus 1', b"SEARCH CHARSET utf-8 SUBJECT {1}\r\n\xfc",
    )  # fmt: skip


@pytest.mark.parametrize("charset", [b"bogus", b"utf-7", b"zlib", b"base64", b"\xff"])
def test_charsets_that_we_do_not_search_in(charset: bytes) -> None:
    with pytest.raises(BadCharset):
        parse(b"SEARCH CHARSET {%d}\r\n%b ALL" % (len(charset), charset))


def test_bound_keys() -> None:
    assert parse(b"SEARCH" + b" SEEN" * limits.IMAP_SEARCH_KEYS)
    refused(b"SEARCH" + b" SEEN" * (limits.IMAP_SEARCH_KEYS + 1))


@pytest.mark.parametrize(("opening", "closing"), [(b"(", b")"), (b"NOT ", b""), (b"OR ALL ", b"")])
def test_bound_depth(opening: bytes, closing: bytes) -> None:
    depth = limits.IMAP_DEPTH
    assert parse(b"SEARCH " + opening * depth + b"SEEN" + closing * depth)
    refused(b"SEARCH " + opening * (depth + 1) + b"SEEN" + closing * (depth + 1))
