"""The two systems under load, started and stopped alike."""

import imaplib
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Final, Protocol

from tests.harness.server import PASSWORD, Server, cpu_seconds, family

MAILBOXES: Final = 100
_CALM_ROUNDS: Final = 4
_CALM_CPU_S: Final = 0.03
_SCRIPT: Final = Path(__file__).with_name("postfix_dovecot.sh")


class System(Protocol):
    """A mail server that takes mail at ``smtp_port`` for ``pattern % n`` and shows it at ``imap_port``."""

    name: str
    is_indexing: bool
    """Whether messages are indexed for search in the background."""
    smtp_port: int
    imap_port: int
    imaps_port: int
    pattern: str

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def roots(self) -> list[int]:
        """Process ids whose families do the work."""

    def stored(self) -> int:
        """Messages visible in the mailboxes now."""

    def login(self, number: int) -> tuple[str, str]:
        """Name and password of mailbox ``number``."""

    def indexing(self) -> tuple[float, float]:
        """(messages indexed for search so far, CPU seconds that took); zeros where nothing is indexed."""

    def settings(self) -> str:
        """What the figures were measured with, for the reader."""

    def unfinished(self) -> AbstractContextManager[None]:
        """In here transactions may be begun and not finished, as many as one likes."""


OURS = "defaults: {workers} workers, synchronous=FULL and fdatasync before 250, sealed (AES-256-GCM), zstd 1; TLS off unless the row says so"
THEIRS = "Debian's defaults with maildir on the same disk, fsync before 250; TLS off unless the row says so"


class Mailstead:
    """This project, by its own command, with default settings (ports and plain-text logins on loopback apart)."""

    name = "mailstead"
    is_indexing = True
    pattern = "u%d@example.test"

    def settings(self) -> str:
        return OURS.format(workers=self._server.workers)

    def unfinished(self) -> AbstractContextManager[None]:
        return nullcontext()

    def __init__(self, workers: int = int(os.environ.get("WORKERS", "2"))) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="mailstead-bench-"))
        self._server = Server(self._folder, workers=workers)
        self.smtp_port = self._server.ports["smtp"]
        self.imap_port = self._server.ports["imap"]
        self.imaps_port = self._server.ports["imaps"]
        self.server = self._server

    def start(self) -> None:
        self._server.init([self.pattern % number for number in range(MAILBOXES)])
        self._server.start()

    def stop(self) -> None:
        self._server.__exit__(None)
        shutil.rmtree(self._folder, ignore_errors=True)

    def roots(self) -> list[int]:
        return [self._server.process.pid] if self._server.process else []

    def stored(self) -> int:
        return sum(self._count(number) for number in range(MAILBOXES))

    def _count(self, number: int) -> int:
        imap = imaplib.IMAP4("127.0.0.1", self.imap_port)
        imap.login(*self.login(number))
        _, answer = imap.status("INBOX", "(MESSAGES)")
        imap.logout()
        found = re.search(rb"MESSAGES (\d+)", answer[0] if isinstance(answer[0], bytes) else b"")
        return int(found[1]) if found else 0

    def login(self, number: int) -> tuple[str, str]:
        return self.pattern % number, PASSWORD

    def indexing(self) -> tuple[float, float]:
        metric = self._server.metric
        return metric("mailstead_index_messages_total"), metric("mailstead_index_cpu_microseconds_total") / 1e6


class PostfixDovecot:
    """Postfix and Dovecot as Debian ships them, Maildir, LMTP between them; by their own masters."""

    name = "postfix+dovecot"
    is_indexing = False
    pattern = "u%d@example.test"
    smtp_port = 2525
    imap_port = 1143
    imaps_port = 1993

    def __init__(self, *options: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="peer-bench-"))
        self._folder.chmod(0o755)
        self._options = options

    def settings(self) -> str:
        return THEIRS

    @contextmanager
    def unfinished(self) -> Iterator[None]:
        """Postfix waits a second before each message once a hundred were begun and not finished (``in_flow_delay``)."""
        self._set("in_flow_delay=0")
        try:
            yield
        finally:
            self._set("in_flow_delay=1s")

    def _set(self, setting: str) -> None:
        etc = str(self._folder / "pf/etc")
        for command in (["postconf", "-c", etc, "-e", setting], ["postfix", "-c", etc, "reload"]):
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(1)

    @staticmethod
    def missing() -> str:
        """What is not installed, "" if nothing."""
        return ", ".join(name for name in ("postfix", "dovecot", "doveadm") if not shutil.which(name))

    def start(self) -> None:
        # No pipes: the daemons would keep them open and the wait would never end.
        with (self._folder / "start.log").open("wb") as log:
            subprocess.run(["sh", str(_SCRIPT), "start", str(self._folder), *self._options], check=True, stdout=log, stderr=log)
        time.sleep(1)

    def stop(self) -> None:
        subprocess.run(
            ["sh", str(_SCRIPT), "stop", str(self._folder)], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        shutil.rmtree(self._folder, ignore_errors=True)

    def roots(self) -> list[int]:
        return [
            int((self._folder / path).read_text().split()[0])
            for path in ("pf/queue/pid/master.pid", "dc/run/master.pid")
        ]

    def stored(self) -> int:
        return sum(
            len(list(folder.iterdir()))
            for name in ("new", "cur")
            for folder in (self._folder / "dc/mail").glob(f"*/Maildir/{name}")
        )

    def login(self, number: int) -> tuple[str, str]:
        return f"u{number}", "secret"

    def indexing(self) -> tuple[float, float]:
        return 0.0, 0.0


def cpu(system: System) -> float:
    """CPU seconds of the whole system so far."""
    return cpu_seconds(system.roots())


def quiet(system: System, *, within_s: float = 60.0) -> None:
    """Wait until the system has nothing left to do in the background, so that no workload pays for the one before."""
    end = time.monotonic() + within_s
    calm = 0
    before = cpu(system)
    while calm < _CALM_ROUNDS and time.monotonic() < end:
        time.sleep(0.25)
        now = cpu(system)
        calm = calm + 1 if now - before < _CALM_CPU_S else 0
        before = now


def processes(system: System) -> list[int]:
    """All its processes."""
    return [pid for root in system.roots() for pid in family(root)]
