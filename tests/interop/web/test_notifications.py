"""Being told of new mail in the browser: by rules that follow the user, with every window closed, and by a window that nobody looks at."""

import threading
import time
from typing import Any

import pytest
from tests.harness.browser import Browser
from tests.harness.server import PASSWORD, Server
from tests.interop.web.conftest import PEOPLE, put

pytestmark = pytest.mark.interop
MINE = PEOPLE[9]
# A window without a profile has no push service, as the browser says in its console at each start: hence ``errors=True`` in all of this.
VERIFICATION = {"@type": "PushVerification", "pushSubscriptionId": "o1", "verificationCode": "of nobody"}


@pytest.fixture(scope="module")
def device(site: Server) -> dict[str, Any]:
    put(site, "Before anything", to=MINE)
    return {"name": "bell", "login": MINE, "password": PASSWORD, "serviceWorkers": "allow"}


def test_nobody_is_told_of_until_it_is_wanted(browser: Browser, device: dict[str, Any]) -> None:
    assert "while a window is open" in browser.run("chooseNotifications", device, errors=True, vip="ada@elsewhere.example")


def test_with_every_window_closed_important_people_are_told_of(site: Server, browser: Browser, device: dict[str, Any]) -> None:
    assert [] == browser.run("pushed", device, errors=True, messages=[VERIFICATION])
    put(site, "Dinner?", to=MINE, sender="Ada Miller <ada@elsewhere.example>")
    put(site, "Not so important", to=MINE, sender="Bob <bob@elsewhere.example>")
    (told,) = browser.run("pushed", device, errors=True, messages=["changed", "changed"])
    assert ("Ada Miller", "Dinner?", True, ["archive", "read"]) == (told["title"], told["body"], told["silent"], told["actions"])
    assert told["path"].startswith("/m/inbox/")


def test_a_window_that_nobody_looks_at_tells_of_them(site: Server, browser: Browser, device: dict[str, Any]) -> None:
    def later() -> None:
        time.sleep(4)
        put(site, "And breakfast", to=MINE, sender="Ada Miller <ada@elsewhere.example>")

    sending = threading.Thread(target=later)
    sending.start()
    told = browser.run("toldByThePage", device, errors=True, subject="And breakfast")
    sending.join()
    assert ["Ada Miller", "And breakfast"] in told


def test_it_ends(browser: Browser, device: dict[str, Any]) -> None:
    assert 0 == browser.run("noNotifications", device, errors=True)
