"""A browser driven by the flows of web/flow: one process for all flows of a test module or session."""

import json
import os
import queue
import shutil
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import pytest

WEB = Path(__file__).parents[2] / "web"
ANSWER_WITHIN_S = 300.0  # of a whole flow; each of its steps has a bound of its own


class Browser:
    """``run`` does one flow on one device (a browser context with its own storage) and gives back what it saw.

    ``known`` and ``ran`` are of the whole session: the commands that the client has offered anywhere, and the tests in which each was carried out.
    """

    known: ClassVar[set[str]] = set()
    ran: ClassVar[dict[str, set[str]]] = {}

    @staticmethod
    def need(engine: str = "shell") -> None:
        """Skip the test where a program is missing."""
        package = {"shell": "chromium", "chromium": "chromium", "firefox": "firefox-esr"}[engine]
        for ok, needs in (
            (shutil.which("node"), "node (Debian package nodejs)"),
            (Path("/usr/bin", package).exists(), f"{engine} (Debian package {package})"),
            ((WEB / "node_modules" / "playwright-core").is_dir(), "web/node_modules (make check-web; Debian package npm)"),
        ):
            if not ok:
                pytest.skip(f"needs {needs}")

    def __init__(self, base: str, engine: str = "shell", prefs: Mapping[str, Any] | None = None) -> None:
        """``engine``: shell (Chromium without its window, or Chromium where there is none), chromium or firefox. ``prefs``: of Firefox, as in about:config."""
        self.need(engine)
        self.base = base
        self._process = subprocess.Popen(
            ["node", "flow/browser.mjs", engine], cwd=WEB, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "MAILSTEAD_BROWSER_PREFS": json.dumps(prefs or {})},
        )  # fmt: skip
        self._answers: queue.Queue[str] = queue.Queue()
        self._asked = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put("")

    def run(self, flow: str, device: dict[str, Any], *, errors: bool = False, **args: Any) -> Any:
        """The flow's result. ``errors``: the page may report some, for they are what the flow is about."""
        assert self._process.stdin is not None
        self._asked += 1
        self._process.stdin.write(json.dumps({"number": self._asked, "flow": flow, "device": {"base": self.base, **device}, "args": args}) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = {}
        while answer.get("number") != self._asked:  # what was given up answers late, and is no answer to this
            line = self._answers.get(timeout=ANSWER_WITHIN_S)
            assert line, f"the browser is gone (exit {self._process.poll()})"
            answer = json.loads(line)
        assert "failed" not in answer, answer["failed"]
        self.known.update(answer["commands"]["added"])
        test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0].rpartition("::")[2]
        for command in answer["commands"]["ran"]:
            self.ran.setdefault(command, set()).add(test)
        assert errors or answer["errors"] == [], f"{flow}: {answer['errors']}"
        return answer["result"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(timeout=15)
        self._reader.join(timeout=15)
        self._process.stdout.close()
