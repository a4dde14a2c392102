"""Words are found in either case, in any Unicode form, with and without accents; signs that make another word stay."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstead.model.folding import folded


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("Zoë", "ZOE"),
        ("Crème brûlée", "creme brulee"),
        ("Łódź, Øresund", "łodz, øresund"),  # a stroke is part of its letter
        ("Straße", "STRASSE"),
        ("Ångström", "A\u030angstro\u0308m"),
        ("ﬁnal", "final"),
        ("İstanbul", "istanbul"),
        ("ΆΓΙΟΣ", "αγιος"),
        ("ёлка", "елка"),
        ("شَكَرَ", "شكر"),
        ("أحمد", "احمد"),
        ("שָׁלוֹם", "שלום"),
    ],
)
def test_these_are_one_word(written: str, typed: str) -> None:
    assert folded(written) == folded(typed)


@pytest.mark.parametrize(("one", "other"), [("किताब", "कताब"), ("がき", "かき"), ("한글", "하글"), ("ก็", "ก")])
def test_these_are_two(one: str, other: str) -> None:
    assert folded(one) != folded(other)


@given(st.text())
def test_what_is_folded_is_composed_and_stays_as_it_is(text: str) -> None:
    once = folded(text)
    assert unicodedata.is_normalized("NFC", once)
    assert folded(once) == once
