"""Signing in, the second factor, the password and the sessions, in the browser."""

import base64
import hashlib
import hmac
import http.cookiejar
import json
import struct
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from tests.harness.browser import Browser
from tests.harness.server import PASSWORD, Server
from tests.interop.web.conftest import PEOPLE, eventually, holds, put

pytestmark = pytest.mark.interop
CAREFUL = PEOPLE[2]
CHANGING = PEOPLE[3]
LOST = PEOPLE[7]
SHOWN = PEOPLE[8]


def code_of(secret: str, step: int = 0) -> str:
    """The code of now, or of ``step`` half minutes from now (RFC 6238 §4: SHA-1, 30 s, six digits)."""
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", int(time.time()) // 30 + step), hashlib.sha1)
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def second_factor(server: Server, login: str) -> str:
    """Switch it on as its owner; the secret."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def ask(method: str, path: str, value: object) -> Any:
        request = urllib.request.Request(f"http://127.0.0.1:{server.ports['http']}{path}", json.dumps(value).encode(), headers, method=method)
        with opener.open(request) as answer:
            return json.loads(answer.read() or b"null")

    headers = {"Content-Type": "application/json"}
    headers["X-CSRF-Token"] = ask("POST", "/api/session", {"login": login, "password": PASSWORD})["csrf"]
    secret = str(ask("POST", "/api/totp", {})["secret"])
    for left in (2, 1, 0):
        try:
            ask("PUT", "/api/totp", {"code": code_of(secret, -1)})
        except urllib.error.HTTPError as error:
            # Half a minute may have ended on the way.
            with error:
                if error.code != 422 or not left:
                    raise
        else:
            break
    return secret


def test_wrong_and_right_codes(site: Server, browser: Browser) -> None:
    secret = second_factor(site, CAREFUL)
    device = {"name": "careful", "login": CAREFUL, "password": PASSWORD}
    assert "Wrong address or password." == browser.run("refused", device, password="wrong")
    assert "wrong or has expired" in browser.run("refused", device, password=PASSWORD, code="000000")
    browser.run("signIn", device, code=code_of(secret))


def test_a_new_password_ends_the_other_sessions(site: Server, browser: Browser) -> None:
    here = {"name": "changing", "login": CHANGING, "password": PASSWORD}
    there = {"name": "elsewhere", "login": CHANGING, "password": PASSWORD}
    browser.run("signIn", here)
    browser.run("signIn", there)
    assert len(browser.run("sessions", here)) == 2
    assert "not" in browser.run("changePassword", here, old="wrong", fresh="a much better one")
    assert browser.run("changePassword", here, old=PASSWORD, fresh="a much better one") == "The password has been changed."
    assert "session has ended" in browser.run("isSignedOut", there)
    browser.run("signIn", there | {"name": "third"}, password="a much better one")


def test_what_waits_outlives_the_session(site: Server, browser: Browser) -> None:
    put(site, "Filed in the tunnel", to=LOST)
    device = {"name": "lost", "login": LOST, "password": PASSWORD}
    browser.run("signIn", device)
    browser.run("fileUnheard", device, subject="Filed in the tunnel")
    assert "One change waits" in browser.run("askedBeforeSignOut", device)
    other = device | {"name": "lost elsewhere"}
    browser.run("signIn", other)
    assert browser.run("changePassword", other, old=PASSWORD, fresh=PASSWORD) == "The password has been changed."
    browser.run("signInAgain", device)
    eventually(lambda: holds(site, "Archive", "Filed in the tunnel", LOST))
    assert not holds(site, "INBOX", "Filed in the tunnel", LOST)


def test_two_windows_of_one_browser(site: Server, browser: Browser) -> None:
    put(site, "Seen twice", to=LOST)
    browser.run("twoWindows", {"name": "lost", "login": LOST, "password": PASSWORD}, subject="Seen twice")
    eventually(lambda: holds(site, "Archive", "Seen twice", LOST))


def test_the_second_factor_is_set_up_by_hand(browser: Browser) -> None:
    device = {"name": "lost", "login": LOST, "password": PASSWORD}
    shown = browser.run("beginSecondFactor", device)
    secret = shown["secret"].replace(" ", "")
    # What a telephone reads from the screen is what an authenticator takes.
    scanned = urlsplit(shown["scanned"])
    assert ("otpauth", "totp", [secret]) == (scanned.scheme, scanned.netloc, parse_qs(scanned.query)["secret"])
    assert unquote(scanned.path).endswith(LOST)
    assert [secret, "\n".join(shown["recovery"])] == shown["copied"]
    assert len(shown["recovery"]) > 1
    # Half a minute may end on the way.
    assert any(browser.run("confirmSecondFactor", device, errors=True, code=code_of(secret, -1)) for _ in range(3))
    browser.run("signIn", device | {"name": "lost too"}, code=code_of(secret))
    # On the day without the telephone.
    browser.run("recovered", device | {"name": "lost telephone"}, code=shown["recovery"][0])


def test_the_account_without_a_network_says_what_it_lacks(browser: Browser) -> None:
    device = {"name": "account offline", "login": SHOWN, "password": PASSWORD}
    assert {"without": 3, "after": 0} == browser.run("accountOffline", device)


def test_what_is_chosen_when_shown_around_follows_the_user(browser: Browser) -> None:
    here = {"name": "shown", "login": SHOWN, "password": PASSWORD}
    there = {"name": "shown elsewhere", "login": SHOWN, "password": PASSWORD}
    assert browser.run("shownAround", here, keys="Outlook", layout="Reader below")
    eventually(lambda: browser.run("chosenKeys", there) == "Outlook")
