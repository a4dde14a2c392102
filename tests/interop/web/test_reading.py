"""Reading and filing in the browser."""

import base64
import io
import zipfile
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from tests.harness.browser import Browser
from tests.harness.server import PASSWORD, Server
from tests.interop.web.conftest import PEOPLE, PNG, eventually, found, holds, hostile, put

pytestmark = pytest.mark.interop
TALKATIVE, PATIENT = PEOPLE[22], PEOPLE[16]


def test_archiving_by_key_is_seen_over_imap(site: Server, browser: Browser, desk: dict[str, Any]) -> None:
    put(site, "To be filed")
    browser.run("archive", desk, subject="To be filed")
    eventually(lambda: holds(site, "Archive", "To be filed"))
    assert not holds(site, "INBOX", "To be filed")


def test_undo_outlives_a_reload(site: Server, browser: Browser, desk: dict[str, Any]) -> None:
    put(site, "To be kept")
    browser.run("undoAfterReload", desk, subject="To be kept")
    eventually(lambda: holds(site, "INBOX", "To be kept"))
    assert not holds(site, "Archive", "To be kept")


def test_a_page_loaded_anew_stands_on_what_is_open(site: Server, browser: Browser, desk: dict[str, Any]) -> None:
    put(site, "Open over a reload")
    browser.run("filedAfterReload", desk, subject="Open over a reload")
    eventually(lambda: holds(site, "Archive", "Open over a reload"))
    assert not holds(site, "INBOX", "Open over a reload")


def test_remote_pictures_come_by_the_proxy_alone(site: Server, browser: Browser, desk: dict[str, Any], tracker: tuple[str, list[str]]) -> None:
    url, hits = tracker
    put(site, "With a remote picture", f"<p>Look:</p><img alt='' width=40 src='{url}/picture.png'>")
    shown = browser.run("showPictures", desk, subject="With a remote picture", picture=base64.b64encode(PNG).decode())
    assert shown == [{"width": 1, "path": "/proxy/image"}]
    assert hits == []


def test_pictures_of_the_message_itself_are_shown(site: Server, browser: Browser, desk: dict[str, Any]) -> None:
    def with_picture(message: EmailMessage) -> None:
        html = message.get_body(("html",))
        assert isinstance(html, EmailMessage)
        html.add_related(PNG, "image", "png", cid="<dot@elsewhere.example>")

    put(site, "With its own picture", "<p>Here: <img alt='dot' src='cid:dot@elsewhere.example'></p>", change=with_picture)
    assert browser.run("inlinePicture", desk, subject="With its own picture") == 1


def test_hostile_mail_reaches_nobody(site: Server, browser: Browser, desk: dict[str, Any], tracker: tuple[str, list[str]]) -> None:
    url, hits = tracker
    mails = hostile(url)
    subjects = [f"hostile {number}" for number in range(1, len(mails) + 1)]
    for subject, html in zip(subjects, mails, strict=True):
        put(site, subject, html)
    # The policy's refusals of what the mail tries are reported as errors, and are the point.
    seen = browser.run("hostile", desk, errors=True, subjects=subjects)
    assert seen == {"origins": ["null"] * 3, "reachable": False, "marked": False}
    assert hits == []


def test_styles_of_mail_are_shown_and_quoted_without_a_word_in_the_log(site: Server, browser: Browser, desk: dict[str, Any]) -> None:
    def html_only(message: EmailMessage) -> None:
        html = message.get_body(("html",))
        assert html is not None
        content = html.get_content()
        message.clear_content()
        message.set_content(content, subtype="html")

    put(
        site, "In many colours", "<html><head><STYLE>.two{color:rgb(0, 100, 0)}</STYLE></head><body style='margin:3px'><p id=one style='color:rgb(200, 0, 0)'>One</p>"
        "<p class=two>Two</p><p id=three title='style=1'>Three with style=&quot;none&quot;</p></body></html>", sender=PEOPLE[1], change=html_only,
    )  # fmt: skip
    seen = browser.run("styled", desk, subject="In many colours", to=None)
    assert ("rgb(200, 0, 0)", "rgb(0, 100, 0)", 'Three with style="none"') == (seen["attribute"], seen["sheet"], seen["words"])
    assert (["One", "Two", 'Three with style="none"'], True) == (seen["text"], seen["quoted"])
    eventually(lambda: holds(site, "INBOX", "Re: In many colours", PEOPLE[1]))
    [(_, message)] = found(site, PEOPLE[1], "INBOX", "Re: In many colours")
    body = message.get_body(("html",))
    assert body is not None
    html = body.get_content()
    assert "mailstead" not in html.replace("example", "")
    assert 'style="color:rgb(200, 0, 0)"' in html
    assert 'Three with style="none"' in html.replace("&quot;", '"')


def test_what_is_behind_a_message(site: Server, browser: Browser, desk: dict[str, Any]) -> None:
    def with_more(message: EmailMessage) -> None:
        message["Cc"] = "Third <third@elsewhere.example>"
        message["X-Of-Note"] = "seven"

    put(site, "With earlier words", "<p>Agreed.</p><blockquote type='cite'><p>Shall we meet on Monday?</p></blockquote>", change=with_more)
    seen = browser.run("behindTheMessage", desk, subject="With earlier words", quoted="Shall we meet on Monday?")
    assert seen["hidden"]
    assert any("third@elsewhere.example" in line for line in seen["addresses"])
    assert "X-Of-Note: seven" in seen["headers"]
    assert "Shall we meet" not in seen["headers"]
    assert "<blockquote" in seen["source"]


def test_a_message_on_paper(site: Server, browser: Browser, desk: dict[str, Any], tracker: tuple[str, list[str]]) -> None:
    url, hits = tracker
    lines = "".join(f"<p>Line {number} of a letter that is longer than a page.</p>" for number in range(120))
    # The mail would like to be without a head, and to be somebody else's.
    put(
        site, "To be printed", f"<style>html>div,header{{display:none!important;color:red!important}}</style>{lines}<p>The very end.</p><img alt='' width=40 src='{url}/picture.png'>"
        "<blockquote type='cite'>What was said before.</blockquote>", sender="Ada Miller <ada@elsewhere.example>",
    )  # fmt: skip
    seen = browser.run("printed", desk, subject="To be printed")
    paper = seen["paper"]
    assert ["To be printed", "From: Ada Miller <ada@elsewhere.example>", "To: user1@example.test"] == paper["head"][:3]
    assert paper["head"][3].startswith("Date: ")
    assert (True, True, 0, 0, "rgb(26, 29, 35)") == (paper["first"], paper["headShown"], paper["folded"], paper["pictures"], paper["ink"])
    assert "Line 0 of a letter" in paper["text"]
    assert "The very end." in paper["text"]
    assert "What was said before." in paper["text"]
    assert seen["pages"] >= 3
    assert seen["kept"]
    assert hits == []


def test_a_conversation_on_paper(site: Server, browser: Browser, desk: dict[str, Any]) -> None:
    for number in range(3):
        put(site, "The whole on paper", f"<p>Part {number}</p>", change=lambda message: message.__setitem__("References", "<whole@talk.example>"))
    assert {"folded": 2, "printed": 3} == browser.run("printedWhole", desk, subject="The whole on paper")


def test_messages_are_dark_in_the_dark_and_light_where_wanted(site: Server, browser: Browser, desk: dict[str, Any]) -> None:
    put(site, "Black on white", "<p style='color:#101010;background:#ffffff'>Ink.</p>")
    # That its own colours are refused outside of its frame is reported, and is the point.
    seen = browser.run("darkMessage", desk, errors=True, subject="Black on white")
    assert seen["dark"] > 128 > seen["shown"]


def test_conversations_longer_than_the_server_gives_at_once(site: Server, browser: Browser, tmp_path: Path) -> None:
    """More emails than ``maxObjectsInGet`` in one conversation of the list."""
    many, path = 520, tmp_path / "long.mbox"
    with path.open("w") as out:
        for number in range(many):
            answers = "In-Reply-To: <0@long.example>\nReferences: <0@long.example>\nSubject: Re: A long talk\n" if number else "Subject: A long talk\n"
            out.write(f"From x@long.example Thu Nov 26 10:00:00 2026\nFrom: Talker {number} <t{number}@long.example>\nTo: {TALKATIVE}\n"
                      f"Date: Thu, 26 Nov 2026 10:{number // 60:02d}:{number % 60:02d} +0000\nMessage-ID: <{number}@long.example>\n{answers}\nWord {number}\n\n")
    site.command("import", TALKATIVE, str(path), "--mailbox", "INBOX")
    put(site, "A short one", to=TALKATIVE)
    browser.run("signIn", {"name": "long", "login": TALKATIVE, "password": PASSWORD})
    seen = browser.run("longConversation", {"name": "long", "login": TALKATIVE, "password": PASSWORD}, subject="A long talk")
    assert {"A short one", "Re: A long talk"} <= set(seen["subjects"])
    assert seen["count"] == str(many)
    assert f"Word {many - 1}" in seen["newest"]


def test_all_files_at_once_have_safe_names_of_their_own(site: Server, browser: Browser, desk: dict[str, Any]) -> None:
    files = {"plan.txt": b"one", "PLAN.txt": b"two", "../../etc/passwd": b"three", "Zahlen f\u00fcr M\u00e4rz.bin": bytes(range(256)) * 300, "gnp\u202eexe.png": PNG}

    def with_files(message: EmailMessage) -> None:
        for name, octets in files.items():
            message.add_attachment(octets, maintype="application", subtype="octet-stream", filename=name)

    put(site, "All the plans / 2026", change=with_files)
    taken = browser.run("downloadAll", desk, subject="All the plans / 2026")
    assert "5 attachments" in taken["says"]
    assert "2026.zip" == taken["name"].strip()
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(taken["base64"]))) as archive:
        assert archive.testzip() is None
        inside = {name: archive.read(name) for name in archive.namelist()}
    assert {"plan.txt": b"one", "PLAN (2).txt": b"two", "passwd": b"three", "Zahlen f\u00fcr M\u00e4rz.bin": files["Zahlen f\u00fcr M\u00e4rz.bin"], "gnpexe.png": PNG} == inside


def test_a_long_message_is_answered_in_view_and_printed_whole(site: Server, browser: Browser) -> None:
    put(site, "A long story", "".join(f"<p>Chapter {number}</p>" for number in range(100)), to=PATIENT)
    device = {"name": "patient", "login": PATIENT, "password": PASSWORD}
    assert browser.run("answerInView", device, subject="A long story")
    paper = browser.run("onPaper", device, subject="A long story")
    assert paper["height"] > 2000
    assert paper["sheet"] > paper["height"]
    assert paper["left"] < 100
    assert paper["around"] == []


def test_pictures_and_texts_are_looked_at_in_place(site: Server, browser: Browser, desk: dict[str, Any]) -> None:
    def with_files(message: EmailMessage) -> None:
        message.add_attachment("Bring boots.", filename="list.txt")
        message.add_attachment(PNG, maintype="image", subtype="png", filename="dot.png")

    put(site, "To look at in place", change=with_files)
    seen = browser.run("previews", desk, subject="To look at in place", names=["list.txt", "dot.png"])
    assert {"list.txt": "Bring boots.", "focus after list.txt": True, "dot.png": 1, "focus after dot.png": True} == seen
