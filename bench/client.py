"""IMAP by hand for benchmarks: many connections in one process, no parsing beyond what is waited for."""

import contextlib
import selectors
import socket
import ssl
import time
from collections.abc import Callable, Iterable


class Imap:
    """A blocking connection that sends a line and waits for a word."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        raw = socket.create_connection(("127.0.0.1", port), timeout=30)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = tls.wrap_socket(raw, server_hostname="mail.example.test") if tls else raw
        self.buffer = b""
        self.wait(b"* OK")

    def wait(self, word: bytes) -> bytes:
        """Everything up to and including the line that begins with ``word``."""
        while True:
            at = 0
            while (end := self.buffer.find(b"\r\n", at)) >= 0:
                if self.buffer.startswith(word, at):
                    seen, self.buffer = self.buffer[: end + 2], self.buffer[end + 2 :]
                    return seen
                at = end + 2
            octets = self.socket.recv(65536)
            if not octets:
                raise ConnectionError(self.buffer)
            self.buffer += octets

    def command(self, line: str, word: bytes = b"a OK") -> bytes:
        """Send ``a line`` and wait for ``word``."""
        self.socket.sendall(f"a {line}\r\n".encode())
        return self.wait(word)

    def login(self, name: str, password: str) -> None:
        """LOGIN."""
        self.command(f'LOGIN "{name}" "{password}"')

    def idle(self) -> None:
        """SELECT INBOX and IDLE."""
        self.command("SELECT INBOX")
        self.command("IDLE", b"+ ")

    def close(self) -> None:
        """Without a word."""
        with contextlib.suppress(OSError):
            self.socket.close()


def smtp(port: int, recipient: str, octets: bytes) -> Callable[[], float]:
    """A transaction up to the final dot; the returned call sends the dot and gives the moment before it, and waits for 250."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    reader = connection.makefile("rb")

    def answer() -> bytes:
        while True:
            line = reader.readline()
            if line[3:4] != b"-":
                return line

    answer()
    for line in ("EHLO bench.test", "MAIL FROM:<sender@outside.test>", f"RCPT TO:<{recipient}>", "DATA"):
        connection.sendall(line.encode() + b"\r\n")
        answer()
    connection.sendall(octets)

    def finish() -> float:
        moment = time.perf_counter()
        connection.sendall(b".\r\n")
        if not answer().startswith(b"250"):
            raise ConnectionError
        reader.close()
        connection.close()
        return moment

    return finish


def wait_for_exists(sessions: Iterable[Imap], timeout_s: float = 30.0) -> list[float]:
    """When each of the idling sessions was told of a new message (``perf_counter`` moments); one that was not told in
    time counts with the deadline."""
    told: list[float] = []
    with selectors.DefaultSelector() as selector:
        for session in sessions:
            selector.register(session.socket, selectors.EVENT_READ, session)
        deadline = time.perf_counter() + timeout_s
        while selector.get_map():
            ready = selector.select(timeout=1)
            for key, _ in ready:
                session = key.data
                session.buffer += session.socket.recv(65536)
                if b" EXISTS\r\n" in session.buffer:
                    told.append(time.perf_counter())
                    session.buffer = b""
                    selector.unregister(session.socket)
            if time.perf_counter() > deadline:
                told += [deadline] * len(selector.get_map())
                break
    return told
