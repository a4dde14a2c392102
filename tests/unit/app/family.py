"""Starts ``fake_server`` and talks to it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

SCRIPT = Path(__file__).with_name("fake_server.py")


class Family:
    def __init__(self, folder: Path, workers: int = 2, **environ: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.folder = folder
        self.settings = folder / "mailstead.toml"
        services = "".join(f"{name} = []\n" for name in ("smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s"))
        self.settings.write_text(f'hostname = "mail.test"\n[listen]\n{services}metrics = ["127.0.0.1:{self.port}"]\n')
        self.log = folder / "log"
        self.workers = workers
        self.environ = environ
        self.process = self._start()

    def again(self) -> "Family":
        """Another one on the same folder, after the first has died."""
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.process = self._start()
        return self

    def _start(self) -> "subprocess.Popen[str]":
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, str(SCRIPT), str(self.folder), str(self.workers)],
                stdout=subprocess.PIPE, stderr=log, text=True, env={**os.environ, **self.environ},
            )  # fmt: skip

    def ready(self) -> "Family":
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert "mailstead: ready\n" == line, self.log.read_text()
        return self

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            octets: bytes = answer.read()
            return octets

    def is_healthy(self) -> bool:
        try:
            return bool("ok" == json.loads(self.get("/healthz"))["status"])
        except (OSError, urllib.error.HTTPError):
            return False

    def children(self) -> list[int]:
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def until(self, word: str) -> None:
        deadline = time.monotonic() + 10
        while word not in self.log.read_text():
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def end(self) -> None:
        if self.process.poll() is None:
            for pid in [self.process.pid, *self.children()]:
                os.kill(pid, signal.SIGKILL)
            self.process.wait(10)
        if self.process.stdout is not None:
            self.process.stdout.close()
