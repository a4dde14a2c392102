"""Reading a request's body: as much as is allowed, as long as it may take."""

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect, Request

from mailstead.model import limits
from mailstead.server.http.again import BODY
from mailstead.server.http.connection import WHOLE
from mailstead.server.http.problem import Problem

_UNWANTED = 32 << 20
_UNWANTED_S = 10.0
"""So much of a body that is too large is read on, and so long."""


async def whole(request: Request, most: int) -> bytes:
    """The body, at most ``most`` octets. Raises ``Problem`` 413, 408 and 400. For what comes with nearly every request: no more machinery than it takes."""
    here: bytes | None = request.scope.get(BODY)
    if here is not None:
        if len(here) > most:
            raise too_large(most)
        return here
    await _bound(request, most)
    if WHOLE in request.scope:
        message = await request.receive()  # gives it at once
        octets: bytes = message.get("body", b"")
        if message["type"] == "http.disconnect":
            raise _gone()
        if len(octets) > most:
            raise too_large(most)
        return octets
    found: list[bytes] = []
    size = 0
    is_over = False
    began = asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout_at(began + limits.HTTP_BODY_TIMEOUT_S) as deadline:
            while not is_over and size <= most:
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise _gone()
                piece = message.get("body", b"")
                found.append(piece)
                size += len(piece)
                is_over = not message.get("more_body", False)
                if not is_over:
                    deadline.reschedule(began + limits.HTTP_BODY_TIMEOUT_S + size / limits.HTTP_BODY_RATE)
    except TimeoutError:
        raise _too_slow() from None
    if size > most:
        if not is_over:
            await _read_on(request.stream())
        raise too_large(most)
    return b"".join(found)


async def pieces(request: Request, most: int) -> AsyncIterator[bytes]:
    """The body as it comes. Raises ``Problem`` 413, 408 and 400."""
    await _bound(request, most)
    loop = asyncio.get_running_loop()
    started = loop.time()
    size = 0
    stream = request.stream()
    try:
        while True:
            left_s = started + limits.HTTP_BODY_TIMEOUT_S + size / limits.HTTP_BODY_RATE - loop.time()
            async with asyncio.timeout(left_s):
                piece = await anext(stream, None)
            if piece is None:
                return
            size += len(piece)
            if size > most:
                await _read_on(stream)
                raise too_large(most)
            if piece:
                yield piece
    except TimeoutError:
        raise _too_slow() from None
    except ClientDisconnect:
        raise _gone() from None


async def _bound(request: Request, most: int) -> None:
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > most:
        if int(declared) <= most + _UNWANTED and "expect" not in request.headers:
            await _read_on(request.stream())
        raise too_large(most)


async def _read_on(stream: AsyncIterator[bytes]) -> None:
    """Take what is not wanted: who is still sending when the connection is closed would lose the answer (RFC 9112 §9.6)."""
    size = 0
    try:
        async with asyncio.timeout(_UNWANTED_S):
            async for piece in stream:
                size += len(piece)
                if size > _UNWANTED:
                    return
    except (TimeoutError, ClientDisconnect):
        return


def too_large(most: int) -> Problem:
    return Problem(413, "too-large", f"The request's body may have at most {most} octets", headers={"Connection": "close"})


def _too_slow() -> Problem:
    return Problem(408, "too-slow", "The request's body came too slowly", headers={"Connection": "close"})


def _gone() -> Problem:
    return Problem(400, "gone", "The request ended before its body")
