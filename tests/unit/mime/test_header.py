"""Fields, folding, selection and encoded words."""

import pytest

from mailstead.mime import header
from mailstead.model import limits

BLOCK = b"From: a@b\r\nSubject: one\r\n two\r\nX-Odd : y\r\nno colon here\r\nTO: c@d\r\n\r\nBody: x\r\n"


def test_fields_keep_their_folding_and_stop_at_the_blank_line() -> None:
    assert [
        (b"From", b" a@b\r\n"),
        (b"Subject", b" one\r\n two\r\n"),
        (b"X-Odd", b" y\r\n"),
        (b"TO", b" c@d\r\n"),
    ] == list(header.fields(BLOCK))


def test_selection_leaves_fields_as_they_are() -> None:
    assert b"Subject: one\r\n two\r\nTO: c@d\r\n\r\n" == header.select(BLOCK, [b"to", b"SUBJECT"], invert=False)
    assert b"From: a@b\r\nX-Odd : y\r\n\r\n" == header.select(BLOCK, [b"to", b"subject"], invert=True)
    assert b"\r\n" == header.select(BLOCK, [b"missing"], invert=False)


def test_first_is_found_in_any_case() -> None:
    assert b" c@d\r\n" == header.first(BLOCK, b"to")
    assert header.first(BLOCK, b"cc") is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b" plain\r\n", "plain"),
        (b"=?ISO-8859-1?Q?a?= b", "a b"),  # the table of RFC 2047 §8
        (b"=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"),
        (b"=?ISO-8859-1?Q?a?=\r\n    =?ISO-8859-1?Q?b?=", "ab"),
        (b"=?ISO-8859-1?Q?a_b?=", "a b"),
        (b"=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a b"),
        (b"=?utf-8?B?SsO2cmc=?=", "J\xf6rg"),
        (b"=?utf-8?q?=C3?= =?utf-8?q?=B6?=", "\xf6"),  # a character split across words
        (b"=?utf-8*de?q?Gr=C3=BC=C3=9Fe?=", "Gr\xfc\xdfe"),  # RFC 2231 §5
        (b"J\xc3\xb6rg", "J\xf6rg"),
        (b"J\xf6rg", "J\xf6rg"),
        (b"=?no-such-charset?q?abc?=", "abc"),
        (b"=?utf-8?q?broken", "=?utf-8?q?broken"),
        (b"=?utf-8?b?!!!?= x", " x"),
        (b"a=?utf-8?q?no?= b", "a=?utf-8?q?no?= b"),  # glued to other text: no encoded word (RFC 8621 §4.1.2.2)
        (b"=?utf-8?q?no?=, b", "=?utf-8?q?no?=, b"),
        (b"=?utf-8?q?a?==?utf-8?q?b?=", "=?utf-8?q?a?==?utf-8?q?b?="),  # nor is one that adjoins another (RFC 2047 §5)
        (b"=?utf-8?q?a?= =?utf-8?q?b?==?utf-8?q?c?= =?utf-8?q?d?=", "a =?utf-8?q?b?==?utf-8?q?c?= d"),
        (b"(=?utf-8?q?a?=)", "(a)"),
        (b"=?utf-8?q?a=00b=07=0Ac=C2=85?= d\x07e", "abc d e"),
        (b"a\0b", "a b"),
    ],
)
def test_encoded_words(value: bytes, text: str) -> None:
    assert text == header.decode(value)


def test_encoded_words_are_bounded() -> None:
    many = b" ".join([b"=?us-ascii?q?a?="] * (limits.MIME_ENCODED_WORDS + 10))
    assert "a" * limits.MIME_ENCODED_WORDS + " =?us" == header.decode(many)[: limits.MIME_ENCODED_WORDS + 5]


def test_fields_are_bounded() -> None:
    assert limits.MIME_HEADER_FIELDS == len(list(header.fields(b"a: b\r\n" * (limits.MIME_HEADER_FIELDS + 5))))


def test_of_a_field_that_stands_twice_the_last_counts() -> None:
    block = b"From: a\r\nfrom : b\r\n c\r\nTo: d\r\n\r\nFrom: e\r\n"
    assert header.first(block, b"FROM") == b" a\r\n"
    assert header.last(block, b"FROM") == b" b\r\n c\r\n"
    assert header.last(block, b"cc") is None


def test_names_of_files_may_hold_encoded_words_anywhere() -> None:
    assert "a\xf6.txt" == header.decode(b"a=?utf-8?q?=C3=B6?=.txt", anywhere=True)
