"""Choices in the browser and what they do: keys, looks, where settings are found, messages one by one."""

from email.message import EmailMessage
from typing import Any

import pytest
from tests.harness.browser import Browser
from tests.harness.server import PASSWORD, Server
from tests.interop.web.conftest import PEOPLE, eventually, found, holds, put

pytestmark = pytest.mark.interop
CHOOSY = PEOPLE[19]


@pytest.fixture(scope="module")
def device(site: Server, browser: Browser) -> dict[str, Any]:
    put(site, "Always there", to=CHOOSY)
    wanted = {"name": "choosy", "login": CHOOSY, "password": PASSWORD}
    browser.run("signIn", wanted)
    return wanted


def test_keys_of_ones_own_and_of_other_programs(site: Server, browser: Browser, device: dict[str, Any]) -> None:
    for subject in ("By a key of my own", "By a key of Outlook"):
        put(site, subject, to=CHOOSY)
    browser.run("ownKeys", device, command="Archive", key="y", filed="By a key of my own", preset="Outlook", presetKey="Backspace", second="By a key of Outlook")
    for subject in ("By a key of my own", "By a key of Outlook"):
        eventually(lambda subject=subject: holds(site, "Archive", subject, CHOOSY))  # type: ignore[misc]


def test_single_keys_can_be_switched_off(site: Server, browser: Browser, device: dict[str, Any]) -> None:
    """WCAG 2.2 success criterion 2.1.4."""
    put(site, "Not by accident", to=CHOOSY)
    assert 1 == browser.run("singleKeysOff", device, subject="Not by accident")
    assert holds(site, "INBOX", "Not by accident", CHOOSY)


def test_settings_are_found_by_their_words(browser: Browser, device: dict[str, Any]) -> None:
    found_pages = browser.run("findSetting", device, word="signature", page="Composing", other="Signed-in browsers", otherPath="/settings/security")
    assert found_pages == ["Composing"]


def test_looks_apply_at_once_and_are_taken_back(browser: Browser, device: dict[str, Any]) -> None:
    seen = browser.run("looksChosen", device)
    assert ("contrast", "compact") == (seen["after"]["theme"], seen["after"]["density"])
    assert seen["before"]["accent"] != seen["after"]["accent"]
    assert ("contrast", seen["before"]["density"]) == (seen["undone"]["theme"], seen["undone"]["density"])
    light, dark, close = seen["seen"]
    assert light["subject"] == dark["subject"] != "This is how mail will look"
    assert (72, 72, 32) == (light["height"], dark["height"], close["height"])
    assert light["selected"] != dark["selected"]
    assert "light" == seen["night"]
    assert [["Your mail in the layout Reader below", 2], ["Your mail in the layout Split inbox", 4], ["Your mail in the layout Columns", 2]] == seen["arrangements"]


def test_messages_one_by_one(site: Server, browser: Browser, device: dict[str, Any]) -> None:
    ids: list[str] = []

    def after(message: EmailMessage) -> None:
        if ids:
            message["In-Reply-To"] = ids[-1]
        ids.append(str(message["Message-ID"]))

    for _ in range(2):
        put(site, "Two in one", to=CHOOSY, change=after)
    assert 1 == browser.run("singleMessages", device, subject="Two in one")
    eventually(lambda: len(found(site, CHOOSY, "Archive", "Two in one")) == 1)
    assert 1 == len(found(site, CHOOSY, "INBOX", "Two in one"))


def test_the_first_visit(browser: Browser) -> None:
    seen = browser.run("firstRun", {"name": "first visit", "login": PEOPLE[34], "password": PASSWORD})
    assert [["> Ada", "Ben", "Mira"], ["Ada", "> Ben", "Mira"], ["Ada", "> Mira"], ["Ada", "> Ben", "Mira"]] == seen["drill"]
    # The preview and the mail behind it follow each choice at once.
    assert ([1, True], ["compact", True]) == (seen["preview"], seen["root"])
    assert seen["straight"] == [True, True]
    assert seen["seconds"] < 60
    assert (0, {"layout": "bottom", "density": "compact", "days": 7}) == (seen["again"], seen["kept"])
