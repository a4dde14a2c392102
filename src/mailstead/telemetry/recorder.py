"""Where events wait and are written.

``event`` stamps, counts, renders and appends to a list (5 µs; rendering in the thread would cost the same and make the loop
wait for the interpreter lock). A daemon thread, asleep while nothing happens, wakes for the first waiting event, lets
others gather for up to ``LINGER_S``, and writes them all: to standard error those of the wanted level, to
``DIR/events/YYYY-MM-DD/worker-<i>.jsonl`` all of them. A warning or an error is written at once. kill -9 loses at most
what waits, one second (DECISIONS 15); ``audit`` writes and syncs before it returns.

A disk that is full or gone costs events, never mail: what cannot be written is counted as ``events.lost`` and said once
on standard error until it works again. Standard error that blocks stops the thread, not the loop; the list is bounded.
"""

import os
import sys
import threading
import time
from collections.abc import Callable
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Final, TypeVar

from mailstead.telemetry.counters import Counters
from mailstead.telemetry.record import ERROR, LEVELS, WARNING, Field, clean, level_of, to_json, to_text

LINGER_S: Final = 1.0
_DAY_NS: Final = 86_400 * 1_000_000_000
WAITING_MAX: Final = 100_000
T = TypeVar("T")
Listener = Callable[[str, dict[str, Field]], None]


class Recorder:
    """The event stream of one process. Safe to call from any thread."""

    def __init__(self, counters: Counters) -> None:
        self.listeners: list[Listener] = []
        self._counters = counters
        self._lines: list[tuple[int, bytes]] = []
        self._log: list[bytes] = []
        self._levels: dict[str, int] = {}
        self._writing = threading.Lock()
        self._wake = threading.Event()
        self._urgent = threading.Event()
        self._thread: threading.Thread | None = None
        self._running = False
        self._worker = 0
        self._log_level = LEVELS["info"]
        self._json = False
        self._file: EventFile | None = None

    # ------------------------------------------------------------------------------------------------ telling
    def event(self, name: str, /, *, level: int = 0, **fields: Field) -> None:
        """Tell what happened. Before ``start`` it is only counted, and printed when it is an error."""
        counters = self._counters
        counters.count("events", 1, event=name)
        if self.listeners:
            for listener in list(self.listeners):
                listener(name, fields)
        if not level:
            level = self._levels.get(name) or self._levels.setdefault(name, level_of(name))
        record = (time.time_ns(), name, level, fields)
        if not self._running:
            if level >= ERROR:
                _to_stderr(to_text(record, self._worker))
            return
        if len(self._lines) >= WAITING_MAX or len(self._log) >= WAITING_MAX:
            counters.count("events.lost")
            return
        if self._file is not None:
            plain = clean(fields)
            line = to_json(record, self._worker, plain)
            self._lines.append((record[0] // _DAY_NS, line))
            if level >= self._log_level:
                self._log.append(line if self._json else to_text(record, self._worker, plain))
        elif level >= self._log_level:
            self._log.append((to_json if self._json else to_text)(record, self._worker))
        if level >= WARNING:
            self._urgent.set()
        if not self._wake.is_set():
            self._wake.set()

    def audit(self, name: str, /, **fields: Field) -> None:
        """An act that somebody must answer for: on disk when this returns. Raises ``OSError`` when it cannot be."""
        self.event(name, level=0, **fields)
        if self._running:
            self.flush(sync=True)

    # ------------------------------------------------------------------------------------------------ writing
    def start(self, *, worker: int, level: str, form: str, folder: Path | None) -> None:
        """See ``telemetry.start``."""
        with self._writing:
            self._worker = worker
            self._log_level = LEVELS[level]
            self._json = form == "json"
            if self._file is not None and self._file.folder != folder:
                self._file.close()
                self._file = None
            if folder is not None and self._file is None:
                self._file = EventFile(folder, worker)
        if self._thread is None or not self._thread.is_alive():
            self._running = True
            self._thread = threading.Thread(target=self._run, name="telemetry", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Write what waits; end the thread."""
        if not self._running:
            return
        self._running = False
        self._urgent.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
        self._thread = None
        self.flush()
        with self._writing:
            if self._file is not None:
                self._file.close()
                self._file = None
        self._wake.clear()
        self._urgent.clear()

    def flush(self, *, sync: bool = False) -> None:
        """Write what waits, now; with ``sync`` to the disk itself (``OSError`` when that fails)."""
        with self._writing:
            lines, log = _take(self._lines), _take(self._log)
            if log:
                _to_stderr(b"".join(log))
            if self._file is not None:
                lost = len(lines)
                try:
                    lost = self._file.write(lines, sync=sync)
                finally:
                    if lost:
                        self._counters.count("events.lost", lost)

    def _run(self) -> None:
        while self._running:
            self._wake.wait()
            self._urgent.wait(LINGER_S)
            self._urgent.clear()
            self._wake.clear()
            self.flush()


    def forget(self) -> None:
        """In a forked child: the parent's lines, thread and file are the parent's."""
        self.__init__(self._counters)  # type: ignore[misc] # as new, with the same counters


def _take(waiting: list[T]) -> list[T]:
    """Empty a list that other threads append to; nothing is lost, for the list stays the same one."""
    count = len(waiting)
    taken = waiting[:count]
    del waiting[:count]
    return taken


class EventFile:
    """The append-only file of one worker, a new one each day (UTC)."""

    def __init__(self, folder: Path, worker: int) -> None:
        self.folder = folder
        self._worker = worker
        self._day = ""
        self._fd = -1
        self._complained = False

    def write(self, lines: list[tuple[int, bytes]], *, sync: bool) -> int:
        """Append (day, line) pairs; gives the number of lines that were lost. ``OSError`` only with ``sync``."""
        try:
            for day, group in groupby(lines, itemgetter(0)):
                self._open(time.strftime("%Y-%m-%d", time.gmtime(day * 86_400)))
                view = memoryview(b"".join(line for _, line in group))
                while view:
                    view = view[os.write(self._fd, view) :]
            if sync and self._fd >= 0:
                os.fsync(self._fd)
        except OSError as error:
            self._close()
            if not self._complained:
                self._complained = True
                _to_stderr(f"events cannot be written to {self.folder}: {error.strerror}; they are lost until that is mended\n".encode())
            if sync:
                raise
            return len(lines)
        self._complained = False
        return 0

    def close(self) -> None:
        """Close the file."""
        self._close()

    def _open(self, day: str) -> None:
        if day == self._day and self._fd >= 0:
            return
        self._close()
        folder = self.folder / day
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / f"worker-{self._worker}.jsonl"
        fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._fd, self._day = fd, day
        size = os.fstat(fd).st_size
        if size and os.pread(fd, 1, size - 1) != b"\n":  # killed in the middle of a line
            os.write(fd, b"\n")
        if not size:
            parent = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(parent)
            finally:
                os.close(parent)

    def _close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
        self._fd, self._day = -1, ""


def _to_stderr(octets: bytes) -> None:
    """Whole lines to standard error; a standard error that is gone is nobody's problem."""
    try:
        sys.stderr.flush()
        view = memoryview(octets)
        while view:
            view = view[os.write(2, view) :]
    except (OSError, ValueError):
        pass
