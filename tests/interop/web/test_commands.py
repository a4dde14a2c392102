"""What commands do, each by its key or its button, is what IMAP shows afterwards. ``registry`` names them all."""

import imaplib
import urllib.request
from email.message import EmailMessage
from typing import Any

import pytest
from tests.harness.browser import Browser
from tests.harness.server import PASSWORD, Server
from tests.interop.web.conftest import PEOPLE, eventually, found, holds, put

pytestmark = pytest.mark.interop
HANDS, FRIEND, THIRD = PEOPLE[10], PEOPLE[11], PEOPLE[12]


@pytest.fixture(scope="module")
def keys(site: Server, browser: Browser) -> dict[str, Any]:
    """Somebody who knows the keys."""
    put(site, "Always there", to=HANDS)
    device = {"name": "keys", "login": HANDS, "password": PASSWORD}
    browser.run("signIn", device)
    browser.run("shortUndo", device)
    return device


def flags(server: Server, subject: str, mailbox: str = "INBOX") -> set[str]:
    return {flag.lower() for flag in found(server, HANDS, mailbox, subject)[0][0]}


def session_of(server: Server, cookies: str) -> int:
    """What the server answers to whoever shows these: 200 with a session, 204 without."""
    assert "=" in cookies
    request = urllib.request.Request(f"http://127.0.0.1:{server.ports['http']}/api/session", headers={"Cookie": cookies})
    with urllib.request.urlopen(request) as answer:
        return int(answer.status)


def clear(server: Server) -> None:
    """An inbox with nothing in it."""
    with imaplib.IMAP4("127.0.0.1", server.ports["imap"]) as imap:
        imap.login(HANDS, PASSWORD)
        imap.select("INBOX")
        imap.store("1:*", "+FLAGS", r"(\Deleted)")
        imap.expunge()


def test_archive_and_go_on(site: Server, browser: Browser, keys: dict[str, Any]) -> None:
    for subject in ("On four", "On three", "On two", "On one"):
        put(site, subject, to=HANDS)
    assert ["On three", "On one"] == browser.run("archiveAndGoOn", keys, first="On two", second="On three")
    for subject in ("On two", "On three"):
        eventually(lambda subject=subject: holds(site, "Archive", subject, HANDS))  # type: ignore[misc]
        assert not holds(site, "INBOX", subject, HANDS)


def test_filed_by_key_and_fetched_back(site: Server, browser: Browser, keys: dict[str, Any]) -> None:
    with imaplib.IMAP4("127.0.0.1", site.ports["imap"]) as imap:
        imap.login(HANDS, PASSWORD)
        imap.create("Garden")
    for subject in ("Rubbish", "Pills", "Seeds"):
        put(site, subject, to=HANDS)
    browser.run("fileByKey", keys, trash="Rubbish", junk="Pills", move="Seeds", folder="Garden")
    for subject, mailbox in (("Rubbish", "Trash"), ("Pills", "Junk"), ("Seeds", "Garden")):
        eventually(lambda subject=subject, mailbox=mailbox: holds(site, mailbox, subject, HANDS))  # type: ignore[misc]
        assert not holds(site, "INBOX", subject, HANDS)
    assert "$junk" in flags(site, "Pills", "Junk")
    browser.run("fetchBack", keys, trash="Rubbish", junk="Pills")
    for subject in ("Rubbish", "Pills"):
        eventually(lambda subject=subject: holds(site, "INBOX", subject, HANDS))  # type: ignore[misc]
    assert {"$notjunk"} == {"$junk", "$notjunk"} & flags(site, "Pills")
    assert not holds(site, "Trash", "Rubbish", HANDS)


def test_undone_and_done_again(site: Server, browser: Browser, keys: dict[str, Any]) -> None:
    put(site, "There and back", to=HANDS)
    browser.run("undoAndRedo", keys, subject="There and back")
    eventually(lambda: holds(site, "Archive", "There and back", HANDS))
    assert not holds(site, "INBOX", "There and back", HANDS)


def test_the_cursor_goes_to_the_row_beside_it(site: Server, browser: Browser, keys: dict[str, Any]) -> None:
    """Another device takes the row away as another message comes: that one, which nobody has chosen, is not stood on in its place."""
    for subject in ("Stood below", "Stood upon"):
        put(site, subject, to=HANDS)
    browser.run("standOffline", keys, subject="Stood upon")
    with imaplib.IMAP4("127.0.0.1", site.ports["imap"]) as imap:
        imap.login(HANDS, PASSWORD)
        imap.select("INBOX")
        (number,) = imap.search(None, 'SUBJECT "Stood upon"')[1]
        imap.store(number.decode(), "+FLAGS", r"(\Deleted)")
        imap.expunge()
    put(site, "Came instead", to=HANDS)
    assert "Stood below" == browser.run("standOnline", keys, gone="Stood upon", come="Came instead")


def test_read_unread_and_flagged(site: Server, browser: Browser, keys: dict[str, Any]) -> None:
    for subject in ("For later", "Skimmed", "Hovered", "With a flag"):
        put(site, subject, to=HANDS)
    browser.run("marks", keys, unread="For later", read="Skimmed", toggled="Hovered", flagged="With a flag")
    for subject in ("Skimmed", "Hovered"):
        eventually(lambda subject=subject: r"\seen" in flags(site, subject))  # type: ignore[misc]
    eventually(lambda: r"\flagged" in flags(site, "With a flag"))
    eventually(lambda: r"\seen" not in flags(site, "For later"))


def test_muted_and_no_longer(site: Server, browser: Browser, keys: dict[str, Any]) -> None:
    put(site, "Endless talk", to=HANDS)
    put(site, "Talk after all", to=HANDS)
    browser.run("muteAndUnmute", keys, muted="Endless talk", both="Talk after all")
    eventually(lambda: "$muted" in flags(site, "Endless talk"))
    eventually(lambda: "$muted" not in flags(site, "Talk after all"))


def test_a_conversation_and_its_answers(site: Server, browser: Browser, keys: dict[str, Any]) -> None:
    ids: list[str] = []

    def after(message: EmailMessage) -> None:
        message.replace_header("To", f"{HANDS}, {THIRD}")
        if ids:
            message["In-Reply-To"] = ids[-1]
        ids.append(str(message["Message-ID"]))

    for _ in range(3):
        put(site, "Three voices", to=HANDS, sender=FRIEND, change=after)
    assert [3, 1] == browser.run("conversation", keys, subject="Three voices")
    put(site, "One voice", to=HANDS, sender=FRIEND, change=lambda message: message.replace_header("To", f"{HANDS}, {THIRD}"))
    browser.run("answer", keys, alone="One voice", subject="Three voices", to=PEOPLE[13])
    for login, subject in ((FRIEND, "Re: One voice"), (FRIEND, "Re: Three voices"), (THIRD, "Re: Three voices"), (PEOPLE[13], "Fwd: Three voices")):
        eventually(lambda login=login, subject=subject: holds(site, "INBOX", subject, login))  # type: ignore[misc]
    assert not holds(site, "INBOX", "Re: One voice", THIRD)
    [(_, message)] = found(site, THIRD, "INBOX", "Re: Three voices")
    text = message.get_body(("plain",))
    assert text is not None
    assert text.get_content().startswith("To all of you.")
    # The newest message is what is answered and forwarded: a friend's, then one's own answer.
    eventually(lambda: r"\answered" in flags(site, "One voice"))
    eventually(lambda: "$forwarded" in flags(site, "Re: Three voices", "Sent"))


def test_a_draft_is_taken_up_again(site: Server, browser: Browser, keys: dict[str, Any]) -> None:
    assert "Half a thought" in browser.run("draftAgain", keys, subject="To be finished", text="Half a thought")
    eventually(lambda: holds(site, "Drafts", "To be finished", HANDS))


def test_choosing_many(site: Server, browser: Browser, keys: dict[str, Any]) -> None:
    clear(site)
    for subject in ("Chosen flagged", "Chosen unread", "Chosen read"):
        put(site, subject, to=HANDS)
    seen = browser.run("choose", keys, read="Chosen read", unread="Chosen unread", flagged="Chosen flagged")
    everything = ["Chosen flagged", "Chosen read", "Chosen unread"]
    assert {
        "all": everything, "none": [], "read": ["Chosen read"], "unread": ["Chosen flagged", "Chosen unread"], "flagged": ["Chosen flagged"],
        "one": ["Chosen unread"], "two": 2, "last": 2,
    } == seen  # fmt: skip
    eventually(lambda: holds(site, "Archive", "Chosen read", HANDS))
    assert [] == found(site, HANDS, "INBOX", "Chosen read")
    assert len(found(site, HANDS, "INBOX", "Chosen")) == 2


def test_walking_the_list(site: Server, browser: Browser, keys: dict[str, Any]) -> None:
    clear(site)
    for subject in ("Last", "Middle", "First"):
        put(site, subject, to=HANDS)
    assert ["Last", "First", "Middle", "First", "First"] == browser.run("walk", keys)
    eventually(lambda: r"\seen" in flags(site, "First"))


def test_every_place_has_a_way_to_it(site: Server, browser: Browser, keys: dict[str, Any]) -> None:
    put(site, "Not before noon", to=HANDS)
    assert len(browser.run("places", keys)) == 13
    browser.run("snoozeAndLook", keys, subject="Not before noon")
    eventually(lambda: holds(site, "Snoozed", "Not before noon", HANDS))


def test_a_new_folder_by_the_palette(site: Server, browser: Browser, keys: dict[str, Any]) -> None:
    browser.run("newFolder", keys, name="Greenhouse")
    with imaplib.IMAP4("127.0.0.1", site.ports["imap"]) as imap:
        imap.login(HANDS, PASSWORD)
        assert imap.select("Greenhouse", readonly=True)[0] == "OK"


def test_what_the_screen_alone_shows(site: Server, browser: Browser, keys: dict[str, Any]) -> None:
    put(site, "To look at", to=HANDS)
    seen = browser.run("screenOnly", keys, subject="To look at")
    assert {"1": "beside", "2": "below", "3": "table", "4": "list"} == {key: seen[key] for key in "1234"}
    assert (3, ["split", "table", "below", "beside"]) == (seen["5"], seen["own"])
    assert (True, ["reader-pane", "list-pane"]) == (seen["more"], seen["panes"])


def test_out(site: Server, browser: Browser, keys: dict[str, Any]) -> None:
    seen = browser.run("signOutByCommand", keys)
    assert 0 == seen["kept"]
    # Whoever still had the cookies is nobody to the server.
    assert 204 == session_of(site, seen["cookies"])
