"""``/metrics`` and ``/healthz``: a small HTTP/1.1 responder (RFC 9112), for a scraper on a private address.

One request line and a header block of at most 8 KiB; bodies are not read. Counters are the sum over all workers.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Final

from mailstead.net import Stream
from mailstead.telemetry.counters import Snapshot
from mailstead.telemetry.prometheus import CONTENT_TYPE, render

_HEAD_MAX: Final = 8 << 10
_IDLE_S: Final = 60.0
_REASONS: Final = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}


class Metrics:
    """``snapshot`` gives the sum; ``missing`` names workers that did not answer."""

    def __init__(self, snapshot: Callable[[], Awaitable[tuple[Snapshot, list[int]]]]) -> None:
        self._snapshot = snapshot

    async def serve(self, stream: Stream) -> None:
        """Answer requests on one connection until it ends."""
        waiting = b""
        while True:
            while b"\r\n\r\n" not in waiting:
                if len(waiting) > _HEAD_MAX:
                    stream.write(response(400, b"too long\n", close=True))
                    return
                octets = await stream.read(_IDLE_S)
                if not octets:
                    return
                waiting += octets
            head, _, waiting = waiting.partition(b"\r\n\r\n")
            lines = head.split(b"\r\n")
            words = lines[0].split(b" ")
            if len(words) != 3 or not words[2].startswith(b"HTTP/1."):
                stream.write(response(400, b"not HTTP/1.1\n", close=True))
                return
            close = words[2] == b"HTTP/1.0" or any(
                line.lower().startswith(b"connection:") and b"close" in line.lower() for line in lines[1:]
            )
            stream.write(await self._answer(words[0], words[1].partition(b"?")[0], close=close))
            await stream.drain(30.0)
            if close:
                return

    async def _answer(self, method: bytes, path: bytes, *, close: bool) -> bytes:
        if method not in {b"GET", b"HEAD"}:
            return response(405, b"GET and HEAD only\n", close=close)
        is_head = method == b"HEAD"
        if path == b"/metrics":
            total, _ = await self._snapshot()
            return response(200, render(total), CONTENT_TYPE, close=close, is_head=is_head)
        if path == b"/healthz":
            _, missing = await self._snapshot()
            status = {"status": "degraded" if missing else "ok", "workers_missing": missing}
            return response(503 if missing else 200, json.dumps(status).encode() + b"\n", "application/json", close=close, is_head=is_head)
        return response(404, b"/metrics and /healthz are here\n", close=close, is_head=is_head)


def response(
    code: int, body: bytes, kind: str = "text/plain; charset=utf-8", *, close: bool = False, is_head: bool = False
) -> bytes:
    """A whole response."""
    head = (
        f"HTTP/1.1 {code} {_REASONS[code]}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        f"Cache-Control: no-store\r\n{'Connection: close' if close else 'Connection: keep-alive'}\r\n\r\n"
    )
    return head.encode() + (b"" if is_head else body)
