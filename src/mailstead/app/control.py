"""``DIR/run/control.sock``: the command line speaks to the running server.

One JSON object per line. The command line sends ``{"do": name, "with": {…}}``; the server answers any number of
``{"progress": [what, done, total]}`` and then one ``{"result": …}``, ``{"refused": sentence, "reason": word}``,
``{"unavailable": sentence}`` or ``{"defect": sentence}``. The socket is of mode 0600: who may open it may do anything.
"""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from mailstead import telemetry
from mailstead.app.operations import Operations
from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.model.progress import Progress
from mailstead.net import NetError, Stream, connect

LINE_MAX: Final = 64 << 20
"""10,000 accounts with passwords in one operation are about a megabyte."""
_FOREVER_S: Final = 86_400.0 * 365
_PROGRESS_EVERY_S: Final = 0.2


def socket_path(data: Path) -> Path:
    """Where a data directory's server listens for its administrator."""
    return data / "run" / "control.sock"


class Control:
    """The server's end."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    async def serve(self, stream: Stream) -> None:
        """Serve one connection, one operation after the other."""
        lines = _Lines()
        while octets := await stream.read(_FOREVER_S):
            for line in lines.feed(octets):
                answer = await self._perform(stream, line)
                stream.write(json.dumps(answer).encode() + b"\n")
                await stream.drain()

    async def _perform(self, stream: Stream, line: bytes) -> dict[str, Any]:
        last = 0.0

        def progress(what: str, done: int, total: int) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last >= _PROGRESS_EVERY_S or done == total:
                last = now
                word = json.dumps({"progress": [what, done, total]}).encode() + b"\n"
                if threading.get_ident() == thread:
                    stream.write(word)
                else:
                    loop.call_soon_threadsafe(stream.write, word)

        loop = asyncio.get_running_loop()
        thread = threading.get_ident()
        try:
            wish = json.loads(line)
            name, arguments = str(wish["do"]), dict(wish.get("with") or {})
        except (ValueError, KeyError, TypeError):
            return {"refused": "that is no operation", "reason": Reason.INVALID.value}
        try:
            return {"result": await self._operations.perform(name, arguments, progress)}
        except Refusal as exc:
            return {"refused": exc.public, "reason": exc.reason.value}
        except Unavailable as exc:
            return {"unavailable": exc.cause or exc.public}
        except Exception as exc:
            telemetry.defect("control", exc, operation=name)
            return {"defect": f"{type(exc).__name__}: {exc}"}


class _Lines:
    def __init__(self) -> None:
        self._rest = b""

    def feed(self, octets: bytes) -> Iterator[bytes]:
        *whole, self._rest = (self._rest + octets).split(b"\n")
        if len(self._rest) > LINE_MAX:
            message = "the line is too long"
            raise ValueError(message)
        yield from whole


async def reach(data: Path) -> Stream | None:
    """A connection to the server of this data directory; None: none runs."""
    path = socket_path(data)
    if not path.exists():
        return None
    try:
        return await connect("unix", 0, timeout_s=5.0, server_name=str(path))
    except NetError as exc:
        if isinstance(exc.__cause__, PermissionError):
            raise Unavailable("", f"you may not speak to the server of {data}; run this as the user it runs as") from exc
        return None


async def ask(stream: Stream, name: str, arguments: dict[str, Any], progress: Progress) -> Any:
    """The result of one operation. Raises what the operation raised."""
    stream.write(json.dumps({"do": name, "with": arguments}).encode() + b"\n")
    lines = _Lines()
    try:
        while octets := await stream.read(_FOREVER_S):
            for line in lines.feed(octets):
                answer = json.loads(line)
                if "progress" in answer:
                    progress(*answer["progress"])
                elif "result" in answer:
                    return answer["result"]
                elif "refused" in answer:
                    raise Refusal(Reason(answer["reason"]), answer["refused"])
                elif "unavailable" in answer:
                    raise Unavailable("", answer["unavailable"])
                else:
                    raise Unavailable("", f"the server has a defect, see its log: {answer.get('defect')}")
    except NetError as exc:
        raise Unavailable("", f"the server went away: {exc}") from exc
    raise Unavailable("", "the server went away before it answered; look at its log and repeat the command")
