"""Found words are marked in the rows of a search, and what was found in a text alone is shown there."""

from email.message import EmailMessage
from email.utils import make_msgid
from typing import Any

import pytest
from tests.harness.browser import Browser
from tests.harness.server import PASSWORD, Server
from tests.interop.web.conftest import PEOPLE, put

pytestmark = pytest.mark.interop
FINDER, AWAY = PEOPLE[35], PEOPLE[36]
LONG = " ".join(f"Line {number} is about something else altogether." for number in range(12))


def write(site: Server, subject: str, html: str, *, to: str = FINDER, sender: str = "Somebody <somebody@elsewhere.example>") -> None:
    def change(message: EmailMessage) -> None:
        message.replace_header("Message-ID", make_msgid(domain="elsewhere.example"))
        message.clear_content()
        message.set_content(html, subtype="html")

    put(site, subject, to=to, sender=sender, change=change)


@pytest.fixture(scope="module")
def shelf(site: Server, browser: Browser) -> dict[str, Any]:
    for subject, html, sender in (
        ("Roof drawings, revision C", "<p>The ridge beam of the roof grows.</p>", "Tomasz Roofer <tomasz@roofs.example>"),
        ("Loads in winter", f"<p>{LONG}</p><p>Snow on the &lt;roof&gt; and the gutters come to 1.9 kN.</p>", "Inger Lund <inger@elsewhere.example>"),
        ("Ein Café am Hafen", "<p>Um neun, bitte.</p>", "Zoë <zoe@elsewhere.example>"),
        ("هذا كِتَابٌ جديد", "<p>كتاب واحد</p>", "Noor <noor@elsewhere.example>"),
    ):
        write(site, subject, html, sender=sender)
    device = {"name": "shelf", "login": FINDER, "password": PASSWORD, "deviceScaleFactor": 2}
    browser.run("signIn", device)
    return device


def test_found_words_are_marked_where_each_operator_looks(browser: Browser, shelf: dict[str, Any]) -> None:
    subject = "Roof drawings, revision C"
    assert [["Tomasz Roofer", "[Roof] drawings, revision C", "The ridge beam of the roof grows."]] == browser.run("foundWords", shelf, words="subject:ROOF", subject=subject, word="Roof")
    assert [["Tomasz [Roof]er", "Roof drawings, revision C", "The ridge beam of the roof grows."]] == browser.run("foundWords", shelf, words="from:roof", subject=subject, word="Roof")
    assert [["Tomasz [Roof]er", "[Roof] drawings, revision C", "The ridge [beam] of the [roof] grows."]] == browser.run(
        "foundWords", shelf, words="roof beam -gutters", subject=subject, word="beam")


def test_what_was_found_in_the_text_alone_is_shown_with_its_words(browser: Browser, shelf: dict[str, Any]) -> None:
    rows = browser.run("foundWords", shelf, words="roof", subject="Loads in winter", word="roof")
    sender, subject, preview = next(row for row in rows if row[1] == "Loads in winter")
    assert "Inger Lund" == sender
    assert subject == "Loads in winter"
    assert "Snow on the <[roof]> and the gutters come to 1.9 kN." in preview
    assert not preview.startswith("Line 0")


def test_accents_and_writing_from_the_right(browser: Browser, shelf: dict[str, Any]) -> None:
    assert [["Zoë", "Ein [Café] am Hafen", "Um neun, bitte."]] == browser.run("foundWords", shelf, words="café", subject="Ein Café am Hafen", word="Café")
    assert [["Zoë", "Ein [Café] am Hafen", "Um neun, bitte."]] == browser.run("foundWords", shelf, words="cafe", subject="Ein Café am Hafen", word="Café")
    assert [["[Zoë]", "Ein Café am Hafen", "Um neun, bitte."]] == browser.run("foundWords", shelf, words="from:zoe", subject="Ein Café am Hafen", word="Zoë")
    rows = browser.run("foundWords", shelf, words="كتاب", subject="هذا كِتَابٌ جديد", word="كتاب")
    assert [["Noor", "هذا [كِتَابٌ] جديد", "[كتاب] واحد"]] == rows


def test_words_are_marked_with_each_letter_and_no_longer_where_nothing_is_searched(browser: Browser, shelf: dict[str, Any]) -> None:
    assert ["[Ro]of drawings, revision C", "[Roo]f drawings, revision C", "[Roof] drawings, revision C", "Roof,Roof"] == browser.run(
        "markedAsTyped", shelf, letters=["ro", "o", "f"], subject="Roof drawings, revision C")


def test_lines_of_a_table_are_marked_too(browser: Browser, shelf: dict[str, Any]) -> None:
    browser.run("inLayout", shelf, layout="Single lines")
    assert [["Tomasz [Roof]er", "[Roof] [drawings], revision C", "The ridge beam of the [roof] grows."]] == browser.run(
        "foundWords", shelf, words="roof drawings", subject="Roof drawings, revision C", word="Roof")
    browser.run("inLayout", shelf, layout="Columns")


def test_what_is_marked_can_be_read_in_each_theme(browser: Browser, shelf: dict[str, Any]) -> None:
    seen = browser.run("contrastOfMarks", shelf, words="roof beam", subject="Roof drawings, revision C", word="roof")
    assert {"light", "dark", "contrast", "forced"} == seen.keys()
    for theme, one in seen.items():
        assert one["ink"] >= 4.5, theme
        assert one["stands"], theme


def test_without_a_network_the_words_that_are_known_are_marked(site: Server, browser: Browser) -> None:
    write(site, "Roof on the train", "<p>Its roof leaks.</p>", to=AWAY)
    device = {"name": "marked-away", "login": AWAY, "password": PASSWORD}
    # The notice of a new sign-in is a message too.
    browser.run("takeAlong", device, texts=2)
    browser.run("cut", device, off=True)
    rows = browser.run("foundWords", device, words="roof", subject="Roof on the train", word="roof")
    assert [["Somebody", "[Roof] on the train", "Its [roof] leaks."]] == rows
    browser.run("cut", device, off=False)
