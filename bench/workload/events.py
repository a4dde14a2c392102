"""EventSource (RFC 8620 §7.3): what a listener costs."""

import base64
import socket
import time
from concurrent.futures import ThreadPoolExecutor

from tests.harness.server import memory_octets

from bench.systems import MAILBOXES, Mailstead, processes
from bench.workload.idle import untrusting


def memory(system: Mailstead, *, connections: int, tls: bool = False) -> dict[str, float]:
    """Kilobytes a listener that hears nothing, over all processes of the server (proportional shares)."""
    context, port = (untrusting(), system.server.ports["https"]) if tls else (None, system.server.ports["http"])

    def opened(number: int) -> socket.socket:
        name, password = system.login(number % MAILBOXES)
        raw = socket.create_connection(("127.0.0.1", port), timeout=60)
        stream = context.wrap_socket(raw, server_hostname="mail.example.test") if context else raw
        word = base64.b64encode(f"{name}:{password}".encode()).decode()
        stream.sendall(
            f"GET /jmap/events?types=*&closeafter=no&ping=0 HTTP/1.1\r\nHost: mail.example.test\r\nAuthorization: Basic {word}\r\n\r\n".encode())
        seen = b""
        while b"retry:" not in seen:
            octets = stream.recv(65_536)
            if not octets:
                raise ConnectionError(seen[:500])
            seen += octets
        return stream

    warm = [opened(number) for number in range(MAILBOXES)]
    before = sum(memory_octets(pid) for pid in processes(system))
    with ThreadPoolExecutor(16) as pool:
        listeners = list(pool.map(opened, range(connections)))
    time.sleep(2)
    after = sum(memory_octets(pid) for pid in processes(system))
    for stream in warm + listeners:
        stream.close()
    return {"kb_each": (after - before) / connections / 1000, "connections": connections}


def fresh(*, connections: int, tls: bool) -> dict[str, float]:
    """``memory`` of a server of its own: one that had listeners before would use their room again."""
    system = Mailstead()
    system.start()
    try:
        return memory(system, connections=connections, tls=tls)
    finally:
        system.stop()
