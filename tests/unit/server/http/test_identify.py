"""Who is asking."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.harness.http import PASSWORD, Web, web_server

from mailstead.protocol.sasl import scram
from mailstead.service.access import Access


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Web]:
    async with web_server(tmp_path) as found:
        yield found


@pytest.mark.parametrize(("header", "status"), [
    ("", 401), ("Basic", 401), ("Basic !!", 401), ("Basic é", 401), ("Bearer é", 401), ("Basic " + base64.b64encode(b"nocolon").decode(), 401), ("Digest x", 401),
    ("Basic " + base64.b64encode(b"alice@example.test:wrong").decode(), 401), ("Basic " + base64.b64encode(b"\xff:\xff").decode(), 401),
    ("Basic " + "A" * 4_000, 401), ("basic " + base64.b64encode(f"alice@example.test:{PASSWORD}".encode()).decode(), 200),
    ("Bearer " + base64.b64encode(f"alice@example.test:{PASSWORD}".encode()).decode(), 401),
])  # fmt: skip
async def test_a_header_says_who(web: Web, header: str, status: int) -> None:
    answer = await web.ask("GET", "/jmap/session", who="", headers={"Authorization": header} if header else {})
    assert status == answer.status
    if status == 401:
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")


async def test_an_app_password_is_a_bearer_token(web: Web) -> None:
    """DECISIONS 27."""
    access = Access(web.store.directory, begin=lambda *_: iter(()), verifier=scram.verifier, mechanisms=(), secret=b"")  # type: ignore[arg-type]
    argon2, verifier = await access.hash_password("the app's")
    access.close()
    account = await web.store.directory.account_by_address("alice@example.test")
    assert account is not None
    await web.store.directory.credential_set(account.account_id, credential=None, label="phone", argon2=argon2, scram=verifier)
    header = web.authorization(password="the app's", scheme="Bearer")
    assert 200 == (await web.ask("GET", "/jmap/session", who="", headers={"Authorization": header})).status


async def test_a_page_of_ours_shows_its_own_sign_in(web: Web) -> None:
    answer = await web.ask("GET", "/jmap/session", who="", headers={"Sec-Fetch-Mode": "cors"})
    assert 401 == answer.status
    assert "WWW-Authenticate" not in answer.headers
