"""Requests whose header has come before on the same connection, octet for octet but for the digits of its Content-Length.

Who keeps a connection open says the same with every request: who asks, what for, what they take. What such a header means the library has said
once (``connection``), and it means the same again; so it is not parsed, judged and looked through anew. Only requests that are here whole, header and body in one piece and
nothing behind it, to routes whose answers are made whole before they go (``Brief``), are answered so; all others go the library's way.

What those above have made of a header they may put into ``MEMO``. It ends with the connection, and holds nothing that may change while the header stays the same: who
is allowed what is asked with every request.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

BODY: Final = "mailstead.body"
"""In a request's scope where its body is here: all of it."""
MEMO: Final = "mailstead.memo"
"""In the scope of a request whose header has come before: what was made of that, by whom."""
Answer = tuple[bytes, bool]
"""An answer's octets, and whether the connection ends with it."""
Brief = Callable[[dict[str, Any], Callable[[], Awaitable[dict[str, Any]]]], Awaitable[Answer]]
"""Answers a request by its scope and what receives its body. Raises nothing."""

_LENGTH: Final = re.compile(rb"\r\n[Cc]ontent-[Ll]ength: (\d{1,9})\r\n")
_KEPT: Final = 8
_OCTETS: Final = 8_192
"""Of a header that is kept."""
_NOT_SO_PLAIN: Final = frozenset({b"transfer-encoding", b"expect", b"upgrade", b"te", b"trailer"})


@dataclass(slots=True, eq=False)
class Head:
    """What a header says: ``scope`` as ASGI has it, ``length_at`` the place of Content-Length in it (-1: there is none), and who answers."""

    scope: dict[str, Any]
    length_at: int
    answer: Brief

    def scope_of(self, body: bytes) -> dict[str, Any]:
        """The scope of a request with this header and ``body``."""
        scope = self.scope.copy()
        headers = scope["headers"].copy()
        if self.length_at >= 0:
            headers[self.length_at] = (b"content-length", b"%d" % len(body))
        scope["headers"] = headers
        scope[BODY] = body
        return scope


def _parted(octets: bytes) -> tuple[bytes, int, int] | None:
    """(the header without the digits of its length, where it ends, the length or -1) of what begins a request; None: its header is not here whole."""
    end = octets.find(b"\r\n\r\n")
    if end < 0:
        return None
    said = _LENGTH.search(octets, 0, end + 2)
    if said is None:
        return octets[:end], end, -1
    first, last = said.span(1)
    return octets[:first] + octets[last:end], end, int(said[1])


class Heads:
    """Those of one connection."""

    def __init__(self) -> None:
        self._known: dict[bytes, Head] = {}

    def find(self, octets: bytes) -> tuple[Head, bytes] | None:
        """The header and the body of a request that is here whole; None: it is not, or such a header is not known."""
        parted = _parted(octets)
        if parted is None:
            return None
        key, end, length = parted
        head = self._known.get(key)
        if head is None or (head.length_at < 0) != (length < 0) or len(octets) != end + 4 + max(length, 0):
            return None
        return head, octets[end + 4 :]

    def keep(self, octets: bytes, scope: dict[str, Any], answer: Brief) -> None:
        """``octets`` are a request, of which the library has read ``scope``; its connection goes on."""
        parted = _parted(octets)
        names = [name for name, _ in scope["headers"]]
        if parted is None or parted[1] > _OCTETS or scope["http_version"] != "1.1" or not _NOT_SO_PLAIN.isdisjoint(names):
            return
        key, end, length = parted
        if names.count(b"content-length") != (length >= 0) or len(octets) != end + 4 + max(length, 0):
            return
        if any(name == b"connection" and value.lower() != b"keep-alive" for name, value in scope["headers"]):
            return
        if len(self._known) >= _KEPT:
            self._known.clear()
        told = {name: value for name, value in scope.items() if name != "state"}
        self._known[key] = Head({**told, MEMO: {}}, names.index(b"content-length") if length >= 0 else -1, answer)


class _Nobody:
    """In place of an event for which nobody waits."""

    def set(self) -> None:
        pass


class Exchange:
    """One request and its answer; to Uvicorn's protocol it is a request like any other."""

    __slots__ = ("_body", "_connection", "_head", "_is_read", "disconnected", "keep_alive", "message_event", "response_complete", "task")

    def __init__(self, connection: Any, head: Head, body: bytes) -> None:
        self._connection = connection
        self._head = head
        self._body = body
        self._is_read = False
        self.keep_alive = True
        self.response_complete = False
        self.disconnected = False
        self.message_event = _NOBODY
        self.task = connection.loop.create_task(self._run())

    async def receive(self) -> dict[str, Any]:
        """ASGI's: the body, once."""
        if self._is_read:
            return {"type": "http.disconnect"}
        self._is_read = True
        return {"type": "http.request", "body": self._body, "more_body": False}

    async def _run(self) -> None:
        connection = self._connection
        try:
            octets, is_last = await self._head.answer(self._head.scope_of(self._body), self.receive)
            if connection.flow.write_paused and not self.disconnected:
                await connection.flow.drain()
        except BaseException:
            connection.transport.close()
            raise
        self.response_complete = True
        if self.disconnected:
            return
        if is_last:
            connection.transport.write(octets)
            connection.transport.close()
        elif not self.keep_alive:  # the server is about to stop
            connection.transport.write(octets.replace(b"\r\n", b"\r\nconnection: close\r\n", 1))
            connection.transport.close()
        else:
            connection.transport.write(octets)
            connection.on_response_complete()


_NOBODY: Final = _Nobody()
