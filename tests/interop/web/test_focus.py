"""Where the keyboard is after each deed, in each arrangement of the window: at the next row, at the next message, and never lost."""

import imaplib
from typing import Any

import pytest
from tests.harness.browser import Browser
from tests.harness.server import PASSWORD, Server
from tests.interop.web.conftest import PEOPLE, put

pytestmark = pytest.mark.interop
ROWS, READER, LAST, THUMB = PEOPLE[35:39]
SUBJECTS = ("First of four", "Second of four", "Third of four", "Fourth of four")


@pytest.fixture(scope="module")
def mail(site: Server) -> None:
    for login in (ROWS, READER, THUMB, LAST):
        with imaplib.IMAP4("127.0.0.1", site.ports["imap"]) as imap:
            imap.login(login, PASSWORD)
            imap.create("Desk" if login == LAST else "Later")
        # The newest stands at the top: what is done is done to the second row.
        for age, subject in enumerate(SUBJECTS):
            put(site, subject, to=login, age_s=60.0 * age)
    put(site, "One alone", to=LAST, mailbox="Desk")


@pytest.mark.parametrize("layout", ["columns", "bottom", "table", "focus", "split"])
def test_from_row_to_row(browser: Browser, mail: None, layout: str) -> None:
    device: dict[str, Any] = {"name": "rows", "login": ROWS, "password": PASSWORD}
    assert [] == browser.run("focusInList", device, layout=layout, subject=SUBJECTS[1], next=SUBJECTS[2])


@pytest.mark.parametrize("layout", ["columns", "bottom", "table", "focus", "split"])
def test_from_message_to_message(browser: Browser, mail: None, layout: str) -> None:
    device: dict[str, Any] = {"name": "reader", "login": READER, "password": PASSWORD}
    assert [] == browser.run("focusInReader", device, layout=layout, subject=SUBJECTS[1], next=SUBJECTS[2])


def test_a_list_that_becomes_empty(browser: Browser, mail: None) -> None:
    assert [] == browser.run("focusOfTheLast", {"name": "last", "login": LAST, "password": PASSWORD}, subject="One alone")


def test_a_thumb_never_loses_the_focus(browser: Browser, mail: None) -> None:
    device: dict[str, Any] = {"name": "focus-of-the-thumb", "login": THUMB, "password": PASSWORD, "viewport": {"width": 390, "height": 844}, "hasTouch": True, "isMobile": True}
    assert [] == browser.run("focusOfTheThumb", device, first=SUBJECTS[0], second=SUBJECTS[1], third=SUBJECTS[2], fourth=SUBJECTS[3])
