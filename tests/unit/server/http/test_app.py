"""What holds for every address: headers, errors, other people's pages."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tests.harness.http import Web, web_server

from mailstead import telemetry
from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.server.http.app import application
from mailstead.server.http.problem import Problem
from mailstead.server.http.static import Static


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


@pytest.mark.parametrize("path", ["/", "/mail/inbox", "/healthz", "/readyz", "/jmap/session", "/jmap/download/a1/b1/x"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_what_is_read_only_takes_no_other_method(web: Web, method: str, path: str) -> None:
    answer = await web.ask(method, path)
    assert (405, "GET, HEAD") == (answer.status, answer.headers["Allow"])


@pytest.mark.parametrize("path", ["/jmap", "/jmap/upload/a1/"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_what_is_written_to_is_not_read(web: Web, method: str, path: str) -> None:
    answer = await web.ask(method, path)
    assert (405, "POST") == (answer.status, answer.headers["Allow"])


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


class Special(Unavailable):
    """A kind of a kind that is known."""


@pytest.mark.parametrize("path", ["/exact", "/with/parameter"])
@pytest.mark.parametrize(("raised", "status"), [
    (None, 200), (Problem(409, "conflict", "Two at once"), 409), (Refusal(Reason.NOT_FOUND, "There is no such thing"), 404),
    (Unavailable("The store is busy"), 503), (Special("The store is busy"), 503), (HTTPException(418, "no coffee"), 418), (KeyError("a defect"), 500),
])  # fmt: skip
async def test_a_route_found_to_the_letter_answers_as_one_that_is_searched_for(tmp_path: Path, path: str, raised: Exception | None, status: int) -> None:
    async def endpoint(_: Request) -> Response:
        if raised is not None:
            raise raised
        return Response(b"done", media_type="text/plain")

    async def ready() -> list[str]:
        return []

    routes = [Route("/exact", endpoint, methods=["POST"]), Route("/with/{what}", endpoint, methods=["POST"])]
    app: Any = application(routes, Static(tmp_path), ready=ready)
    with telemetry.capture() as seen:
        found, headers, content = await asked(app, "POST", path)
    assert found == status
    assert headers[b"x-content-type-options"] == b"nosniff"
    if status == 200:
        assert content == b"done"
    else:
        assert json.loads(content)["status"] == status
    assert ["defect.found"] * (status == 500) == [name for name, _ in seen if name == "defect.found"]
    assert b"not built" in (await asked(app, "GET", path))[2]  # by this method there is a page of the web UI


async def asked(app: Any, method: str, path: str) -> tuple[int, dict[bytes, bytes], bytes]:
    """An application's answer: status, headers, body."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b"", "headers": [], "scheme": "http",
        "server": ("here.test", 80), "client": ("192.0.2.1", 1), "http_version": "1.1", "root_path": "", "asgi": {"version": "3.0"},
    }
    await app(scope, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"]), b"".join(message.get("body", b"") for message in sent[1:])
