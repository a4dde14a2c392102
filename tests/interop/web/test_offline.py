"""With the server stopped one reads, searches, writes and files; when it is back, IMAP sees it all."""

import imaplib
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest
from tests.harness.browser import Browser
from tests.harness.server import PASSWORD, Server
from tests.interop.test_jmap_send import USING, Jmap
from tests.interop.web.conftest import eventually, found, holds, put

pytestmark = pytest.mark.interop
TRAVELLER, FRIEND = "anna@example.test", "ben@example.test"
SUBJECTS = ("To file on the train", "To flag on the train", "Deleted at home meanwhile", "To read on the train", "Never opened before")


@pytest.fixture
def site(tmp_path: Any) -> Iterator[Server]:
    """A server of its own, for it is stopped."""
    with Server(tmp_path / "web", workers=1).init((TRAVELLER, FRIEND)) as server:
        server.start()
        yield server


@pytest.fixture
def browser(site: Server) -> Iterator[Browser]:
    with Browser(f"http://127.0.0.1:{site.ports['http']}") as running:
        yield running


def test_a_journey_without_a_network(site: Server, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    for subject in SUBJECTS:
        put(site, subject, f"<p>{subject}, said at length. Marmalade.</p>", to=TRAVELLER)


    def with_files(message: EmailMessage) -> None:
        message.add_attachment("Bring boots.", filename="list.txt")
        message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="map.pdf")

    put(site, "Two files", to=TRAVELLER, change=with_files)
    laptop = {"name": "laptop", "login": TRAVELLER, "password": PASSWORD}
    # The notice of a new sign-in is a message too.
    assert browser.run("takeAlong", laptop, texts=len(SUBJECTS) + 1) > len(SUBJECTS)
    site.stop()

    browser.run("startOffline", laptop)
    assert "said at length" in browser.run("readOffline", laptop, subject="Never opened before")
    for says in browser.run("filesOffline", laptop, subject="Two files", shown="list.txt", taken="map.pdf"):
        assert says == "This file is not on this device, and the server cannot be reached."
    assert browser.run("searchOffline", laptop, words="from:somebody flag") == ["To flag on the train"]
    assert browser.run("searchOffline", laptop, words="filename:map from:somebody") == ["Two files"]
    queue = browser.run("workOffline", laptop, file=SUBJECTS[0], flag=SUBJECTS[1], doomed=SUBJECTS[2], to=FRIEND, subject="From the train")
    expected = [f"Message to {FRIEND}: From the train", f"Archived: {SUBJECTS[2]}", f"Flagged: {SUBJECTS[1]}", f"Archived: {SUBJECTS[0]}"]
    assert queue == expected
    browser.run("noteOffline", laptop, subject=SUBJECTS[4], text="Thought of on the train")
    expected.insert(0, f"Note saved: {SUBJECTS[4]}")
    # It outlives the page, and each step can still be taken back.
    browser.run("startOffline", laptop)
    assert browser.run("waiting", laptop) == expected
    assert SUBJECTS[0] not in browser.run("rows", laptop, path="/m/inbox")
    browser.run("undoWaiting", laptop, words="Flagged")
    assert len(browser.run("waiting", laptop)) == len(expected) - 1

    # Meanwhile, from elsewhere: one of them is deleted for good.
    browser.run("cut", laptop, off=True)
    site.start()
    with imaplib.IMAP4("127.0.0.1", site.ports["imap"]) as imap:
        imap.login(TRAVELLER, PASSWORD)
        imap.select("INBOX")
        number = imap.search(None, "SUBJECT", f'"{SUBJECTS[2]}"')[1][0].decode()
        imap.store(number, "+FLAGS", r"(\Deleted)")
        imap.expunge()

    done = browser.run("backOnline", laptop)
    assert browser.run("fileOnline", laptop, subject="Two files", shown="list.txt").strip() == "Bring boots."
    eventually(lambda: holds(site, "Archive", SUBJECTS[0], TRAVELLER))
    assert not holds(site, "INBOX", SUBJECTS[0], TRAVELLER)
    monkeypatch.setattr("tests.interop.test_jmap_send.USING", [*USING, "urn:mailstead:params:jmap:plus"])
    assert ["Thought of on the train"] == [one["text"] for one in Jmap(site, TRAVELLER).call("Note/get")["list"]]
    [(flags, _)] = found(site, TRAVELLER, "INBOX", SUBJECTS[1])
    assert r"\Flagged" not in flags
    refused = next(entry for entry in done if SUBJECTS[2] in entry)
    assert "refused" in refused
    assert "It had been deleted elsewhere meanwhile." in refused
    eventually(lambda: holds(site, "INBOX", "From the train", FRIEND))
    [(_, message)] = found(site, FRIEND, "INBOX", "From the train")
    assert [part.get_content() for part in message.iter_attachments()] == ["offline notes"]
    assert len(found(site, TRAVELLER, "Sent", "From the train")) == 1
    assert not holds(site, "Drafts", "From the train", TRAVELLER)
    assert site.verify() == []


def test_a_folder_that_was_chosen_is_there_whole(site: Server, browser: Browser) -> None:
    with imaplib.IMAP4("127.0.0.1", site.ports["imap"]) as imap:
        imap.login(TRAVELLER, PASSWORD)
        imap.create("Travels")
        imap.create("Receipts")
    years = 3 * 366 * 86_400.0
    for subject in ("Boat tickets", "Train tickets"):
        put(site, subject, f"<p>{subject} of long ago.</p>", to=TRAVELLER, mailbox="Travels", age_s=years)
    put(site, "Old receipt", to=TRAVELLER, mailbox="Receipts", age_s=years)
    laptop = {"name": "folders", "login": TRAVELLER, "password": PASSWORD}
    browser.run("rows", laptop, path="/m/inbox")
    assert browser.run("takeFolder", laptop, folder="Travels", texts=2) >= 2
    site.stop()
    browser.run("startOffline", laptop)
    assert {"rows": ["Boat tickets", "Train tickets"], "text": "Boat tickets of long ago."} == browser.run("readFolderOffline", laptop, folder="Travels", subject="Boat tickets")
    assert ["Train tickets"] == browser.run("searchOffline", laptop, words="train tickets")


def test_the_numbers_of_smart_folders_follow_what_is_done_without_a_network(site: Server, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.interop.test_jmap_send.USING", [*USING, "urn:mailstead:params:jmap:plus"])
    far = "<p>" + "So much is said before it. " * 40
    for subject, body in (("Ride one", f"{far}A zebra.</p>"), ("Ride two", f"{far}A yak.</p>"), ("Ride three", "<p>Nothing.</p>")):
        put(site, subject, body, to=TRAVELLER)
    jmap = Jmap(site, TRAVELLER)
    inbox = next(box["id"] for box in jmap.call("Mailbox/get")["list"] if box["role"] == "inbox")
    rides = {"subject": "ride"}
    filters = {
        "Unread rides": {**rides, "notKeyword": "$seen"},
        "Rides here": {**rides, "inMailbox": inbox},
        # What stands far down in a text only the server knows: of one of them it has shown the list.
        "Zebras": {"text": "zebra"},
        "Yaks": {"text": "yak"},
    }
    made = jmap.call("SavedSearch/set", create={name: {"name": name, "filter": one, "count": "total" if name == "Rides here" else "unread"} for name, one in filters.items()})
    assert made["created"].keys() == filters.keys()
    tablet = {"name": "smart-counts", "login": TRAVELLER, "password": PASSWORD}
    assert browser.run("takeAlong", tablet, texts=4) >= 4

    def numbers(*each: int) -> dict[str, int]:
        return dict(zip(filters, each, strict=True))

    begin = numbers(3, 3, 1, 1)
    assert begin == browser.run("lookIntoFolders", tablet, numbers=begin, looked={"Zebras": 1, "Rides here": 3, "Unread rides": 3})
    site.stop()
    browser.run("startOffline", tablet)
    read = ["Shift+i", "Escape"]
    steps: list[dict[str, Any]] = [
        {"row": "Ride one", "keys": read, "numbers": numbers(2, 3, 0, 1)},
        {"row": "Ride two", "keys": read, "numbers": numbers(1, 3, 0, 1)},  # whether it says "yak" nobody knows here
        {"row": "Ride three", "keys": ["e", "Escape"], "numbers": numbers(1, 2, 0, 1)},
        {"row": "Ride three", "keys": read, "numbers": numbers(0, 2, 0, 1)},
        {"row": None, "keys": ["z"], "numbers": numbers(1, 2, 0, 1)},
    ]
    assert [step["numbers"] for step in steps] == browser.run("workInFolder", tablet, folder="Unread rides", steps=steps)
    # It outlives the page.
    left = numbers(1, 2, 0, 1)
    browser.run("startOffline", tablet)
    assert left == browser.run("foldersSay", tablet, numbers=left)

    browser.run("cut", tablet, off=True)
    site.start()
    browser.run("backOnline", tablet)
    end = numbers(1, 2, 0, 0)
    assert end == browser.run("foldersSay", tablet, numbers=end)
    seen = {subject: [r"\Seen" in flags for box in ("INBOX", "Archive") for flags, _ in found(site, TRAVELLER, box, subject)] for subject in ("Ride one", "Ride two", "Ride three")}
    assert {"Ride one": [True], "Ride two": [True], "Ride three": [False]} == seen
    assert holds(site, "Archive", "Ride three", TRAVELLER)
    asked = {name: jmap.call("Email/query", filter={"inSavedSearch": made["created"][name]["id"], **({} if name == "Rides here" else {"notKeyword": "$seen"})}, collapseThreads=True)["ids"] for name in filters}
    assert end == {name: len(ids) for name, ids in asked.items()}
