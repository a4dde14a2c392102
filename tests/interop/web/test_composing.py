"""What becomes of a message between its first letter and the server."""

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from tests.harness.browser import Browser
from tests.harness.server import PASSWORD, Server
from tests.interop.web.conftest import PEOPLE, PNG, eventually, found, holds, put

pytestmark = pytest.mark.interop
WRITER, FRIEND, OTHER = PEOPLE[40], PEOPLE[41], PEOPLE[42]


@pytest.fixture(scope="module")
def bureau(site: Server, browser: Browser) -> dict[str, Any]:
    put(site, "Something to begin with", to=WRITER)
    device = {"name": "bureau", "login": WRITER, "password": PASSWORD}
    browser.run("signIn", device)
    browser.run("identity", device, name="Wilma Writer", signature="Wilma Writer\nThird floor")
    return device


def test_a_word_that_is_no_address_holds_the_message_back(site: Server, browser: Browser, bureau: dict[str, Any]) -> None:
    notice = "Not sent: \u201ccarl\u201d is not a valid address."
    assert [notice, notice, "carl"] == browser.run("wrongReceiver", bureau, to=FRIEND, wrong="carl", right=OTHER, subject="To both of you")
    for who in (FRIEND, OTHER):
        eventually(lambda who=who: holds(site, "INBOX", "To both of you", who))  # type: ignore[misc]
        assert 1 == len(found(site, who, "INBOX", "To both of you"))


def test_nothing_goes_without_a_file_that_belongs_to_it(site: Server, browser: Browser, bureau: dict[str, Any]) -> None:
    assert "Not sent: figures.bin could not be uploaded. Try again, or take it off." == browser.run("fileThatFails", bureau, to=FRIEND, subject="The figures")
    eventually(lambda: holds(site, "INBOX", "The figures", FRIEND))
    [(_, message)] = found(site, FRIEND, "INBOX", "The figures")
    assert [("figures.bin", b"\x07" * 21_000_000)] == [(part.get_filename(), part.get_content()) for part in message.iter_attachments()]


def test_what_is_pasted_is_sent_as_it_stands_on_the_screen(site: Server, browser: Browser, bureau: dict[str, Any]) -> None:
    assert {"thin": "400", "thick": "700", "slanted": "400"} == browser.run("pastedFromElsewhere", bureau, to=FRIEND, subject="From elsewhere")
    eventually(lambda: holds(site, "INBOX", "From elsewhere", FRIEND))
    [(_, message)] = found(site, FRIEND, "INBOX", "From elsewhere")
    body = message.get_body(("html",))
    assert body is not None
    html = body.get_content()
    for there in ("<b>thick", "<u>", "<i>", "<ul><li><div>first</div><ul><li>within</li></ul></li><li>second</li></ul>"):
        assert there in html, html
    for gone in ("style=", "Mso", "data:image", "\u00b7"):
        assert gone not in html.replace('class="signature"', "")
    [picture] = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert ("inline", PNG) == (picture.get_content_disposition(), picture.get_payload(decode=True))
    assert f'src="cid:{picture["Content-ID"].strip("<>")}"' in html
    assert [("plan.pdf", b"%PDF-1.4 plan")] == [(part.get_filename(), part.get_content()) for part in message.walk() if part.get_content_type() == "application/pdf"]


def test_formatting_is_back_when_plain_text_was_not_meant(site: Server, browser: Browser, bureau: dict[str, Any]) -> None:
    seen = browser.run("turnedAndBack", bureau, to=FRIEND, subject="Come early")
    assert ["come early", 1, 1] == seen["before"] == seen["after"]
    assert "Dear all, come early[map.png]\n-- \nWilma Writer\nThird floor" == seen["plain"]
    eventually(lambda: holds(site, "INBOX", "Come early", FRIEND))
    [(_, message)] = found(site, FRIEND, "INBOX", "Come early")
    assert [("map.png", "attachment", PNG)] == [(part.get_filename(), part.get_content_disposition(), part.get_content()) for part in message.iter_attachments()]
    assert message.get_body(("html",)) is None
    text = message.get_body(("plain",))
    assert text is not None
    assert "\n-- \nWilma Writer\n" in text.get_content().replace("\r\n", "\n"), "a signature begins with a line that other programs know (RFC 3676 §4.3)"


def test_a_plain_text_becomes_a_letter_with_its_signature(site: Server, browser: Browser, bureau: dict[str, Any]) -> None:
    seen = browser.run("plainMadeRich", bureau, subject="For the kitchen")
    assert 1 == seen["signatures"]
    assert "List: tea   2\n  milk 1" in seen["text"]
    [(_, message)] = found(site, WRITER, "Drafts", "For the kitchen")
    text = message.get_body(("plain",))
    assert text is not None
    assert "List: tea   2\n   milk 1\n\n-- \nWilma Writer\nThird floor" in text.get_content().replace("\r\n", "\n"), "the space in front is that of RFC 3676 §4.4"


def test_an_answer_that_is_called_back_is_an_answer_still(site: Server, browser: Browser, bureau: dict[str, Any]) -> None:
    def in_columns(message: EmailMessage) -> None:
        message.clear_content()
        message.set_content("Prices:\n\n  tea    2.00\n  milk  11.50\n")

    def answered() -> bool:
        return r"\Answered" in found(site, WRITER, "INBOX", "The price list")[0][0]

    put(site, "The price list", to=WRITER, sender=FRIEND, change=in_columns)
    [(_, original)] = found(site, WRITER, "INBOX", "The price list")
    seen = browser.run("answerInPlace", bureau, subject="The price list", text="Thank you.")
    assert {"whileWriting": 1, "subjectAgain": 0, "stillSaid": True, "putAside": 2, "answers": f"Reply to {FRIEND}", "takenUp": 1} == seen
    again = browser.run("calledBackAfterReload", bureau, stranger="eve@far.example", subject="Re: The price list")
    assert "eve@far.example is new in this conversation" in again["said"]
    assert again["subject"]
    eventually(lambda: not answered())
    assert not holds(site, "INBOX", "Re: The price list", FRIEND)
    browser.run("sendWhatIsThere", bureau)
    eventually(answered)
    eventually(lambda: holds(site, "INBOX", "Re: The price list", FRIEND))
    [(_, message)] = found(site, FRIEND, "INBOX", "Re: The price list")
    assert original["Message-ID"] == message["In-Reply-To"] == message["References"]
    text = message.get_body(("plain",))
    assert text is not None
    assert "Thank you. And more." in text.get_content()
    assert ">   tea    2.00\n>   milk  11.50" in text.get_content().replace("\r\n", "\n"), "what stands in columns is quoted so"


def test_a_template_waits_for_whom_it_is_to(browser: Browser, bureau: dict[str, Any]) -> None:
    seen = browser.run("templateFirst", bureau, name="Greeting", text="Dear {address}, good morning.", to=FRIEND, other=OTHER)
    assert "Dear {address}, good morning." in seen["first"]
    assert f"Dear {FRIEND}, good morning." in seen["filled"]
    assert not seen["later"]
    assert "{me} is not filled in yet." in seen["said"]


def test_a_letter_to_very_many_has_room_for_its_words(browser: Browser, bureau: dict[str, Any]) -> None:
    seen = browser.run("veryMany", bureau, count=60)
    assert seen["lastAboveField"]
    assert seen["text"] > 250


def test_two_on_their_way_are_both_taken_back(site: Server, browser: Browser, bureau: dict[str, Any]) -> None:
    assert 2 == browser.run("twoTakenBack", bureau, to=FRIEND, subjects=["Sent in haste", "In more haste"])
    assert not holds(site, "INBOX", "Sent in haste", FRIEND)
    assert not holds(site, "INBOX", "In more haste", FRIEND)


def test_a_message_for_another_day_is_dated_so(site: Server, browser: Browser, bureau: dict[str, Any]) -> None:
    """Whoever gets it finds it among the mail of that day."""
    day = datetime.now(UTC) + timedelta(days=3)
    passed = "This time has passed."
    assert [passed, passed] == browser.run("anotherDay", bureau, to=FRIEND, subject="On another day", day=f"{day:%Y-%m-%d}")
    [(_, message)] = found(site, WRITER, "Sent", "On another day")
    assert (day.date(), 30) == (message["Date"].datetime.astimezone(UTC).date(), message["Date"].datetime.minute)
    browser.run("sendNow", bureau, subject="On another day")
    eventually(lambda: holds(site, "INBOX", "On another day", FRIEND))
    [(_, message)] = found(site, FRIEND, "INBOX", "On another day")
    assert abs(message["Date"].datetime - datetime.now(UTC)) < timedelta(minutes=5)
    assert 1 == len(found(site, WRITER, "Sent", "On another day"))
    assert not holds(site, "Drafts", "On another day", WRITER)


def test_an_answer_in_plain_text_begins_above_the_quotation(site: Server, browser: Browser, bureau: dict[str, Any]) -> None:
    put(site, "A question in words", to=WRITER, sender=FRIEND)
    written = browser.run("plainAnswer", bureau, subject="A question in words", text="Yes.")
    assert written.startswith("Yes.\n"), written
    assert written.rstrip().endswith("> Text")


def test_what_was_done_last_is_taken_back_first(site: Server, browser: Browser, bureau: dict[str, Any]) -> None:
    put(site, "Filed meanwhile", to=WRITER)
    assert [0, 1] == browser.run("filedWhileSending", bureau, to=FRIEND, subject="Never leaves", other="Filed meanwhile")
    eventually(lambda: holds(site, "INBOX", "Filed meanwhile", WRITER))
    assert not holds(site, "Archive", "Filed meanwhile", WRITER)
    assert not found(site, FRIEND, "INBOX", "Never leaves")
