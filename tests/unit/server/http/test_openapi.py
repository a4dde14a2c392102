"""The OpenAPI description: schemathesis asks everything in it, and nothing of ours is missing from it."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.harness.http import Web, web_server

from mailstead.server.http.openapi import OPERATIONS, document
from mailstead.server.http.setup import Site, setup_routes

CHECKS = [
    schemathesis.checks.not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance, response_schema_conformance]
LAST = ("delete", "/api/session")


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Web]:
    async def is_ours(domain: str) -> bool:
        return domain == "example.test"

    async def fetch(_: str) -> bytes:
        return b"\x89PNG\r\n\x1a\n"

    async with web_server(tmp_path, fetch_image=fetch, routes=lambda _: setup_routes(Site("mail.example.test", is_ours))) as found:
        yield found


async def test_everything_in_it_answers_as_it_says(web: Web) -> None:
    headers = await web.signed_in()
    described = json.loads((await web.ask("GET", "/api/openapi.json", who="")).body)
    assert described == json.loads(json.dumps(document()))
    schema = schemathesis.openapi.from_dict(described)
    found: list[Any] = [result.ok() for result in schema.get_all_operations()]  # type: ignore[union-attr]
    assert len(OPERATIONS) == len(found)
    found.sort(key=lambda one: (one.method.lower(), one.path) == LAST)

    def run() -> None:
        for operation in found:
            @settings(max_examples=4, deadline=None, phases=[Phase.generate], database=None, suppress_health_check=list(HealthCheck))
            @given(case=operation.as_strategy())
            def ask(case: Any) -> None:
                case.call_and_validate(base_url=web.base, headers=headers, checks=CHECKS)

            ask()

    await asyncio.get_running_loop().run_in_executor(None, run)


async def test_nothing_of_ours_is_missing_from_it(web: Web) -> None:
    named = {(one.method.upper(), one.path) for one in OPERATIONS}
    headers = await web.signed_in()
    for path in sorted({one.path for one in OPERATIONS if one.path.startswith("/api/")}):
        for method in ("GET", "POST", "PUT", "DELETE", "PATCH"):
            if (method, path) not in named:
                answer = await web.ask(method, path.replace("{id}", "x"), who="", headers=headers)
                assert answer.status in {404, 405}, (method, path)
