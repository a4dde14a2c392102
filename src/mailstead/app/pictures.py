"""Remote pictures of messages, fetched by a process of their own: what strangers' servers answer is read where there is no mail and no key.

A worker starts its helper with the first picture, asks it over a socket and lets it go when nothing was asked for a while. The helper inherits no open file but this
socket and of the environment only where certificates are, writes no files, reads none but its code and the authorities, starts no program, gains no privileges, and ends
when the socket does. If it dies, what it was asked for is not there, and the next
picture starts another. Frames: number, length, address; back: number, whether it is there, length, octets or why not.
"""

import asyncio
import os
import resource
import socket
import struct
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from mailstead import telemetry
from mailstead.app import confinement
from mailstead.model import limits
from mailstead.model.errors import Unavailable
from mailstead.net.dns import Resolver
from mailstead.net.https import Https

Fetch = Callable[[str], Awaitable[bytes]]
"""The octets at a web address. Raises ``Unavailable``."""
_ASK: Final = struct.Struct("!IH")
_ANSWER: Final = struct.Struct("!I?I")
_IDLE_S: Final = 60.0
_GRACE_S: Final = 5.0
"""How much longer than a picture may take the helper may be silent."""
_ADDRESS_SPACE: Final = 2 << 30
_CPU_S: Final = 600
_AUTHORITIES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR")


# ----------------------------------------------------------------------------------------------------------- the worker's side
class Pictures:
    """``command``: starts a helper, which finds the number of its socket as the last argument."""

    def __init__(self, command: Sequence[str], *, idle_s: float = _IDLE_S, timeout_s: float = limits.IMAGE_TIMEOUT_S + _GRACE_S) -> None:
        self._command = tuple(command)
        self._idle_s = idle_s
        self._timeout_s = timeout_s
        self._helper: _Helper | None = None
        self._resting: asyncio.TimerHandle | None = None

    async def fetch(self, url: str) -> bytes:
        """See ``Fetch``."""
        if self._resting is not None:
            self._resting.cancel()
            self._resting = None
        helper = self._helper
        if helper is None or helper.is_gone:
            helper = self._helper = _Helper(self._command)
        try:
            async with asyncio.timeout(self._timeout_s):
                return await helper.ask(url)
        except TimeoutError:
            raise Unavailable("Not reachable", "the helper does not answer") from None
        finally:
            if not helper.is_busy and helper is self._helper and self._resting is None:
                self._resting = asyncio.get_running_loop().call_later(self._idle_s, self.end)

    @property
    def pid(self) -> int | None:
        """Of the helper, while there is one."""
        return self._helper.pid if self._helper is not None and not self._helper.is_gone else None

    def end(self) -> None:
        """Let the helper go."""
        self._resting = None
        if self._helper is not None:
            self._helper.end()
            self._helper = None


class _Helper:
    """One process and what it was asked for."""

    def __init__(self, command: Sequence[str]) -> None:
        ours, theirs = socket.socketpair()
        try:
            self._process = subprocess.Popen(
                [*command, str(theirs.fileno())], pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd="/", start_new_session=True,
                env={"PYTHONPATH": os.pathsep.join(place for place in sys.path if place), **{name: os.environ[name] for name in _AUTHORITIES if name in os.environ}})
        except OSError as exc:
            ours.close()
            raise Unavailable("Not reachable", f"the helper cannot be started: {exc}") from exc
        finally:
            theirs.close()
        self.pid = self._process.pid
        self.is_gone = False
        self._waiting: dict[int, asyncio.Future[bytes]] = {}
        self._next = 0
        self._to_write = b""
        self._writer: asyncio.StreamWriter | None = None
        self._task = asyncio.create_task(self._run(ours))

    @property
    def is_busy(self) -> bool:
        return bool(self._waiting)

    async def ask(self, url: str) -> bytes:
        """Raises ``Unavailable``."""
        number = self._next = (self._next + 1) % (1 << 32)
        octets = url.encode()[: limits.IMAGE_URL * 4]
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            self._send(_ASK.pack(number, len(octets)) + octets)
            return await answer
        finally:
            self._waiting.pop(number, None)

    def _send(self, octets: bytes) -> None:
        if self._writer is None:
            self._to_write += octets
        else:
            self._writer.write(octets)

    async def _run(self, ours: socket.socket) -> None:
        try:
            reader, self._writer = await asyncio.open_unix_connection(sock=ours)
            self._send(self._to_write)
            while True:
                number, is_there, size = _ANSWER.unpack(await reader.readexactly(_ANSWER.size))
                if size > limits.IMAGE_OCTETS:
                    raise OSError("an answer that is too large")
                octets = await reader.readexactly(size)
                answer = self._waiting.pop(number, None)
                if answer is None or answer.done():
                    continue
                if is_there:
                    answer.set_result(octets)
                else:
                    answer.set_exception(Unavailable("Not reachable", octets.decode("utf-8", "replace")))
        except (OSError, asyncio.IncompleteReadError) as exc:
            if not self.is_gone:
                telemetry.event("pictures.helper_died", reason=f"{type(exc).__name__}: {exc}"[:200])
        finally:
            self.is_gone = True
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(Unavailable("Not reachable", "the helper has ended"))
            if self._writer is not None:
                self._writer.close()
            self._process.kill()
            await asyncio.shield(asyncio.to_thread(self._process.wait))

    def end(self) -> None:
        self.is_gone = True
        if self._writer is not None:
            self._writer.close()
        else:
            self._task.cancel()


def of_settings(servers: Sequence[str]) -> Pictures:
    """``servers``: the name servers of the settings."""
    return Pictures([sys.executable, "-m", "mailstead.app.pictures", *servers])


# ----------------------------------------------------------------------------------------------------------- the helper's side
async def serve(ours: socket.socket, fetch: Fetch) -> None:
    """Answer until the socket ends."""
    reader, writer = await asyncio.open_unix_connection(sock=ours)
    free = asyncio.Semaphore(limits.IMAGES_AT_ONCE)
    running: set[asyncio.Task[None]] = set()

    async def answer(number: int, url: str) -> None:
        async with free:
            try:
                is_there, octets = True, await fetch(url)
            except Unavailable as exc:
                is_there, octets = False, (exc.cause or exc.public).encode()[:500]
            writer.write(_ANSWER.pack(number, is_there, len(octets)) + octets)
            await writer.drain()

    try:
        while True:
            number, size = _ASK.unpack(await reader.readexactly(_ASK.size))
            task = asyncio.create_task(answer(number, (await reader.readexactly(size)).decode("utf-8", "replace")))
            running.add(task)
            task.add_done_callback(running.discard)
    except (asyncio.IncompleteReadError, OSError):
        return
    finally:
        for task in running:
            task.cancel()


def confine(more: Sequence[str] = ()) -> None:
    """No files are written, nothing but code and authorities is read (``more``: and this), no memory dumped, no privileges gained, nobody called but over the
    network; root becomes nobody. As far as the platform has it (``app.confinement``)."""
    confinement.bound((
        (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_AS, _ADDRESS_SPACE), (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_CPU, _CPU_S)))
    confinement.no_new_privileges()
    places = [*confinement.readable(), *more]
    confinement.drop_root(confinement.code())
    confinement.only_read(places)
    confinement.only_network()


def main(arguments: Sequence[str]) -> None:
    """The helper: name servers, and the number of its socket."""
    import aiohttp  # what it brings is read before files are out of reach

    del aiohttp
    sys.dont_write_bytecode = True
    confine()
    https = Https(Resolver(tuple(arguments[:-1])), timeout_s=limits.IMAGE_TIMEOUT_S)
    asyncio.run(serve(socket.socket(fileno=int(arguments[-1])), lambda url: https.fetch(url, limit=limits.IMAGE_OCTETS)))


if __name__ == "__main__":
    main(sys.argv[1:])
