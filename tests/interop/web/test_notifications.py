"""Being told of new mail in the browser: by rules that follow the user, with every window closed, and by a window that nobody looks at."""

import imaplib
import threading
import time
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.harness.browser import Browser
from tests.harness.server import PASSWORD, Server
from tests.interop.web.conftest import PEOPLE, put

pytestmark = pytest.mark.interop
MINE, RULED = PEOPLE[9], PEOPLE[31]
# A window without a profile has no push service, as the browser says in its console at each start: hence ``errors=True`` in all of this.
VERIFICATION = {"@type": "PushVerification", "pushSubscriptionId": "o1", "verificationCode": "of nobody"}


@pytest.fixture(scope="module")
def device(site: Server) -> dict[str, Any]:
    put(site, "Before anything", to=MINE)
    return {"name": "bell", "login": MINE, "password": PASSWORD, "serviceWorkers": "allow"}


def test_nobody_is_told_of_until_it_is_wanted(whole_browser: Browser, device: dict[str, Any]) -> None:
    assert "while a window is open" in whole_browser.run("chooseNotifications", device, errors=True, vip="ada@elsewhere.example")


def test_with_every_window_closed_important_people_are_told_of(site: Server, whole_browser: Browser, device: dict[str, Any]) -> None:
    assert [] == whole_browser.run("pushed", device, errors=True, messages=[VERIFICATION])
    put(site, "Dinner?", to=MINE, sender="Ada Miller <ada@elsewhere.example>")
    put(site, "Not so important", to=MINE, sender="Bob <bob@elsewhere.example>")
    (told,) = whole_browser.run("pushed", device, errors=True, messages=["changed", "changed"])
    assert ("Ada Miller", "Dinner?", True, ["archive", "read"]) == (told["title"], told["body"], told["silent"], told["actions"])
    assert told["path"].startswith("/m/inbox/")


def test_a_window_that_nobody_looks_at_tells_of_them(site: Server, whole_browser: Browser, device: dict[str, Any]) -> None:
    def later() -> None:
        time.sleep(4)
        put(site, "And breakfast", to=MINE, sender="Ada Miller <ada@elsewhere.example>")

    sending = threading.Thread(target=later)
    sending.start()
    told = whole_browser.run("toldByThePage", device, errors=True, subject="And breakfast")
    sending.join()
    assert ["Ada Miller", "And breakfast"] in told


def test_it_ends(whole_browser: Browser, device: dict[str, Any]) -> None:
    assert 0 == whole_browser.run("noNotifications", device, errors=True)


VIP, FOLDER = "ada@elsewhere.example", "Projects"


@pytest.fixture(scope="module")
def ruled(site: Server, whole_browser: Browser) -> dict[str, Any]:
    with imaplib.IMAP4("127.0.0.1", site.ports["imap"]) as imap:
        imap.login(RULED, PASSWORD)
        imap.create(FOLDER)
        imap.create("Elsewhere")
    put(site, "Before all rules", to=RULED)
    device = {"name": "ruled", "login": RULED, "password": PASSWORD, "serviceWorkers": "allow"}
    whole_browser.run("signIn", device, errors=True)
    return device


def now(hours: int) -> str:
    return f"{datetime.now(ZoneInfo('Europe/Berlin')) + timedelta(hours=hours):%H:%M}"


def come(server: Server, when: str) -> None:
    """Of everybody one, in every place."""
    for name, sender, mailbox in (("anybody", "bob@elsewhere.example", "INBOX"), ("a VIP", VIP, "INBOX"), ("the folder", "bob@elsewhere.example", FOLDER), ("elsewhere", "bob@elsewhere.example", "Elsewhere")):
        put(server, f"From {name}, {when}", to=RULED, sender=sender, mailbox=mailbox)


QUIET = {"from": now(-2), "to": now(2)}


@pytest.mark.parametrize(
    ("case", "quiet", "sound", "who"),
    [
        ("by day", None, False, ["a VIP", "the folder"]),
        ("at night", QUIET | {"vips": True}, False, ["a VIP"]),
        ("at night without anybody", QUIET | {"vips": False}, True, []),
        ("after the night", {"from": now(-4), "to": now(-2), "vips": False}, True, ["a VIP", "the folder"]),
    ],
)
def test_rules_hold_in_front_behind_and_closed(
    site: Server, whole_browser: Browser, ruled: dict[str, Any], case: str, quiet: dict[str, Any] | None, sound: bool, who: list[str]
) -> None:
    whole_browser.run("rules", ruled, errors=True, which="VIPs only", vip=VIP, folder=FOLDER, quiet=quiet, sound=sound)
    # In front: who looks at the mail sees it come.
    come(site, f"{case}, in front")
    whole_browser.run("push", ruled, errors=True)
    assert [] == whole_browser.run("told", ruled, errors=True, count=0)
    # Behind another window: the page tells.
    whole_browser.run("putBehind", ruled, errors=True, behind=True)
    come(site, f"{case}, behind")
    assert [{"body": f"From {name}, {case}, behind", "silent": not sound} for name in who] == whole_browser.run("told", ruled, errors=True, count=len(who))
    whole_browser.run("putBehind", ruled, errors=True, behind=False)
    whole_browser.run("push", ruled, errors=True)
    # With every window closed: the service worker tells.
    whole_browser.run("close", ruled, errors=True)
    come(site, f"{case}, closed")
    whole_browser.run("push", ruled, errors=True)
    whole_browser.run("rows", ruled, errors=True, path="/m/inbox")
    assert [{"body": f"From {name}, {case}, closed", "silent": not sound} for name in who] == whole_browser.run("told", ruled, errors=True, count=len(who))
