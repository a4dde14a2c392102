"""The web client in Chromium against a running server; what it did is looked at over IMAP."""

import imaplib
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.harness.server import PASSWORD, Server

pytestmark = pytest.mark.interop

WEB = Path(__file__).parents[2] / "web"
LOGIN = "user1@example.test"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if shutil.which("node") is None:
        pytest.skip("node is absent: Debian package nodejs")
    if not Path("/usr/bin/chromium").exists():
        pytest.skip("chromium is absent: Debian package chromium")
    if not (WEB / "node_modules" / "playwright-core").is_dir():
        pytest.skip("web/node_modules is absent: make check-web (Debian package npm)")
    server = Server(tmp_path_factory.mktemp("web"), workers=1).init((LOGIN, "user2@example.test"))
    with server.start():
        yield server


def drive(server: Server, flow: str) -> dict[str, Any]:
    done = subprocess.run(
        ["node", "flow/drive.mjs", flow, f"http://127.0.0.1:{server.ports['http']}", LOGIN, PASSWORD],
        cwd=WEB, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    # The policy's refusals of what hostile mail tries are reported as errors, and are the point of that flow.
    errors = found.pop("errors")
    assert flow == "hostile" or errors == []
    return found


def put(server: Server, subject: str, html: str = "<p>Text</p>") -> None:
    message = EmailMessage()
    message["From"] = "Somebody <somebody@elsewhere.example>"
    message["To"] = LOGIN
    message["Subject"] = subject
    message.set_content("Text")
    message.add_alternative(html, subtype="html")
    with imaplib.IMAP4("127.0.0.1", server.ports["imap"]) as imap:
        imap.login(LOGIN, PASSWORD)
        imap.append("INBOX", "", "", message.as_bytes())


def holds(server: Server, login: str, mailbox: str, subject: str) -> bool:
    with imaplib.IMAP4("127.0.0.1", server.ports["imap"]) as imap:
        imap.login(login, PASSWORD)
        imap.select(mailbox, readonly=True)
        _, found = imap.search(None, "SUBJECT", f'"{subject}"')
        return bool(found[0])


def test_archiving_by_key_is_seen_over_imap(site: Server) -> None:
    put(site, "To be filed")
    assert drive(site, "archive") == {"archived": True}
    assert holds(site, LOGIN, "Archive", "To be filed")
    assert not holds(site, LOGIN, "INBOX", "To be filed")


def test_undo_outlives_a_reload(site: Server) -> None:
    put(site, "To be kept")
    assert drive(site, "undo") == {"back": True}
    assert holds(site, LOGIN, "INBOX", "To be kept")
    assert not holds(site, LOGIN, "Archive", "To be kept")


def test_a_message_called_back_and_sent_again_arrives_once(site: Server) -> None:
    put(site, "Something to begin with")
    assert drive(site, "send") == {"sent": True}
    with imaplib.IMAP4("127.0.0.1", site.ports["imap"]) as imap:
        imap.login("user2@example.test", PASSWORD)
        imap.select("INBOX", readonly=True)
        _, found = imap.search(None, "SUBJECT", '"Written in a browser"')
        assert len(found[0].split()) == 1
    assert not holds(site, LOGIN, "Drafts", "Written in a browser")


def test_hostile_mail_reaches_nobody(site: Server) -> None:
    hits: list[str] = []

    class Tracker(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hits.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    tracker = ThreadingHTTPServer(("127.0.0.1", 0), Tracker)
    threading.Thread(target=tracker.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{tracker.server_port}"
    mails = (
        f"<script>parent.marked=true;fetch('{url}/script')</script><img src='{url}/img'><img src=x onerror=\"parent.marked=true;fetch('{url}/onerror')\">"
        f"<iframe src='{url}/iframe'></iframe><object data='{url}/object'></object><meta http-equiv=refresh content='0;url={url}/refresh'>",
        f"<style>@import url({url}/import);body{{background:url({url}/bg)}}@font-face{{font-family:x;src:url({url}/font)}}p{{font-family:x;--a:url({url}/var);"
        f"background:var(--a)}}</style><p style='background:\\75rl({url}/escaped)'>x</p><table background='{url}/table'><tr><td>x</table>",
        f"<svg><image href='{url}/svg'/><style>@import '{url}/svgstyle'</style><animate onbegin=alert(1)></svg><video poster='{url}/poster'></video>"
        f"<img srcset='{url}/srcset 2x'><link rel=prefetch href='{url}/prefetch'><form action='{url}/form'><input autofocus onfocus=\"fetch('{url}/focus')\"></form>"
        f"<a href='javascript:parent.marked=true' ping='{url}/ping'>y</a><math><mtext><style><img src=x onerror=parent.marked=true></style></mtext></math>",
    )
    try:
        for number, html in enumerate(mails, 1):
            put(site, f"hostile {number}", html)
        assert drive(site, "hostile") == {"origins": ["null"] * 3, "reachable": False, "marked": False}
        assert hits == []
    finally:
        tracker.shutdown()
        tracker.server_close()
