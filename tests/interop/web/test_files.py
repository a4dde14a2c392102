"""Files that come with mail: PDF files looked at in place, whatever they would like to do; and files on their way up."""

from base64 import b64encode
from email.message import EmailMessage
from random import Random
from typing import Any

import pytest
from tests.harness import pdf
from tests.harness.browser import Browser
from tests.harness.server import PASSWORD, Server
from tests.interop.web.conftest import PEOPLE, eventually, found, put

pytestmark = pytest.mark.interop
READER, SENDER = PEOPLE[39], PEOPLE[48]
DRAWN = 12_000_000
"""So many pixels of a page are drawn at most (web/src/kit/pdf-size.ts)."""


@pytest.fixture(scope="module")
def desk() -> dict[str, Any]:
    return {"name": "files", "login": READER, "password": PASSWORD}


def letter(site: Server, subject: str, files: dict[str, bytes], kind: str = "pdf") -> None:
    def attach(message: EmailMessage) -> None:
        for name, octets in files.items():
            message.add_attachment(octets, maintype="application", subtype=kind, filename=name)

    put(site, subject, to=READER, change=attach)


def test_a_pdf_file_is_read_in_place(site: Server, browser: Browser, desk: dict[str, Any]) -> None:
    pages = [[f"Chapter {number}", "It was a dark and stormy night."] for number in range(1, 41)]
    letter(site, "A novel", {"novel.pdf": pdf.document(pages)})
    seen = browser.run("readPdf", desk, subject="A novel", name="novel.pdf")
    assert ("novel.pdf", "of 40", "Page 1 of 40") == (seen["title"], seen["of"], seen["names"])
    assert {"ink": True, "words": "Chapter 1 It was a dark and stormy night."} == seen["first"]
    assert "Chapter 2 " in seen["second"]["words"]
    assert "Chapter 30 " in seen["thirtieth"]["words"]
    assert seen["inView"]
    assert seen["drawnAtOnce"] < 6
    assert seen["marked"].startswith("Chapter 1")
    assert "%" in seen["larger"]
    assert seen["back"]


def test_a_file_without_its_type_is_a_pdf_file_by_its_name(site: Server, browser: Browser, desk: dict[str, Any]) -> None:
    letter(site, "Sent by a scanner", {"scan.pdf": pdf.document([["Scanned"]])}, "octet-stream")
    seen = browser.run("hostilePdf", desk, subject="Sent by a scanner", names=["scan.pdf"])
    assert ("Scanned", []) == (seen["sizes"]["scan.pdf"][0], seen["asked"])


def test_a_fax_is_decoded_in_the_thread(site: Server, browser: Browser, desk: dict[str, Any]) -> None:
    letter(site, "By fax", {"fax.pdf": pdf.fax()})
    assert [0, 0, 0, 255] == browser.run("pdfColour", desk, subject="By fax", name="fax.pdf", x=350 / 595, y=1 - 350 / 842)
    assert [255, 255, 255, 255] == browser.run("pdfColour", desk, subject="By fax", name="fax.pdf", x=450 / 595, y=1 - 350 / 842)


def test_links_of_a_file_say_where_they_lead(site: Server, browser: Browser, desk: dict[str, Any]) -> None:
    links = b" ".join((
        pdf.link((60, 700, 300, 740), pdf.uri("https://elsewhere.example/offer?for=you")),
        pdf.link((60, 600, 300, 640), pdf.uri("mailto:author@elsewhere.example")),
        pdf.link((60, 500, 300, 540), b"/Dest [14 0 R /Fit]"),
    ))  # fmt: skip
    letter(site, "An offer", {"offer.pdf": pdf.document([["One"], ["Two"], ["Three"]], annotations={1: links})})
    seen = browser.run("pdfLinks", desk, errors=True, subject="An offer", name="offer.pdf")
    assert ["Link to https://elsewhere.example/offer?for=you", "Link to mailto:author@elsewhere.example", "To page 3"] == seen["names"]
    assert "It leads to https://elsewhere.example/offer?for=you" == seen["says"]
    assert 1 == seen["stayed"]
    assert seen["opener"]
    assert "author@elsewhere.example" in seen["to"]


def test_what_cannot_be_shown_says_why_and_is_taken_from_there(site: Server, browser: Browser, desk: dict[str, Any]) -> None:
    letter(site, "Two that do not open", {"locked.pdf": pdf.locked(), "torn.pdf": b"%PDF-1.7\n" + bytes(range(256)) * 20})
    seen = browser.run("pdfRefused", desk, subject="Two that do not open", names=["locked.pdf", "torn.pdf"])
    assert seen["locked.pdf"] == ["This file is locked with a password. Download it, and open it with a program that asks for the password.", "locked.pdf"]
    assert seen["torn.pdf"] == ["This file is damaged, or it is no PDF.", "torn.pdf"]


def test_a_hostile_file_calls_nobody_and_runs_nothing(site: Server, browser: Browser, desk: dict[str, Any], tracker: tuple[str, list[str]]) -> None:
    url, hits = tracker
    files = pdf.hostile(url)
    letter(site, "Eleven files", files)
    seen = browser.run("hostilePdf", desk, subject="Eleven files", names=list(files), offers=["link.pdf"])
    assert [] == hits
    assert ([], None, 0) == (seen["asked"], seen["marked"], seen["opened"])
    # The address that a script of a link names is a link like any other: shown, and followed by whoever wants it.
    assert ({"link.pdf": f"It leads to {url}/script"}, 1) == (seen["offered"], seen["links"])
    assert set(files) == set(seen["sizes"])
    for words, pixels, side in seen["sizes"].values():
        assert words
        assert 0 < pixels <= DRAWN
        assert side <= 20_000


def test_on_a_telephone_a_page_is_as_broad_as_the_window(site: Server, browser: Browser) -> None:
    phone = {"name": "files on a telephone", "login": READER, "password": PASSWORD, "viewport": {"width": 390, "height": 844}, "isMobile": True, "hasTouch": True, "deviceScaleFactor": 2}
    letter(site, "For the train", {"tickets.pdf": pdf.document([["Ticket"], ["Return"]])})
    seen = browser.run("pdfOnPhone", phone, subject="For the train", name="tickets.pdf")
    assert seen["window"] == seen["dialog"] == 390
    assert (0, 0) == (seen["left"], seen["aside"])
    assert 360 <= seen["leaf"] <= 390
    assert min(seen["targets"]) >= 24


def test_what_was_looked_at_is_looked_at_without_a_network(site: Server, browser: Browser, desk: dict[str, Any]) -> None:
    letter(site, "For the tunnel", {"map.pdf": pdf.document([["The way"]]), "never.pdf": pdf.document([["Never opened"]])})
    seen = browser.run("pdfOffline", desk, subject="For the tunnel", name="map.pdf", other="never.pdf")
    assert "The way" == seen["words"]
    assert "This file is not on this device, and the server cannot be reached." == seen["other"]


def test_files_go_up_over_a_line_that_is_slow_and_breaks(site: Server, browser: Browser) -> None:
    device = {"name": "uploads", "login": SENDER, "password": PASSWORD}
    browser.run("signIn", device)
    browser.run("shortUndo", device)
    dice = Random(7)
    files = {name: dice.randbytes(octets) for name, octets in (("chart.bin", 1_500_000), ("doomed.bin", 2_000_000), ("refused.bin", 40_000), ("broken.bin", 60_000))}
    chart, doomed, refused, broken = ({"name": name, "base64": b64encode(octets).decode()} for name, octets in files.items())
    seen = browser.run("uploads", device, errors=True, to=READER, subject="Four files, of which three", file=chart, doomed=doomed, refused=refused, broken=broken)
    assert len(seen["values"]) >= 4
    assert seen["values"] == sorted(seen["values"])
    assert all(0 <= value <= 1 for value in seen["values"])
    assert any(0.1 < value < 0.9 for value in seen["values"])
    assert "MB" in seen["size"]
    assert "Wait until the files have been uploaded." == seen["waits"]
    assert 0 == seen["gone"]
    assert "The server refused the file (503)." == seen["refused"]
    for login, mailbox in ((READER, "INBOX"), (SENDER, "Sent")):
        eventually(lambda login=login, mailbox=mailbox: found(site, login, mailbox, "Four files, of which three"))  # type: ignore[misc]
        [(_, message)] = found(site, login, mailbox, "Four files, of which three")
        sent = {part.get_filename(): part.get_content() for part in message.iter_attachments()}
        assert {name: octets for name, octets in files.items() if name != "doomed.bin"} == sent
