"""The next server: a small SMTP server in a thread, which takes what it is sent and refuses those whom it is told to."""

import socketserver
import threading
from collections import defaultdict
from typing import Final, Self

_LINE: Final = 4_096


class Sink:
    """``refused``: address to the reply at RCPT. ``letters``: what came for each address, in order. RFC 5321 as far as a client that knows no extension needs it."""

    def __init__(self) -> None:
        self.refused: dict[str, str] = {}
        self.letters: dict[str, list[bytes]] = defaultdict(list)
        self._server = _Server(("127.0.0.1", 0), _Session)
        self._server.sink = self
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=10)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    sink: Sink


class _Session(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        self._say("220 sink.example ESMTP")
        receivers: list[str] = []
        while line := self.rfile.readline(_LINE):
            verb, _, rest = line.decode("latin-1").strip().partition(" ")
            match verb.upper():
                case "EHLO" | "HELO":
                    self._say("250 sink.example")
                case "MAIL" | "RSET":
                    receivers = []
                    self._say("250 2.0.0 OK")
                case "RCPT":
                    address = rest.partition("<")[2].partition(">")[0]
                    refused = self.server.sink.refused.get(address)
                    if refused is None:
                        receivers.append(address)
                    self._say(refused or "250 2.1.5 OK")
                case "DATA" if receivers:
                    self._say("354 Go on")
                    octets = b"".join(iter(self.rfile.readline, b".\r\n")).replace(b"\r\n..", b"\r\n.")
                    for address in receivers:
                        self.server.sink.letters[address].append(octets)
                    self._say("250 2.0.0 Taken")
                case "DATA":
                    self._say("554 5.5.1 Nobody to bring it to")
                case "QUIT":
                    self._say("221 2.0.0 Bye")
                    return
                case _:
                    self._say("502 5.5.2 What?")

    def _say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")
