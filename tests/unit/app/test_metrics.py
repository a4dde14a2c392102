"""The responder for scrapers: what it answers, how connections go on, and what is no request."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.harness.memory_stream import MemoryStream

from mailstead.app.metrics import Metrics
from mailstead.telemetry.counters import Snapshot


@asynccontextmanager
async def served(*missing: int) -> AsyncIterator[MemoryStream]:
    async def snapshot() -> tuple[Snapshot, list[int]]:
        return Snapshot({}, {}), list(missing)

    stream = MemoryStream()
    task = asyncio.create_task(Metrics(snapshot).serve(stream))  # type: ignore[arg-type]
    yield stream
    stream.leave()
    async with asyncio.timeout(5):
        await task


async def heard(stream: MemoryStream) -> tuple[int, dict[str, str], bytes]:
    """The next whole response."""
    async with asyncio.timeout(5):
        while b"\r\n\r\n" not in stream.written:
            await asyncio.sleep(0)
        head, _, _ = bytes(stream.written).partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        fields = dict(line.split(": ", 1) for line in lines[1:])
        length = int(fields["Content-Length"])
        start = len(head) + 4
        body = bytes(stream.written[start : start + length])
        del stream.written[: start + len(body)]
        return int(lines[0].split()[1]), fields, body


async def test_counters_and_health_on_one_connection() -> None:
    async with served() as stream:
        stream.say(b"GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n")
        code, fields, _ = await heard(stream)
        assert (200, "keep-alive", "no-store") == (code, fields["Connection"], fields["Cache-Control"])
        assert fields["Content-Type"].startswith("text/plain; version=0.0.4")
        code, fields, body = await heard(stream)
        assert (200, b'{"status": "ok", "workers_missing": []}\n') == (code, body)


async def test_a_worker_that_does_not_answer_is_ill_health() -> None:
    async with served(1) as stream:
        stream.say(b"GET /healthz HTTP/1.1\r\n\r\n")
        code, _, body = await heard(stream)
        assert (503, b'{"status": "degraded", "workers_missing": [1]}\n') == (code, body)


@pytest.mark.parametrize(("request_octets", "code", "closes"), [
    (b"GET /other HTTP/1.1\r\n\r\n", 404, False), (b"POST /metrics HTTP/1.1\r\n\r\n", 405, False), (b"GET /healthz HTTP/1.0\r\n\r\n", 200, True),
    (b"GET /healthz HTTP/1.1\r\nConnection: Close\r\n\r\n", 200, True), (b"nonsense\r\n\r\n", 400, True), (b"GET /x SMTP\r\n\r\n", 400, True),
    (b"GET /" + b"a" * 9_000, 400, True),
])  # fmt: skip
async def test_other_requests(request_octets: bytes, code: int, closes: bool) -> None:
    async with served() as stream:
        stream.say(request_octets)
        answered, fields, _ = await heard(stream)
        assert (code, "close" if closes else "keep-alive") == (answered, fields["Connection"])
        if not closes:
            stream.say(b"HEAD /healthz HTTP/1.1\r\n\r\n")
            async with asyncio.timeout(5):
                while b"\r\n\r\n" not in stream.written:
                    await asyncio.sleep(0)
            assert stream.written.endswith(b"\r\n\r\n"), "HEAD has no body (RFC 9110 §9.3.2)"
