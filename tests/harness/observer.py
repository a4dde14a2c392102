"""IMAP clients that write down what they were shown and what was confirmed to them.

``python -m tests.harness.observer PORT FILE CLIENTS SECONDS ADDRESS…`` runs CLIENTS sessions, one account each in turn: select
INBOX, fetch what is new, flag some of it, reconnect when the server goes away, until time is up or SIGTERM comes. FILE gets a line for each
thing the server said: ``seen`` (UIDVALIDITY, UID, subject), and ``flagged`` after the tagged OK. A UID seen twice with
another subject, or a confirmed flag that is gone, is a broken promise.
"""

import imaplib
import json
import os
import random
import re
import signal
import sys
import threading
import time

from tests.harness.ledger import Until
from tests.harness.server import PASSWORD


class Client:
    """One account's session, over and over."""

    def __init__(self, port: int, out: int, address: str, until: Until) -> None:
        self._port = port
        self._out = out
        self._address = address
        self._until = until
        self._rng = random.Random(address)
        self._highest = 0

    def _note(self, **fields: object) -> None:
        os.write(self._out, json.dumps({"address": self._address, **fields}).encode() + b"\n")

    def run(self) -> None:
        """Work until time is up."""
        while time.monotonic() < self._until.at:
            try:
                self._session()
            except (OSError, imaplib.IMAP4.error, EOFError):
                time.sleep(0.05)

    def _session(self) -> None:
        imap = imaplib.IMAP4("127.0.0.1", self._port, timeout=30)
        try:
            imap.login(self._address, PASSWORD)
            imap.select("INBOX")
            validity = int(imap.response("UIDVALIDITY")[1][0] or b"0")
            while time.monotonic() < self._until.at:
                self._look(imap, validity)
                time.sleep(self._rng.random() * 0.3)
                imap.noop()
        finally:
            imap.shutdown()

    def _look(self, imap: imaplib.IMAP4, validity: int) -> None:
        _, rows = imap.uid("FETCH", f"{self._highest + 1}:*", "(UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
        for row in rows:
            if not isinstance(row, tuple):
                continue
            found = re.search(rb"UID (\d+)", row[0])
            subject = row[1].strip().decode()
            if found is None:
                continue
            uid = int(found[1])
            self._note(what="seen", validity=validity, uid=uid, subject=subject)
            self._highest = max(self._highest, uid)
            if self._rng.random() < 0.1:
                kind, _ = imap.uid("STORE", str(uid), "+FLAGS.SILENT", "(\\Flagged)")
                if kind == "OK":
                    self._note(what="flagged", validity=validity, uid=uid)


def main() -> None:
    """See the module's docstring."""
    port, path, clients, seconds, *addresses = sys.argv[1:]
    out = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    until = Until(float(seconds))
    signal.signal(signal.SIGTERM, until.now)
    threads = [
        threading.Thread(target=Client(int(port), out, addresses[n % len(addresses)], until).run) for n in range(int(clients))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
