"""The load generator: prepared octets over plain sockets, as little work as can be.

``python -m bench.generator PORT CONNECTIONS COUNT SIZE RECIPIENT_PATTERN RECIPIENTS [envelope | LOGIN SENDER]`` sends COUNT messages and
prints one JSON line: wall seconds, seconds of its own CPU, median and 99th percentile of the time from the last octet to 250. With ``envelope`` each
transaction ends with RSET in place of the message: what is left of its cost without it. LOGIN is ``name:password``.
Commands of a transaction are pipelined where the server offers it (both do); every connection sends the next message as
soon as the last is acknowledged.
"""

import base64
import json
import resource
import selectors
import socket
import sys
import time

LINE = b"The quick brown fox jumps over the lazy dog and writes a line of mail.\r\n"


def message(number: int, size: int, sender: str = "sender@outside.test") -> bytes:
    """A plain message of ``size`` octets with a Message-ID of its own."""
    head = (
        b"Received: from client.test by relay.test; Mon, 1 Jan 2024 10:00:00 +0000\r\n"
        b"Date: Mon, 1 Jan 2024 10:00:00 +0000\r\nFrom: Some Sender <%b>\r\n"
        b"To: Some Reader <reader@example.test>\r\nSubject: message %d\r\nMessage-ID: <%d.%d@outside.test>\r\n"
        b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" % (sender.encode(), number, number, time.time_ns())
    )
    body = LINE * ((size - len(head)) // len(LINE) + 1)
    return head + body[: max(0, size - len(head) - 2)] + b"\r\n"


class Connection:
    """One connection's dialogue as a tiny state machine."""

    def __init__(self, load: "Load") -> None:
        self.load = load
        self.socket = socket.create_connection(("127.0.0.1", load.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.step = "greeting"
        self.replies = 0
        self.octets = b""
        self.sent_at = 0.0

    def readable(self) -> bool:
        """Take what came; False at the end."""
        octets = self.socket.recv(65536)
        if not octets:
            raise ConnectionError("the server closed the connection")
        self.buffer += octets
        while True:
            end = self.buffer.find(b"\r\n")
            if end < 0:
                return True
            line, self.buffer = self.buffer[:end], self.buffer[end + 2 :]
            if line[3:4] != b"-" and not self.take(line):
                return False

    def take(self, line: bytes) -> bool:
        """One whole reply."""
        if self.step == "greeting":
            self.socket.sendall(b"EHLO bench.test\r\n")
            self.step = "ehlo"
        elif self.step == "ehlo":
            if not self.load.login:
                return self.next()
            name, _, password = self.load.login.partition(":")
            self.socket.sendall(b"AUTH PLAIN " + base64.b64encode(f"\0{name}\0{password}".encode()) + b"\r\n")
            self.step = "login"
        elif self.step == "login":
            if not line.startswith(b"235"):
                raise ConnectionError(line)
            return self.next()
        elif self.step == "envelope":
            self.replies += 1
            if self.replies == 3:
                if self.load.only_envelope:
                    return self.next()
                if not line.startswith(b"354"):
                    raise ConnectionError(line)
                self.socket.sendall(self.octets)
                self.sent_at = time.perf_counter()
                self.step = "data"
        elif self.step == "data":
            if not line.startswith(b"250"):
                raise ConnectionError(line)
            self.load.latencies.append(time.perf_counter() - self.sent_at)
            return self.next()
        return True

    def next(self) -> bool:
        """Begin the next message, or end."""
        number = self.load.take_number()
        if number is None:
            self.socket.sendall(b"QUIT\r\n")
            self.socket.close()
            return False
        recipient = self.load.pattern % (number % self.load.recipients)
        self.octets = message(number, self.load.size, self.load.sender) + b".\r\n"
        self.replies = 0
        self.step = "envelope"
        last = "RSET" if self.load.only_envelope else "DATA"
        self.socket.sendall(f"MAIL FROM:<{self.load.sender}>\r\nRCPT TO:<{recipient}>\r\n{last}\r\n".encode())
        return True


class Load:
    """The whole load."""

    def __init__(
        self, port: int, count: int, size: int, pattern: str, recipients: int, login: str = "", sender: str = "", *, only_envelope: bool = False
    ) -> None:
        self.port = port
        self.count = count
        self.size = size
        self.pattern = pattern
        self.recipients = recipients
        self.only_envelope = only_envelope
        self.latencies: list[float] = []
        self.login = login
        self.sender = sender or "sender@outside.test"
        self._number = 0

    def take_number(self) -> int | None:
        """The next message's number."""
        if self._number >= self.count:
            return None
        self._number += 1
        return self._number - 1

    def run(self, connections: int) -> None:
        """Send everything."""
        with selectors.DefaultSelector() as selector:
            for _ in range(connections):
                connection = Connection(self)
                selector.register(connection.socket, selectors.EVENT_READ, connection)
            while selector.get_map():
                for key, _ in selector.select(timeout=60):
                    opened = key.fileobj
                    if not key.data.readable():
                        selector.unregister(opened)


def main() -> None:
    """See the module's docstring."""
    port, connections, count, size, pattern, recipients, *more = sys.argv[1:]
    only_envelope = more == ["envelope"]
    load = Load(int(port), int(count), int(size), pattern, int(recipients), *([] if only_envelope else more), only_envelope=only_envelope)
    started = time.perf_counter()
    load.run(int(connections))
    seconds = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_SELF)
    waits = sorted(load.latencies) or [0.0]
    print(json.dumps({
        "seconds": seconds, "cpu": used.ru_utime + used.ru_stime, "p50_ms": waits[len(waits) // 2] * 1000,
        "p99_ms": waits[int(len(waits) * 0.99)] * 1000,
    }))


if __name__ == "__main__":
    main()
