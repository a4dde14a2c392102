"""What holds for every address: headers, errors, other people's pages."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.harness.http import Web, web_server


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Web]:
    async with web_server(tmp_path) as found:
        yield found


@pytest.mark.parametrize("path", ["/healthz", "/", "/jmap", "/jmap/session", "/nothing.txt"])
async def test_every_answer_has_the_headers(web: Web, path: str) -> None:
    answer = await web.ask("GET", path, who="")
    assert ("nosniff", "no-referrer", "SAMEORIGIN") == tuple(
        answer.headers[name] for name in ("X-Content-Type-Options", "Referrer-Policy", "X-Frame-Options"))
    assert "Server" not in answer.headers


@pytest.mark.parametrize(("method", "path", "status"), [
    ("GET", "/jmap", 405), ("PUT", "/jmap/session", 405), ("GET", "/api/none", 404), ("GET", "/.well-known/none", 404), ("GET", "/x.js", 404),
    ("GET", "/healthz", 200), ("GET", "/readyz", 200), ("GET", "/mail/inbox", 200),
])  # fmt: skip
async def test_what_is_where(web: Web, method: str, path: str, status: int) -> None:
    assert status == (await web.ask(method, path)).status


async def test_what_is_done_by_other_methods_names_them(web: Web) -> None:
    answer = await web.ask("GET", "/jmap")
    assert ("POST", "application/problem+json") == (answer.headers["Allow"], answer.headers["Content-Type"])
    assert "GET, HEAD" == (await web.ask("DELETE", "/jmap/session")).headers["Allow"]


@pytest.mark.parametrize(("headers", "status"), [
    ({}, 200), ({"Cookie": "a=b"}, 200), ({"Cookie": "a=b", "Sec-Fetch-Site": "same-origin"}, 200), ({"Sec-Fetch-Site": "cross-site"}, 200),
    ({"Cookie": "a=b", "Sec-Fetch-Site": "cross-site"}, 403), ({"Cookie": "a=b", "Sec-Fetch-Site": "same-site"}, 403),
    ({"Cookie": "a=b", "Origin": "https://evil.test"}, 403), ({"Cookie": "a=b", "Origin": "null"}, 403),
])  # fmt: skip
async def test_another_sites_page_cannot_act(web: Web, headers: dict[str, str], status: int) -> None:
    answer = await web.ask(
        "POST", "/jmap", headers={"Content-Type": "application/json", **headers}, data='{"using": [], "methodCalls": []}')
    assert status == answer.status


async def test_errors_have_one_form(web: Web) -> None:
    answer = await web.ask("GET", "/jmap/session", who="")
    assert (401, "application/problem+json", "urn:mailstead:error:unauthenticated") == (
        answer.status, answer.headers["Content-Type"], answer.json()["type"])


async def test_without_a_built_ui_a_page_says_so(web: Web) -> None:
    assert b"not built" in (await web.ask("GET", "/", who="")).body
