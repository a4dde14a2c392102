"""vCards as JSContact (RFC 9555 §2)."""

from typing import Any

from mailstead.model import limits
from mailstead.protocol.jmap.contacts import faults
from mailstead.protocol.vcard import reading


def card(*lines: str) -> dict[str, Any]:
    (found,) = reading.cards("\r\n".join(("BEGIN:VCARD", "VERSION:4.0", *lines, "END:VCARD", "")).encode())
    assert [] == faults(found)
    return found


def test_a_card_as_people_have_them() -> None:
    found = card(
        "FN:Dr. Ada Lovelace", 'N;SORT-AS="Lovelace,Ada":Lovelace;Ada;King,Noel;Dr.;', "UID:urn:uuid:1", "REV:20261125T120000Z", "KIND:individual",
        "EMAIL;TYPE=work;PREF=1;PROP-ID=e1:ada@far.test", "item1.TEL;TYPE=cell,home:+44 20 1234", "item1.X-ABLABEL:_$!<Main>!$_",
        "ORG:Analytical Engines;Poetry", "TITLE:Countess", "ROLE:Author", "NICKNAME:Addie,Enchantress", "BDAY:18151210", "BIRTHPLACE:London",
        'ADR;TYPE=home;LABEL="12 St James\'s Sq^nLondon";CC=GB:;;12 St James\'s Sq;London;;SW1Y;UK', "NOTE;CREATED=20260101T000000Z:met\\, at the fair",
        "CATEGORIES:maths,poems", "URL:https://ada.test/a,b", "RELATED;TYPE=friend:urn:uuid:2", "LANG;PREF=1:en", "PRONOUNS:she/her", "GRAMGENDER:Feminine",
        "HOBBY;LEVEL=high;INDEX=1:horses", "EXPERTISE;LEVEL=expert:engines", "X-SKYPE;TYPE=work:ada", "GENDER:F")
    assert {"uid": "urn:uuid:1", "updated": "2026-11-25T12:00:00Z", "kind": "individual"}.items() <= found.items()
    assert {
        "full": "Dr. Ada Lovelace", "sortAs": {"surname": "Lovelace", "given": "Ada"},
        "components": [{"kind": kind, "value": value} for kind, value in (
            ("surname", "Lovelace"), ("given", "Ada"), ("given2", "King"), ("given2", "Noel"), ("title", "Dr."))]} == found["name"]
    assert {"e1": {"address": "ada@far.test", "contexts": {"work": True}, "pref": 1}} == found["emails"]
    assert [{"number": "+44 20 1234", "features": {"mobile": True}, "contexts": {"private": True}, "label": "main"}] == list(found["phones"].values())
    assert [{"name": "Analytical Engines", "units": [{"name": "Poetry"}]}] == list(found["organizations"].values())
    assert [("Countess", "title"), ("Author", "role")] == [(one["name"], one["kind"]) for one in found["titles"].values()]
    assert ["Addie", "Enchantress"] == [one["name"] for one in found["nicknames"].values()]
    (birth,) = found["anniversaries"].values()
    assert ("birth", {"@type": "PartialDate", "year": 1815, "month": 12, "day": 10}, {"full": "London"}) == (birth["kind"], birth["date"], birth["place"])
    (home,) = found["addresses"].values()
    assert ("12 St James's Sq\nLondon", "GB", {"private": True}) == (home["full"], home["countryCode"], home["contexts"])
    assert [("name", "12 St James's Sq"), ("locality", "London"), ("postcode", "SW1Y"), ("country", "UK")] == [
        (one["kind"], one["value"]) for one in home["components"]]
    assert [{"note": "met, at the fair", "created": "2026-01-01T00:00:00Z"}] == list(found["notes"].values())
    assert ({"maths": True, "poems": True}, {"urn:uuid:2": {"relation": {"friend": True}}}) == (found["keywords"], found["relatedTo"])
    assert [{"uri": "https://ada.test/a,b"}] == list(found["links"].values())
    assert ("feminine", "she/her") == (found["speakToAs"]["grammaticalGender"], found["speakToAs"]["pronouns"]["PRONOUN-1"]["pronouns"])
    assert [("horses", "high", 1), ("engines", "high", None)] == [(one["value"], one["level"], one.get("listAs")) for one in found["personalInfo"].values()]
    assert [["x-skype", {"type": "work"}, "unknown", "ada"], ["gender", {}, "unknown", "F"]] == found["vCardProps"]


def test_the_finer_pieces_of_an_address_are_taken_in_place_of_the_old() -> None:
    (one,) = card("ADR:;;54321 Oak St;Reston;VA;20190;USA;;;;54321;Oak St;;;;;;")["addresses"].values()
    assert [("locality", "Reston"), ("region", "VA"), ("postcode", "20190"), ("country", "USA"), ("number", "54321"), ("name", "Oak St")] == [
        (part["kind"], part["value"]) for part in one["components"]]


def test_what_phones_and_old_programs_write() -> None:
    (outlook,) = reading.cards(
        b"BEGIN:VCARD\r\nVERSION:2.1\r\nN;LANGUAGE=en-us:Lovelace, Countess of;Ada\r\nFN:Ada\r\nTEL;WORK;VOICE:+44 20\r\n"
        b"ADR;WORK;PREF;ENCODING=QUOTED-PRINTABLE:;;12 St James=27s Sq=0D=0A2nd floor;London\r\nPHOTO;TYPE=JPEG;ENCODING=BASE64:\r\n /9j/\r\n AAA=\r\n\r\nEND:VCARD\r\n")
    assert [("surname", "Lovelace, Countess of"), ("given", "Ada")] == [(one["kind"], one["value"]) for one in outlook["name"]["components"]]
    (work,) = outlook["addresses"].values()
    assert ({"work": True}, 1, "12 St James's Sq\n2nd floor") == (work["contexts"], work["pref"], work["components"][0]["value"])
    assert [{"number": "+44 20", "features": {"voice": True}, "contexts": {"work": True}}] == list(outlook["phones"].values())
    assert "data:image/jpeg;base64,/9j/AAA=" == next(iter(outlook["media"].values()))["uri"]
    (apple,) = reading.cards(
        b"BEGIN:VCARD\nVERSION:3.0\nN:L;Ada;;;\nFN:Ada L\nitem1.EMAIL;type=INTERNET;type=pref:ada@far.test\nitem1.X-ABLabel:Club\n"
        b"item2.ADR;type=HOME:;;Street\\, 1;Town;;;\nitem2.X-ABADR:gb\nBDAY;value=date:1815-12-10\nURL;type=WORK:https\\://ada.test\nEND:VCARD\n")
    assert [{"address": "ada@far.test", "pref": 1, "label": "Club"}] == list(apple["emails"].values())
    assert "Street, 1" == next(iter(apple["addresses"].values()))["components"][0]["value"]
    assert {"@type": "PartialDate", "year": 1815, "month": 12, "day": 10} == next(iter(apple["anniversaries"].values()))["date"]
    assert "https://ada.test" == next(iter(apple["links"].values()))["uri"]
    assert [["x-abadr", {"group": "item2"}, "unknown", "gb"]] == apple["vCardProps"]


def test_groups_services_and_translations() -> None:
    found = card(
        "FN:Club", "KIND:GROUP", "MEMBER:urn:uuid:1", "MEMBER:urn:uuid:2", "IMPP:xmpp:club@far.test", "SOCIALPROFILE;SERVICE-TYPE=Net;VALUE=text:club",
        "TITLE;ALTID=1;LANGUAGE=en:Boss", "TITLE;ALTID=1;LANGUAGE=fr:Patron", "PHOTO:data:image/png;base64,AAAA", "BDAY;VALUE=text:long ago")
    assert ("group", {"urn:uuid:1": True, "urn:uuid:2": True}) == (found["kind"], found["members"])
    assert [{"uri": "xmpp:club@far.test", "vCardName": "impp"}, {"user": "club", "service": "Net"}] == list(found["onlineServices"].values())
    assert ["Boss"] == [one["name"] for one in found["titles"].values()]
    assert ["title", "bday"] == [one[0] for one in found["vCardProps"]]
    assert [{"uri": "data:image/png;base64,AAAA", "kind": "photo"}] == list(found["media"].values())


def test_what_is_too_long_or_too_many_is_left_out() -> None:
    found = card("FN:x", "PHOTO:data:image/png;base64," + "A" * 60_000, "NOTE:" + "n" * 200_000, "NICKNAME:" + "a," * 600, "CATEGORIES:" + ",".join(map(str, range(600))),
                 *(f"EMAIL:{number}@b" for number in range(600)), *(f"MEMBER:{number}" for number in range(600)), "KIND:group", "ADR:" + "p," * 600, "N:" + "s," * 600)
    assert not {"media", "notes"} & found.keys()
    assert [500] * 4 == [len(found[name]) for name in ("nicknames", "keywords", "emails", "members")]
    (home,) = found["addresses"].values()
    assert [500] * 2 == [len(one["components"]) for one in (home, found["name"])]


def test_what_no_card_may_have_is_left_out() -> None:
    found = card("FN:x", "MEMBER:urn:uuid:1", "KIND:nonsense", 'JSPROP;JSPTR=id:"m1"', "JSPROP;JSPTR=emails:7", "JSPROP;JSPTR=a:{broken", 'JSPROP;JSPTR="x.test:b":{"c":1}', "EMAIL:")
    assert {"@type", "version", "name", "x.test:b", "vCardProps"} == found.keys()
    assert {"c": 1} == found["x.test:b"]
    assert ["jsprop", "jsprop"] == [one[0] for one in found["vCardProps"]]


def test_bounds_of_lines_values_and_how_many_there_are() -> None:
    """What is beyond is left out, and the rest of the card is kept (``limits.VCARD_*``)."""
    found = card("FN:x", *("EMAIL:a@b",) * (limits.VCARD_MANY + 2))
    assert limits.VCARD_MANY == len(found["emails"])
    for length, count in ((limits.VCARD_VALUE, 1), (limits.VCARD_VALUE + 1, 0)):
        assert count == len(card("FN:x", "NOTE:" + "n" * length).get("notes", {}))
    long = 'JSPROP;JSPTR="x.test:own":"' + "n" * (limits.VCARD_LINE - 30) + '"'
    assert "x.test:own" not in card("FN:x", long + "n" * 60)
