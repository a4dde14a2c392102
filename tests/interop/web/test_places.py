"""Places beside the lists: the ways to them and back, with and without a network, and the words of a question."""

from typing import Any

import pytest
from tests.harness.browser import Browser
from tests.harness.server import PASSWORD, Server
from tests.interop.web.conftest import PEOPLE, put

pytestmark = pytest.mark.interop
TRAVELLER, THUMB, POLYGLOT = PEOPLE[40:43]


def test_the_board_is_there_without_a_network(site: Server, browser: Browser) -> None:
    put(site, "Here for the board", to=TRAVELLER)
    device: dict[str, Any] = {"name": "board", "login": TRAVELLER, "password": PASSWORD}
    assert {"link": 1, "heading": "Waiting on"} == browser.run("boardOffline", device, subject="Here for the board")


@pytest.mark.parametrize(("place", "path"), [("Waiting on", "/waiting"), ("Outbox", "/outbox")])
def test_a_telephone_has_a_way_back_from_every_place(site: Server, browser: Browser, place: str, path: str) -> None:
    put(site, "Here for the thumb", to=THUMB)
    device: dict[str, Any] = {"name": "there-and-back", "login": THUMB, "password": PASSWORD, "viewport": {"width": 390, "height": 844}, "hasTouch": True, "isMobile": True}
    assert {"at": path, "current": "Mail"} == browser.run("thereAndBack", device, place=place, path=path, subject="Here for the thumb")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["is unread", "in Inbox", "larger than 100 bytes"]),
        ("de", ["ist ungelesen", "in Eingang", "größer als 100 Byte"]),
        ("ar", ["حالها غير مقروءة", "في الوارد", "أكبر من 100 بايت"]),
    ],
)
def test_tokens_of_a_question_speak_the_language_of_the_screen(site: Server, browser: Browser, language: str, said: list[str]) -> None:
    put(site, f"Asked in {language}", to=POLYGLOT)
    device: dict[str, Any] = {"name": "polyglot", "login": POLYGLOT, "password": PASSWORD}
    seen = browser.run("tokens", device, language=language, question="is:unread in:inbox larger:100", subject=f"Asked in {language}")
    assert said == seen["said"]
    assert f"Asked in {language}" in seen["found"]
