"""What others share, in the browser: seen, used as far as the rights go, as one with one's own, without a network, and gone when it is taken back. Looked at over IMAP by both."""

import base64
import imaplib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

import pytest
from tests.harness.browser import Browser
from tests.harness.server import PASSWORD, Server
from tests.interop.test_jmap_send import Jmap
from tests.interop.web.conftest import PEOPLE, PNG, eventually, found, holds, put

pytestmark = pytest.mark.interop
OWNER, GUEST, READER = PEOPLE[47:50]
ALL = "lrswite"
NOW = time.time()


@contextmanager
def imap(site: Server, who: str) -> Iterator[imaplib.IMAP4]:
    with imaplib.IMAP4("127.0.0.1", site.ports["imap"]) as one:
        one.login(who, PASSWORD)
        yield one


def share(site: Server, mailbox: str, who: str, rights: str, owner: str = OWNER) -> None:
    with imap(site, owner) as one:
        assert "OK" == (one.setacl(mailbox, who, rights) if rights else one.deleteacl(mailbox, who))[0]


def as_guest(mailbox: str) -> str:
    return f"Other Users/{OWNER}/{mailbox}"


def team(site: Server, subject: str, html: str = "<p>Words of the team</p>", **more: Any) -> None:
    put(site, subject, html, to=OWNER, mailbox="Team", **more)


def attached(message: EmailMessage) -> None:
    message.add_attachment(b"what was agreed", maintype="text", subtype="plain", filename="minutes.txt")


@pytest.fixture(scope="module")
def shared(site: Server) -> Server:
    with imap(site, OWNER) as one:
        for name in ("Team", "Team/Plans", "Secret", "Archive"):
            one.create(name)
        assert "OK" == one.setacl("Team", GUEST, ALL)[0]
        assert "OK" == one.setacl("Team/Plans", GUEST, ALL)[0]
        assert "OK" == one.setacl("Archive", GUEST, ALL)[0]
        assert "OK" == one.setacl("Trash", GUEST, ALL)[0]
        assert "OK" == one.setacl("INBOX", GUEST, ALL)[0]
        assert "OK" == one.setacl("Team", READER, "lr")[0]
    team(site, "Stays on top")
    return site


@pytest.fixture
def guest() -> dict[str, Any]:
    return {"name": "shared guest", "login": GUEST, "password": PASSWORD}


@pytest.fixture
def reader() -> dict[str, Any]:
    return {"name": "shared reader", "login": READER, "password": PASSWORD}


def test_what_is_shared_has_its_places_and_no_others(shared: Server, browser: Browser, guest: dict[str, Any], reader: dict[str, Any]) -> None:
    assert ["Inbox", "Archive", "Trash", "Team", "Plans"] == browser.run("sharedPlaces", guest, owner=OWNER)
    assert ["Team"] == browser.run("sharedPlaces", reader, owner=OWNER)
    assert "false" == browser.run("foldShared", guest, owner=OWNER)


def test_read_with_its_files_and_its_source(shared: Server, browser: Browser, guest: dict[str, Any]) -> None:
    team(shared, "Minutes of Monday", change=attached)
    seen = browser.run("readShared", guest, owner=OWNER, name="Team", subject="Minutes of Monday", file="minutes.txt")
    assert "Words of the team" == seen["text"]
    assert "what was agreed" == seen["octets"]
    assert "Subject: Minutes of Monday" in seen["source"]
    assert "Words of the team" in seen["source"]
    assert "Words of the team" not in seen["headers"]
    assert OWNER in seen["whose"]
    eventually(lambda: r"\Seen" in found(shared, OWNER, "Team", "Minutes of Monday")[0][0])


def test_pictures_of_it_are_shown_and_remote_ones_when_asked_for(shared: Server, browser: Browser, guest: dict[str, Any], tracker: tuple[str, list[str]]) -> None:
    url, hits = tracker

    def with_picture(message: EmailMessage) -> None:
        html = message.get_body(("html",))
        assert isinstance(html, EmailMessage)
        html.add_related(PNG, "image", "png", cid="<dot@elsewhere.example>")

    team(shared, "With two pictures", f"<p><img alt='own' src='cid:dot@elsewhere.example'><img alt='remote' width=40 src='{url}/picture.png'></p>", change=with_picture)
    seen = browser.run("picturesShared", guest, owner=OWNER, name="Team", subject="With two pictures", picture=base64.b64encode(PNG).decode())
    assert ["own", 1] in seen["before"]
    assert ["remote", 1] not in seen["before"]
    assert [["own", 1], ["remote", 1]] == seen["after"]
    assert [] == hits


def test_looked_for_where_it_is(shared: Server, browser: Browser, guest: dict[str, Any]) -> None:
    team(shared, "Lanterns of the team")
    put(shared, "Lanterns of my own", to=GUEST)
    seen = browser.run("searchShared", guest, owner=OWNER, name="Team", words="lanterns", wait="Lanterns of the team")
    assert {"found": ["Lanterns of the team"], "again": ["Lanterns of the team"]} == seen


def test_filed_marked_and_taken_back_also_after_a_reload(shared: Server, browser: Browser, guest: dict[str, Any]) -> None:
    team(shared, "To be filed")
    where: dict[str, Any] = {"owner": OWNER, "name": "Team", "subject": "To be filed"}
    browser.run("doShared", guest, key="e", **where)
    eventually(lambda: holds(shared, "Archive", "To be filed", OWNER) and not holds(shared, "Team", "To be filed", OWNER))
    assert holds(shared, as_guest("Archive"), "To be filed", GUEST)
    browser.run("undoShared", guest, anew=False, **where)
    eventually(lambda: holds(shared, "Team", "To be filed", OWNER) and not holds(shared, "Archive", "To be filed", OWNER))
    browser.run("doShared", guest, key="#", **where)
    eventually(lambda: holds(shared, "Trash", "To be filed", OWNER) and not holds(shared, "Team", "To be filed", OWNER))
    browser.run("undoShared", guest, anew=True, **where)
    eventually(lambda: holds(shared, as_guest("Team"), "To be filed", GUEST) and not holds(shared, "Trash", "To be filed", OWNER))
    browser.run("doShared", guest, key="s", stays=True, **where)
    eventually(lambda: {r"\Flagged", r"\Seen"} <= set(found(shared, OWNER, "Team", "To be filed")[0][0]))
    browser.run("doShared", guest, key="Shift+u", stays=True, **where)
    eventually(lambda: r"\Seen" not in found(shared, OWNER, "Team", "To be filed")[0][0])
    browser.run("fileShared", guest, into="Team / Plans", **where)
    eventually(lambda: holds(shared, "Team/Plans", "To be filed", OWNER) and not holds(shared, "Team", "To be filed", OWNER))
    assert not holds(shared, "INBOX", "To be filed", GUEST)


def test_to_ones_own_and_back(shared: Server, browser: Browser, guest: dict[str, Any]) -> None:
    team(shared, "To be taken home")
    where: dict[str, Any] = {"owner": OWNER, "name": "Team", "subject": "To be taken home"}
    browser.run("fileShared", guest, into="Archive", **where)  # of the account itself, which comes first
    eventually(lambda: holds(shared, "Archive", "To be taken home", OWNER))
    browser.run("undoShared", guest, anew=False, **where)
    eventually(lambda: holds(shared, "Team", "To be taken home", OWNER))
    assert "Move to" == browser.run("fileShared", guest, into=f"{GUEST} / Archive", **where)
    eventually(lambda: holds(shared, "Archive", "To be taken home", GUEST) and not holds(shared, "Team", "To be taken home", OWNER))
    browser.run("undoShared", guest, anew=True, **where)
    eventually(lambda: holds(shared, "Team", "To be taken home", OWNER) and not holds(shared, "Archive", "To be taken home", GUEST))


def test_who_may_only_read_is_told_before_not_after(shared: Server, browser: Browser, reader: dict[str, Any]) -> None:
    team(shared, "Not to be touched")
    seen = browser.run("readOnly", reader, owner=OWNER, name="Team", subject="Not to be touched")
    assert f"{OWNER} does not let you remove anything here." == seen["off"]["Archive"]
    assert {"Archive", "Delete"} <= seen["off"].keys()
    assert (1, 0) == (seen["rows"], seen["waiting"])
    ((flags, _),) = found(shared, OWNER, "Team", "Not to be touched")
    assert not {r"\Seen", r"\Flagged"} & set(flags)
    title = browser.run("fileShared", reader, owner=OWNER, name="Team", subject="Not to be touched", into="Archive", gone=False)
    assert "Copy to" == title
    eventually(lambda: holds(shared, "Archive", "Not to be touched", READER))
    assert holds(shared, "Team", "Not to be touched", OWNER)


def test_answered_in_ones_own_name(shared: Server, browser: Browser, guest: dict[str, Any]) -> None:
    team(shared, "Who comes along", sender=f"Reader <{READER}>", change=attached)
    browser.run("shortUndo", guest)
    browser.run("replyShared", guest, owner=OWNER, name="Team", subject="Who comes along", text="I do.")
    eventually(lambda: holds(shared, "INBOX", "Re: Who comes along", READER))
    ((_, answer),) = found(shared, READER, "INBOX", "Re: Who comes along")
    assert GUEST in answer["From"]
    assert holds(shared, "Sent", "Re: Who comes along", GUEST)
    assert not holds(shared, "Sent", "Re: Who comes along", OWNER)
    eventually(lambda: r"\Answered" in found(shared, OWNER, "Team", "Who comes along")[0][0])
    browser.run("forwardShared", guest, owner=OWNER, name="Team", subject="Who comes along", to=READER)
    eventually(lambda: holds(shared, "INBOX", "Fwd: Who comes along", READER))
    ((_, passed),) = found(shared, READER, "INBOX", "Fwd: Who comes along")
    assert ["minutes.txt"] == [part.get_filename() for part in passed.iter_attachments()]


def test_all_inboxes_are_one_and_news_of_each_comes_live(shared: Server, browser: Browser, guest: dict[str, Any]) -> None:
    for number in range(6):
        put(shared, f"Mixed {number}", to=(GUEST, OWNER)[number % 2], age_s=3600 * (10 - number))
    seen = [row for row in browser.run("allInboxes", guest, wait="Mixed 0") if row[0].startswith("Mixed")]
    names = [GUEST.split("@")[0], OWNER.split("@")[0]]
    assert [[f"Mixed {number}", names[number % 2]] for number in reversed(range(6))] == seen
    for whose in (OWNER, GUEST):
        put(shared, f"Live for {whose}", to=whose)
        assert f"Live for {whose}" == browser.run("comesLive", guest, subject=f"Live for {whose}")


def test_all_inboxes_are_scrolled_through_without_a_hole(shared: Server, browser: Browser, guest: dict[str, Any]) -> None:
    """More than a window of each; where many of one account come one behind the other, and where they mix."""
    wanted = []
    for whose in (GUEST, OWNER):
        with imap(shared, whose) as one:
            for number in range(90):
                age_s = 86_400.0 * 30 + 60 * (2 * number + (whose == OWNER) if number < 45 else 200 + number if whose == OWNER else 900 + number)
                subject = f"Pile {whose.split('@')[0]} {number:02}"
                wanted.append((age_s, subject))
                one.append("INBOX", r"(\Seen)", imaplib.Time2Internaldate(NOW - age_s), f"From: x@far.test\r\nTo: {whose}\r\nSubject: {subject}\r\n\r\ntext\r\n".encode())
    order = [subject for _, subject in sorted(wanted)]
    seen = browser.run("scrollThrough", guest, first="Live for", last=order[-1])
    assert order == [subject for subject in seen if subject and subject.startswith("Pile")]
    assert None not in seen


NAMES = [GUEST.split("@")[0], OWNER.split("@")[0]]


@pytest.fixture(scope="module")
def kettles(shared: Server) -> list[str]:
    """Mail of both about one thing, the newest last: in both inboxes by turns, flagged ones among them, and out of sight."""
    subjects = [f"Kettle {number}" for number in range(4)]
    for number, subject in enumerate(subjects):
        put(shared, subject, to=(GUEST, OWNER)[number % 2], age_s=3600 * (40 - number))
    put(shared, "Kettle thrown away", to=OWNER, mailbox="Trash", age_s=3600 * 41)
    put(shared, "Kettle nobody shares", to=OWNER, mailbox="Secret")
    return subjects


def test_a_search_from_all_inboxes_is_of_everybody(shared: Server, browser: Browser, guest: dict[str, Any], kettles: list[str]) -> None:
    seen = browser.run("searchAll", guest, begin="All inboxes", words="kettle", wait=kettles)
    rows = [[f"Kettle {number}", NAMES[number % 2]] for number in (3, 2, 1, 0)]
    assert (rows, rows) == (seen["before"]["rows"], seen["again"])
    assert ([GUEST, OWNER], "Junk and Trash.") == (seen["before"]["accounts"], seen["before"]["not"])


def test_a_search_of_ones_own_goes_on_everywhere(shared: Server, browser: Browser, guest: dict[str, Any], kettles: list[str]) -> None:
    seen = browser.run("searchAll", guest, begin="Inbox", words="kettle", wait=kettles[::2], everywhere=[*kettles, "Kettle thrown away"])
    assert ["Kettle 2", "Kettle 0"] == [subject for subject, _ in seen["before"]["rows"]] == [subject for subject, _ in seen["back"]]
    assert ([GUEST], "Junk, Trash and what others share with you.") == (seen["before"]["accounts"], seen["before"]["not"])
    assert [*([f"Kettle {number}", NAMES[number % 2]] for number in (3, 2, 1, 0)), ["Kettle thrown away", NAMES[1]]] == seen["after"]["rows"] == seen["again"]
    assert ([GUEST, OWNER], "") == (seen["after"]["accounts"], seen["after"]["not"])


def test_a_mailbox_that_is_named_is_looked_for_with_everybody_who_has_one(shared: Server, browser: Browser, guest: dict[str, Any], kettles: list[str]) -> None:
    seen = browser.run("searchAll", guest, begin="All inboxes", words="in:trash kettle", wait=["Kettle thrown away"])
    assert ([["Kettle thrown away", NAMES[1]]], [GUEST, OWNER]) == (seen["before"]["rows"], seen["before"]["accounts"])
    team(shared, "Teapot of the team")
    seen = browser.run("searchAll", guest, begin="All inboxes", words="in:team teapot", wait=["Teapot of the team"])
    assert ([["Teapot of the team", ""]], [OWNER]) == (seen["before"]["rows"], seen["before"]["accounts"])


def test_everybodys_mail_on_the_device_is_searched_without_a_network(shared: Server, browser: Browser, guest: dict[str, Any], kettles: list[str]) -> None:
    with imap(shared, OWNER) as one:
        one.select("INBOX")
        numbers = one.search(None, "SUBJECT", "Kettle")[1][0].split()
        ids = [str(one.fetch(number.decode(), "(EMAILID)")[1][0]).split("(")[-1].split(")")[0] for number in numbers]
    assert 2 == len(ids)
    seen = browser.run("searchAllOffline", guest, words="kettle", wait=kettles, ids=ids)
    assert [[f"Kettle {number}", NAMES[number % 2]] for number in (3, 2, 1, 0)] == seen["all"]["rows"]
    assert ([GUEST, OWNER], "Cannot be reached", 4) == (seen["all"]["accounts"], seen["all"]["server"], seen["all"]["device"][1])
    assert ([GUEST], ["Kettle 2", "Kettle 0"]) == (seen["own"]["accounts"], [subject for subject, _ in seen["own"]["rows"]])
    # Said are the messages that were looked through, not all that are here.
    assert 0 < seen["own"]["device"][0] < seen["all"]["device"][0]


def test_what_is_flagged_is_one_list_of_all(shared: Server, browser: Browser, guest: dict[str, Any]) -> None:
    for whose in (GUEST, OWNER):
        with imap(shared, whose) as one:
            for number in range(2):
                subject = f"Marked {whose.split('@')[0]} {number}"
                one.append("INBOX", r"(\Seen \Flagged)", imaplib.Time2Internaldate(NOW - 86_400 * 3 - 60 * (2 * number + (whose == OWNER))), f"From: x@far.test\r\nTo: {whose}\r\nSubject: {subject}\r\n\r\ntext\r\n".encode())
    wanted = [[f"Marked {name} {number}", name] for number in range(2) for name in NAMES]

    def mine(rows: list[list[str]]) -> list[list[str]]:
        return [row for row in rows if row[0].startswith("Marked")]

    seen = browser.run("flaggedOfAll", guest, wait=[subject for subject, _ in wanted], unflag=wanted[1][0])
    assert wanted == mine(seen["rows"])
    assert [row for row in wanted if row != wanted[1]] == mine(seen["after"])
    eventually(lambda: r"\Flagged" not in found(shared, OWNER, "INBOX", wanted[1][0])[0][0])
    looked = browser.run("searchAll", guest, begin="Flagged", words="marked", wait=[subject for subject, _ in wanted])
    assert (wanted, [GUEST, OWNER]) == (looked["before"]["rows"], looked["before"]["accounts"])


def test_drawn_from_one_account_into_another_and_taken_back(shared: Server, browser: Browser, guest: dict[str, Any]) -> None:
    team(shared, "Drawn home")
    browser.run("dragAcross", guest, owner=OWNER, name="Team", subject="Drawn home", into="Archive", mine=True, undo=False)
    eventually(lambda: holds(shared, "Archive", "Drawn home", GUEST) and not holds(shared, "Team", "Drawn home", OWNER))
    put(shared, "Drawn over", to=GUEST)
    browser.run("dragAcross", guest, owner=OWNER, name="Team", subject="Drawn over", into="Plans", mine=False, undo=True)
    eventually(lambda: holds(shared, "INBOX", "Drawn over", GUEST) and not holds(shared, "Team/Plans", "Drawn over", OWNER))
    browser.run("dragAcross", guest, owner=OWNER, name="Team", subject="Drawn over", into="Plans", mine=False, undo=False)
    eventually(lambda: holds(shared, "Team/Plans", "Drawn over", OWNER) and not holds(shared, "INBOX", "Drawn over", GUEST))


def test_what_is_looked_at_is_there_without_a_network(shared: Server, browser: Browser, guest: dict[str, Any]) -> None:
    for subject in ("Read on a train", "Filed on a train"):
        team(shared, subject)
    assert "Words of the team" == browser.run("sharedOffline", guest, owner=OWNER, name="Team", subject="Read on a train", unseen="Filed on a train")
    eventually(lambda: holds(shared, "Archive", "Filed on a train", OWNER) and not holds(shared, "Team", "Filed on a train", OWNER))


def test_what_is_given_comes_and_what_is_taken_back_leaves_nothing(shared: Server, browser: Browser, reader: dict[str, Any]) -> None:
    with imap(shared, OWNER) as one:
        one.create("Later")
        put(shared, "Given later", to=OWNER, mailbox="Later")
        assert "OK" == one.setacl("Later", READER, "lrs")[0]
        browser.run("waitForPlace", reader, owner=OWNER, name="Later")
        browser.run("openShared", reader, owner=OWNER, name="Later", subject="Given later")
        kept = browser.run("onDevice", reader)
        assert set(kept["email"]) - set(Jmap(shared, READER).call("Email/query")["ids"])
        browser.run("openShared", reader, owner=OWNER, name="Later", subject="Given later")
        for box in ("Later", "Team"):
            assert "OK" == one.deleteacl(box, READER)[0]
    browser.run("takenAway", reader, owner=OWNER)
    kept = browser.run("onDevice", reader)
    own = Jmap(shared, READER)
    assert set(kept["email"]) | set(kept["body"]) <= set(own.call("Email/query")["ids"])
    boxes = [box["id"] for box in own.call("Mailbox/get")["list"]]
    assert [] == [key for key in kept["query"] if "inMailbox" in key and not any(box in key for box in boxes)]


def acl(site: Server, mailbox: str, owner: str = GUEST) -> dict[str, str]:
    """Who but the owner has which rights, without the letters of RFC 2086."""
    with imap(site, owner) as one:
        words = one.getacl(mailbox)[1][0].decode().replace('"', "").split()[1:]
    return {who: "".join(sorted(set(rights) - {"c", "d"})) for who, rights in zip(words[::2], words[1::2], strict=True) if who != owner}


def test_a_folder_is_given_by_its_menu_and_taken_back(shared: Server, browser: Browser, guest: dict[str, Any]) -> None:
    with imap(shared, GUEST) as one:
        one.create("Choir")
    put(shared, "Rehearsal", to=GUEST, mailbox="Choir")
    put(shared, "In the inbox of who gives", to=GUEST)
    assert ["read", "write"] == browser.run("giveFolder", guest, name="Choir", letters=READER.split("@")[0], who=READER, level="write")
    assert {READER: "".join(sorted("lrswite"))} == acl(shared, "Choir")
    with imap(shared, READER) as one:
        assert "OK" == one.select(f'"Other Users/{GUEST}/Choir"')[0]
    browser.run("undoGiving", guest, anew=False)
    eventually(lambda: acl(shared, "Choir") == {READER: "lr"})
    browser.run("undoGiving", guest, anew=True)
    eventually(lambda: acl(shared, "Choir") == {})
    assert ["read", "all"] == browser.run("giveFolder", guest, name="Choir", letters=READER.split("@")[0], who=READER, level="all")
    assert {"a", "k", "x"} <= set(acl(shared, "Choir")[READER])
    browser.run("takeFolderBack", guest, name="Choir", who=READER)
    assert {} == acl(shared, "Choir")
