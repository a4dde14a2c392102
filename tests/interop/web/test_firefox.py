"""Firefox: a real browser's subscription to a push service, told by the server with every window closed."""

import os
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest
from tests.harness import pdf
from tests.harness.browser import Browser
from tests.harness.server import PASSWORD, Server
from tests.harness.webpush import DELIVERED, PushService
from tests.interop.web.conftest import eventually, holds, hostile, put

pytestmark = pytest.mark.interop
ALICE, BOB = "alice@example.test", "bob@example.test"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PushService]:
    Browser.need("firefox")
    with PushService(tmp_path_factory.mktemp("push")) as running:
        yield running


@pytest.fixture(scope="module")
def server(service: PushService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that may call a push service on loopback, and trusts its certificate."""
    with pytest.MonkeyPatch.context() as patch, Server(tmp_path_factory.mktemp("firefox"), workers=1, settings="[push]\nprivate = true").init((ALICE, BOB)) as running:
        patch.setitem(os.environ, "SSL_CERT_FILE", str(service.certificate))
        running.start()
        yield running
        assert running.verify() == []


@pytest.fixture(scope="module")
def firefox(server: Server, service: PushService) -> Iterator[Browser]:
    prefs = {
        "dom.push.serverURL": f"{service.ws}/", "dom.push.testing.allowInsecureServerURL": True, "dom.push.connection.enabled": True, "dom.push.enabled": True,
        # Without a desktop nobody shows notifications but Firefox itself.
        "permissions.default.desktop-notification": 1, "alerts.useSystemBackend": False,
    }  # fmt: skip
    with Browser(f"http://127.0.0.1:{server.ports['http']}", "firefox", prefs) as running:
        yield running


@pytest.fixture
def device() -> dict[str, Any]:
    return {"name": "fox", "login": ALICE, "password": PASSWORD}


def test_told_with_every_window_closed(server: Server, service: PushService, firefox: Browser, device: dict[str, Any]) -> None:
    reach = firefox.run("subscribe", device)
    assert "granted" == reach["permission"]
    assert "You are notified here even when no window is open." == reach["says"]
    # The code that proves that this device is there came by the push service, and its service worker gave it back.
    eventually(lambda: DELIVERED in [code for _, code in service.acks])
    firefox.run("leave", device)
    told = len(service.acks)
    put(server, "Dinner tonight?", to=ALICE, sender="Ada Miller <ada@elsewhere.example>")
    eventually(lambda: len(service.acks) > told)
    assert {DELIVERED} == {code for _, code in service.acks}
    assert [] == service.refused
    assert all(b"Dinner" not in octets and b"StateChange" not in octets for _, octets in service.posts)
    [note] = firefox.run("shown", device)
    assert ("Ada Miller", "Dinner tonight?") == (note["title"], note["body"])
    assert note["path"].startswith("/m/inbox/")


def test_a_days_work(server: Server, firefox: Browser, device: dict[str, Any]) -> None:
    for subject in ("Read in Firefox", "Filed in Firefox", "Back again"):
        put(server, subject, f"<p>{subject}, word by word.</p>", to=ALICE)
    seen = firefox.run("everydayWork", device, read="Read in Firefox", filed="Filed in Firefox", undone="Back again", to=BOB, subject="From the fox", text="Hello Bob.", words="again")
    assert {"text": "Read in Firefox, word by word.", "focus": "Back again", "found": ["Back again"]} == seen
    eventually(lambda: holds(server, "Archive", "Filed in Firefox", ALICE))
    eventually(lambda: holds(server, "INBOX", "From the fox", BOB))
    assert holds(server, "INBOX", "Back again", ALICE)
    assert not holds(server, "Trash", "Back again", ALICE)


def test_without_a_network(server: Server, firefox: Browser, device: dict[str, Any]) -> None:
    for subject in ("Taken along", "Filed on the way"):
        put(server, subject, f"<p>{subject}, word by word.</p>", to=ALICE)
    assert "Taken along, word by word." == firefox.run("withoutNetwork", device, read="Taken along", filed="Filed on the way")
    eventually(lambda: holds(server, "Archive", "Filed on the way", ALICE))


def test_hostile_mail_reaches_nobody(server: Server, firefox: Browser, device: dict[str, Any], tracker: tuple[str, list[str]]) -> None:
    url, hits = tracker
    mails = hostile(url)
    subjects = [f"hostile {number}" for number in range(1, len(mails) + 1)]
    for subject, html in zip(subjects, mails, strict=True):
        put(server, subject, html, to=ALICE)
    # The policy's refusals of what the mail tries are reported as errors, and are the point.
    assert {"origins": ["null"] * 3, "reachable": False, "marked": False} == firefox.run("hostile", device, errors=True, subjects=subjects)
    assert hits == []


def test_a_pdf_file_is_read_and_a_hostile_one_reaches_nobody(server: Server, firefox: Browser, device: dict[str, Any], tracker: tuple[str, list[str]]) -> None:
    url, hits = tracker
    files = {"novel.pdf": pdf.document([[f"Chapter {number}", "Rain."] for number in range(1, 41)]), **pdf.hostile(url)}

    def attach(message: EmailMessage) -> None:
        for name, octets in files.items():
            message.add_attachment(octets, maintype="application", subtype="pdf", filename=name)

    put(server, "Files for the fox", to=ALICE, change=attach)
    seen = firefox.run("readPdf", device, subject="Files for the fox", name="novel.pdf")
    assert {"ink": True, "words": "Chapter 1 Rain."} == seen["first"]
    assert seen["marked"].startswith("Chapter 1")
    seen = firefox.run("hostilePdf", device, subject="Files for the fox", names=[name for name in files if name != "novel.pdf"], offers=["link.pdf"])
    assert ([], [], None, 0) == (hits, seen["asked"], seen["marked"], seen["opened"])
