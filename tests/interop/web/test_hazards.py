"""What goes wrong around whoever writes: nothing is lost, nothing is doubled."""

from typing import Any

import pytest
from tests.harness.browser import Browser
from tests.harness.server import PASSWORD, Server
from tests.interop.web.conftest import PEOPLE, eventually, found, holds, put

pytestmark = pytest.mark.interop
SLOW, TWOFOLD, FRIEND = PEOPLE[27], PEOPLE[28], PEOPLE[1]
SLOW_MS = 400
"""A device that takes so long to seal each value has not written it when the server has answered."""


@pytest.fixture(scope="module")
def slow(browser: Browser) -> dict[str, Any]:
    device = {"name": "slow to write", "login": SLOW, "password": PASSWORD}
    browser.run("signIn", device)
    return device


@pytest.fixture(scope="module")
def twofold(browser: Browser) -> dict[str, Any]:
    device = {"name": "twofold", "login": TWOFOLD, "password": PASSWORD, "serviceWorkers": "block"}
    browser.run("signIn", device)
    browser.run("shortUndo", device)
    return device


def test_undo_outlives_a_reload_of_a_slow_device(site: Server, browser: Browser, slow: dict[str, Any]) -> None:
    for subject in ("To be seen", "To be kept slowly"):
        put(site, subject, to=SLOW)
    browser.run("slowUndo", slow, subject="To be kept slowly", ms=SLOW_MS)
    eventually(lambda: holds(site, "INBOX", "To be kept slowly", SLOW))
    assert not holds(site, "Archive", "To be kept slowly", SLOW)


def test_a_draft_of_a_slow_device_is_one_after_a_reload(site: Server, browser: Browser, slow: dict[str, Any]) -> None:
    assert 1 == browser.run("slowDraft", slow, subject="Written slowly")
    eventually(lambda: "Two." in "".join(message.as_string() for _, message in found(site, SLOW, "Drafts", "Written slowly")))
    assert 1 == len(found(site, SLOW, "Drafts", "Written slowly"))


def test_what_was_sent_from_another_window_stays_sent(site: Server, browser: Browser, twofold: dict[str, Any]) -> None:
    assert "The draft was changed elsewhere too; both versions are in Drafts." == browser.run("sentElsewhere", twofold, to=FRIEND, subject="In two windows at once")
    eventually(lambda: holds(site, "INBOX", "In two windows at once", FRIEND))
    [(_, sent)] = found(site, TWOFOLD, "Sent", "In two windows at once")
    assert "And more." not in sent.as_string()
    [(_, draft)] = found(site, TWOFOLD, "Drafts", "In two windows at once")
    assert "And more." in draft.as_string()


def test_a_message_is_sent_once_where_the_answer_is_lost(site: Server, browser: Browser, twofold: dict[str, Any]) -> None:
    assert {"lost": 1, "more": 1} == browser.run("lostAnswer", twofold, to=FRIEND, subject="Said once", errors=True)
    eventually(lambda: holds(site, "INBOX", "Said once", FRIEND))
    assert 1 == len(found(site, FRIEND, "INBOX", "Said once"))
    assert 1 == len(found(site, TWOFOLD, "Sent", "Said once"))
    assert not holds(site, "Drafts", "Said once", TWOFOLD)


def test_a_draft_thrown_away_without_a_network_is_gone_when_it_is_back(site: Server, browser: Browser, twofold: dict[str, Any]) -> None:
    browser.run("discardOffline", twofold, subject="Never mind this")
    eventually(lambda: not holds(site, "Drafts", "Never mind this", TWOFOLD))
    assert holds(site, "Trash", "Never mind this", TWOFOLD)


def test_what_could_not_be_handed_over_again_is_a_draft_and_not_among_what_was_sent(site: Server, browser: Browser, twofold: dict[str, Any]) -> None:
    said = browser.run("brokenReschedule", twofold, to=FRIEND, subject="Now or tomorrow", errors=True)
    assert "The server cannot be reached" in said
    assert holds(site, "Drafts", "Now or tomorrow", TWOFOLD)
    assert not holds(site, "Sent", "Now or tomorrow", TWOFOLD)


def test_who_wants_to_be_reminded_is_reminded_once_of_what_was_sent_in_the_end(site: Server, browser: Browser, twofold: dict[str, Any]) -> None:
    assert 1 == browser.run("remindAfterUndo", twofold, to=FRIEND, subject="Could we meet after all")
    eventually(lambda: holds(site, "INBOX", "Could we meet after all", FRIEND))
