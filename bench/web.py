"""``python -m bench.web [MESSAGES]``: how quick the web client is in Chromium, over an inbox of so many messages (100,000 where nothing is said)."""

import smtplib
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Final

from tests.harness.browser import Browser
from tests.harness.server import PASSWORD, Server

READER: Final = "reader@example.test"
_DAYS: Final = 20


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


def arrival(server: Server, browser: Browser, device: dict[str, Any], subject: str) -> float:
    """Milliseconds from the final dot of SMTP to the painted row."""
    sent: list[float] = []

    def send() -> None:
        time.sleep(1.5)
        with smtplib.SMTP("127.0.0.1", server.ports["smtp"]) as smtp:
            smtp.ehlo("elsewhere.example")
            smtp.mail("someone@elsewhere.example")
            smtp.rcpt(READER)
            smtp.putcmd("data")
            smtp.getreply()
            smtp.send(f"From: someone@elsewhere.example\r\nTo: {READER}\r\nSubject: {subject}\r\n\r\nNow.\r\n".encode())
            sent.append(time.time() * 1000)
            smtp.send(b".\r\n")
            smtp.getreply()

    thread = threading.Thread(target=send)
    thread.start()
    at: float = browser.run("arrival", device, subject=subject)
    thread.join()
    return at - sent[0]


def main(messages: int) -> None:
    """All figures, one a line."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = Server(folder / "server", workers=1).init((READER,))
        write(folder / "mail.mbox", messages)
        server.command("import", READER, str(folder / "mail.mbox"), "--mailbox", "INBOX", timeout_s=900)
        with server.start(), Browser(f"http://127.0.0.1:{server.ports['http']}") as browser:
            device = {"name": "bench", "login": READER, "password": PASSWORD}
            print("start, ms", browser.run("starts", device, errors=True), flush=True)
            print("scroll, script of a frame in ms", browser.run("scroll", device, errors=True), flush=True)
            print("key to paint, ms", browser.run("keys", device, errors=True), flush=True)
            times = sorted(arrival(server, browser, device, f"Just in {number}") for number in range(7))
            print("final dot to painted row, ms: median", round(times[3], 1), "worst", round(times[-1], 1), flush=True)
            print("heap in MB, after each 50 messages read", browser.run("memory", device, errors=True, rounds=6), flush=True)
            rows = 0
            while rows < messages * 0.95:
                before, rows = rows, browser.run("waitForRows", device, errors=True, rows=int(messages * 0.95))
                if rows == before:
                    break
            print("rows on the device", rows, flush=True)
            print("as you type, a scan in ms", browser.run("typing", device, errors=True, words="harbour 4242"), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
