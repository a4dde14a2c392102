"""Uvicorn that does nothing but answer: what a request costs on this machine before anybody has begun to think.

Beside figures of about a millisecond stands what the interpreter, the loop and the machine's way of waking take for themselves; asked in the same turn, it
moves with them.
"""

import multiprocessing
import socket
import time
from typing import Any, Final, Self

import uvicorn

ANSWER: Final = b'{"methodResponses":[["Email/changes",{"accountId":"a1","oldState":"1","newState":"2","created":["m1"]},"0"]],"sessionState":"s"}'
_ASK: Final = b"POST /jmap HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 200\r\n\r\n" + b"x" * 200


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Reads the body and gives the same answer always."""
    if scope["type"] != "http":
        return
    await receive()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(ANSWER)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": ANSWER})


def _serve(listening: socket.socket) -> None:
    uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False, lifespan="off", timeout_keep_alive=600)).run([listening])


class Bare:
    """It in a process of its own, and one connection to it."""

    def __enter__(self) -> Self:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self._process = multiprocessing.get_context("fork").Process(target=_serve, args=(listening,), daemon=True)
            self._process.start()
            self._socket = socket.create_connection(listening.getsockname(), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.ask()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._process.terminate()
        self._process.join()

    @property
    def pid(self) -> int:
        """The process that answers."""
        return self._process.pid or 0

    def ask(self) -> float:
        """Milliseconds from the first octet out to the last one in."""
        started = time.perf_counter()
        self._socket.sendall(_ASK)
        answer = b""
        while not answer.endswith(ANSWER):
            more = self._socket.recv(65_536)
            if not more:
                raise RuntimeError("the bare server went away")
            answer += more
        return (time.perf_counter() - started) * 1000
