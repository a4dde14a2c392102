"""Organising in the browser: each thing done there is looked at over IMAP."""

import imaplib
import re
import smtplib
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from tests.harness.browser import Browser
from tests.harness.server import PASSWORD, Server
from tests.interop.test_jmap_send import USING, Jmap
from tests.interop.web.conftest import PEOPLE, events, eventually, found, holds, put

pytestmark = pytest.mark.interop
TIDY, SORTER, CUSTOMER, SEEKER = PEOPLE[5], PEOPLE[24], PEOPLE[32], PEOPLE[33]
MANY = 520
BLUE = {r"\Flagged", "$MailFlagBit2"}


@pytest.fixture(scope="module")
def office(browser: Browser) -> dict[str, Any]:
    device = {"name": "office", "login": TIDY, "password": PASSWORD}
    browser.run("signIn", device)
    return device


@pytest.fixture(scope="module")
def home(browser: Browser) -> dict[str, Any]:
    """The same person's other device."""
    device = {"name": "home", "login": TIDY, "password": PASSWORD}
    browser.run("signIn", device)
    return device


def count(server: Server, mailbox: str) -> int:
    with imaplib.IMAP4("127.0.0.1", server.ports["imap"]) as imap:
        imap.login(TIDY, PASSWORD)
        return int(imap.select(mailbox, readonly=True)[1][0] or b"0")


def mailboxes(server: Server) -> str:
    with imaplib.IMAP4("127.0.0.1", server.ports["imap"]) as imap:
        imap.login(TIDY, PASSWORD)
        return " ".join(line.decode() for line in imap.list()[1] if isinstance(line, bytes))


def test_snooze_and_wake(site: Server, browser: Browser, office: dict[str, Any]) -> None:
    put(site, "Not today", to=TIDY)
    browser.run("snooze", office, subject="Not today")
    eventually(lambda: holds(site, "Snoozed", "Not today", TIDY))
    assert not holds(site, "INBOX", "Not today", TIDY)
    browser.run("wake", office, subject="Not today")
    eventually(lambda: holds(site, "INBOX", "Not today", TIDY))
    assert not holds(site, "Snoozed", "Not today", TIDY)


def test_a_reminder_stands_on_the_board_until_it_is_done(site: Server, browser: Browser, office: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.interop.test_jmap_send.USING", [*USING, "urn:mailstead:params:jmap:plus"])
    put(site, "To be answered", to=TIDY)
    assert "Comes back" in browser.run("remind", office, subject="To be answered")
    jmap = Jmap(site, TIDY)

    def states() -> list[str]:
        return [one["state"] for one in jmap.call("Reminder/get")["list"] if jmap.call("Email/get", ids=[one["emailId"]], properties=["subject"])["list"][0]["subject"] == "To be answered"]

    eventually(lambda: ["cancelled"] == states())


def test_mute(site: Server, browser: Browser, office: dict[str, Any]) -> None:
    put(site, "A long discussion", to=TIDY)
    with imaplib.IMAP4("127.0.0.1", site.ports["imap"]) as imap:
        imap.login(TIDY, PASSWORD)
        imap.select("INBOX")
        imap.store(imap.search(None, "SUBJECT", "discussion")[1][0].decode(), "+FLAGS", "($new)")

    def flags() -> set[str]:
        return {flag.lower() for flag in found(site, TIDY, "INBOX", "A long discussion")[0][0]}

    assert "$new" in flags()
    browser.run("mute", office, subject="A long discussion")
    # Whoever has read it knows that it is back (RFC 9979 §7.7).
    eventually(lambda: {"$muted", r"\seen"} <= flags() and "$new" not in flags())


def test_a_blocked_sender_goes_to_junk_from_now_on(site: Server, browser: Browser, office: dict[str, Any]) -> None:
    put(site, "Buy now", to=TIDY, sender="Pusher <pusher@shop.example>")
    assert browser.run("block", office, subject="Buy now") == ["pusher@shop.example"]
    eventually(lambda: holds(site, "Junk", "Buy now", TIDY))
    again = EmailMessage()
    again["From"], again["To"], again["Subject"] = "pusher@shop.example", TIDY, "Buy more"
    again.set_content("Now.")
    with smtplib.SMTP("127.0.0.1", site.ports["smtp"]) as smtp:
        smtp.send_message(again)
    eventually(lambda: holds(site, "Junk", "Buy more", TIDY))


def test_colours_of_flags_are_those_of_other_programs(site: Server, browser: Browser, office: dict[str, Any]) -> None:
    put(site, "In blue", to=TIDY)
    browser.run("flag", office, subject="In blue", colour="Blue")
    wanted = {flag.lower() for flag in BLUE}
    eventually(lambda: wanted <= {flag.lower() for flag in found(site, TIDY, "INBOX", "In blue")[0][0]})


def test_folders_are_made_renamed_and_deleted_without_losing_mail(site: Server, browser: Browser, office: dict[str, Any]) -> None:
    browser.run("folders", office, name="Garden", fresh="Allotment")
    eventually(lambda: "Allotment" in mailboxes(site))
    assert "Garden" not in mailboxes(site)
    put(site, "Kept in the folder", to=TIDY, mailbox="Allotment")
    browser.run("removeFolder", office, name="Allotment")
    eventually(lambda: "Allotment" not in mailboxes(site))
    assert holds(site, "Trash", "Kept in the folder", TIDY)


def test_a_smart_folder_is_a_search_that_stays(site: Server, browser: Browser, office: dict[str, Any], home: dict[str, Any]) -> None:
    put(site, "Invoice 7", to=TIDY, sender="Billing <billing@mill.example>")
    put(site, "Invoice 8", to=TIDY, sender="Billing <billing@mill.example>")
    assert browser.run("smartFolder", office, words="from:billing", name="Mill") == {"subjects": ["Invoice 8", "Invoice 7"], "count": 2}
    assert "Mill" in browser.run("sidebar", home)


def test_a_deed_is_taken_back_from_another_device(site: Server, browser: Browser, office: dict[str, Any], home: dict[str, Any]) -> None:
    put(site, "Archived in haste", to=TIDY)
    browser.run("archive", office, subject="Archived in haste")
    eventually(lambda: holds(site, "Archive", "Archived in haste", TIDY))
    browser.run("undoElsewhere", home, words="Archived in haste")
    eventually(lambda: holds(site, "INBOX", "Archived in haste", TIDY))
    assert not holds(site, "Archive", "Archived in haste", TIDY)


def test_a_flag_that_is_due(site: Server, browser: Browser, office: dict[str, Any]) -> None:
    put(site, "By tomorrow", to=TIDY)
    assert browser.run("flagDue", office, subject="By tomorrow", colour="Blue")
    eventually(lambda: any(
        {flag.lower() for flag in BLUE} <= {flag.lower() for flag in flags} for flags, _ in found(site, TIDY, "INBOX", "By tomorrow")))


def test_labels_have_names_and_colours_and_are_keywords(site: Server, browser: Browser, office: dict[str, Any]) -> None:
    put(site, "To be labelled", to=TIDY)
    assert "/m/label%3Apapers" == browser.run("labels", office, name="Papers", renamed="Tax papers", hue="Teal", subject="To be labelled")
    eventually(lambda: any("papers" in [flag.lower() for flag in flags] for flags, _ in found(site, TIDY, "INBOX", "To be labelled")))


def test_a_label_that_is_hidden_stays_on_its_messages(site: Server, browser: Browser, office: dict[str, Any], home: dict[str, Any]) -> None:
    assert 0 == browser.run("hideLabel", office, name="Tax papers", subject="To be labelled")
    assert {"before": 0, "after": 1} == browser.run("showLabel", home, name="Tax papers")
    assert any("papers" in [flag.lower() for flag in flags] for flags, _ in found(site, TIDY, "INBOX", "To be labelled"))


def test_a_layout_is_kept_under_a_name(browser: Browser, office: dict[str, Any]) -> None:
    assert {"kept": 1, "other": 2, "back": 1} == browser.run("keptLayout", office, name="For the evening", renamed="For the night")


def test_a_note_is_for_oneself_and_on_every_device(
    site: Server, browser: Browser, office: dict[str, Any], home: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.interop.test_jmap_send.USING", [*USING, "urn:mailstead:params:jmap:plus"])
    server = Jmap(site, TIDY)

    def notes() -> list[str]:
        return [one["text"] for one in server.call("Note/get")["list"]]

    put(site, "Offer for the roof", to=TIDY)
    put(site, "Another matter", to=TIDY)
    seen = browser.run("note", office, subject="Offer for the roof", text="Ask Otto first", fresh="Otto says yes: marmalade")
    assert {"row": "Ask Otto first", "reader": "Ask Otto first"} == seen
    eventually(lambda: notes() == ["Otto says yes: marmalade"])
    browser.run("noteShown", home, subject="Offer for the roof", text="Otto says yes: marmalade")
    for words in ("marmalade", "note:otto", "has:note"):
        assert ["Offer for the roof"] == browser.run("searched", office, words=words)
    browser.run("noteUndone", office, subject="Offer for the roof", text="marmalade")
    eventually(lambda: notes() == ["Otto says yes: marmalade"])
    browser.run("undoElsewhere", home, words="Note saved")
    eventually(lambda: notes() == ["Ask Otto first"])
    browser.run("noteShown", office, subject="Offer for the roof", text="Ask Otto first")
    assert b"otto" not in b"".join(message.as_bytes().lower() for _, message in found(site, TIDY, "INBOX", "Offer for the roof"))


def test_the_inbox_in_sections(site: Server, browser: Browser, office: dict[str, Any], home: dict[str, Any]) -> None:
    for subject in ("Once read", "Once filed", "Once flagged", "Still unread"):
        put(site, subject, to=TIDY)
    with imaplib.IMAP4("127.0.0.1", site.ports["imap"]) as imap:
        imap.login(TIDY, PASSWORD)
        imap.select("INBOX")
        imap.store(imap.search(None, "SUBJECT", "filed")[1][0].decode(), "+FLAGS", r"(\Seen Papers)")
    seen = browser.run("splitInbox", office, unread="Once read", flagged="Once flagged", filed="Once filed")
    assert {"Once read", "Still unread"} <= set(seen["before"]["Unread"])
    assert "Once flagged" in seen["before"]["Flagged"]
    assert "Once filed" in seen["before"]["Everything else"]
    everywhere = [subject for subjects in seen["before"].values() for subject in subjects if subject.startswith("Once")]
    assert len(everywhere) == len(set(everywhere)) == 3
    assert "Once read" not in seen["after"]["Unread"]
    eventually(lambda: holds(site, "Archive", "Once filed", TIDY))
    assert not holds(site, "INBOX", "Once filed", TIDY)
    chosen = browser.run("chooseSections", office, label="Projects")
    assert ["Projects", "Important", "Everything else"] == chosen
    assert chosen == browser.run("sectionsElsewhere", home)


def test_sections_do_not_tear_conversations(site: Server, browser: Browser) -> None:
    """A section has a conversation as soon as one of its messages in the inbox is of it, with and without a network."""
    sorter = {"name": "sorter", "login": SORTER, "password": PASSWORD}

    def talk(topic: str, *messages: tuple[str, str, str]) -> None:
        """(sender, flags, mailbox) of each message, oldest first."""
        with imaplib.IMAP4("127.0.0.1", site.ports["imap"]) as imap:
            imap.login(SORTER, PASSWORD)
            for number, (sender, flags, mailbox) in enumerate(messages):
                answers = f"In-Reply-To: <{topic}.0@talk.example>\r\nReferences: <{topic}.0@talk.example>\r\n" if number else ""
                octets = f"From: {sender}\r\nTo: {SORTER}\r\nSubject: {'Re: ' if number else ''}{topic}\r\nMessage-ID: <{topic}.{number}@talk.example>\r\n{answers}\r\nWords.\r\n"
                imap.append(mailbox, flags, "", octets.encode())

    other, seen = "otto@elsewhere.example", r"(\Seen)"
    talk("Regatta", ("Vera <vera@vip.example>", seen, "INBOX"), (other, seen, "INBOX"))
    talk("Ballast", ("carol@pots.example", seen, "INBOX"), (other, seen, "INBOX"))
    talk("Compass", (other, "", "INBOX"), (other, seen, "INBOX"))
    talk("Driftwood", (other, seen, "INBOX"), (other, "", "Archive"))
    browser.run("signIn", sorter)
    order, offline = ["Important", "Pots", "Unread", "Everything else"], ["Unread", "Pots", "Important", "Everything else"]
    got = browser.run("sectionsByConversation", sorter, vip="vera@vip.example", words="from:carol", name="Pots", order=order, offline=offline)
    wanted = {"Important": ["Re: Regatta"], "Pots": ["Re: Ballast"], "Unread": ["Re: Compass"], "Everything else": ["Driftwood"]}
    for sections in got.values():  # beside them lies what the server wrote about the new device
        assert wanted == {name: [subject for subject in subjects if "device" not in subject] for name, subjects in sections.items()}


def test_a_list_is_left_by_one_click(site: Server, browser: Browser, office: dict[str, Any]) -> None:
    def by_list(message: EmailMessage) -> None:
        message["List-Id"] = "<news.mill.example>"
        message["List-Unsubscribe"] = f"<mailto:{PEOPLE[6]}?subject=leave%20news>"

    put(site, "Issue 41", to=TIDY, sender="Mill News <news@mill.example>", change=by_list)
    browser.run("unsubscribe", office, subject="Issue 41")
    eventually(lambda: holds(site, "INBOX", "leave news", PEOPLE[6]))


def test_a_list_that_nobody_vouches_for_is_not_called(site: Server, browser: Browser, office: dict[str, Any]) -> None:
    def by_page(message: EmailMessage) -> None:
        message["List-Unsubscribe"] = "<https://lists.mill.example/leave?id=7>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"

    put(site, "Issue 42", to=TIDY, sender="Mill News <news@mill.example>", change=by_page)
    browser.run("leaveByPage", office, subject="Issue 42", host="lists.mill.example")
    eventually(lambda: events(site, "list.kept"))
    (event,) = events(site, "list.kept")
    assert ("lists.mill.example", "no signature that holds covers the address") == (event["host"], event["reason"])


def test_templates_fill_their_fields_and_are_sent_so(site: Server, browser: Browser, office: dict[str, Any]) -> None:
    text = "Dear {first}, {name} at {address} has our thanks. {me}, {date}"
    filled = browser.run("template", office, to=f"Ada Miller <{CUSTOMER}>", subject="Your order, {first}", text=text)
    begins = f"Dear Ada, Ada Miller at {CUSTOMER} has our thanks."
    assert "Your order, Ada" == filled["subject"]
    assert begins in filled["text"]
    eventually(lambda: holds(site, "INBOX", "Your order, Ada", CUSTOMER))
    [(_, message)] = found(site, CUSTOMER, "INBOX", "Your order, Ada")
    assert f"Ada Miller <{CUSTOMER}>" == message["To"]
    for kind in ("plain", "html"):
        body = message.get_body((kind,))
        assert body is not None
        content = " ".join(body.get_content().split())
        assert begins in re.sub(r"<[^>]*>", "", content)
        assert "{" not in content.partition("<body>")[2 if kind == "html" else 0]


def test_an_app_password_opens_imap(site: Server, browser: Browser, office: dict[str, Any]) -> None:
    password = browser.run("appPassword", office, label="Old phone")
    assert password["shown"] == password["copied"]
    with imaplib.IMAP4("127.0.0.1", site.ports["imap"]) as imap:
        imap.login(TIDY, password["copied"])


def test_everything_at_once_and_back_from_another_device(
    site: Server, browser: Browser, office: dict[str, Any], home: dict[str, Any], tmp_path: Path
) -> None:
    mbox = tmp_path / "many.mbox"
    at = datetime.now(UTC)
    mbox.write_text("".join(
        f"From a@b.example {at:%a %b %d %H:%M:%S %Y}\nFrom: a@b.example\nSubject: Number {number}\nMessage-ID: <{number}@b.example>\nDate: {at:%a, %d %b %Y %H:%M:%S} +0000\n\nx\n\n"
        for number in range(MANY)
    ))  # fmt: skip
    site.command("import", TIDY, str(mbox), "--mailbox", "INBOX")
    before = count(site, "INBOX")
    archived = count(site, "Archive")
    words = browser.run("archiveEverything", office, newest=f"Number {MANY - 1}")
    assert str(before) in words.replace(",", "")
    eventually(lambda: count(site, "INBOX") == 0)
    assert count(site, "Archive") == archived + before
    browser.run("undoElsewhere", home, words="messages changed")
    eventually(lambda: count(site, "INBOX") == before)
    assert count(site, "Archive") == archived
    # Here the key takes it back: the last deed, not the one before it.
    browser.run("archiveEverything", office, newest=f"Number {MANY - 1}")
    eventually(lambda: count(site, "INBOX") == 0)
    browser.run("everythingByKey", office, subject=f"Number {MANY - 1}")
    eventually(lambda: count(site, "INBOX") == before)
    assert count(site, "Archive") == archived


def test_a_row_is_drawn_into_a_folder(site: Server, browser: Browser, office: dict[str, Any]) -> None:
    put(site, "Drawn by hand", to=TIDY)
    browser.run("dragToFolder", office, subject="Drawn by hand", folder="Archive")
    eventually(lambda: holds(site, "Archive", "Drawn by hand", TIDY))
    assert not holds(site, "INBOX", "Drawn by hand", TIDY)


def test_a_question_in_steps(site: Server, browser: Browser, office: dict[str, Any]) -> None:
    put(site, "Kettle one", to=TIDY, sender="Tinker <tinker@elsewhere.example>")
    put(site, "Kettle two", to=TIDY)
    put(site, "Kettle three", to=TIDY, mailbox="Trash")
    seen = browser.run("searchInSteps", office, words="from:tinker kettle", chip="tinker", drop="from tinker", everywhere="Kettle three")
    assert {"narrow": ["Kettle one"], "wide": ["Kettle one", "Kettle two"], "all": ["Kettle one", "Kettle three", "Kettle two"]} == seen


def test_files_are_found_by_their_names(site: Server, browser: Browser, office: dict[str, Any]) -> None:
    def with_file(message: EmailMessage) -> None:
        message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="Gr\u00fcner Plan.pdf")

    put(site, "The plan itself", to=TIDY, change=with_file)
    put(site, "Only words about it", "<p>gr\u00fcner plan.pdf</p>", to=TIDY)
    for words in ('filename:"gr\u00fcner plan"', "file:plan has:attachment", "filename:PDF from:somebody"):
        assert ["The plan itself"] == browser.run("searched", office, words=words)


def test_smart_folders_inside_one_another(site: Server, browser: Browser, office: dict[str, Any]) -> None:
    put(site, "Teapot of Carol", to=TIDY, sender="Carol <carol@pots.example>")
    put(site, "Teapot of Dave", to=TIDY, sender="Dave <dave@pots.example>")
    put(site, "Saucer of Carol", to=TIDY, sender="Carol <carol@pots.example>")
    found_by_both = browser.run("smartTree", office, parent="From Carol", parentWords="from:carol", child="Teapots", childWords="subject:teapot", without="Teapot of Dave")
    assert ["Teapot of Carol"] == found_by_both


def test_what_can_be_searched_by_is_put_into_the_field(site: Server, browser: Browser) -> None:
    device = {"name": "hints", "login": SEEKER, "password": PASSWORD}
    put(site, "Of Nadia", to=SEEKER, sender="Nadia <nadia@elsewhere.example>")
    put(site, "Of somebody else", to=SEEKER, sender="Else <else@elsewhere.example>")
    browser.run("flag", device, subject="Of somebody else", colour="Red")
    seen = browser.run("searchByHints", device, sender="nadia")
    assert ("from:", ["Of Nadia"], ["Of somebody else"]) == (seen["field"], seen["byKey"], seen["byHand"])
    assert ["is", "flagged"] == seen["chip"].split()
    assert 1 == seen["chips"]
