"""vCards: whatever card is written is read as that card; whatever octets come are cards that may be kept, or are refused."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mailstead.protocol.jmap.contacts import faults
from mailstead.protocol.vcard import lines, mapping, reading, writing
from mailstead.protocol.vcard.lines import BadCard

TEXTS = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(("a,b;c", "x\\n", "\\", '"', "^n", " lead", "tail ", "", "2026-01-01T00:00:00Z", "urn:x", "=\n"))
KEYS = st.text("abcXYZ019_-", min_size=1, max_size=4)
JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 50), 1 << 50) | TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=4)


def objects(*names: str, **known: Any) -> Any:
    """Maps of objects with these properties; some of each are missing, and some are not what they should be."""
    common = {"contexts": st.just({"work": True}) | st.just({"private": True, "work": True}), "pref": st.integers(1, 100), "label": TEXTS}
    optional = dict.fromkeys(names[1:], TEXTS | JSON) | common | known
    return st.dictionaries(KEYS, st.fixed_dictionaries({names[0]: TEXTS}, optional=optional), max_size=3)


PARTS = st.lists(st.fixed_dictionaries({
    "kind": st.sampled_from((*mapping.NAME, *mapping.OLD_ADDRESS, *mapping.NEW_ADDRESS, "separator")), "value": TEXTS}), max_size=5)
DATES = st.fixed_dictionaries({"@type": st.just("PartialDate")}, optional={"year": st.integers(-5, 20_000), "month": st.integers(0, 13), "day": st.integers(0, 32)})
CARDS = st.fixed_dictionaries({"@type": st.just("Card"), "version": st.just("1.0")}, optional={
    "uid": TEXTS, "kind": st.sampled_from(("individual", "org", "x:y")), "language": TEXTS, "prodId": TEXTS, "updated": st.just("2026-11-25T12:00:00Z"),
    "created": st.just("2026-11-25T12:00:00.5Z"), "keywords": st.dictionaries(TEXTS, st.just(True), max_size=3),
    "name": st.fixed_dictionaries({}, optional={"full": TEXTS, "components": PARTS, "sortAs": st.dictionaries(st.sampled_from(("surname", "given")), TEXTS), "x": JSON}),
    "emails": objects("address", "x"), "phones": objects("number", features=st.just({"mobile": True, "voice": True}) | JSON),
    "notes": objects("note", "author", "created"), "nicknames": objects("name"), "titles": objects("name", kind=st.sampled_from(("title", "role", "x"))),
    "organizations": objects("name", units=st.lists(st.fixed_dictionaries({"name": TEXTS}), max_size=2), sortAs=TEXTS),
    "addresses": objects("full", "timeZone", "coordinates", "countryCode", components=PARTS, isOrdered=st.booleans()),
    "links": objects("uri", "mediaType", kind=st.sampled_from(("contact", "x"))), "media": objects("uri", kind=st.sampled_from(("photo", "logo", "x"))),
    "onlineServices": objects("uri", "user", "service", "vCardName"), "personalInfo": objects("value", level=TEXTS, kind=st.sampled_from(("hobby", "expertise")), listAs=st.integers(0, 9)),
    "anniversaries": objects("kind", date=DATES | JSON, place=JSON) | st.dictionaries(
        KEYS, st.fixed_dictionaries({"kind": st.sampled_from(("birth", "death", "wedding")), "date": DATES}, optional={"place": st.fixed_dictionaries({"full": TEXTS})}), max_size=3),
    "relatedTo": st.dictionaries(TEXTS, st.fixed_dictionaries({"relation": st.dictionaries(st.sampled_from(("friend", "x y")), st.just(True))}), max_size=2),
    "speakToAs": st.fixed_dictionaries({}, optional={"grammaticalGender": TEXTS, "pronouns": objects("pronouns")}),
    "vCardProps": st.lists(st.tuples(st.sampled_from(("x-a", "email", "n", "begin", "end", "jsprop", "bday")), st.dictionaries(KEYS, TEXTS, max_size=2), st.just("unknown"), TEXTS).map(list), max_size=2) | JSON,
    "x.test:own": JSON,
})  # fmt: skip


@given(CARDS)
@settings(max_examples=400, deadline=None)
def test_a_card_comes_back_as_it_went(card: dict[str, Any]) -> None:
    card = {name: value for name, value in card.items() if name not in faults(card)}
    octets = writing.cards([card, card])
    assert [card, card] == reading.cards(octets)
    assert all(len(line) <= 75 for line in octets.split(b"\r\n"))


PROPERTIES = st.sampled_from((*mapping.MAPPED, *mapping.DATES, *mapping.PLACES, "N", "FN", "ADR", "ORG", "NICKNAME", "CATEGORIES", "RELATED", "MEMBER", "KIND",
                              "REV", "UID", "JSPROP", "X-Y", "X-ABLABEL", "BEGIN", "END", "GENDER", "PRONOUNS"))
PARAMETERS = st.sampled_from((";TYPE=home", ";PREF=1", ";PREF=9999", ';TYPE="a,b"', ";ENCODING=b", ";QUOTED-PRINTABLE", ";ALTID=1", ";PROP-ID=k", ";JSPTR=emails", ";VALUE=text",
                              ";SORT-AS=a", ";INDEX=1", ";", ";CHARSET=none;ENCODING=QUOTED-PRINTABLE", ';LABEL="^n'))
VALUES = TEXTS | st.sampled_from(("VCARD", "=0A=", "AAAA", "19991231", "{}", ";;;;", ",,", "1;2;3;4;5;6;7;8;9", "group"))
LINES = st.builds(lambda group, name, parameters, value: f"{group}{name}{''.join(parameters)}:{value}",
                  st.sampled_from(("", "g1.", "g2.")), PROPERTIES, st.lists(PARAMETERS, max_size=2), VALUES)


@given(st.lists(LINES, max_size=8) | st.lists(st.text(max_size=20), max_size=5))
@settings(max_examples=400, deadline=None)
def test_whatever_is_read_may_be_kept_and_goes_out_again(given_lines: list[str]) -> None:
    octets = "\r\n".join(("BEGIN:VCARD", *given_lines, "END:VCARD")).encode("utf-8", "replace")
    try:
        found = reading.cards(octets)
    except BadCard:
        return
    for card in found:
        assert [] == faults(card)
    assert found == reading.cards(writing.cards(found))


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_octets(octets: bytes) -> None:
    try:
        found = lines.read(b"BEGIN:VCARD\n" + octets + b"\nEND:VCARD")
    except BadCard:
        return
    assert found
