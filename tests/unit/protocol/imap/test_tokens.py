"""Words of the grammar (RFC 9051 §9)."""

from typing import Any

import pytest

from mailstead.model import limits
from mailstead.model.errors import Violation
from mailstead.model.uids import UidSet
from mailstead.protocol.imap.tokens import SAVED, Reader


def test_strings_in_their_three_forms() -> None:
    reader = Reader(b'atom "quo\\"ted \\\\" {5}\r\nlit\r\n end]')
    found = []
    for _ in range(4):
        found.append(reader.astring())
        reader.more()
    assert [b"atom", b'quo"ted \\', b"lit\r\n", b"end]"] == found
    assert reader.at_end


@pytest.mark.parametrize("wire", [b'"open', b'"bad \\n escape"', b"(", b"{9}\r\nshort", b"", b'"a\r\n"', b"{3}\r\na\0b"])
def test_what_is_no_string(wire: bytes) -> None:
    with pytest.raises(Violation):
        Reader(wire).astring()


def test_a_literal8_may_hold_nul() -> None:
    assert b"a\0b" == Reader(b"~{3}\r\na\0b").string()


@pytest.mark.parametrize(
    ("wire", "greatest", "expected"),
    [
        (b"1", 9, "1"),
        (b"1:3,7", 9, "1:3,7"),
        (b"*", 9, "9"),
        (b"5:*", 9, "5:9"),
        (b"*:5", 9, "5:9"),
        (b"12:*", 9, "9:12"),
        (b"3:1,2:4", 9, "1:4"),
        (b"*", 0, ""),
        (b"4294967295", 9, "4294967295"),
    ],
)
def test_sequence_sets(wire: bytes, greatest: int, expected: Any) -> None:
    assert expected == str(Reader(wire).sequence().resolve(greatest))


@pytest.mark.parametrize("wire", [b"0", b"0:4", b"4294967296", b"a", b"-1", b""])
def test_what_is_no_sequence_set(wire: bytes) -> None:
    with pytest.raises(Violation):
        Reader(wire).sequence()


def test_the_saved_result_and_its_text() -> None:
    assert SAVED is Reader(b"$").sequence()
    assert "$" == str(SAVED)
    assert "1:3,*" == str(Reader(b"1:3,*").sequence())


def test_known_uids_hold_no_star() -> None:
    assert UidSet(((1, 5),)) == Reader(b"1:5").known_uids()
    with pytest.raises(Violation):
        Reader(b"1:*").known_uids()


def test_bound_ranges_in_a_set() -> None:
    def ranges(count: int) -> bytes:
        return b",".join(b"%d" % (2 * number + 1) for number in range(count))

    assert limits.IMAP_SET_RANGES == len(Reader(ranges(limits.IMAP_SET_RANGES)).sequence().ranges)
    with pytest.raises(Violation):
        Reader(ranges(limits.IMAP_SET_RANGES + 1)).sequence()


def test_bound_length_of_a_keyword() -> None:
    assert Reader(b"k" * limits.KEYWORD_NAME).flag()
    with pytest.raises(Violation):
        Reader(b"k" * (limits.KEYWORD_NAME + 1)).flag()


def test_bound_number_of_flags() -> None:
    def flags(count: int) -> bytes:
        return b"(" + b" ".join(b"k%d" % number for number in range(count)) + b")"

    assert limits.KEYWORDS == len(Reader(flags(limits.KEYWORDS)).flags())
    with pytest.raises(Violation):
        Reader(flags(limits.KEYWORDS + 1)).flags()


@pytest.mark.parametrize(
    ("wire", "ms"),
    [
        (b'"01-Jan-1970 00:00:00 +0000"', 0),
        (b'" 1-jan-1970 01:00:00 +0100"', 0),
        (b'"17-Jul-1996 02:44:25 -0700"', 837_596_665_000),
        (b'"31-Dec-2016 23:59:60 +0000"', 1_483_228_799_000),
    ],
)
def test_times(wire: bytes, ms: int) -> None:
    assert ms == Reader(wire).date_time()


@pytest.mark.parametrize("wire", [b'"32-Jan-2020 00:00:00 +0000"', b'"01-Foo-2020 00:00:00 +0000"', b'"01-Jan-2020"', b'"01-Jan-2020 00:00:00 +2500"'])
def test_what_is_no_time(wire: bytes) -> None:
    with pytest.raises(Violation):
        Reader(wire).date_time()


def test_dates() -> None:
    assert 730_000 < Reader(b"1-Feb-2020").date().toordinal() == Reader(b'"01-feb-2020"').date().toordinal()
    with pytest.raises(Violation):
        Reader(b"30-Feb-2020").date()


def test_names_in_both_encodings() -> None:
    assert "Entwürfe" == Reader(b"Entw&APw-rfe").mailbox()
    assert "Entw&APw-rfe" == Reader(b"Entw&APw-rfe", utf8=True).mailbox()
    assert "ü" == Reader('"ü"'.encode(), utf8=True).mailbox()
    for wire, utf8 in ((b"a&b", False), (b'"\xff"', True), (b"&AAE-", False), (b'"a\tb"', False)):
        with pytest.raises(Violation):
            Reader(wire, utf8=utf8).mailbox()
