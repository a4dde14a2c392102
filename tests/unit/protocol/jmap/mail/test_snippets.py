"""Snippets: escaped, marked, bounded."""

from mailstead.model import condition as c
from mailstead.protocol.jmap.mail.snippets import marked, terms


def test_terms_are_what_is_wanted_there() -> None:
    tree = c.And((
        c.Contains(c.Field.TEXT, "Ab cd", words=True), c.Not(c.Contains(c.Field.TEXT, "no", words=True)), c.Contains(c.Field.SUBJECT, "sub"),
        c.Or((c.Contains(c.Field.BODY, "Straße", words=True), c.HasFlag("x")))))
    assert ("ab", "cd", "sub") == terms(tree, body=False)
    assert ("ab", "cd", "strasse") == terms(tree, body=True)


def test_marks() -> None:
    assert "<mark>Abc</mark> &lt;x&gt; <mark>ab</mark>" == marked("Abc <x> ab", ("ab",))
    assert "&quot;<mark>STRASSE</mark>&quot;" == marked('"STRASSE"', ("strasse",))
    assert "Ein <mark>Café</mark>, <mark>cafe\u0301</mark>, <mark>كِتَابٌ</mark>" == marked("Ein Café, cafe\u0301, كِتَابٌ", ("cafe", "كتاب"))
    assert marked("cab", ("ab",)) is None
    assert marked("x", ()) is None


def test_it_begins_shortly_before_and_ends_in_time() -> None:
    found = marked("word " * 100 + "hit & more" + " end" * 100, ("hit",))
    assert found is not None
    assert found.startswith("word ")
    assert "<mark>hit</mark> &amp; more" in found
    assert len(found.encode()) <= 255
    assert not found.endswith("&")
    many = marked("ä & " * 500, ("a",))
    assert many is not None
    assert many.count("<mark>") == many.count("</mark>")
    assert len(many.encode()) <= 255
