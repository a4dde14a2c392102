"""The MTA-STS policy of our domains, over HTTP."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from starlette.routing import BaseRoute
from tests.harness.http import Web, web_server

from mailstead.mailauth.mtasts import Policy
from mailstead.server.http.mta_sts import mta_sts_route
from mailstead.service.domains.publish import Publishing
from mailstead.service.domains.records import sts_id, sts_policy
from mailstead.store import Embedded

PATH = "/.well-known/mta-sts.txt"


def routes(store: Embedded) -> Sequence[BaseRoute]:
    published = Publishing(store.directory, hostname="mail.example.test", now_ms=store.now_ms, lookups=None, is_trusted=True)
    return [mta_sts_route(published.sts_policy)]


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Web]:
    async with web_server(tmp_path, routes=routes) as found:
        yield found


async def test_our_domains_have_a_policy(web: Web) -> None:
    for host in ("mta-sts.example.test", "MTA-STS.Example.Test:8443", "mta-sts.example.test."):
        answer = await web.ask("GET", PATH, who="", headers={"Host": host})
        assert (200, "text/plain; charset=utf-8") == (answer.status, answer.headers["Content-Type"]), host
        policy = Policy.parse(answer.body)
        assert ("enforce", ("mail.example.test",)) == (policy.mode, policy.mx)
        assert sts_id(sts_policy("mail.example.test", is_trusted=True)) == sts_id(policy), "the record's id is that of the file"


async def test_nobody_else_has_one(web: Web) -> None:
    for host in ("mta-sts.example.org", "example.test", "mta-sts.", "mta-sts.mta-sts.example.test", "127.0.0.1", "[::1]:80", "mta-sts." + "x" * 300):
        answer = await web.ask("GET", PATH, who="", headers={"Host": host})
        assert 404 == answer.status, host
