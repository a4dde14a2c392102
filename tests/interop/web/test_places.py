"""Places beside the lists: the ways to them and back, with and without a network, and the words of a question."""

from typing import Any

import pytest
from tests.harness.browser import Browser
from tests.harness.server import PASSWORD, Server
from tests.interop.test_jmap_send import USING, Jmap
from tests.interop.web.conftest import PEOPLE, put

pytestmark = pytest.mark.interop
TRAVELLER, THUMB, POLYGLOT, ASKER, WRITER = PEOPLE[40:45]
COUNTER = PEOPLE[46]


def test_the_board_is_there_without_a_network(site: Server, browser: Browser) -> None:
    put(site, "Here for the board", to=TRAVELLER)
    device: dict[str, Any] = {"name": "board", "login": TRAVELLER, "password": PASSWORD}
    assert {"link": 1, "heading": "Waiting on"} == browser.run("boardOffline", device, subject="Here for the board")


def test_smart_folders_have_their_counts_without_a_network(site: Server, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.interop.test_jmap_send.USING", [*USING, "urn:mailstead:params:jmap:plus"])
    made = Jmap(site, COUNTER).call("SavedSearch/set", create={"s": {"name": "Teapots", "filter": {"subject": "teapot"}, "count": "unread"}})
    assert made["created"]
    for number in range(3):
        put(site, f"Teapot {number}", to=COUNTER)
    assert "3" == browser.run("countedOffline", {"name": "counter", "login": COUNTER, "password": PASSWORD}, name="Teapots", count="3")


@pytest.mark.parametrize(("place", "path"), [("Waiting on", "/waiting"), ("Outbox", "/outbox")])
def test_a_telephone_has_a_way_back_from_every_place(site: Server, browser: Browser, place: str, path: str) -> None:
    put(site, "Here for the thumb", to=THUMB)
    device: dict[str, Any] = {"name": "there-and-back", "login": THUMB, "password": PASSWORD, "viewport": {"width": 390, "height": 844}, "hasTouch": True, "isMobile": True}
    assert {"at": path, "current": "Mail"} == browser.run("thereAndBack", device, place=place, path=path, subject="Here for the thumb")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["is unread", "in Inbox", "larger than 100 bytes"]),
        ("de", ["ist ungelesen", "in Posteingang", "größer als 100 Byte"]),
        ("ar", ["حالها غير مقروءة", "في الوارد", "أكبر من 100 بايت"]),
    ],
)
def test_tokens_of_a_question_speak_the_language_of_the_screen(site: Server, browser: Browser, language: str, said: list[str]) -> None:
    put(site, f"Asked in {language}", to=POLYGLOT)
    device: dict[str, Any] = {"name": "polyglot", "login": POLYGLOT, "password": PASSWORD}
    seen = browser.run("tokens", device, language=language, question="is:unread in:inbox larger:100", subject=f"Asked in {language}")
    assert said == seen["said"]
    assert f"Asked in {language}" in seen["found"]


def test_people_and_filters_are_offered_for_the_word_one_is_writing(site: Server, browser: Browser) -> None:
    put(site, "Bill of Nadia", to=ASKER, sender="Nadia Stern <nadia@elsewhere.example>")
    put(site, "Bill of Otto", "<p>A bill for nadia</p>", to=ASKER, sender="Otto <otto@elsewhere.example>")
    seen = browser.run("offeredPeople", {"name": "asker", "login": ASKER, "password": PASSWORD}, words="bill nad", offer="Nadia Stern", subject="Bill of Nadia", filter="unre")
    for way in ("hand", "key"):
        chip, rest, subjects = seen[way]
        assert ["from", "nadia@elsewhere.example"] == chip.split()
        assert ("bill", ["Bill of Nadia"]) == (rest, subjects)
    assert "from Nadia Stern" in " ".join(seen["focus"].split())
    assert ["Unread"] == seen["filters"]


def test_contacts_are_offered_as_receivers_also_without_a_network(site: Server, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.interop.test_jmap_send.USING", [*USING, "urn:ietf:params:jmap:contacts"])
    api = Jmap(site, WRITER)
    book = api.call("AddressBook/get")["list"][0]["id"]
    cards: dict[str, dict[str, Any]] = {
        "a": {"name": {"full": "Zelda Contact"}, "emails": {"e": {"address": "zelda@far.example"}}},
        "b": {"name": {"components": [{"kind": "given", "value": "Zeno"}, {"kind": "surname", "value": "Card"}]}, "emails": {"e": {"address": "zeno@far.example"}}},
        "c": {"kind": "group", "name": {"full": "Zebras"}, "emails": {"e": {"address": "zebras@far.example"}}},
    }
    assert 3 == len(api.call("ContactCard/set", create={key: {"addressBookIds": {book: True}, **card} for key, card in cards.items()})["created"])
    put(site, "From a stranger", to=WRITER, sender="Zelda In Mail <zelda@far.example>")
    seen = browser.run("offeredReceivers", {"name": "writer-to-contacts", "login": WRITER, "password": PASSWORD}, letters="ze", subject="From a stranger", first="Zelda Contact")
    for offers in seen.values():
        assert [["Zelda Contact", "zelda@far.example"], ["Zeno Card", "zeno@far.example"]] == [[line.strip() for line in offer.splitlines() if "@" in line or " " in line] for offer in offers]


def test_the_reader_follows_the_breadth_of_the_window(site: Server, browser: Browser) -> None:
    put(site, "In a window that changes", to=COUNTER)
    wide, narrow = {"below": False, "above": True}, {"below": True, "above": False}
    device = {"name": "breadth", "login": COUNTER, "password": PASSWORD}
    assert [wide, narrow, wide] == browser.run("readerInOtherWindow", device, subject="In a window that changes")
