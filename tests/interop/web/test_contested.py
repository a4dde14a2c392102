"""What waits on a device while another device or another window was there first, and what waits where the browser keeps nothing."""

import imaplib
from typing import Any

import pytest
from tests.harness.browser import Browser
from tests.harness.server import PASSWORD, Server
from tests.interop.test_jmap_send import USING, Jmap
from tests.interop.web.conftest import PEOPLE, eventually, found, holds, put

pytestmark = pytest.mark.interop
TUNNEL, BESIDE, FRIEND, FULL, PRIVATE = PEOPLE[50:55]
KILLED, BEGUN = PEOPLE[55:57]


def moved(server: Server, login: str, subject: str, into: str) -> None:
    """Another program moves it there out of the inbox."""
    with imaplib.IMAP4("127.0.0.1", server.ports["imap"]) as imap:
        imap.login(login, PASSWORD)
        imap.create(into)
        imap.select("INBOX")
        number = imap.search(None, "SUBJECT", f'"{subject}"')[1][0].decode()
        assert imap._simple_command("MOVE", number, into)[0] == "OK"


def test_what_another_device_has_moved_meanwhile_is_in_one_place_and_goes_back_there(site: Server, browser: Browser) -> None:
    subject = "Filed here and there"
    put(site, subject, to=TUNNEL)
    device = {"name": "tunnel", "login": TUNNEL, "password": PASSWORD}
    browser.run("doneInTheTunnel", device, subject=subject, key="e")
    moved(site, TUNNEL, subject, "Plans")
    said = browser.run("outOfTheTunnel", device, subject=subject)
    assert "Plans" in said
    eventually(lambda: holds(site, "Archive", subject, TUNNEL))
    assert not holds(site, "Plans", subject, TUNNEL)
    browser.run("takenBack", device, subject=subject)
    eventually(lambda: holds(site, "Plans", subject, TUNNEL))
    assert not holds(site, "Archive", subject, TUNNEL)
    assert not holds(site, "INBOX", subject, TUNNEL)


@pytest.mark.parametrize("reload", [False, True])
def test_what_was_begun_without_a_network_is_on_the_server_when_it_is_back(site: Server, browser: Browser, reload: bool) -> None:
    put(site, "Where it began", to=BEGUN)
    device = {"name": f"begun {reload}", "login": BEGUN, "password": PASSWORD}
    subject = f"Begun in the tunnel {reload}"
    browser.run("draftInTheTunnel", device, listed="Where it began", to=FRIEND, subject=subject, reload=reload)
    eventually(lambda: holds(site, "Drafts", subject, BEGUN))
    [(_, draft)] = found(site, BEGUN, "Drafts", subject)
    assert ["a line"] == [part.get_content() for part in draft.iter_attachments()]


def test_what_one_window_has_taken_back_the_other_does_not_do(site: Server, browser: Browser) -> None:
    subject = "Taken back beside"
    put(site, subject, to=BESIDE)
    device: dict[str, Any] = {"name": "beside", "login": BESIDE, "password": PASSWORD}
    assert "undone" in browser.run("takenBackBeside", device, subject=subject)
    assert holds(site, "INBOX", subject, BESIDE)
    assert not holds(site, "Archive", subject, BESIDE)


def test_what_waits_in_two_windows_is_made_once(site: Server, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = "Reminded of beside"
    put(site, subject, to=BESIDE)
    browser.run("remindedBeside", {"name": "beside", "login": BESIDE, "password": PASSWORD}, subject=subject)
    monkeypatch.setattr("tests.interop.test_jmap_send.USING", [*USING, "urn:mailstead:params:jmap:plus"])
    assert 1 == len(Jmap(site, BESIDE).call("Reminder/get")["list"])


def test_what_the_browser_does_not_keep_is_said_and_not_lost_by_closing(site: Server, browser: Browser) -> None:
    subject = "Filed on a full disk"
    put(site, subject, to=FULL)
    device = {"name": "full disk", "login": FULL, "password": PASSWORD}
    seen = browser.run("nothingMoreIsKept", device, subject=subject, to=FRIEND, letter="Written on a full disk", errors=True)
    assert "One change is in this window only" in seen["deed"]
    assert "cannot be reached" in seen["file"]
    assert seen["rows"] > 0.8  # the notice does not take the place of the list
    assert "beforeunload" == seen["asks"]
    browser.run("cut", device, off=False)
    eventually(lambda: holds(site, "Archive", subject, FULL))
    eventually(lambda: holds(site, "Drafts", "Written on a full disk", FULL))


def test_a_window_without_a_store_reads_and_files(site: Server, browser: Browser) -> None:
    subject = "Read in private"
    put(site, subject, "<p>Between you and me.</p>", to=PRIVATE)
    device = {"name": "private", "login": PRIVATE, "password": PASSWORD}
    assert "beforeunload" == browser.run("withoutStore", device, subject=subject, text="Between you and me.")
    eventually(lambda: holds(site, "Archive", subject, PRIVATE))


def test_what_waits_outlives_a_browser_that_is_killed(site: Server, browser: Browser) -> None:
    for subject in ("Filed before the end", "Flagged before the end"):
        put(site, subject, to=KILLED)
    device = {"name": "killed", "login": KILLED, "password": PASSWORD}
    waiting = browser.run("killed", device, file="Filed before the end", flag="Flagged before the end", to=FRIEND, subject="Sent before the end")
    assert [f"Message to {FRIEND}", "Flagged", "Archived"] == waiting
    eventually(lambda: holds(site, "Archive", "Filed before the end", KILLED) and not holds(site, "INBOX", "Filed before the end", KILLED))
    [(flags, _)] = found(site, KILLED, "INBOX", "Flagged before the end")
    assert r"\Flagged" in flags
    eventually(lambda: holds(site, "INBOX", "Sent before the end", FRIEND))
    [(_, message)] = found(site, FRIEND, "INBOX", "Sent before the end")
    assert ["last words"] == [part.get_content() for part in message.iter_attachments()]
    assert 1 == len(found(site, KILLED, "Sent", "Sent before the end"))
