"""With a thumb: rows are drawn aside, held down, tapped; IMAP shows what became of them."""

from typing import Any

import pytest
from tests.harness.browser import Browser
from tests.harness.server import PASSWORD, Server
from tests.interop.web.conftest import PEOPLE, eventually, holds, put

pytestmark = pytest.mark.interop
THUMB, FRIEND = PEOPLE[20], PEOPLE[18]


@pytest.fixture(scope="module")
def phone() -> dict[str, Any]:
    return {"name": "thumb", "login": THUMB, "password": PASSWORD, "viewport": {"width": 390, "height": 844}, "hasTouch": True, "isMobile": True}


def test_rows_are_drawn_aside(site: Server, browser: Browser, phone: dict[str, Any]) -> None:
    for subject in ("Kept here", "Opened and filed", "To the one side", "To the other side"):
        put(site, subject, to=THUMB)
    assert 1 == browser.run(
        "thumb", phone, archived="To the one side", trashed="To the other side", kept="Kept here", filed="Opened and filed", to=FRIEND, subject="From the tram")
    for subject, mailbox in (("To the one side", "Archive"), ("To the other side", "Trash"), ("Opened and filed", "Archive"), ("Kept here", "INBOX")):
        eventually(lambda subject=subject, mailbox=mailbox: holds(site, mailbox, subject, THUMB))  # type: ignore[misc]
    eventually(lambda: holds(site, "INBOX", "From the tram", FRIEND))


def test_a_long_question_stays_in_its_field(browser: Browser, phone: dict[str, Any]) -> None:
    query = "is:read has:attachment from:ruth after:2024-01-01 -in:trash larger:1k plan "
    assert {"parts": 7, "outside": 0, "screen": True} == browser.run("longQuestion", phone, query=query)


def test_places_stand_below_their_head(browser: Browser, phone: dict[str, Any]) -> None:
    assert {"/waiting": True, "/outbox": True} == browser.run("headsOfPlaces", phone)


def test_settings_stand_in_one_line_and_say_their_words_whole(browser: Browser, phone: dict[str, Any]) -> None:
    assert {"own": 0, "cut": []} == browser.run("narrowSettings", phone)


def test_the_tour_speaks_of_the_thumb(browser: Browser, phone: dict[str, Any]) -> None:
    assert ["Everything can be undone", "By thumb", "Senders do not watch you"] == browser.run("firstRunByThumb", phone)


def test_a_list_drawn_down_looks_for_news(site: Server, browser: Browser, phone: dict[str, Any]) -> None:
    put(site, "Here already", to=THUMB)
    browser.run("rows", phone, path="/m/inbox")
    browser.run("withoutNews", phone, subject="Here already")
    put(site, "Come meanwhile", to=THUMB)
    assert {"before": 0, "little": 0, "after": 1} == browser.run("pullForNews", phone, subject="Come meanwhile")


def test_a_row_held_down_is_chosen_and_a_tap_chooses_the_next(site: Server, browser: Browser, phone: dict[str, Any]) -> None:
    for subject in ("Held down", "Tapped", "Left alone"):
        put(site, subject, to=THUMB)
    browser.run("withoutNews", phone, subject="Left alone")
    seen = browser.run("holdAndFile", phone, first="Held down", second="Tapped", kept="Left alone")
    assert {"held": "1 selected", "wide": True, "small": 0, "opened": 0, "left": 0} == seen
    for subject, mailbox in (("Held down", "Archive"), ("Tapped", "Archive"), ("Left alone", "INBOX")):
        eventually(lambda subject=subject, mailbox=mailbox: holds(site, mailbox, subject, THUMB))  # type: ignore[misc]


def test_everything_that_is_touched_has_room_for_a_finger(site: Server, browser: Browser, phone: dict[str, Any]) -> None:
    put(site, "Within reach", "<p>A text with <a href='https://elsewhere.example/'>a link</a>.</p>", to=THUMB)
    settings = ("appearance", "layout", "reading", "composing", "away", "templates", "keyboard", "folders", "labels", "notifications", "offline", "security")
    pages = (*(f"/settings/{one}" for one in settings), "/history", "/outbox", "/waiting")
    seen = browser.run("reach", phone, subject="Within reach", words="from:somebody within", pages=pages)
    assert len(pages) + 11 == len(seen)
    assert {} == {name: one["out"] for name, one in seen.items() if one["out"]}
    assert all(one["looked"] for one in seen.values())
