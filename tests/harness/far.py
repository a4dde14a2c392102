"""Doors to a server behind which the wrong worker always stands: the one that does not own the shard of an account.

The kernel spreads connections over the workers by hash, so a client alone cannot choose. A door takes the client's
connection, calls the server until the worker that answers is another than the shard's owner, and passes octets both ways.
Who answers is read from ``/proc``: whose descriptor the connection's other end is; who owns, from the lock on the shard, when the doors are made.
"""

import contextlib
import json
import os
import socket
import threading
import time
from pathlib import Path

from tests.harness.server import Server

CALLS = 200
"""With two workers each call meets the wrong one in every second case."""


class FarDoors:
    """``doors[service]`` is a port. ``passed``: connections that were led to a worker that does not own ``address``'s shard."""

    def __init__(self, server: Server, address: str) -> None:
        shown = json.loads(server.command("account", "show", address, "--json").stdout)
        self._server = server
        self._owner = _holder_of(server.data / "run" / f"{shown['file'].removesuffix('.db').replace('mail-', 'shard-')}.lock")
        self._ports: dict[str, int] = {}
        self._listeners: list[socket.socket] = []
        self._mutex = threading.Lock()
        self.passed = 0
        self.failed: list[str] = []

    def __getitem__(self, service: str) -> int:
        if service not in self._ports:
            listener = socket.create_server(("127.0.0.1", 0), backlog=64)
            self._listeners.append(listener)
            self._ports[service] = listener.getsockname()[1]
            threading.Thread(target=self._accept, args=(listener, self._server.ports[service]), daemon=True).start()
        return self._ports[service]

    def close(self) -> None:
        """No more connections; those that are open end with their clients."""
        for listener in self._listeners:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def _accept(self, listener: socket.socket, port: int) -> None:
        while True:
            try:
                client = listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client, port), daemon=True).start()

    def _serve(self, client: socket.socket, port: int) -> None:
        with client:
            try:
                upstream = self._call(port)
            except (AssertionError, OSError) as exc:
                self.failed.append(str(exc))
                return
            with self._mutex:
                self.passed += 1
            with upstream:
                back = threading.Thread(target=_pump, args=(upstream, client), daemon=True)
                back.start()
                _pump(client, upstream)
                back.join()

    def _call(self, port: int) -> socket.socket:
        """A connection that a worker holds which does not own the shard."""
        for _ in range(CALLS):
            with contextlib.ExitStack() as closing:
                upstream = closing.enter_context(socket.create_connection(("127.0.0.1", port)))
                if self._holder(upstream) != self._owner:
                    closing.pop_all()
                    return upstream
        raise AssertionError(f"{CALLS} calls to port {port} all met the owner of the shard")

    def _holder(self, upstream: socket.socket) -> int:
        """Process id of the worker that has accepted it."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            inode = _inode(upstream.getpeername()[1], upstream.getsockname()[1])
            for pid in self._server.worker_pids() if inode else ():
                if _holds(pid, f"socket:[{inode}]"):
                    return pid
            time.sleep(0.005)
        raise AssertionError("no worker has taken the connection")


def _holder_of(lock: Path) -> int:
    """Process id of the one who has locked this file. The kernel's list is read in pieces and may miss a line."""
    inode = lock.stat().st_ino
    for _ in range(100):
        for line in Path("/proc/locks").read_text().splitlines():
            words = line.split()
            if words[1] == "FLOCK" and int(words[5].rsplit(":", 1)[1]) == inode:
                return int(words[4])
    raise AssertionError(f"nobody holds {lock}")


def _inode(local: int, remote: int) -> int:
    """Of the socket whose own port is ``local``; 0: it is not accepted yet."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        if int(words[1].split(":")[1], 16) == local and int(words[2].split(":")[1], 16) == remote:
            return int(words[9])
    return 0


def _holds(pid: int, link: str) -> bool:
    folder = f"/proc/{pid}/fd"
    try:
        descriptors = os.listdir(folder)
    except OSError:
        return False
    for descriptor in descriptors:
        with contextlib.suppress(OSError):
            if os.readlink(f"{folder}/{descriptor}") == link:
                return True
    return False


def _pump(source: socket.socket, target: socket.socket) -> None:
    """Until the source ends; its end is passed on."""
    with contextlib.suppress(OSError):
        while octets := source.recv(65_536):
            target.sendall(octets)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
