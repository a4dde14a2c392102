"""``python -m bench.web [MESSAGES [STRETCHES]]``: how quick the web client is in Chromium, over an inbox of so many messages (100,000 where nothing is
said), and what the page holds after so many stretches of work (some 400 deeds each, with some 5,000 rows scrolled past; 16 of them are an hour's worth)."""

import smtplib
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from tests.harness.browser import Browser
from tests.harness.server import PASSWORD, Server

READER: Final = "reader@example.test"
_DAYS: Final = 20
_ARRIVALS: Final = 15
_STRETCHES: Final = 3
_ROUNDS: Final = 8


def write(path: Path, messages: int) -> None:
    """An mbox of small messages, the last of them now."""
    now = time.time()
    with path.open("w") as out:
        for number in range(messages):
            at = time.gmtime(now - (messages - number) * _DAYS * 86_400 / messages)
            out.write(
                f"From sender{number % 500}@elsewhere.example {time.asctime(at)}\n"
                f"From: Sender {number % 500} <sender{number % 500}@elsewhere.example>\nTo: {READER}\nSubject: Report number {number} of the harbour\n"
                f"Message-ID: <{number}@elsewhere.example>\nDate: {time.strftime('%a, %d %b %Y %H:%M:%S +0000', at)}\n\n"
                f"The tide of day {number} was as it should be, and marmalade was served.\n\n"
            )


def arrival(server: Server, browser: Browser, device: dict[str, Any], subject: str, after_s: float) -> dict[str, float]:
    """Milliseconds from the final dot of SMTP to its 250, to the event in the page and to the painted row, of a message that comes when the hand has rested for so
    long."""
    browser.run("lookOut", device, subject=subject)
    time.sleep(after_s)
    with smtplib.SMTP("127.0.0.1", server.ports["smtp"]) as smtp:
        smtp.ehlo("elsewhere.example")
        if smtp.sock is not None:
            smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # the dot goes at once
        smtp.mail("someone@elsewhere.example")
        smtp.rcpt(READER)
        smtp.putcmd("data")
        smtp.getreply()
        smtp.send(f"From: someone@elsewhere.example\r\nTo: {READER}\r\nSubject: {subject}\r\n\r\nNow.\r\n".encode())
        sent = time.time() * 1000
        smtp.send(b".\r\n")
        smtp.getreply()
        accepted = time.time() * 1000
    at = browser.run("arrival", device)
    return {"250": accepted - sent, "event": next(time for time in at["heard"] if time >= sent) - sent, "row": at["painted"] - sent}


def work(browser: Browser, device: dict[str, Any], stretches: int) -> None:
    """What the page holds after each stretch of work, garbage collected."""
    deeds = 0
    for _ in range(stretches):
        seen = browser.run("stretch", device, errors=True, rounds=_ROUNDS)
        deeds += seen["deeds"]
        print(f"after {deeds} deeds: {seen['heap']:.1f} MB of heap, {seen['nodes']:.0f} nodes, {seen['listeners']:.0f} listeners, {seen['frames']:.0f} frames", flush=True)


def main(messages: int, stretches: int = _STRETCHES) -> None:
    """All figures, one a line."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = Server(folder / "server", workers=1).init((READER,))
        write(folder / "mail.mbox", messages)
        server.command("import", READER, str(folder / "mail.mbox"), "--mailbox", "INBOX", timeout_s=900)
        with server.start(), Browser(f"http://127.0.0.1:{server.ports['http']}", "chromium") as browser:
            device = {"name": "bench", "login": READER, "password": PASSWORD}
            print("start, ms", browser.run("starts", device, errors=True), flush=True)
            print("scroll, script of a frame in ms", browser.run("scroll", device, errors=True), flush=True)
            print("key to paint of a page that holds nothing, ms", browser.run("floor", device, errors=True), flush=True)
            print("key to paint, ms", browser.run("keys", device, errors=True), flush=True)
            all_times = [arrival(server, browser, device, f"Just in {number}", 1.0 + 0.37 * number) for number in range(_ARRIVALS)]
            for stage in all_times[0]:
                times = sorted(one[stage] for one in all_times)
                print(f"final dot to {stage}, ms: median", round(times[_ARRIVALS // 2], 1), "worst", round(times[-1], 1), flush=True)
            work(browser, device, stretches)
            rows = 0
            while rows < messages:
                before, rows = rows, browser.run("waitForRows", device, errors=True, rows=messages)
                if rows == before:
                    break
            print("rows on the device", rows, flush=True)
            print("as you type, a scan in ms", browser.run("typing", device, errors=True, words="harbour 4242"), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3] or ["100000"]))
