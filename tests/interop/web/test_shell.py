"""The shell around lists and reader shares its room, and a search means what people of other programs type."""

from email.message import EmailMessage
from typing import Any

import pytest
from tests.harness.browser import Browser
from tests.harness.server import PASSWORD, Server
from tests.interop.web.conftest import PEOPLE, put

pytestmark = pytest.mark.interop
SEEKER = PEOPLE[43]
ALIKE = "Seeker's friend <me-and-you@elsewhere.example>"


@pytest.fixture(scope="module")
def seeker(site: Server, browser: Browser) -> dict[str, Any]:
    def sent(message: EmailMessage) -> None:
        message.replace_header("To", "Otto <otto@elsewhere.example>")

    put(site, "Pier from me", to=SEEKER, mailbox="Sent", sender=f"Seeker <{SEEKER}>", change=sent)
    put(site, "Pier to me", to=SEEKER, sender=ALIKE)
    put(site, "Pier thrown away", to=SEEKER, mailbox="Trash", sender="Ann <ann@elsewhere.example>")
    put(site, "Pier of old", to=SEEKER, sender="Ann <ann@elsewhere.example>", age_s=400 * 86_400.0)
    for number in range(14):
        put(site, f"Plank {number}", to=SEEKER, sender="Ann <ann@elsewhere.example>")
    device = {"name": "seeker", "login": SEEKER, "password": PASSWORD}
    browser.run("signIn", device)
    return device


def test_a_search_is_as_wide_as_what_is_read_beside_it_and_is_kept_from_its_head(browser: Browser, seeker: dict[str, Any]) -> None:
    seen = {"title": "pier · Mailstead", "before": True, "while": True, "kept": True, "covered": [], "after": True}
    assert seen == browser.run("wideSearch", seeker, words="pier", subject="Pier to me")
    tablet = {**seeker, "name": "seeker's tablet", "viewport": {"width": 1280, "height": 800}, "hasTouch": True, "isMobile": True}
    assert seen == browser.run("wideSearch", tablet, words="pier", subject="Pier to me")


def test_a_search_understands_what_people_bring_along(browser: Browser, seeker: dict[str, Any]) -> None:
    questions = {
        "pier from:me": {"Pier from me"},
        "pier to:me": {"Pier to me", "Pier of old"},
        "pier -from:me": {"Pier to me", "Pier of old"},
        "pier from:me-and-you": {"Pier to me"},
        "pier in:anywhere": {"Pier from me", "Pier to me", "Pier of old", "Pier thrown away"},
        "pier older_than:1y": {"Pier of old"},
        "from: ann pier": {"Pier of old"},
    }
    asked = browser.run("asked", seeker, questions=list(questions))
    assert questions == {words: set(subjects) for words, subjects in asked["seen"].items()}


def test_an_operator_that_waits_for_its_word_changes_nothing(browser: Browser, seeker: dict[str, Any]) -> None:
    seen = browser.run("operatorTyped", seeker, words="pier", operator="from:", value="ann")
    assert {"Pier from me", "Pier to me", "Pier of old"} == set(seen["before"]) == set(seen["waiting"])
    assert ["Pier of old"] == seen["after"]


def test_sections_have_the_same_room_where_there_is_enough_to_show(browser: Browser, site: Server) -> None:
    login = PEOPLE[44]
    for number in range(14):
        put(site, f"New {number}", to=login)

    def read(message: EmailMessage) -> None:
        message.replace_header("Subject", f"Old {message['Subject']}")

    for number in range(14):
        put(site, f"Seen {number}", to=login, change=read)
    device = {"name": "sharer", "login": login, "password": PASSWORD}
    browser.run("signIn", device)
    browser.run("readAll", device, words="subject:old")
    heights = browser.run("splitHeights", device)
    assert max(heights) - min(heights) <= 1


def test_words_of_the_toolbar_go_one_by_one(browser: Browser, site: Server) -> None:
    login = PEOPLE[44]
    put(site, "A long toolbar", to=login)
    device = {"name": "narrower", "login": login, "password": PASSWORD}
    seen = browser.run("toolbarWords", device, subject="A long toolbar", language="de", widths=[1900, 1440, 1300, 1200, 1110])
    assert all(one["fits"] for one in seen)
    words = [one["readable"] for one in seen]
    # Those in front stay longest.
    assert all(sorted(readable, reverse=True) == readable for readable in words)
    many = [sum(readable) for readable in words]
    assert many == sorted(many, reverse=True)
    assert many[0] == len(words[0])
    assert len(set(many)) > 2


def test_things_are_found_by_the_names_that_other_programs_give_them(browser: Browser, seeker: dict[str, Any]) -> None:
    palette = {
        "delete": "Delete", "bin": "Delete", "spam": "Junk", "star": "Flag", "compose": "New message", "log out": "Sign out", "bottom reader": "Reader below",
        "dark mode": "Appearance", "out of office": "Away", "signature": "Signature", "notifications": "Notifications", "undo send": "Undo send",
    }
    settings = {"vim": ["Keyboard"], "2fa": ["Security"], "vacation": ["Away"], "dark": ["Appearance"], "tracking": ["Reading"], "xyzzy": []}
    seen = browser.run("otherNames", seeker, palette=list(palette), settings=list(settings), subject="Pier to me")
    assert palette == seen["palette"]
    assert settings == seen["settings"]
