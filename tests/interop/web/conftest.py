"""One server and one browser for all flows of the web client that one process runs; what they did is looked at over IMAP."""

import base64
import imaplib
import json
import threading
import time
from collections.abc import Callable, Generator, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import pytest
from tests.harness.browser import Browser
from tests.harness.server import PASSWORD, Server
from tests.interop.web import registry

PEOPLE = tuple(f"user{number}@example.test" for number in range(1, 61))
LOGIN = PEOPLE[0]
WITHIN_S = 30.0
STRANGE: Final[set[str]] = set()
"""Commands that were offered and are not named, as one test has said already."""
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M/wHwAEBgIApD5fRAAAAABJRU5ErkJggg==")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """What a test stands for in the registry has been carried out in it, and whatever its flows were offered is named there."""
    yield
    strange = Browser.known - registry.NAMED.keys() - STRANGE
    STRANGE.update(strange)
    assert set() == strange, "offered by the client, and not named in registry.py"
    assert set() == {command for command in registry.of(item.name) if item.name not in Browser.ran.get(command, ())}, "named in registry.py for this test, and not carried out"


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("web"), workers=2).init(PEOPLE) as server:
        server.start()
        yield server
        assert server.verify() == []


@pytest.fixture(scope="session")
def browser(site: Server) -> Iterator[Browser]:
    with Browser(f"http://127.0.0.1:{site.ports['http']}") as running:
        yield running


@pytest.fixture(scope="session")
def whole_browser(site: Server) -> Iterator[Browser]:
    """Chromium with all of its window, for what the shell does otherwise: notifications, and the way of the focus into a frame."""
    with Browser(f"http://127.0.0.1:{site.ports['http']}", "chromium") as running:
        yield running


@pytest.fixture(scope="session")
def desk(browser: Browser) -> dict[str, Any]:
    """Where the first user works."""
    device = {"name": "desk", "login": LOGIN, "password": PASSWORD}
    browser.run("signIn", device)
    browser.run("shortUndo", device)
    return device


@pytest.fixture
def tracker() -> Iterator[tuple[str, list[str]]]:
    """An address that mail would like to call, and who called."""
    hits: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hits.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", hits
    server.shutdown()
    server.server_close()
    thread.join()


def hostile(url: str) -> tuple[str, ...]:
    """Mail that would like to call ``url``, each in many ways."""
    return (
        f"<script>parent.marked=true;fetch('{url}/script')</script><img src='{url}/img'><img src=x onerror=\"parent.marked=true;fetch('{url}/onerror')\">"
        f"<iframe src='{url}/iframe'></iframe><object data='{url}/object'></object><meta http-equiv=refresh content='0;url={url}/refresh'>",
        f"<style>@import url({url}/import);body{{background:url({url}/bg)}}@font-face{{font-family:x;src:url({url}/font)}}p{{font-family:x;--a:url({url}/var);"
        f"background:var(--a)}}</style><p style='background:\\75rl({url}/escaped)'>x</p><table background='{url}/table'><tr><td>x</table>",
        f"<svg><image href='{url}/svg'/><style>@import '{url}/svgstyle'</style><animate onbegin=alert(1)></svg><video poster='{url}/poster'></video>"
        f"<img srcset='{url}/srcset 2x'><link rel=prefetch href='{url}/prefetch'><form action='{url}/form'><input autofocus onfocus=\"fetch('{url}/focus')\"></form>"
        f"<a href='javascript:parent.marked=true' ping='{url}/ping'>y</a><math><mtext><style><img src=x onerror=parent.marked=true></style></mtext></math>",
    )


def put(server: Server, subject: str, html: str = "<p>Text</p>", *, to: str = LOGIN, mailbox: str = "INBOX", sender: str = "Somebody <somebody@elsewhere.example>",
        change: Callable[[EmailMessage], None] = lambda message: None, age_s: float = 0.0) -> None:  # fmt: skip
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Message-ID"] = f"<{subject.replace(' ', '.')}.{time.time_ns()}@elsewhere.example>"
    message.set_content("Text")
    message.add_alternative(html, subtype="html")
    change(message)
    with imaplib.IMAP4("127.0.0.1", server.ports["imap"]) as imap:
        imap.login(to, PASSWORD)
        imap.append(mailbox, "", imaplib.Time2Internaldate(time.time() - age_s) if age_s else "", message.as_bytes())


def found(server: Server, login: str, mailbox: str, subject: str) -> list[tuple[list[str], EmailMessage]]:
    """The messages with this subject: their flags and themselves."""
    with imaplib.IMAP4("127.0.0.1", server.ports["imap"]) as imap:
        imap.login(login, PASSWORD)
        if imap.select(f'"{mailbox}"', readonly=True)[0] != "OK":
            return []
        numbers = imap.search(None, "SUBJECT", f'"{subject}"')[1][0].split()
        out = []
        for number in numbers:
            _, data = imap.fetch(number.decode(), "(FLAGS BODY.PEEK[])")
            parts = [part for part in data if isinstance(part, tuple)]
            flags = b" ".join(part[0] if isinstance(part, tuple) else part or b"" for part in data)
            message = message_from_bytes(parts[0][1], policy=policy.default)
            assert isinstance(message, EmailMessage)
            out.append(([flag.decode() for flag in imaplib.ParseFlags(flags)], message))
        return out


def holds(server: Server, mailbox: str, subject: str, login: str = LOGIN) -> bool:
    return bool(found(server, login, mailbox, subject))


def events(server: Server, name: str) -> list[dict[str, Any]]:
    """What the server has told of this name so far, from its event files."""
    lines = [line for path in sorted((server.data / "events").rglob("*.jsonl")) for line in path.read_bytes().splitlines()]
    return [one for line in lines if (one := json.loads(line))["event"] == name]


def eventually(what: Callable[[], object], within_s: float = WITHIN_S) -> None:
    """Wait until ``what`` is true; the last look decides."""
    until = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.1)
