"""JSContact as vCards (RFC 9555 §3)."""

from typing import Any

from mailstead.protocol.vcard import lines, reading, writing


def back(card: dict[str, Any]) -> dict[str, Any]:
    (found,) = reading.cards(writing.cards([card]))
    return found


def names(card: dict[str, Any]) -> list[str]:
    ((*written,),) = lines.read(writing.cards([card]))
    return [line.name for line in written if line.name != "VERSION"]


ADA: dict[str, Any] = {
    "@type": "Card", "version": "1.0", "uid": "urn:uuid:1", "updated": "2026-11-25T12:00:00Z",
    "name": {"components": [{"kind": "surname", "value": "Lovelace"}, {"kind": "given", "value": "Ada; K"}], "full": "Ada Lovelace"},
    "emails": {"e1": {"address": "ada@far.test", "contexts": {"work": True}, "pref": 2}}, "phones": {"p": {"number": "+44", "features": {"mobile": True}}},
    "addresses": {"a": {"components": [{"kind": "locality", "value": "London"}, {"kind": "number", "value": "12"}], "countryCode": "GB"}},
    "anniversaries": {"b": {"kind": "birth", "date": {"@type": "PartialDate", "year": 1815}, "place": {"full": "London"}}},
    "notes": {"n": {"note": "met, at\nthe fair", "author": {"name": "me"}, "created": "2026-01-01T00:00:00Z"}}, "keywords": {"a,b": True},
    "speakToAs": {"grammaticalGender": "feminine", "pronouns": {"k": {"pronouns": "she"}}},
    "vCardProps": [["x-skype", {"type": "work", "group": "item1"}, "unknown", "ada"]],
}  # fmt: skip


def test_what_a_vcard_can_say_needs_nothing_else() -> None:
    assert "JSPROP" not in names(ADA)
    assert ADA == back(ADA)


def test_the_rest_is_told_whole() -> None:
    card = ADA | {
        "x.test:own": {"a": [1, "\0\r\n"]}, "preferredLanguages": {"l": {"language": "en", "label": "at work"}}, "phones": {"p": {"number": "1\0"}},
        "anniversaries": {"w": {"kind": "birth", "date": {"year": -5}}, "x": {"kind": "test.far:own", "date": {"year": 1}}}}
    assert {"UID", "EMAIL", "JSPROP"} <= set(names(card))
    assert 4 == names(card).count("JSPROP")
    assert card == back(card)


def test_a_name_is_made_where_there_is_none() -> None:
    for card, name in (
        ({"name": {"components": [{"kind": "given", "value": "Ada"}]}}, "Ada"), ({"organizations": {"o": {"name": "Engines"}}}, "Engines"),
        ({"emails": {"e": {"address": "a@b"}}}, "a@b"), ({}, "?"),
    ):  # fmt: skip
        octets = writing.cards([card])
        assert f"FN;DERIVED=TRUE:{name}\r\n".encode() in octets
        assert {"@type": "Card", "version": "1.0"} | card == back(card)


def test_what_was_kept_says_nothing_of_its_own() -> None:
    for kept in ([["email", {}, "unknown", "x@y"]], [["begin", {}, "unknown", "VCARD"]], [["end", {}, "unknown", "VCARD"]], "nonsense", [[1], {}]):
        card = {"@type": "Card", "version": "1.0", "uid": "u", "vCardProps": kept}
        assert card == back(card)
        assert 1 == len(reading.cards(writing.cards([card])))


def test_ids_and_books_stay_here() -> None:
    assert {"@type": "Card", "version": "1.0", "uid": "u"} == back({"id": "o1", "addressBookIds": {"b": True}, "uid": "u"})
