"""A destination that lives, watched: a small SMTP server that notes when each message came, and a sender that asks how long it took."""

import smtplib
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

EVERY_S = 0.03


class _Session(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True  # each reply is a write of its own here: the second would wait 40 ms for the first one's acknowledgement

    def handle(self) -> None:
        arrivals: dict[bytes, float] = self.server.arrivals  # type: ignore[attr-defined]
        self.wfile.write(b"220 sink.test ESMTP\r\n")
        for line in self.rfile:
            verb = line[:4].upper()
            if verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                for text in self.rfile:
                    if text.lower().startswith(b"message-id:"):
                        arrivals.setdefault(text.split()[1], time.perf_counter())
                    if text == b".\r\n":
                        break
            elif verb == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            self.wfile.write(b"250-sink.test\r\n250 PIPELINING\r\n" if verb == b"EHLO" else b"250 ok\r\n")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    arrivals: dict[bytes, float]


class Live:
    """Sends a message each ``EVERY_S`` over one connection that stays, from its 250 on the clock runs."""

    def __init__(self, arrivals: dict[bytes, float], submission: int, login: tuple[str, str], to: str) -> None:
        self._arrivals = arrivals
        self._login = login
        self._to = to
        self._port = submission
        self._stop = threading.Event()
        self._sent: dict[bytes, float] = {}
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        number = 0
        while not self._stop.is_set():
            with smtplib.SMTP("127.0.0.1", self._port, timeout=60) as client:
                client.login(*self._login)
                for _ in range(500):
                    if self._stop.wait(EVERY_S):
                        return
                    number += 1
                    name = f"<live.{number}@bench.test>"
                    client.sendmail(self._login[0], [self._to], f"From: {self._login[0]}\r\nMessage-ID: {name}\r\nSubject: x\r\n\r\nx\r\n")
                    self._sent[name.encode()] = time.perf_counter()

    def end(self) -> dict[str, float]:
        """Milliseconds from our 250 to the message's first octets there, and how many never came within 10 s."""
        self._stop.set()
        self._thread.join(60)
        time.sleep(10 if len(self._arrivals) < len(self._sent) else 0)
        waits = sorted((self._arrivals[name] - at) * 1000 for name, at in self._sent.items() if name in self._arrivals)
        if not waits:
            raise AssertionError("nothing arrived at the destination that lives")
        return {
            "live_p50_ms": max(0.0, waits[len(waits) // 2]), "live_p99_ms": waits[int(len(waits) * 0.99)],
            "live_missing": float(len(self._sent) - len(waits)),
        }  # fmt: skip


@contextmanager
def destination(address: str) -> Iterator[tuple[int, dict[bytes, float]]]:
    """A server at ``address``: its port, and when each Message-ID came."""
    with _Server((address, 0), _Session) as server:
        server.arrivals = {}
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield int(server.server_address[1]), server.arrivals
        finally:
            server.shutdown()
