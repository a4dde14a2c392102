"""JMAP over HTTP, one client on one connection, in a mailbox of many messages: what a web client asks all day.

Times are the client's, from the request's first octet to the response's last; CPU is the server's whole family.
"""

import base64
import http.client
import json
import os
import smtplib
import socket
import statistics
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from tests.harness.server import cpu_seconds

from bench.bare import Bare
from bench.generator import message
from bench.systems import Mailstead
from bench.workload import bulk

USING: Final = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"]
LIST: Final = ["threadId", "mailboxIds", "keywords", "from", "to", "subject", "receivedAt", "size", "preview", "hasAttachment"]
NEWEST: Final = [{"property": "receivedAt", "isAscending": False}]
_PAUSE_S: Final = 0.012
"""About as long as a delivery takes."""
RUNS: Final = int(os.environ.get("JMAP_RUNS", "300"))


class Client:
    """A connection that stays open."""

    def __init__(self, system: Mailstead, number: int = 0) -> None:
        name, password = system.login(number)
        self.address = system.pattern % number
        self._system = system
        self._port = system.server.ports["http"]
        self._headers = {
            "Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode(), "Content-Type": "application/json"}
        self._headers_raw = "".join(f"{key}: {value}\r\n" for key, value in {"Host": "127.0.0.1", **self._headers}.items())
        self._socket: socket.socket | None = None
        self.took_ms = 0.0
        """What the requests since it was set to 0 took, from the first octet out to the last one in, and until the header of the answer was read here."""
        self.wire_ms = 0.0
        """The same without this client's reading: until the last octet was in."""
        session = json.loads(self._ask("GET", "/jmap/session"))
        self.account = session["primaryAccounts"]["urn:ietf:params:jmap:mail"]

    def _ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=120)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        request = f"{method} {path} HTTP/1.1\r\n{self._headers_raw}Content-Length: {len(body)}\r\n\r\n".encode() + body
        started = time.perf_counter()
        self._socket.sendall(request)
        answer, wanted, header, came = bytearray(), -1, 0, started
        while wanted < 0 or len(answer) < wanted:
            more = self._socket.recv(1 << 20)
            came = time.perf_counter()
            if not more:
                raise RuntimeError(f"{method} {path}: the connection ended after {bytes(answer[:200])!r}")
            answer += more
            if wanted < 0 and (header := answer.find(b"\r\n\r\n") + 4) > 3:  # noqa: PLR2004
                fields = dict(line.lower().split(b": ", 1) for line in bytes(answer[: header - 4]).split(b"\r\n")[1:])
                wanted = header + int(fields[b"content-length"])
        self.took_ms += (time.perf_counter() - started) * 1000
        self.wire_ms += (came - started) * 1000
        if not answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"{method} {path}: {bytes(answer[:500])!r}")
        return bytes(answer[header:])

    def call(self, *calls: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
        """The responses' arguments."""
        body = {"using": USING, "methodCalls": [[name, {"accountId": self.account, **given}, str(n)] for n, (name, given) in enumerate(calls)]}
        found = json.loads(self._ask("POST", "/jmap", json.dumps(body).encode()))["methodResponses"]
        for name, given, _ in found:
            if name == "error":
                raise RuntimeError(str(given))
        return [given for _, given, _ in found]

    def measured(self, name: str, ask: Callable[[], object], runs: int = RUNS) -> dict[str, float]:
        """Median and 99th percentile in ms, and the server's CPU a request."""
        ask()
        before = cpu_seconds(self._system.roots())
        took = []
        for _ in range(runs):
            self.took_ms = 0.0
            ask()
            took.append(self.took_ms)
        spent = cpu_seconds(self._system.roots()) - before
        return {
            f"{name}_p50_ms": statistics.median(took), f"{name}_p99_ms": sorted(took)[int(len(took) * 0.99)],
            f"{name}_cpu_ms": spent * 1000 / runs}

    def events(self) -> http.client.HTTPResponse:
        """An event source that stays open (RFC 8620 §7.3)."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        connection.request("GET", "/jmap/events?types=*&closeafter=no&ping=0", headers=self._headers)
        return connection.getresponse()


def run(system: Mailstead, *, messages: int) -> dict[str, float]:
    """All figures of one mailbox."""
    path = system.server.data.parent / "jmap.mbox"
    bulk.write_mbox(path, messages)
    system.server.command("import", system.pattern % 0, str(path), "--mailbox", "INBOX", timeout_s=1_800)
    path.unlink()
    _until_indexed(system, messages)
    client = Client(system)
    (boxes,) = client.call(("Mailbox/get", {"properties": ["role", "totalEmails"]}))
    inbox = next(box["id"] for box in boxes["list"] if box["role"] == "inbox")
    plain = {"filter": {"inMailbox": inbox}, "sort": NEWEST, "collapseThreads": True}

    def listed(query: dict[str, Any]) -> list[dict[str, Any]]:
        return client.call(
            ("Email/query", {**query, "limit": 50}),
            ("Email/get", {"#ids": {"resultOf": "0", "name": "Email/query", "path": "/ids"}, "properties": LIST}))

    figures = client.measured("list", lambda: listed({**plain, "calculateTotal": True}))
    ids = client.call(("Email/query", {**plain, "limit": 1_000}))[0]["ids"]
    at = iter(ids * 10)
    figures |= client.measured("read", lambda: client.call(("Email/get", {"ids": [next(at)], "fetchAllBodyValues": True})))
    figures |= client.measured("flags_1000", lambda: _flip(client, ids), runs=20)
    figures |= client.measured("type", lambda: listed({"filter": {"inMailbox": inbox, "text": f"message {time.time_ns() % 9_000 + 1_000}"}, "sort": NEWEST}), runs=50)
    figures |= _after_delivery(system, client, plain)
    return figures


def _until_indexed(system: Mailstead, messages: int) -> None:
    """Wait for the background: what a first search in an unread mailbox costs is in the delivery workloads."""
    deadline = time.monotonic() + 300
    while system.indexing()[0] < messages and time.monotonic() < deadline:
        time.sleep(1)


_flags = [False]


def _flip(client: Client, ids: list[str]) -> None:
    _flags[0] = not _flags[0]
    (done,) = client.call(("Email/set", {"update": {ident: {"keywords/$flagged": True if _flags[0] else None} for ident in ids}}))
    if len(done["updated"]) != len(ids):
        raise RuntimeError(str(done["notUpdated"]))


def _after_delivery(system: Mailstead, client: Client, query: dict[str, Any]) -> dict[str, float]:
    """Changes and queryChanges after each delivery, and from the final dot to the event.

    The first request after a delivery finds a machine that has slept: caches of the processor are cold, and server and client have to be woken. So the same
    question is asked once more (``changes_again``), and one follows a pause in which nothing was delivered (``changes_rested``): what is between them is no
    work of the server's. ``changes_wire`` is the first one without what this client does once the answer is there, as the figures of the bare one are. After the same pause Uvicorn is asked that does nothing (``bare_rested``, and once more: ``bare_again``).
    """
    with Bare() as bare:
        return _delivered(system, client, query, bare)


def _delivered(system: Mailstead, client: Client, query: dict[str, Any], bare: Bare) -> dict[str, float]:
    events = client.events()
    arrived: list[float] = []
    told = threading.Event()

    def listen() -> None:
        for line in events:
            if line.startswith(b"data:"):
                arrived.append(time.perf_counter())
                told.set()

    threading.Thread(target=listen, daemon=True).start()
    changes, again, rested, query_changes, pushed, bare_rested, bare_again, wire = [], [], [], [], [], [], [], []
    smtp = smtplib.SMTP("127.0.0.1", system.smtp_port)
    smtp.ehlo()
    if smtp.sock is not None:
        smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # the dot goes at once
    state = client.call(("Email/get", {"ids": []}))[0]["state"]
    query_state = client.call(("Email/query", {**query, "limit": 50}))[0]["queryState"]
    for number in range(60):
        told.clear()
        sent: list[float] = []
        smtp.mail("sender@outside.test")
        smtp.rcpt(client.address)
        smtp.docmd("DATA")
        smtp.send(message(number, 4096))
        sent.append(time.perf_counter())
        smtp.send(b".\r\n")
        smtp.getreply()
        if told.wait(5):
            pushed.append((arrived[-1] - sent[0]) * 1000)
        client.took_ms = client.wire_ms = 0.0
        (found,) = client.call(("Email/changes", {"sinceState": state}))
        changes.append(client.took_ms)
        wire.append(client.wire_ms)
        client.took_ms = 0.0
        client.call(("Email/changes", {"sinceState": state}))
        again.append(client.took_ms)
        state = found["newState"]
        client.took_ms = 0.0
        (found,) = client.call(("Email/queryChanges", {**query, "sinceQueryState": query_state}))
        query_changes.append(client.took_ms)
        query_state = found["newQueryState"]
        time.sleep(_PAUSE_S)
        client.took_ms = 0.0
        client.call(("Email/changes", {"sinceState": state}))
        rested.append(client.took_ms)
        time.sleep(_PAUSE_S)
        bare_rested.append(bare.ask())
        bare_again.append(bare.ask())
    smtp.quit()
    return {
        "changes_p50_ms": statistics.median(changes), "changes_wire_p50_ms": statistics.median(wire), "changes_again_p50_ms": statistics.median(again),
        "changes_rested_p50_ms": statistics.median(rested), "bare_rested_p50_ms": statistics.median(bare_rested),
        "bare_again_p50_ms": statistics.median(bare_again), "query_changes_p50_ms": statistics.median(query_changes),
        "dot_to_push_p50_ms": statistics.median(pushed) if pushed else 0.0, "dot_to_push_p99_ms": max(pushed, default=0.0), "pushed": len(pushed)}
