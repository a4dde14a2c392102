"""Signing in, the second factor, the password and the sessions, in the browser."""

import base64
import hashlib
import hmac
import http.cookiejar
import json
import struct
import time
import urllib.request
from typing import Any

import pytest
from tests.harness.browser import Browser
from tests.harness.server import PASSWORD, Server
from tests.interop.web.conftest import PEOPLE

pytestmark = pytest.mark.interop
CAREFUL = PEOPLE[2]
CHANGING = PEOPLE[3]


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
    ask("PUT", "/api/totp", {"code": code_of(secret, -1)})
    return secret


def test_wrong_and_right_codes(site: Server, browser: Browser) -> None:
    secret = second_factor(site, CAREFUL)
    device = {"name": "careful", "login": CAREFUL, "password": PASSWORD}
    assert "do not belong together" in browser.run("refused", device, password="wrong")
    assert "not, or no longer, the right one" in browser.run("refused", device, password=PASSWORD, code="000000")
    browser.run("signIn", device, code=code_of(secret))


def test_a_new_password_ends_the_other_sessions(site: Server, browser: Browser) -> None:
    here = {"name": "changing", "login": CHANGING, "password": PASSWORD}
    there = {"name": "elsewhere", "login": CHANGING, "password": PASSWORD}
    browser.run("signIn", here)
    browser.run("signIn", there)
    assert len(browser.run("sessions", here)) == 2
    assert "not" in browser.run("changePassword", here, old="wrong", fresh="a much better one")
    assert browser.run("changePassword", here, old=PASSWORD, fresh="a much better one") == "The password is changed."
    assert "session has ended" in browser.run("isSignedOut", there)
    browser.run("signIn", there | {"name": "third"}, password="a much better one")
