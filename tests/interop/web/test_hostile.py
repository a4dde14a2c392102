"""The frame of messages holds what nobody has cleaned, with and without a network; and the ways of framing that would not hold are known not to (CLIENT.md, appendix)."""

from typing import Any

import pytest
from tests.harness.browser import Browser
from tests.harness.server import PASSWORD, Server
from tests.interop.web.conftest import PEOPLE, hostile, put

pytestmark = pytest.mark.interop
TARGET = PEOPLE[57]
REFRESH = "<p>One moment.</p><meta http-equiv=refresh content='0;url={url}/refresh'>"


@pytest.fixture(scope="module")
def frames(site: Server) -> dict[str, Any]:
    put(site, "Something to stand behind it", to=TARGET)
    return {"name": "frames", "login": TARGET, "password": PASSWORD}


@pytest.fixture(scope="module")
def open_frames() -> dict[str, Any]:
    """A window without a service worker, so that the page comes as it is given here."""
    return {"name": "open frames", "login": TARGET, "password": PASSWORD, "serviceWorkers": "block"}


@pytest.mark.parametrize("offline", [False, True])
def test_what_nobody_has_cleaned_reaches_nobody(browser: Browser, frames: dict[str, Any], tracker: tuple[str, list[str]], offline: bool) -> None:
    url, hits = tracker
    mails = [*hostile(url), f"<div style='position:fixed;inset:-9999px;z-index:2147483647;background:url({url}/fixed)'><a href='{url}/over' target=_top>x</a></div>"]
    # The policy's refusals of what the mail tries are reported as errors, and are the point.
    seen = browser.run("uncleaned", frames, errors=True, mails=mails, offline=offline)
    assert [{"rendered": True, "reachable": False, "origin": "null", "marked": False}] * len(mails) == seen
    assert [] == hits


def test_keys_and_links_of_a_message_arrive(browser: Browser, frames: dict[str, Any], tracker: tuple[str, list[str]]) -> None:
    url, hits = tracker
    assert {"key": "j", "link": f"{url}/page", "pages": 1} == browser.run("heardFromFrame", frames, errors=True, html=f"<p>Read <a href='{url}/page' target=_blank>this</a>.</p>")
    assert [] == hits


def test_a_sandbox_that_is_an_attribute_too_would_not_come_without_a_network(browser: Browser, frames: dict[str, Any]) -> None:
    assert {"online": True, "offline": False} == browser.run("sandboxedTwice", frames, errors=True, html="<p>Here</p>")


@pytest.mark.parametrize(("policy", "reached"), [("frame-src 'self'", []), ("frame-src *", ["/refresh"])])
def test_a_page_that_framed_everything_would_let_a_message_go_elsewhere(
    browser: Browser, open_frames: dict[str, Any], tracker: tuple[str, list[str]], policy: str, reached: list[str]
) -> None:
    url, hits = tracker
    browser.run("framesOfAll", open_frames, errors=True, html=REFRESH.format(url=url), policy=policy)
    assert reached == sorted(set(hits))
