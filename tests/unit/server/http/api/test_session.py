"""Signing in to the web UI and what one may do there."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pyotp
import pytest
from tests.harness.http import PASSWORD, Answer, Web, web_server

from mailstead.model.ids import AccountId, from_wire


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Web]:
    async with web_server(tmp_path) as found:
        yield found


class Browser:
    """Cookies, and the token of the page."""

    def __init__(self, web: Web) -> None:
        self.web = web
        self.cookies: dict[str, str] = {}
        self.csrf = ""

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        given = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), "X-CSRF-Token": self.csrf, "User-Agent": "Test/1", **headers}
        answer = await self.web.ask(method, path, who="", headers={k: v for k, v in given.items() if v}, data=json.dumps(body) if body is not None else None)
        for line in answer.headers.getall("Set-Cookie", []):
            name, value = line.split(";")[0].split("=", 1)
            self.cookies[name] = value.strip('"')
        return answer

    async def sign_in(self, who: str = "alice", password: str = PASSWORD, code: str = "") -> Answer:
        answer = await self.ask("POST", "/api/session", {"login": f"{who}@example.test", "password": password, "code": code})
        if answer.status == 200:
            self.csrf = answer.json()["csrf"]
        return answer


def kind(answer: Answer) -> str:
    return str(answer.json()["type"]).rpartition(":")[2]


async def test_in_and_out(web: Web) -> None:
    browser = Browser(web)
    answer = await browser.sign_in()
    assert (200, web.accounts["alice"], "alice@example.test") == (answer.status, answer.json()["accountId"], answer.json()["address"])
    for line in answer.headers.getall("Set-Cookie"):
        assert "HttpOnly" in line
        assert "samesite=strict" in line.lower()
    assert answer.json() == (await browser.ask("GET", "/api/session")).json()
    assert 200 == (await browser.ask("GET", "/jmap/session")).status
    assert 204 == (await browser.ask("DELETE", "/api/session")).status
    nobody = await browser.ask("GET", "/api/session")
    assert (204, b"") == (nobody.status, nobody.body), "that nobody is signed in is an answer, no refusal"
    assert 401 == (await browser.ask("GET", "/jmap/session")).status


@pytest.mark.parametrize("body", [None, [], {}, {"login": 1, "password": "x"}, {"login": "a", "password": "x" * 20_000}])
async def test_what_is_no_sign_in(web: Web, body: Any) -> None:
    assert (await Browser(web).ask("POST", "/api/session", body)).status in {400, 413, 422}


async def test_what_is_no_json(web: Web) -> None:
    for said in (b"{", b'{"login": "\xff"}', b'"'):
        assert 400 == (await web.ask("POST", "/api/session", who="", data=said, headers={"Content-Type": "application/json"})).status


async def test_a_wrong_password_says_no_more_than_that(web: Web) -> None:
    browser = Browser(web)
    first, second = await browser.sign_in(password="wrong"), await browser.sign_in(who="nobody")
    assert (401, "credentials") == (first.status, kind(first))
    assert first.body == second.body
    assert {} == browser.cookies


async def test_a_page_proves_that_it_is_ours(web: Web) -> None:
    browser = Browser(web)
    await browser.sign_in()
    browser.csrf = ""
    for method, path in (("DELETE", "/api/session"), ("POST", "/jmap"), ("PUT", "/api/password"), ("POST", f"/jmap/upload/{web.accounts['alice']}/")):
        answer = await browser.ask(method, path, {}, **{"Content-Type": "application/json"})
        assert (403, "csrf") == (answer.status, kind(answer))
    assert 200 == (await browser.ask("GET", "/jmap/session")).status


async def test_sessions_are_listed_and_ended(web: Web) -> None:
    here, there, bob = Browser(web), Browser(web), Browser(web)
    for browser in (here, there):
        await browser.sign_in()
    await bob.sign_in("bob")
    listed = (await here.ask("GET", "/api/sessions")).json()
    assert [False, True] == [one["isCurrent"] for one in listed]
    assert "Test/1" == listed[0]["agent"]
    assert 404 == (await bob.ask("DELETE", f"/api/sessions/{listed[0]['id']}")).status
    assert 204 == (await here.ask("DELETE", f"/api/sessions/{listed[0]['id']}")).status
    assert (204, 200) == ((await there.ask("GET", "/api/session")).status, (await here.ask("GET", "/api/session")).status)


async def test_a_new_password_ends_the_other_sessions(web: Web) -> None:
    here, there = Browser(web), Browser(web)
    for browser in (here, there):
        await browser.sign_in()
    assert 403 == (await here.ask("PUT", "/api/password", {"current": "wrong", "new": "a new password"})).status
    assert 422 == (await here.ask("PUT", "/api/password", {"current": PASSWORD, "new": "short"})).status
    assert 204 == (await here.ask("PUT", "/api/password", {"current": PASSWORD, "new": "a new password"})).status
    assert (200, 204) == ((await here.ask("GET", "/api/session")).status, (await there.ask("GET", "/api/session")).status)
    assert (401, 200) == ((await there.sign_in()).status, (await there.sign_in(password="a new password")).status)


async def test_a_suspended_account_is_out_at_once(web: Web) -> None:
    browser = Browser(web)
    await browser.sign_in()
    number = from_wire("a", web.accounts["alice"])
    assert number is not None
    await web.store.directory.account_set(AccountId(number), state="suspended")
    assert 401 == (await browser.ask("GET", "/jmap/session")).status


async def test_a_second_factor(web: Web) -> None:
    """DECISIONS 25: with one the main password works in the web UI only, and only with a code."""
    browser = Browser(web)
    await browser.sign_in()
    made = (await browser.ask("POST", "/api/totp")).json()
    assert made["secret"] in made["uri"]
    totp = pyotp.TOTP(made["secret"])
    assert 422 == (await browser.ask("PUT", "/api/totp", {"code": "000000"})).status
    assert {"hasTotp": True} == (await browser.ask("PUT", "/api/totp", {"code": totp.now()})).json()
    assert 409 == (await browser.ask("POST", "/api/totp")).status
    other = Browser(web)
    wanted = await other.sign_in()
    assert (401, "totp-required") == (wanted.status, kind(wanted))
    assert 401 == (await other.sign_in(code=totp.now())).status, "a code works once"
    assert 401 == (await other.sign_in(code="123456" if totp.now() != "123456" else "654321")).status
    assert 200 == (await other.sign_in(code=made["recovery"][0].upper())).status
    assert 401 == (await Browser(web).sign_in(code=made["recovery"][0])).status
    assert 401 == (await web.ask("GET", "/jmap/session")).status
    app = (await other.ask("POST", "/api/app-passwords", {"label": "phone"})).json()
    assert 200 == (await web.ask("GET", "/jmap/session", who="", headers={"Authorization": web.authorization(password=app["password"])})).status
    assert 403 == (await other.ask("DELETE", "/api/totp", {"password": "wrong"})).status
    assert {"hasTotp": False} == (await other.ask("DELETE", "/api/totp", {"password": PASSWORD})).json()
    assert 200 == (await Browser(web).sign_in()).status


async def test_app_passwords(web: Web) -> None:
    browser, bob = Browser(web), Browser(web)
    await browser.sign_in()
    await bob.sign_in("bob")
    made = await browser.ask("POST", "/api/app-passwords", {"label": "phone"})
    assert 201 == made.status
    ident, password = made.json()["id"], made.json()["password"]
    listed = (await browser.ask("GET", "/api/app-passwords")).json()
    assert [("phone", None)] == [(one["label"], one["password"]) for one in listed]
    assert 401 == (await Browser(web).sign_in(password=password)).status, "an app password is for programs"
    assert 404 == (await bob.ask("DELETE", f"/api/app-passwords/{ident}")).status
    assert 204 == (await browser.ask("DELETE", f"/api/app-passwords/{ident}")).status
    assert [] == (await browser.ask("GET", "/api/app-passwords")).json()


async def test_the_key_share_is_the_sessions_own(web: Web) -> None:
    browser, other = Browser(web), Browser(web)
    for one in (browser, other):
        await one.sign_in()
    first, again, second = [(await one.ask("GET", "/api/key-share")).json()["share"] for one in (browser, browser, other)]
    assert first == again != second
    assert 401 == (await Browser(web).ask("GET", "/api/key-share")).status


async def test_a_new_device_is_told_to_the_owner_once(web: Web) -> None:
    browser = Browser(web)
    for _ in range(2):
        await browser.sign_in()
    await Browser(web).sign_in()
    _, (_, found, _) = await web.jmap(
        ("Email/query", {}), ("Email/get", {"#ids": {"resultOf": "0", "name": "Email/query", "path": "/ids"}, "properties": ["subject", "preview"]}))
    assert ["A new device has signed in"] * 2 == [one["subject"] for one in found["list"]]
    assert re.search(r"127\.0\.0\.1", found["list"][0]["preview"])


async def test_over_https_cookies_belong_to_this_host_alone() -> None:
    from starlette.requests import Request
    from starlette.responses import Response

    from mailstead.server.http.api import cookies

    request = Request({"type": "http", "scheme": "https", "method": "GET", "path": "/", "query_string": b"", "headers": [(b"host", b"x")], "server": ("x", 443)})
    response = Response()
    cookies.give(request, response, "token", "device")
    for _, line in [pair for pair in response.raw_headers if pair[0] == b"set-cookie"]:
        assert line.startswith(b"__Host-")
        assert b"Secure" in line
