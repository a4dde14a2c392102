"""One server with two workers for all clients of a test session, and what every client test needs.

"Any worker serves any account" is tested, not hoped for: clients come in by ``far`` doors, behind which a worker answers
that does not own the shard of the account (``harness.far``).
"""

import imaplib
import shutil
import smtplib
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Final

import pytest
from tests.harness.far import FarDoors
from tests.harness.server import PASSWORD, Server

ENDED: Final = pytest.StashKey[str]()
Far = Callable[[str], FarDoors]
"""An address to ports; see the fixture ``far``."""
PEOPLE = [f"user{number}@example.test" for number in range(8)]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with two workers and eight accounts."""
    with Server(tmp_path_factory.mktemp("server"), workers=2).init(["alice@example.test", "bob@example.test", *PEOPLE]) as running:
        running.start()
        yield running
        assert [] == running.verify()
        assert running.stop() == 0


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fixtures may know how their test ended."""
    report = yield
    if report.when == "call":
        item.stash[ENDED] = report.outcome
    return report


@pytest.fixture
def far(server: Server, request: pytest.FixtureRequest) -> Iterator[Far]:
    """Gives the ports at which the worker that answers does not own the account's shard; a test that never came through
    such a door fails."""
    doors: dict[str, FarDoors] = {}

    def of(address: str) -> FarDoors:
        if address not in doors:
            doors[address] = FarDoors(server, address)
        return doors[address]

    yield of
    for one in doors.values():
        one.close()
    for address, one in doors.items() if request.node.stash.get(ENDED, "") == "passed" else ():
        assert not one.failed, one.failed
        assert one.passed > 0, f"no session of {address} met a worker that does not own its shard"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A home for a client's configuration."""
    tmp_path.chmod(0o700)
    return tmp_path


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A home that anyone can reach: the folders of pytest are root's alone, and each start of it closes them again."""
    with tempfile.TemporaryDirectory(prefix="mailstead-") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


def program(name: str, package: str) -> str:
    """The program's path; skips with the Debian package to install."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"needs {name}: apt-get install {package}")
    return path


def run(*words: str, stdin: str = "", timeout_s: float = 60.0, env: dict[str, str] | None = None, cwd: Path | None = None) -> str:
    """Run a client to its end; its output. A failure shows all of it."""
    done = subprocess.run(words, input=stdin, capture_output=True, text=True, timeout=timeout_s, env=env, cwd=cwd, check=False)
    assert done.returncode == 0, f"{' '.join(words)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def message(subject: str, body: str = "Hello.\n", sender: str = "someone@outside.test", to: str = "alice@example.test") -> EmailMessage:
    """A small message."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, to, subject
    made["Message-ID"] = f"<{subject.replace(' ', '.')}.{time.time_ns()}@outside.test>"
    made["Date"] = "Tue, 24 Nov 2026 10:00:00 +0000"
    made.set_content(body)
    return made


def deliver(server: Server, subject: str, to: str, body: str = "Hello.\n") -> None:
    """One message from a stranger, by the MX."""
    with smtplib.SMTP("127.0.0.1", server.ports["smtp"], timeout=30) as smtp:
        smtp.sendmail("someone@outside.test", [to], message(subject, body, to=to).as_bytes(policy=message("x").policy.clone(linesep="\r\n")))


def mailbox(server: Server, address: str, name: str = "INBOX") -> imaplib.IMAP4:
    """A session with this mailbox open."""
    imap = imaplib.IMAP4("127.0.0.1", server.ports["imap"], timeout=30)
    imap.login(address, PASSWORD)
    assert imap.select(name)[0] == "OK"
    return imap


def subjects(server: Server, address: str, name: str = "INBOX") -> list[str]:
    """What is in a mailbox, by subject, in order of UID."""
    imap = mailbox(server, address, name)
    found = []
    _, rows = imap.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
    for row in rows:
        if isinstance(row, tuple):
            found.append(row[1].decode().strip().removeprefix("Subject: "))
    imap.logout()
    return found


def trusting() -> ssl.SSLContext:
    """A TLS context that takes the server's self-signed certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
