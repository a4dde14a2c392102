"""Bodies of requests: as much as is allowed, as long as it may take."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.requests import Request

from mailstead.model import limits
from mailstead.server.http import body
from mailstead.server.http.connection import WHOLE
from mailstead.server.http.problem import Problem


class Sent:
    """A request whose body comes in these pieces; ``after``: what comes behind the last one there (``None``: nothing, ever)."""

    def __init__(self, pieces: Sequence[bytes], *, is_whole: bool = True, headers: Sequence[tuple[bytes, bytes]] = (), is_gone: bool = False) -> None:
        self.messages: list[dict[str, Any]] = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
        if is_whole:
            self.messages[-1]["more_body"] = False
        self.is_gone = is_gone
        self.asked = 0
        self.request = Request({"type": "http", "method": "POST", "path": "/", "headers": list(headers)}, self.receive)

    async def receive(self) -> dict[str, Any]:
        self.asked += 1
        if self.messages:
            return self.messages.pop(0)
        if self.is_gone:
            return {"type": "http.disconnect"}
        await asyncio.sleep(60)
        raise AssertionError


async def by_pieces(request: Request, most: int) -> bytes:
    return b"".join([piece async for piece in body.pieces(request, most)])


@pytest.fixture(params=[body.whole, by_pieces], ids=["whole", "pieces"])
def read(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.mark.parametrize("pieces", [[b""], [b"abcdefgh"], [b"abc", b"", b"defgh"], [b"abcd", b"efgh", b""]])
async def test_a_body_in_pieces(read: Any, pieces: list[bytes]) -> None:
    sent = Sent(pieces)
    assert await read(sent.request, 8) == b"".join(pieces)
    assert sent.asked == len(pieces)


@pytest.mark.parametrize("pieces", [[b"abcdefghi"], [b"abc", b"defghi"], [b"abcdefghi", b"more", b"and more"]])
async def test_more_than_is_allowed(read: Any, pieces: list[bytes]) -> None:
    sent = Sent(pieces)
    async with asyncio.timeout(5):
        with pytest.raises(Problem) as caught:
            await read(sent.request, 8)
    assert caught.value.status == 413
    assert not sent.messages  # what is under way is taken, or the answer would be lost


@pytest.mark.parametrize(("headers", "left"), [([(b"content-length", b"9")], 0), ([(b"content-length", b"9"), (b"expect", b"100-continue")], 1)])
async def test_what_says_that_it_is_too_large(read: Any, headers: list[tuple[bytes, bytes]], left: int) -> None:
    sent = Sent([b"abcdefghi"], headers=headers)
    with pytest.raises(Problem) as caught:
        await read(sent.request, 8)
    assert caught.value.status == 413
    assert len(sent.messages) == left


async def test_what_comes_too_slowly(read: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HTTP_BODY_TIMEOUT_S", 0.05)
    with pytest.raises(Problem) as caught:
        await read(Sent([b"a"], is_whole=False).request, 8)
    assert caught.value.status == 408


async def test_who_is_gone_in_the_middle(read: Any) -> None:
    with pytest.raises(Problem) as caught:
        await read(Sent([b"a"], is_whole=False, is_gone=True).request, 8)
    assert caught.value.status == 400


async def test_what_is_all_here_is_taken_without_a_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HTTP_BODY_TIMEOUT_S", -1.0)
    sent = Sent([b"abcdefgh"])
    sent.request.scope[WHOLE] = True
    assert await body.whole(sent.request, 8) == b"abcdefgh"
    for refused, status in ((Sent([b"abcdefghi"]), 413), (Sent([], is_whole=False, is_gone=True), 400)):
        refused.request.scope[WHOLE] = True
        with pytest.raises(Problem) as caught:
            await body.whole(refused.request, 8)
        assert caught.value.status == status
