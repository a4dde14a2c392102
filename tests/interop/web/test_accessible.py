"""Every screen under axe-core (WCAG 2.2 A and AA, best practice), in light and in dark."""

import json
from email.message import EmailMessage
from typing import Any

import pytest
from tests.harness import pdf
from tests.harness.browser import Browser
from tests.harness.samples import fill
from tests.harness.server import PASSWORD, Server
from tests.interop.web.conftest import PEOPLE, put

pytestmark = pytest.mark.interop
READER = PEOPLE[4]
SELDOM = PEOPLE[21]
RIGHT = PEOPLE[58]
SCREENS = 36
STATES = 38
PHONE = {"viewport": {"width": 390, "height": 844}, "hasTouch": True, "isMobile": True}


@pytest.fixture(scope="module")
def samples(site: Server) -> None:
    """The demo's mail, so that every screen has something to show."""
    for login in (READER, SELDOM, RIGHT):
        fill(site, login)
    put(site, "Pages to look at", to=SELDOM, change=_pages)


def _pages(message: EmailMessage) -> None:
    link = pdf.link((60, 600, 300, 640), pdf.uri("https://elsewhere.example/offer"))
    for name, octets in (("pages.pdf", pdf.document([["One"], ["Two"]], annotations={1: link})), ("locked.pdf", pdf.locked())):
        message.add_attachment(octets, maintype="application", subtype="pdf", filename=name)


@pytest.mark.usefixtures("samples")
def test_every_screen_in_every_theme(browser: Browser) -> None:
    seen = browser.run("accessible", {"name": "look", "login": READER, "password": PASSWORD})
    assert seen["seen"] >= SCREENS
    assert seen["found"] == {}, json.dumps(seen["found"], indent=1)


@pytest.mark.usefixtures("samples")
def test_every_screen_of_a_phone(browser: Browser) -> None:
    device: dict[str, Any] = {"name": "phone", "login": READER, "password": PASSWORD, **PHONE}
    seen = browser.run("accessible", device, size="phone")
    assert seen["found"] == {}, json.dumps(seen["found"], indent=1)


@pytest.mark.usefixtures("samples")
def test_screens_of_a_tablet_from_right_to_left(browser: Browser) -> None:
    device: dict[str, Any] = {"name": "from the right", "login": RIGHT, "password": PASSWORD, "viewport": {"width": 900, "height": 1100}}
    seen = browser.run("accessible", device, size="tablet", language="ar")
    assert (13, "rtl") == (seen["seen"], seen["dir"])
    assert seen["found"] == {}, json.dumps(seen["found"], indent=1)


@pytest.mark.usefixtures("samples")
@pytest.mark.parametrize("half", [(0, STATES // 2), (STATES // 2, 1000)], ids=["menus", "lacks"])
def test_what_is_seen_seldom(browser: Browser, half: tuple[int, int]) -> None:
    device = {"name": "seldom", "login": SELDOM, "password": PASSWORD}
    seen = browser.run("accessible", device, errors=True, size="states", **dict(zip(("from", "to"), half, strict=True)))
    assert seen["seen"] >= STATES // 2
    assert seen["found"] == {}, json.dumps(seen["found"], indent=1)


@pytest.mark.usefixtures("samples")
def test_what_is_seen_seldom_on_a_phone(browser: Browser) -> None:
    device: dict[str, Any] = {"name": "seldom phone", "login": SELDOM, "password": PASSWORD, **PHONE}
    seen = browser.run("accessible", device, errors=True, size="phoneStates")
    assert seen["found"] == {}, json.dumps(seen["found"], indent=1)


def test_the_door(browser: Browser) -> None:
    assert browser.run("accessibleDoor", {"name": "nobody", "login": "", "password": ""}) == []


@pytest.mark.usefixtures("samples")
def test_languages_and_the_way_they_are_written(browser: Browser) -> None:
    device = {"name": "look", "login": READER, "password": PASSWORD}
    german = browser.run("language", device, language="de")
    assert (german["dir"], german["listBeforeReader"]) == ("ltr", True)
    assert "Posteingang" in german["places"]
    arabic = browser.run("language", device, language="ar")
    assert (arabic["dir"], arabic["listBeforeReader"]) == ("rtl", False)
    assert "الوارد" in arabic["places"]
    browser.run("language", device, language="en")


@pytest.mark.usefixtures("samples")
def test_twice_the_size_without_scrolling_sideways(browser: Browser) -> None:
    device: dict[str, Any] = {"name": "zoomed", "login": READER, "password": PASSWORD, "viewport": {"width": 720, "height": 450}, "reducedMotion": "reduce"}
    assert browser.run("zoomed", device) == {}
