"""One real server for all commands: words in, words out, and what the world then sees over SMTP and IMAP."""

import imaplib
import json
import smtplib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.harness.server import PASSWORD, Server

from mailstead.app.cli import program


@dataclass
class Site:
    """Runs commands in this process on a server in its own."""

    server: Server

    def run(self, *words: str, stdin: str = "") -> Result:
        return CliRunner().invoke(program, [*words, "--data", str(self.server.data)], input=stdin)

    def said(self, *words: str, stdin: str = "") -> str:
        """Standard output of a command that must succeed."""
        done = self.run(*words, stdin=stdin)
        assert 0 == done.exit_code, done.output
        return done.stdout

    def refused(self, *words: str, stdin: str = "", code: int = 1) -> str:
        """Standard error of a command that must not."""
        done = self.run(*words, stdin=stdin)
        assert code == done.exit_code, done.output
        assert "Traceback" not in done.output
        return done.stderr

    def listed(self, *words: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads(self.said(*words, "--json"))
        return rows

    def account(self, name: str, *more: str) -> str:
        """A new account; its address."""
        self.said("account", "add", f"{name}@example.test", "--password-stdin", *more, stdin=PASSWORD + "\n")
        return f"{name}@example.test"

    def send(self, recipient: str, subject: str) -> tuple[int, bytes]:
        """What the server says to a message from outside."""
        with smtplib.SMTP("127.0.0.1", self.server.ports["smtp"]) as smtp:
            smtp.ehlo("there.test")
            smtp.mail("someone@there.test")
            code, words = smtp.rcpt(recipient)
            if code == 250:
                code, words = smtp.data(f"Subject: {subject}\r\n\r\nhello\r\n")
            return code, words

    def login(self, address: str, password: str = PASSWORD) -> bool:
        imap = imaplib.IMAP4("127.0.0.1", self.server.ports["imap"])
        try:
            imap.login(address, password)
        except imaplib.IMAP4.error:
            return False
        finally:
            imap.shutdown()
        return True

    def subjects(self, address: str, mailbox: str = "INBOX") -> list[str]:
        """Of the messages in a mailbox, in order."""
        imap = imaplib.IMAP4("127.0.0.1", self.server.ports["imap"])
        imap.login(address, PASSWORD)
        assert imap.select(mailbox, readonly=True)[0] == "OK"
        _, found = imap.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
        imap.logout()
        return [item[1].decode().removeprefix("Subject: ").strip() for item in found if isinstance(item, tuple)]


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Server(tmp_path_factory.mktemp("cli"), workers=1).init().start() as server:
        yield Site(server)
        assert [] == server.verify()
        assert 0 == server.stop()
