"""The same mail without a mouse, over a slow line, in several windows and on several devices, without motion, at twice the size, from right to left."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.harness.browser import Browser
from tests.harness.server import PASSWORD, Server
from tests.interop.web.conftest import PEOPLE, eventually, found, holds, put

pytestmark = pytest.mark.interop
HANDS, SLOW, MANY, OTHER, FRIEND = PEOPLE[14], PEOPLE[15], PEOPLE[16], PEOPLE[17], PEOPLE[18]
NIGHT = PEOPLE[30]


def flags(server: Server, login: str, subject: str, mailbox: str = "INBOX") -> set[str]:
    return {flag.lower() for flag in found(server, login, mailbox, subject)[0][0]}


def test_without_a_mouse(site: Server, whole_browser: Browser) -> None:
    for subject in ("Lantern to be filed", "To be answered by key"):
        put(site, subject, to=HANDS, sender=FRIEND)
    device = {"name": "no mouse", "login": HANDS, "password": PASSWORD}
    hidden = whole_browser.run("keyboardAlone", device, first="To be answered by key", second="Lantern to be filed", reply="Typed, all of it.")
    assert [] == hidden
    eventually(lambda: holds(site, "Archive", "Lantern to be filed", HANDS))
    assert "desk" in flags(site, HANDS, "Lantern to be filed", "Archive")
    eventually(lambda: holds(site, "INBOX", "Re: To be answered by key", FRIEND))
    eventually(lambda: r"\answered" in flags(site, HANDS, "To be answered by key"))


def test_over_a_slow_line_deeds_are_seen_before_they_are_told(site: Server, browser: Browser) -> None:
    for subject in ("Slow to file", "Slow to flag", "Slow to read"):
        put(site, subject, f"<p>{subject}, word by word.</p>", to=SLOW)
    device = {"name": "slow", "login": SLOW, "password": PASSWORD}
    seen = browser.run("slowLine", device, filed="Slow to file", flagged="Slow to flag", read="Slow to read")
    assert (0, "Slow to read, word by word.") == (seen["head"], seen["text"])
    eventually(lambda: holds(site, "Archive", "Slow to file", SLOW))
    eventually(lambda: r"\flagged" in flags(site, SLOW, "Slow to flag"))


def test_what_waits_in_two_windows_is_done_once(site: Server, browser: Browser) -> None:
    put(site, "Filed in a window", to=MANY)
    device = {"name": "windows", "login": MANY, "password": PASSWORD}
    assert 2 == browser.run("twoWindowsOffline", device, filed="Filed in a window", to=FRIEND, subject="Only once")
    eventually(lambda: holds(site, "INBOX", "Only once", FRIEND))
    eventually(lambda: holds(site, "Archive", "Filed in a window", MANY))
    assert 1 == len(found(site, MANY, "Archive", "Filed in a window"))
    put(site, "In both", to=MANY)
    browser.run("choiceInBoth", device)
    assert 1 == len(found(site, FRIEND, "INBOX", "Only once"))
    assert 1 == len(found(site, MANY, "Sent", "Only once"))


def test_two_devices_lose_no_word_of_one_draft(site: Server, browser: Browser) -> None:
    here: dict[str, Any] = {"name": "windows", "login": MANY, "password": PASSWORD}
    there = here | {"name": "second device"}
    browser.run("draftAgain", here, subject="One letter", text="Begun. ")
    eventually(lambda: holds(site, "Drafts", "One letter", MANY))
    for device in (here, there):
        browser.run("takeUpDraft", device, subject="One letter")
    browser.run("goOnWriting", there, text="Written there.")
    assert 1 == browser.run("goOnWriting", here, text="Written here.")
    drafts = [str(message.get_body(("plain",)).get_content()) for _, message in found(site, MANY, "Drafts", "One letter")]  # type: ignore[union-attr]
    assert 2 == len(drafts)
    for words in ("Written there.", "Written here."):
        assert any(words in text for text in drafts)


def test_one_device_follows_the_other(site: Server, browser: Browser) -> None:
    here: dict[str, Any] = {"name": "follower", "login": SLOW, "password": PASSWORD}
    for subject in ("Done elsewhere", "Flagged elsewhere"):
        put(site, subject, to=SLOW)
    browser.run("rows", here, path="/m/inbox")
    there = {"name": "slow", "login": SLOW, "password": PASSWORD}
    browser.run("archive", there, subject="Done elsewhere")
    browser.run("flag", there, subject="Flagged elsewhere", colour="Red")
    browser.run("follows", here, gone="Done elsewhere", flagged="Flagged elsewhere")


def test_without_motion(site: Server, browser: Browser) -> None:
    put(site, "Without a stir", to=OTHER)
    device: dict[str, Any] = {"name": "still", "login": OTHER, "password": PASSWORD, "reducedMotion": "reduce"}
    assert [] == browser.run("withoutMotion", device, subject="Without a stir")
    eventually(lambda: holds(site, "Archive", "Without a stir", OTHER))


def test_twice_the_size(site: Server, browser: Browser) -> None:
    put(site, "In large letters", to=OTHER)
    device: dict[str, Any] = {"name": "large", "login": OTHER, "password": PASSWORD, "viewport": {"width": 720, "height": 450}, "deviceScaleFactor": 2}
    assert browser.run("filedAtTwiceTheSize", device, subject="In large letters")
    eventually(lambda: holds(site, "Archive", "In large letters", OTHER))


def test_from_right_to_left(site: Server, browser: Browser) -> None:
    put(site, "Something to stand there", to=OTHER)
    device = {"name": "arabic", "login": OTHER, "password": PASSWORD}
    seen = browser.run("rightToLeft", device, to=FRIEND, subject="موعد الغداء", text="نلتقي عند الظهر؟")
    assert {"wider": True, "from": "rtl"} == seen
    # IMAP's SEARCH by imaplib speaks ASCII: whatever has arrived is looked at.
    eventually(lambda: any(message["Subject"] == "موعد الغداء" for _, message in found(site, FRIEND, "INBOX", "")))
    [message] = [message for _, message in found(site, FRIEND, "INBOX", "") if message["Subject"] == "موعد الغداء"]
    body = message.get_body(("plain",))
    assert body is not None
    assert body.get_content().startswith("نلتقي عند الظهر؟")


def test_over_midnight_today_becomes_yesterday(site: Server, browser: Browser) -> None:
    put(site, "Late in the evening", to=NIGHT)
    here = ZoneInfo("Europe/Berlin")
    came = datetime.now(here)
    midnight = (came + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    device = {"name": "night", "login": NIGHT, "password": PASSWORD}
    seen = browser.run("overMidnight", device, subject="Late in the evening", now=(midnight - timedelta(minutes=1)).isoformat())
    time = f"{came:%H:%M}"
    assert {"heading": "Today", "row": time, "message": f"Today {time}"} == seen[0]
    assert {"heading": "Yesterday", "row": f"{came:%a}", "message": f"Yesterday {time}"} == seen[1]
    assert all(seen[2][where].startswith(f"{came.day} {came:%b}") for where in ("row", "message"))
    assert seen[2]["heading"] not in ("Today", "Yesterday")
