"""Writing and sending in the browser."""

import base64
import smtplib
import time
from email.message import EmailMessage
from typing import Any

import pytest
from tests.harness.browser import Browser
from tests.harness.server import PASSWORD, Server
from tests.interop.test_jmap_send import USING, Jmap
from tests.interop.web.conftest import LOGIN, PEOPLE, PNG, eventually, found, holds, put

pytestmark = pytest.mark.interop
FRIEND, HASTY, UNLUCKY = PEOPLE[1], PEOPLE[23], PEOPLE[25]


OCTETS = bytes(range(256)) * 40


@pytest.fixture(scope="module")
def sent(site: Server, browser: Browser, desk: dict[str, Any]) -> dict[str, Any]:
    """What several flows sent, one behind the other, for each is held for some seconds; by flow what it saw."""
    put(site, "Something to begin with")
    file = {"name": "Zahlen für März.bin", "type": "application/octet-stream", "base64": base64.b64encode(OCTETS).decode()}
    browser.run("attach", desk, to=FRIEND, subject="With files", file=file, picture=base64.b64encode(PNG).decode())
    window = browser.run("ownWindow", desk, to=FRIEND, subject="In a window")
    browser.run("sendCallBackSend", desk, to=FRIEND, subject="Written in a browser")
    assert not holds(site, "INBOX", "Written in a browser", FRIEND)
    return {"window": window}


@pytest.mark.usefixtures("sent")
def test_a_message_called_back_and_sent_again_arrives_once(site: Server) -> None:
    eventually(lambda: holds(site, "INBOX", "Written in a browser", FRIEND))
    assert len(found(site, FRIEND, "INBOX", "Written in a browser")) == 1
    assert not holds(site, "Drafts", "Written in a browser")
    assert len(found(site, LOGIN, "Sent", "Written in a browser")) == 1


def test_send_later_is_held_by_the_server_until_the_writer_says_now(site: Server, browser: Browser, desk: dict[str, Any]) -> None:
    assert browser.run("sendLater", desk, to=FRIEND, subject="For tomorrow") == "Waiting"
    time.sleep(1)
    assert not holds(site, "INBOX", "For tomorrow", FRIEND)
    browser.run("sendNow", desk, subject="For tomorrow")
    eventually(lambda: holds(site, "INBOX", "For tomorrow", FRIEND))
    assert len(found(site, FRIEND, "INBOX", "For tomorrow")) == 1


@pytest.mark.usefixtures("sent")
def test_files_and_pictures_arrive_as_they_were(site: Server, browser: Browser) -> None:
    eventually(lambda: holds(site, "INBOX", "With files", FRIEND))
    [(_, message)] = found(site, FRIEND, "INBOX", "With files")
    files = {part.get_filename(): part for part in message.walk() if part.get_filename()}
    assert files["Zahlen für März.bin"].get_payload(decode=True) == OCTETS
    picture = files["dot.png"]
    assert picture.get_payload(decode=True) == PNG
    html = message.get_body(("html",))
    assert html is not None
    assert f"cid:{picture['Content-ID'].strip('<>')}" in html.get_content()
    friend = {"name": "friend", "login": FRIEND, "password": PASSWORD}
    assert browser.run("inlinePicture", friend, subject="With files") == 1


def test_a_window_of_its_own_goes_on_with_the_draft(site: Server, sent: dict[str, Any]) -> None:
    assert sent["window"] == {"closed": True, "docks": 0}
    eventually(lambda: holds(site, "INBOX", "In a window", FRIEND))
    [(_, message)] = found(site, FRIEND, "INBOX", "In a window")
    text = message.get_body(("plain",))
    assert text is not None
    assert "First half, second half." in text.get_content()
    assert not holds(site, "Drafts", "In a window")


LETTER = "\n".join((
    "Dear Ada,", "", "one two three four five six seven eight nine ten " * 5 + "end", "From here on", " indented", "> quoted " + "word " * 30 + "end", "", "Carol",
))


def test_plain_text_is_sent_so_that_any_width_can_show_it(site: Server, browser: Browser, desk: dict[str, Any]) -> None:
    """RFC 3676: lines that end in a blank go on."""
    assert LETTER == browser.run("plainText", desk, to=FRIEND, subject="In plain words", text=LETTER)
    eventually(lambda: holds(site, "INBOX", "In plain words", FRIEND), within_s=20)
    [(_, message)] = found(site, FRIEND, "INBOX", "In plain words")
    assert ("text/plain", "flowed", None) == (message.get_content_type(), message["Content-Type"].params["format"], message["Content-Type"].params.get("delsp"))
    lines = message.get_content().splitlines()
    assert max(map(len, lines)) <= 78
    assert {" From here on", "  indented"} <= set(lines)
    whole, text = "", []
    for line in lines:
        whole += line.removeprefix("> " if whole else "").removeprefix(" ") if line.startswith((" ", "> ")) and (whole or line[0] == " ") else line
        if not line.endswith(" "):
            text.append(whole)
            whole = ""
    assert LETTER.split("\n") == text


def test_whoever_does_not_answer_is_waited_for(site: Server, browser: Browser, desk: dict[str, Any]) -> None:
    assert "Could we meet" in browser.run("remindIfSilent", desk, to=FRIEND, subject="Could we meet")
    eventually(lambda: holds(site, "INBOX", "Could we meet", FRIEND), within_s=20)


def test_name_and_signature(site: Server, browser: Browser, desk: dict[str, Any]) -> None:
    put(site, "Something to look at")
    assert "Ursula Example, third floor" in browser.run("identity", desk, name="Ursula Example", signature="Ursula Example, third floor")


def test_a_receipt_is_sent_by_hand_and_once(site: Server, browser: Browser, desk: dict[str, Any]) -> None:
    def with_request(message: EmailMessage) -> None:
        message["Disposition-Notification-To"] = FRIEND

    put(site, "Please confirm", sender=FRIEND, change=with_request)
    browser.run("receipt", desk, subject="Please confirm")
    eventually(lambda: any(message.get_content_type() == "multipart/report" for _, message in found(site, FRIEND, "INBOX", "Please confirm")))
    assert "$mdnsent" in [flag.lower() for flag in found(site, LOGIN, "INBOX", "Please confirm")[0][0]]


def test_an_automatic_reply(site: Server, browser: Browser, desk: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    browser.run("away", desk, on=True, subject="By the sea", text="Back on Monday.")
    monkeypatch.setattr("tests.interop.test_jmap_send.USING", [*USING, "urn:ietf:params:jmap:vacationresponse"])
    jmap = Jmap(site, LOGIN)
    eventually(lambda: jmap.call("VacationResponse/get", ids=None)["list"][0]["isEnabled"])
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"], letter["Message-ID"] = FRIEND, LOGIN, "Are you there?", "<there@example.test>"
    letter.set_content("Hello?")
    with smtplib.SMTP("127.0.0.1", site.ports["smtp"]) as smtp:
        smtp.send_message(letter)
    try:
        eventually(lambda: holds(site, "INBOX", "By the sea", FRIEND))
        fresh = {"name": "away-late", "login": LOGIN, "password": PASSWORD}
        browser.run("signIn", fresh)
        assert {"open": False, "text": "Back on Monday."} == browser.run("awayLate", fresh)
    finally:
        browser.run("away", desk, on=False, subject="By the sea", text="Back on Monday.")


def test_what_is_checked_before_it_leaves(site: Server, browser: Browser, desk: dict[str, Any]) -> None:
    put(site, "Among friends", sender=FRIEND)
    says = browser.run("checksBeforeSending", desk, to=FRIEND, subject="Nothing in it", answered="Among friends", stranger="eve@far.example")
    assert "You wrote “attached”, but nothing is attached." in says[0]
    assert "eve@far.example is new in this conversation" in says[1]
    for subject in ("Nothing in it", "Re: Among friends"):
        eventually(lambda subject=subject: holds(site, "INBOX", subject, FRIEND))  # type: ignore[misc]
    [(_, message)] = found(site, FRIEND, "INBOX", "Re: Among friends")
    assert [FRIEND] == [address.addr_spec for address in message["To"].addresses]


def test_a_receipt_is_asked_for_of_somebody_whom_two_letters_find(site: Server, browser: Browser, desk: dict[str, Any]) -> None:
    put(site, "Somebody who is known", sender=FRIEND)
    browser.run("rows", desk, path="/m/inbox")
    browser.run("askReceipt", desk, letters=FRIEND[:3], address=FRIEND, subject="Say that you have it")
    eventually(lambda: holds(site, "INBOX", "Say that you have it", FRIEND))
    [(_, message)] = found(site, FRIEND, "INBOX", "Say that you have it")
    assert LOGIN in message["Disposition-Notification-To"]


def test_two_letters_at_once_with_a_dropped_file_and_a_pasted_picture(site: Server, browser: Browser, desk: dict[str, Any]) -> None:
    assert 2 == browser.run("twoComposers", desk, to=FRIEND, first="Put aside", second="Gone on with", picture=base64.b64encode(PNG).decode())
    for subject in ("Put aside", "Gone on with"):
        eventually(lambda subject=subject: holds(site, "INBOX", subject, FRIEND))  # type: ignore[misc]
    [(_, message)] = found(site, FRIEND, "INBOX", "Gone on with")
    files = {part.get_filename(): part.get_payload(decode=True) for part in message.walk() if part.get_filename()}
    assert {"dropped.txt": b"dropped words", "pasted.png": PNG} == files


def test_a_forgotten_file_is_looked_for_in_what_one_wrote(site: Server, browser: Browser, desk: dict[str, Any]) -> None:
    """Not in the signature, the quotation or what is passed on; but in words typed inside or below the signature."""
    browser.run("identity", desk, name="Ursula Example", signature="Ursula Example, all offers as attached price list")
    put(site, "Our offer", "<p>Please find the plan attached.</p>", sender=f"Anlage GmbH <{FRIEND}>")
    found_in = browser.run("forgottenFile", desk, to=FRIEND, signature="Ursula Example", answered="Our offer")
    said = {place: words and words.split("\u201d")[0].rpartition("\u201c")[2] for place, words in found_in.items()}
    assert {
        "only the signature": None, "below the signature": "attached", "in the signature": "enclosed", "only what is quoted": None, "only what is passed on": None,
    } == said  # fmt: skip
    browser.run("identity", desk, name="Ursula Example", signature="Ursula Example, third floor")
    assert not holds(site, "Drafts", "Nothing much")


def test_keys_pressed_before_a_dialog_is_there_are_meant_for_it(site: Server, browser: Browser) -> None:
    hasty = {"name": "hasty", "login": HASTY, "password": PASSWORD, "serviceWorkers": "block"}
    for subject in ("First of all", "Second of all"):
        put(site, subject, to=HASTY)
    browser.run("signIn", hasty)
    assert {"palette": "#esm", "receiver": "someone"} == browser.run("keysInAdvance", hasty, to="someone")
    for flags, _ in (found(site, HASTY, "INBOX", "First of all") + found(site, HASTY, "INBOX", "Second of all")):
        assert not {r"\Flagged", "$muted"} & set(flags)
    assert 2 == len(found(site, HASTY, "INBOX", "First of all") + found(site, HASTY, "INBOX", "Second of all")), "nothing was filed or thrown away"


def test_each_paragraph_is_written_its_own_way(site: Server, browser: Browser, desk: dict[str, Any]) -> None:
    greeting = "\u0627\u0644\u0633\u0644\u0627\u0645 \u0639\u0644\u064a\u0643\u0645."
    assert ["right", "left"] == browser.run("bothWays", desk, subject="In two scripts", paragraphs=[greeting, "Good morning."])
    eventually(lambda: holds(site, "Drafts", "In two scripts"))
    [(_, message)] = found(site, LOGIN, "Drafts", "In two scripts")
    html = message.get_body(("html",))
    assert html is not None
    assert f'<div dir="auto">{greeting}' in html.get_content()
    assert "<div>Good morning." in html.get_content()


def test_a_refusal_stands_until_something_is_changed(site: Server, browser: Browser) -> None:
    device = {"name": "unlucky", "login": UNLUCKY, "password": PASSWORD, "serviceWorkers": "allow"}
    seen = browser.run("refusedSending", device, to="far@elsewhere.example", subject="To the end of the world", known=FRIEND)
    plain = "Not sent: your server cannot send to other domains yet. Show this to its administrator:"
    assert [f"{plain} “This server cannot send to other servers: no [outbound] smarthost is set”"] * 3 == seen
    assert not holds(site, "Sent", "To the end of the world", UNLUCKY)
