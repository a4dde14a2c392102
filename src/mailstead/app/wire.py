"""What workers say to each other.

Every worker listens on ``DIR/run/worker-<i>.sock`` and keeps one connection to each peer it has something to say to. A frame
is a length (4 octets, of what follows), a kind, a number, and a payload; the store's payloads are its own affair.

A *request* is answered under its number. When the connection is lost the request is sent again, the same octets, for up
to ``PATIENCE_S``: the store makes repeats harmless (DECISIONS 5, 7). *News* are sent once; a worker that is not there has
nobody to tell. *Asks* are the processes' own small talk (counters) and are not repeated.
"""

import asyncio
import struct
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Final

from mailstead import telemetry
from mailstead.model.errors import Unavailable
from mailstead.net import Listener, NetError, Stream, bind, connect

PATIENCE_S: Final = 20.0
FRAME_MAX: Final = 1 << 30
_RETRY_S: Final = 0.05
_FOREVER_S: Final = 86_400.0 * 365
_NEWS_WAITING: Final = 1_000
_HEAD: Final = struct.Struct(">IBQ")
_REQUEST, _ANSWER, _FAILURE, _NEWS, _ASK = range(5)

Handle = Callable[[bytes], Awaitable[bytes]]
Frame = tuple[int, int, bytes]


def socket_path(run: Path, worker: int) -> Path:
    """Where a worker listens for its peers."""
    return run / f"worker-{worker}.sock"


def pack(kind: int, number: int, payload: bytes) -> bytes:
    """One frame."""
    return _HEAD.pack(len(payload) + 9, kind, number) + payload


class Frames:
    """Octets as they come, frames as they are whole."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, octets: bytes) -> Iterator[Frame]:
        """Raises ``ValueError`` for a frame that is too long."""
        buffer = self._buffer
        buffer += octets
        at = 0
        while len(buffer) - at >= _HEAD.size:
            size, kind, number = _HEAD.unpack_from(buffer, at)
            if not 9 <= size <= FRAME_MAX:
                message = "a malformed frame"
                raise ValueError(message)
            end = at + 4 + size
            if len(buffer) < end:
                break
            yield kind, number, bytes(memoryview(buffer)[at + _HEAD.size : end])
            at = end
        if at:
            del buffer[:at]


class _Lost(Exception):
    """The connection broke before the answer."""


class _Peer:
    """The connection to one other worker, made when first needed and again when lost."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream: Stream | None = None
        self._opening: asyncio.Task[Stream] | None = None
        self._pump: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[bytes]] = {}
        self._news: list[bytes] = []
        self._number = 0

    async def request(self, kind: int, payload: bytes) -> bytes:
        stream = self._stream or await self._open()
        self._number += 1
        number = self._number
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            stream.write(pack(kind, number, payload))
            return await answer
        finally:
            self._waiting.pop(number, None)

    def post(self, payload: bytes) -> None:
        if self._stream is not None:
            self._stream.write(pack(_NEWS, 0, payload))
            return
        if len(self._news) < _NEWS_WAITING:
            self._news.append(payload)
        if self._opening is None:
            task = asyncio.ensure_future(self._open())
            task.add_done_callback(self._tried)

    def _tried(self, task: "asyncio.Future[Stream]") -> None:
        if task.cancelled() or task.exception() is not None:
            self._news.clear()  # nobody there: whoever starts reads the store first

    async def _open(self) -> Stream:
        if self._opening is None:
            self._opening = asyncio.get_running_loop().create_task(self._dial())
        return await asyncio.shield(self._opening)

    async def _dial(self) -> Stream:
        try:
            stream = await connect("unix", 0, timeout_s=5.0, server_name=str(self._path))
        except NetError as exc:
            raise _Lost(str(exc)) from None
        finally:
            self._opening = None
        self._stream = stream
        for payload in self._news:
            stream.write(pack(_NEWS, 0, payload))
        self._news.clear()
        self._pump = asyncio.get_running_loop().create_task(self._read(stream))
        return stream

    async def _read(self, stream: Stream) -> None:
        frames = Frames()
        try:
            while octets := await stream.read(_FOREVER_S):
                for kind, number, payload in frames.feed(octets):
                    answer = self._waiting.get(number)
                    if answer is None or answer.done():
                        continue
                    if kind == _ANSWER:
                        answer.set_result(payload)
                    else:
                        answer.set_exception(Unavailable("a temporary failure; try again", payload.decode("utf-8", "replace")))
        except NetError:
            pass
        finally:
            stream.abort()
            if self._stream is stream:
                self._stream = None
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(_Lost("the worker is gone"))

    async def close(self) -> None:
        tasks = [task for task in (self._opening, self._pump) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Wire:
    """One worker's end. ``handle``, ``news`` and ``answer`` are what others may want of it; calls to itself are short cuts."""

    def __init__(
        self, run: Path, worker: int, workers: int, *, handle: Handle, news: Callable[[bytes], None], answer: Handle
    ) -> None:
        self.worker = worker
        self.workers = workers
        self._run = run
        self._handle = handle
        self._on_news = news
        self._answer = answer
        self._peers: dict[int, _Peer] = {}
        self._listener: Listener | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen. What comes before ``handle`` is able to work must wait there."""
        path = socket_path(self._run, self.worker)
        path.unlink(missing_ok=True)
        self._listener = Listener(bind(f"unix:{path}", mode=0o600), self._serve, name="wire")
        await self._listener.start()

    async def close(self) -> None:
        """Hang up."""
        if self._listener is not None:
            await self._listener.drain(0.0)
        for peer in self._peers.values():
            await peer.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # ------------------------------------------------------------------------------------------------ saying
    async def handover(self, worker: int, request: bytes) -> bytes:
        """The answer of ``worker`` to the store's ``request``. ``Unavailable`` when it cannot be had within ``PATIENCE_S``."""
        if worker == self.worker:
            return await self._handle(request)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE_S
        peer = self._peer(worker)
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    return await peer.request(_REQUEST, request)
            except _Lost as exc:
                if loop.time() + _RETRY_S >= deadline:
                    raise Unavailable("a temporary failure; try again", f"worker {worker}: {exc}") from None
                telemetry.count("wire.repeated")
                await asyncio.sleep(_RETRY_S)
            except TimeoutError:
                raise Unavailable("a temporary failure; try again", f"worker {worker} does not answer") from None

    def post(self, worker: int, news: bytes) -> None:
        """Tell ``worker``; it may get lost."""
        if worker == self.worker:
            self._on_news(news)
        else:
            self._peer(worker).post(news)

    async def ask(self, worker: int, question: bytes, timeout_s: float = 5.0) -> bytes:
        """Small talk. ``Unavailable`` when there is no answer."""
        if worker == self.worker:
            return await self._answer(question)
        try:
            async with asyncio.timeout(timeout_s):
                return await self._peer(worker).request(_ASK, question)
        except (_Lost, TimeoutError) as exc:
            raise Unavailable("a temporary failure; try again", f"worker {worker}: {exc}") from None

    def _peer(self, worker: int) -> _Peer:
        peer = self._peers.get(worker)
        if peer is None:
            peer = self._peers[worker] = _Peer(socket_path(self._run, worker))
        return peer

    # ------------------------------------------------------------------------------------------------ hearing
    async def _serve(self, stream: Stream) -> None:
        frames = Frames()
        loop = asyncio.get_running_loop()
        while octets := await stream.read(_FOREVER_S):
            for kind, number, payload in frames.feed(octets):
                if kind == _NEWS:
                    self._on_news(payload)
                    continue
                task = loop.create_task(self._reply(stream, self._handle if kind == _REQUEST else self._answer, number, payload))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _reply(self, stream: Stream, handle: Handle, number: int, payload: bytes) -> None:
        try:
            stream.write(pack(_ANSWER, number, await handle(payload)))
        except asyncio.CancelledError:
            raise
        except Unavailable as exc:
            stream.write(pack(_FAILURE, number, (exc.cause or exc.public).encode()))
        except Exception as exc:
            telemetry.defect("wire", exc)
            stream.write(pack(_FAILURE, number, type(exc).__name__.encode()))
